package impala

import (
	"errors"
	"strings"
	"unicode"
)

// Plain is the SASL mechanism PLAIN (RFC 4616), which Impala takes for LDAP logins. The
// password crosses in clear: it needs TLS.
type Plain struct {
	user, password string
	sent           bool
}

// NewPlain logs in as user. A control character in either text is an error: none is allowed
// (RFC 4616 section 2, RFC 4013 section 2.3), a NUL would separate them, and a line end
// tells of a file that holds more than a password.
func NewPlain(user, password string) (*Plain, error) {
	if err := checkLogin(user, password); err != nil {
		return nil, err
	}
	return &Plain{user: user, password: password}, nil
}

func checkLogin(user, password string) error {
	if strings.ContainsFunc(user+password, unicode.IsControl) {
		return errors.New("user name or password holds a control character")
	}
	return nil
}

// Name is "PLAIN".
func (p *Plain) Name() string { return "PLAIN" }

// Step gives the only message: an empty authorisation id, the user and the password.
func (p *Plain) Step(challenge []byte) ([]byte, error) {
	if p.sent {
		return nil, errors.New("the server asks on after user and password")
	}
	p.sent = true
	return []byte("\x00" + p.user + "\x00" + p.password), nil
}

// Done reports whether the message was given.
func (p *Plain) Done() bool { return p.sent }

// Chunk is 0: PLAIN has no security layer.
func (p *Plain) Chunk() int { return 0 }

// Wrap is never due.
func (p *Plain) Wrap([]byte, []byte) ([]byte, error) { return nil, errNoLayer }

// Unwrap is never due.
func (p *Plain) Unwrap([]byte) ([]byte, error) { return nil, errNoLayer }

// Close forgets the password.
func (p *Plain) Close() error {
	p.password = ""
	return nil
}

// String keeps the password out of every log.
func (p *Plain) String() string { return "PLAIN login of " + p.user }

// GoString is String.
func (p *Plain) GoString() string { return p.String() }

var errNoLayer = errors.New("PLAIN has no security layer")
