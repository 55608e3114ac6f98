package main

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab/mailbox"
	"qosreport/internal/store"
)

// calls remembers what the coordinator was asked, and does something at the first call of a
// kind.
type calls struct {
	mu   sync.Mutex
	made []string
	at   string
	nth  int // of the calls of that name, from 0
	do   func()
	once sync.Once
}

func (c *calls) observe(call string) {
	c.mu.Lock()
	c.made = append(c.made, call)
	c.mu.Unlock()
	if call == c.at && c.count(call) > c.nth {
		c.once.Do(c.do)
	}
}

func (c *calls) count(call string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, made := range c.made {
		if made == call {
			n++
		}
	}
	return n
}

// only is the one slot that there is.
func (b *bubble) only() store.Why {
	b.t.Helper()
	all := b.whys()
	if len(all) != 1 {
		b.t.Fatalf("%d slots", len(all))
	}
	return all[0]
}

// interrupted checks that the slot is due again after an attempt that a stop ended in the
// phase, and done at the second after a restart.
func (b *bubble) interrupted(phase string) {
	b.t.Helper()
	w := b.only()
	tries := attempts(w)
	if w.Slot.Outcome != store.Due || len(tries) != 1 || tries[0].Result != store.AttemptInterrupted || tries[0].Phase != phase {
		b.t.Fatalf("slot %s is %s; attempts %+v", w.Slot.Key, w.Slot.Outcome, tries)
	}
	if left, err := filepath.Glob(filepath.Join(b.dir, "out", ".*")); err != nil || len(left) > 0 {
		b.t.Errorf("left behind: %v, %v", left, err)
	}
	time.Sleep(time.Second)
	s := b.serve()
	time.Sleep(10 * time.Minute)
	if r := s.end(); r.code != 0 {
		b.t.Errorf("after the restart: exit code %d\n%s", r.code, r.stderr)
	}
	w = b.only()
	if tries = attempts(w); w.Slot.Outcome != store.Done || len(tries) != 2 || tries[1].Result != store.AttemptDone {
		b.t.Errorf("after the restart slot %s is %s: %s; attempts %+v", w.Slot.Key, w.Slot.Outcome, w.Slot.Reason, tries)
	}
	b.mailed(1)
}

// A stop in the middle of a statement cancels it on the cluster.
func TestServeIsStoppedInAQuery(t *testing.T) {
	virtually(t, everyHour, func(t *testing.T, b *bubble) {
		held, release := make(chan struct{}), make(chan struct{})
		c := &calls{at: "FetchResults", do: func() {
			close(held)
			<-release
		}}
		b.watch(c.observe)
		s := b.serve()
		<-held
		time.Sleep(20 * time.Second)
		start := time.Now()
		r := s.end()
		if r.code != 0 || time.Since(start) > 5*time.Second {
			t.Errorf("exit code %d after %s\n%s", r.code, time.Since(start), r.stderr)
		}
		if !strings.Contains(r.stderr, "interrupted") || strings.Contains(r.stderr, "ERROR") {
			t.Errorf("a stop is no error:\n%s", r.stderr)
		}
		close(release)
		if c.count("CancelOperation") != 1 || c.count("CloseOperation")+c.count("CloseImpalaOperation") == 0 {
			t.Errorf("the coordinator was asked %q", c.made)
		}
		b.interrupted("query")
	})
}

// A stop between the last row and the files leaves no file.
func TestServeIsStoppedInRendering(t *testing.T) {
	virtually(t, everyHour, func(t *testing.T, b *bubble) {
		s := b.serve()
		asked := make(chan struct{})
		b.whenAsked("job.Options.provenance", func() {
			s.stop(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by signal %q", "interrupt"))
			close(asked)
		})
		<-asked
		if r := s.end(); r.code != 0 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		b.interrupted("render")
	})
}

// hold makes the mail server wait at a step of its first transaction.
func (b *bubble) hold(step mailbox.Step) {
	b.box.SetFaults(mailbox.Faults{At: map[mailbox.Step]mailbox.Act{step: {Hold: true}}})
}

// states are the deliveries' by recipient.
func (b *bubble) states() map[string]store.DeliveryState {
	b.t.Helper()
	states := make(map[string]store.DeliveryState)
	b.ledger(func(ledger *store.Store) {
		all, err := ledger.Deliveries(b.t.Context(), store.DeliveryFilter{})
		if err != nil {
			b.t.Fatal(err)
		}
		for _, d := range all {
			states[d.Recipient] = d.State
		}
	})
	return states
}

// Mail that is on its way at a stop gets its grace, and so does that to the other readers.
func TestServeIsStoppedInDATA(t *testing.T) {
	for _, step := range []mailbox.Step{mailbox.Rcpt, mailbox.Opened, mailbox.Dot, mailbox.Kept} {
		t.Run(string(step), func(t *testing.T) {
			virtually(t, everyHour, func(t *testing.T, b *bubble) {
				b.hold(step)
				s := b.serve()
				<-b.box.Held()
				start := time.Now()
				time.AfterFunc(20*time.Second, b.box.Release)
				if r := s.end(); r.code != 0 || time.Since(start) != 20*time.Second {
					t.Errorf("exit code %d after %s\n%s", r.code, time.Since(start), r.stderr)
				}
				w := b.only()
				if tries := attempts(w); w.Slot.Outcome != store.Done || len(tries) != 1 {
					t.Errorf("slot %s is %s: %s; attempts %+v", w.Slot.Key, w.Slot.Outcome, w.Slot.Reason, tries)
				}
				b.mailed(1)
			})
		})
	}
}

// Mail that no answer came for within the grace is unknown: nobody sends it again, and
// serve ends with 8 until a person has found out. The other reader gets the mail after the
// restart.
func TestServeIsStoppedBeyondTheGrace(t *testing.T) {
	for name, second := range map[string]bool{"after 25 s": false, "at the second signal": true} {
		t.Run(name, func(t *testing.T) {
			virtually(t, everyHour, func(t *testing.T, b *bubble) {
				b.hold(mailbox.Kept)
				s := b.serve()
				<-b.box.Held()
				start, grace := time.Now(), 25*time.Second
				if second {
					grace = 3 * time.Second
					time.AfterFunc(grace, func() { close(b.over) })
				}
				if r := s.end(); r.code != 8 || time.Since(start) != grace {
					t.Errorf("exit code %d after %s\n%s", r.code, time.Since(start), r.stderr)
				}
				if got := b.states(); got["noc@example.com"] != store.Unknown || got["boss@example.org"] != store.Pending {
					t.Errorf("deliveries %v", got)
				}
				b.box.SetFaults(mailbox.Faults{})
				b.over = make(chan struct{})
				b.box.Release()
				s = b.serve()
				time.Sleep(10 * time.Minute)
				if r := s.end(); r.code != 8 || !strings.Contains(r.stderr, "nobody knows whether noc@example.com") {
					t.Errorf("after the restart: exit code %d\n%s", r.code, r.stderr)
				}
				w := b.only()
				if got := b.states(); got["noc@example.com"] != store.Unknown || got["boss@example.org"] != store.Sent ||
					w.Slot.Outcome != store.Failed || !strings.Contains(w.Slot.Reason, store.ReasonUnknown) {
					t.Errorf("slot %s is %s: %s; deliveries %v", w.Slot.Key, w.Slot.Outcome, w.Slot.Reason, got)
				}
				b.mailed(1) // to the first reader, as nobody knows, and to the second
			})
		})
	}
}

// The owner is told of a delivery that a stop left unknown within another grace, or the
// outer scheduler would kill the process meanwhile.
func TestServeIsStoppedWhileNoMailIsTaken(t *testing.T) {
	for name, second := range map[string]bool{"after 25 s": false, "at the second signal": true} {
		t.Run(name, func(t *testing.T) {
			virtually(t, halfPast, func(t *testing.T, b *bubble) {
				b.hold(mailbox.Kept)
				s := b.serve()
				<-b.box.Held()
				start, most := time.Now(), 50*time.Second
				if second {
					most = 3 * time.Second
					time.AfterFunc(most, func() { close(b.over) })
				}
				if r := s.end(); r.code != 8 || time.Since(start) != most || !strings.Contains(r.stderr, "notice not sent") {
					t.Errorf("exit code %d after %s\n%s", r.code, time.Since(start), r.stderr)
				}
				b.want("10T05:30 failed delivery unknown")
				b.box.Release()
			})
		})
	}
}
