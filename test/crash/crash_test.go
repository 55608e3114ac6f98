//go:build peers

// Package crash ends the service with kill -9 at the moments that matter, and sees that
// every slot comes to its end and that nobody gets a mail twice.
//
// What holds the service at a moment stands outside of it: a relay that passes nothing on,
// a mail server that does not answer, a stranger's lock on the ledger, a tracer. No wait
// is for a time. It takes eleven real minutes, nearly all of them idle; -short has a slot
// every ten seconds. Nothing is skipped: without strace it fails.
package crash

import (
	"slices"
	"syscall"
	"testing"
	"time"
	_ "time/tzdata"

	"qosreport/internal/lab/mailbox"
	"qosreport/internal/store"
)

// moment is one at which a service is killed, and what is found then.
type moment struct {
	name     string
	faults   map[mailbox.Step]mailbox.Act // of the mail server
	reach    func(s *site, t *testing.T, h *held)
	phase    string              // of the attempt
	files    []string            // endings of those that have their names
	delivery store.DeliveryState // "" when it is not written down
	mails    int                 // that were accepted
}

// held is a slot whose run waits for rows, or was killed since.
type held struct {
	moment
	slot    store.Slot
	process *process // that runs it
	others  []*process
	box     *mailbox.Server
	undo    []func() // what holds others up, too
}

var moments = []moment{
	{name: "in the fetch", phase: "query",
		reach: func(*site, *testing.T, *held) {}},
	{name: "between the renames", phase: "render", files: []string{".xlsx"},
		reach: func(s *site, t *testing.T, h *held) {
			s.killAtRename(t, h.process, s.file(h.slot, ".html"))
			s.cluster.resume()
			s.until(t, "strace kills the service", time.Minute, h.process.gone)
		}},
	{name: "before DATA is answered", phase: "mail", files: []string{".xlsx", ".html"}, delivery: store.Sending,
		faults: map[mailbox.Step]mailbox.Act{mailbox.Data: {Hold: true}},
		reach: func(s *site, t *testing.T, h *held) {
			s.cluster.resume()
			s.until(t, "the mail server has DATA", time.Minute, h.isHeld)
			h.undo = append(h.undo, h.box.Release)
		}},
	{name: "after the answer to the mail", phase: "mail", files: []string{".xlsx", ".html"}, delivery: store.Sending, mails: 1,
		faults: map[mailbox.Step]mailbox.Act{mailbox.Kept: {Hold: true}},
		reach: func(s *site, t *testing.T, h *held) {
			s.cluster.resume()
			s.until(t, "the mail server keeps the mail", time.Minute, h.isHeld)
			h.undo = append(h.undo, s.lock(t))
			h.box.Release()
			s.until(t, "the service has its answer and hangs up", time.Minute, s.mail.idle)
		}},
}

func (h *held) isHeld() bool {
	select {
	case <-h.box.Held():
		return true
	default:
		return false
	}
}

// heir is who takes over what a killed process leaves.
type heir int

const (
	restart  heir = iota // the service, started again
	survivor             // the other process on the ledger
)

func TestKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.start(t)
	s.tenSlots(t, restart, restart)
}

func TestOneOfTwoIsKilled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.start(t)
	s.start(t)
	s.tenSlots(t, survivor, restart)
}

// tenSlots kills a service in eight of ten slots, twice at each moment, sees what became of
// them all, and lets an operator end what only a person can.
func (s *site) tenSlots(t *testing.T, heirs ...heir) {
	s.read(t)
	s.until(t, "the first slot is there", 2*time.Minute, func() bool { return len(s.slots(t)) > 0 })
	crashed := make(map[string]moment)
	for _, who := range heirs {
		for _, m := range moments {
			key := s.crash(t, m, who)
			crashed[key] = m
			t.Logf("%s: killed %s, then %s", key, m.name, s.why(t, key).Slot.Outcome)
		}
	}
	s.until(t, "ten slots are there", 3*time.Minute, func() bool { return len(s.slots(t)) >= 10 })
	if len(crashed) != len(heirs)*len(moments) {
		s.fail(t, "%d slots were crashed: %v", len(crashed), crashed)
	}
	s.judge(t, crashed)
	for _, p := range s.running() {
		if code := s.stop(t, p); code != 8 {
			s.fail(t, "process %d ended with %d, not with 8 for the unknown deliveries", p.pid(), code)
		}
	}
	s.resolve(t, crashed)
	s.judge(t, nil) // by now nothing tells the slots apart
	if err := s.ledger.Check(t.Context()); err != nil {
		s.fail(t, "%v", err)
	}
}

// crash kills the process that runs the next slot at a moment, sees what it left, and has
// the slot taken over.
func (s *site) crash(t *testing.T, m moment, who heir) (key string) {
	t.Helper()
	s.ended(t)
	h := s.atFetch(t, m)
	s.until(t, "no other mail is on its way", time.Minute, s.mail.idle)
	h.box = s.open(t, m.faults)
	s.freeze(t, h)
	m.reach(s, t, h)
	s.kill(t, h.process)
	s.left(t, h)
	for _, undo := range h.undo {
		undo()
	}
	s.open(t, nil)
	s.cluster.resume()
	if who == restart {
		s.start(t)
	}
	for _, p := range h.others {
		p.signal(t, syscall.SIGCONT)
	}
	s.until(t, "the slot is taken over", 2*time.Minute, func() bool {
		outcome := s.why(t, h.slot.Key).Slot.Outcome
		return outcome == store.Done || outcome == store.Failed
	})
	s.taken(t, h, who)
	if who == survivor {
		s.start(t)
	}
	return h.slot.Key
}

// atFetch waits for the next slot, and stops its run where it waits for rows.
func (s *site) atFetch(t *testing.T, m moment) *held {
	t.Helper()
	h := &held{moment: m}
	var owner store.Owner
	s.hold.Store(true)
	s.until(t, "a run waits for rows", 3*time.Minute, func() bool {
		running := s.slots(t, store.Running)
		if len(running) == 0 || !s.cluster.stalled() {
			return false
		}
		h.slot = running[len(running)-1]
		run, attempt := lastRun(s.why(t, h.slot.Key))
		owner, _ = store.ParseOwner(run.Run.Owner)
		return len(attempt.Queries) == 1
	})
	for _, p := range s.running() {
		if p.pid() == owner.PID {
			h.process = p
		} else {
			h.others = append(h.others, p)
		}
	}
	if h.process == nil {
		s.fail(t, "slot %s is run by process %d, which is none of ours", h.slot.Key, owner.PID)
	}
	return h
}

// running are the services that nobody ended.
func (s *site) running() []*process {
	return slices.DeleteFunc(slices.Clone(s.serving), func(p *process) bool { return p.doomed })
}

// freeze stops the other services for a while, when none of them is writing into the
// ledger: what a killed one leaves is to be seen before they tidy up.
func (s *site) freeze(t *testing.T, h *held) {
	t.Helper()
	defer s.lock(t)()
	for _, p := range h.others {
		p.signal(t, syscall.SIGSTOP)
	}
}
