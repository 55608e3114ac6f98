package deliver

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The times that are the defaults, on a clock that does not wait: a server may be silent,
// or say a little now and then, and a step ends all the same.
func TestDefaultTimes(t *testing.T) {
	drip := func(far net.Conn) {
		for {
			time.Sleep(7 * time.Second)
			if _, err := far.Write([]byte("250-")); err != nil {
				return
			}
		}
	}
	tests := []struct {
		name    string
		answers string // lines, each to one command, then silence
		then    func(far net.Conn)
		took    time.Duration
		want    string
		text    string
	}{
		{"silence", "", nil, time.Minute, "deferred", "greeting: no answer within 1m0s"},
		{"trickle", "", drip, time.Minute, "deferred", "greeting: no answer within 1m0s"},
		{"silence at MAIL", "220 a|250 a", nil, time.Minute, "deferred", "MAIL: no answer within 1m0s"},
		{"silence at DATA", "220 a|250 a|250 ok|250 ok", nil, time.Minute, "unknown", "DATA: no answer within 1m0s; nobody knows"},
		{"silence after the content", "220 a|250 a|250 ok|250 ok|354 go", nil, 10 * time.Minute, "unknown", "end of content: no answer within 10m0s; nobody knows"},
		{"silence at QUIT", "220 a|250 a|250 ok|250 ok|354 go|250 ok", nil, 5 * time.Second, "sent 250", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				done := make(chan struct{})
				defer func() {
					far.Close()
					<-done
				}()
				s := sender(t, Options{Host: "localhost:25", TLS: NoTLS, Dial: func(context.Context, string, string) (net.Conn, error) { return near, nil }})
				go func() {
					defer close(done)
					answer(far, tt.answers)
					if tt.then != nil {
						tt.then(far)
					}
					io.Copy(io.Discard, far)
				}()
				start := time.Now()
				got, err := s.Send(t.Context(), small("a@example.com"), nil)
				if took := time.Since(start); took != tt.took || outcomes(got) != tt.want {
					t.Errorf("%s after %s, want %s after %s", outcomes(got), took, tt.want, tt.took)
				}
				if tt.text == "" && err != nil || tt.text != "" && (err == nil || !strings.Contains(err.Error(), tt.text)) {
					t.Errorf("got %v, want %q", err, tt.text)
				}
			})
		})
	}
}

// answer says one line for the greeting and one for each command, and for the content,
// which it reads to its end.
func answer(far net.Conn, lines string) {
	in := bufio.NewReader(far)
	content := false
	for i, line := range strings.Split(lines, "|") {
		for more := i > 0; more; {
			said, err := in.ReadString('\n')
			if err != nil {
				return
			}
			more = content && said != ".\r\n"
		}
		if line == "" {
			return
		}
		content = strings.HasPrefix(line, "354")
		if _, err := io.WriteString(far, line+"\r\n"); err != nil {
			return
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	m := small("a@example.com")
	m.Attachments = []Attachment{content("book.xlsx", xlsx, noise(10<<20))}
	b.SetBytes(10 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
