package krb5

import (
	"fmt"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

// opener opens the tokens of one form and one direction, in place, and tells the number.
// It gives out nothing of the message before the MAC was right.
type opener interface {
	open(token []byte) (opened, error)
}

// opened is what was in a token.
type opened struct {
	plain  []byte
	sealed bool
	number uint64
}

// Unwrapper opens the wrap tokens of one direction. It is for one goroutine at a time,
// and the first token that it refuses is the last that it looks at.
type Unwrapper struct {
	form opener
	next uint64 // sequence number that is due
	mask uint64
	dead error
}

// NewUnwrapper opens the tokens of a stream.
func NewUnwrapper(s Stream) (*Unwrapper, error) {
	u := &Unwrapper{next: s.Sequence, mask: s.numbers()}
	var err error
	if s.Key.Enctype == etypeID.RC4_HMAC {
		u.form, err = newRC4Opener(s)
	} else {
		u.form, err = newCFXOpener(s)
	}
	if err != nil {
		return nil, err
	}
	return u, nil
}

// Unwrap opens a token in place. The message is a part of token; sealed says whether it
// was encrypted. Nothing of the message is given out before its MAC was right.
func (u *Unwrapper) Unwrap(token []byte) (plain []byte, sealed bool, err error) {
	if u.dead != nil {
		return nil, false, u.dead
	}
	o, err := u.form.open(token)
	if err == nil {
		err = u.inOrder(o.number)
	}
	if err != nil {
		u.dead = err
		return nil, false, err
	}
	u.next++
	return o.plain, o.sealed, nil
}

// inOrder takes exactly the next number, since nothing below reorders or loses. In
// unsealed tokens of RC4 it is all that protects the number (RFC 4757 section 7.3).
func (u *Unwrapper) inOrder(number uint64) error {
	switch distance := (number - u.next) & u.mask; {
	case distance == 0:
		return nil
	case distance > u.mask/2:
		return fmt.Errorf("%w: number %d came again", ErrReplay, number)
	default:
		return fmt.Errorf("%w: %d are missing before number %d", ErrGap, distance, number)
	}
}
