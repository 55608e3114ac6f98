package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// temporary is the form of the names of files that have no other yet.
const temporary = ".qosreport-*.tmp"

// create makes a temporary file and locks it. A lock ends with its process, whatever ends
// that, and so tells what is being written from what was left behind.
func create(dir string) (*os.File, error) {
	for {
		f, err := os.CreateTemp(dir, temporary)
		if err != nil {
			return nil, err
		}
		// Until it is locked, a sweep can take the file for one that was left. Where there
		// are no locks nobody sweeps.
		swept := errors.Is(lock(f), syscall.EWOULDBLOCK)
		if !swept {
			_, err = os.Lstat(f.Name())
			swept = errors.Is(err, fs.ErrNotExist)
		}
		if !swept {
			return f, nil
		}
		f.Close()
	}
}

// Sweep removes from a folder the temporary files of processes that were lost before they
// could name or remove them. What cannot be removed stays for a later sweep.
func Sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if matches, _ := filepath.Match(temporary, e.Name()); !matches || !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(dir, e.Name())
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			continue // it got its name just now, or is another user's
		}
		if lock(f) == nil {
			_ = os.Remove(path)
		}
		f.Close()
	}
}
