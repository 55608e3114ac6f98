package krb5

import (
	"bytes"
	"crypto/rc4"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/crypto/rfc4757"
)

// vector is a token that a peer of another make produced.
type vector struct {
	id, name string
	token    []byte
	s        Stream
	seal     bool
}

func (v vector) rc4() bool { return v.s.Key.Enctype == 23 }

func readVectors(tb testing.TB) []vector {
	tb.Helper()
	data, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		tb.Fatal(err)
	}
	var all []vector
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			all = append(all, readVector(tb, strings.Fields(line))...)
		}
	}
	if len(all) != 25 {
		tb.Fatalf("%d vectors", len(all))
	}
	return all
}

// readVector reads the one or two tokens of a line.
func readVector(tb testing.TB, words []string) []vector {
	tb.Helper()
	v := vector{id: words[0], seal: words[2] == "seal"}
	if _, err := fmt.Sscanf(words[1], "et=%d", &v.s.Key.Enctype); err != nil {
		tb.Fatal(err)
	}
	var all []vector
	number := -1
	for _, word := range words[4:] {
		kind, text, _ := strings.Cut(word, "=")
		if kind == "number" {
			var err error
			if number, err = strconv.Atoi(text); err != nil {
				tb.Fatal(err)
			}
			continue
		}
		bin := unhex(tb, text)
		if kind == "key" {
			v.s.Key.Value = bin
			continue
		}
		v.name = fmt.Sprintf("%s %s %s %s", words[0], EnctypeName(v.s.Key.Enctype), words[3], kind)
		v.token = bin
		v.s.FromAcceptor = kind == "acc"
		if v.rc4() {
			v.s.Sequence = rc4NumberOf(tb, v)
			if v.s.FromAcceptor && v.s.Sequence != uint64(number) {
				tb.Errorf("%s: number %d, want %d", v.name, v.s.Sequence, number)
			}
		} else {
			v.s.AcceptorSubkey = bin[2]&flagSubkey != 0
			v.s.Sequence = binary.BigEndian.Uint64(bin[8:])
		}
		all = append(all, v)
	}
	return all
}

// rc4NumberOf deciphers a token's number with the standard library's cipher.
func rc4NumberOf(tb testing.TB, v vector) uint64 {
	tb.Helper()
	_, body, err := ParseToken(v.token)
	if err != nil {
		tb.Fatal(err)
	}
	number := bytes.Clone(body[6:14])
	key := rfc4757.HMAC(rfc4757.HMAC(v.s.Key.Value, make([]byte, 4)), body[14:22])
	c, err := rc4.NewCipher(key)
	if err != nil {
		tb.Fatal(err)
	}
	c.XORKeyStream(number, number)
	return uint64(binary.BigEndian.Uint32(number))
}

func (v vector) open(tb testing.TB, token []byte) ([]byte, bool, error) {
	tb.Helper()
	u, err := NewUnwrapper(v.s)
	if err != nil {
		tb.Fatal(err)
	}
	return u.Unwrap(bytes.Clone(token))
}

func TestTokensOfOtherMakesOpen(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			plain, sealed, err := v.open(t, v.token)
			if string(plain) != "qosreport" || sealed != v.seal || err != nil {
				t.Errorf("got %q, sealed %v, %v", plain, sealed, err)
			}
		})
	}
}

// The confounder is all that is random in a token. It stands in front of the message once
// that is open, so that the same token can be made again.
func TestTokensOfOtherMakesAreMadeAgain(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			work := bytes.Clone(v.token)
			u, err := NewUnwrapper(v.s)
			if err != nil {
				t.Fatal(err)
			}
			plain, sealed, err := u.Unwrap(work)
			if err != nil {
				t.Fatal(err)
			}
			before := work[:cap(work)-cap(plain)]
			e, _ := LookupEnctype(v.s.Key.Enctype)
			w, err := NewWrapper(v.s, bytes.NewReader(before[len(before)-e.confounder:]))
			if err != nil {
				t.Fatal(err)
			}
			again, err := w.Wrap(nil, plain, sealed)
			if err != nil {
				t.Fatal(err)
			}
			if !v.rc4() {
				rotate(again, int(binary.BigEndian.Uint16(v.token[6:])))
			}
			if !bytes.Equal(again, v.token) {
				t.Errorf("got %x, want %x", again, v.token)
			}
		})
	}
}

func TestEveryFlippedBitIsRefused(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			for i := range v.token {
				for bit := range 8 {
					bad := bytes.Clone(v.token)
					bad[i] ^= 1 << bit
					if !v.rc4() && rotatesAlike(bad, v.token) {
						continue
					}
					_, _, err := v.open(t, bad)
					if err == nil {
						t.Errorf("byte %d bit %d: no error", i, bit)
					}
					// No checksum covers the number of a token that RC4 only signs.
					if bare := v.rc4() && !v.seal && i >= 21 && i < 25; bare != errors.Is(err, ErrSequence) {
						t.Errorf("byte %d bit %d: %v", i, bit, err)
					}
				}
			}
		})
	}
}

// rotatesAlike tells two rotation counts that mean the same: nothing protects the count,
// and nothing has to.
func rotatesAlike(a, b []byte) bool {
	n := len(a) - headerBytes
	return bytes.Equal(a[:6], b[:6]) && bytes.Equal(a[8:], b[8:]) &&
		int(binary.BigEndian.Uint16(a[6:]))%n == int(binary.BigEndian.Uint16(b[6:]))%n
}

func TestEveryShorterTokenIsRefused(t *testing.T) {
	for _, v := range readVectors(t) {
		for n := range v.token {
			if _, _, err := v.open(t, v.token[:n]); err == nil {
				t.Errorf("%s: %d of %d bytes: no error", v.name, n, len(v.token))
			}
		}
		if _, _, err := v.open(t, append(bytes.Clone(v.token), 0)); err == nil {
			t.Errorf("%s: a byte more: no error", v.name)
		}
	}
}

func TestAnotherStreamIsRefused(t *testing.T) {
	for _, v := range readVectors(t) {
		tests := []struct {
			name   string
			change func(*Stream)
			want   error
		}{
			{"of the other role", func(s *Stream) { s.FromAcceptor = !s.FromAcceptor }, ErrToken},
			{"with the other kind of key", func(s *Stream) { s.AcceptorSubkey = !s.AcceptorSubkey }, ErrToken},
			{"that is one token further", func(s *Stream) { s.Sequence++ }, ErrReplay},
			{"that is one token behind", func(s *Stream) { s.Sequence-- }, ErrGap},
			{"with another key", func(s *Stream) { s.Key = s.Key.Clone(); s.Key.Value[0] ^= 1 }, ErrIntegrity},
		}
		for _, tt := range tests {
			other := v
			tt.change(&other.s)
			want := tt.want
			if v.rc4() && other.s.AcceptorSubkey != v.s.AcceptorSubkey {
				want = nil // not a matter of this form
			}
			if _, _, err := other.open(t, v.token); !errors.Is(err, want) {
				t.Errorf("%s: a stream %s: got %v, want %v", v.name, tt.name, err, want)
			}
		}
	}
}

func TestTokensOfOtherKeysAreRefused(t *testing.T) {
	all := readVectors(t)
	for _, v := range all {
		for _, key := range all {
			if bytes.Equal(key.s.Key.Value, v.s.Key.Value) {
				continue
			}
			other := v
			other.s.Key = key.s.Key
			if _, _, err := other.open(t, v.token); !errors.Is(err, ErrIntegrity) && !errors.Is(err, ErrToken) {
				t.Errorf("%s with the key of %s: %v", v.name, key.id, err)
			}
		}
		for _, e := range enctypes { // the same bytes as a key of another type
			if e.KeyBytes != len(v.s.Key.Value) || e.ID == v.s.Key.Enctype {
				continue
			}
			other := v
			other.s.Key.Enctype = e.ID
			if _, _, err := other.open(t, v.token); !errors.Is(err, ErrIntegrity) && !errors.Is(err, ErrToken) {
				t.Errorf("%s as %s: %v", v.name, e.Name, err)
			}
		}
	}
}

func TestChangedHeadersAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		of     func(vector) bool
		change func(token []byte)
	}{
		{"more filler bytes than there is room", func(v vector) bool { return !v.rc4() }, func(b []byte) { binary.BigEndian.PutUint16(b[4:], 65535) }},
		{"as many filler bytes as the message has", func(v vector) bool { return !v.rc4() && v.seal }, func(b []byte) { b[5] = 9 }},
		{"the bit for sealed cleared", func(v vector) bool { return !v.rc4() && v.seal }, func(b []byte) { b[2] &^= flagSealed }},
		{"the bit for sealed set", func(v vector) bool { return !v.rc4() && !v.seal }, func(b []byte) { b[2] |= flagSealed }},
		{"sealed called signed", func(v vector) bool { return v.rc4() && v.seal }, func(b []byte) { copy(b[15:], rc4Signed[:]) }},
		{"signed called sealed", func(v vector) bool { return v.rc4() && !v.seal }, func(b []byte) { copy(b[15:], rc4Sealed[:]) }},
	}
	for _, tt := range tests {
		for _, v := range readVectors(t) {
			if !tt.of(v) {
				continue
			}
			bad := bytes.Clone(v.token)
			tt.change(bad)
			if _, _, err := v.open(t, bad); !errors.Is(err, ErrIntegrity) && !errors.Is(err, ErrToken) {
				t.Errorf("%s: %s: %v", v.name, tt.name, err)
			}
		}
	}
}

func unhex(tb testing.TB, text string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
