package krb5

import (
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

// Encrypt makes the encrypted part of a message with a key usage of RFC 4120
// section 7.5.1. A kvno of 0 is left out of the message.
func (k Key) Encrypt(plain []byte, usage uint32, kvno int) (types.EncryptedData, error) {
	if _, err := k.enctype(); err != nil {
		return types.EncryptedData{}, err
	}
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
	var plain []byte
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
	et, err := crypto.GetEtype(k.Enctype)
	if err != nil {
		return types.Checksum{}, err
	}
	sum, err := et.GetChecksumHash(k.Value, data, usage)
	if err != nil {
		return types.Checksum{}, errors.New("make a checksum: the cipher refused")
	}
	return types.Checksum{CksumType: e.checksum, Checksum: sum}, nil
}

// VerifyChecksum reports, in constant time, whether sum is the key's own checksum of data.
func (k Key) VerifyChecksum(data []byte, sum types.Checksum, usage uint32) bool {
	e, err := k.enctype()
	if err != nil || sum.CksumType != e.checksum {
		return false
	}
	et, err := crypto.GetEtype(k.Enctype)
	return err == nil && et.VerifyChecksum(k.Value, data, sum.Checksum, usage)
}
