package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/job"
	"qosreport/internal/schedule"
	"qosreport/internal/store"
)

// isServeRunning is what helps when nobody plans.
const isServeRunning = "is serve running, with this configuration and this store? qosreport status --live tells, on its host"

// expectation finds whether the slots of schedules came to what they should.
type expectation struct {
	ledger *store.Store
	now    time.Time
	keep   time.Duration // how long the ledger remembers slots
	alive  bool          // a planning loop showed itself lately
	lost   map[string]store.Run
}

// check is an error when the newest expected slot of a schedule is neither done nor at work,
// nor in order for another reason. State is what the ledger remembers of the schedule, nil
// when no planner has seen it.
func (e *expectation) check(ctx context.Context, name string, s *config.Schedule, state *store.ScheduleState) error {
	if s.Suspend {
		return nil
	}
	if state == nil {
		return fault.Advise(fault.Errorf(fault.Status, 0, "schedule %s was never planned", name), isServeRunning)
	}
	since := state.EffectiveFrom
	if state.ExpressionHash != s.Times.Hash() {
		if e.alive {
			return fault.Advise(fault.Errorf(fault.Status, 0, "schedule %s has another cron, interval or zone than serve goes by", name), "let serve read its configuration again (SIGHUP), or start it anew")
		}
		// The new times hold from when a planner sees them, which none has since.
		since = state.Considered
	}
	if kept := e.now.Add(-e.keep); since.Before(kept) {
		since = kept // what was before may be forgotten
	}
	return e.newest(ctx, name, s, since)
}

// newest judges the newest slot that is not within its time to start. One that the ledger
// does not have is expected only if it fired later than since.
func (e *expectation) newest(ctx context.Context, name string, s *config.Schedule, since time.Time) error {
	for at := e.now; ; {
		expected := s.Times.Last(at)
		if expected.Key == "" {
			return nil
		}
		slot, err := e.ledger.Slot(ctx, expected.Key)
		missing := errors.Is(err, store.ErrNotFound)
		if err != nil && !missing {
			return err
		}
		late := e.now.Sub(expected.Fire) > schedule.Punctual+s.Spread.Duration
		idle := missing || slot.Outcome == store.Due || slot.Outcome == store.Waiting
		switch {
		case idle && !late:
			at = expected.Fire.Add(-1) // it may still start; the one before it counts
		case missing && expected.Fire.After(since):
			return fault.Advise(fault.Errorf(fault.Status, 0, "slot %s of %s is not in the ledger: nobody plans", expected.Key, stamp(expected.Fire, s.Times.Zone())), isServeRunning)
		case missing:
			return nil
		default:
			return e.judge(slot)
		}
	}
}

// judge is an error for a slot that should have come to more by now.
func (e *expectation) judge(slot store.Slot) error {
	switch slot.Outcome {
	case store.Done, store.Skipped, store.Superseded, store.Suspended:
		return nil
	case store.Running:
		run, lost := e.lost[slot.Run]
		if !lost {
			return nil
		}
		return fault.Advise(fault.Errorf(fault.Status, 0, "slot %s is running by run %s, whose process is lost", slot.Key, run.ID), isServeRunning)
	case store.Due, store.Waiting:
		try := isServeRunning
		if e.alive {
			try = job.Command("why", slot.Key) + " tells what it waits for"
		}
		return fault.Advise(fault.Errorf(fault.Status, 0, "slot %s is %s for %s", slot.Key, slot.Outcome, spell(e.now.Sub(slot.Fire))), "%s", try)
	}
	return fault.Advise(fault.New(fault.Status, 0, errors.New(outcomeText(slot))), "%s tells how it came to that, and what can be done", job.Command("why", slot.Key))
}

// outcomeText is what a slot came to, in a sentence.
func outcomeText(slot store.Slot) string {
	return fmt.Sprintf("slot %s is %s", slot.Key, reasoned(string(slot.Outcome), slot.Reason))
}

func reasoned(state, reason string) string {
	if reason == "" {
		return state
	}
	return state + ": " + flat(reason)
}

// lately reports whether a planning loop showed itself within the time in which it has to,
// and has not surely ended since.
func lately(b store.Beat, now time.Time) bool {
	owner, err := store.ParseOwner(b.Owner)
	return now.Sub(b.At).Abs() <= schedule.Punctual && err == nil && !store.Self().Gone(owner)
}
