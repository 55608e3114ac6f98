package kerberos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// secretFile is how a file of keys is called in errors, and what is done about others who
// can read it.
type secretFile struct {
	what       string // keytab, credential cache
	unreadable Kind
	exposed    Kind
	malformed  Kind
	missing    string                   // what to do when there is none
	strict     bool                     // refuse a file that others can read
	instead    func(path string) string // what to name in place of a folder; nil: a file
	warn       func(path, reason string)
}

const maxSecretBytes = 1 << 20

// read reads the file after checks on the file itself. Keys are in what it returns, which
// the caller clears.
func (s secretFile) read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	name := withTarget(path)
	if err != nil {
		return nil, s.failure(name, err)
	}
	if !info.Mode().IsRegular() { // a pipe would make the opening wait
		remedy := "name a file"
		if s.instead != nil {
			remedy = s.instead(path)
		}
		return nil, fail(s.unreadable, nil, remedy, "%s %s is no regular file", s.what, name)
	}
	if err := s.checkAccess(name, info); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, s.failure(name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	if err != nil {
		return nil, s.failure(name, err)
	}
	if len(data) > maxSecretBytes {
		clear(data)
		return nil, fail(s.malformed, nil, "name the right file", "%s is longer than %d bytes: not a %s", name, maxSecretBytes, s.what)
	}
	return data, nil
}

// withTarget is a path for people: that of a link with the file to which it leads, whose
// owner and mode count.
func withTarget(path string) string {
	direct, err := os.Readlink(path)
	if err != nil {
		return path
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil { // the link leads nowhere
		target = direct
	}
	return fmt.Sprintf("%s (a link to %s)", path, target)
}

func (s secretFile) failure(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail(s.unreadable, nil, s.missing, "there is no %s %s", s.what, path)
	case errors.Is(err, fs.ErrPermission):
		return fail(s.unreadable, nil, "make this user its owner, with mode 0600", "%s %s may not be read by this user (uid %d)", s.what, path, os.Geteuid())
	}
	return fail(s.unreadable, err, "see whether the path leads to a file", "%s %s cannot be read", s.what, path)
}

// checkAccess looks at who else can read the file. Secrets in containers are readable by
// everybody there, so that it is a warning unless the options are strict.
func (s secretFile) checkAccess(path string, info os.FileInfo) error {
	var wrong string
	owner, known := ownerOf(info)
	switch {
	case info.Mode().Perm()&0o077 != 0:
		wrong = fmt.Sprintf("%s %s is open to other users (mode %04o)", s.what, path, info.Mode().Perm())
	case known && owner != os.Geteuid() && owner != 0:
		wrong = fmt.Sprintf("%s %s belongs to another user (uid %d)", s.what, path, owner)
	default:
		return nil
	}
	if s.strict {
		return fail(s.exposed, nil, "chmod 600, owned by the user of this job", "%s", wrong)
	}
	if s.warn != nil {
		s.warn(path, wrong)
	}
	return nil
}

func keytabFile() secretFile {
	return secretFile{what: "keytab", unreadable: KeytabRead, exposed: KeytabPerm, malformed: KeytabFormat,
		missing: "name the right file: --kerberos-keytab, kerberos.keytab"}
}

func ccacheFile() secretFile {
	return secretFile{what: "credential cache", unreadable: CCacheRead, exposed: CCacheRead, malformed: CCacheRead,
		missing: "run kinit, or use a keytab: --kerberos-keytab, kerberos.keytab", instead: fileOrCollection}
}

// guarded is s for this login: one warning, or a refusal.
func (c *Creds) guarded(ctx context.Context, s secretFile) secretFile {
	s.strict = c.opts.StrictPermissions
	s.warn = func(path, reason string) {
		if !c.warnedKeytab.Swap(true) {
			c.log.WarnContext(ctx, s.what+" is not private", slog.String("file", path), slog.String("reason", reason))
		}
	}
	return s
}
