package job

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/store"
)

// Half a minute to clean up, two for the mail and five to draw are kept free at the end of
// half an hour, as much of a longer budget, and the same parts of a shorter one.
func TestThePhasesOfABudget(t *testing.T) {
	for budget, want := range map[time.Duration][3]time.Duration{
		2 * time.Hour:    {112*time.Minute + 30*time.Second, 117*time.Minute + 30*time.Second, 119*time.Minute + 30*time.Second},
		30 * time.Minute: {22*time.Minute + 30*time.Second, 27*time.Minute + 30*time.Second, 29*time.Minute + 30*time.Second},
		10 * time.Minute: {7*time.Minute + 30*time.Second, 9*time.Minute + 10*time.Second, 9*time.Minute + 50*time.Second},
		time.Minute:      {45 * time.Second, 55 * time.Second, 59 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), budget)
			defer cancel()
			for i, p := range []phase{phaseQuery, phaseRender, phaseDelivery} {
				within, done, err := Options{Budget: budget}.within(ctx, p)
				noError(t, err)
				if end, bounded := within.Deadline(); !bounded || end.Sub(began) != want[i] {
					t.Errorf("of %s phase %s has %s; want %s", budget, p.name, end.Sub(began), want[i])
				}
				time.Sleep(want[i] - time.Since(began) - time.Nanosecond)
				if within.Err() != nil {
					t.Errorf("of %s phase %s ended too soon", budget, p.name)
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				cause := context.Cause(within)
				if fault.AreaOf(cause) != p.area || fault.ClassOf(cause) != fault.Cancelled || !strings.Contains(cause.Error(), "the time for phase "+p.name+" is over: the whole run has "+budget.String()) ||
					!strings.Contains(fault.Remedy(cause), "run_timeout") {
					t.Errorf("of %s phase %s ended with %v", budget, p.name, cause)
				}
				done()
				if _, _, err := (Options{Budget: budget}).within(ctx, p); err == nil || err.Error() != cause.Error() {
					t.Errorf("of %s phase %s began after its end: %v", budget, p.name, err)
				}
			}
		})
	}
}

func TestAPhaseWithoutABudget(t *testing.T) {
	for name, tt := range map[string]struct {
		budget time.Duration
		during time.Duration // of the run; 0 for no end
	}{"no budget": {0, time.Hour}, "no end of the run": {time.Hour, 0}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			if tt.during > 0 {
				ctx, cancel = context.WithTimeout(t.Context(), tt.during)
			}
			within, done, err := Options{Budget: tt.budget}.within(ctx, phaseQuery)
			noError(t, err)
			defer done()
			if got, _ := within.Deadline(); within.Err() != nil || !got.Equal(deadline(ctx)) {
				t.Errorf("the phase ends at %s", got)
			}
			cancel()
			if within.Err() == nil {
				t.Error("the phase outlives the run")
			}
		})
	}
}

func deadline(ctx context.Context) time.Time {
	end, _ := ctx.Deadline()
	return end
}

// A statement that does not end is cancelled on the cluster when the time of its phase is
// over; there is time left to write that down.
func TestAQueryThatDoesNotEnd(t *testing.T) {
	for budget, end := range map[time.Duration]time.Duration{2 * time.Hour: 112*time.Minute + 30*time.Second, 30 * time.Minute: 22*time.Minute + 30*time.Second,
		10 * time.Minute: 7*time.Minute + 30*time.Second, time.Minute: 45 * time.Second} {
		t.Run(budget.String(), func(t *testing.T) {
			onTrial(t, func(t *testing.T, w *trial) {
				w.options.Budget, w.cluster.hangs = budget, true
				began := time.Now()
				exits(t, w.run(), 5, "the time for phase query is over: the whole run has "+budget.String())
				synctest.Wait()
				if took, ended := time.Since(began), w.cluster.ended.Load(); took != end || ended != 1 {
					t.Errorf("it took %s, and %d statements were ended; want %s and one", took, ended, end)
				}
				w.want(store.Failed, "cancelled: the time for phase query is over", "failed query cancelled")
				if len(w.failed) != 1 || w.failed[0].Attempts != 1 || len(w.post.offered) != 0 || len(listing(t, w.options.Out)) != 0 {
					t.Errorf("the owner was told %+v, and mail offered %q", w.failed, w.post.offered)
				}
			})
		})
	}
}

// A phase before it that overran leaves a phase no time: it does not begin.
func TestAPhaseThatCannotBegin(t *testing.T) {
	t.Run("the query", func(t *testing.T) {
		onTrial(t, func(t *testing.T, w *trial) {
			r := w.claim()
			ctx, cancel := context.WithTimeout(t.Context(), w.options.reserve(phaseQuery))
			defer cancel()
			_, err := Run(ctx, r.Options)
			exits(t, err, 5, "the time for phase query is over")
			if len(w.cluster.statements) != 0 {
				t.Errorf("the cluster was asked %q", w.cluster.statements)
			}
			_, err = r.lease.End(t.Context(), store.RunEnd{State: store.RunFailed, Reason: "test"})
			noError(t, err)
		})
	})
	t.Run("the drawing", func(t *testing.T) {
		onTrial(t, func(t *testing.T, w *trial) {
			w.options.Progress = at{w.options.Progress, "render", func() { time.Sleep(27*time.Minute + 30*time.Second) }}
			exits(t, w.run(), 6, "the time for phase render is over")
			w.want(store.Failed, "cancelled: the time for phase render is over", "failed render cancelled")
			if left := listing(t, w.options.Out); len(left) != 0 {
				t.Errorf("files %v", left)
			}
			noSpool(t)
		})
	})
	t.Run("the mail", func(t *testing.T) {
		onTrial(t, func(t *testing.T, w *trial) {
			r := w.claim()
			var err error
			r.outcome, err = Run(t.Context(), r.Options)
			noError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), w.options.reserve(phaseDelivery))
			defer cancel()
			again, err := r.makeAndSend(ctx)
			exits(t, err, 7, "the time for phase mail is over")
			if all, listErr := w.ledger.Deliveries(t.Context(), store.DeliveryFilter{}); again || listErr != nil || len(all) != 0 || len(w.post.offered) != 0 {
				t.Errorf("again %t; deliveries %v, %v", again, all, listErr)
			}
			_, err = r.lease.End(t.Context(), store.RunEnd{State: store.RunFailed, Reason: "test"})
			noError(t, err)
		})
	})
}

func TestTheGrace(t *testing.T) {
	busy := fault.New(fault.Busy, 0, store.ErrLost)
	tests := []struct {
		name  string
		grace Grace
		cause error         // that ends the run after a second; nil does not
		over  time.Duration // when the grace is ended; 0 is never
		want  time.Duration // until the mail has to end; 0 is never
	}{
		{"a stop leaves the grace", Grace{Time: 25 * time.Second}, stopSignal, 0, 26 * time.Second},
		{"a second signal ends it", Grace{Time: 25 * time.Second}, stopSignal, 5 * time.Second, 5 * time.Second},
		{"without a grace a stop ends it", Grace{}, stopSignal, 0, time.Second},
		{"a lost lease ends it at once", Grace{Time: 25 * time.Second}, busy, 0, time.Second},
		{"and so does whatever else", Grace{Time: 25 * time.Second}, context.DeadlineExceeded, 0, time.Second},
		{"a second signal alone is none", Grace{Time: 25 * time.Second}, nil, 5 * time.Second, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				if tt.over > 0 {
					over := make(chan struct{})
					tt.grace.Over = over
					time.AfterFunc(tt.over, func() { close(over) })
				}
				ctx, stop := context.WithCancelCause(t.Context())
				if tt.cause != nil {
					time.AfterFunc(time.Second, func() { stop(tt.cause) })
				}
				mailing, release := tt.grace.outlive(ctx)
				pause(mailing, time.Minute)
				if took := time.Since(began); tt.want == 0 && mailing.Err() != nil || tt.want != 0 && (took != tt.want || !errors.Is(context.Cause(mailing), tt.cause)) {
					t.Errorf("ended after %s: %v; want %s", took, context.Cause(mailing), tt.want)
				}
				release()
				synctest.Wait()
				if mailing.Err() == nil {
					t.Error("it goes on after its release")
				}
				stop(nil)
			})
		})
	}
}

// What ended a phase decides its meaning, and what broke by that is told beside it.
func TestWhyAPhaseFailed(t *testing.T) {
	lost := fault.Errorf(fault.Impala, fault.Lost, "connection reset")
	over := fault.Errorf(fault.Impala, fault.Cancelled, "the time is over")
	tests := []struct {
		name       string
		cause, err error
		want       string
		is         []error
	}{
		{"nothing failed", over, nil, "", nil},
		{"it failed by itself", nil, lost, "connection reset", []error{lost}},
		{"it broke because its time was over", over, lost, "the time is over (connection reset)", []error{over}},
		{"it says so itself", over, over, "the time is over", []error{over}},
		{"a stop that it tells itself", over, stopSignal, stopSignal.Error(), []error{stopSignal}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			if tt.cause != nil {
				cancel(tt.cause)
			}
			got := why(ctx, tt.err)
			if (got == nil) != (tt.want == "") || got != nil && got.Error() != tt.want {
				t.Errorf("got %v; want %q", got, tt.want)
			}
			if slices.ContainsFunc(tt.is, func(is error) bool { return !errors.Is(got, is) }) || fault.ClassOf(got) == fault.Lost && tt.cause != nil {
				t.Errorf("%v means %s", got, fault.Word(got))
			}
			cancel(nil)
		})
	}
}
