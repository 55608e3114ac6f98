package job

import (
	"context"
	"strings"
	"testing"
	"time"

	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/store"
)

// during locks the ledger for a time while the server has the content.
func (w *trial) during(locked time.Duration, then transaction) transaction {
	return func(ctx context.Context, before func() error) (deliver.Receipt, error) {
		r, err := then(ctx, before)
		w.lock(locked)
		return r, err
	}
}

// A ledger that is locked is asked again for half a minute to take a server's answer, and
// the run goes on where that helps.
func TestAnswersAreWrittenWhileTheLedgerIsLocked(t *testing.T) {
	tests := []struct {
		name   string
		locked time.Duration
		answer transaction
		code   int
		states [2]store.DeliveryState
		want   store.Outcome
		reason string
	}{
		{"taken, and locked for a moment", 2 * time.Second, accept, 0, [2]store.DeliveryState{store.Sent, store.Sent}, store.Done, ""},
		{"taken, and locked for long", 25 * time.Second, accept, 0, [2]store.DeliveryState{store.Sent, store.Sent}, store.Done, ""},
		{"put off", 25 * time.Second, putOff, 0, [2]store.DeliveryState{store.Sent, store.Sent}, store.Done, ""},
		{"refused", 25 * time.Second, refuse, 7, [2]store.DeliveryState{store.Refused, store.Sent}, store.Failed, "refused: "},
		{"lost", 25 * time.Second, lose, 8, [2]store.DeliveryState{store.Unknown, store.Sent}, store.Failed, store.ReasonUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onTrial(t, func(t *testing.T, w *trial) {
				w.post.answers[noc] = []transaction{w.during(tt.locked, tt.answer)}
				exits(t, w.run(), tt.code, "")
				w.mail(tt.states[0], tt.states[1])
				if slot := w.why().Slot; slot.Outcome != tt.want || !strings.HasPrefix(slot.Reason, tt.reason) {
					t.Errorf("the slot is %s: %s", slot.Outcome, slot.Reason)
				}
			})
		})
	}
}

// An answer that the ledger did not take in half a minute is one that nobody knows: the
// mail is not sent again, and what the server said is told.
func TestAnAnswerThatTheLedgerDoesNotTake(t *testing.T) {
	tests := []struct {
		name    string
		locked  time.Duration
		outcome store.Outcome
		after   store.DeliveryState
	}{
		{"the end of the run is written down", 36 * time.Second, store.Failed, store.Unknown},
		{"nor is the end of the run", 3 * time.Minute, store.Running, store.Sending},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onTrial(t, func(t *testing.T, w *trial) {
				w.post.answers[boss] = []transaction{w.during(tt.locked, accept)}
				r := w.claim()
				err := r.Run(t.Context())
				exits(t, err, 8, "nobody knows whether "+boss+" (delivery 2)")
				if !strings.Contains(err.Error(), "250 2.0.0 taken") || !strings.Contains(fault.Remedy(err), "qosreport resolve NUMBER --sent") {
					t.Errorf("got %v, try %s", err, fault.Remedy(err))
				}
				if sent := r.Sent(); len(sent) != 2 || sent[0].State != store.Sent || sent[1].State != store.Unknown {
					t.Errorf("sent %+v", sent)
				}
				w.mail(store.Sent, tt.after)
				if slot := w.why().Slot; slot.Outcome != tt.outcome {
					t.Errorf("the slot is %s: %s", slot.Outcome, slot.Reason)
				}
				time.Sleep(3 * time.Minute)
				if tt.outcome == store.Running { // its process says that it is at work on it no more
					_, err := w.ledger.Reap(t.Context())
					noError(t, err)
				}
				w.mail(store.Sent, store.Unknown)
				if slot := w.why().Slot; slot.Outcome != store.Failed || !strings.HasPrefix(slot.Reason, store.ReasonUnknown) || len(w.post.accepted) != 2 {
					t.Errorf("then the slot is %s: %s", slot.Outcome, slot.Reason)
				}
			})
		})
	}
}

// A run that is ended between the ledger's word that a mail leaves and the first byte of
// its content has surely not sent it: the next run does.
func TestAMailThatWasAboutToLeave(t *testing.T) {
	onTrial(t, func(t *testing.T, w *trial) {
		w.booking.Grace = Grace{Time: 5 * time.Second}
		w.post.answers[noc] = []transaction{func(ctx context.Context, before func() error) (deliver.Receipt, error) {
			noError(w.t, before())
			<-ctx.Done()
			return deliver.Receipt{Outcome: deliver.NotAttempted}, fault.New(fault.Delivery, fault.Cancelled, context.Cause(ctx))
		}}
		r := w.start()
		time.Sleep(time.Second)
		r.stop(stopSignal)
		exits(t, <-r.done, 10, "")
		w.mail(store.Pending, store.Pending)
		exits(t, w.run(), 0, "")
		w.mail(store.Sent, store.Sent)
		w.want(store.Done, "", "interrupted mail", "done mail")
	})
}

// The end of an attempt that cannot be written down at once does not keep the next from
// being made.
func TestAnAttemptEndsWhileTheLedgerIsLocked(t *testing.T) {
	onTrial(t, func(t *testing.T, w *trial) {
		connect := w.options.Connect
		refused := false
		w.options.Connect = func(ctx context.Context, name string) (Coordinator, error) {
			if !refused {
				refused = true
				w.lock(20 * time.Second)
				return nil, fault.Errorf(fault.Impala, fault.Network, "refused")
			}
			return connect(ctx, name)
		}
		exits(t, w.run(), 0, "")
		w.want(store.Done, "", "failed query network", "done mail")
	})
}

// The ends of a run that does not know what became of its mail, or does not know it of
// what a run before it sent.
func TestRunsWithAnUnknownDelivery(t *testing.T) {
	t.Run("of its own", func(t *testing.T) {
		onTrial(t, func(t *testing.T, w *trial) {
			w.post.answers[noc] = []transaction{lose}
			exits(t, w.run(), 8, "nobody knows whether "+noc)
			w.mail(store.Unknown, store.Sent)
			w.want(store.Failed, store.ReasonUnknown, "failed mail delivery unknown")
		})
	})
	t.Run("and one that is put off", func(t *testing.T) {
		onTrial(t, func(t *testing.T, w *trial) {
			w.post.answers = map[string][]transaction{noc: {lose}, boss: {putOff}}
			exits(t, w.run(), 8, "nobody knows whether "+noc)
			w.mail(store.Unknown, store.Sent)
			w.want(store.Failed, store.ReasonUnknown, "failed mail delivery unknown", "failed mail delivery unknown")
			if len(w.failed) != 1 || len(w.post.offered) != 3 {
				t.Errorf("the owner was told %+v; offered %q", w.failed, w.post.offered)
			}
		})
	})
	t.Run("to one who gets no mail any more", func(t *testing.T) {
		onTrial(t, func(t *testing.T, w *trial) {
			w.post.answers = map[string][]transaction{noc: {lose}, boss: {putOff}}
			r := w.start()
			<-w.seen
			r.stop(stopSignal)
			exits(t, <-r.done, 8, "")
			w.options.Definition.Email.To = []string{boss}
			exits(t, w.run(), 8, store.ReasonUnknown)
			w.mail(store.Unknown, store.Sent)
			w.want(store.Failed, store.ReasonUnknown, "failed mail delivery unknown", "done mail")
			if len(w.failed) != 1 || fault.AreaOf(w.failed[0].Err) != fault.DeliveryUnknown {
				t.Errorf("the owner was told %+v", w.failed)
			}
		})
	})
}

// One who was refused stays so, and it is told why also when a later attempt has the others.
func TestARefusalIsToldToTheEnd(t *testing.T) {
	onTrial(t, func(t *testing.T, w *trial) {
		w.post.answers = map[string][]transaction{noc: {refuse}, boss: {putOff}}
		exits(t, w.run(), 7, "1 of 2 recipients did not get the mail: "+noc+": "+noc+" was refused before: 550 5.1.1 unknown user")
		w.mail(store.Refused, store.Sent)
		w.want(store.Failed, "refused: 1 of 2 recipients did not get the mail", "failed mail deferred", "failed mail refused")
		if len(w.failed) != 1 || len(w.post.offered) != 3 {
			t.Errorf("the owner was told %+v; offered %q", w.failed, w.post.offered)
		}
	})
}
