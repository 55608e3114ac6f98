package krb5

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// stealer is AES in CBC mode with ciphertext stealing as RFC 3962 section 5 has it: the
// cipher state is zero and the last two blocks are always swapped, also when the length
// is a multiple of the block. It works in place and keeps its scratch space, so that a
// message costs no allocation. It is for one direction, and for one goroutine.
type stealer struct {
	block cipher.Block
	mode  cipher.BlockMode
	make  func(cipher.Block, []byte) cipher.BlockMode
	zero  [aes.BlockSize]byte
	last  [aes.BlockSize]byte
	prior [aes.BlockSize]byte
}

func newStealer(key []byte, mode func(cipher.Block, []byte) cipher.BlockMode) (*stealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	s := &stealer{block: block, make: mode}
	s.mode = mode(block, s.zero[:])
	return s, nil
}

// restart sets the cipher state to zero. The standard library's CBC mode can be reset;
// one that could not would be made anew.
func (s *stealer) restart() {
	if r, ok := s.mode.(interface{ SetIV(iv []byte) }); ok {
		r.SetIV(s.zero[:])
		return
	}
	s.mode = s.make(s.block, s.zero[:])
}

// encrypt works on b in place; b has more than one block, which the caller knows from
// the confounder in front of every message.
func (s *stealer) encrypt(b []byte) {
	s.restart()
	tail := len(b) % aes.BlockSize
	full := len(b) - tail
	s.mode.CryptBlocks(b[:full], b[:full])
	if tail == 0 {
		copy(s.last[:], b[full-aes.BlockSize:])
		copy(b[full-aes.BlockSize:], b[full-2*aes.BlockSize:full-aes.BlockSize])
		copy(b[full-2*aes.BlockSize:], s.last[:])
		return
	}
	stolen := b[full-aes.BlockSize : full]
	clear(s.last[:])
	copy(s.last[:], b[full:])
	subtle.XORBytes(s.last[:], s.last[:], stolen)
	s.block.Encrypt(s.last[:], s.last[:])
	copy(b[full:], stolen[:tail])
	copy(stolen, s.last[:])
}

// decrypt undoes encrypt, also in place and for more than one block.
func (s *stealer) decrypt(b []byte) {
	tail := len(b) % aes.BlockSize
	if tail == 0 {
		tail = aes.BlockSize
	}
	head := len(b) - tail - aes.BlockSize
	clear(s.prior[:])
	if head > 0 {
		copy(s.prior[:], b[head-aes.BlockSize:head])
		s.restart()
		s.mode.CryptBlocks(b[:head], b[:head])
	}
	middle, end := b[head:head+aes.BlockSize], b[head+aes.BlockSize:]
	s.block.Decrypt(middle, middle) // last plain block, padded with zeros, xor its predecessor
	copy(s.last[:], middle)
	copy(s.last[:], end) // the predecessor whole: its tail was stolen by the last block
	subtle.XORBytes(end, end, middle[:tail])
	s.block.Decrypt(middle, s.last[:])
	subtle.XORBytes(middle, middle, s.prior[:])
}
