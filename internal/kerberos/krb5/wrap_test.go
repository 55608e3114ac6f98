package krb5

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// vector is a token that a peer of another make produced.
type vector struct {
	name  string
	token []byte
	s     Stream
	seal  bool
}

func readVectors(tb testing.TB) []vector {
	tb.Helper()
	data, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		tb.Fatal(err)
	}
	var all []vector
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		v := vector{seal: words[2] == "seal"}
		fmt.Sscanf(words[1], "et=%d", &v.s.Key.Enctype)
		for _, word := range words[4:] {
			kind, text, _ := strings.Cut(word, "=")
			bin, err := hex.DecodeString(text)
			if err != nil {
				tb.Fatal(err)
			}
			if kind == "key" {
				v.s.Key.Value = bin
				continue
			}
			v.name = fmt.Sprintf("%s %s %s %s", words[0], EnctypeName(v.s.Key.Enctype), words[3], kind)
			v.token = bin
			v.s.FromAcceptor = kind == "acc"
			v.s.AcceptorSubkey = bin[2]&flagSubkey != 0
			v.s.Sequence = binary.BigEndian.Uint64(bin[8:])
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		tb.Fatal("no vectors")
	}
	return all
}

func (v vector) open(tb testing.TB, token []byte) ([]byte, bool, error) {
	tb.Helper()
	u, err := NewUnwrapper(v.s)
	if err != nil {
		tb.Fatal(err)
	}
	return u.Unwrap(bytes.Clone(token))
}

func TestUnwrapOpensTokensOfOtherMakes(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			plain, sealed, err := v.open(t, v.token)
			if string(plain) != "qosreport" || sealed != v.seal || err != nil {
				t.Errorf("got %q, sealed %v, %v", plain, sealed, err)
			}
		})
	}
}

func TestUnwrapRefusesEveryFlippedBit(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			for i := range v.token {
				for bit := range 8 {
					bad := bytes.Clone(v.token)
					bad[i] ^= 1 << bit
					if rotatesAlike(bad, v.token) {
						continue
					}
					if _, _, err := v.open(t, bad); err == nil {
						t.Errorf("byte %d bit %d: no error", i, bit)
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

func TestUnwrapRefusesEveryShorterToken(t *testing.T) {
	for _, v := range readVectors(t) {
		for n := range v.token {
			if _, _, err := v.open(t, v.token[:n]); err == nil {
				t.Errorf("%s: %d of %d bytes: no error", v.name, n, len(v.token))
			}
		}
	}
}

func TestUnwrapRefusesAnotherStream(t *testing.T) {
	for _, v := range readVectors(t) {
		tests := []struct {
			name   string
			change func(*Stream)
			want   error
		}{
			{"of the other role", func(s *Stream) { s.FromAcceptor = !s.FromAcceptor }, ErrToken},
			{"with the other kind of key", func(s *Stream) { s.AcceptorSubkey = !s.AcceptorSubkey }, ErrToken},
			{"that is one token further", func(s *Stream) { s.Sequence++ }, ErrSequence},
			{"that is one token behind", func(s *Stream) { s.Sequence-- }, ErrSequence},
			{"with another key", func(s *Stream) { s.Key = s.Key.Clone(); s.Key.Value[0] ^= 1 }, ErrIntegrity},
		}
		for _, tt := range tests {
			other := v
			tt.change(&other.s)
			if _, _, err := other.open(t, v.token); !errors.Is(err, tt.want) {
				t.Errorf("%s: a stream %s: got %v, want %v", v.name, tt.name, err, tt.want)
			}
		}
	}
}

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

func pair(tb testing.TB, enctype int32, fromAcceptor bool) (*Wrapper, *Unwrapper) {
	tb.Helper()
	key, err := NewKey(enctype, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	s := Stream{Key: key, FromAcceptor: fromAcceptor, AcceptorSubkey: true, Sequence: 1<<30 - 2}
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
					if len(token) != size+w.Overhead(sealed) {
						t.Errorf("%d: a token of %d bytes for %d", enctype, len(token), size)
					}
					rotate(token, rotation)
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
	w, u := pair(t, 18, true)
	w.setHeader(w.flags|flagSealed, 5)
	body := append(make([]byte, confounderBytes), "message-----"...)
	body = append(body, w.head[:]...)
	mac := bytes.Clone(w.seal(body))
	w.cbc.encrypt(body)
	token := append(append(w.head[:], body...), mac...)
	plain, _, err := u.Unwrap(token)
	if string(plain) != "message" || err != nil {
		t.Errorf("got %q, %v", plain, err)
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

func TestDerivedKeys(t *testing.T) {
	key18 := unhex(t, "a50c006355ef1977d8b6e8de0206a0ecfb24daa3b270ddd281b7cfe8fc677d3b")
	key20 := unhex(t, "3321b10d8175387853f172e5446f2ec3bde7b24739c68c78754ba5820ebddf9e")
	tests := []struct {
		name    string
		key     Key
		usage   uint32
		purpose byte
		want    string
	}{
		{"18 Ke acceptor", Key{18, key18}, 22, deriveEncryption, "0c1c02bc03c00c66bf3a704748792a5de483ad07bd0e1d7d28f510dbcdd3df2b"},
		{"18 Ki initiator", Key{18, key18}, 24, deriveIntegrity, "9cc4db82d3011f9481f5a7778a0063657957e0f48c50cf04bd36a14d3f0b42b8"},
		{"18 Kc initiator", Key{18, key18}, 24, deriveChecksum, "2986aa32283eee9d5c2a4a6c233448e049e252ee4e4fd3ea34c8e238c912d5d0"},
		{"20 Ke acceptor", Key{20, key20}, 22, deriveEncryption, "81f1367be4c2c013c9f4ab119270c396150381a60c1d561f38a35b22784d66ae"},
		{"20 Ki acceptor", Key{20, key20}, 22, deriveIntegrity, "86197c21eaa6d147c48c1404d715534c624c81974d368d35"},
		{"20 Kc initiator", Key{20, key20}, 24, deriveChecksum, "3020a3ad7412bf44a1799b55545bcc0704f12f1612696c46"},
	}
	for _, tt := range tests {
		got, err := tt.key.derive(tt.usage, tt.purpose)
		if hex.EncodeToString(got) != tt.want || err != nil {
			t.Errorf("%s: got %x, %v", tt.name, got, err)
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
