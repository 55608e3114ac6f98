package planner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"qosreport/internal/schedule"
	"qosreport/internal/store"
)

// startDue starts the slots that are due, in their order, as far as the limits allow. It
// returns when the next one starts whose start is spread.
func (p *Planner) startDue(ctx context.Context, schedules map[string]Schedule, now time.Time) (later time.Time, err error) {
	due, err := p.Store.Slots(ctx, store.SlotFilter{Outcomes: []store.Outcome{store.Due, store.Waiting}})
	if err != nil {
		return later, err
	}
	due, err = p.expire(ctx, due, now)
	slices.SortFunc(due, inOrder)
	full := false
	for _, slot := range due {
		s, known := schedules[slot.Schedule]
		if !known || s.Suspended || ctx.Err() != nil {
			continue // it stays due as long as it may start
		}
		if begin := slot.Fire.Add(schedule.Delay(slot.Schedule, s.Spread)); now.Before(begin) {
			if later.IsZero() || begin.Before(later) {
				later = begin
			}
			continue
		}
		if full {
			err = errors.Join(err, p.wait(ctx, slot))
			continue
		}
		startErr := p.start(ctx, s, slot)
		if errors.Is(startErr, store.ErrLimit) {
			full, startErr = true, p.wait(ctx, slot)
		}
		if startErr != nil {
			err = errors.Join(err, fmt.Errorf("slot %s: %w", slot.Key, startErr))
		}
	}
	return later, err
}

// expire gives up slots whose start is too late, and returns the others.
func (p *Planner) expire(ctx context.Context, due []store.Slot, now time.Time) ([]store.Slot, error) {
	missed := make(map[string][]store.Slot)
	var err error
	due = slices.DeleteFunc(due, func(slot store.Slot) bool {
		if !now.After(slot.StartBy) {
			return false
		}
		reason := "deadline: it was not started by " + slot.StartBy.UTC().Format(time.RFC3339)
		if slot.Reason != "" {
			reason += "; " + slot.Reason
		}
		switch setErr := p.Store.SetOutcome(ctx, slot.Key, store.Missed, reason); {
		case setErr == nil:
			slot.Outcome, slot.Reason = store.Missed, reason
			missed[slot.Schedule] = append(missed[slot.Schedule], slot)
		default:
			err = errors.Join(err, lostRace(setErr))
		}
		return true
	})
	for name, slots := range missed {
		p.tellMissed(ctx, name, slots)
	}
	return due, err
}

func (p *Planner) wait(ctx context.Context, slot store.Slot) error {
	if slot.Outcome == store.Waiting {
		return nil
	}
	return lostRace(p.Store.SetOutcome(ctx, slot.Key, store.Waiting, slot.Reason))
}

// claim takes a slot and gives back what carries it out. There is none when another has the
// slot, or when it was skipped; [store.ErrLimit] means that it has to wait.
func (p *Planner) claim(ctx context.Context, s Schedule, slot store.Slot) (run func(context.Context), err error) {
	run, err = p.Start(ctx, slot)
	switch {
	case errors.Is(err, store.ErrLimit):
		return nil, p.overlap(ctx, s, slot, err)
	case err != nil:
		return nil, lostRace(err)
	}
	return run, nil
}

// start has a slot carried out beside the loop.
func (p *Planner) start(ctx context.Context, s Schedule, slot store.Slot) error {
	run, err := p.claim(ctx, s, slot)
	if run == nil {
		return err
	}
	p.runs.Go(func() {
		defer p.nudge() // another may wait for it to end
		run(ctx)
	})
	return nil
}

// overlap skips a slot for which another of its schedule leaves no room. The limit is given
// back when it is that of all schedules.
func (p *Planner) overlap(ctx context.Context, s Schedule, slot store.Slot, limit error) error {
	running, err := p.Store.Runs(ctx, store.RunFilter{Schedule: slot.Schedule, States: []store.RunState{store.RunRunning}})
	if err != nil {
		return err
	}
	if s.Policy.Admit(len(running)) == schedule.Due {
		return limit
	}
	p.Logger.WarnContext(ctx, "slot skipped", "slot", slot.Key, "reason", "still running", "run", running[0].ID)
	return lostRace(p.Store.SetOutcome(ctx, slot.Key, store.Skipped, "still running: run "+running[0].ID))
}

// RunNow claims a slot and carries it out before it returns. It reports whether it did so;
// if not, another may have the slot, it may have been skipped because its schedule still
// runs, it may be too late, or it has to wait ([store.ErrLimit]).
func (p *Planner) RunNow(ctx context.Context, s Schedule, slot store.Slot) (ran bool, err error) {
	if due, err := p.expire(ctx, []store.Slot{slot}, p.Now()); len(due) == 0 {
		return false, err
	}
	run, err := p.claim(ctx, s, slot)
	if run == nil {
		return false, err
	}
	run(ctx)
	return true, nil
}
