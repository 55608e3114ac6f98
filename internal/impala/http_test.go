package impala

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/hs2server"
)

func threeRows() *script {
	return &script{columns: twoColumns, steps: []step{{rows: 2, more: true}, {rows: 1}}}
}

func TestQueryOverHTTP(t *testing.T) {
	w := startWeb(t, hs2server.Options{Engine: threeRows()})
	client := connectWeb(t, w.options(basicLogin))
	rows, err := client.Query(t.Context(), "SELECT")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for {
		batch, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n += batch.Rows
	}
	if err := errors.Join(rows.Close(t.Context()), client.Close(t.Context())); err != nil || n != 3 {
		t.Errorf("%d rows, %v", n, err)
	}
	if w.dials() != 1 {
		t.Errorf("%d connections", w.dials())
	}
	all := w.requests("")
	if first, last := all[0], all[len(all)-1]; first.method != "OpenSession" || last.method != "CloseSession" {
		t.Errorf("from %s to %s", first.method, last.method)
	}
	for _, r := range all {
		want := map[string]string{"Content-Type": "application/x-thrift", "Accept": "application/x-thrift", "User-Agent": "qosreport",
			"Authorization": "Basic cmVwb3J0OmdlaGVpbQ==", "Expect": "", "Accept-Encoding": "identity", "Cookie": ""}
		for name, value := range want {
			if got := r.header.Get(name); got != value {
				t.Errorf("%s has %s: %s", r.method, name, got)
			}
		}
		if r.path != "/cliservice" {
			t.Errorf("%s goes to %s", r.method, r.path)
		}
	}
}

func TestPathsOfGateways(t *testing.T) {
	for path, want := range map[string]string{"": "/cliservice", "gateway/default/impala": "/gateway/default/impala", "/x y": "/x y"} {
		w := startWeb(t, hs2server.Options{Engine: &script{}})
		o := w.options(nil)
		o.HTTP.Path = path
		connectWeb(t, o)
		if got := w.requests("")[0].path; got != want {
			t.Errorf("%q: %s", path, got)
		}
	}
}

// A large statement waits until the login is taken, so that a 401 comes before the body.
func TestLargeBodiesAreAnnounced(t *testing.T) {
	w := startWeb(t, hs2server.Options{Engine: threeRows()})
	refuse := false
	w.answer = func(_ int, method string, out http.ResponseWriter, r *http.Request) bool {
		if method == "Expect" && refuse {
			out.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	}
	client := connectWeb(t, w.options(basicLogin))
	for _, tt := range []struct{ statement, expect string }{{"SELECT 1", ""}, {"SELECT " + strings.Repeat("x", 5000), "100-continue"}} {
		rows, err := client.Query(t.Context(), tt.statement)
		if err != nil {
			t.Fatal(err)
		}
		if err := rows.Close(t.Context()); err != nil {
			t.Error(err)
		}
		all := w.requests("ExecuteStatement")
		if got := all[len(all)-1].header.Get("Expect"); got != tt.expect {
			t.Errorf("Expect: %q with %d bytes", got, len(tt.statement))
		}
	}
	refuse = true
	sent := len(w.requests("ExecuteStatement"))
	_, err := client.Query(t.Context(), strings.Repeat("x", 5000))
	if fault.ClassOf(err) != fault.Authentication || len(w.requests("ExecuteStatement")) != sent {
		t.Errorf("the statement was sent, or %v", err)
	}
}

func TestCookiesComeBackAsTheyCame(t *testing.T) {
	const auth, sticky = `impala.auth="aGFzaA==&u=report&t=1&r=2"`, "AWSALB=abc/def+1=="
	tests := []struct {
		name   string
		once   bool
		logins int // requests with a login, of three
	}{{"a login that lasts in the cookie", true, 1}, {"a login with each request", false, 3}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := startWeb(t, hs2server.Options{Engine: &script{}})
			w.answer = func(n int, _ string, out http.ResponseWriter, r *http.Request) bool {
				if n == 1 {
					out.Header().Add("Set-Cookie", sticky+"; Path=/other; Expires=Fri, 01 Jan 2999 00:00:00 GMT")
					out.Header().Add("Set-Cookie", auth+";HttpOnly;Max-Age=86400;Secure;SameSite=Strict")
				}
				return false
			}
			o := w.options(func(context.Context, string) (Authorization, error) { return &token{name: "dG9rZW4="}, nil })
			o.HTTP.Once = tt.once
			client := connectWeb(t, o)
			if _, err := client.Query(t.Context(), "bad"); err == nil {
				t.Error("a bad statement runs")
			}
			if err := client.Close(t.Context()); err != nil {
				t.Error(err)
			}
			logins := 0
			for i, r := range w.requests("") {
				if r.header.Get("Authorization") != "" {
					logins++
				}
				if got, want := r.header.Get("Cookie"), auth+"; "+sticky; i > 0 && got != want {
					t.Errorf("%s with Cookie: %s", r.method, got)
				}
			}
			if len(w.requests("")) != 3 || logins != tt.logins {
				t.Errorf("%d logins in %d requests", logins, len(w.requests("")))
			}
		})
	}
}

// The server forgets its cookies when it is restarted, or after a day.
func TestACookieThatIsRefusedIsReplaced(t *testing.T) {
	w := startWeb(t, hs2server.Options{Engine: &script{}})
	w.answer = func(n int, method string, out http.ResponseWriter, r *http.Request) bool {
		login, cookie := r.Header.Get("Authorization"), r.Header.Get("Cookie")
		switch {
		case login != "":
			out.Header().Set("Set-Cookie", map[bool]string{true: "impala.auth=1", false: "impala.auth=2"}[n == 1])
			out.Header().Add("Set-Cookie", "ROUTE=b")
		case strings.Contains(cookie, "impala.auth=1") && method != "ExecuteStatement":
		case strings.Contains(cookie, "impala.auth=2"):
		default:
			out.Header().Set("Connection", "close")
			out.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	}
	o := w.options(func(context.Context, string) (Authorization, error) { return &token{name: "dG9rZW4="}, nil })
	o.HTTP.Once = true
	client := connectWeb(t, o)
	if _, err := client.Query(t.Context(), "bad"); err == nil || !strings.Contains(err.Error(), "AnalysisException") {
		t.Errorf("got %v", err)
	}
	all := w.requests("ExecuteStatement")
	if len(all) != 2 || all[0].header.Get("Authorization") != "" || all[1].header.Get("Authorization") == "" || all[1].header.Get("Cookie") != "ROUTE=b" {
		t.Errorf("asked %+v", all)
	}
	if err := client.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestA401IsNotAskedForEver(t *testing.T) {
	for _, tt := range []struct {
		name     string
		old      bool
		requests int
	}{{"a fresh ticket", false, 2}, {"an old ticket", true, 3}} {
		t.Run(tt.name, func(t *testing.T) {
			w := startWeb(t, hs2server.Options{Engine: &script{}})
			w.answer = func(n int, _ string, out http.ResponseWriter, r *http.Request) bool {
				out.Header().Set("Set-Cookie", "hive.server2.auth=x")
				if n > 1 {
					out.WriteHeader(http.StatusUnauthorized)
				}
				return n > 1
			}
			o := w.options(func(context.Context, string) (Authorization, error) {
				return &token{name: "dG9rZW4=", old: tt.old}, nil
			})
			client := connectWeb(t, o)
			if _, err := client.Query(t.Context(), "SELECT"); fault.ClassOf(err) != fault.Authentication || fault.AreaOf(err) != fault.Security {
				t.Errorf("got %v", err)
			}
			if n := len(w.requests("ExecuteStatement")); n != tt.requests {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestProofsOfServers(t *testing.T) {
	forged := errors.New("the proof is forged")
	tests := []struct {
		name, challenge string
		finish          error
		security        string
		taken, fails    bool
	}{
		{"a good one", "Negotiate cHJvb2Y=", nil, "none http negotiate mutual", false, false},
		{"a forged one", "Negotiate cHJvb2Y=", forged, "", false, true},
		{"none, as of HiveServer2", "", nil, "none http negotiate", true, false},
		{"a challenge without one", "Negotiate", nil, "none http negotiate", true, false},
		{"that of another scheme", `Digest abc`, nil, "none http negotiate", true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := startWeb(t, hs2server.Options{Engine: &script{}})
			w.answer = func(_ int, _ string, out http.ResponseWriter, r *http.Request) bool {
				if tt.challenge != "" {
					out.Header().Set("WWW-Authenticate", tt.challenge)
				}
				return false
			}
			taken := false
			client, err := Connect(t.Context(), w.options(func(context.Context, string) (Authorization, error) {
				return &token{name: "dA==", taken: &taken, finish: func(fields ...string) error {
					if len(fields) != 1 || fields[0] != tt.challenge {
						t.Errorf("got %q", fields)
					}
					return tt.finish
				}}, nil
			}))
			if errors.Is(err, forged) != tt.fails || (err != nil) != tt.fails || taken != tt.taken {
				t.Fatalf("taken %t, %v", taken, err)
			}
			if err == nil && client.conn.security() != tt.security {
				t.Errorf("security %q", client.conn.security())
			}
		})
	}
}

// What a context ends in the middle is cancelled on the server, over a connection of its own.
func TestCancelOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := startWeb(t, hs2server.Options{Engine: &script{columns: twoColumns, steps: []step{{rows: 1, more: true}, {wait: true}}}})
		client := connectWeb(t, w.options(nil))
		rows, err := client.Query(t.Context(), "SELECT")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rows.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := rows.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if len(w.requests("CancelOperation")) != 1 || len(w.requests("CloseOperation")) != 1 || w.dials() != 2 {
			t.Errorf("%d connections, asked %v", w.dials(), w.requests(""))
		}
		if _, err := client.Query(t.Context(), "bad"); err == nil || !strings.Contains(err.Error(), "AnalysisException") {
			t.Errorf("the session is not usable any more: %v", err)
		}
	})
}

func TestConnectionsThatEndBetweenCalls(t *testing.T) {
	t.Run("closed by the server", func(t *testing.T) {
		w := startWeb(t, hs2server.Options{Engine: threeRows()})
		client := connectWeb(t, w.options(nil))
		w.hangUp()
		rows, err := client.Query(t.Context(), "SELECT")
		if err != nil {
			t.Fatal(err)
		}
		if err := rows.Close(t.Context()); err != nil || len(w.requests("ExecuteStatement")) != 1 || w.dials() != 2 {
			t.Errorf("%d connections, %v", w.dials(), err)
		}
	})
	t.Run("idle for long", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := startWeb(t, hs2server.Options{Engine: threeRows()})
			client := connectWeb(t, w.options(nil))
			time.Sleep(keptFresh)
			if _, err := client.Query(t.Context(), "bad"); err == nil || w.dials() != 2 {
				t.Errorf("%d connections, %v", w.dials(), err)
			}
			client.Close(t.Context())
		})
	})
}

// A proxy of the environment would be asked by name; the dialler is asked for the host.
func TestNoProxyOfTheEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://proxy.example.com:3128")
	t.Setenv("http_proxy", "http://proxy.example.com:3128")
	w := startWeb(t, hs2server.Options{Engine: &script{}})
	o := w.options(nil)
	o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr != "coordinator:28000" {
			t.Errorf("dialled %s", addr)
		}
		return w.dial(ctx, network, addr)
	}
	connectWeb(t, o)
}

func TestAClosedConnectionTakesNoCalls(t *testing.T) {
	c := newHTTPConn(Options{HTTP: &HTTP{}}.withDefaults(), "h:1")
	c.close()
	if err := c.call(t.Context(), time.Second, "GetInfo", nil, nil); !errors.Is(err, net.ErrClosed) || !errors.Is(c.broken(), net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
