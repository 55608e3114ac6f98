package atomicfile

import (
	"os"
	"syscall"
)

// lock locks a file until it is closed. EWOULDBLOCK says that another opening of the file
// has the lock (flock(2)).
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
