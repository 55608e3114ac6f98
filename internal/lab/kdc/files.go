package kdc

import (
	"fmt"
	"io"

	"qosreport/internal/atomicfile"
	"qosreport/internal/kerberos/krb5"
)

// WriteKeytab writes the present keys of principals to a keytab file, which appears at
// once and whole, readable by its owner alone.
func (k *KDC) WriteKeytab(path string, names ...string) error {
	entries, err := k.Keys(names...)
	if err != nil {
		return fmt.Errorf("write keytab %s: %w", path, err)
	}
	data := krb5.AppendKeytab(nil, entries)
	defer clear(data)
	for _, e := range entries {
		e.Key.Clear()
	}
	return atomicfile.Write(path, 0o600, func(w io.Writer) error { _, err := w.Write(data); return err })
}
