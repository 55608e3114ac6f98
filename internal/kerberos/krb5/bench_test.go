package krb5

import (
	"fmt"
	"testing"
)

var benchSizes = []int{64, 4096, 65536}

func BenchmarkWrap(b *testing.B) {
	for _, id := range SupportedEnctypes() {
		for _, sealed := range []bool{true, false} {
			for _, size := range benchSizes {
				b.Run(fmt.Sprintf("%s/sealed=%v/%d", EnctypeName(id), sealed, size), func(b *testing.B) {
					w, _ := pair(b, id, false)
					message := make([]byte, size)
					token := make([]byte, 0, size+w.Overhead(sealed))
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						if _, err := w.Wrap(token, message, sealed); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

func BenchmarkUnwrap(b *testing.B) {
	for _, id := range SupportedEnctypes() {
		for _, sealed := range []bool{true, false} {
			for _, size := range benchSizes {
				b.Run(fmt.Sprintf("%s/sealed=%v/%d", EnctypeName(id), sealed, size), func(b *testing.B) {
					w, u := pair(b, id, true)
					token, err := w.Wrap(nil, make([]byte, size), sealed)
					if err != nil {
						b.Fatal(err)
					}
					work := make([]byte, len(token))
					first := u.next
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						u.next = first
						copy(work, token)
						if _, _, err := u.Unwrap(work); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

// BenchmarkPrimitives is the same work with the functions of the messages' library, to
// compare with in one run.
func BenchmarkPrimitives(b *testing.B) {
	for _, id := range SupportedEnctypes() {
		key, et := make([]byte, enctypeOf(b, id).KeyBytes), librarysType(b, id)
		for _, size := range benchSizes {
			message := make([]byte, size+headerBytes) // what is sealed with AES
			_, sealed, err := et.EncryptMessage(key, message, usageInitiatorSeal)
			if err != nil {
				b.Fatal(err)
			}
			run := func(name string, work func() error) {
				b.Run(fmt.Sprintf("%s/%s/%d", EnctypeName(id), name, size), func(b *testing.B) {
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						if err := work(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			run("encrypt", func() error { _, _, err := et.EncryptMessage(key, message, usageInitiatorSeal); return err })
			run("decrypt", func() error { _, err := et.DecryptMessage(key, sealed, usageInitiatorSeal); return err })
			run("checksum", func() error { _, err := et.GetChecksumHash(key, message, usageInitiatorSeal); return err })
		}
	}
}
