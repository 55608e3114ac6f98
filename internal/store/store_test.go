package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// start is when tests begin. Windows are those of the day before.
var start = time.Date(2026, 3, 29, 4, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// ledger is a store in a folder of the test, with a clock.
func ledger(t testing.TB) (*Store, *clock) {
	t.Helper()
	c := &clock{now: start}
	return openAt(t, filepath.Join(t.TempDir(), "ledger.db"), Options{Now: c.Now, Gone: func(Owner) bool { return false }}), c
}

// beside is another handle of the ledger's file, as another process has it.
func beside(t testing.TB, s *Store) *Store {
	t.Helper()
	return openAt(t, s.Path(), s.options)
}

func openAt(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { noError(t, s.Close()) })
	return s
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func window() Window {
	return Window{From: time.Date(2026, 3, 27, 23, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC), Zone: "Europe/Berlin"}
}

func slotOf(key string) Slot {
	return Slot{Key: key, Nominal: "2026-03-29T06:00", Fire: start, StartBy: start.Add(12 * time.Hour), Window: window()}
}

// planned is a ledger with a schedule "daily" and slots that are due.
func planned(t testing.TB, keys ...string) (*Store, *clock) {
	t.Helper()
	s, c := ledger(t)
	plan(t, s, keys...)
	return s, c
}

func plan(t testing.TB, s *Store, keys ...string) {
	t.Helper()
	_, _, err := s.Sight(context.Background(), Sighting{Schedule: "daily", ExpressionHash: "h1"})
	noError(t, err)
	p := Plan{Schedule: "daily", ExpressionHash: "h1", Until: start}
	for _, key := range keys {
		p.Slots = append(p.Slots, slotOf(key))
	}
	_, err = s.Plan(context.Background(), p)
	noError(t, err)
}

func claimOf(run, slot string) Claim {
	return Claim{ID: run, Kind: KindSlot, Slot: slot, Variant: "voice", Owner: Owner{Host: "h", PID: 1, Nonce: run}, Program: "v1", ConfigHash: "c1"}
}

func claim(t testing.TB, s *Store, run, slot string) *Lease {
	t.Helper()
	l, _, err := s.Claim(context.Background(), claimOf(run, slot))
	noError(t, err)
	return l
}

// deliveries plans a mail to the recipients, and returns the ids in their order.
func deliveries(t testing.TB, l *Lease, to ...string) []int64 {
	t.Helper()
	m := Mail{Revision: 1}
	for _, r := range to {
		m.Recipients = append(m.Recipients, Recipient{Address: r, MessageID: r + ".id"})
	}
	list, err := l.PlanDeliveries(context.Background(), m)
	noError(t, err)
	var ids []int64
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	return ids
}

func wantOutcome(t testing.TB, s *Store, key string, want Outcome, reason string) {
	t.Helper()
	slot, err := s.Slot(context.Background(), key)
	noError(t, err)
	if slot.Outcome != want || slot.Reason != reason {
		t.Errorf("slot %s is %s (%s); want %s (%s)", key, slot.Outcome, slot.Reason, want, reason)
	}
}

func wantDelivery(t testing.TB, s *Store, id int64, want DeliveryState) {
	t.Helper()
	list, err := s.Deliveries(context.Background(), DeliveryFilter{ID: id})
	noError(t, err)
	if len(list) != 1 || list[0].State != want {
		t.Errorf("delivery %d is %+v; want it %s", id, list, want)
	}
}

// wantTransition sees that an error names both states.
func wantTransition(t testing.TB, err error, from, to string) {
	t.Helper()
	var e *TransitionError
	if !errors.As(err, &e) {
		t.Errorf("got %v; want an error of a transition from %s to %s", err, from, to)
		return
	}
	if e.From != from || e.To != to {
		t.Errorf("got from %s to %s (%v); want from %s to %s", e.From, e.To, err, from, to)
	}
}

func TestFileIsPrivateAndKeepsWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a ?name#with%20 odd+characters.db")
	s, err := Open(t.Context(), path, Options{})
	noError(t, err)
	plan(t, s, "daily@1")
	info, err := os.Stat(path)
	noError(t, err)
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("the file's mode is %o; want 600", mode)
	}
	if size, err := s.Bytes(); err != nil || size <= info.Size() {
		t.Errorf("got %d bytes, %v; want more than the file's %d, for the log", size, err, info.Size())
	}
	noError(t, s.Check(t.Context()))
	noError(t, s.Close())
	for _, rest := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(path + rest); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left after closing: %v", rest, err)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	noError(t, err)
	if len(entries) != 1 {
		t.Errorf("the folder holds %v; want the file alone", entries)
	}
	s = openAt(t, path, Options{})
	wantOutcome(t, s, "daily@1", Due, "")
}

func TestConnectionsHaveTheirPragmas(t *testing.T) {
	s, _ := ledger(t)
	var list []string
	for _, name := range []string{"journal_mode", "synchronous", "foreign_keys", "busy_timeout"} {
		var value string
		noError(t, s.writer.QueryRow("PRAGMA "+name).Scan(&value))
		list = append(list, name+"="+value)
	}
	want := []string{"journal_mode=wal", "synchronous=2", "foreign_keys=1", "busy_timeout=0"}
	for i := range want {
		if list[i] != want[i] {
			t.Errorf("got %s; want %s", list[i], want[i])
		}
	}
	if _, err := s.readers.Exec("DELETE FROM slot"); err == nil {
		t.Error("a reader could write")
	}
	if _, err := s.writer.Exec(`DELETE FROM slot WHERE "no such column" = 'x'`); err == nil {
		t.Error("a name in double quotes passed for a text")
	}
}

func TestACancelledWriteChangesNothing(t *testing.T) {
	s, _ := planned(t, "daily@1")
	for _, first := range []bool{true, false} { // whether the transaction notices before it is to be committed
		ctx, cancel := context.WithCancel(t.Context())
		err := s.write(ctx, "test", func(ctx context.Context, tx *txn) error {
			if _, err := tx.exec(ctx, "UPDATE slot SET outcome = 'waiting'"); err != nil {
				return err
			}
			cancel()
			for first && !errors.Is(tx.Rollback(), sql.ErrTxDone) {
				runtime.Gosched()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v; want that it was cancelled", err)
		}
		wantOutcome(t, s, "daily@1", Due, "")
	}
	noError(t, s.SetOutcome(t.Context(), "daily@1", Waiting, "")) // the connection still serves
}
