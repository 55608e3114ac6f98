package krb5

import (
	"bytes"
	"testing"
)

func TestFramesOfAllLengths(t *testing.T) {
	for _, n := range []int{0, 1, 100, 113, 114, 115, 200, 241, 242, 243, 244, 65521, 65522, 65523, 100000} {
		body := bytes.Repeat([]byte{byte(n)}, n)
		kind, got, err := ParseToken(FrameToken(TokenAPRep, body))
		if kind != TokenAPRep || !bytes.Equal(got, body) || err != nil {
			t.Errorf("%d bytes: got kind %04x, %d bytes, %v", n, kind, len(got), err)
		}
	}
}

func TestParseTokenRefuses(t *testing.T) {
	good := FrameToken(TokenAPReq, []byte("body"))
	tests := []struct {
		name  string
		token []byte
	}{
		{"nothing", nil},
		{"one byte", good[:1]},
		{"another tag", append([]byte{0x61}, good[1:]...)},
		{"a byte too many", append(bytes.Clone(good), 0)},
		{"a byte too few", good[:len(good)-1]},
		{"an indefinite length", append([]byte{0x60, 0x80}, good[2:]...)},
		{"a length of five bytes", append([]byte{0x60, 0x85, 0, 0, 0, 0, byte(len(good) - 2)}, good[2:]...)},
		{"a length that is cut", []byte{0x60, 0x84, 0}},
		{"another mechanism", bytes.Replace(good, []byte{0x86, 0x48}, []byte{0x86, 0x49}, 1)},
		{"no kind", FrameToken(0, nil)[:13]},
	}
	for _, tt := range tests {
		if _, _, err := ParseToken(tt.token); err == nil {
			t.Errorf("%s was taken", tt.name)
		}
	}
	if _, body, err := ParseToken(append([]byte{0x60, 0x82, 0, byte(len(good) - 2)}, good[2:]...)); string(body) != "body" || err != nil {
		t.Errorf("a length with leading zeros: %q, %v", body, err)
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(FrameToken(TokenAPReq, []byte("body")))
	f.Add([]byte{0x60, 0x84, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, token []byte) {
		kind, body, err := ParseToken(token)
		if err != nil {
			return
		}
		again, same, err := ParseToken(FrameToken(kind, body))
		if again != kind || !bytes.Equal(same, body) || err != nil {
			t.Errorf("kind %04x became %04x, %v", kind, again, err)
		}
	})
}
