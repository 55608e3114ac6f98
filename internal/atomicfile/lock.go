package atomicfile

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

const lockPause = 20 * time.Millisecond

// Lock waits until this process is the only one that asked for the files of a folder, so
// that what it reads there is still so when it writes. Where the system has no such locks
// nobody waits. The caller unlocks.
func Lock(ctx context.Context, dir string) (unlock func(), err error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, Advise(err)
	}
	for errors.Is(lock(d), syscall.EWOULDBLOCK) {
		select {
		case <-ctx.Done():
			d.Close()
			return nil, context.Cause(ctx)
		case <-time.After(lockPause):
		}
	}
	return func() { d.Close() }, nil
}
