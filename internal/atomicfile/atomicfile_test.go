package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"qosreport/internal/fault"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func TestWriteReplacesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, want := range []string{"first", "second"} {
		if err := Write(path, 0o640, text(want)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		info, statErr := os.Stat(path)
		if err != nil || statErr != nil || string(got) != want || info.Mode() != 0o640 {
			t.Errorf("got %q with mode %v, %v, %v", got, info.Mode(), err, statErr)
		}
	}
}

func TestAFailureLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := Write(path, 0o600, text("whole")); err != nil {
		t.Fatal(err)
	}
	full := func(w io.Writer) error {
		io.WriteString(w, "half")
		return syscall.ENOSPC
	}
	err := Write(path, 0o600, full)
	if !errors.Is(err, syscall.ENOSPC) || fault.AreaOf(err) != fault.Output || !strings.Contains(fault.Remedy(err), "make room") {
		t.Errorf("got %v", err)
	}
	if err := Write(dir, 0o600, text("x")); err == nil {
		t.Error("a file took the place of a folder")
	}
	entries, err := os.ReadDir(dir)
	if got, _ := os.ReadFile(path); err != nil || len(entries) != 1 || string(got) != "whole" {
		t.Errorf("left %v, %q, %v", entries, got, err)
	}
}

func TestPreparedFilesAppearTogether(t *testing.T) {
	dir := t.TempDir()
	a, err := Prepare(dir, 0o600, text("a"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Prepare(dir, 0o600, text("b"))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Commit(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if err := b.Discard(); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 || entries[0].Name() != "a" {
		t.Errorf("left %v", entries)
	}
}

func TestFailuresSayWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, "make room"},
		{&os.PathError{Op: "write", Path: "x", Err: syscall.EDQUOT}, "make room"},
		{&os.PathError{Op: "open", Path: "x", Err: syscall.EROFS}, "let this user write"},
		{&os.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, "let this user write"},
	} {
		if err := Advise(tt.err); fault.AreaOf(err) != fault.Output || fault.ClassOf(err) != fault.Render || !strings.Contains(fault.Remedy(err), tt.want) {
			t.Errorf("%v: %q", err, fault.Remedy(err))
		}
	}
	if Advise(nil) != nil {
		t.Error("nil became an error")
	}
	if err := Advise(fault.Errorf(fault.Delivery, fault.Refused, "x")); fault.AreaOf(err) != fault.Delivery {
		t.Errorf("another area was lost: %v", err)
	}
	if _, err := Prepare(filepath.Join(t.TempDir(), "none"), 0o600, text("")); fault.AreaOf(err) != fault.Output {
		t.Errorf("no folder: %v", err)
	}
	if SyncDir(filepath.Join(t.TempDir(), "none")) == nil {
		t.Error("a folder that is not there was synced")
	}
}
