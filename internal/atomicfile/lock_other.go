//go:build !linux

package atomicfile

import (
	"errors"
	"os"
)

// lock has no lock to offer here, so that nothing is swept.
func lock(*os.File) error { return errors.ErrUnsupported }
