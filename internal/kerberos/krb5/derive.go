package krb5

import (
	"crypto/aes"
	"crypto/hmac"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// The three keys that RFC 3961 section 5.3 derives for one usage.
const (
	deriveEncryption = 0xaa
	deriveIntegrity  = 0x55
	deriveChecksum   = 0x99
)

// derive makes the key of a purpose for a usage number from a base key of AES.
func (k Key) derive(usage uint32, purpose byte) ([]byte, error) {
	e, err := k.enctype()
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	size := e.KeyBytes
	if e.macCiphertext && purpose != deriveEncryption {
		size = e.MACBytes // RFC 8009 section 5: keys of MACs are as long as MACs
	}
	label := [5]byte{4: purpose}
	binary.BigEndian.PutUint32(label[:], usage)
	return e.derive(k.Value, label[:], size)
}

// derive makes so many bytes of key from a base key of AES and a label of at most 8 bytes.
func (e *Enctype) derive(base, label []byte, size int) ([]byte, error) {
	if e.macCiphertext {
		return e.deriveByMAC(base, label, size), nil
	}
	return deriveByCipher(base, label, size)
}

// deriveByMAC is KDF-HMAC-SHA2 of RFC 8009 section 3, without a context.
func (e *Enctype) deriveByMAC(base, label []byte, size int) []byte {
	mac := hmac.New(e.hash, base)
	mac.Write([]byte{0, 0, 0, 1})
	mac.Write(label)
	mac.Write(binary.BigEndian.AppendUint32([]byte{0}, uint32(8*size)))
	return mac.Sum(nil)[:size]
}

// deriveByCipher is DK of RFC 3961 section 5.1: the folded label, enciphered again and
// again. Both keys of AES are a multiple of its block.
func deriveByCipher(base, label []byte, size int) ([]byte, error) {
	block, err := aes.NewCipher(base)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	key := make([]byte, size)
	last := fold(label)
	for at := 0; at < size; at += aes.BlockSize {
		block.Encrypt(last[:], last[:])
		copy(key[at:], last[:])
	}
	return key, nil
}

// fold is n-fold of RFC 3961 section 5.1 for 128 bits: copies of the label, each one
// turned right by 13 bits more than the one before, are laid end to end until they fill
// whole blocks, and the blocks are added in ones' complement. The label has 1 to 8 bytes.
func fold(label []byte) [aes.BlockSize]byte {
	var word uint64
	for _, b := range label {
		word = word<<8 | uint64(b)
	}
	width := 8 * len(label)
	var sum, block [aes.BlockSize]byte
	filled := 0
	for copied := 0; copied == 0 || filled != 0; copied++ {
		turned := turnRight(word, width, 13*copied%width)
		for at := width - 8; at >= 0; at -= 8 {
			block[filled] = byte(turned >> at)
			if filled = (filled + 1) % aes.BlockSize; filled == 0 {
				sum = addOnes(sum, block)
			}
		}
	}
	return sum
}

// turnRight turns the low bits of a word, as many as width says, by less than width.
func turnRight(word uint64, width, by int) uint64 {
	return (word>>by | word<<(width-by)) & (1<<width - 1)
}

// addOnes adds in ones' complement: what is carried out at the top comes in at the bottom.
func addOnes(a, b [aes.BlockSize]byte) (sum [aes.BlockSize]byte) {
	low, carry := bits.Add64(binary.BigEndian.Uint64(a[8:]), binary.BigEndian.Uint64(b[8:]), 0)
	high, carry := bits.Add64(binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(b[:]), carry)
	low, carry = bits.Add64(low, 0, carry)
	high += carry // two numbers of 128 bits carry once
	binary.BigEndian.PutUint64(sum[:], high)
	binary.BigEndian.PutUint64(sum[8:], low)
	return sum
}
