package deliver

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"qosreport/internal/fault"

	"github.com/wneessen/go-mail/smtp"
)

func TestMechanisms(t *testing.T) {
	tests := []struct{ announced, want string }{
		{"PLAIN LOGIN", "PLAIN"},
		{"GSSAPI SCRAM-SHA-256 LOGIN PLAIN", "PLAIN"},
		{"login ntlm", "LOGIN"},
		{"SCRAM-SHA-1 SCRAM-SHA-256", "SCRAM-SHA-256"},
		{"SCRAM-SHA-1", "SCRAM-SHA-1"},
		{"CRAM-MD5 XOAUTH2 \x1b", ""},
		{"", ""},
	}
	for _, tt := range tests {
		auth, err := login(t, "u", "p").mechanism(tt.announced, "mail.example.com")
		if tt.want == "" {
			if !errors.Is(err, errNoMechanism) || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%q: got %v", tt.announced, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", tt.announced, err)
			continue
		}
		name, first, err := auth.Start(&smtp.ServerInfo{Name: "mail.example.com", TLS: true})
		if err != nil || name != tt.want || tt.want == "PLAIN" && string(first) != "\x00u\x00p" {
			t.Errorf("%q: %s, %q, %v", tt.announced, name, first, err)
		}
	}
}

// echo stands for the library's SCRAM, which is tried on a real server elsewhere.
type echo struct{ fail error }

func (echo) Start(*smtp.ServerInfo) (string, []byte, error) { return "SCRAM", nil, nil }
func (e echo) Next(from []byte, more bool) ([]byte, error)  { return from, e.fail }

func TestSCRAMHoldsTheServerToItsPart(t *testing.T) {
	wrong := errors.New("wrong signature")
	tests := []struct {
		name  string
		inner error
		turns []string // challenges; an empty last one is the server's yes
		want  string
	}{
		{"in order", nil, []string{"r=x,s=y,i=4096", "v=z", ""}, ""},
		{"a yes without proof", nil, []string{"r=x,s=y,i=4096", ""}, "without proving"},
		{"a yes at once", nil, []string{""}, "without proving"},
		{"a wrong proof", wrong, []string{"v=z"}, "wrong signature"},
		{"too many rounds", nil, []string{"r=x,s=y,i=1000001"}, `"1000001" rounds`},
		{"no rounds", nil, []string{"r=x,s=y,i=0"}, "rounds"},
		{"negative rounds", nil, []string{"r=x,s=y,i=-1"}, "rounds"},
		{"rounds that are no number", nil, []string{"r=x,s=y,i=\x1b" + strings.Repeat("9", 99) + ",z"}, "rounds"},
		{"rounds left out", nil, []string{"r=x,s=y"}, "rounds"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			auth := &scram{Auth: echo{tt.inner}}
			var err error
			for i, turn := range tt.turns {
				if err != nil {
					t.Fatalf("before turn %d: %v", i, err)
				}
				_, err = auth.Next([]byte(turn), turn != "")
			}
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 100) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestLoginNeverShowsItsPassword(t *testing.T) {
	l := login(t, "u", "s3cret")
	if text := fmt.Sprintf("%v %+v %#v %s %v", l, l, l, l, Options{Login: l}); strings.Contains(text, "s3cret") || !strings.Contains(text, "login of u") {
		t.Errorf("got %s", text)
	}
	for _, pair := range [][2]string{{"", "p"}, {"a\x00b", "p"}, {"a", "p\r\n"}} {
		if _, err := NewLogin(pair[0], pair[1]); err == nil || fault.AreaOf(err) != fault.Usage || strings.Contains(err.Error(), "p\r") {
			t.Errorf("%q: got %v", pair, err)
		}
	}
}
