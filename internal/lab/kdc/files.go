package kdc

import (
	"fmt"
	"os"
	"path/filepath"

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
	return writeFile(path, data)
}

// writeFile makes a file of mode 0600 under a temporary name and renames it.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
