package store

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"qosreport/internal/fault"
)

// leases are the runs that this process is at work on. The zero value has none.
type leases struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (l *leases) enter(run string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ids == nil {
		l.ids = make(map[string]bool)
	}
	l.ids[run] = true
}

func (l *leases) leave(run string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.ids, run)
}

func (l *leases) has(run string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ids[run]
}

// own does work for the run, in one transaction, if it still holds its lease.
func (l *Lease) own(ctx context.Context, what string, do func(context.Context, *txn, Run) error) error {
	return l.store.write(ctx, what+" of run "+l.ID, func(ctx context.Context, t *txn) error {
		run, err := one(ctx, t, scanRun, "SELECT "+runColumns+" FROM run WHERE id = ?", l.ID)
		if err != nil {
			return err
		}
		if run.State != RunRunning {
			l.store.ours.leave(l.ID)
			return fmt.Errorf("%w: it is %s", ErrLost, run.State)
		}
		return do(ctx, t, run)
	})
}

// Renew extends the lease from now. A lease that has run out can be renewed while nobody
// noticed.
func (l *Lease) Renew(ctx context.Context) error {
	return l.own(ctx, "renew lease", func(ctx context.Context, t *txn, _ Run) error {
		_, err := t.exec(ctx, "UPDATE run SET lease_until = ? WHERE id = ? AND state = 'running'", t.now+l.length.Milliseconds(), l.ID)
		return err
	})
}

// Until is when the lease runs out.
func (l *Lease) Until(ctx context.Context) (time.Time, error) {
	run, err := l.store.Run(ctx, l.ID)
	return run.LeaseUntil, err
}

// RunEnd is how a run ended.
type RunEnd struct {
	State   RunState // RunDone, RunSkipped, RunFailed or RunInterrupted
	Reason  string   // needed unless it is done
	Verdict string   // of the report, if there is one
	Figures string   // hash of the figures of the mail's body, if there is one
}

// End ends the run and gives its slot the outcome: done, skipped, failed, or due again
// for an interrupted one. Deliveries that are in the middle become unknown, and with an
// unknown delivery neither run nor slot is done: they fail. End returns the state that
// the run got. Whether or not it can be written down, the run is at work no more.
func (l *Lease) End(ctx context.Context, e RunEnd) (state RunState, err error) {
	defer l.store.ours.leave(l.ID)
	err = l.own(ctx, "end", func(ctx context.Context, t *txn, run Run) error {
		switch e.State {
		case RunDone, RunSkipped, RunFailed, RunInterrupted:
		default:
			return &TransitionError{What: "run", Key: l.ID, From: string(run.State), To: string(e.State)}
		}
		if e.Reason == "" && e.State != RunDone {
			return fault.Errorf(fault.Internal, 0, "it is %s without a reason", e.State)
		}
		if _, err := t.loseSending(ctx, run, l.actor); err != nil {
			return err
		}
		found, err := t.deliveryCounts(ctx, run)
		if err != nil {
			return err
		}
		if found.unknown > 0 && (e.State != RunInterrupted || found.pending == 0) {
			e = e.unknown()
		}
		state = e.State
		return t.endRun(ctx, run, e, l.actor)
	})
	return state, err
}

// unknown is the end of a run that does not know what became of a message.
func (e RunEnd) unknown() RunEnd {
	switch {
	case e.State != RunFailed:
		e.Reason = ReasonUnknown
	case !strings.HasPrefix(e.Reason, ReasonUnknown):
		e.Reason = ReasonUnknown + "; " + e.Reason
	}
	e.State = RunFailed
	return e
}

// endRun writes the end of a run and of its attempt, and what it means for the slot.
func (t *txn) endRun(ctx context.Context, run Run, e RunEnd, actor string) error {
	_, err := t.move(ctx, move{
		what: "run", table: "run", key: run.ID, from: words(RunRunning), to: string(e.State),
		set:  ", reason = ?, verdict = ?, figures = ?, ended = ?",
		args: []any{e.Reason, cmp.Or(e.Verdict, run.Verdict), cmp.Or(e.Figures, run.Figures), t.now},
	})
	if err != nil {
		return err
	}
	if err := t.endOpenAttempt(ctx, run.ID, e); err != nil {
		return err
	}
	event := Event{Actor: actor, Action: "ended", Schedule: run.Schedule, Run: run.ID}
	if run.Slot == "" {
		event.From, event.To, event.Reason = string(RunRunning), string(e.State), e.Reason
		return t.record(ctx, event)
	}
	return t.moveSlot(ctx, slotMove{key: run.Slot, from: []Outcome{Running}, to: slotOutcome(e.State), reason: e.Reason, event: event})
}

// slotOutcome is what the end of a run means for its slot.
func slotOutcome(state RunState) Outcome {
	switch state {
	case RunDone:
		return Done
	case RunSkipped:
		return Skipped
	case RunInterrupted:
		return Due
	}
	return Failed
}
