// Package planner writes down which slots of schedules are due, and has them carried out.
//
// A slot is in the ledger before anything runs, and what becomes of it is decided there:
// the claim of a slot is one transaction, so that several planners on one ledger run it
// once. The loop looks at the wall clock each time it wakes and sleeps half a minute at
// most, so that machines that were suspended and clocks that were moved mislead it no
// longer than that.
package planner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/schedule"
	"qosreport/internal/store"
)

// Schedule is one that slots are planned of.
type Schedule struct {
	Times     *schedule.Schedule
	Policy    schedule.Policy // from [schedule.Schedule.Policy]
	Spread    time.Duration   // see [schedule.Delay]
	Suspended bool            // its slots are written down, and none runs
}

// Start claims a slot and gives back what carries it out, which is called once and in a
// goroutine of its own. Its context ends when the planner is stopped; it is to return soon
// after that. An error of [store.ErrLimit] leaves the slot to wait.
type Start func(ctx context.Context, slot store.Slot) (run func(ctx context.Context), err error)

// Options of a planner. Store, Owner and Start are required.
type Options struct {
	Store    *store.Store
	Owner    store.Owner // this process
	Instance string
	Program  string
	Start    Start
	// Missed is told of the slots of a schedule that were missed at once; nil is not.
	Missed func(ctx context.Context, name string, slots []store.Slot)
	// Lost is told of runs whose process was lost; nil is not.
	Lost   func(ctx context.Context, run store.LostRun)
	Now    func() time.Time // nil means time.Now
	Built  time.Time        // of the program: a clock that is before it is wrong, and nothing is planned
	Logger *slog.Logger     // nil discards
}

const (
	longestSleep = 30 * time.Second
	// Alive is how long ago a healthy loop may have woken.
	Alive = 90 * time.Second
	// catchUpMax is how many of the slots of a long down-time are written down one by one.
	catchUpMax = 7
)

// Planner plans and starts the slots of its schedules until it is stopped.
type Planner struct {
	Options
	wake chan struct{} // of one: something happened that the loop should look at
	runs sync.WaitGroup
	held map[string]held // by schedule; the loop's alone

	mu        sync.Mutex
	schedules map[string]Schedule
	woke      time.Time // real time
	failed    error     // why the last look did not go well
	stopping  bool
}

// New makes a planner without schedules. [Planner.Run] starts it.
func New(o Options) *Planner {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Planner{Options: o, wake: make(chan struct{}, 1), held: make(map[string]held), woke: time.Now()}
}

// Set puts schedules in the place of those before. Runs that go on are left alone.
func (p *Planner) Set(schedules []Schedule) {
	all := make(map[string]Schedule, len(schedules))
	for _, s := range schedules {
		all[s.Times.ID()] = s
	}
	p.mu.Lock()
	p.schedules = all
	p.mu.Unlock()
	p.nudge()
}

func (p *Planner) nudge() {
	select {
	case p.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Run plans and starts until the context ends, and then waits for what it started. Slots
// that waited for others are due again. A ledger that cannot be written for a time is no
// end: it is tried again, and [Planner.Ready] says so.
func (p *Planner) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		next, err := p.look(ctx)
		p.note(ctx, err)
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-p.wake:
		}
		timer.Stop()
	}
	p.mu.Lock()
	p.stopping = true
	p.mu.Unlock()
	p.runs.Wait()
	return p.release(context.WithoutCancel(ctx))
}

// note keeps how the last look went, and tells a failure when it is another than before.
func (p *Planner) note(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	p.mu.Lock()
	before := p.failed
	p.failed = err
	p.mu.Unlock()
	switch {
	case err != nil && (before == nil || before.Error() != err.Error()):
		p.Logger.ErrorContext(ctx, "planning fails", "error", err, "try", fault.Remedy(err))
	case err == nil && before != nil:
		p.Logger.InfoContext(ctx, "planning goes on")
	}
}

// Healthy is an error when the loop has not woken for too long.
func (p *Planner) Healthy() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if late := time.Since(p.woke); late > Alive {
		return fault.Errorf(fault.Status, 0, "the planning loop has not woken for %s", late.Round(time.Second))
	}
	return nil
}

// Ready is an error when slots are not planned: the ledger cannot be written, the clock is
// wrong, or the planner was stopped.
func (p *Planner) Ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return fault.Errorf(fault.Stopped, 0, "the planner was stopped")
	}
	return p.failed
}

// look plans what became due, starts what may start, and says how long to sleep.
func (p *Planner) look(ctx context.Context) (time.Duration, error) {
	p.mu.Lock()
	p.woke = time.Now()
	schedules := p.schedules
	p.mu.Unlock()
	now := p.Now()
	if err := p.clock(now); err != nil {
		return longestSleep, err
	}
	if err := p.Store.Beat(ctx, p.Instance, p.Program, p.Owner); err != nil {
		return longestSleep, err
	}
	if err := p.reap(ctx); err != nil {
		return longestSleep, err
	}
	var errs []error
	maps.DeleteFunc(p.held, func(name string, _ held) bool { _, ours := schedules[name]; return !ours })
	for _, s := range schedules {
		if err := p.plan(ctx, s, now); err != nil {
			errs = append(errs, fmt.Errorf("schedule %s: %w", s.Times.ID(), err))
		}
	}
	later, err := p.startDue(ctx, schedules, now)
	return p.sleep(schedules, later, now), errors.Join(append(errs, err)...)
}

// clock refuses a time at which the program did not exist yet.
func (p *Planner) clock(now time.Time) error {
	if !now.Before(p.Built) {
		return nil
	}
	return fault.Advise(fault.Errorf(fault.Status, 0, "the clock says %s, and the program was built at %s", now.UTC().Format(time.RFC3339), p.Built.UTC().Format(time.RFC3339)),
		"set this host's clock, and see whether time synchronisation runs")
}

// reap ends the runs whose process was lost.
func (p *Planner) reap(ctx context.Context) error {
	lost, err := p.Store.Reap(ctx)
	for _, l := range lost {
		p.Logger.WarnContext(ctx, "run abandoned", "run", l.Run.ID, "slot", l.Run.Slot, "reason", l.Run.Reason, "slot_outcome", l.Outcome, "unknown_deliveries", len(l.Unknown))
		if p.Lost != nil {
			p.Lost(ctx, l)
		}
	}
	return err
}

// sleep is how long nothing is due; later is when the next slot that was put off starts.
func (p *Planner) sleep(schedules map[string]Schedule, later, now time.Time) time.Duration {
	wait := longestSleep
	if !later.IsZero() {
		wait = min(wait, later.Sub(now))
	}
	for _, s := range schedules {
		if next := s.Times.Next(now); next.Key != "" {
			wait = min(wait, next.Fire.Sub(now))
		}
	}
	return max(wait, 0)
}

// release makes due again what waited.
func (p *Planner) release(ctx context.Context) error {
	waiting, err := p.Store.Slots(ctx, store.SlotFilter{Outcomes: []store.Outcome{store.Waiting}})
	if err != nil {
		return err
	}
	for _, slot := range waiting {
		err = errors.Join(err, lostRace(p.Store.SetOutcome(ctx, slot.Key, store.Due, slot.Reason)))
	}
	return err
}

// lostRace leaves out that another process was first: the slot has its outcome from there.
func lostRace(err error) error {
	var moved *store.TransitionError
	if errors.As(err, &moved) {
		return nil
	}
	return err
}

// inOrder is the order in which slots start.
func inOrder(a, b store.Slot) int {
	return cmp.Or(a.Fire.Compare(b.Fire), cmp.Compare(a.Schedule, b.Schedule), cmp.Compare(a.Key, b.Key))
}
