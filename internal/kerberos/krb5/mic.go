package krb5

import (
	"crypto/hmac"
	"encoding/binary"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

// MIC is the token that signs a message without holding it (RFC 4121 section 4.2.6.1,
// RFC 4757 section 7.2), with the stream's first number.
func (s Stream) MIC(message []byte) ([]byte, error) {
	if s.Key.Enctype == etypeID.RC4_HMAC {
		return s.rc4MIC(message)
	}
	et, err := s.Key.enctype()
	if err != nil {
		return nil, err
	}
	usage := uint32(usageInitiatorSign)
	if s.FromAcceptor {
		usage = usageAcceptorSign
	}
	mac, err := s.Key.newMAC(usage, deriveChecksum)
	if err != nil {
		return nil, err
	}
	token := []byte{0x04, 0x04, s.flags(), 0xff, 0xff, 0xff, 0xff, 0xff}
	token = binary.BigEndian.AppendUint64(token, s.Sequence)
	mac.Write(message)
	mac.Write(token)
	return append(token, mac.Sum(nil)[:et.MACBytes]...), nil
}

func (s Stream) rc4MIC(message []byte) ([]byte, error) {
	f, err := newRC4Form(s)
	if err != nil {
		return nil, err
	}
	token := appendFrame(nil, tokenMIC, len(rc4Signed)+rc4Number+rc4Sum)
	token = append(token, rc4Signed[:]...)
	sum := f.checksum(rc4MICSalt, tokenMIC, rc4Signed, message)
	number := make([]byte, rc4Number)
	f.setNumber(uint32(s.Sequence))
	f.encipherNumber(number, sum)
	token = append(token, number...)
	return append(token, sum...), nil
}

// VerifyMIC reports whether a token signs a message with the stream's first number. There
// is nothing random in one, so that it has to be the same, which takes constant time.
func (s Stream) VerifyMIC(message, token []byte) bool {
	due, err := s.MIC(message)
	return err == nil && hmac.Equal(due, token)
}
