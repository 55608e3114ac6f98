package krb5

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"unicode/utf16"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

const rc4KeyBytes = 16

// RC4Key is the key of a password for rc4-hmac (RFC 4757 section 2): the MD4 hash of its
// letters in UTF-16, little-endian. There is no salt: one password makes one key in every
// realm.
func RC4Key(password string) Key {
	var letters []byte
	for _, unit := range utf16.Encode([]rune(password)) {
		letters = binary.LittleEndian.AppendUint16(letters, unit)
	}
	defer clear(letters)
	// What the library calls random-to-key is MD4; its string-to-key is right for ASCII alone.
	return Key{etypeID.RC4_HMAC, crypto.RC4HMAC{}.RandomToKey(letters)}
}

// keystream is the RC4 cipher. The standard library's takes a new kilobyte for each key,
// and a wrap token has two; this one is keyed again in place.
type keystream struct {
	s    [256]uint32 // faster than bytes, as a part of a register is not written alone
	i, j uint8
}

func (k *keystream) restart(key *[rc4KeyBytes]byte) {
	k.i, k.j = 0, 0
	for i := range k.s {
		k.s[i] = uint32(i)
	}
	var j uint8
	for i := range k.s {
		x := k.s[i]
		j += uint8(x) + key[i%rc4KeyBytes]
		k.s[i], k.s[j] = k.s[j], x
	}
}

// xor enciphers and deciphers b in place.
func (k *keystream) xor(b []byte) {
	i, j := k.i, k.j
	for n, c := range b {
		i++
		x := k.s[i]
		j += uint8(x)
		y := k.s[j]
		k.s[i], k.s[j] = y, x
		b[n] = c ^ uint8(k.s[uint8(x+y)])
	}
	k.i, k.j = i, j
}

// hmacMD5 is for the keys that last as long as a context.
func hmacMD5(key, data []byte) []byte {
	mac := hmac.New(md5.New, key)
	mac.Write(data)
	return mac.Sum(nil)
}
