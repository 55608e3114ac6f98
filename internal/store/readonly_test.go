//go:build unix

package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"qosreport/internal/fault"
)

// nobody is a user who owns nothing.
const nobody = 65534

// readOnlyChild opens the ledger as a user who may not write it, for root may everything,
// and says what it was told.
func readOnlyChild(path string) error {
	if os.Getuid() == 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			return err
		}
	}
	s, err := Open(context.Background(), path, Options{})
	if err == nil {
		return errors.Join(errors.New("it was opened"), s.Close())
	}
	fmt.Printf("area %d|%s|%s\n", fault.AreaOf(err), strings.ReplaceAll(err.Error(), "\n", " "), fault.Remedy(err))
	return nil
}

func TestFilesThatCannotBeWrittenAreOneError(t *testing.T) {
	tests := []struct {
		name         string
		file, folder os.FileMode // file 0: there is none
	}{
		{"a new file in a folder that is read-only", 0, 0o555},
		{"a file and a folder that are read-only", 0o444, 0o555},
		{"a file that is read-only", 0o444, 0o777},
		{"a file that can be written in a folder that is read-only", 0o666, 0o555},
		{"a file of somebody else", 0o000, 0o777},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			noError(t, os.Chmod(filepath.Dir(dir), 0o755)) // so that anybody can come here
			path := filepath.Join(dir, "ledger.db")
			if tt.file != 0 || tt.folder == 0o777 {
				s, err := Open(t.Context(), path, Options{})
				noError(t, err)
				plan(t, s, "daily@1")
				noError(t, s.Close())
				noError(t, os.Chmod(path, tt.file))
			}
			noError(t, os.Chmod(dir, tt.folder))
			t.Cleanup(func() { noError(t, os.Chmod(dir, 0o700)) })
			c := startChild(t, "readonly", path)
			line := c.line(t)
			if !strings.HasPrefix(line, fmt.Sprintf("area %d|open store %s: ", fault.Output, path)) || !strings.HasSuffix(line, "|"+tryRights) {
				t.Errorf("got %q; want that the store cannot be written, with the cure", line)
			}
			noError(t, c.Wait())
		})
	}
}
