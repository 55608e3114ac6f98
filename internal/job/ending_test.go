package job

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/store"
)

// A stop before the mail leaves nothing but the attempt that was interrupted, and the slot
// is run again.
func TestAStopBeforeTheMail(t *testing.T) {
	for _, phase := range []string{"query", "render"} {
		t.Run(phase, func(t *testing.T) {
			onTrial(t, func(t *testing.T, w *trial) {
				ctx, stop := context.WithCancelCause(t.Context())
				r := w.claim()
				r.Progress = at{r.Progress, phase, func() { stop(stopSignal) }}
				exits(t, r.Run(ctx), 10, "stopped by signal")
				w.want(store.Due, stopSignal.Error(), "interrupted "+phase)
				if run := w.why().Runs[0].Run; run.State != store.RunInterrupted || run.Reason != stopSignal.Error() || len(w.failed) != 0 || len(w.post.offered) != 0 {
					t.Errorf("the run is %s: %s; the owner was told %+v", run.State, run.Reason, w.failed)
				}
				if left := listing(t, w.options.Out); len(left) != 0 {
					t.Errorf("files %v", left)
				}
				noSpool(t)
				exits(t, w.run(), 0, "")
				w.want(store.Done, "", "interrupted "+phase, "done mail")
			})
		})
	}
}

// Mail that is on its way at a stop goes on, to the second reader too, as long as the
// grace lasts. What has no answer then is unknown; what was not begun is for the next run.
func TestAStopDuringTheMail(t *testing.T) {
	tests := []struct {
		name          string
		grace         time.Duration
		second        time.Duration // when a second signal comes; 0 is never
		takes         time.Duration // each transaction, from two seconds before the stop on
		code          int
		first, other  store.DeliveryState
		outcome       store.Outcome
		reason        string
		attempt       string
		took          time.Duration // from the stop on
		again         store.Outcome // after the next run, if there is one
		offers, notes int           // transactions that were begun, notices
	}{
		{"both are within the grace", 25 * time.Second, 0, 12 * time.Second, 0, store.Sent, store.Sent, store.Done, "", "done mail", 22 * time.Second, "", 2, 0},
		{"the first is", 25 * time.Second, 0, 20 * time.Second, 8, store.Sent, store.Unknown, store.Failed, store.ReasonUnknown, "interrupted mail", 25 * time.Second, "", 2, 1},
		{"none is", 25 * time.Second, 0, time.Minute, 8, store.Unknown, store.Pending, store.Due, "", "interrupted mail", 25 * time.Second, store.Failed, 1, 0},
		{"a second signal comes", 25 * time.Second, 3 * time.Second, time.Minute, 8, store.Unknown, store.Pending, store.Due, "", "interrupted mail", 3 * time.Second, store.Failed, 1, 0},
		{"there is no grace", 0, 0, time.Minute, 8, store.Unknown, store.Pending, store.Due, "", "interrupted mail", 0, store.Failed, 1, 0},
		{"a long one keeps its lease", 5 * time.Minute, 0, 2 * time.Minute, 0, store.Sent, store.Sent, store.Done, "", "done mail", 4*time.Minute - 2*time.Second, "", 2, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onTrial(t, func(t *testing.T, w *trial) {
				over := make(chan struct{})
				w.booking.Grace = Grace{Time: tt.grace, Over: over}
				w.post.answers = map[string][]transaction{noc: {slow(tt.takes)}, boss: {slow(tt.takes)}}
				r := w.start()
				time.Sleep(2 * time.Second)
				stopped := time.Now()
				r.stop(stopSignal)
				if tt.second > 0 {
					time.AfterFunc(tt.second, func() { close(over) })
				}
				if tt.took > time.Minute { // longer than a lease
					time.Sleep(tt.took - time.Second)
					w.stillOurs()
				}
				exits(t, <-r.done, tt.code, "")
				if took := time.Since(stopped); took != tt.took {
					t.Errorf("it took %s to stop; want %s", took, tt.took)
				}
				w.mail(tt.first, tt.other)
				if slot := w.why().Slot; slot.Outcome != tt.outcome || tt.reason != "" && !strings.HasPrefix(slot.Reason, tt.reason) || !slices.Equal(w.told(), []string{tt.attempt}) {
					t.Errorf("the slot is %s: %s; attempts %q", slot.Outcome, slot.Reason, w.told())
				}
				if len(w.post.offered) != tt.offers || len(w.failed) != tt.notes {
					t.Errorf("offered %q; the owner was told %+v", w.post.offered, w.failed)
				}
				if tt.again != "" {
					exits(t, w.run(), 8, "nobody knows whether "+noc)
					w.mail(store.Unknown, store.Sent)
					if slot := w.why().Slot; slot.Outcome != tt.again || !strings.HasPrefix(slot.Reason, store.ReasonUnknown) || len(w.failed) != 1 {
						t.Errorf("then the slot is %s: %s; the owner was told %+v", slot.Outcome, slot.Reason, w.failed)
					}
				}
			})
		})
	}
}

// stillOurs sees that no other process would take the run for lost.
func (w *trial) stillOurs() {
	w.t.Helper()
	other := w.open(time.Now)
	lost, err := other.Reap(w.t.Context())
	noError(w.t, err)
	noError(w.t, other.Close())
	if len(lost) != 0 {
		w.t.Errorf("the run was lost: %+v", lost)
	}
}

// A run that another process took for lost ends within the time of a renewal, and writes
// nothing more.
func TestALostLeaseEndsTheRun(t *testing.T) {
	tests := []struct {
		name    string
		arrange func(w *trial)
		outcome store.Outcome
		code    int
	}{
		{"in a query", func(w *trial) { w.cluster.hangs = true }, store.Due, 9},
		{"between attempts", func(w *trial) {
			w.cluster.fails = []error{fault.Errorf(fault.Impala, fault.Capacity, "queue full")}
		}, store.Due, 9},
		{"in rendering", func(w *trial) {
			w.options.Progress = at{w.options.Progress, "render", func() { time.Sleep(time.Minute) }}
		}, store.Due, 9},
		{"in the mail", func(w *trial) { w.post.answers[noc] = []transaction{slow(time.Minute)} }, store.Due, 8},
		{"in the mail to the last", func(w *trial) { w.post.answers[boss] = []transaction{slow(time.Minute)} }, store.Failed, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onTrial(t, func(t *testing.T, w *trial) {
				tt.arrange(w)
				r := w.start()
				time.Sleep(20 * time.Second)
				w.abandon()
				before := w.why()
				if before.Slot.Outcome != tt.outcome || before.Runs[0].Run.State != store.RunAbandoned {
					t.Fatalf("the slot is %+v", before.Slot)
				}
				lost := time.Now()
				err := <-r.done
				exits(t, err, tt.code, "no longer ours")
				if took := time.Since(lost); took > time.Minute {
					t.Errorf("it went on for %s", took)
				}
				w.same(before)
				noSpool(t)
				if files := listing(t, w.options.Out); !strings.HasPrefix(tt.name, "in the mail") && len(files) > 0 {
					t.Errorf("files %v", files)
				}
				if len(w.failed) != 0 || len(w.post.accepted) > 1 {
					t.Errorf("the owner was told %+v, and %q got mail", w.failed, w.post.accepted)
				}
			})
		})
	}
}

// same sees that the ledger holds nothing new of the slot.
func (w *trial) same(before store.Why) {
	w.t.Helper()
	after := w.why()
	if len(after.Events) != len(before.Events) || after.Slot != before.Slot || len(after.Runs) != 1 || after.Runs[0].Run != before.Runs[0].Run ||
		!slices.EqualFunc(after.Runs[0].Attempts, before.Runs[0].Attempts, func(a, b store.Attempt) bool { return a.Result == b.Result && a.Error == b.Error && a.Ended == b.Ended }) ||
		!slices.Equal(after.Runs[0].Deliveries, before.Runs[0].Deliveries) || !slices.Equal(after.Runs[0].Artefacts, before.Runs[0].Artefacts) {
		w.t.Errorf("the ledger had\n%+v\nand has\n%+v", before, after)
	}
}

// The answer of a mail server is true whoever has the slot: it is written down, and
// nothing of that mail is unknown any more.
func TestAnAnswerAfterTheLeaseWasLost(t *testing.T) {
	onTrial(t, func(t *testing.T, w *trial) {
		w.post.answers[boss] = []transaction{steady(time.Minute)}
		r := w.start()
		time.Sleep(20 * time.Second)
		w.abandon()
		w.mail(store.Sent, store.Unknown)
		before := w.why()
		exits(t, <-r.done, 9, "no longer ours")
		w.mail(store.Sent, store.Sent)
		after := w.why()
		if len(after.Events) != len(before.Events)+2 || after.Slot.Outcome != store.Done || after.Runs[0].Run.State != store.RunAbandoned || len(w.failed) != 0 {
			t.Errorf("the slot is %+v\nevents %+v", after.Slot, after.Events)
		}
	})
}
