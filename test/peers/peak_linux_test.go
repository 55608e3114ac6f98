//go:build peers

package peers

import (
	"os/exec"
	"syscall"
)

// peak is the most resident memory of an ended process in KiB.
func peak(cmd *exec.Cmd) int64 {
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss
}
