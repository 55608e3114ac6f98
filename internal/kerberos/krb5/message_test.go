package krb5

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/crypto/etype"
	"github.com/jcmturner/gokrb5/v8/types"
)

func librarysType(tb testing.TB, id int32) etype.EType {
	tb.Helper()
	et, err := crypto.GetEtype(id)
	if err != nil {
		tb.Fatal(err)
	}
	return et
}

func TestMessagesAreThoseOfTheLibrary(t *testing.T) {
	for _, id := range SupportedEnctypes() {
		et := librarysType(t, id)
		key, err := NewKey(id, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range sizes[1:] {
			plain := bytes.Repeat([]byte{1, 2, 3}, size/3+1)[:size]
			ours, err := key.Encrypt(plain, 11, 0)
			if err != nil || ours.EType != id {
				t.Fatal(ours.EType, err)
			}
			if got, err := et.DecryptMessage(key.Value, ours.Cipher, 11); !bytes.HasPrefix(got, plain) || err != nil {
				t.Errorf("%d: the library reads %d bytes as %d, %v", id, size, len(got), err)
			}
			_, theirs, err := et.EncryptMessage(key.Value, plain, 11)
			if err != nil {
				t.Fatal(err)
			}
			before := bytes.Clone(theirs)
			if got, err := key.Decrypt(types.EncryptedData{EType: id, Cipher: theirs}, 11); !bytes.HasPrefix(got, plain) || err != nil {
				t.Errorf("%d: %d bytes of the library are read as %d, %v", id, size, len(got), err)
			}
			if !bytes.Equal(theirs, before) {
				t.Errorf("%d: reading changed the message", id)
			}
			sum, err := key.Checksum(plain, 6)
			if want, _ := et.GetChecksumHash(key.Value, plain, 6); !bytes.Equal(sum.Checksum, want) || err != nil {
				t.Errorf("%d: a checksum of %d bytes is %x, %v; want %x", id, size, sum.Checksum, err, want)
			}
		}
	}
}

func TestOneMessageIsNeverEncryptedAlike(t *testing.T) {
	for _, id := range SupportedEnctypes() {
		key := Key{id, make([]byte, enctypeOf(t, id).KeyBytes)}
		first, err := key.Encrypt([]byte("message"), 3, 0)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := key.Encrypt([]byte("message"), 3, 0); bytes.Equal(first.Cipher, second.Cipher) || err != nil {
			t.Errorf("%d: the same again, %v", id, err)
		}
		if _, err := key.Encrypt(nil, 3, 0); err == nil {
			t.Errorf("%d: an empty message was encrypted", id)
		}
	}
}

func enctypeOf(tb testing.TB, id int32) *Enctype {
	tb.Helper()
	e, ok := LookupEnctype(id)
	if !ok {
		tb.Fatal(id)
	}
	return e
}

func FuzzDecrypt(f *testing.F) {
	for _, id := range SupportedEnctypes() {
		sealed, err := Key{id, make([]byte, enctypeOf(f, id).KeyBytes)}.Encrypt([]byte("message"), 2, 0)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(id, sealed.Cipher)
		f.Add(id, sealed.Cipher[:17])
	}
	f.Fuzz(func(t *testing.T, id int32, cipher []byte) {
		e, ok := LookupEnctype(id)
		if !ok {
			return
		}
		key, data := Key{id, bytes.Repeat([]byte{1}, e.KeyBytes)}, types.EncryptedData{EType: id, Cipher: cipher}
		if plain, err := key.Decrypt(data, 2); !errors.Is(err, ErrDecrypt) {
			t.Errorf("a message made without the key was read: %x, %v", plain, err)
		}
	})
}
