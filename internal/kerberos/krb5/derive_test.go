package krb5

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/jcmturner/gokrb5/v8/crypto/rfc3961"
)

func TestDerivedKeys(t *testing.T) {
	key18 := unhex(t, "a50c006355ef1977d8b6e8de0206a0ecfb24daa3b270ddd281b7cfe8fc677d3b")
	key20 := unhex(t, "3321b10d8175387853f172e5446f2ec3bde7b24739c68c78754ba5820ebddf9e")
	rfc19 := unhex(t, "3705d96080c17728a0e800eab6e0d23c")
	rfc20 := unhex(t, "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52")
	tests := []struct {
		name    string
		key     Key
		usage   uint32
		purpose byte
		want    string
	}{
		{"18 Ke acceptor", Key{18, key18}, 22, deriveEncryption, "0c1c02bc03c00c66bf3a704748792a5de483ad07bd0e1d7d28f510dbcdd3df2b"},
		{"18 Ki initiator", Key{18, key18}, 24, deriveIntegrity, "9cc4db82d3011f9481f5a7778a0063657957e0f48c50cf04bd36a14d3f0b42b8"},
		{"18 Kc initiator", Key{18, key18}, 24, deriveChecksum, "2986aa32283eee9d5c2a4a6c233448e049e252ee4e4fd3ea34c8e238c912d5d0"},
		{"20 Ke acceptor", Key{20, key20}, 22, deriveEncryption, "81f1367be4c2c013c9f4ab119270c396150381a60c1d561f38a35b22784d66ae"},
		{"20 Ki acceptor", Key{20, key20}, 22, deriveIntegrity, "86197c21eaa6d147c48c1404d715534c624c81974d368d35"},
		{"20 Kc initiator", Key{20, key20}, 24, deriveChecksum, "3020a3ad7412bf44a1799b55545bcc0704f12f1612696c46"},
		{"19 Ke of usage 2 (RFC 8009 appendix A)", Key{19, rfc19}, 2, deriveEncryption, "9b197dd1e8c5609d6e67c3e37c62c72e"},
		{"19 Ki of usage 2", Key{19, rfc19}, 2, deriveIntegrity, "9fda0e56ab2d85e1569a688696c26a6c"},
		{"19 Kc of usage 2", Key{19, rfc19}, 2, deriveChecksum, "b31a018a48f54776f403e9a396325dc3"},
		{"20 Ke of usage 2", Key{20, rfc20}, 2, deriveEncryption, "56ab22bee63d82d7bc5227f6773f8ea7a5eb1c825160c38312980c442e5c7e49"},
		{"20 Ki of usage 2", Key{20, rfc20}, 2, deriveIntegrity, "69b16514e3cd8e56b82010d5c73012b622c4d00ffc23ed1f"},
		{"20 Kc of usage 2", Key{20, rfc20}, 2, deriveChecksum, "ef5718be86cc84963d8bbb5031e9f5c4ba41f28faf69e73d"},
	}
	for _, tt := range tests {
		got, err := tt.key.derive(tt.usage, tt.purpose)
		if hex.EncodeToString(got) != tt.want || err != nil {
			t.Errorf("%s: got %x, %v", tt.name, got, err)
		}
	}
	if _, err := (Key{18, key18[1:]}).derive(22, deriveChecksum); err == nil {
		t.Error("a key was derived from one that is too short")
	}
}

func TestFold(t *testing.T) {
	tests := []struct{ name, label, want string }{
		{"a label of half a block (RFC 3961 appendix A.1)", "kerberos", "6b65726265726f737b9b5b2b93132b93"},
		{"nothing but zeros", "\x00\x00\x00\x00\x00", "00000000000000000000000000000000"},
		{"nothing but ones, a zero in ones' complement", "\xff\xff\xff\xff\xff", "ffffffffffffffffffffffffffffffff"},
	}
	for _, tt := range tests {
		if got := fold([]byte(tt.label)); hex.EncodeToString(got[:]) != tt.want {
			t.Errorf("%s: got %x", tt.name, got)
		}
	}
	label := []byte("\x80\xff\xff\xfe\x01\x55\xaa\x99")
	for n := 1; n <= len(label); n++ {
		got := fold(label[:n])
		if want := rfc3961.Nfold(label[:n], 128); !bytes.Equal(got[:], want) {
			t.Errorf("%d bytes: got %x, want %x", n, got, want)
		}
	}
}

func FuzzDerive(f *testing.F) {
	f.Add(uint32(24), byte(deriveIntegrity), []byte("key"))
	f.Add(^uint32(0), byte(deriveEncryption), make([]byte, 32))
	f.Fuzz(func(t *testing.T, usage uint32, purpose byte, seed []byte) {
		label := []byte{byte(usage >> 24), byte(usage >> 16), byte(usage >> 8), byte(usage), purpose}
		for _, e := range enctypes {
			if e.Weak || purpose == 's' { // which the library takes for the last letter of "kerberos"
				continue
			}
			base := make([]byte, e.KeyBytes)
			copy(base, seed)
			want, err := librarysType(t, e.ID).DeriveKey(base, label)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := (Key{e.ID, base}).derive(usage, purpose); !bytes.Equal(got, want) || err != nil {
				t.Errorf("%s: got %x, %v; want %x", e.Name, got, err, want)
			}
		}
	})
}

func BenchmarkDerive(b *testing.B) {
	for _, e := range enctypes {
		if e.Weak {
			continue
		}
		b.Run(e.Name, func(b *testing.B) {
			key := Key{e.ID, make([]byte, e.KeyBytes)}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := key.derive(usageInitiatorSeal, deriveIntegrity); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
