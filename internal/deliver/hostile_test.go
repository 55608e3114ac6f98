package deliver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"qosreport/internal/fault"
)

func TestClean(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"words stay", "5.1.1 user ünknown", "5.1.1 user ünknown"},
		{"lines become one", "5.7.1 a\n5.7.1 b\r\n", "5.7.1 a 5.7.1 b"},
		{"controls show", "a\x00\x1b[2Jb\x7f", "a\uFFFD\uFFFD[2Jb\uFFFD"},
		{"reading is not turned around", "a\u202eb\u2066", "a\uFFFDb\uFFFD"},
		{"bytes that are no text", "a\xff\xfeb", "a\uFFFDb"},
		{"cut in the middle of a letter", strings.Repeat("x", 8*maxShown-1) + "ž", strings.Repeat("x", maxShown) + "…"},
		{"long", strings.Repeat("ž", 10_000), strings.Repeat("ž", maxShown) + "…"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		if got := clean(tt.text); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestGuardBoundsAStep(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	g := &guard{Conn: near}
	if _, err := g.Read(make([]byte, 1)); !errors.Is(err, errFlood) {
		t.Errorf("read without a step: %v", err)
	}
	go io.Copy(far, strings.NewReader(strings.Repeat("x", 3*maxAnswer)))
	for range 2 {
		if err := g.step(time.Minute); err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, g); n != maxAnswer || !errors.Is(err, errFlood) {
			t.Errorf("read %d bytes, %v", n, err)
		}
	}
	if err := near.Close(); err != nil {
		t.Error(err)
	}
}

// canned is a connection to a server that says the same whatever it is told.
type canned struct {
	net.Conn
	says *bytes.Reader
	read int
}

func (c *canned) Read(p []byte) (int, error) {
	n, err := c.says.Read(p)
	c.read += n
	return n, err
}
func (*canned) Write(p []byte) (int, error) { return len(p), nil }
func (*canned) Close() error                { return nil }
func (*canned) SetDeadline(time.Time) error { return nil }
func (*canned) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9} }
func (*canned) RemoteAddr() net.Addr        { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25} }

// FuzzAnswers gives a transaction any bytes as the server's answers. It always ends with
// receipts that fit the error and the moment, and with words that can be shown.
func FuzzAnswers(f *testing.F) {
	happy := "220 a\r\n250-a\r\n250-SIZE 100000\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go\r\n250 2.0.0 queued as 1A2B\r\n221 bye\r\n"
	f.Add([]byte(happy))
	f.Add([]byte(strings.Replace(happy, "250 2.0.0 queued as 1A2B", "452 4.3.1 full", 1)))
	f.Add([]byte(strings.Replace(happy, "354 go", "354-go\r\n354", 1)))
	f.Add([]byte(strings.Replace(happy, "AUTH PLAIN\r\n235 ok", "AUTH SCRAM-SHA-256\r\n334 \r\n334 cj14LHM9eSxpPTk5OTk5OTk5\r\n501 no", 1)))
	f.Add([]byte("220 a\r\n502 no\r\n250 a\r\n"))
	f.Add([]byte("220-" + strings.Repeat("x", 5000) + "\r\n220 \x1b[31m\xff\r\n250 a\r\n"))
	f.Add([]byte("\x16\x03\x01\x00\xff"))
	f.Fuzz(func(t *testing.T, says []byte) {
		conn := &canned{says: bytes.NewReader(says)}
		s := sender(t, Options{Host: "localhost:25", TLS: NoTLS, Login: login(t, "u", "p"), Dial: func(context.Context, string, string) (net.Conn, error) { return conn, nil }})
		asked := 0
		got, err := s.Send(t.Context(), small("a@example.com", "b@example.com"), func(_ context.Context, accepted []string) error {
			if asked++; len(accepted) == 0 {
				t.Error("asked about nobody")
			}
			return nil
		})
		if len(got) != 2 || asked > 1 || conn.read > 20*maxAnswer {
			t.Fatalf("receipts %v, asked %d times, %d bytes read", got, asked, conn.read)
		}
		count := make(map[Outcome]int)
		shown := ""
		for _, r := range got {
			count[r.Outcome]++
			shown += r.Answer
		}
		if err != nil {
			shown += err.Error() + fault.Remedy(err)
		}
		if (err == nil) != (count[Sent] == 2) {
			t.Errorf("%v with error %v", got, err)
		}
		if asked == 0 && count[Sent]+count[Unknown] > 0 {
			t.Errorf("%v, and nobody was asked before DATA", got)
		}
		if (count[Unknown] > 0) != (fault.AreaOf(err) == fault.DeliveryUnknown) || count[Unknown] > 0 && fault.ClassOf(err).Retry() {
			t.Errorf("%v with area %d, class %v", got, fault.AreaOf(err), fault.ClassOf(err))
		}
		if fault.ClassOf(err).Retry() && count[Deferred] == 0 {
			t.Errorf("%v with class %v: %v", got, fault.ClassOf(err), err)
		}
		if !utf8.ValidString(shown) || strings.ContainsFunc(shown, unicode.IsControl) || len(shown) > 10_000 {
			t.Errorf("not fit to print: %q", shown)
		}
	})
}
