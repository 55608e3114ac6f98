package impala

import (
	"encoding/base64"
	"errors"
	"strings"
)

// credential is a login that is the same with each request, and that nothing proves: it
// needs TLS.
type credential struct {
	scheme, secret string
}

// Authorization is the value of the field of that name, a secret.
func (c *credential) Authorization() string { return c.scheme + " " + c.secret }

// Finish has nothing to check.
func (c *credential) Finish(...string) error { return nil }

// Close forgets the secret.
func (c *credential) Close() error {
	c.secret = ""
	return nil
}

// String keeps the secret out of every log.
func (c *credential) String() string { return c.scheme + " login" }

// GoString is String.
func (c *credential) GoString() string { return c.String() }

// NewBasic logs in with a user and a password (RFC 7617), which Impala gives to LDAP. A
// colon in the name or a control character is an error, because a server cannot tell what
// is meant.
func NewBasic(user, password string) (Authorization, error) {
	if strings.Contains(user, ":") {
		return nil, errors.New("the user name holds a colon, which ends it in HTTP")
	}
	if err := checkLogin(user, password); err != nil {
		return nil, err
	}
	return &credential{"Basic", base64.StdEncoding.EncodeToString([]byte(user + ":" + password))}, nil
}

// NewBearer logs in with a token (RFC 6750), which [CheckJWT] has found good.
func NewBearer(token string) Authorization { return &credential{"Bearer", token} }
