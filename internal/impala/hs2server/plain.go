package hs2server

import (
	"bytes"
	"errors"
)

// PlainLogin is the server side of SASL PLAIN (RFC 4616), as Impala has it with LDAP.
// Check decides whether a password is that of a user.
func PlainLogin(check func(user, password string) bool) func() Login {
	return func() Login { return &plainLogin{check: check} }
}

type plainLogin struct {
	check func(user, password string) bool
	user  string
}

var errLogin = errors.New("invalid user or password")

// Step takes the client's only message. A client may name whom it acts for only if that
// is itself.
func (p *plainLogin) Step(response []byte) ([]byte, bool, error) {
	parts := bytes.Split(response, []byte{0})
	if len(parts) != 3 || len(parts[1]) == 0 || len(parts[2]) == 0 {
		return nil, false, errLogin // an empty password would be an anonymous bind of LDAP
	}
	if len(parts[0]) > 0 && !bytes.Equal(parts[0], parts[1]) || !p.check(string(parts[1]), string(parts[2])) {
		return nil, false, errLogin
	}
	p.user = string(parts[1])
	return nil, true, nil
}

func (p *plainLogin) User() string { return p.user }

// Chunk says that PLAIN has no security layer.
func (*plainLogin) Chunk() int { return 0 }

func (*plainLogin) Wrap(_, _ []byte) ([]byte, error) { return nil, errors.ErrUnsupported }
func (*plainLogin) Unwrap(_ []byte) ([]byte, error)  { return nil, errors.ErrUnsupported }
