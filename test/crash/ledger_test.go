//go:build peers

package crash

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"qosreport/internal/store"
)

// until waits until something is true. When it does not come to that, or a service ends
// that nobody ended, the test fails and tells all that is known.
func (s *site) until(t *testing.T, what string, within time.Duration, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(within)
	for !ok() {
		for _, p := range s.serving {
			if p.gone() && !p.doomed {
				s.fail(t, "waiting until %s: process %d ended by itself: %v", what, p.pid(), p.cmd.ProcessState)
			}
		}
		select {
		case <-tick.C:
		case <-limit:
			s.fail(t, "waited %s in vain until %s", within, what)
		}
	}
}

// fail ends the test with what the ledger and the services say.
func (s *site) fail(t *testing.T, format string, args ...any) {
	t.Helper()
	var told strings.Builder
	fmt.Fprintf(&told, format+"\n", args...)
	if s.ledger != nil {
		slots, err := s.ledger.Slots(t.Context(), store.SlotFilter{})
		if err != nil {
			fmt.Fprintf(&told, "slots: %v\n", err)
		}
		for _, slot := range slots {
			s.tell(t, &told, slot.Key)
		}
	}
	for _, box := range s.boxes {
		fmt.Fprintf(&told, "mail server %s: %d accepted\n", box.Addr, box.Accepted())
	}
	for _, p := range s.serving {
		fmt.Fprintf(&told, "process %d says:\n%s", p.pid(), tail(p.log))
	}
	t.Fatal(told.String())
}

// tell writes what is known of a slot, a line a fact.
func (s *site) tell(t *testing.T, told *strings.Builder, key string) {
	t.Helper()
	w, err := s.ledger.Why(t.Context(), key)
	if err != nil {
		fmt.Fprintf(told, "slot %s: %v\n", key, err)
		return
	}
	fmt.Fprintf(told, "slot %s: %s %s\n", key, w.Slot.Outcome, w.Slot.Reason)
	for _, e := range w.Events {
		fmt.Fprintf(told, "  %s %s %s → %s, delivery %d, %s\n", e.At.Format("15:04:05.000"), e.Action, e.From, e.To, e.Delivery, e.Reason)
	}
	for _, r := range w.Runs {
		fmt.Fprintf(told, "  run %s: %s %s, owner %s\n", r.Run.ID, r.Run.State, r.Run.Reason, r.Run.Owner)
		for _, a := range r.Attempts {
			fmt.Fprintf(told, "    attempt %d: %s in %s, %d queries, %s\n", a.Number, a.Result, a.Phase, len(a.Queries), a.Error)
		}
		for _, a := range r.Artefacts {
			fmt.Fprintf(told, "    file %s, %d bytes\n", a.Path, a.Bytes)
		}
		for _, d := range r.Deliveries {
			fmt.Fprintf(told, "    delivery %d: %s by run %s, %s\n", d.ID, d.State, d.Run, d.Answer)
		}
	}
}

// read opens the ledger, which a service has made.
func (s *site) read(t *testing.T) {
	t.Helper()
	s.until(t, "there is a ledger", time.Minute, func() bool {
		_, err := os.Stat(s.path())
		return err == nil
	})
	ledger, err := store.Open(t.Context(), s.path(), store.Options{})
	if err != nil {
		s.fail(t, "%v", err)
	}
	s.ledger = ledger
	t.Cleanup(func() {
		if err := ledger.Close(); err != nil {
			t.Error(err)
		}
	})
}

// slots are those that have one of the outcomes; none means all.
func (s *site) slots(t *testing.T, outcomes ...store.Outcome) []store.Slot {
	t.Helper()
	slots, err := s.ledger.Slots(t.Context(), store.SlotFilter{Outcomes: outcomes})
	if err != nil {
		s.fail(t, "%v", err)
	}
	return slots
}

func (s *site) why(t *testing.T, key string) store.Why {
	t.Helper()
	w, err := s.ledger.Why(t.Context(), key)
	if err != nil {
		s.fail(t, "%v", err)
	}
	return w
}

// lastRun is the newest run of a slot with its attempt.
func lastRun(w store.Why) (run store.RunFacts, attempt store.Attempt) {
	if n := len(w.Runs); n > 0 {
		run = w.Runs[n-1]
	}
	if n := len(run.Attempts); n > 0 {
		attempt = run.Attempts[n-1]
	}
	return run, attempt
}

// ended waits until no slot runs or is to be run, and returns all that there are.
func (s *site) ended(t *testing.T) []store.Slot {
	t.Helper()
	s.until(t, "every slot has ended", 2*time.Minute, func() bool {
		return len(s.slots(t, store.Due, store.Waiting, store.Running)) == 0
	})
	return s.slots(t)
}

// lock takes the only right to write into the ledger, as a backup or a busy neighbour may.
func (s *site) lock(t *testing.T) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.path()+"?_pragma=busy_timeout(30000)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		s.fail(t, "lock the ledger: %v", err)
	}
	return func() {
		t.Helper()
		if _, err := db.Exec("ROLLBACK"); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
