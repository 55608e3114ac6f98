package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab/kdc"
	"qosreport/internal/store"
)

// hourly is a schedule that fires at each full hour and reports on the one before.
const hourly = `
web: {listen: ""}
log: {level: warn, format: text}
schedules:
  hourly: {report: one, cron: "0 * * * *", window: previous_hour, owner: [admin@example.com]}
`

// recipients is how many people get each report.
const recipients = 2

// serving is a serve that runs beside the test.
type serving struct {
	cancel context.CancelCauseFunc
	over   chan struct{} // close it for a second signal
	ended  chan result
}

// serve starts the scheduler as main does.
func (b *bubble) serve() *serving {
	ctx, cancel := context.WithCancelCause(b.t.Context())
	s := &serving{cancel: cancel, over: make(chan struct{}), ended: make(chan result, 1)}
	go func() { s.ended <- b.callUntil(ctx, s.over, "serve") }()
	return s
}

// stop is a SIGTERM. It waits for the end, as whoever sent it does.
func (s *serving) stop() result {
	s.cancel(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by signal %q", "terminated"))
	return <-s.ended
}

// ledger reads the ledger after a serve.
func (b *bubble) ledger(read func(s *store.Store)) {
	b.t.Helper()
	s, err := store.Open(b.t.Context(), b.dir+"/ledger.db", store.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			b.t.Error(err)
		}
	}()
	read(s)
}

// whys are the facts about all slots, the oldest first.
func (b *bubble) whys() (all []store.Why) {
	b.t.Helper()
	b.ledger(func(s *store.Store) {
		slots, err := s.Slots(b.t.Context(), store.SlotFilter{})
		if err != nil {
			b.t.Fatal(err)
		}
		for _, slot := range slots {
			why, err := s.Why(b.t.Context(), slot.Key)
			if err != nil {
				b.t.Fatal(err)
			}
			all = append(all, why)
		}
	})
	return all
}

// attempts are those of all runs of a slot.
func attempts(w store.Why) (all []store.Attempt) {
	for _, run := range w.Runs {
		all = append(all, run.Attempts...)
	}
	return all
}

// allDone checks that there are so many slots, each done at the first attempt and mailed.
func (b *bubble) allDone(slots int) {
	b.t.Helper()
	all := b.whys()
	for _, w := range all {
		if w.Slot.Outcome != store.Done || len(attempts(w)) != 1 {
			b.t.Errorf("slot %s is %s: %s; %d attempts", w.Slot.Key, w.Slot.Outcome, w.Slot.Reason, len(attempts(w)))
		}
	}
	if len(all) != slots {
		b.t.Errorf("%d slots, want %d", len(all), slots)
	}
	b.mailed(slots)
}

// mailed checks that each of the slots was mailed once to each recipient.
func (b *bubble) mailed(slots int) {
	b.t.Helper()
	subjects := make(map[string]int)
	for _, m := range b.box.Messages() {
		content, err := m.Content()
		if err != nil {
			b.t.Fatal(err)
		}
		id := ""
		for line := range strings.Lines(string(content)) {
			if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Message-ID") {
				id = value
			}
		}
		subjects[id]++
	}
	if len(subjects) != slots*recipients || b.box.Accepted() != slots*recipients {
		b.t.Errorf("%d mails of %d kinds for %d slots", b.box.Accepted(), len(subjects), slots)
	}
}

// Tickets live for ten hours, and serve for three days: it logs in again when they end.
func TestServeOutlivesItsTickets(t *testing.T) {
	virtually(t, hourly, func(t *testing.T, b *bubble) {
		s := b.serve()
		time.Sleep(72 * time.Hour)
		if r := s.stop(); r.code != 0 || r.stderr != "" {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		b.allDone(72)
		if c := b.lab.Realm.Counts(); c != (kdc.Counts{Logins: 8, Tickets: 8}) {
			t.Errorf("the KDC counted %+v; want a login each ten hours", c)
		}
	})
}

var _ = fmt.Sprint
var _ = synctest.Wait
