package deliver

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// errNoMechanism means that the server offers no way of logging in that is ours.
var errNoMechanism = errors.New("no way of logging in that is known here")

// mechanism picks from what EHLO announced. PLAIN comes first: under TLS it gives nothing
// away, and servers whose accounts have no SCRAM keys often announce SCRAM all the same.
func (l *Login) mechanism(announced, host string) (smtp.Auth, error) {
	const noTLS = true // only on loopback, which NewSMTP and open see to
	offered := make(map[string]bool)
	for _, name := range strings.Fields(strings.ToUpper(announced)) {
		offered[name] = true
	}
	switch {
	case offered["PLAIN"]:
		return smtp.PlainAuth("", l.user, l.password, host, noTLS), nil
	case offered["LOGIN"]:
		return smtp.LoginAuth(l.user, l.password, host, noTLS), nil
	case offered["SCRAM-SHA-256"]:
		return &scram{Auth: smtp.ScramSHA256Auth(l.user, l.password)}, nil
	case offered["SCRAM-SHA-1"]:
		return &scram{Auth: smtp.ScramSHA1Auth(l.user, l.password)}, nil
	}
	return nil, fmt.Errorf("the server offers %q: %w", clean(announced), errNoMechanism)
}

// maxRounds bounds the work that a server can ask of us. RFC 7677 section 4 has 4096
// rounds as the least; today's servers use some ten thousand.
const maxRounds = 1_000_000

// scram adds to the library's SCRAM (RFC 5802) what it leaves out: the bound on rounds,
// and that no login succeeds before the server proved that it knows the password too.
type scram struct {
	smtp.Auth
	proved bool
}

// Next answers one challenge.
func (s *scram) Next(fromServer []byte, more bool) ([]byte, error) {
	if !more {
		if !s.proved {
			return nil, errors.New("SCRAM: the server took the login without proving that it knows the password")
		}
		return nil, nil
	}
	if bytes.HasPrefix(fromServer, []byte("r=")) {
		_, rounds, _ := strings.Cut(string(fromServer), ",i=")
		rounds, _, _ = strings.Cut(rounds, ",")
		if n, err := strconv.Atoi(rounds); err != nil || n < 1 || n > maxRounds {
			return nil, fmt.Errorf("SCRAM: the server asks for %.20q rounds", rounds)
		}
	}
	answer, err := s.Auth.Next(fromServer, more)
	s.proved = s.proved || err == nil && bytes.HasPrefix(fromServer, []byte("v="))
	return answer, err
}
