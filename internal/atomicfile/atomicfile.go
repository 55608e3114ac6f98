// Package atomicfile writes files that are there whole or not at all: under a temporary
// name, synced, then renamed. It says of a failure what an operator can do.
//
// A process that is killed leaves its temporary files behind. [Sweep] removes them, and
// leaves alone what another process is at work on.
package atomicfile

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"qosreport/internal/fault"
)

// Write makes or replaces the file path. On a failure the file is what it was before.
func Write(path string, mode fs.FileMode, content func(io.Writer) error) error {
	return write(path, func(f *os.File) error { return f.Chmod(mode) }, content)
}

// Replace is Write for a file that is there, and keeps its mode, owner and group. It fails
// where this user may not give a file away.
func Replace(path string, there fs.FileInfo, content func(io.Writer) error) error {
	return write(path, func(f *os.File) error {
		return errors.Join(keepOwner(f, there), f.Chmod(there.Mode().Perm()))
	}, content)
}

func write(path string, protect func(*os.File) error, content func(io.Writer) error) error {
	f, err := prepare(filepath.Dir(path), protect, content)
	if err != nil {
		return err
	}
	if err := f.Commit(path); err != nil {
		return errors.Join(err, f.Discard())
	}
	return SyncDir(filepath.Dir(path))
}

// Prepared is a file that is whole and has no name yet by which anybody looks for it.
// [Prepared.Commit] or [Prepared.Discard] ends it. It stays open until then, for its lock.
type Prepared struct{ file *os.File }

// Prepare writes and syncs content to a temporary file in dir. Several that are prepared
// can then appear together. A failure leaves nothing.
func Prepare(dir string, mode fs.FileMode, content func(io.Writer) error) (*Prepared, error) {
	return prepare(dir, func(f *os.File) error { return f.Chmod(mode) }, content)
}

func prepare(dir string, protect func(*os.File) error, content func(io.Writer) error) (p *Prepared, err error) {
	f, err := create(dir)
	if err != nil {
		return nil, Advise(err)
	}
	p = &Prepared{f}
	defer func() {
		if err != nil {
			p, err = nil, Advise(errors.Join(err, p.Discard()))
		}
	}()
	out := bufio.NewWriterSize(f, 256<<10)
	for _, step := range []func() error{
		func() error { return content(out) },
		out.Flush,
		func() error { return protect(f) },
		f.Sync,
	} {
		if err := step(); err != nil {
			return p, err
		}
	}
	return p, nil
}

// Commit gives the file its name. The folder is to be synced afterwards, once for all its
// files: [SyncDir].
func (p *Prepared) Commit(path string) error {
	if err := os.Rename(p.file.Name(), path); err != nil {
		return Advise(err)
	}
	_ = p.file.Close() // it is synced: nothing is left that could fail
	return nil
}

// Discard removes the file.
func (p *Prepared) Discard() error { return errors.Join(os.Remove(p.file.Name()), p.file.Close()) }

// SyncDir makes names in a folder last.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return Advise(err)
	}
	return Advise(errors.Join(d.Sync(), d.Close()))
}

// Advise adds to a failure of the file system what helps against it, and its area. An
// error of another area keeps it.
func Advise(err error) error {
	if err == nil {
		return nil
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		err = fault.Advise(err, "make room, or write elsewhere: --out DIR")
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		err = fault.Advise(err, "let this user write there, or write elsewhere: --out DIR")
	}
	return fault.New(fault.Output, fault.Render, err)
}
