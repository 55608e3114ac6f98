package store

import (
	"io/fs"
	"syscall"
)

// checkFileSystem refuses a folder on a file system that cannot hold the ledger.
func checkFileSystem(dir string) error {
	var found syscall.Statfs_t
	if err := syscall.Statfs(dir, &found); err != nil {
		return &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return refuseFileSystem(dir, uint32(found.Type)) // the field's width and sign depend on the processor
}
