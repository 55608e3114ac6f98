//go:build peers

package peers

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"
)

var mostResident = regexp.MustCompile(`(?m)^VmHWM:\s*(\d+) kB$`)

// okWithin runs the program, which must succeed, and tells how many KiB of it were resident
// at most. What the kernel tells of an ended process will not do: that is no less than what
// its parent had.
func okWithin(t *testing.T, cmd *exec.Cmd) (stdout string, peakKB int64) {
	t.Helper()
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil || peakKB == 0 {
				t.Fatalf("%v, %d KiB\n%s", err, peakKB, said.String())
			}
			return out.String(), peakKB
		case <-tick.C:
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)) // once it has ended without the line
			if found := mostResident.FindSubmatch(status); found != nil {
				peakKB, _ = strconv.ParseInt(string(found[1]), 10, 64)
			}
		}
	}
}
