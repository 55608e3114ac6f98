package krb5

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"testing"
)

func TestAContextThatRefusedATokenIsDead(t *testing.T) {
	v := readVectors(t)[0]
	u, err := NewUnwrapper(v.s)
	if err != nil {
		t.Fatal(err)
	}
	bad := bytes.Clone(v.token)
	bad[len(bad)-1] ^= 1
	_, _, first := u.Unwrap(bad)
	_, _, second := u.Unwrap(bytes.Clone(v.token))
	if !errors.Is(first, ErrIntegrity) || !errors.Is(second, ErrIntegrity) {
		t.Errorf("got %v, then %v", first, second)
	}
}

// sizes are around the block and the limits of one and two bytes.
var sizes = [...]int{0, 1, 15, 16, 17, 31, 32, 33, 64, 255, 256, 4096, 65536}

func randomStream(tb testing.TB, enctype int32, fromAcceptor bool) Stream {
	tb.Helper()
	key, err := NewKey(enctype, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return Stream{Key: key, FromAcceptor: fromAcceptor, AcceptorSubkey: true, Sequence: 1<<30 - 2}
}

func pair(tb testing.TB, enctype int32, fromAcceptor bool) (*Wrapper, *Unwrapper) {
	tb.Helper()
	return pairOf(tb, randomStream(tb, enctype, fromAcceptor))
}

func pairOf(tb testing.TB, s Stream) (*Wrapper, *Unwrapper) {
	tb.Helper()
	w, err := NewWrapper(s, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	u, err := NewUnwrapper(s)
	if err != nil {
		tb.Fatal(err)
	}
	return w, u
}

func TestEveryTokenOpensAgain(t *testing.T) {
	for _, enctype := range SupportedEnctypes() {
		for _, sealed := range []bool{false, true} {
			for _, rotation := range []int{0, 1, 12, 28, 65535} {
				w, u := pair(t, enctype, rotation%2 == 0)
				for _, size := range sizes {
					message := bytes.Repeat([]byte{byte(size), 7, 9}, size/3+1)[:size]
					token, err := w.Wrap([]byte("in front"), message, sealed)
					if err != nil {
						t.Fatal(err)
					}
					token = token[len("in front"):]
					if extra := len(token) - size; enctype != 23 && extra != w.Overhead(sealed) || extra > w.Overhead(sealed) {
						t.Errorf("%d: a token of %d bytes for %d", enctype, len(token), size)
					}
					if enctype != 23 {
						rotate(token, rotation)
					}
					plain, open, err := u.Unwrap(token)
					if !bytes.Equal(plain, message) || open != sealed || err != nil {
						t.Fatalf("enctype %d sealed %v rotation %d size %d: got %d bytes, sealed %v, %v",
							enctype, sealed, rotation, size, len(plain), open, err)
					}
				}
			}
		}
	}
}

// rotate does what a sender may do to a token.
func rotate(token []byte, count int) {
	body := token[headerBytes:]
	n := count % len(body)
	turned := append(bytes.Clone(body[len(body)-n:]), body[:len(body)-n]...)
	copy(body, turned)
	binary.BigEndian.PutUint16(token[6:], uint16(count))
}

func TestUnwrapTakesFillerBytes(t *testing.T) {
	s := randomStream(t, 18, true)
	tests := []struct {
		name, body string
		filler     int
		want       string
		err        error
	}{
		{"none", "message", 0, "message", nil},
		{"five", "message-----", 5, "message", nil},
		{"nothing else", "-----", 5, "", nil},
		{"more than there are", "message", 8, "", ErrIntegrity},
	}
	for _, tt := range tests {
		plain, err := openCFXBody(t, s, tt.filler, append([]byte(tt.body), sealedHeader(t, s, tt.filler)...))
		if string(plain) != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: got %q, %v", tt.name, plain, err)
		}
	}
}

// sealedHeader is the header of a sealed token with filler bytes.
func sealedHeader(t *testing.T, s Stream, filler int) []byte {
	t.Helper()
	m, err := newCFXMaker(s, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	m.setHeader(m.flags|flagSealed, filler, s.Sequence)
	return m.head[:]
}

// openCFXBody makes a token with a right MAC around a body and opens it.
func openCFXBody(t *testing.T, s Stream, filler int, body []byte) ([]byte, error) {
	t.Helper()
	m, err := newCFXMaker(s, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	body = append(make([]byte, cfxConfounder), body...)
	mac := m.seal(body)
	u, err := NewUnwrapper(s)
	if err != nil {
		t.Fatal(err)
	}
	plain, _, err := u.Unwrap(append(append(sealedHeader(t, s, filler), body...), mac...))
	return plain, err
}

func TestTokensOutOfOrderAreRefused(t *testing.T) {
	tests := []struct {
		name  string
		order []int // of the tokens 0, 1 and 2; the last is refused
		want  error
	}{
		{"the same again", []int{0, 0}, ErrReplay},
		{"an older one", []int{0, 1, 0}, ErrReplay},
		{"one left out", []int{0, 2}, ErrGap},
		{"the first left out", []int{1}, ErrGap},
	}
	for _, enctype := range SupportedEnctypes() {
		for _, sealed := range []bool{false, true} {
			for _, fromAcceptor := range []bool{false, true} {
				for _, start := range []uint64{0, 1<<30 - 1, 1<<31 - 2, 1<<32 - 2} {
					for _, tt := range tests {
						s := randomStream(t, enctype, fromAcceptor)
						s.Sequence = start
						w, u := pairOf(t, s)
						var tokens [3][]byte
						for i := range tokens {
							var err error
							if tokens[i], err = w.Wrap(nil, []byte("x"), sealed); err != nil {
								t.Fatal(err)
							}
						}
						var err error
						for _, i := range tt.order {
							if err != nil {
								t.Fatal(err)
							}
							_, _, err = u.Unwrap(bytes.Clone(tokens[i]))
						}
						if !errors.Is(err, tt.want) || !errors.Is(err, ErrSequence) {
							t.Errorf("%d sealed %v from %d: %s: %v", enctype, sealed, start, tt.name, err)
						}
					}
				}
			}
		}
	}
}

func TestWrapDoesNotAllocate(t *testing.T) {
	message := make([]byte, 4096)
	for _, enctype := range SupportedEnctypes() {
		for _, sealed := range []bool{false, true} {
			w, u := pair(t, enctype, false)
			token := make([]byte, 0, len(message)+w.Overhead(sealed))
			if n := testing.AllocsPerRun(50, func() {
				token, _ = w.Wrap(token[:0], message, sealed)
				if _, _, err := u.Unwrap(token); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%s sealed %v: %v allocations a token", EnctypeName(enctype), sealed, n)
			}
		}
	}
}

func FuzzUnwrap(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add(v.s.Key.Enctype, v.token)
	}
	f.Fuzz(func(t *testing.T, enctype int32, token []byte) {
		e, ok := LookupEnctype(enctype)
		if !ok {
			return
		}
		s := Stream{Key: Key{enctype, make([]byte, e.KeyBytes)}, FromAcceptor: true, AcceptorSubkey: true}
		u, err := NewUnwrapper(s)
		if err != nil {
			t.Fatal(err)
		}
		if plain, _, err := u.Unwrap(token); err == nil {
			t.Errorf("a token made without the key was taken: %x", plain)
		}
	})
}
