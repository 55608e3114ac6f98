package krb5

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/types"
)

// Guard runs a parser on bytes of a peer. The messages package may panic on what it
// did not expect; that becomes an error, and its own errors, which can quote the
// input, are replaced.
func Guard(what string, parse func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("malformed %s", what)
		}
	}()
	if parse() != nil {
		return fmt.Errorf("malformed %s", what)
	}
	return nil
}

// Encrypt makes the encrypted part of a message, which is not empty, with a key usage of
// RFC 4120 section 7.5.1. A kvno of 0 is left out of the message.
func (k Key) Encrypt(plain []byte, usage uint32, kvno int) (types.EncryptedData, error) {
	e, err := k.enctype()
	switch {
	case err != nil:
		return types.EncryptedData{}, err
	case len(plain) == 0:
		return types.EncryptedData{}, errors.New("encrypt a message: it is empty")
	case e.Weak:
		return k.encryptRC4(plain, usage, kvno)
	}
	s, err := k.newSealer(usage, cipher.NewCBCEncrypter)
	if err != nil {
		return types.EncryptedData{}, err
	}
	body := make([]byte, e.confounder+len(plain), e.confounder+len(plain)+e.MACBytes)
	rand.Read(body[:e.confounder]) // it never fails
	copy(body[e.confounder:], plain)
	mac := s.seal(body)
	return types.EncryptedData{EType: k.Enctype, KVNO: kvno, Cipher: append(body, mac...)}, nil
}

func (k Key) encryptRC4(plain []byte, usage uint32, kvno int) (types.EncryptedData, error) {
	data, err := crypto.GetEncryptedData(plain, k.Wire(), usage, kvno)
	if err != nil {
		return types.EncryptedData{}, errors.New("encrypt a message: the cipher refused")
	}
	return data, nil
}

// Decrypt opens the encrypted part of a message. Whatever is wrong with it, the error
// is [ErrDecrypt] or says that the type is not supported.
func (k Key) Decrypt(data types.EncryptedData, usage uint32) ([]byte, error) {
	e, err := k.enctype()
	if err != nil {
		return nil, err
	}
	if data.EType != k.Enctype {
		return nil, fmt.Errorf("%w: message of %s, key of %s", ErrDecrypt, EnctypeName(data.EType), e.Name)
	}
	// No specification names a minimum for the plaintext, but no message of Kerberos is empty.
	if len(data.Cipher) <= e.confounder+e.MACBytes {
		return nil, ErrDecrypt
	}
	if e.Weak {
		return k.decryptRC4(data, usage)
	}
	s, err := k.newSealer(usage, cipher.NewCBCDecrypter)
	if err != nil {
		return nil, err
	}
	body := bytes.Clone(data.Cipher)
	body, mac := body[:len(body)-e.MACBytes], body[len(body)-e.MACBytes:]
	if !s.open(body, mac) {
		return nil, ErrDecrypt
	}
	return body[e.confounder:], nil
}

func (k Key) decryptRC4(data types.EncryptedData, usage uint32) (plain []byte, err error) {
	if Guard("message", func() (err error) {
		plain, err = crypto.DecryptEncPart(data, k.Wire(), usage)
		return err
	}) != nil {
		return nil, ErrDecrypt
	}
	return plain, nil
}

// Checksum is the keyed checksum of the key's own checksum type (RFC 3961 section 4).
func (k Key) Checksum(data []byte, usage uint32) (types.Checksum, error) {
	e, err := k.enctype()
	if err != nil {
		return types.Checksum{}, err
	}
	if e.Weak {
		sum, err := crypto.RC4HMAC{}.GetChecksumHash(k.Value, data, usage)
		if err != nil {
			return types.Checksum{}, errors.New("make a checksum: the cipher refused")
		}
		return types.Checksum{CksumType: e.checksum, Checksum: sum}, nil
	}
	mac, err := k.newMAC(usage, deriveChecksum)
	if err != nil {
		return types.Checksum{}, err
	}
	mac.Write(data)
	return types.Checksum{CksumType: e.checksum, Checksum: mac.Sum(nil)[:e.MACBytes]}, nil
}

// VerifyChecksum reports, in constant time, whether sum is the key's own checksum of data.
func (k Key) VerifyChecksum(data []byte, sum types.Checksum, usage uint32) bool {
	due, err := k.Checksum(data, usage)
	return err == nil && sum.CksumType == due.CksumType && hmac.Equal(due.Checksum, sum.Checksum)
}
