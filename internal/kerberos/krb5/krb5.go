// Package krb5 has what both ends of Kerberos share: names, keys, keytab files,
// the framing of GSSAPI and SPNEGO tokens, and the wrap tokens of RFC 4121 (AES) and
// RFC 4757 (RC4).
//
// It is pure code: bytes in, bytes out. It knows no clock, no network and no file, so
// that the client, the acceptor and the lab's KDC stand on the same ground.
//
// Whatever comes from outside is checked before it reaches a parser or a cipher, and
// no key ever prints itself.
package krb5

import (
	"errors"
	"fmt"
)

// The reasons for which a token is refused. A context that refused one is dead.
var (
	ErrToken     = errors.New("malformed security token")
	ErrIntegrity = errors.New("damaged security token")
	ErrSequence  = errors.New("security token out of order")

	// The two ways of being out of order; each is an ErrSequence as well.
	ErrReplay = fmt.Errorf("%w: a replay", ErrSequence)
	ErrGap    = fmt.Errorf("%w: a gap", ErrSequence)
)

// ErrDecrypt says that a ciphertext does not belong to the key: the key is another one,
// or the message was changed on its way. Which of the two, nobody can tell.
var ErrDecrypt = errors.New("does not decrypt with this key")
