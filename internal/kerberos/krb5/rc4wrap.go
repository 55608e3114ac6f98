package krb5

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"slices"
)

// A token of RC4 (RFC 4757 section 7.3) is framed as RFC 1964 has it. After the frame with
// its kind, 02 01, come
//
//	11 00 | 10 00 sealed, ff ff not | ff ff | number (8) | checksum (8) |
//	confounder (8) | message | 01
//
// The number is always enciphered. One byte of padding is always there, too.
const (
	rc4Confounder = 8
	rc4Sum        = 8
	rc4Number     = 8  // four bytes big-endian, then four times who sent it
	rc4Fixed      = 30 // all but frame, message and padding

	rc4WrapSalt = 13 // of the checksum (RFC 4757 section 7.3), 15 in a MIC token
	rc4MICSalt  = 15
)

// rc4Head is where a token tells what it is; the checksum covers it with the kind.
var (
	rc4Sealed = [6]byte{0x11, 0x00, 0x10, 0x00, 0xff, 0xff}
	rc4Signed = [6]byte{0x11, 0x00, 0xff, 0xff, 0xff, 0xff}
)

// rc4Form has the keys of one direction, made once, and scratch space that a hash.Hash may
// keep a hold of without an allocation for each token.
type rc4Form struct {
	direction byte
	digest    hash.Hash
	signMAC   hash.Hash // of the digest
	numberMAC hash.Hash // makes the key of the number from the checksum
	sealMAC   hash.Hash // makes the key of the body from the number
	stream    keystream

	salted [12]byte
	number [rc4Number]byte
	inner  [md5.Size]byte
	sum    [md5.Size]byte
	key    [rc4KeyBytes]byte
}

func newRC4Form(s Stream) (rc4Form, error) {
	if _, err := s.Key.enctype(); err != nil {
		return rc4Form{}, err
	}
	zero := make([]byte, 4)
	local := make([]byte, rc4KeyBytes)
	for i, b := range s.Key.Value {
		local[i] = b ^ 0xf0
	}
	keys := [][]byte{
		hmacMD5(s.Key.Value, []byte("signaturekey\x00")),
		hmacMD5(s.Key.Value, zero),
		hmacMD5(local, zero),
	}
	f := rc4Form{
		digest:    md5.New(),
		signMAC:   hmac.New(md5.New, keys[0]),
		numberMAC: hmac.New(md5.New, keys[1]),
		sealMAC:   hmac.New(md5.New, keys[2]),
	}
	if s.FromAcceptor {
		f.direction = 0xff
	}
	for _, key := range append(keys, local) {
		clear(key)
	}
	return f, nil
}

// checksum is over what stands before the number, and the body. It is valid until the
// next call.
func (f *rc4Form) checksum(salt uint32, kind int, head [6]byte, body []byte) []byte {
	binary.LittleEndian.PutUint32(f.salted[:], salt)
	binary.BigEndian.PutUint16(f.salted[4:], uint16(kind))
	copy(f.salted[6:], head[:])
	f.digest.Reset()
	f.digest.Write(f.salted[:])
	f.digest.Write(body)
	f.digest.Sum(f.inner[:0])
	f.signMAC.Reset()
	f.signMAC.Write(f.inner[:])
	return f.signMAC.Sum(f.sum[:0])[:rc4Sum]
}

// rekey starts the cipher with the key that a MAC makes of data.
func (f *rc4Form) rekey(mac hash.Hash, data []byte) {
	mac.Reset()
	mac.Write(data)
	mac.Sum(f.key[:0])
	f.stream.restart(&f.key)
}

// setNumber fills the scratch number.
func (f *rc4Form) setNumber(number uint32) {
	binary.BigEndian.PutUint32(f.number[:], number)
	for i := range f.number[4:] {
		f.number[4+i] = f.direction
	}
}

// encipherNumber writes the scratch number, enciphered, to dst.
func (f *rc4Form) encipherNumber(dst, checksum []byte) {
	f.rekey(f.numberMAC, checksum)
	copy(dst, f.number[:])
	f.stream.xor(dst[:rc4Number])
}

// decipherNumber is the number of a token, whose direction has to be right.
func (f *rc4Form) decipherNumber(sealed, checksum []byte) (uint32, error) {
	f.rekey(f.numberMAC, checksum)
	copy(f.number[:], sealed)
	f.stream.xor(f.number[:])
	for _, b := range f.number[4:] {
		switch b {
		case f.direction:
		case ^f.direction:
			return 0, fmt.Errorf("%w: sent in the other direction", ErrToken)
		default:
			return 0, ErrIntegrity
		}
	}
	return binary.BigEndian.Uint32(f.number[:]), nil
}

type rc4Maker struct {
	rc4Form
	random io.Reader
}

func newRC4Maker(s Stream, random io.Reader) (*rc4Maker, error) {
	f, err := newRC4Form(s)
	return &rc4Maker{f, random}, err
}

func (m *rc4Maker) overhead(bool) int { return maxFrame + rc4Fixed + 1 }

func (m *rc4Maker) wrap(dst, plain []byte, sealed bool, number uint64) ([]byte, error) {
	dst = slices.Grow(dst, len(plain)+m.overhead(sealed))
	start := len(dst)
	head := rc4Signed
	if sealed {
		head = rc4Sealed
	}
	dst = appendFrame(dst, tokenWrap, rc4Fixed+len(plain)+1)
	dst = append(dst, head[:]...)
	numberAt := len(dst)
	dst = dst[:numberAt+rc4Number+rc4Sum+rc4Confounder]
	sumAt, bodyAt := numberAt+rc4Number, numberAt+rc4Number+rc4Sum
	if _, err := io.ReadFull(m.random, dst[bodyAt:]); err != nil {
		return dst[:start], fmt.Errorf("read random bytes: %w", err)
	}
	dst = append(dst, plain...)
	dst = append(dst, 1)
	body := dst[bodyAt:]
	copy(dst[sumAt:bodyAt], m.checksum(rc4WrapSalt, tokenWrap, head, body))
	m.setNumber(uint32(number))
	m.encipherNumber(dst[numberAt:sumAt], dst[sumAt:bodyAt])
	if sealed {
		m.rekey(m.sealMAC, m.number[:4])
		m.stream.xor(body)
	}
	return dst, nil
}

type rc4Opener struct {
	rc4Form
}

func newRC4Opener(s Stream) (*rc4Opener, error) {
	f, err := newRC4Form(s)
	return &rc4Opener{f}, err
}

func (o *rc4Opener) open(token []byte) (opened, error) {
	kind, rest, err := ParseToken(token)
	switch {
	case err != nil:
		return opened{}, err
	case kind != tokenWrap || len(rest) < rc4Fixed+1:
		return opened{}, fmt.Errorf("%w: not a wrap token of RFC 1964", ErrToken)
	}
	head := [6]byte(rest)
	if head != rc4Sealed && head != rc4Signed {
		return opened{}, fmt.Errorf("%w: other algorithms than those of RC4", ErrToken)
	}
	sum, body := rest[6+rc4Number:][:rc4Sum], rest[rc4Fixed-rc4Confounder:]
	number, err := o.decipherNumber(rest[6:][:rc4Number], sum)
	if err != nil {
		return opened{}, err
	}
	sealed := head == rc4Sealed
	if sealed {
		o.rekey(o.sealMAC, o.number[:4])
		o.stream.xor(body)
	}
	if !hmac.Equal(o.checksum(rc4WrapSalt, tokenWrap, head, body), sum) {
		if sealed {
			clear(body)
		}
		return opened{}, ErrIntegrity
	}
	plain, err := unpad(body[rc4Confounder:])
	return opened{plain, sealed, uint64(number)}, err
}

// unpad takes off the padding of RFC 1964 section 1.2.2.3: as many bytes as each of them
// says. We send one; a block cipher's eight are the most that there are.
func unpad(b []byte) ([]byte, error) {
	n := int(b[len(b)-1])
	if n < 1 || n > 8 || n > len(b) {
		return nil, fmt.Errorf("%w: padding of %d bytes", ErrToken, n)
	}
	for _, p := range b[len(b)-n:] {
		if int(p) != n {
			return nil, fmt.Errorf("%w: uneven padding", ErrToken)
		}
	}
	return b[:len(b)-n], nil
}
