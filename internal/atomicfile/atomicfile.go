// Package atomicfile writes files that are there whole or not at all: under a temporary
// name, synced, then renamed. It says of a failure what an operator can do.
package atomicfile

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"qosreport/internal/fault"
)

// Write makes or replaces the file path. On a failure the file is what it was before.
func Write(path string, mode fs.FileMode, content func(io.Writer) error) error {
	f, err := Prepare(filepath.Dir(path), mode, content)
	if err != nil {
		return err
	}
	if err := f.Commit(path); err != nil {
		return errors.Join(err, f.Discard())
	}
	return SyncDir(filepath.Dir(path))
}

// temporaryPattern is what temporary files are called.
const temporaryPattern = ".qosreport-*"

// Sweep removes temporary files of before an instant: a process that was killed could not
// do so itself. The instant has to be so early that no living process holds one of them.
// What cannot be removed stays.
func Sweep(dir string, before time.Time) {
	left, err := filepath.Glob(filepath.Join(escape(dir), temporaryPattern))
	if err != nil {
		return
	}
	for _, name := range left {
		if info, err := os.Lstat(name); err == nil && info.Mode().IsRegular() && info.ModTime().Before(before) {
			_ = os.Remove(name)
		}
	}
}

// escape lets a folder's name stand for itself in a pattern.
func escape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// Prepared is a file that is whole and has no name yet by which anybody looks for it.
// [Prepared.Commit] or [Prepared.Discard] ends it.
type Prepared struct{ temporary string }

// Prepare writes and syncs content to a temporary file in dir. Several that are prepared
// can then appear together. A failure leaves nothing.
func Prepare(dir string, mode fs.FileMode, content func(io.Writer) error) (p *Prepared, err error) {
	f, err := os.CreateTemp(dir, temporaryPattern)
	if err != nil {
		return nil, Advise(err)
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			p, err = nil, Advise(errors.Join(err, os.Remove(f.Name())))
		}
	}()
	out := bufio.NewWriterSize(f, 256<<10)
	for _, step := range []func() error{
		func() error { return content(out) },
		out.Flush,
		func() error { return f.Chmod(mode) },
		f.Sync,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &Prepared{f.Name()}, nil
}

// Commit gives the file its name. The folder is to be synced afterwards, once for all its
// files: [SyncDir].
func (p *Prepared) Commit(path string) error { return Advise(os.Rename(p.temporary, path)) }

// Discard removes the file.
func (p *Prepared) Discard() error { return os.Remove(p.temporary) }

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
