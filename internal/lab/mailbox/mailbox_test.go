package mailbox

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
)

func start(t *testing.T, o Options) *Server {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// trusted is the configuration of a client that read the server's authority.
func trusted(t *testing.T, s *Server) *tls.Config {
	t.Helper()
	data, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		t.Fatalf("no certificate in %s", s.CAFile)
	}
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

// The standard library's client, which others wrote, gets its messages in.
func TestStandardClient(t *testing.T) {
	s := start(t, Options{Users: map[string]string{"u": "p"}})
	body := "Subject: x\r\n\r\n.a dot\r\n..two\r\nend\r\n"
	for i := range 2 {
		c, err := smtp.Dial(s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		steps := []error{c.Hello("client.example"), c.StartTLS(trusted(t, s)), c.Auth(smtp.PlainAuth("", "u", "p", "127.0.0.1")),
			c.Mail("from@example.com"), c.Rcpt("a@example.com"), c.Rcpt("b@example.com"), c.Rcpt("a@example.com")}
		if err := errors.Join(steps...); err != nil {
			t.Fatal(err)
		}
		w, err := c.Data()
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(w, body)
		if err := errors.Join(err, w.Close(), c.Noop(), c.Reset(), c.Quit()); err != nil {
			t.Fatal(err)
		}
		if s.Accepted() != i+1 {
			t.Fatalf("accepted %d", s.Accepted())
		}
		m := s.Messages()[i]
		got, err := m.Content()
		if err != nil || string(got) != body || m.From != "from@example.com" || m.User != "u" || !m.TLS || !slices.Equal(m.To, []string{"a@example.com", "b@example.com"}) {
			t.Errorf("kept %+v: %q, %v", m, got, err)
		}
		file, err := os.ReadFile(m.Path)
		want := "Return-Path: <from@example.com>\r\nDelivered-To: a@example.com,\r\n b@example.com\r\n" + body
		if err != nil || string(file) != want || filepath.Base(m.Path) != fmt.Sprintf("%04d.eml", i+1) {
			t.Errorf("%s holds %q, %v", m.Path, file, err)
		}
	}
	// A second server in the same folder does not write over the messages of the first.
	again := start(t, Options{Dir: filepath.Dir(s.CAFile)})
	talk(t, again, plainMessage)
	if m := again.Messages(); len(m) != 1 || filepath.Base(m[0].Path) != "0003.eml" {
		t.Errorf("kept %+v", m)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(s.CAFile), ".incoming-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := os.WriteFile(s.Messages()[0].Path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Messages()[0].Content(); err == nil {
		t.Error("a file that was changed reads as the message")
	}
}

const plainMessage = "EHLO c|MAIL FROM:<a@example.com>|RCPT TO:<b@example.com>|DATA|hello\r\n.|QUIT"

// talk sends the lines one after the other, each when the last was answered, and returns
// the codes of the answers.
func talk(t *testing.T, s *Server, lines string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := textproto.NewReader(bufio.NewReader(conn))
	var codes []string
	answer := func() bool {
		code, _, err := r.ReadResponse(0)
		if err != nil {
			codes = append(codes, "cut")
			return false
		}
		codes = append(codes, fmt.Sprint(code))
		return true
	}
	for more := answer(); more && lines != ""; more = answer() {
		var line string
		line, lines, _ = strings.Cut(lines, "|")
		if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(codes, " ")
}

func TestConversations(t *testing.T) {
	open := "EHLO c|MAIL FROM:<a@example.com>|RCPT TO:<b@example.com>|"
	tests := []struct {
		name, lines, want string
		kept              int
	}{
		{"a message", plainMessage, "220 250 250 250 354 250 221", 1},
		{"small letters, spaces, no sender", "helo c|mail from: <>|rcpt to: <b@example.com>|data|x\r\n.|quit", "220 250 250 250 354 250 221", 1},
		{"two messages", open + "DATA|x\r\n.|MAIL FROM:<a@example.com>|RCPT TO:<b@example.com>|DATA|y\r\n.", "220 250 250 250 354 250 250 250 354 250", 2},
		{"no greeting", "MAIL FROM:<a@example.com>", "220 503", 0},
		{"greeting without a name", "EHLO |EHLO a b", "220 501 501", 0},
		{"no sender", "EHLO c|RCPT TO:<a@example.com>|DATA", "220 250 503 503", 0},
		{"two senders", "EHLO c|MAIL FROM:<a@example.com>|MAIL FROM:<a@example.com>", "220 250 250 503", 0},
		{"no recipients", "EHLO c|MAIL FROM:<a@example.com>|DATA", "220 250 250 503", 0},
		{"reset", open + "RSET|DATA", "220 250 250 250 250 503", 0},
		{"EHLO resets", open + "EHLO c|DATA", "220 250 250 250 250 503", 0},
		{"no addresses", "EHLO c|MAIL a@example.com|MAIL FROM:a@example.com|MAIL FROM:<a b@example.com>|MAIL FROM:<a@>|MAIL FROM:<@b>|MAIL FROM:<ü@example.com>|MAIL FROM:<a@example.com>|RCPT TO:<>", "220 250 501 501 501 501 501 501 250 501", 0},
		{"parameters", "EHLO c|MAIL FROM:<a@example.com> SIZE=x|MAIL FROM:<a@example.com> SMTPUTF8|MAIL FROM:<a@example.com> size=10|RCPT TO:<b@example.com> NOTIFY=NEVER", "220 250 501 555 250 555", 0},
		{"announced too big", "EHLO c|MAIL FROM:<a@example.com> SIZE=1001", "220 250 552", 0},
		{"too big in the end", open + "DATA|" + strings.Repeat(strings.Repeat("x", 98)+"\r\n", 11) + ".|NOOP", "220 250 250 250 354 552 250", 0},
		{"far too big", open + "DATA|" + strings.Repeat(strings.Repeat("x", 98)+"\r\n", 500) + ".", "220 250 250 250 354 cut", 0},
		{"too many recipients", open + "RCPT TO:<c@example.com>|RCPT TO:<d@example.com>", "220 250 250 250 250 452", 0},
		{"eight bits", open + "DATA|ü\r\n.|NOOP", "220 250 250 250 354 554 250", 0},
		{"bare line feed", open + "DATA|a\nb\r\n.", "220 250 250 250 354 550", 0},
		{"bare carriage return", open + "DATA|a\rb\r\n.", "220 250 250 250 354 550", 0},
		{"an end that is none", open + "DATA|a\n.\nMAIL FROM:<evil@example.com>\r\n.\nx\r\n.", "220 250 250 250 354 550", 0},
		{"a long line", open + "DATA|" + strings.Repeat("x", 999) + "\r\n.", "220 250 250 250 354 500", 0},
		{"a very long line", open + "DATA|" + strings.Repeat("x", 3*maxLine) + "\r\n.|NOOP", "220 250 250 250 354 cut", 0},
		{"DATA with more", open + "DATA now", "220 250 250 250 501", 0},
		{"a command without end", strings.Repeat("x", maxLine+1), "220 500", 0},
		{"not known", "VRFY a|HELP||\x00\xff", "220 502 502 502 502", 0},
		{"too many of them", strings.Repeat("X|", 20) + "X|NOOP", "220" + strings.Repeat(" 502", 20) + " 421 cut", 0},
		{"STARTTLS with more", "EHLO c|STARTTLS now", "220 250 501", 0},
		{"commands behind STARTTLS", "EHLO c|STARTTLS\r\nMAIL FROM:<a@example.com>", "220 250 554", 0},
		{"login without users", "EHLO c|AUTH PLAIN", "220 250 502", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, Options{MaxSize: 1000, MaxRecipients: 2})
			if got := talk(t, s, tt.lines); got != tt.want || s.Accepted() != tt.kept {
				t.Errorf("answers %s, want %s; %d messages", got, tt.want, s.Accepted())
			}
			if names, err := filepath.Glob(filepath.Join(filepath.Dir(s.CAFile), "*.eml")); err != nil || len(names) != tt.kept {
				t.Errorf("files %v, %v", names, err)
			}
		})
	}
}

// secured is a session that has done STARTTLS and EHLO.
func secured(t *testing.T, s *Server) *textproto.Conn {
	t.Helper()
	c, err := smtp.Dial(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.StartTLS(trusted(t, s)); err != nil {
		t.Fatal(err)
	}
	return c.Text
}

func TestLogins(t *testing.T) {
	tests := []struct{ name, lines, want string }{
		{"PLAIN at once", "AUTH PLAIN AHUAcA==", "235"},
		{"PLAIN when asked", "AUTH PLAIN|AHUAcA==|AUTH PLAIN AHUAcA==", "334 235 503"},
		{"LOGIN", "AUTH LOGIN|dQ==|cA==|MAIL FROM:<a@example.com>", "334 334 235 250"},
		{"LOGIN with the name at once", "auth login dQ==|cA==", "334 235"},
		{"wrong password", "AUTH PLAIN AHUAeA==|MAIL FROM:<a@example.com>", "535 530"},
		{"unknown user with no password", "AUTH PLAIN AHgA", "535"},
		{"empty", "AUTH PLAIN =", "501"},
		{"too often", "AUTH PLAIN AHUAeA==|AUTH PLAIN AHUAeA==|AUTH PLAIN AHUAeA==|NOOP", "535 535 421 cut"},
		{"given up", "AUTH LOGIN|*|NOOP", "334 501 250"},
		{"no base64", "AUTH PLAIN ???", "501"},
		{"another way", "AUTH GSSAPI", "504"},
		{"TLS again", "STARTTLS", "503"},
		{"before EHLO is forgotten", "MAIL FROM:<a@example.com>", "530"},
	}
	s := start(t, Options{Users: map[string]string{"u": "p"}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := secured(t, s)
			var codes []string
			for line := range strings.SplitSeq(tt.lines, "|") {
				if err := c.PrintfLine("%s", line); err != nil {
					t.Fatal(err)
				}
				code, _, err := c.ReadResponse(0)
				if err != nil {
					codes = append(codes, "cut")
					break
				}
				codes = append(codes, fmt.Sprint(code))
			}
			if got := strings.Join(codes, " "); got != tt.want {
				t.Errorf("answers %s, want %s", got, tt.want)
			}
		})
	}
	if got := talk(t, s, "EHLO c|AUTH PLAIN AHUAcA==|MAIL FROM:<a@example.com>"); got != "220 250 538 530" {
		t.Errorf("login without TLS: %s", got)
	}
}

func TestImplicitTLSAndWrongName(t *testing.T) {
	s := start(t, Options{Implicit: true, Faults: Faults{WrongName: true}})
	config := trusted(t, s)
	var wrong x509.HostnameError
	if _, err := tls.Dial("tcp", s.Addr, config); !errors.As(err, &wrong) {
		t.Errorf("got %v", err)
	}
	config.ServerName = "elsewhere.example"
	conn, err := tls.Dial("tcp", s.Addr, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if code, _, err := textproto.NewConn(conn).ReadResponse(0); code != 220 || err != nil {
		t.Errorf("greeting %d, %v", code, err)
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	s := start(t, Options{Faults: Faults{At: map[Step]Act{Mail: {Hold: true}}}})
	var idle []net.Conn
	for range 3 {
		conn, err := net.Dial("tcp", s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		idle = append(idle, conn)
	}
	go io.WriteString(idle[0], "EHLO c\r\nMAIL FROM:<a@example.com>\r\n")
	<-s.Held()
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	for range 1000 {
		if runtime.NumGoroutine() <= before+1 {
			break
		}
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before+1 {
		t.Errorf("%d goroutines before, %d after", before, n)
	}
	if conn, err := net.Dial("tcp", s.Addr); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
}

func TestTooManySessions(t *testing.T) {
	s := start(t, Options{MaxSessions: 1})
	first, err := smtp.Dial(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if got := talk(t, s, "NOOP"); got != "421 cut" && got != "421" {
		t.Errorf("answers %s", got)
	}
}

func TestStartRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		o    Options
		area fault.Area
	}{
		{"a port for everybody", Options{Dir: t.TempDir(), Addr: "0.0.0.0:0"}, fault.Usage},
		{"no port", Options{Dir: t.TempDir(), Addr: "127.0.0.1:x"}, fault.Usage},
		{"no folder", Options{Dir: filepath.Join(file, "x")}, fault.Output},
	} {
		s, err := Start(t.Context(), tt.o)
		if err == nil {
			s.Close()
		}
		if err == nil || fault.AreaOf(err) != tt.area {
			t.Errorf("%s: got %v", tt.name, err)
		}
	}
	over, stop := context.WithCancel(t.Context())
	s, err := Start(over, Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	stop() // ends the server as Close does
	s.running.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A client that falls silent is left after the time of a command.
func TestSilentClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		s := &Server{opts: Options{MaxSize: 1000, Timeout: time.Minute}, log: slog.New(slog.DiscardHandler)}
		go s.ServeConn(t.Context(), far)
		begin := time.Now()
		said, err := io.ReadAll(near)
		if took := time.Since(begin); err != nil || took != time.Minute || !strings.HasPrefix(string(said), "220 ") {
			t.Errorf("%q after %s, %v", said, took, err)
		}
	})
}
