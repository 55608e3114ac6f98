package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
)

// refused opens a file that cannot be a ledger, and sees that the error names the cure.
func refused(t *testing.T, path, what, try string) {
	t.Helper()
	s, err := Open(t.Context(), path, Options{BusyTimeout: 10 * time.Millisecond})
	if err == nil {
		noError(t, s.Close())
		t.Fatalf("%s was opened; want %q", path, what)
	}
	if !strings.Contains(err.Error(), what) {
		t.Errorf("got %q; want %q in it", err, what)
	}
	if fault.AreaOf(err) != fault.Output || !strings.Contains(fault.Remedy(err), try) {
		t.Errorf("got area %d and remedy %q of %v; want area %d, and %q", fault.AreaOf(err), fault.Remedy(err), err, fault.Output, try)
	}
}

// sqlFile makes a database file by statements.
func sqlFile(t *testing.T, statements string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.db")
	db, err := sql.Open("sqlite", path)
	noError(t, err)
	_, err = db.Exec(statements)
	noError(t, errors.Join(err, db.Close()))
	return path
}

func TestOpenRefusesWhatIsNoLedger(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.db")
	noError(t, os.WriteFile(text, []byte(strings.Repeat("version: 1\n", 100)), 0o600))
	tests := []struct{ name, path, what, try string }{
		{"a newer ledger", sqlFile(t, "CREATE TABLE slot (a); PRAGMA application_id = 1366250354; PRAGMA user_version = 99"), fmt.Sprintf("the file has version 99, and this program knows versions up to %d", len(migrations)), "newer qosreport"},
		{"a negative version", sqlFile(t, "CREATE TABLE slot (a); PRAGMA application_id = 1366250354; PRAGMA user_version = -1"), "damaged", "restore"},
		{"the database of another program", sqlFile(t, "CREATE TABLE bookmarks (a)"), "another program", "store.path"},
		{"another program's, of a version that we know", sqlFile(t, "CREATE TABLE slot (a); PRAGMA user_version = 1"), "another program", "store.path"},
		{"a text", text, "no SQLite database", "store.path"},
		{"a folder", t.TempDir(), "cannot be opened", "store.path"},
		{"a file in a folder that is missing", filepath.Join(t.TempDir(), "missing", "ledger.db"), "folder of the store is missing", "make the folder"},
		{"a file below a file", filepath.Join(text, "ledger.db"), "folder of the store is missing", "make the folder"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refused(t, tt.path, tt.what, tt.try) })
	}
}

func TestARefusedFileStaysAsItIs(t *testing.T) {
	path := sqlFile(t, "CREATE TABLE bookmarks (a); INSERT INTO bookmarks VALUES (1)")
	before, err := os.ReadFile(path)
	noError(t, err)
	refused(t, path, "another program", "store.path")
	after, err := os.ReadFile(path)
	noError(t, err)
	if string(before) != string(after) {
		t.Error("the file of another program was changed")
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	noError(t, err)
	if len(entries) != 1 {
		t.Errorf("the folder holds %v; want the file alone", entries)
	}
}

func TestAnEmptyFileBecomesALedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	noError(t, os.WriteFile(path, nil, 0o600))
	s := openAt(t, path, Options{})
	plan(t, s, "daily@1")
	var id, found int
	noError(t, s.writer.QueryRow("PRAGMA application_id").Scan(&id))
	noError(t, s.writer.QueryRow("PRAGMA user_version").Scan(&found))
	if id != applicationID || found != len(migrations) {
		t.Errorf("the file has id %#x and version %d; want %#x and %d", id, found, applicationID, len(migrations))
	}
}

func TestAMigrationThatFailsLeavesTheFile(t *testing.T) {
	// A table in the way of the schema, in a file that looks empty when it is inspected.
	path := filepath.Join(t.TempDir(), "ledger.db")
	s := &Store{path: path, options: Options{}.withDefaults()}
	var err error
	s.writer, err = connect(path, 1)
	noError(t, err)
	t.Cleanup(func() { noError(t, s.Close()) })
	_, err = s.writer.Exec("PRAGMA max_page_count = 6")
	noError(t, err)
	err = s.migrate(context.Background())
	if err == nil || !strings.Contains(err.Error(), "to version 1") {
		t.Errorf("got %v; want that the migration to version 1 does not fit", err)
	}
	tx, err := s.writer.Begin()
	noError(t, err)
	found, err := version(t.Context(), tx)
	if found != 0 || err != nil {
		t.Errorf("the file has version %d, %v after a migration that failed; want an empty file", found, err)
	}
	noError(t, tx.Rollback())
}

func TestTruncatedAndOverwrittenFilesAreDamage(t *testing.T) {
	whole := func(t *testing.T) (path string, content []byte) {
		path = filepath.Join(t.TempDir(), "ledger.db")
		s, err := Open(t.Context(), path, Options{})
		noError(t, err)
		plan(t, s, "daily@1", "daily@2")
		noError(t, s.Close())
		content, err = os.ReadFile(path)
		noError(t, err)
		return path, content
	}
	t.Run("cut in half", func(t *testing.T) {
		path, content := whole(t)
		noError(t, os.WriteFile(path, content[:len(content)/2], 0o600))
		refused(t, path, "damaged", "restore")
	})
	t.Run("cut within the header", func(t *testing.T) {
		path, content := whole(t)
		noError(t, os.WriteFile(path, content[:50], 0o600))
		refused(t, path, "damaged", "restore")
	})
	t.Run("pages overwritten", func(t *testing.T) {
		path, content := whole(t)
		for i := 4096; i < len(content); i++ {
			content[i] = 0xA5
		}
		noError(t, os.WriteFile(path, content, 0o600))
		s, err := Open(t.Context(), path, Options{})
		if err == nil { // the first page alone is whole
			_, err = s.Slots(t.Context(), SlotFilter{})
			if check := s.Check(t.Context()); check == nil || fault.Remedy(check) != tryRestore {
				t.Errorf("the check says %v with the remedy %q; want damage", check, fault.Remedy(check))
			}
			noError(t, s.Close())
		}
		if err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("got %v; want that the store is damaged", err)
		}
	})
}

func TestAFullDiskIsOneErrorAndNoHalfWrite(t *testing.T) {
	s, _ := planned(t, "daily@1")
	l := claim(t, s, "run-1", "daily@1")
	var pages int
	noError(t, s.writer.QueryRow("PRAGMA page_count").Scan(&pages))
	var limit int
	noError(t, s.writer.QueryRow("PRAGMA max_page_count = "+itoa(pages+2)).Scan(&limit))
	days := []DayState{{Day: "2026-03-01", Blob: []byte("small")}, {Day: "2026-03-02", Blob: make([]byte, 1<<20)}}
	err := s.PutStates(t.Context(), stateKey(), days)
	if err == nil || !strings.Contains(err.Error(), "no room for the store") || fault.AreaOf(err) != fault.Output || !strings.Contains(fault.Remedy(err), "make room") {
		t.Errorf("got %v with the remedy %q; want that there is no room", err, fault.Remedy(err))
	}
	found, err := s.States(t.Context(), stateKey(), Days{First: "2026-03-01", Last: "2026-03-02"})
	if err != nil || len(found.Days) != 0 {
		t.Errorf("got %d days, %v; want none of a write that did not fit", len(found.Days), err)
	}
	_, err = l.End(t.Context(), RunEnd{State: RunDone}) // small changes still fit
	noError(t, err)
}

func TestALockThatIsHeldTooLongIsOneError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	holder := openAt(t, path, Options{})
	other := openAt(t, path, Options{BusyTimeout: 10 * time.Millisecond})
	tx, err := holder.writer.Begin()
	noError(t, err)
	_, _, err = other.Sight(t.Context(), Sighting{Schedule: "daily", ExpressionHash: "h"})
	if err == nil || !strings.Contains(err.Error(), "another process holds the store for too long") || !strings.Contains(fault.Remedy(err), "fuser") {
		t.Errorf("got %v with the remedy %q; want that the store is held", err, fault.Remedy(err))
	}
	if _, err := other.Slots(t.Context(), SlotFilter{}); err != nil {
		t.Errorf("reading beside a writer: %v", err)
	}
	noError(t, tx.Rollback())
	plan(t, other, "daily@1")
}

func TestFileSystemsWithoutSharedMemoryAreRefused(t *testing.T) {
	tests := []struct {
		name  string
		magic uint32
		want  string
	}{
		{"NFS", 0x6969, "NFS"},
		{"CIFS", 0xFF534D42, "CIFS"},
		{"FUSE, as of Docker Desktop's shared folders", 0x65735546, "FUSE"},
		{"9P, as of WSL's drives", 0x01021997, "9P"},
		{"ext4", 0xEF53, ""},
		{"XFS", 0x58465342, ""},
		{"btrfs", 0x9123683E, ""},
		{"tmpfs", 0x01021994, ""},
		{"an overlay", 0x794C7630, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := refuseFileSystem("/data", tt.magic)
			if tt.want == "" {
				noError(t, err)
				return
			}
			if err == nil || !strings.Contains(err.Error(), "/data is on "+tt.want) || fault.AreaOf(err) != fault.Output || !strings.Contains(fault.Remedy(err), "local disk") {
				t.Errorf("got %v with the remedy %q; want it refused as %s", err, fault.Remedy(err), tt.want)
			}
		})
	}
}

// A ledger whose file is gone would let mail leave of which nobody knows later.
func TestAFileThatIsRemovedOrReplacedIsUsedNoMore(t *testing.T) {
	s, _ := planned(t, "one")
	reader := openAt(t, s.Path(), Options{ReadOnly: true})
	away := s.Path() + ".away"
	use := func() error {
		_, _, err := s.Sight(t.Context(), Sighting{Schedule: "daily", ExpressionHash: "h"})
		_, readErr := reader.Slot(t.Context(), "one")
		if (err == nil) != (readErr == nil) {
			t.Errorf("the writer says %v, the reader %v", err, readErr)
		}
		return err
	}
	noError(t, use())
	noError(t, os.Rename(s.Path(), away))
	for _, is := range []string{"removed", "replaced"} {
		if err := use(); err == nil || !strings.Contains(err.Error(), "was removed or replaced while it was open") || fault.AreaOf(err) != fault.Output || fault.Remedy(err) == "" {
			t.Errorf("%s: got %v", is, err)
		}
		noError(t, os.WriteFile(s.Path(), nil, 0o600))
	}
	noError(t, os.Rename(away, s.Path()))
	noError(t, use())
}
