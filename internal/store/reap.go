package store

import (
	"context"
	"fmt"
)

// LostRun is a run whose process was lost.
type LostRun struct {
	Run     Run     // as it is now
	Outcome Outcome // of its slot: due again, abandoned or failed; "" for a run without
	Unknown []int64 // deliveries that were found in the middle, and may have been sent
}

// Reap abandons the runs whose lease has run out, and those of processes on this host that
// have ended. A run that was claimed through this very Store and has not ended is not
// judged by its lease: when the clock jumps, every lease seems to have run out. Deliveries found in the middle become unknown, the others stay pending for
// the next run. A slot is due again while there is time to start it and somebody to send
// to; else it failed for an unknown delivery, or was abandoned.
func (s *Store) Reap(ctx context.Context) (lost []LostRun, err error) {
	const what = "abandon lost runs"
	some := false
	err = s.read(ctx, what, func(ctx context.Context, t *txn) error { // mostly there are none, and no need to wait for writers
		return s.eachLost(ctx, t, func(Run, string) error {
			some = true
			return nil
		})
	})
	if err != nil || !some {
		return nil, err
	}
	err = s.write(ctx, what, func(ctx context.Context, t *txn) error {
		return s.eachLost(ctx, t, func(run Run, reason string) error {
			l, err := t.abandon(ctx, run, reason)
			lost = append(lost, l)
			return err
		})
	})
	return lost, err
}

// eachLost finds the runs that are lost, and why they are.
func (s *Store) eachLost(ctx context.Context, t *txn, do func(run Run, reason string) error) error {
	running, err := all(ctx, t, scanRun, "SELECT "+runColumns+" FROM run WHERE state = 'running' ORDER BY started, id")
	if err != nil {
		return err
	}
	for _, run := range running {
		reason := ""
		if millis(run.LeaseUntil) <= t.now && !s.ours.has(run.ID) {
			reason = "lease ran out"
		} else if owner, err := ParseOwner(run.Owner); err == nil && s.options.Gone(owner) {
			reason = fmt.Sprintf("process %d of %s ended", owner.PID, owner.Host)
		} else {
			continue
		}
		if err := do(run, reason); err != nil {
			return fmt.Errorf("run %s: %w", run.ID, err)
		}
	}
	return nil
}

func (t *txn) abandon(ctx context.Context, run Run, reason string) (a LostRun, err error) {
	if a.Unknown, err = t.loseSending(ctx, run, actorSchedule); err != nil {
		return a, err
	}
	if _, err := t.move(ctx, move{what: "run", table: "run", key: run.ID, from: words(RunRunning), to: string(RunAbandoned),
		set: ", reason = ?, ended = ?", args: []any{reason, t.now}}); err != nil {
		return a, err
	}
	if err := t.endOpenAttempt(ctx, run.ID, RunEnd{State: RunAbandoned, Reason: reason}); err != nil {
		return a, err
	}
	if a.Run, err = one(ctx, t, scanRun, "SELECT "+runColumns+" FROM run WHERE id = ?", run.ID); err != nil {
		return a, err
	}
	event := Event{Actor: actorSchedule, Action: "abandoned", Schedule: run.Schedule, Run: run.ID}
	if run.Slot == "" {
		event.From, event.To, event.Reason = string(RunRunning), string(RunAbandoned), reason
		return a, t.record(ctx, event)
	}
	if a.Outcome, reason, err = t.afterAbandon(ctx, run, reason); err != nil {
		return a, err
	}
	return a, t.moveSlot(ctx, slotMove{key: run.Slot, from: []Outcome{Running}, to: a.Outcome, reason: reason, event: event})
}

// afterAbandon is what becomes of the slot of a run that was lost.
func (t *txn) afterAbandon(ctx context.Context, run Run, reason string) (Outcome, string, error) {
	slot, err := one(ctx, t, scanSlot, "SELECT "+slotColumns+" FROM slot WHERE key = ?", run.Slot)
	if err != nil {
		return "", "", err
	}
	found, err := t.deliveryCounts(ctx, run)
	if err != nil {
		return "", "", err
	}
	late := t.now > millis(slot.StartBy)
	switch {
	case found.unknown > 0 && (late || found.pending == 0):
		return Failed, ReasonUnknown + "; " + reason, nil
	case late:
		return Abandoned, reason, nil
	}
	return Due, reason, nil
}
