package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Negotiation is the status byte of a message of Thrift's SASL login (thrift-sasl-spec.txt).
type Negotiation byte

// The statuses of a login.
const (
	NegotiationStart    Negotiation = 1 // payload: the name of the mechanism
	NegotiationOK       Negotiation = 2
	NegotiationBad      Negotiation = 3
	NegotiationError    Negotiation = 4
	NegotiationComplete Negotiation = 5
)

// maxNegotiation bounds a token of a login.
const maxNegotiation = 64 << 10

// Peers that speak something else than what was begun with on this port.
var (
	ErrPeerSpeaksTLS    = errors.New("the peer answers in TLS")
	ErrPeerSpeaksHTTP   = errors.New("the peer answers in HTTP")
	ErrPeerSpeaksSASL   = errors.New("the peer answers in SASL")
	ErrPeerSpeaksThrift = errors.New("the peer answers in bare Thrift")
)

// PeerSpeaks tells by the first bytes of an answer, four or more, which of the protocols on
// a coordinator's ports it is in; nil when it is in none of them.
func PeerSpeaks(head []byte) error {
	switch {
	case len(head) < 4:
		return nil
	case (head[0] == 0x15 || head[0] == 0x16) && head[1] == 3: // a TLS alert or handshake record (RFC 8446 section 5.1)
		return ErrPeerSpeaksTLS
	case string(head[:4]) == "HTTP":
		return ErrPeerSpeaksHTTP
	case head[0] == 0x80 && head[1] == 1: // a strict message of version 1
		return ErrPeerSpeaksThrift
	case head[0] >= byte(NegotiationStart) && head[0] <= byte(NegotiationComplete) && head[1] == 0 && head[2] <= maxNegotiation>>16:
		return ErrPeerSpeaksSASL
	}
	return nil
}

// AppendNegotiation appends one message of a login: status, length, payload.
func AppendNegotiation(dst []byte, status Negotiation, payload []byte) []byte {
	dst = append(dst, byte(status))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(payload)))
	return append(dst, payload...)
}

// ReadNegotiation reads one message of a login. Head and payload may come apart.
func ReadNegotiation(r io.Reader) (Negotiation, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	if other := PeerSpeaks(head[:]); other != nil && !errors.Is(other, ErrPeerSpeaksSASL) {
		return 0, nil, other
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxNegotiation {
		return 0, nil, fmt.Errorf("%w: %d bytes in the login, the limit is %d", ErrTooLarge, n, maxNegotiation)
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, err
	}
	return Negotiation(head[0]), payload, nil
}
