package krb5

import (
	"io"
	"math"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

// The key usages of RFC 4121 section 2. Wrap tokens use the "seal" numbers whether they
// are encrypted or not; the "sign" numbers are for MIC tokens.
const (
	usageAcceptorSeal  = 22
	usageAcceptorSign  = 23
	usageInitiatorSeal = 24
	usageInitiatorSign = 25
)

// Stream says whose tokens one direction of a context carries.
type Stream struct {
	Key            Key
	FromAcceptor   bool
	AcceptorSubkey bool   // Key was asserted by the acceptor in its AP-REP; RC4's tokens do not say it
	Sequence       uint64 // of the first token
}

// numbers is the mask of a sequence number: 64 bits in RFC 4121, 32 in RFC 1964.
func (s Stream) numbers() uint64 {
	if s.Key.Enctype == etypeID.RC4_HMAC {
		return math.MaxUint32
	}
	return math.MaxUint64
}

// maker makes the tokens of one form and one direction.
type maker interface {
	// overhead is by how many bytes a token is longer than its message, at most.
	overhead(sealed bool) int
	// wrap appends a token to dst, or returns dst with an error.
	wrap(dst, plain []byte, sealed bool, number uint64) ([]byte, error)
}

// Wrapper makes the wrap tokens of one direction. It is for one goroutine at a time.
type Wrapper struct {
	form maker
	next uint64 // sequence number of the next token
	mask uint64
}

// NewWrapper makes tokens for a stream, with confounders from random.
func NewWrapper(s Stream, random io.Reader) (*Wrapper, error) {
	w := &Wrapper{next: s.Sequence, mask: s.numbers()}
	var err error
	if s.Key.Enctype == etypeID.RC4_HMAC {
		w.form, err = newRC4Maker(s, random)
	} else {
		w.form, err = newCFXMaker(s, random)
	}
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Overhead is by how many bytes a token is longer than its message: exactly with AES, at
// most with RC4, whose frame grows with the message.
func (w *Wrapper) Overhead(sealed bool) int { return w.form.overhead(sealed) }

// Wrap appends the token of a message to dst: sealed, or only signed. The memory of
// plain and the free part of dst must not overlap.
func (w *Wrapper) Wrap(dst, plain []byte, sealed bool) ([]byte, error) {
	dst, err := w.form.wrap(dst, plain, sealed, w.next&w.mask)
	if err == nil {
		w.next++
	}
	return dst, err
}
