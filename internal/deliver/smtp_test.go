package deliver

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab/mailbox"
)

func TestCheckLogsIn(t *testing.T) {
	server := box(t, mailbox.Options{Users: map[string]string{"u": "right"}})
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	good := Options{Host: server.Addr, CAFile: server.CAFile, Login: login(t, "u", "right"), Logger: log}
	if err := sender(t, good).Check(t.Context()); err != nil {
		t.Error(err)
	}
	bad := good
	bad.Login = login(t, "u", "wr0ng")
	err := sender(t, bad).Check(t.Context())
	checkError(t, err, "AUTH: 535 5.7.8 user or password is wrong", "smtp.password_file")
	for _, secret := range []string{"right", "wr0ng", "AHUAcmlnaHQ"} { // base64 of PLAIN
		if text := logged.String() + err.Error(); strings.Contains(text, secret) {
			t.Errorf("%q shows in %s", secret, text)
		}
	}
	if !strings.Contains(logged.String(), "step=AUTH") {
		t.Errorf("the log does not tell of the steps: %s", &logged)
	}
	if server.Accepted() != 0 {
		t.Error("a check sends mail")
	}
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	server := box(t, mailbox.Options{})
	implicit := box(t, mailbox.Options{Implicit: true})
	tests := []struct {
		name         string
		opts         Options
		want         string
		text, remedy string
		class        fault.Class
	}{
		{"nobody listens", Options{Host: nobody}, "deferred", "connect: dial tcp", "firewall", fault.Network},
		{"no such host", Options{Host: "mail.example.invalid:25", Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "mail.example.invalid", IsNotFound: true}}
		}}, "deferred", "connect: dial: lookup mail.example.invalid: no such host", "name server", fault.Network},
		{"an authority that nobody knows", Options{Host: server.Addr}, "not attempted", "STARTTLS: tls: failed to verify certificate: x509: certificate signed by unknown authority", "smtp.ca_file", fault.Authentication},
		{"a name of its own", Options{Host: server.Addr, CAFile: server.CAFile, ServerName: "mail.example.com"}, "not attempted", "STARTTLS: tls: failed to verify certificate: x509: certificate is valid for localhost, not mail.example.com", "smtp.host", fault.Authentication},
		{"TLS to a server that greets in clear", Options{Host: server.Addr, CAFile: server.CAFile, TLS: ImplicitTLS}, "not attempted", "TLS handshake: tls: first record does not look like a TLS handshake", "smtp.tls: starttls", fault.Authentication},
		{"a server that waits for TLS", Options{Host: implicit.Addr, CAFile: implicit.CAFile, StepTimeout: 50 * time.Millisecond}, "deferred", "greeting: no answer within 50ms", "smtp.tls: implicit", fault.Network},
		{"a login that nobody offers", Options{Host: server.Addr, CAFile: server.CAFile, Login: login(t, "u", "p")}, "not attempted", `AUTH: the server offers ""`, "587", fault.Authentication},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := sender(t, tt.opts).Send(t.Context(), small("a@example.com"), nil)
			if outcomes(got) != tt.want || fault.ClassOf(err) != tt.class || fault.AreaOf(err) != fault.Delivery {
				t.Errorf("%s, want %s; class %v, area %d", outcomes(got), tt.want, fault.ClassOf(err), fault.AreaOf(err))
			}
			if err == nil || !strings.Contains(err.Error(), tt.text) || !strings.Contains(fault.Remedy(err), tt.remedy) {
				t.Errorf("got %v, try %q", err, fault.Remedy(err))
			}
		})
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]Options{
		"write host:port":                     {Host: "mail.example.com"},
		`smtp.host is "a b:25"`:               {Host: "a b:25"},
		"mail.example.com is not on loopback": {Host: "mail.example.com:25", TLS: NoTLS},
		`smtp.tls is "ssl"`:                   {Host: "localhost:25", TLS: "ssl"},
		"smtp.helo":                           {Host: "localhost:25", Helo: "a\r\nMAIL FROM:<>"},
		"holds no certificate":                {Host: "localhost:25", CAFile: empty},
		"smtp.ca_file: open ":                 {Host: "localhost:25", CAFile: empty + ".missing"},
	} {
		if _, err := NewSMTP(o); err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "and mail", "mail"), want) || fault.AreaOf(err) != fault.Usage {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for _, host := range []string{"localhost:25", "127.8.9.1:25", "[::1]:25"} {
		if _, err := NewSMTP(Options{Host: host, TLS: NoTLS}); err != nil {
			t.Error(err)
		}
	}
	// The name is not all: a host that calls itself localhost may lead elsewhere.
	elsewhere := sender(t, Options{Host: "localhost:25", TLS: NoTLS, Dial: func(context.Context, string, string) (net.Conn, error) {
		return remote{}, nil
	}})
	if got, err := elsewhere.Send(t.Context(), small("a@example.com"), nil); err == nil || !strings.Contains(err.Error(), "192.0.2.1, which is not on loopback") || outcomes(got) != "not attempted" {
		t.Errorf("%s, %v", outcomes(got), err)
	}
}

// remote is a connection to another host on which nobody may write.
type remote struct{ net.Conn }

func (remote) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 25} }
func (remote) Close() error         { return nil }
