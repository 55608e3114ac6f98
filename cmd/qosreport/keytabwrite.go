package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"qosreport/internal/atomicfile"
	"qosreport/internal/fault"
	"qosreport/internal/kerberos"
	"qosreport/internal/kerberos/krb5"
)

// refuse tells before anybody is asked for a password what would hinder the writing.
func (k *keytabCreateCmd) refuse() error {
	if k.KVNO != nil && *k.KVNO == 0 {
		return fault.Errorf(fault.Usage, 0, "--kvno 0 is no version: they begin with 1")
	}
	path, _, err := k.target()
	if err != nil {
		return err
	}
	entries, err := k.kept(path)
	clearKeys(entries)
	return err
}

// target is the file to write and what is there: nil when there is none. A link stays one.
func (k *keytabCreateCmd) target() (path string, there fs.FileInfo, err error) {
	if path, err = kerberos.KeytabPath(k.File); err != nil {
		return "", nil, err
	}
	if path == "" {
		return "", nil, fault.Errorf(fault.Usage, 0, "the keytab has no name")
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	} else if to, err := os.Readlink(path); err == nil {
		return "", nil, fault.Advise(fault.Errorf(fault.Usage, 0, "%s is a link to %s, which is not there", path, to), "remove the link, or name the file")
	}
	there, err = os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, nil, nil
	case err != nil:
		return "", nil, fault.New(fault.Output, fault.Render, err)
	case !there.Mode().IsRegular(): // a device would become a file
		return "", nil, fault.Advise(fault.Errorf(fault.Usage, 0, "%s is no regular file", path), "name a file")
	case !k.Append && !k.Overwrite:
		return "", nil, fault.Advise(fault.Errorf(fault.Usage, 0, "%s is there already", path), "--append adds the key to it, --overwrite replaces it")
	}
	return path, there, nil
}

// kept is what the file holds that stays in it.
func (k *keytabCreateCmd) kept(path string) ([]krb5.KeytabEntry, error) {
	if _, err := os.Stat(path); !k.Append || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	entries, err := kerberos.ReadKeytab(path)
	if errors.Is(err, kerberos.KeytabEmpty) {
		return nil, nil
	}
	return entries, err
}

// write adds the entries to what the file holds now, which may be more than before the
// password was typed, and gives them their versions.
func (k *keytabCreateCmd) write(ctx context.Context, added []krb5.KeytabEntry) (path string, err error) {
	if path, _, err = k.target(); err != nil {
		return "", err
	}
	unlock, err := atomicfile.Lock(ctx, filepath.Dir(path))
	if err != nil {
		return "", keytabFailure(path, err)
	}
	defer unlock()
	atomicfile.Sweep(filepath.Dir(path)) // keys that nobody knows of
	path, there, err := k.target()
	if err != nil {
		return "", err
	}
	entries, err := k.kept(path)
	if err != nil {
		return "", err
	}
	defer clearKeys(entries)
	if err := setVersions(entries, added, k.KVNO); err != nil {
		return "", err
	}
	return path, writeKeytab(path, there, merged(entries, added))
}

// setVersions gives the entries that are added the version, or the next one of their
// principal.
func setVersions(entries, added []krb5.KeytabEntry, version *uint32) error {
	last := uint32(0)
	for _, e := range entries {
		if e.Principal.Equal(added[0].Principal) {
			last = max(last, e.KVNO)
		}
	}
	if version == nil && last == math.MaxUint32 {
		return fault.Advise(fault.Errorf(fault.Usage, 0, "the keytab has version %d of %s: there is no next one", last, added[0].Principal), "give the version: --kvno")
	}
	next := last + 1
	if version != nil {
		next = *version
	}
	for i := range added {
		added[i].KVNO = next
	}
	return nil
}

// merged are the entries of a file with those that are added; one that was there gives way
// to its like.
func merged(entries, added []krb5.KeytabEntry) []krb5.KeytabEntry {
	kept := slices.DeleteFunc(slices.Clone(entries), func(e krb5.KeytabEntry) bool {
		return slices.ContainsFunc(added, func(a krb5.KeytabEntry) bool {
			return a.Principal.Equal(e.Principal) && a.KVNO == e.KVNO && a.Key.Enctype == e.Key.Enctype
		})
	})
	return append(kept, added...)
}

// writeKeytab makes a file that its owner alone can read, or replaces one and leaves it to
// those who could read it: a service may be among them.
func writeKeytab(path string, there fs.FileInfo, entries []krb5.KeytabEntry) error {
	data := krb5.AppendKeytab(nil, entries)
	defer clear(data)
	content := func(w io.Writer) error { _, err := w.Write(data); return err }
	if there == nil {
		return keytabFailure(path, atomicfile.Write(path, 0o600, content))
	}
	err := atomicfile.Replace(path, there, content)
	if errors.Is(err, fs.ErrPermission) {
		return fault.Advise(fmt.Errorf("write keytab %s: %w", path, err), "run this as the owner of the file, who has to be able to write in %s", filepath.Dir(path))
	}
	return keytabFailure(path, err)
}

func keytabFailure(path string, err error) error {
	if err == nil {
		return nil
	}
	return fault.Advise(fmt.Errorf("write keytab %s: %w", path, err), "let this user write in %s, and see whether there is room", filepath.Dir(path))
}
