package krb5

import (
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"slices"
)

// A wrap token (RFC 4121 section 4.2.6.2) is a header of 16 bytes and a body:
//
//	05 04 | flags | ff | EC (2) | RRC (2) | sequence number (8) | body
const (
	headerBytes = 16

	flagAcceptor = 1 // sent by the acceptor
	flagSealed   = 2 // the body is encrypted
	flagSubkey   = 4 // the key is one that the acceptor asserted
)

// The key usages of RFC 4121 section 2. Wrap tokens use the "seal" numbers whether they
// are encrypted or not; the "sign" numbers are for MIC tokens.
const (
	usageAcceptorSeal  = 22
	usageInitiatorSeal = 24
)

// Stream says whose wrap tokens one direction of a context carries.
type Stream struct {
	Key            Key
	FromAcceptor   bool
	AcceptorSubkey bool   // Key was asserted by the acceptor in its AP-REP
	Sequence       uint64 // of the first token
}

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

// engine has the ciphers of one direction, made once, and scratch space that a
// hash.Hash may keep a hold of without an allocation for each token.
type engine struct {
	enctype *Enctype
	cbc     *stealer
	sealMAC hash.Hash // Ki
	signMAC hash.Hash // Kc
	flags   byte
	next    uint64 // sequence number of the next token

	head [headerBytes]byte
	zero [confounderBytes]byte
	sum  [64]byte
}

func newEngine(s Stream, mode func(cipher.Block, []byte) cipher.BlockMode) (engine, error) {
	et, err := s.Key.enctype()
	if err != nil {
		return engine{}, err
	}
	usage := uint32(usageInitiatorSeal)
	if s.FromAcceptor {
		usage = usageAcceptorSeal
	}
	var keys [3][]byte
	for i, purpose := range []byte{deriveEncryption, deriveIntegrity, deriveChecksum} {
		if keys[i], err = s.Key.derive(usage, purpose); err != nil {
			return engine{}, err
		}
		defer clear(keys[i])
	}
	e := engine{
		enctype: et,
		sealMAC: hmac.New(et.hash, keys[1]),
		signMAC: hmac.New(et.hash, keys[2]),
		flags:   s.flags(),
		next:    s.Sequence,
	}
	e.cbc, err = newStealer(keys[0], mode)
	return e, err
}

// setHeader fills the scratch header; the rotation count is always 0 in it.
func (e *engine) setHeader(flags byte, extra int) {
	e.head = [headerBytes]byte{0x05, 0x04, flags, 0xff}
	binary.BigEndian.PutUint16(e.head[4:], uint16(extra))
	binary.BigEndian.PutUint64(e.head[8:], e.next)
}

// signature is the checksum of an unsealed token: over the message and the header with
// both counts zero. It is valid until the next call.
func (e *engine) signature(plain []byte, flags byte) []byte {
	e.setHeader(flags, 0)
	e.signMAC.Reset()
	e.signMAC.Write(plain)
	e.signMAC.Write(e.head[:])
	return e.signMAC.Sum(e.sum[:0])[:e.enctype.MACBytes]
}

// seal is the MAC of a sealed body, over the plaintext or (RFC 8009) the zero cipher
// state and the ciphertext. It is valid until the next call.
func (e *engine) seal(body []byte) []byte {
	e.sealMAC.Reset()
	if e.enctype.macCiphertext {
		e.sealMAC.Write(e.zero[:])
	}
	e.sealMAC.Write(body)
	return e.sealMAC.Sum(e.sum[:0])[:e.enctype.MACBytes]
}

// Wrapper makes the wrap tokens of one direction. It is for one goroutine at a time.
type Wrapper struct {
	engine
	random io.Reader
}

// NewWrapper makes tokens for a stream, with confounders from random.
func NewWrapper(s Stream, random io.Reader) (*Wrapper, error) {
	e, err := newEngine(s, cipher.NewCBCEncrypter)
	if err != nil {
		return nil, err
	}
	return &Wrapper{e, random}, nil
}

// Overhead is by how many bytes a token is longer than its message.
func (w *Wrapper) Overhead(sealed bool) int {
	if sealed {
		return headerBytes + confounderBytes + headerBytes + w.enctype.MACBytes
	}
	return headerBytes + w.enctype.MACBytes
}

// Wrap appends the token of a message to dst: sealed, or only signed. The memory of
// plain and the free part of dst must not overlap.
func (w *Wrapper) Wrap(dst, plain []byte, sealed bool) ([]byte, error) {
	dst = slices.Grow(dst, len(plain)+w.Overhead(sealed))
	start := len(dst)
	if !sealed {
		mac := w.signature(plain, w.flags)
		binary.BigEndian.PutUint16(w.head[4:], uint16(len(mac)))
		dst = append(dst, w.head[:]...)
		dst = append(dst, plain...)
		dst = append(dst, mac...)
		w.next++
		return dst, nil
	}
	w.setHeader(w.flags|flagSealed, 0)
	dst = append(dst, w.head[:]...)
	dst = append(dst, w.zero[:]...)
	dst = append(dst, plain...)
	dst = append(dst, w.head[:]...)
	body := dst[start+headerBytes:]
	if _, err := io.ReadFull(w.random, body[:confounderBytes]); err != nil {
		return dst[:start], fmt.Errorf("read random bytes: %w", err)
	}
	if w.enctype.macCiphertext {
		w.cbc.encrypt(body)
		dst = append(dst, w.seal(body)...)
	} else {
		mac := w.seal(body)
		w.cbc.encrypt(body)
		dst = append(dst, mac...)
	}
	w.next++
	return dst, nil
}
