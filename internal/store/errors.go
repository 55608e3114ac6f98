package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"qosreport/internal/fault"
)

// ErrNotFound means that the ledger has no such slot, run or delivery.
var ErrNotFound = errors.New("not in the ledger")

// ErrLost means that a run has ended for the ledger, as it does when its lease runs out:
// another run may be at work in its place, and this one must stop.
var ErrLost = errors.New("the run is no longer ours")

// ErrLimit means that as many runs are working as may be, or one of the same schedule is.
var ErrLimit = errors.New("other runs are working")

// TransitionError is a change of state that may not be. Nothing was changed.
type TransitionError struct {
	What     string // slot, run, attempt, delivery
	Key      string
	From, To string // the state that is, and the one that was wanted
	Why      string // more about it, or ""
}

func (e *TransitionError) Error() string {
	text := fmt.Sprintf("%s %s is %s and cannot become %s", e.What, e.Key, e.From, e.To)
	if e.Why != "" {
		text += ": " + e.Why
	}
	return text
}

// primaryCode is SQLite's result code without its extension, 0 if err is not from SQLite.
func primaryCode(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}

func isBusy(err error) bool {
	code := primaryCode(err)
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// explain says what a failure of SQLite or of the file system means and what helps. Other
// errors stay as they are.
func explain(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	var moved *TransitionError
	switch {
	case errors.As(err, &moved), errors.Is(err, ErrLost), errors.Is(err, ErrLimit):
		return fault.New(fault.Busy, 0, err)
	case errors.Is(err, ErrNotFound):
		return fault.New(fault.Usage, 0, err)
	case errors.Is(err, context.Canceled):
		return fault.New(fault.Stopped, fault.Cancelled, err)
	case errors.Is(err, context.DeadlineExceeded), primaryCode(err) == sqlite3.SQLITE_INTERRUPT:
		return fault.New(fault.Output, fault.Cancelled, err)
	}
	if what, try := meaning(err); what != "" {
		return fault.Advise(fault.New(fault.Output, fault.Render, fmt.Errorf("%s: %w", what, err)), "%s", try)
	}
	return err
}

const (
	tryRights = "let the user of this process write the file and its folder, or name another in store.path"
	tryRoom   = "make room on the disk of store.path; nothing was written in part"
)

// meaning is what a failure is in words, and what an operator can do about it.
func meaning(err error) (what, try string) {
	switch primaryCode(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "another process holds the store for too long", "see who has the file open (fuser, lsof) and whether that process hangs, then try again"
	case sqlite3.SQLITE_FULL:
		return "no room for the store", tryRoom
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return "the store cannot be written", tryRights
	case sqlite3.SQLITE_CANTOPEN:
		return "the store or its write-ahead log cannot be opened", tryRights
	case sqlite3.SQLITE_NOTADB:
		return "the file is no SQLite database", "name another file in store.path; a new one is made"
	case sqlite3.SQLITE_CORRUPT:
		return "the store is damaged", tryRestore
	case sqlite3.SQLITE_IOERR:
		return "the disk of the store fails", "see the system's log about the disk of store.path"
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH:
		return "", "" // our mistake, an internal error
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "no room for the store", tryRoom
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return "the folder of the store is missing", "make the folder, or mount its volume"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "the store cannot be written", tryRights
	}
	return "", ""
}

const tryRestore = "restore the file from a backup; before a new file takes its place, think of mails that it would not know of"

// damaged is the error for a file whose content cannot be.
func damaged(err error) error {
	err = fmt.Errorf("the store is damaged: %w", err)
	return fault.Advise(fault.New(fault.Output, fault.Render, err), tryRestore)
}
