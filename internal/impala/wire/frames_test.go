package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// mask is a security layer: a token is its plain text with every bit turned and a byte in front.
type mask struct{ chunk int }

var errMask = errors.New("damaged token")

func (m mask) Chunk() int { return m.chunk }
func (m mask) Wrap(dst, plain []byte) ([]byte, error) {
	dst = append(dst, 'm')
	for _, b := range plain {
		dst = append(dst, ^b)
	}
	return dst, nil
}
func (m mask) Unwrap(token []byte) ([]byte, error) {
	if token[0] != 'm' {
		return nil, errMask
	}
	for i := range token[1:] {
		token[i+1] = ^token[i+1]
	}
	return token[1:], nil
}

func TestFramesAreAStream(t *testing.T) {
	const text = "frames and messages have nothing to do with each other"
	tests := []struct {
		name  string
		data  string
		layer Layer
	}{
		{"one frame", "\x00\x00\x00\x36" + text, mask{}},
		{"empty frames", "\x00\x00\x00\x00\x00\x00\x00\x06" + text[:6] + "\x00\x00\x00\x00\x00\x00\x00\x30" + text[6:] + "\x00\x00\x00\x00", mask{}},
		{"a byte a frame", perByte(text), mask{}},
		{"sealed", sealed(text, 7), mask{7}},
		{"sealed, with empty frames", "\x00\x00\x00\x00" + sealed(text, 100), mask{100}},
	}
	for _, tt := range tests {
		for how, r := range map[string]io.Reader{"whole": strings.NewReader(tt.data), "byte by byte": iotest.OneByteReader(strings.NewReader(tt.data)), "with the end": iotest.DataErrReader(strings.NewReader(tt.data))} {
			got, err := io.ReadAll(NewFrames(stream{Reader: r}, tt.layer, 1<<10))
			if err != nil || string(got) != text {
				t.Errorf("%s, %s: %q, %v", tt.name, how, got, err)
			}
		}
	}
}

func perByte(text string) string {
	var b strings.Builder
	for i := range text {
		b.WriteString("\x00\x00\x00\x01" + text[i:i+1])
	}
	return b.String()
}

func sealed(text string, chunk int) string {
	var out bytes.Buffer
	NewFrames(stream{Writer: &out}, mask{chunk}, 1<<10).Write([]byte(text))
	return out.String()
}

func TestFramesAreCut(t *testing.T) {
	var out bytes.Buffer
	f := NewFrames(stream{Writer: &out}, mask{}, 1<<10)
	f.CutAt(3)
	if n, err := f.Write([]byte("abcdefg")); n != 7 || err != nil {
		t.Fatal(n, err)
	}
	if want := "\x00\x00\x00\x03abc\x00\x00\x00\x03def\x00\x00\x00\x01g"; out.String() != want {
		t.Errorf("got %q", out.String())
	}
	if got := sealed("abcdefgh", 5); got != "\x00\x00\x00\x06m"+"\x9e\x9d\x9c\x9b\x9a"+"\x00\x00\x00\x04m"+"\x99\x98\x97" {
		t.Errorf("sealed %q", got)
	}
}

func TestBadFramesAreRefused(t *testing.T) {
	tests := []struct {
		name  string
		data  string
		layer Layer
		want  error
	}{
		{"longer than the limit", "\x00\x00\x04\x01", mask{}, ErrFrame},
		{"a negative length", "\xff\xff\xff\xff", mask{}, ErrFrame},
		{"half a length", "\x00\x00", mask{}, io.ErrUnexpectedEOF},
		{"half a token", "\x00\x00\x00\x09m12", mask{5}, io.ErrUnexpectedEOF},
		{"a damaged token", "\x00\x00\x00\x02x1", mask{5}, errMask},
	}
	for _, tt := range tests {
		if _, err := io.ReadAll(NewFrames(stream{Reader: strings.NewReader(tt.data)}, tt.layer, 1<<10)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// A message that is cut anywhere is an error, framed or not, and never a shorter message.
func TestAMessageInFramesThatBreakOff(t *testing.T) {
	var out bytes.Buffer
	f := NewFrames(stream{Writer: &out}, mask{}, 1<<20)
	f.CutAt(16)
	if err := NewCodec(stream{Writer: f}, 0).WriteReply("FetchResults", 7, goldenBatch()); err != nil {
		t.Fatal(err)
	}
	whole := out.Bytes()
	for n := range len(whole) {
		var m FetchResultsResp
		err := NewCodec(NewFrames(stream{Reader: bytes.NewReader(whole[:n])}, mask{}, 1<<20), 0).ReadReply("FetchResults", 7, &m)
		if err == nil || n > 8 && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func TestNegotiation(t *testing.T) {
	golden := map[string][]byte{
		"\x01\x00\x00\x00\x06GSSAPI":           AppendNegotiation(nil, NegotiationStart, []byte("GSSAPI")),
		"\x02\x00\x00\x00\x00":                 AppendNegotiation(nil, NegotiationOK, nil),
		"\x05\x00\x00\x00\x00":                 AppendNegotiation(nil, NegotiationComplete, nil),
		"\x02\x00\x00\x00\x04\x00\x75\x00\x70": AppendNegotiation(nil, NegotiationOK, []byte("\x00u\x00p")),
	}
	for want, got := range golden {
		if string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
		status, payload, err := ReadNegotiation(iotest.OneByteReader(strings.NewReader(want)))
		if err != nil || byte(status) != want[0] || string(payload) != want[5:] {
			t.Errorf("%q reads as %d %q, %v", want, status, payload, err)
		}
	}
	for data, want := range map[string]error{"": io.EOF, "\x02\x00\x00": io.ErrUnexpectedEOF, "\x02\x00\x00\x00\x05ab": io.ErrUnexpectedEOF,
		"\x02\x7f\xff\xff\xff": ErrTooLarge, "\x15\x03\x03\x00\x02\x02\x28": ErrPeerSpeaksTLS, "HTTP/1.1 400": ErrPeerSpeaksHTTP} {
		if _, _, err := ReadNegotiation(strings.NewReader(data)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", data, err, want)
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x03abc\x00\x00\x00\x00"), 0)
	f.Add([]byte(sealed("text", 3)), 3)
	f.Fuzz(func(t *testing.T, data []byte, chunk int) {
		got, _ := io.ReadAll(NewFrames(stream{Reader: bytes.NewReader(data)}, mask{max(0, chunk)}, 1<<16))
		if len(got) > len(data) {
			t.Errorf("%d bytes came out of %d", len(got), len(data))
		}
	})
}
