package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// gate is a gateway that lets nobody in and remembers who asked.
type gate struct {
	addr string

	mu     sync.Mutex
	logins []string
}

func newGate(t *testing.T) *gate {
	g := &gate{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.logins = append(g.logins, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	g.addr = server.Listener.Addr().String()
	return g
}

// asked are the requests so far.
func (g *gate) asked() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.logins)
}

func jwtUntil(until time.Time) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(fmt.Appendf(nil, `{"exp":%d}`, until.Unix())) + "." + encode([]byte("geheim"))
}

func TestLoginsOverHTTP(t *testing.T) {
	file := func(text string) string { return write(t, filepath.Join(t.TempDir(), "secret"), text) }
	good := jwtUntil(time.Now().Add(time.Hour))
	ldap := []string{"--impala-auth", "ldap", "--impala-user", "report", "--impala-password-file"}
	jwt := []string{"--impala-auth", "jwt", "--impala-jwt-file"}
	tests := []struct {
		name  string
		args  []string
		code  int
		says  []string
		asked string // "" for nobody
	}{
		{"no login", []string{"--impala-auth", "none"}, 4, []string{"401 Unauthorized", "the server wants a login"}, "POST /cliservice "},
		{"LDAP", append(ldap, file("geheim\n")), 4, []string{"401 Unauthorized", "user and password"}, "POST /cliservice Basic cmVwb3J0OmdlaGVpbQ=="},
		{"LDAP with an empty password", append(ldap, file("\n")), 2, []string{"impala.password_file: ", "is empty"}, ""},
		{"LDAP with a file of several lines", append(ldap, file("user=report\npassword=geheim\n")), 2, []string{"impala.password_file: ", "control character", "on one line"}, ""},
		{"LDAP over SASL with a file of several lines", append(ldap, file("user=report\npassword=geheim\n"), "--impala-transport", "sasl"), 2, []string{"impala.password_file: ", "control character", "on one line"}, ""},
		{"LDAP with a file that is not there", append(ldap, file("")+"x"), 2, []string{"impala.password_file: ", "no such file"}, ""},
		{"LDAP over the network in clear", append([]string{"--impala-host", "impalad.example.com:28000"}, append(ldap, file("geheim"))...), 2, []string{"--impala-tls: impala.tls.enabled is false", "the password would cross the network"}, ""},
		{"a JWT", append(jwt, file(good+"\n")), 4, []string{"401 Unauthorized", "impala.jwt_file"}, "POST /cliservice Bearer " + good},
		{"a JWT that has expired", append(jwt, file(jwtUntil(time.Unix(1_505_220_000, 0)))), 4, []string{"impala.jwt_file: the JWT expired at 2017-09-12T12:40:00Z"}, ""},
		{"a JWT that is none", append(jwt, file("geheim")), 2, []string{"impala.jwt_file: no JWT"}, ""},
		{"a JWT that is not there", append(jwt, file("")+"x"), 2, []string{"impala.jwt_file: ", "no such file"}, ""},
		{"a JWT over SASL", append(jwt, file(good), "--impala-transport", "sasl"), 2, []string{`impala.auth is "jwt" with transport "sasl"`}, ""},
		{"a host without a port", []string{"--impala-auth", "none", "--impala-host", "impalad"}, 2, []string{`is "impalad": write host:port, like impalad-1.example.com:28000`}, ""},
		{"TLS", []string{"--impala-auth", "none", "--impala-tls"}, 4, []string{"does not speak TLS on this port", "--no-impala-tls"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGate(t)
			args := append([]string{"query", "SELECT 1", "--impala-host", g.addr, "--no-impala-tls", "--impala-transport", "http"}, tt.args...)
			if i := slices.Index(tt.args, "--impala-host"); i >= 0 { // the flag may be repeated
				args = append([]string{"query", "SELECT 1", "--no-impala-tls", "--impala-transport", "http"}, tt.args...)
			}
			if slices.Contains(tt.args, "--impala-tls") {
				args = slices.DeleteFunc(args, func(arg string) bool { return arg == "--no-impala-tls" })
			}
			r := call(t.Context(), args...)
			if r.code != tt.code {
				t.Errorf("exit code %d, want %d", r.code, tt.code)
			}
			for _, want := range tt.says {
				if !strings.Contains(r.stderr, want) {
					t.Errorf("the error does not say %q", want)
				}
			}
			if strings.Contains(r.stderr, "geheim") || strings.Contains(r.stderr, "Z2VoZWlt") {
				t.Error("the error shows a secret")
			}
			if got := strings.Join(g.asked(), "\n"); got != tt.asked {
				t.Errorf("asked %q, want %q", got, tt.asked)
			}
			if t.Failed() {
				t.Log(r.stderr)
			}
		})
	}
}

// Impala gets the token of Kerberos as it is, a gateway one with a negotiation around it:
// the object identifiers of both are at the front of the token (RFC 2743 section 3.1).
func TestTicketsOverHTTP(t *testing.T) {
	kerberos, spnego := []byte("\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00"), []byte("\x06\x06\x2b\x06\x01\x05\x05\x02")
	l := startLab(t, nil)
	if err := l.Realm.Add("HTTP/localhost"); err != nil {
		t.Fatal(err)
	}
	for service, want := range map[string][]byte{"impala": kerberos, "HTTP": spnego, "HTTP/_HOST@EXAMPLE.COM": spnego} {
		t.Run(service, func(t *testing.T) {
			g := newGate(t)
			args := slices.DeleteFunc(settings(l), func(arg string) bool { return arg == l.Coordinator })
			args[0] = "--impala-transport=http"
			r := call(t.Context(), append([]string{"query", "SELECT 1", "--impala-host", strings.Replace(g.addr, "127.0.0.1", "localhost", 1), "--impala-service", service}, args...)...)
			if r.code != 4 || !strings.Contains(r.stderr, "impala.spn_host") {
				t.Errorf("exit code %d\n%s", r.code, r.stderr)
			}
			all := g.asked()
			if len(all) != 1 {
				t.Fatalf("%d requests", len(all))
			}
			text, found := strings.CutPrefix(all[0], "POST /cliservice Negotiate ")
			token, err := base64.StdEncoding.DecodeString(text)
			if !found || err != nil || !bytes.Contains(token[:min(len(token), 20)], want) {
				t.Errorf("sent %.60s, %v", all[0], err)
			}
		})
	}
}
