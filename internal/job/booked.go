package job

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/store"
)

// Booking is what a run needs that the ledger knows, and that sends its mail.
type Booking struct {
	Store  *store.Store
	Owner  store.Owner // this process
	Actor  string      // who asks for it; "" means the schedule
	Sender Sender
	Grace  Grace
	Logger *slog.Logger // whose records name the run; nil discards
	Due    *Due         // nil for a run that somebody asked for
}

// Due is the slot that a run is for, and what its schedule says.
type Due struct {
	Slot       store.Slot
	ConfigHash string
	MaxRuns    int    // how many may be at work, this one included; 0 means any number
	Alone      bool   // no other run of the schedule may be at work
	SendWhen   string // see config.SendRules; "" means always
	ByHand     bool   // a person wants it once more after the slot ended: there is one attempt, however many failed
	// Failed is called after the last attempt failed, and Done when the report was sent; nil
	// is not.
	Failed func(ctx context.Context, f Failed)
	Done   func(ctx context.Context)
}

// Failed is how a run for a slot ended without success.
type Failed struct {
	Run      string
	Attempts int // of the slot, by all its runs
	Err      error
}

// Booked is a run that was claimed, and is to be carried out by [Booked.Run].
type Booked struct {
	Options
	booking  Booking
	lease    *store.Lease
	attempts int // of the slot so far

	outcome *Outcome // once the report was made
	sent    []Sent
	skipped string // why the mail is not sent
}

// RunAndSend makes the report as [Run] does and sends its mail, of which at most one
// leaves for each recipient, whoever runs it and whatever ends it. What was sent is told,
// also with an error.
func RunAndSend(ctx context.Context, o Options, b Booking) (*Outcome, []Sent, error) {
	if err := o.notSentYet(ctx, b); err != nil {
		return nil, nil, err
	}
	r, err := Claim(ctx, o, b)
	if err != nil {
		return nil, nil, err
	}
	err = r.Run(ctx)
	return r.outcome, r.sent, err
}

// Claim starts a run in the ledger. Of a slot that another took it is a
// [store.TransitionError], of too many runs [store.ErrLimit].
func Claim(ctx context.Context, o Options, b Booking) (*Booked, error) {
	if b.Logger == nil {
		b.Logger = slog.New(slog.DiscardHandler)
	}
	claim := store.Claim{ID: o.Run, Kind: store.KindAdHoc, Variant: o.variant(), Window: o.storeWindow(), Actor: b.Actor, Owner: b.Owner, Program: o.Program}
	if d := b.Due; d != nil {
		claim.Kind, claim.Slot, claim.ConfigHash, claim.MaxRuns, claim.Alone = store.KindSlot, d.Slot.Key, d.ConfigHash, d.MaxRuns, d.Alone
		if d.ByHand {
			claim.Kind = store.KindByHand
		}
	}
	lease, _, err := b.Store.Claim(ctx, claim)
	if err != nil {
		return nil, err
	}
	return &Booked{Options: o, booking: b, lease: lease}, nil
}

// Outcome is the report, nil before it was made.
func (r *Booked) Outcome() *Outcome { return r.outcome }

// Sent is how the mail to each recipient ended.
func (r *Booked) Sent() []Sent { return r.sent }

// Skipped is why the mail was not sent although all went well, or "".
func (r *Booked) Skipped() string { return r.skipped }

// Run carries the run out, with as many attempts as it may have, and writes down how it
// ended. A panic ends the run and not the process.
func (r *Booked) Run(ctx context.Context) error {
	running, stop := context.WithCancelCause(ctx)
	renewing, quit := context.WithCancel(context.WithoutCancel(ctx)) // mail on its way needs the lease after a stop, too
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		r.renew(renewing, stop)
	}()
	err := why(running, r.guarded(running))
	if b := (*bug)(nil); errors.As(err, &b) {
		r.booking.Logger.ErrorContext(ctx, "run panicked", "panic", b.Error(), "stack", string(b.stack))
	}
	quit()
	<-renewed
	stop(nil)
	err = errors.Join(err, r.end(ctx, err))
	if fault.AreaOf(err) != fault.DeliveryUnknown && slices.ContainsFunc(r.sent, func(s Sent) bool { return s.State == store.Unknown }) {
		err = fault.Advise(fault.Errorf(fault.DeliveryUnknown, fault.Refused, "%v", err), "%s", tryResolve) // a person has to find out, whatever ended the run
	}
	return err
}

// guarded carries the run out within its time. A panic becomes an error: a bug in one
// report leaves the others alone.
func (r *Booked) guarded(ctx context.Context) error {
	if r.Budget > 0 {
		over := fault.Advise(fault.Errorf(fault.Output, fault.Cancelled, "the run did not end within %s", r.Budget), "raise run_timeout of the schedule")
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.Budget, over)
		defer cancel()
	}
	return why(ctx, caught(func() error { return r.tryAll(ctx) }))
}

// renewEvery is a quarter of a lease.
const renewEvery = 15 * time.Second

// renew keeps the lease until the context ends. A lease that is lost ends the run: another
// may have taken its place.
func (r *Booked) renew(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := r.lease.Renew(ctx); errors.Is(err, store.ErrLost) {
				stop(err)
				return
			}
		}
	}
}

// end writes down how the run ended, and tells the owner where that is due.
func (r *Booked) end(ctx context.Context, failed error) error {
	e := store.RunEnd{State: store.RunDone}
	if r.outcome != nil {
		e.Verdict, e.Figures = r.outcome.Verdict.Word, r.outcome.facts.figures
	}
	switch {
	case fault.AreaOf(failed) == fault.Stopped:
		e.State, e.Reason = store.RunInterrupted, failed.Error()
	case failed != nil:
		e.State, e.Reason = store.RunFailed, fault.Word(failed)+": "+failed.Error()
	case r.skipped != "":
		e.State, e.Reason = store.RunSkipped, r.skipped
	}
	state, err := r.lease.End(context.WithoutCancel(ctx), e)
	switch {
	case errors.Is(err, store.ErrLost) && failed != nil:
		return nil // told already, and another run may be at work
	case err != nil:
		return err
	case state == store.RunFailed && failed == nil:
		failed = fault.Advise(fault.Errorf(fault.DeliveryUnknown, fault.Refused, "%s: nobody knows whether all have the mail that an earlier run sent", store.ReasonUnknown), "%s", tryResolve)
		err = failed
	}
	r.tell(ctx, state, failed)
	return err
}

// tell lets the owner know of a failure after the last attempt, and of the success that
// follows one.
func (r *Booked) tell(ctx context.Context, state store.RunState, failed error) {
	d := r.booking.Due
	switch {
	case d == nil:
	case state == store.RunFailed && d.Failed != nil:
		d.Failed(ctx, Failed{Run: r.Options.Run, Attempts: r.attempts, Err: failed})
	case state == store.RunDone && d.Done != nil:
		d.Done(ctx)
	}
}
