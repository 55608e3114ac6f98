package krb5

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"slices"

	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

// Enctype is an encryption type of which this program has everything: messages and wrap
// tokens. Those of AES are CBC mode with ciphertext stealing and an HMAC; rc4-hmac is what
// is left of Windows 2000.
type Enctype struct {
	ID       int32
	Name     string // as in krb5.conf
	KeyBytes int    // long-term, session and context keys
	MACBytes int    // of the HMAC in a message; RC4's wrap tokens have 8 bytes of it
	Weak     bool   // deprecated (RFC 8429): only for what has nothing better

	checksum   int32 // the type's own checksum type (RFC 3961 section 4)
	confounder int   // bytes in front of every plaintext
	family     string
	hash       func() hash.Hash
	// macCiphertext tells RFC 8009, whose MAC is over the cipher state and the
	// ciphertext, from RFC 3962, whose MAC is over the plaintext.
	macCiphertext bool
}

// enctypes is in the order of preference. AES-SHA1 goes first because every KDC and
// every service has it; the KDC picks from our list by the service's keys.
var enctypes = [...]Enctype{
	{ID: etypeID.AES256_CTS_HMAC_SHA1_96, Name: "aes256-cts-hmac-sha1-96", KeyBytes: 32, MACBytes: 12, checksum: 16, confounder: 16, family: "aes256", hash: sha1.New},
	{ID: etypeID.AES128_CTS_HMAC_SHA1_96, Name: "aes128-cts-hmac-sha1-96", KeyBytes: 16, MACBytes: 12, checksum: 15, confounder: 16, family: "aes128", hash: sha1.New},
	{ID: etypeID.AES256_CTS_HMAC_SHA384_192, Name: "aes256-cts-hmac-sha384-192", KeyBytes: 32, MACBytes: 24, checksum: 20, confounder: 16, family: "aes256", hash: sha512.New384, macCiphertext: true},
	{ID: etypeID.AES128_CTS_HMAC_SHA256_128, Name: "aes128-cts-hmac-sha256-128", KeyBytes: 16, MACBytes: 16, checksum: 19, confounder: 16, family: "aes128", hash: sha256.New, macCiphertext: true},
	{ID: etypeID.RC4_HMAC, Name: "rc4-hmac", KeyBytes: 16, MACBytes: 16, Weak: true, checksum: chksumtype.KERB_CHECKSUM_HMAC_MD5, confounder: 8, family: "rc4", hash: md5.New},
}

// LookupEnctype finds an encryption type by its number.
func LookupEnctype(id int32) (*Enctype, bool) {
	i := slices.IndexFunc(enctypes[:], func(e Enctype) bool { return e.ID == id })
	if i < 0 {
		return nil, false
	}
	return &enctypes[i], true
}

// SupportedEnctypes are the numbers of all types, the preferred first.
func SupportedEnctypes() []int32 {
	ids := make([]int32, len(enctypes))
	for i, e := range enctypes {
		ids[i] = e.ID
	}
	return ids
}

// EnctypeFamily are the numbers of a family of krb5.conf ("aes", "aes256", "aes128",
// "rc4"), the preferred first; none for a family of which this program has no member.
func EnctypeFamily(name string) []int32 {
	var ids []int32
	for _, e := range enctypes {
		if name == e.family || name == "aes" && !e.Weak {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// EnctypeName is the name of a type for people, also of one that is not supported.
func EnctypeName(id int32) string {
	if e, ok := LookupEnctype(id); ok {
		return e.Name
	}
	switch id {
	case etypeID.DES3_CBC_SHA1_KD:
		return "des3-cbc-sha1"
	case etypeID.CAMELLIA128_CTS_CMAC:
		return "camellia128-cts-cmac"
	case etypeID.CAMELLIA256_CTS_CMAC:
		return "camellia256-cts-cmac"
	}
	return fmt.Sprintf("enctype %d", id)
}
