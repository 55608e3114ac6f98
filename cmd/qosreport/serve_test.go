package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/store"
)

// hourly is a schedule at half past each hour, for the end of a configuration.
const hourly = `web: {listen: ""}
schedules:
  hourly:
    report: one
    cron: "30 * * * *"
    window: previous_hour
    to: [noc@example.com]
    owner: [admins@example.com]
`

// serving is a serve in a bubble.
type serving struct {
	*bubble
	stop context.CancelCauseFunc
	done chan result
}

func (b *bubble) serve() *serving {
	ctx, stop := context.WithCancelCause(b.t.Context())
	s := &serving{bubble: b, stop: stop, done: make(chan result, 1)}
	go func() { s.done <- b.call(ctx, "serve") }()
	return s
}

// end stops serve as a signal does, and waits for it.
func (s *serving) end() result {
	s.stop(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by signal %q", "terminated"))
	return <-s.done
}

// ledger opens the ledger beside whoever uses it.
func (b *bubble) ledger(read func(ledger *store.Store)) {
	b.t.Helper()
	ledger, err := store.Open(b.t.Context(), filepath.Join(b.dir, "ledger.db"), store.Options{Now: b.now})
	if err != nil {
		b.t.Fatal(err)
	}
	defer ledger.Close()
	read(ledger)
}

// outcomes are the slots of the ledger by their fire instant, each with its outcome and reason.
func (b *bubble) outcomes() string {
	b.t.Helper()
	var lines []string
	b.ledger(func(ledger *store.Store) {
		slots, err := ledger.Slots(b.t.Context(), store.SlotFilter{})
		if err != nil {
			b.t.Fatal(err)
		}
		for _, s := range slots {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", s.Fire.UTC().Format("02T15:04"), s.Outcome, s.Reason)))
		}
	})
	return strings.Join(lines, "\n")
}

func (b *bubble) want(outcomes ...string) {
	b.t.Helper()
	if got := b.outcomes(); got != strings.Join(outcomes, "\n") {
		b.t.Errorf("slots:\n%s\nwant:\n%s", got, strings.Join(outcomes, "\n"))
	}
}

func TestServeRunsEachSlotOnce(t *testing.T) {
	virtually(t, hourly, func(t *testing.T, b *bubble) {
		s := b.serve()
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if r := s.end(); r.code != 0 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		b.want("10T05:30 done", "10T06:30 done", "10T07:30 done")
		if b.box.Accepted() != 3 {
			t.Errorf("%d mails", b.box.Accepted())
		}
	})
}
