package krb5

import (
	"crypto/pbkdf2"
	"encoding/binary"
	"errors"
	"fmt"
)

// maxIterations bounds the work that a KDC can ask for. The defaults are 4096 and 32768;
// nobody uses more than some hundred thousands.
const maxIterations = 1 << 21

// PasswordKey makes the key of a password, as the KDC does (RFC 3962 section 4, RFC 8009
// section 4, RFC 4757 section 2). Params are the KDC's for the type, nil for its default:
// the number of iterations, in four bytes. RC4 has neither salt nor iterations.
func PasswordKey(enctype int32, password, salt string, params []byte) (Key, error) {
	e, ok := LookupEnctype(enctype)
	switch {
	case !ok:
		return Key{}, fmt.Errorf("no key can be made for %s", EnctypeName(enctype))
	case password == "":
		return Key{}, errors.New("the password is empty")
	case e.Weak:
		return RC4Key(password), nil
	}
	iterations := uint32(4096)
	if e.macCiphertext {
		iterations = 32768
		salt = e.Name + "\x00" + salt
	}
	if params != nil {
		if len(params) != 4 {
			return Key{}, fmt.Errorf("parameters of %d bytes for %s, not 4", len(params), e.Name)
		}
		iterations = binary.BigEndian.Uint32(params)
	}
	if iterations < 1 || iterations > maxIterations {
		return Key{}, fmt.Errorf("a key of %d iterations: the limit is %d", iterations, maxIterations)
	}
	seed, err := pbkdf2.Key(e.hash, password, []byte(salt), int(iterations), e.KeyBytes)
	if err != nil {
		return Key{}, fmt.Errorf("make a key of a password: %w", err)
	}
	defer clear(seed)
	value, err := e.derive(seed, []byte("kerberos"), e.KeyBytes)
	return Key{enctype, value}, err
}

// DefaultSalt is the salt of a principal to which the KDC gave no other: the realm and
// all parts of the name (RFC 4120 section 4).
func (p Principal) DefaultSalt() string {
	salt := p.Realm
	for _, c := range p.Components {
		salt += c
	}
	return salt
}
