package impala

import (
	"errors"
	"strings"
)

// Plain is the SASL mechanism PLAIN (RFC 4616), which Impala takes for LDAP logins. The
// password crosses in clear: it needs TLS.
type Plain struct {
	user, password string
	sent           bool
}

// NewPlain logs in as user. A NUL in either text is an error, because it separates them.
func NewPlain(user, password string) (*Plain, error) {
	if strings.ContainsRune(user+password, 0) {
		return nil, errors.New("user name or password holds a NUL")
	}
	return &Plain{user: user, password: password}, nil
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
