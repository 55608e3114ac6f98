package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"qosreport/internal/fault"
)

// A reader sees what is written beside it, waits for nobody who writes, and changes
// nothing.
func TestAReaderStandsInNobodysWay(t *testing.T) {
	s, _ := planned(t, "daily@1")
	noError(t, s.Beat(t.Context(), "prod-1", "v1", Self()))
	noError(t, s.write(t.Context(), "test", func(ctx context.Context, _ *txn) error {
		r, err := Open(ctx, s.Path(), Options{ReadOnly: true, BusyTimeout: time.Nanosecond})
		noError(t, err)
		wantOutcome(t, r, "daily@1", Due, "")
		if beats, err := r.Beats(ctx); err != nil || len(beats) != 1 || beats[0].Instance != "prod-1" || !beats[0].At.Equal(start) {
			t.Errorf("got the heart-beats %+v, %v; want one", beats, err)
		}
		if err := r.SetOutcome(ctx, "daily@1", Waiting, ""); err == nil {
			t.Error("a reader wrote")
		}
		return r.Close()
	}))
	noError(t, s.SetOutcome(t.Context(), "daily@1", Waiting, ""))
	wantOutcome(t, openAt(t, s.Path(), Options{ReadOnly: true}), "daily@1", Waiting, "")
}

func TestAReaderMakesNoLedger(t *testing.T) {
	dir := t.TempDir()
	empty, old := filepath.Join(dir, "empty.db"), sqlFile(t, "CREATE TABLE slot (a); PRAGMA application_id = 1366250354; PRAGMA user_version = 1")
	noError(t, os.WriteFile(empty, nil, 0o600))
	for path, missing := range map[string]bool{filepath.Join(dir, "none.db"): true, filepath.Join(dir, "none", "none.db"): true, empty: false, old: false} {
		s, err := Open(t.Context(), path, Options{ReadOnly: true})
		if err == nil {
			noError(t, s.Close())
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) != missing || fault.AreaOf(err) != fault.Output || fault.Remedy(err) == "" {
			t.Errorf("%s: got %v, %q; want that it cannot be read, with the cure", path, err, fault.Remedy(err))
		}
	}
	entries, err := os.ReadDir(dir)
	noError(t, err)
	if len(entries) != 1 {
		t.Errorf("the folder holds %v; want nothing new", entries)
	}
}
