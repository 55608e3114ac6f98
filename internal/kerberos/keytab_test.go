package kerberos

import (
	"testing"

	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"
)

// A key of another length than its type's is no use, and no harm beside one that is whole.
func TestKeysThatWereCut(t *testing.T) {
	tests := []struct {
		name string
		cut  int // of the two keys
		good bool
	}{{"none", 0, true}, {"the first", 1, true}, {"both", 2, false}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			keys, err := w.Keys("report")
			must(t, func() error { return err })
			for i := range tt.cut {
				keys[i].Key.Value = keys[i].Key.Value[:7]
			}
			w.write(string(krb5.AppendKeytab(nil, keys)))
			_, err = Login(t.Context(), w.opts)
			if tt.good {
				must(t, func() error { return err })
				return
			}
			checkFailure(t, err, KeytabFormat, "are damaged [a key of aes256-cts-hmac-sha1-96 with 7 bytes, not 32]")
		})
	}
	if err := Damaged(krb5.Key{Enctype: 16, Value: []byte("x")}); err != nil {
		t.Errorf("a type that is not ours: %v", err)
	}
}
