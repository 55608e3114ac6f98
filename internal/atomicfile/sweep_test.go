//go:build linux

package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
)

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestSweepRemovesWhatALostProcessLeft(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "odd[name")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".qosreport-1.tmp", ".qosreport-2.tmp", "report.html", ".qosreport-3", ".other-4.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".qosreport-5.tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	Sweep(dir)
	if got := names(t, dir); !slices.Equal(got, []string{".other-4.tmp", ".qosreport-3", ".qosreport-5.tmp", "report.html"}) {
		t.Errorf("left %q", got)
	}
	Sweep(filepath.Join(dir, "none"))
}

func TestSweepLeavesWhatIsBeingWritten(t *testing.T) {
	dir := t.TempDir()
	p, err := Prepare(dir, 0o600, text("whole"))
	if err != nil {
		t.Fatal(err)
	}
	Sweep(dir)
	path := filepath.Join(dir, "file")
	if err := p.Commit(path); err != nil {
		t.Fatal(err)
	}
	Sweep(dir)
	if got := names(t, dir); !slices.Equal(got, []string{"file"}) {
		t.Errorf("left %q", got)
	}
	// Its lock has ended with it: the next that is left under such a name is swept.
	if err := os.Rename(path, filepath.Join(dir, ".qosreport-6.tmp")); err != nil {
		t.Fatal(err)
	}
	Sweep(dir)
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("left %q", got)
	}
}

// A sweep can come at any time: it takes no file from a process that is at work.
func TestSweepBesideWriters(t *testing.T) {
	dir := t.TempDir()
	done := make(chan struct{})
	var sweeping, writing sync.WaitGroup
	for range 2 {
		sweeping.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					Sweep(dir)
				}
			}
		})
	}
	const writers, files = 4, 20
	failed := make([]error, writers)
	for w := range writers {
		writing.Go(func() {
			for i := range files {
				name := strconv.Itoa(w) + "-" + strconv.Itoa(i)
				failed[w] = errors.Join(failed[w], Write(filepath.Join(dir, name), 0o600, text(name)))
			}
		})
	}
	writing.Wait()
	close(done)
	sweeping.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Error(err)
	}
	Sweep(dir)
	if got := names(t, dir); len(got) != writers*files {
		t.Errorf("%d files, want %d", len(got), writers*files)
	}
}
