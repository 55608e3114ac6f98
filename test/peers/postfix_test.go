//go:build peers

package peers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/deliver"
	"qosreport/internal/fault"
)

// mta is a running Postfix.
type mta struct {
	dir                     string
	submission, tls, silent string // host:port: STARTTLS, TLS from the first byte, without SIZE
}

func startPostfix(t *testing.T) *mta {
	t.Helper()
	parent := folder(t)
	if err := os.Chmod(parent, 0o755); err != nil { // Postfix's own users go there
		t.Fatal(err)
	}
	m := &mta{dir: filepath.Join(parent, "postfix")}
	ports := []string{freePort(t), freePort(t), freePort(t)}
	for i, addr := range []*string{&m.submission, &m.tls, &m.silent} {
		*addr = net.JoinHostPort("localhost", ports[i])
	}
	t.Cleanup(func() { script(t, nil, "postfix.sh", "stop", m.dir) })
	script(t, nil, "postfix.sh", append([]string{"start", m.dir}, ports...)...)
	return m
}

// options log in at the port for submission.
func (m *mta) options(t *testing.T) deliver.Options {
	return deliver.Options{Host: m.submission, CAFile: filepath.Join(m.dir, "etc", "cert.pem"), Login: mailLogin(t, "secret")}
}

func mailLogin(t *testing.T, password string) *deliver.Login {
	t.Helper()
	l, err := deliver.NewLogin("report@test", password)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func sendMail(t *testing.T, o deliver.Options, m *deliver.Message) ([]deliver.Receipt, error) {
	t.Helper()
	s, err := deliver.NewSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	return s.Send(t.Context(), m, nil)
}

// mail is a message with alternatives and an attachment of size bytes.
func mail(id string, size int, to ...string) *deliver.Message {
	book := bytes.Repeat([]byte{0, 1, 2, 0xff, '\r', '\n', '.', '\n'}, size/8)
	return &deliver.Message{ID: id + "@reports.example.org", Date: time.Date(2017, 9, 13, 4, 0, 0, 0, time.UTC),
		From: "QoS reports <qos@example.org>", To: to, BCC: []string{"ok@example.org"},
		Subject: "Voice daily: breach – poor calls in Zürich 3,01 %", Text: "Zürich: 3.01 %\n.\n..two dots\nFrom here on\n", HTML: "<p>Zürich</p>",
		Attachments: []deliver.Attachment{{Name: "voice.xlsx", Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(book)), nil }}}}
}

// delivered waits until the mailbox holds a message and returns it with the lines that
// Postfix put before it.
func (m *mta) delivered(t *testing.T, id string) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		box, err := os.ReadFile(filepath.Join(m.dir, "mail", "ok"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		for message := range strings.SplitSeq("\n"+string(box), "\n\nFrom ") {
			if strings.Contains(message, "Message-ID: <"+id+"@") && bytes.HasSuffix(box, []byte("\n\n")) {
				return message
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no message %s in the mailbox\n%s", id, m.log(t))
		}
		time.Sleep(20 * time.Millisecond) // waiting for another process
	}
}

func (m *mta) log(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(m.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var queued = regexp.MustCompile(`^2\.0\.0 Ok: queued as [0-9A-Za-z]+$`)

func TestPostfix(t *testing.T) {
	server := startPostfix(t)
	t.Run("refuses", server.refuses) // first, while the mailbox is empty
	t.Run("delivers", server.delivers)
	t.Run("answers for each recipient", server.answersEach)
}

// A message comes out of the mailbox as it went in, by each way in.
func (m *mta) delivers(t *testing.T) {
	starttls := m.options(t)
	implicit := starttls
	implicit.Host, implicit.TLS = m.tls, deliver.ImplicitTLS // and SCRAM-SHA-256, which is all that this port offers
	for _, way := range []struct {
		id, mechanism string
		opts          deliver.Options
	}{{"starttls", "PLAIN", starttls}, {"implicit", "SCRAM-SHA-256", implicit}} {
		id, message := way.id, mail(way.id, 40_000, "Night shift <ok@example.org>")
		got, err := sendMail(t, way.opts, message)
		if err != nil || len(got) != 1 || got[0].Outcome != deliver.Sent || got[0].Code != 250 || !queued.MatchString(got[0].Answer) {
			t.Errorf("%s: %+v, %v", id, got, err)
			continue
		}
		var wire bytes.Buffer
		if _, err := message.WriteTo(&wire); err != nil {
			t.Fatal(err)
		}
		// A mailbox file has the line ends of the system, and > before a "From " of the text.
		want := strings.ReplaceAll(strings.ReplaceAll(wire.String(), "\r\n", "\n"), "\nFrom here", "\n>From here")
		arrived := m.delivered(t, id)
		if !strings.HasSuffix(strings.TrimRight(arrived, "\n"), strings.TrimRight(want, "\n")) {
			t.Errorf("%s: the message differs:\n%s\nwant\n%s", id, arrived, want)
		}
		_, queueID, _ := strings.Cut(got[0].Answer, "queued as ")
		for _, line := range []string{"Return-Path: <qos@example.org>\n", "Delivered-To: ok@example.org\n", "ESMTPSA id " + queueID} {
			if !strings.Contains(arrived, line) {
				t.Errorf("%s: no %q in\n%s", id, line, arrived)
			}
		}
		if log := m.log(t); !strings.Contains(log, queueID+": client=") || !strings.Contains(log, "sasl_method="+way.mechanism+", sasl_username=report@test") {
			t.Errorf("%s: no login by %s in the log\n%s", id, way.mechanism, log)
		}
	}
}

// Each recipient of one transaction has the outcome that Postfix gave it.
func (m *mta) answersEach(t *testing.T) {
	got, err := sendMail(t, m.options(t), mail("mixed", 800, "later@example.org", "ok@example.org", "no@example.org", "nobody@example.org"))
	want := []deliver.Receipt{
		{Recipient: "later@example.org", Outcome: deliver.Deferred, Code: 450, Answer: "4.2.1 <later@example.org>: Recipient address rejected: try later"},
		{Recipient: "ok@example.org", Outcome: deliver.Sent, Code: 250},
		{Recipient: "no@example.org", Outcome: deliver.Refused, Code: 554, Answer: "5.7.1 <no@example.org>: Recipient address rejected: Access denied"},
		{Recipient: "nobody@example.org", Outcome: deliver.Refused, Code: 550, Answer: "5.1.1 <nobody@example.org>: Recipient address rejected: User unknown in virtual mailbox table"},
	}
	if len(got) == 4 && queued.MatchString(got[1].Answer) {
		got[1].Answer = ""
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if err == nil || fault.AreaOf(err) != fault.Delivery || fault.ClassOf(err) != fault.Deferred || !strings.HasSuffix(err.Error(), "; 1 of 4 recipients got the message") {
		t.Errorf("got %v", err)
	}
	m.delivered(t, "mixed")
}

// liar changes what a server announces, in clear.
type liar struct {
	net.Conn
	from, to string
}

func (l liar) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	copy(p, bytes.ReplaceAll(p[:n], []byte(l.from), []byte(l.to)))
	return n, err
}

func (m *mta) refuses(t *testing.T) {
	tests := []struct {
		name         string
		size         int
		change       func(o *deliver.Options)
		outcome      deliver.Outcome
		code         int
		text, remedy string
		class        fault.Class
		tooLarge     bool
	}{
		{"wrong password", 800, func(o *deliver.Options) { o.Login = mailLogin(t, "wrong") }, deliver.NotAttempted, 535, "AUTH: 535 5.7.8 Error: authentication failed", "smtp.password_file", fault.Authentication, false},
		{"wrong password by SCRAM", 800, func(o *deliver.Options) {
			o.Host, o.TLS, o.Login = m.tls, deliver.ImplicitTLS, mailLogin(t, "wrong")
		}, deliver.NotAttempted, 535, "AUTH: 535 5.7.8 Error: authentication failed", "smtp.password_file", fault.Authentication, false},
		{"no login", 800, func(o *deliver.Options) { o.Login = nil }, deliver.Refused, 554, "RCPT ok@example.org: 554 5.7.1", "smtp.user", fault.Refused, false},
		{"an authority that nobody knows", 800, func(o *deliver.Options) { o.CAFile = "" }, deliver.NotAttempted, 0, "STARTTLS: tls: failed to verify certificate", "smtp.ca_file", fault.Authentication, false},
		{"another name", 800, func(o *deliver.Options) { o.ServerName = "mail.example.org" }, deliver.NotAttempted, 0, "certificate is valid for localhost, not mail.example.org", "smtp.host", fault.Authentication, false},
		{"TLS where STARTTLS is spoken", 800, func(o *deliver.Options) { o.TLS = deliver.ImplicitTLS }, deliver.NotAttempted, 0, "TLS handshake: ", "smtp.tls: starttls", fault.Authentication, false},
		{"above the limit that is announced", 200_000, func(*deliver.Options) {}, deliver.NotAttempted, 0, "the limit of localhost:", "attach less", fault.Refused, true},
		{"above a limit that shows at MAIL", 200_000, func(o *deliver.Options) {
			o.TLS, o.Login = deliver.NoTLS, nil
			o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, addr)
				return liar{conn, "SIZE 100000", "SIZE 999999"}, err
			}
		}, deliver.Refused, 552, "MAIL: 552 5.3.4 Message size exceeds fixed limit", "attach less", fault.Refused, true},
		{"above a limit that shows after the content", 200_000, func(o *deliver.Options) { o.Host = m.silent }, deliver.Refused, 552, "end of content: 552 5.3.4 Error: message file too big", "attach less", fault.Refused, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := m.options(t)
			tt.change(&o)
			got, err := sendMail(t, o, mail("refused", tt.size, "ok@example.org"))
			if len(got) != 1 || got[0].Outcome != tt.outcome || got[0].Code != tt.code {
				t.Errorf("got %+v", got)
			}
			if err == nil || !strings.Contains(err.Error(), tt.text) || !strings.Contains(fault.Remedy(err), tt.remedy) {
				t.Fatalf("got %v, try %q", err, fault.Remedy(err))
			}
			if fault.AreaOf(err) != fault.Delivery || fault.ClassOf(err) != tt.class || errors.Is(err, deliver.ErrTooLarge) != tt.tooLarge {
				t.Errorf("area %d, class %v, too large: %t", fault.AreaOf(err), fault.ClassOf(err), errors.Is(err, deliver.ErrTooLarge))
			}
		})
	}
	if box, err := os.ReadFile(filepath.Join(m.dir, "mail", "ok")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was delivered: %v\n%s", err, box)
	}
}
