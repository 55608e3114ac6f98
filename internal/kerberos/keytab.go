package kerberos

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"qosreport/internal/kerberos/krb5"
)

// keySet are the keys of one principal, the best of each type first.
type keySet []krb5.KeytabEntry

// enctypes are those of wanted for which there is a key, in the order of wanted.
func (k keySet) enctypes(wanted []int32) []int32 {
	var ids []int32
	for _, id := range wanted {
		if len(k.of(id)) > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

func (k keySet) of(enctype int32) []krb5.KeytabEntry {
	var found []krb5.KeytabEntry
	for _, e := range k {
		if e.Key.Enctype == enctype {
			found = append(found, e)
		}
	}
	return found
}

// String lists versions and types, never keys.
func (k keySet) String() string {
	var parts []string
	for _, e := range k {
		parts = append(parts, fmt.Sprintf("kvno %d %s", e.KVNO, krb5.EnctypeName(e.Key.Enctype)))
	}
	return strings.Join(parts, ", ")
}

func (k keySet) clear() {
	for _, e := range k {
		e.Key.Clear()
	}
}

// bestFirst orders by version, then by age: of two entries with one version the newer
// was written after a mistake.
func bestFirst(a, b krb5.KeytabEntry) int {
	return cmp.Or(cmp.Compare(b.KVNO, a.KVNO), b.Written.Compare(a.Written))
}

// equal reports whether others are the same keys.
func (k keySet) equal(others keySet) bool {
	return slices.EqualFunc(k, others, func(a, b krb5.KeytabEntry) bool {
		return a.KVNO == b.KVNO && a.Key.Enctype == b.Key.Enctype && bytes.Equal(a.Key.Value, b.Key.Value)
	})
}

// clientKeys are the keys that the keytab has now for who logs in.
func (c *Creds) clientKeys(ctx context.Context) (keySet, error) {
	entries, err := c.readKeytab(ctx)
	if err != nil {
		return nil, err
	}
	_, keys, err := c.pickKeys(entries)
	for _, e := range entries {
		if !e.Principal.Equal(c.client) {
			e.Key.Clear()
		}
	}
	return keys, err
}

// KeytabPath takes the type off a keytab name (FILE:path).
func KeytabPath(name string) (string, error) {
	kind, path, ok := strings.Cut(name, ":")
	switch {
	case !ok || strings.ContainsRune(kind, '/'):
		return name, nil
	case kind == "FILE" || kind == "WRFILE":
		return path, nil
	}
	return "", fail(KeytabRead, nil, "name a file", "keytabs of the type %s: are not read", kind)
}

// readKeytab reads the keytab that the options name.
func (c *Creds) readKeytab(ctx context.Context) ([]krb5.KeytabEntry, error) {
	return readKeytab(c.guarded(ctx, keytabFile()), c.opts.Keytab)
}

// ReadKeytab reads a keytab, a path or FILE:path, with the keys of all types. Who else can
// read the file is not looked at.
func ReadKeytab(name string) ([]krb5.KeytabEntry, error) { return readKeytab(keytabFile(), name) }

func readKeytab(s secretFile, name string) ([]krb5.KeytabEntry, error) {
	path, err := KeytabPath(name)
	if err != nil {
		return nil, err
	}
	data, err := s.read(path)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	if len(data) == 0 {
		return nil, fail(KeytabEmpty, nil, "export the keytab again: the disk may have been full", "keytab %s is empty", path)
	}
	entries, err := krb5.ParseKeytab(data)
	if err != nil && looksLikeCCache(data) {
		return nil, fail(KeytabFormat, nil, "name a keytab; qosreport klist "+path+" lists this file", "%s is no keytab but a credential cache", path)
	}
	if err != nil {
		return nil, fail(KeytabFormat, nil, "export the keytab again and copy it as a binary file; klist -kt "+path+" must list it", "%s cannot be used: %s", path, err)
	}
	if len(entries) == 0 {
		return nil, fail(KeytabEmpty, nil, "export the keytab again", "keytab %s has no keys", path)
	}
	return entries, nil
}

// pickKeys are the keys of the principal, or of the only principal that the keytab has.
func (c *Creds) pickKeys(entries []krb5.KeytabEntry) (krb5.Principal, keySet, error) {
	var keys keySet
	var names []string
	wanted := c.client
	for _, e := range entries {
		if name := e.Principal.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
		if len(wanted.Components) == 0 || e.Principal.Equal(wanted) {
			keys = append(keys, e)
		}
	}
	listed := strings.Join(names[:min(len(names), 10)], ", ")
	if len(names) > 10 {
		listed += fmt.Sprintf(" and %d more", len(names)-10)
	}
	if len(wanted.Components) == 0 {
		if len(names) > 1 {
			return wanted, nil, fail(KeytabNoEntry, nil, "say who logs in: --kerberos-principal, kerberos.principal",
				"keytab %s has more than one principal: %s", c.opts.Keytab, listed)
		}
		wanted = entries[0].Principal
	}
	if len(keys) == 0 {
		return wanted, nil, fail(KeytabNoEntry, nil, "either the file or the principal is the wrong one; realms are case-sensitive",
			"keytab %s has keys for: %s; none for %s", c.opts.Keytab, listed, wanted)
	}
	whole := slices.DeleteFunc(slices.Clone(keys), func(e krb5.KeytabEntry) bool { return Damaged(e.Key) != nil })
	if len(whole) == 0 {
		return wanted, nil, fail(KeytabFormat, Damaged(keys[0].Key), "export the keytab again", "the keys of %s in keytab %s are damaged", wanted, c.opts.Keytab)
	}
	slices.SortStableFunc(whole, bestFirst)
	return wanted, whole, nil
}

// Damaged says what is wrong with a key of a type that this program has. Such keys are made
// by hand, with ktutil, and by programs that mix up types.
func Damaged(k krb5.Key) error {
	if _, ok := krb5.LookupEnctype(k.Enctype); !ok {
		return nil
	}
	_, err := krb5.FromWireKey(k.Wire())
	return err
}
