package mailbox

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"qosreport/internal/lab/authority"
)

// pipe is a client's side that says one thing and reads whatever comes.
type pipe struct {
	in  *bytes.Reader
	out bytes.Buffer
	net.Conn
}

func (p *pipe) Read(b []byte) (int, error)       { return p.in.Read(b) }
func (p *pipe) Write(b []byte) (int, error)      { return p.out.Write(b) }
func (p *pipe) Close() error                     { return nil }
func (p *pipe) SetDeadline(time.Time) error      { return nil }
func (p *pipe) SetReadDeadline(time.Time) error  { return nil }
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

// FuzzCommands gives a session any bytes. Each answer is a line of SMTP, and no more
// messages are kept than were answered with 250.
func FuzzCommands(f *testing.F) {
	f.Add([]byte(strings.ReplaceAll(plainMessage, "|", "\r\n") + "\r\n"))
	f.Add([]byte("EHLO a\r\nAUTH PLAIN\r\nAHUAcA==\r\nSTARTTLS\r\n\x16\x03\x01\x00\x05hello"))
	f.Add([]byte("HELO a\nMAIL FROM:<>\nRCPT TO:<a@b>\nDATA\n..\r\n.\n.\r\n"))
	f.Add(bytes.Repeat([]byte("x"), maxLine+10))
	_, config, err := authority.Certify("qosreport mailbox")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		s := &Server{opts: Options{Dir: t.TempDir(), MaxSize: 1000, MaxRecipients: 3, Timeout: time.Minute},
			log: slog.New(slog.DiscardHandler), tls: config, seen: map[string]bool{}}
		p := &pipe{in: bytes.NewReader(said)}
		s.ServeConn(t.Context(), p)
		yes := 0
		for line := range strings.SplitSeq(strings.TrimSuffix(p.out.String(), "\r\n"), "\r\n") {
			if strings.HasPrefix(line, "\x15") || strings.HasPrefix(line, "\x16") {
				break // TLS from here on
			}
			if len(line) < 4 || line[0] < '2' || line[0] > '5' || line[3] != ' ' && line[3] != '-' || len(line) > 512 {
				t.Errorf("answer %q", line)
			}
			if strings.Contains(line, "kept as") {
				yes++
			}
		}
		if s.Accepted() != yes {
			t.Errorf("%d messages, and %d answers that say so", s.Accepted(), yes)
		}
		for _, m := range s.Messages() {
			if data, err := m.Content(); err != nil || m.Size > 1000 || len(m.To) == 0 || len(m.To) > 3 || bytes.ContainsFunc(data, func(r rune) bool { return r > '~' }) {
				t.Errorf("kept %+v, %v", m, err)
			}
		}
	})
}
