//go:build unix

package kerberos

import (
	"os"
	"syscall"
)

// ownerOf is the user id of a file's owner, where the system has such.
func ownerOf(info os.FileInfo) (uid int, known bool) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid), true
	}
	return 0, false
}
