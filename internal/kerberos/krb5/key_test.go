package krb5

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/types"
)

func TestKeysDoNotPrint(t *testing.T) {
	key := Key{18, []byte("secretsecretsecretsecretsecretse")}
	holder := struct {
		K Key
		P *Key
	}{key, &key}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb, key, &key, holder)
	}
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "key", key, "holder", holder)
	text, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	hidden := []string{"secret" + "secret", fmt.Sprintf("%x", "secret"), "115 101", "c2VjcmV0"}
	for _, s := range hidden {
		if strings.Contains(out.String(), s) {
			t.Errorf("%q shows in %s", s, out.String())
		}
	}
	if _, err := key.GobEncode(); err == nil {
		t.Error("a key was written")
	}
}

func TestMessagesOpenWithTheirKeyAlone(t *testing.T) {
	for _, id := range SupportedEnctypes() {
		key, err := NewKey(id, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		sealed, err := key.Encrypt([]byte("message"), 7, 2)
		if err != nil || sealed.KVNO != 2 {
			t.Fatal(err)
		}
		if plain, err := key.Decrypt(sealed, 7); err != nil || !bytes.HasPrefix(plain, []byte("message")) {
			t.Errorf("%d: got %q, %v", id, plain, err)
		}
		other := key.Clone()
		other.Value[3] ^= 1
		for n := range sealed.Cipher {
			cut := types.EncryptedData{EType: id, Cipher: sealed.Cipher[:n]}
			if _, err := key.Decrypt(cut, 7); !errors.Is(err, ErrDecrypt) {
				t.Fatalf("%d: %d bytes: %v", id, n, err)
			}
		}
		tests := []struct {
			name  string
			key   Key
			usage uint32
			etype int32
		}{{"another key", other, 7, id}, {"another usage", key, 8, id}, {"another type", key, 7, id + 100}}
		for _, tt := range tests {
			changed := sealed
			changed.EType = tt.etype
			if _, err := tt.key.Decrypt(changed, tt.usage); !errors.Is(err, ErrDecrypt) {
				t.Errorf("%d: %s: %v", id, tt.name, err)
			}
		}
	}
}

func TestChecksumsVerify(t *testing.T) {
	for _, id := range SupportedEnctypes() {
		key, err := NewKey(id, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := key.Checksum([]byte("body"), 6)
		if err != nil {
			t.Fatal(err)
		}
		if !key.VerifyChecksum([]byte("body"), sum, 6) {
			t.Errorf("%d: a checksum does not verify", id)
		}
		if key.VerifyChecksum([]byte("bodY"), sum, 6) || key.VerifyChecksum([]byte("body"), sum, 7) {
			t.Errorf("%d: a wrong checksum verifies", id)
		}
		sum.CksumType++
		if key.VerifyChecksum([]byte("body"), sum, 6) {
			t.Errorf("%d: a checksum of another type verifies", id)
		}
	}
}

func TestKeysOfTheWrongLengthAreRefused(t *testing.T) {
	for _, k := range []Key{{18, make([]byte, 16)}, {17, nil}, {20, make([]byte, 24)}, {23, make([]byte, 15)}, {16, make([]byte, 24)}, {99, make([]byte, 32)}} {
		if _, err := FromWireKey(k.Wire()); err == nil {
			t.Errorf("%v was taken", k)
		}
		if _, err := NewWrapper(Stream{Key: k}, rand.Reader); err == nil {
			t.Errorf("%v made a context", k)
		}
		if _, err := k.Encrypt([]byte("x"), 1, 0); err == nil {
			t.Errorf("%v encrypts", k)
		}
	}
}

func TestGuardHidesPanicsAndTexts(t *testing.T) {
	tests := []struct {
		name  string
		parse func() error
		want  string
	}{
		{"a parser that is content", func() error { return nil }, ""},
		{"a parser that quotes its input", func() error { return errors.New("secret") }, "malformed thing"},
		{"a parser that panics", func() error { panic("secret") }, "malformed thing"},
	}
	for _, tt := range tests {
		got := ""
		if err := Guard("thing", tt.parse); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got %q", tt.name, got)
		}
	}
}
