package krb5

import (
	"crypto/cipher"
	"crypto/hmac"
	"hash"
)

// sealer encrypts, or decrypts, with the two keys of a usage: messages and the bodies of
// wrap tokens alike (RFC 3961 section 5.3, RFC 8009 section 5). It works in place, and has
// scratch space that a hash.Hash may keep a hold of, so that a token costs no allocation.
// It is for one direction, and for one goroutine.
type sealer struct {
	enctype *Enctype
	cbc     *stealer
	sealMAC hash.Hash // Ki
	zero    [cfxConfounder]byte
	sum     [64]byte
}

func (k Key) newSealer(usage uint32, mode func(cipher.Block, []byte) cipher.BlockMode) (sealer, error) {
	e, err := k.enctype()
	if err != nil {
		return sealer{}, err
	}
	encryption, err := k.derive(usage, deriveEncryption)
	if err != nil {
		return sealer{}, err
	}
	defer clear(encryption)
	cbc, err := newStealer(encryption, mode)
	if err != nil {
		return sealer{}, err
	}
	mac, err := k.newMAC(usage, deriveIntegrity)
	return sealer{enctype: e, cbc: cbc, sealMAC: mac}, err
}

// newMAC is the HMAC with a derived key. It is longer than a checksum, which is cut.
func (k Key) newMAC(usage uint32, purpose byte) (hash.Hash, error) {
	e, err := k.enctype()
	if err != nil {
		return nil, err
	}
	key, err := k.derive(usage, purpose)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return hmac.New(e.hash, key), nil
}

// mac is over the plaintext or (RFC 8009) the zero cipher state and the ciphertext, with
// the confounder. It is valid until the next call.
func (s *sealer) mac(body []byte) []byte {
	s.sealMAC.Reset()
	if s.enctype.macCiphertext {
		s.sealMAC.Write(s.zero[:])
	}
	s.sealMAC.Write(body)
	return s.sealMAC.Sum(s.sum[:0])[:s.enctype.MACBytes]
}

// seal encrypts confounder and plaintext in place, more than one block together, and
// returns the MAC to put behind them. It is valid until the next call.
func (s *sealer) seal(body []byte) []byte {
	if s.enctype.macCiphertext {
		s.cbc.encrypt(body)
		return s.mac(body)
	}
	mac := s.mac(body)
	s.cbc.encrypt(body)
	return mac
}

// open undoes seal and reports whether the MAC was right. If not, body holds no plaintext.
func (s *sealer) open(body, mac []byte) bool {
	if s.enctype.macCiphertext {
		if !hmac.Equal(s.mac(body), mac) {
			return false
		}
		s.cbc.decrypt(body)
		return true
	}
	s.cbc.decrypt(body)
	if !hmac.Equal(s.mac(body), mac) {
		clear(body)
		return false
	}
	return true
}
