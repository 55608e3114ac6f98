package krb5

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"slices"
)

// Unwrapper opens the wrap tokens of one direction. It is for one goroutine at a time,
// and the first token that it refuses is the last that it looks at.
type Unwrapper struct {
	engine
	turned [64]byte
	dead   error
}

// NewUnwrapper opens the tokens of a stream.
func NewUnwrapper(s Stream) (*Unwrapper, error) {
	e, err := newEngine(s, cipher.NewCBCDecrypter)
	if err != nil {
		return nil, err
	}
	return &Unwrapper{engine: e}, nil
}

// Unwrap opens a token in place. The message is a part of token; sealed says whether it
// was encrypted. Nothing of the message is given out before its MAC was right.
func (u *Unwrapper) Unwrap(token []byte) (plain []byte, sealed bool, err error) {
	if u.dead != nil {
		return nil, false, u.dead
	}
	plain, sealed, err = u.open(token)
	if err != nil {
		u.dead = err
		return nil, false, err
	}
	return plain, sealed, nil
}

func (u *Unwrapper) open(token []byte) (plain []byte, sealed bool, err error) {
	if len(token) < headerBytes+u.enctype.MACBytes {
		return nil, false, fmt.Errorf("%w: %d bytes", ErrToken, len(token))
	}
	if token[0] != 0x05 || token[1] != 0x04 || token[3] != 0xff {
		return nil, false, fmt.Errorf("%w: not a wrap token of RFC 4121", ErrToken)
	}
	flags := token[2]
	if flags&^flagSealed != u.flags {
		return nil, false, fmt.Errorf("%w: flags %02x where %02x are due", ErrToken, flags, u.flags)
	}
	extra := int(binary.BigEndian.Uint16(token[4:]))
	body := token[headerBytes:]
	u.rotateLeft(body, int(binary.BigEndian.Uint16(token[6:]))%len(body))

	// The number is checked last, when it is known to be the sender's, but it is part of
	// what the MAC covers, so the header to compare with holds the received one.
	expected, got := u.next, binary.BigEndian.Uint64(token[8:])
	u.next = got
	if sealed = flags&flagSealed != 0; sealed {
		plain, err = u.openSealed(body, flags, extra)
	} else {
		plain, err = u.openSigned(body, flags, extra)
	}
	u.next = expected
	if err != nil {
		return nil, false, err
	}
	switch {
	case got < expected:
		return nil, false, fmt.Errorf("%w: number %d came again", ErrSequence, got)
	case got > expected:
		return nil, false, fmt.Errorf("%w: %d are missing before number %d", ErrSequence, got-expected, got)
	}
	u.next++
	return plain, sealed, nil
}

func (u *Unwrapper) openSigned(body []byte, flags byte, extra int) ([]byte, error) {
	if extra != u.enctype.MACBytes {
		return nil, fmt.Errorf("%w: checksum of %d bytes", ErrToken, extra)
	}
	plain, sum := body[:len(body)-extra], body[len(body)-extra:]
	if !hmac.Equal(u.signature(plain, flags), sum) {
		return nil, ErrIntegrity
	}
	return plain, nil
}

func (u *Unwrapper) openSealed(body []byte, flags byte, extra int) ([]byte, error) {
	mac := u.enctype.MACBytes
	if len(body) < confounderBytes+headerBytes+mac {
		return nil, fmt.Errorf("%w: %d bytes", ErrToken, headerBytes+len(body))
	}
	body, sum := body[:len(body)-mac], body[len(body)-mac:]
	if u.enctype.macCiphertext {
		if !hmac.Equal(u.seal(body), sum) {
			return nil, ErrIntegrity
		}
		u.cbc.decrypt(body)
	} else {
		u.cbc.decrypt(body)
		if !hmac.Equal(u.seal(body), sum) {
			clear(body)
			return nil, ErrIntegrity
		}
	}
	// The outer header is protected by nothing but its encrypted copy.
	plain, inner := body[confounderBytes:len(body)-headerBytes], body[len(body)-headerBytes:]
	u.setHeader(flags, extra)
	if !bytes.Equal(inner, u.head[:]) || extra > len(plain) {
		return nil, ErrIntegrity
	}
	return plain[:len(plain)-extra], nil
}

// rotateLeft undoes the right rotation by RRC (RFC 4121 section 4.2.5), in place. Peers
// rotate by the length of a MAC and perhaps a confounder, which fits the scratch space.
func (u *Unwrapper) rotateLeft(b []byte, n int) {
	switch {
	case n == 0:
	case n <= len(u.turned):
		copy(u.turned[:n], b)
		copy(b, b[n:])
		copy(b[len(b)-n:], u.turned[:n])
	default:
		slices.Reverse(b[:n])
		slices.Reverse(b[n:])
		slices.Reverse(b)
	}
}
