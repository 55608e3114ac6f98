package deliver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"qosreport/internal/fault"
	"qosreport/internal/lab/mailbox"
)

func box(t *testing.T, o mailbox.Options) *mailbox.Server {
	t.Helper()
	o.Dir = t.TempDir()
	s, err := mailbox.Start(t.Context(), o)
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

func sender(t *testing.T, o Options) *SMTP {
	t.Helper()
	s, err := NewSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func login(t *testing.T, user, password string) *Login {
	t.Helper()
	l, err := NewLogin(user, password)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// small is a message to the recipients.
func small(to ...string) *Message {
	m := sample()
	m.To, m.CC, m.BCC = to, nil, nil
	return m
}

// outcomes are the receipts in short: outcome, code.
func outcomes(list []Receipt) string {
	var b strings.Builder
	for i, r := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(r.Outcome.String())
		if r.Code != 0 {
			b.WriteString(" " + string(rune('0'+r.Code/100)) + string(rune('0'+r.Code/10%10)) + string(rune('0'+r.Code%10)))
		}
	}
	return b.String()
}

func TestSendArrives(t *testing.T) {
	users := map[string]string{"report": "s3cret"}
	tests := []struct {
		name   string
		server mailbox.Options
		opts   Options
		user   string
		tls    bool
	}{
		{"STARTTLS", mailbox.Options{}, Options{}, "", true},
		{"TLS from the first byte", mailbox.Options{Implicit: true}, Options{TLS: ImplicitTLS}, "", true},
		{"no TLS on loopback", mailbox.Options{}, Options{TLS: NoTLS}, "", false},
		{"login", mailbox.Options{Users: users}, Options{Login: login(t, "report", "s3cret")}, "report", true},
		{"server without EHLO", mailbox.Options{Faults: at(mailbox.Hello, mailbox.Act{Reply: "502 5.5.1 not known"})}, Options{TLS: NoTLS, Helo: "us.example.com"}, "", false},
		{"server without SIZE", mailbox.Options{Faults: mailbox.Faults{HideSize: true}}, Options{}, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := box(t, tt.server)
			tt.opts.Host, tt.opts.CAFile = server.Addr, server.CAFile
			m := sample()
			var committed []string
			got, err := sender(t, tt.opts).Send(t.Context(), m, func(_ context.Context, accepted []string) error {
				committed = accepted
				if server.Accepted() != 0 {
					t.Error("the server has the message before we may send it")
				}
				return nil
			})
			all := []string{"noc@example.com", "jm@example.com", "lead@example.com", "audit@example.com"}
			if err != nil || outcomes(got) != "sent 250, sent 250, sent 250, sent 250" || got[0].Answer != "2.0.0 kept as 0001.eml" {
				t.Fatalf("got %+v, %v", got, err)
			}
			kept := server.Messages()
			if len(kept) != 1 || kept[0].From != "qos@example.com" || !slices.Equal(kept[0].To, all) || kept[0].TLS != tt.tls || kept[0].User != tt.user {
				t.Fatalf("kept %+v", kept)
			}
			if !slices.Equal(committed, all) {
				t.Errorf("told of %v before DATA", committed)
			}
			if data, err := kept[0].Content(); err != nil || !bytes.Equal(data, encode(t, m)) {
				t.Errorf("the server has other bytes: %v\n%s", err, data)
			}
		})
	}
}

func at(step mailbox.Step, act mailbox.Act) mailbox.Faults {
	return mailbox.Faults{At: map[mailbox.Step]mailbox.Act{step: act}}
}

// checkError looks for text and remedy, and that both can be shown on a terminal.
func checkError(t *testing.T, err error, text, remedy string) {
	t.Helper()
	if text == "" {
		if err != nil {
			t.Errorf("got %v", err)
		}
		return
	}
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Fatalf("got %v, want %q", err, text)
	}
	if try := fault.Remedy(err); !strings.Contains(try, remedy) || try == "" {
		t.Errorf("remedy %q, want %q", try, remedy)
	}
	if shown := err.Error() + fault.Remedy(err); strings.ContainsAny(shown, "\x00\x07\x1b\r\n\u202e") || !utf8.ValidString(shown) || len(shown) > 2000 {
		t.Errorf("not fit to print: %q", shown)
	}
	if !strings.HasPrefix(err.Error(), "send through 127.0.0.1:") {
		t.Errorf("the error does not name the host: %v", err)
	}
}

func TestCallerMayStopBeforeDATA(t *testing.T) {
	server := box(t, mailbox.Options{Faults: mailbox.Faults{Recipients: map[string]string{"no@example.com": "550 5.1.1 no"}}})
	s := sender(t, Options{Host: server.Addr, CAFile: server.CAFile})
	disk := fault.Errorf(fault.Output, fault.Render, "disk full")
	got, err := s.Send(t.Context(), small("a@example.com", "no@example.com", "b@example.com"), func(_ context.Context, accepted []string) error {
		if !slices.Equal(accepted, []string{"a@example.com", "b@example.com"}) {
			t.Errorf("accepted %v", accepted)
		}
		return disk
	})
	if outcomes(got) != "not attempted, refused 550, not attempted" || !errors.Is(err, disk) || fault.AreaOf(err) != fault.Output || server.Accepted() != 0 {
		t.Errorf("%s, %v, %d messages", outcomes(got), err, server.Accepted())
	}
}

// A mailbox that is full is not a message that is too large.
func TestFullMailbox(t *testing.T) {
	server := box(t, mailbox.Options{Faults: mailbox.Faults{Recipients: map[string]string{"a@example.com": "552 5.2.2 mailbox full"}}})
	got, err := sender(t, Options{Host: server.Addr, CAFile: server.CAFile}).Send(t.Context(), small("a@example.com"), nil)
	if outcomes(got) != "refused 552" || err == nil || errors.Is(err, ErrTooLarge) || strings.Contains(fault.Remedy(err), "attach less") {
		t.Errorf("%s, %v, try %q", outcomes(got), err, fault.Remedy(err))
	}
}

func TestTooLarge(t *testing.T) {
	m := small("a@example.com")
	m.Attachments = []Attachment{content("big.bin", "", noise(300_000))}
	size := int64(len(encode(t, m)))
	tests := []struct {
		name     string
		server   mailbox.Options
		max      int64
		want     string
		contacts bool
	}{
		{"for ourselves", mailbox.Options{}, size - 1, "not attempted", false},
		{"for the limit that the server announces", mailbox.Options{MaxSize: size - 1}, 0, "not attempted", true},
		{"for the server, which says so at MAIL", mailbox.Options{Faults: at(mailbox.Mail, mailbox.Act{Reply: "552 5.3.4 too big"})}, 0, "refused 552", true},
		{"for the server, which says so after the content", mailbox.Options{MaxSize: size - 1, Faults: mailbox.Faults{HideSize: true}}, 0, "refused 552", true},
		{"for the server, which says so in the content and hangs up", mailbox.Options{Faults: at(mailbox.Content, mailbox.Act{Reply: "552 5.3.4 too big", Cut: true})}, 0, "refused 552", true},
		{"for a server of few words", mailbox.Options{Faults: at(mailbox.Dot, mailbox.Act{Reply: "552 Requested mail action aborted"})}, 0, "refused 552", true},
		{"for nobody", mailbox.Options{MaxSize: size}, size, "sent 250", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := box(t, tt.server)
			dialled := false
			s := sender(t, Options{Host: server.Addr, CAFile: server.CAFile, MaxSize: tt.max, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				dialled = true
				return new(net.Dialer).DialContext(ctx, network, addr)
			}})
			got, err := s.Send(t.Context(), m, nil)
			if outcomes(got) != tt.want || dialled != tt.contacts {
				t.Errorf("%s, want %s; dialled: %t; %v", outcomes(got), tt.want, dialled, err)
			}
			if sent := tt.want == "sent 250"; sent != (err == nil) || sent == errors.Is(err, ErrTooLarge) || fault.ClassOf(err).Retry() {
				t.Errorf("got %v", err)
			}
			if err != nil && !strings.Contains(fault.Remedy(err), "attach less") {
				t.Errorf("remedy %q", fault.Remedy(err))
			}
		})
	}
}

// What cannot be read must not end in a message that looks whole.
func TestAttachmentBreaksUnderDATA(t *testing.T) {
	server := box(t, mailbox.Options{})
	s := sender(t, Options{Host: server.Addr, CAFile: server.CAFile})
	m := small("a@example.com")
	opened := 0
	m.Attachments[0].Open = func() (io.ReadCloser, error) {
		if opened++; opened > 1 {
			return nil, os.ErrNotExist
		}
		return io.NopCloser(strings.NewReader("x")), nil
	}
	got, err := s.Send(t.Context(), m, nil)
	if outcomes(got) != "unknown" || fault.AreaOf(err) != fault.DeliveryUnknown || !errors.Is(err, os.ErrNotExist) || server.Accepted() != 0 {
		t.Errorf("%s, %v, %d messages", outcomes(got), err, server.Accepted())
	}
	m.Attachments[0].Open = func() (io.ReadCloser, error) { return nil, os.ErrNotExist }
	got, err = s.Send(t.Context(), m, nil)
	if outcomes(got) != "not attempted" || fault.AreaOf(err) != fault.Output {
		t.Errorf("%s, %v", outcomes(got), err)
	}
}
