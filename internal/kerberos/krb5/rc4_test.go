package krb5

import (
	"bytes"
	"crypto/rand"
	"crypto/rc4"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/jcmturner/gokrb5/v8/crypto/rfc4757"
	"github.com/jcmturner/gokrb5/v8/gssapi"
)

func TestRC4Key(t *testing.T) {
	tests := []struct{ name, password, want string }{
		{"the example of RFC 4757 section 2", "foo", "ac8e657f83df82beea5d43bdaf7800cc"},
		{"nothing", "", "31d6cfe0d16ae931b73c59d7e0c089c0"},
		{"letters beyond ASCII", "Zürich", "5cc5d98cedbb3be18bc0089651013b1b"},
		{"a letter of two units", "\U0001d11e", "78d54ecb6cc7c823f8b6d7acf67bf657"},
	}
	seen := map[string]string{}
	for _, tt := range tests {
		key := RC4Key(tt.password)
		if got := hex.EncodeToString(key.Value); got != tt.want || key.Enctype != 23 || seen[got] != "" {
			t.Errorf("%s: got %s for %v", tt.name, got, key)
		} else {
			seen[got] = tt.name
		}
		if _, err := key.enctype(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestKeystreamIsRC4(t *testing.T) {
	var ours keystream
	for n := range 600 {
		var key [rc4KeyBytes]byte
		rand.Read(key[:])
		theirs, err := rc4.NewCipher(key[:])
		if err != nil {
			t.Fatal(err)
		}
		ours.restart(&key)
		for _, size := range []int{n, 1, 8} { // goes on where it was
			got, want := make([]byte, size), make([]byte, size)
			ours.xor(got)
			theirs.XORKeyStream(want, want)
			if !bytes.Equal(got, want) {
				t.Fatalf("%d bytes differ", size)
			}
		}
	}
}

func TestUnpad(t *testing.T) {
	tests := []struct {
		name, body, want string
		err              error
	}{
		{"one byte", "message\x01", "message", nil},
		{"one byte and nothing else", "\x01", "", nil},
		{"eight bytes", "message\x08\x08\x08\x08\x08\x08\x08\x08", "message", nil},
		{"nine bytes", "message\x09\x09\x09\x09\x09\x09\x09\x09\x09", "", ErrToken},
		{"none", "message\x00", "", ErrToken},
		{"uneven bytes", "message\x01\x02\x03", "", ErrToken},
		{"more than there is", "\x03\x03", "", ErrToken},
	}
	for _, tt := range tests {
		for _, sealed := range []bool{false, true} {
			s := randomStream(t, 23, true)
			if plain, err := openRC4Body(t, s, []byte(tt.body), sealed); string(plain) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%s, sealed %v: got %q, %v", tt.name, sealed, plain, err)
			}
		}
	}
}

// openRC4Body makes a token with a right checksum around a body and opens it.
func openRC4Body(t *testing.T, s Stream, body []byte, sealed bool) ([]byte, error) {
	t.Helper()
	m, err := newRC4Maker(s, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	head := rc4Signed
	if sealed {
		head = rc4Sealed
	}
	body = append(make([]byte, rc4Confounder), body...)
	token := appendFrame(nil, tokenWrap, 6+rc4Number+rc4Sum+len(body))
	token = append(token, head[:]...)
	sum := bytes.Clone(m.checksum(rc4WrapSalt, tokenWrap, head, body))
	number := make([]byte, rc4Number)
	m.setNumber(uint32(s.Sequence))
	m.encipherNumber(number, sum)
	if sealed {
		m.rekey(m.sealMAC, m.number[:4])
		m.stream.xor(body)
	}
	token = append(append(append(token, number...), sum...), body...)
	u, err := NewUnwrapper(s)
	if err != nil {
		t.Fatal(err)
	}
	plain, _, err := u.Unwrap(token)
	return plain, err
}

// The library has the checksum of RFC 4757 section 4, which that of a token is, too.
func TestRC4ChecksumsAreTheLibrarys(t *testing.T) {
	s := randomStream(t, 23, false)
	token := wrapOne(t, s, "message", false)
	covered := append([]byte("\x02\x01\x11\x00\xff\xff\xff\xff"), token[37:]...)
	sum, err := rfc4757.Checksum(s.Key.Value, 13, covered)
	if err != nil || !bytes.Equal(sum[:8], token[29:37]) {
		t.Errorf("wrap token: got %x, want %x, %v", token[29:37], sum, err)
	}
	mic, err := s.MIC([]byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err = rfc4757.Checksum(s.Key.Value, 15, []byte("\x01\x01\x11\x00\xff\xff\xff\xffmessage"))
	if err != nil || !bytes.Equal(sum[:8], mic[len(mic)-8:]) {
		t.Errorf("MIC: got %x, want %x, %v", mic, sum, err)
	}
}

func wrapOne(t *testing.T, s Stream, message string, sealed bool) []byte {
	t.Helper()
	w, err := NewWrapper(s, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	token, err := w.Wrap(nil, []byte(message), sealed)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestMICs(t *testing.T) {
	message := []byte("message")
	for _, enctype := range SupportedEnctypes() {
		for _, fromAcceptor := range []bool{false, true} {
			s := randomStream(t, enctype, fromAcceptor)
			mic, err := s.MIC(message)
			if err != nil || !s.VerifyMIC(message, mic) {
				t.Fatalf("%d: %x, %v", enctype, mic, err)
			}
			if enctype != 23 && !libraryVerifies(t, s, message, mic) {
				t.Errorf("%d: the library does not take %x", enctype, mic)
			}
			for i := range mic {
				bad := bytes.Clone(mic)
				bad[i] ^= 1
				if s.VerifyMIC(message, bad) || s.VerifyMIC(message, mic[:i]) {
					t.Errorf("%d: byte %d: a wrong MIC was taken", enctype, i)
				}
			}
			later, other := s, s
			later.Sequence++
			other.FromAcceptor = !s.FromAcceptor
			if s.VerifyMIC([]byte("massage"), mic) || later.VerifyMIC(message, mic) || other.VerifyMIC(message, mic) {
				t.Errorf("%d: the MIC of something else was taken", enctype)
			}
		}
	}
	if _, err := (Stream{Key: Key{18, nil}}).MIC(message); err == nil {
		t.Error("a MIC without a key")
	}
	if _, err := (Stream{Key: Key{23, nil}}).MIC(message); err == nil {
		t.Error("a MIC of RC4 without a key")
	}
}

func libraryVerifies(t *testing.T, s Stream, message, mic []byte) bool {
	t.Helper()
	var token gssapi.MICToken
	if err := token.Unmarshal(mic, s.FromAcceptor); err != nil {
		t.Error(err)
		return false
	}
	token.Payload = message
	usage := uint32(usageInitiatorSign)
	if s.FromAcceptor {
		usage = usageAcceptorSign
	}
	ok, err := token.Verify(s.Key.Wire(), usage)
	return ok && err == nil
}

// What MIT's library says for a server that takes 65536 bytes, and with RC4 the doubt
// about the frame.
func TestRoomForAMessage(t *testing.T) {
	const limit = 65536
	tests := []struct {
		enctype        int32
		sealed, signed int
	}{{17, 65476, 65508}, {18, 65476, 65508}, {19, 65472, 65504}, {20, 65464, 65496}, {23, 65486, 65486}}
	for _, tt := range tests {
		for _, sealed := range []bool{false, true} {
			w, u := pair(t, tt.enctype, true)
			want := tt.signed
			if sealed {
				want = tt.sealed
			}
			room := limit - w.Overhead(sealed)
			token, err := w.Wrap(nil, make([]byte, room), sealed)
			if room != want || len(token) > limit || len(token) < limit-2 || err != nil {
				t.Errorf("%d sealed %v: room for %d, a token of %d, %v", tt.enctype, sealed, room, len(token), err)
			}
			if plain, _, err := u.Unwrap(token); len(plain) != room || err != nil {
				t.Errorf("%d sealed %v: %d bytes, %v", tt.enctype, sealed, len(plain), err)
			}
		}
	}
}

func TestConfoundersThatCannotBeRead(t *testing.T) {
	for _, enctype := range SupportedEnctypes() {
		s := randomStream(t, enctype, false)
		w, err := NewWrapper(s, bytes.NewReader([]byte("short")))
		if err != nil {
			t.Fatal(err)
		}
		if dst, err := w.Wrap([]byte("in front"), []byte("x"), true); err == nil || string(dst) != "in front" {
			t.Errorf("%d: got %q, %v", enctype, dst, err)
		}
	}
}

// FuzzUnwrapBody makes the parts behind the MAC, too: the sender is the peer, and may be
// hostile.
func FuzzUnwrapBody(f *testing.F) {
	header := []byte("\x05\x04\x06\xff\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	f.Add(int32(23), []byte("message\x01"), uint16(0))
	f.Add(int32(23), []byte("\x08"), uint16(1))
	f.Add(int32(17), append([]byte("message"), header...), uint16(2))
	f.Add(int32(20), header, uint16(2))
	f.Fuzz(func(t *testing.T, enctype int32, body []byte, extra uint16) {
		e, ok := LookupEnctype(enctype)
		if !ok {
			return
		}
		s := Stream{Key: Key{enctype, make([]byte, e.KeyBytes)}, AcceptorSubkey: true}
		var plain []byte
		var err error
		most := 8
		if e.Weak {
			plain, err = openRC4Body(t, s, bytes.Clone(body), extra%2 == 0)
		} else if most = headerBytes + int(extra); len(body) > 0 {
			plain, err = openCFXBody(t, s, int(extra), bytes.Clone(body))
		}
		if err == nil && (!bytes.HasPrefix(body, plain) || len(body)-len(plain) > most) {
			t.Errorf("%x became %x", body, plain)
		}
	})
}
