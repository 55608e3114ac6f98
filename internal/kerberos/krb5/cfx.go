package krb5

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"slices"
)

// A wrap token of AES (RFC 4121 section 4.2.6.2) is a header of 16 bytes and a body:
//
//	05 04 | flags | ff | EC (2) | RRC (2) | sequence number (8) | body
const (
	headerBytes   = 16
	cfxConfounder = 16 // one block (RFC 3962 section 6, RFC 8009 section 5)

	flagAcceptor = 1 // sent by the acceptor
	flagSealed   = 2 // the body is encrypted
	flagSubkey   = 4 // the key is one that the acceptor asserted
)

func (s Stream) flags() byte {
	var f byte
	if s.FromAcceptor {
		f |= flagAcceptor
	}
	if s.AcceptorSubkey {
		f |= flagSubkey
	}
	return f
}

// cfx has the ciphers of one direction, made once, and a scratch header.
type cfx struct {
	sealer
	signMAC hash.Hash // Kc
	flags   byte
	head    [headerBytes]byte
}

func newCFX(s Stream, mode func(cipher.Block, []byte) cipher.BlockMode) (cfx, error) {
	usage := uint32(usageInitiatorSeal)
	if s.FromAcceptor {
		usage = usageAcceptorSeal
	}
	sealer, err := s.Key.newSealer(usage, mode)
	if err != nil {
		return cfx{}, err
	}
	mac, err := s.Key.newMAC(usage, deriveChecksum)
	return cfx{sealer: sealer, signMAC: mac, flags: s.flags()}, err
}

// setHeader fills the scratch header; the rotation count is always 0 in it.
func (c *cfx) setHeader(flags byte, extra int, number uint64) {
	c.head = [headerBytes]byte{0x05, 0x04, flags, 0xff}
	binary.BigEndian.PutUint16(c.head[4:], uint16(extra))
	binary.BigEndian.PutUint64(c.head[8:], number)
}

// signature is the checksum of an unsealed token: over the message and the header with
// both counts zero. It is valid until the next call.
func (c *cfx) signature(plain []byte, flags byte, number uint64) []byte {
	c.setHeader(flags, 0, number)
	c.signMAC.Reset()
	c.signMAC.Write(plain)
	c.signMAC.Write(c.head[:])
	return c.signMAC.Sum(c.sum[:0])[:c.enctype.MACBytes]
}

type cfxMaker struct {
	cfx
	random io.Reader
}

func newCFXMaker(s Stream, random io.Reader) (*cfxMaker, error) {
	c, err := newCFX(s, cipher.NewCBCEncrypter)
	return &cfxMaker{c, random}, err
}

func (m *cfxMaker) overhead(sealed bool) int {
	if sealed {
		return headerBytes + cfxConfounder + headerBytes + m.enctype.MACBytes
	}
	return headerBytes + m.enctype.MACBytes
}

func (m *cfxMaker) wrap(dst, plain []byte, sealed bool, number uint64) ([]byte, error) {
	dst = slices.Grow(dst, len(plain)+m.overhead(sealed))
	start := len(dst)
	if !sealed {
		mac := m.signature(plain, m.flags, number)
		binary.BigEndian.PutUint16(m.head[4:], uint16(len(mac)))
		dst = append(dst, m.head[:]...)
		dst = append(dst, plain...)
		return append(dst, mac...), nil
	}
	m.setHeader(m.flags|flagSealed, 0, number)
	dst = append(dst, m.head[:]...)
	dst = append(dst, m.zero[:]...)
	dst = append(dst, plain...)
	dst = append(dst, m.head[:]...)
	body := dst[start+headerBytes:]
	if _, err := io.ReadFull(m.random, body[:cfxConfounder]); err != nil {
		return dst[:start], fmt.Errorf("read random bytes: %w", err)
	}
	return append(dst, m.seal(body)...), nil
}

type cfxOpener struct {
	cfx
	turned [64]byte
}

func newCFXOpener(s Stream) (*cfxOpener, error) {
	c, err := newCFX(s, cipher.NewCBCDecrypter)
	return &cfxOpener{cfx: c}, err
}

func (o *cfxOpener) open(token []byte) (opened, error) {
	if len(token) < headerBytes+o.enctype.MACBytes {
		return opened{}, fmt.Errorf("%w: %d bytes", ErrToken, len(token))
	}
	if token[0] != 0x05 || token[1] != 0x04 || token[3] != 0xff {
		return opened{}, fmt.Errorf("%w: not a wrap token of RFC 4121", ErrToken)
	}
	flags := token[2]
	if flags&^flagSealed != o.flags {
		return opened{}, fmt.Errorf("%w: flags %02x where %02x are due", ErrToken, flags, o.flags)
	}
	extra := int(binary.BigEndian.Uint16(token[4:]))
	got := opened{sealed: flags&flagSealed != 0, number: binary.BigEndian.Uint64(token[8:])}
	body := token[headerBytes:]
	o.rotateLeft(body, int(binary.BigEndian.Uint16(token[6:]))%len(body))
	var err error
	if got.sealed {
		got.plain, err = o.openSealed(body, flags, extra, got.number)
	} else {
		got.plain, err = o.openSigned(body, flags, extra, got.number)
	}
	return got, err
}

func (o *cfxOpener) openSigned(body []byte, flags byte, extra int, number uint64) ([]byte, error) {
	if extra != o.enctype.MACBytes {
		return nil, fmt.Errorf("%w: checksum of %d bytes", ErrToken, extra)
	}
	plain, sum := body[:len(body)-extra], body[len(body)-extra:]
	if !hmac.Equal(o.signature(plain, flags, number), sum) {
		return nil, ErrIntegrity
	}
	return plain, nil
}

func (o *cfxOpener) openSealed(body []byte, flags byte, extra int, number uint64) ([]byte, error) {
	mac := o.enctype.MACBytes
	if len(body) < cfxConfounder+headerBytes+mac {
		return nil, fmt.Errorf("%w: %d bytes", ErrToken, headerBytes+len(body))
	}
	body, sum := body[:len(body)-mac], body[len(body)-mac:]
	if !o.sealer.open(body, sum) {
		return nil, ErrIntegrity
	}
	// The outer header is protected by nothing but its encrypted copy.
	plain, inner := body[cfxConfounder:len(body)-headerBytes], body[len(body)-headerBytes:]
	o.setHeader(flags, extra, number)
	if !bytes.Equal(inner, o.head[:]) || extra > len(plain) {
		return nil, ErrIntegrity
	}
	return plain[:len(plain)-extra], nil
}

// rotateLeft undoes the right rotation by RRC (RFC 4121 section 4.2.5), in place. Peers
// rotate by the length of a MAC and perhaps a confounder, which fits the scratch space.
func (o *cfxOpener) rotateLeft(b []byte, n int) {
	switch {
	case n == 0:
	case n <= len(o.turned):
		copy(o.turned[:n], b)
		copy(b, b[n:])
		copy(b[len(b)-n:], o.turned[:n])
	default:
		slices.Reverse(b[:n])
		slices.Reverse(b[n:])
		slices.Reverse(b)
	}
}
