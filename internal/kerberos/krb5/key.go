package krb5

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/jcmturner/gokrb5/v8/types"
)

// Key is a secret with its encryption type. It prints type and length, never bytes.
type Key struct {
	Enctype int32 // assigned number (RFC 3961 section 8)
	Value   []byte
}

// NewKey makes a random key of the type from the source of randomness.
func NewKey(enctype int32, random io.Reader) (Key, error) {
	e, ok := LookupEnctype(enctype)
	if !ok {
		return Key{}, fmt.Errorf("no key can be made for %s", EnctypeName(enctype))
	}
	value := make([]byte, e.KeyBytes)
	if _, err := io.ReadFull(random, value); err != nil {
		return Key{}, fmt.Errorf("read random bytes: %w", err)
	}
	return Key{enctype, value}, nil
}

// FromWireKey takes a key out of a message, if this program knows the type and the
// length is that of the type.
func FromWireKey(k types.EncryptionKey) (Key, error) {
	key := Key{k.KeyType, k.KeyValue}
	_, err := key.enctype()
	return key, err
}

// Wire is the key as messages carry it. The bytes are shared.
func (k Key) Wire() types.EncryptionKey {
	return types.EncryptionKey{KeyType: k.Enctype, KeyValue: k.Value}
}

// Clear overwrites the secret.
func (k Key) Clear() { clear(k.Value) }

// Clone is a copy that outlives a Clear of the original.
func (k Key) Clone() Key { return Key{k.Enctype, append([]byte(nil), k.Value...)} }

func (k Key) enctype() (*Enctype, error) {
	e, ok := LookupEnctype(k.Enctype)
	if !ok {
		return nil, fmt.Errorf("encryption type %s is not supported", EnctypeName(k.Enctype))
	}
	if len(k.Value) != e.KeyBytes {
		return nil, fmt.Errorf("a key of %s with %d bytes, not %d", e.Name, len(k.Value), e.KeyBytes)
	}
	return e, nil
}

// Format prints type and length for every verb.
func (k Key) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "(secret %s, %d bytes)", EnctypeName(k.Enctype), len(k.Value))
}

// String prints type and length.
func (k Key) String() string { return fmt.Sprint(k) }

// MarshalJSON gives type and length.
func (k Key) MarshalJSON() ([]byte, error) { return json.Marshal(k.String()) }

// MarshalText gives type and length.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue gives type and length.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// GobEncode refuses: a key does not leave the process.
func (k Key) GobEncode() ([]byte, error) { return nil, errors.New("keys are not written") }
