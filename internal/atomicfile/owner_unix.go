//go:build unix

package atomicfile

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives f the owner and the group of a file that it is to replace.
func keepOwner(f *os.File, there fs.FileInfo) error {
	now, err := f.Stat()
	if err != nil {
		return err
	}
	theirs, known := there.Sys().(*syscall.Stat_t)
	ours, made := now.Sys().(*syscall.Stat_t)
	if !known || !made || theirs.Uid == ours.Uid && theirs.Gid == ours.Gid {
		return nil
	}
	return f.Chown(int(theirs.Uid), int(theirs.Gid))
}
