package job

import (
	"context"
	"time"

	"qosreport/internal/fault"
)

// A run that nobody watches has so much time and no more. It is divided from its end: what
// was begun has to be cleaned up, what was drawn has to be sent, and what was read has to be
// drawn. The queries get the rest.

// phase is a part of a run.
type phase struct {
	name  string
	area  fault.Area
	after time.Duration // what the phases after it need, in a budget of half an hour or more
	part  int           // and which part of a shorter one
}

var (
	phaseQuery    = phase{"query", fault.Impala, 7*time.Minute + 30*time.Second, 4}
	phaseRender   = phase{"render", fault.Output, 2*time.Minute + 30*time.Second, 12}
	phaseDelivery = phase{"mail", fault.Delivery, 30 * time.Second, 60}
)

// within is the context of a phase, whose deadline leaves the phases after it their time.
// Without a budget it ends with the run alone. A phase for which no time is left does not
// begin.
func (o Options) within(ctx context.Context, p phase) (context.Context, context.CancelFunc, error) {
	end, bounded := ctx.Deadline()
	if o.Budget == 0 || !bounded {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, cancel, nil
	}
	over := fault.Advise(fault.Errorf(p.area, fault.Cancelled, "the time for phase %s is over: the whole run has %s", p.name, o.Budget),
		"raise run_timeout of the schedule, or see why it takes so long: qosreport history")
	ctx, cancel := context.WithDeadlineCause(ctx, end.Add(-o.reserve(p)), over)
	if err := context.Cause(ctx); err != nil { // its time is over, or the run was ended before
		cancel()
		return nil, nil, err
	}
	return ctx, cancel, nil
}

// reserve is the time that the phases after p need.
func (o Options) reserve(p phase) time.Duration { return min(p.after, o.Budget/time.Duration(p.part)) }

// why is the error of a phase, beside what ended its context if something did.
func why(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if err == nil || cause == nil || fault.AreaOf(err) == fault.Stopped {
		return err
	}
	return &ended{cause, err}
}

// ended is that something broke because it was ended: the cause decides what it means, and
// what broke is told beside it.
type ended struct{ cause, broke error }

func (e *ended) Error() string {
	if e.cause.Error() == e.broke.Error() {
		return e.cause.Error()
	}
	return e.cause.Error() + " (" + e.broke.Error() + ")"
}

func (e *ended) Unwrap() error { return e.cause }

// Grace bounds what goes on after a run was stopped: mail that is on its way.
type Grace struct {
	Time time.Duration
	Over <-chan struct{} // closed to end it at once; nil never is
}

// outlive is a context that goes on for the grace when ctx was stopped by a person or a
// signal. Whatever else ends ctx ends it at once.
func (g Grace) outlive(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		cause := context.Cause(ctx)
		if fault.AreaOf(cause) == fault.Stopped {
			timer := time.NewTimer(g.Time)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-g.Over:
			case <-out.Done():
			}
		}
		cancel(cause)
	})
	return out, func() {
		stop()
		cancel(nil)
	}
}
