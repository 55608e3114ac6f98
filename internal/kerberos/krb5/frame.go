package krb5

import (
	"bytes"
	"fmt"
)

// The kinds of framed tokens (RFC 4121 section 4.1).
const (
	TokenAPReq = 0x0100
	TokenAPRep = 0x0200
	TokenError = 0x0300

	tokenMIC  = 0x0101 // RFC 1964 section 1.2, for RC4 alone
	tokenWrap = 0x0201
)

// mechanism is the DER of the object identifier 1.2.840.113554.1.2.2, Kerberos 5.
var mechanism = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02}

const initialContextTag = 0x60 // [APPLICATION 0], constructed

// FrameToken puts a context token into the frame of RFC 2743 section 3.1.
func FrameToken(kind int, body []byte) []byte {
	return append(appendFrame(make([]byte, 0, len(body)+maxFrame), kind, len(body)), body...)
}

// maxFrame is the most bytes that a frame takes.
const maxFrame = 1 + 5 + 11 + 2

// appendFrame appends what stands before a body of so many bytes.
func appendFrame(dst []byte, kind, bodyBytes int) []byte {
	dst = append(dst, initialContextTag)
	dst = appendLength(dst, len(mechanism)+2+bodyBytes)
	dst = append(dst, mechanism...)
	return append(dst, byte(kind>>8), byte(kind))
}

// appendLength appends a length of DER in its one right form (X.690 section 10.1).
func appendLength(dst []byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(dst, byte(n))
	case n < 0x100:
		return append(dst, 0x81, byte(n))
	case n < 0x10000:
		return append(dst, 0x82, byte(n>>8), byte(n))
	case n < 0x1000000:
		return append(dst, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(dst, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// ParseToken takes the frame off a context token. The body is a part of token.
func ParseToken(token []byte) (kind int, body []byte, err error) {
	if len(token) < 2 || token[0] != initialContextTag {
		return 0, nil, fmt.Errorf("%w: no GSSAPI frame", ErrToken)
	}
	rest, n := token[2:], int(token[1])
	if n >= 0x80 {
		digits := n - 0x80
		if digits < 1 || digits > 4 || len(rest) < digits {
			return 0, nil, fmt.Errorf("%w: bad length", ErrToken)
		}
		n = 0
		for _, b := range rest[:digits] {
			n = n<<8 | int(b)
		}
		rest = rest[digits:]
	}
	if n != len(rest) {
		return 0, nil, fmt.Errorf("%w: the frame says %d bytes, there are %d", ErrToken, n, len(rest))
	}
	body, ok := bytes.CutPrefix(rest, mechanism)
	if !ok {
		return 0, nil, fmt.Errorf("%w: not of the Kerberos mechanism", ErrToken)
	}
	if len(body) < 2 {
		return 0, nil, fmt.Errorf("%w: no token kind", ErrToken)
	}
	return int(body[0])<<8 | int(body[1]), body[2:], nil
}
