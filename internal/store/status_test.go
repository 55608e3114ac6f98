package store

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
)

func TestStatusAtAGlance(t *testing.T) {
	s, c := planned(t, "daily@1")
	owner := Self()
	noError(t, s.Beat(t.Context(), "prod-1", "v1", owner))
	c.advance(time.Minute)
	noError(t, s.Beat(t.Context(), "prod-1", "v1", owner))
	l := claim(t, s, "run-1", "daily@1")
	_, err := l.StartAttempt(t.Context())
	noError(t, err)
	noError(t, l.EndAttempt(t.Context(), AttemptEnd{Result: AttemptFailed, Err: fault.Errorf(fault.Impala, fault.Capacity, "queue")}))
	_, err = l.End(t.Context(), RunEnd{State: RunDone})
	noError(t, err)
	second := slotOf("daily@2")
	second.Fire = start.Add(24 * time.Hour)
	_, err = s.Plan(t.Context(), Plan{Schedule: "daily", ExpressionHash: "h1", Until: second.Fire, Slots: []Slot{second}})
	noError(t, err)
	l = claim(t, s, "run-2", "daily@2")
	deliveryIn(t, l, deliveries(t, l, "noc@example.com")[0], Unknown)
	_, _, err = s.Sight(t.Context(), Sighting{Schedule: "weekly", ExpressionHash: "h"})
	noError(t, err)

	st, err := s.Status(t.Context())
	noError(t, err)
	if len(st.Schedules) != 2 || st.Schedules[0].Newest.Key != "daily@2" || st.Schedules[0].Done.Key != "daily@1" || st.Schedules[1].Newest != nil || st.Schedules[1].Done != nil {
		t.Errorf("got the schedules %+v; want daily with the newest slot and the newest that is done, and weekly without", st.Schedules)
	}
	if len(st.Running) != 1 || st.Running[0].ID != "run-2" || len(st.Unknown) != 1 || st.Slots[Running] != 1 || st.Slots[Done] != 1 || st.Deliveries[Unknown] != 1 || st.Failures["capacity"] != 1 || st.Bytes == 0 {
		t.Errorf("got %+v; want run-2 at work, one unknown delivery, one failure for capacity", st)
	}
	if len(st.Beats) != 1 || st.Beats[0].Owner != owner.String() || !st.Beats[0].Started.Equal(start) || !st.Beats[0].At.Equal(start.Add(time.Minute)) {
		t.Errorf("got the beats %+v; want one, a minute old", st.Beats)
	}
}

func TestStatusShowsWhatNeedsAPerson(t *testing.T) {
	s, c := planned(t, "daily@1", "daily@2")
	l := claim(t, s, "run-1", "daily@1")
	ids := deliveries(t, l, "noc@example.com", "boss@example.com")
	deliveryIn(t, l, ids[0], Sent)
	_, tell := fail(t, s, failing("deferred"), true)
	want := func(name string, stranded, lost, failing int) {
		t.Helper()
		st, err := s.Status(t.Context())
		noError(t, err)
		if len(st.Stranded) != stranded || len(st.Lost) != lost || len(st.Failing) != failing {
			t.Errorf("%s: got %+v stranded, %+v lost, %+v failing; want %d, %d and %d", name, st.Stranded, st.Lost, st.Failing, stranded, lost, failing)
		}
		for _, d := range st.Stranded {
			if d.ID != ids[1] {
				t.Errorf("%s: delivery %d is stranded; want %d", name, d.ID, ids[1])
			}
		}
	}
	want("at work", 0, 0, 1)
	_, err := l.End(t.Context(), RunEnd{State: RunInterrupted, Reason: "SIGTERM"})
	noError(t, err)
	want("due again", 0, 0, 1)
	l = claim(t, s, "run-2", "daily@1")
	deliveries(t, l, "boss@example.com")
	_, err = l.End(t.Context(), RunEnd{State: RunFailed, Reason: "deferred"})
	noError(t, err)
	want("failed", 1, 0, 1)
	if over := succeed(t, s, true); !tell || len(over) != 1 {
		t.Errorf("the end of %v is to be told; want that of one class", over)
	}
	l = claim(t, s, "run-3", "daily@2")
	_, err = l.PlanDeliveries(t.Context(), Mail{Revision: 2, Reason: "late data", Recipients: []Recipient{{Address: "boss@example.com"}}})
	noError(t, err)
	want("corrected", 0, 0, 0)
	s.options.Gone = func(o Owner) bool { return o.Nonce == "run-3" }
	want("its process ended", 0, 1, 0)
	c.advance(time.Hour)
	s.options.Gone = func(Owner) bool { return false }
	want("ours, whatever the clock says", 0, 0, 0)
}

func TestFactsOfARunTellWhoGotItsMail(t *testing.T) {
	s, _ := planned(t, "daily@1", "daily@2")
	one := claim(t, s, "run-1", "daily@1")
	deliveryIn(t, one, deliveries(t, one, "noc@example.com")[0], Sent)
	two := claim(t, s, "run-2", "daily@2") // the same variant and window
	for run, want := range map[string]int{"run-1": 1, "run-2": 0} {
		if f, err := s.Facts(t.Context(), run); err != nil || len(f.Deliveries) != want {
			t.Errorf("%s has the deliveries %+v, %v; want %d", run, f.Deliveries, err, want)
		}
	}
	deliveries(t, two, "noc@example.com", "boss@example.com")
	f, err := s.Facts(t.Context(), "run-2")
	if err != nil || len(f.Deliveries) != 2 || f.Deliveries[0].Run != "run-1" || f.Deliveries[1].Run != "run-2" {
		t.Errorf("got %+v, %v; want what run-1 sent, and what run-2 has", f.Deliveries, err)
	}
}

func TestWhyIsTheChainOfFacts(t *testing.T) {
	s, c := planned(t, "daily@1")
	noError(t, s.SetOutcome(t.Context(), "daily@1", Waiting, ""))
	l := claim(t, s, "run-1", "daily@1")
	c.advance(time.Second)
	_, err := l.End(t.Context(), RunEnd{State: RunInterrupted, Reason: "SIGTERM"})
	noError(t, err)
	l = claim(t, s, "run-2", "daily@1")
	deliveryIn(t, l, deliveries(t, l, "noc@example.com")[0], Sent)
	_, err = l.End(t.Context(), RunEnd{State: RunDone})
	noError(t, err)
	w, err := s.Why(t.Context(), "daily@1")
	noError(t, err)
	want := [][3]string{{"planned", "", "due"}, {"set", "due", "waiting"}, {"claimed", "waiting", "running"}, {"ended", "running", "due"},
		{"claimed", "due", "running"}, {"sending", "pending", "sending"}, {"settled", "sending", "sent"}, {"ended", "running", "done"}}
	for i, e := range w.Events {
		if i >= len(want) || [3]string{e.Action, e.From, e.To} != want[i] || e.Actor == "" || e.At.IsZero() {
			t.Errorf("event %d is %+v; want %v", i, e, want[min(i, len(want)-1)])
		}
	}
	if len(w.Events) != len(want) || len(w.Runs) != 2 || w.Runs[0].Run.ID != "run-1" || len(w.Runs[1].Deliveries) != 1 || w.Slot.Run != "run-2" {
		t.Errorf("got %d events, %+v; want %d, and two runs", len(w.Events), w.Runs, len(want))
	}
	if _, err := s.Why(t.Context(), "daily@9"); !errors.Is(err, ErrNotFound) || fault.AreaOf(err) != fault.Usage {
		t.Errorf("got %v; want that there is none", err)
	}
}

func TestFiltersOfSlotsAndHistory(t *testing.T) {
	s, c := planned(t, "daily@1", "daily@2")
	noError(t, s.SetOutcome(t.Context(), "daily@2", Missed, "service was down"))
	tests := []struct {
		name string
		f    SlotFilter
		want int
	}{
		{"all", SlotFilter{}, 2},
		{"of a schedule", SlotFilter{Schedule: "daily"}, 2},
		{"of another", SlotFilter{Schedule: "weekly"}, 0},
		{"of two outcomes", SlotFilter{Outcomes: []Outcome{Due, Missed}}, 2},
		{"of one outcome", SlotFilter{Outcomes: []Outcome{Missed}}, 1},
		{"from the fire instant on", SlotFilter{From: start}, 2},
		{"before the fire instant", SlotFilter{To: start}, 0},
		{"the newest", SlotFilter{Newest: 1}, 1},
	}
	for _, tt := range tests {
		if list, err := s.Slots(t.Context(), tt.f); len(list) != tt.want || err != nil {
			t.Errorf("%s: got %d slots, %v; want %d", tt.name, len(list), err, tt.want)
		}
	}
	c.advance(time.Hour)
	noError(t, s.SetOutcome(t.Context(), "daily@1", Waiting, ""))
	events, err := s.History(t.Context(), EventFilter{From: start.Add(time.Minute), To: start.Add(2 * time.Hour), Newest: 5})
	if err != nil || len(events) != 1 || events[0].Slot != "daily@1" || !events[0].At.Equal(start.Add(time.Hour)) {
		t.Errorf("got %+v, %v; want what happened an hour later", events, err)
	}
}

func TestPruningForgetsWhatIsOldAndSettled(t *testing.T) {
	s, c := planned(t, "sent", "unknown", "due", "running")
	l := claim(t, s, "run-sent", "sent")
	noError(t, l.AddArtefact(t.Context(), Artefact{Name: "a.xlsx"}))
	_, err := l.StartAttempt(t.Context())
	noError(t, err)
	deliveryIn(t, l, deliveries(t, l, "noc@example.com")[0], Sent)
	_, err = l.End(t.Context(), RunEnd{State: RunDone})
	noError(t, err)
	l = claim(t, s, "run-unknown", "unknown")
	deliveryIn(t, l, deliveries(t, l, "boss@example.com")[0], Unknown)
	_, err = l.End(t.Context(), RunEnd{State: RunDone})
	noError(t, err)
	claim(t, s, "run-running", "running")
	noError(t, s.PutStates(t.Context(), stateKey(), []DayState{dayOf("2026-03-01", c.Now())}))
	noError(t, s.Beat(t.Context(), "prod-1", "v1", Self()))
	fail(t, s, failing("kdc"), true)

	prune := func(days int, want Pruned) {
		t.Helper()
		c.advance(time.Duration(days) * 24 * time.Hour)
		got, err := s.Prune(t.Context(), Keep{})
		noError(t, err)
		got.Events = 0 // as many as there are
		if got != want {
			t.Errorf("pruned %+v; want %+v", got, want)
		}
	}
	prune(400, Pruned{})
	prune(1, Pruned{Slots: 1, Runs: 1, States: 1, Beats: 1, Notices: 1})
	prune(398, Pruned{})
	prune(2, Pruned{Deliveries: 1})
	prune(4000, Pruned{})
	list, err := s.Deliveries(t.Context(), DeliveryFilter{})
	if err != nil || len(list) != 1 || list[0].State != Unknown {
		t.Errorf("got %+v, %v; want the unknown delivery for ever", list, err)
	}
	for _, key := range []string{"unknown", "due", "running"} {
		if _, err := s.Slot(t.Context(), key); err != nil {
			t.Errorf("slot %s was forgotten: %v", key, err)
		}
	}
	noError(t, s.Check(t.Context()))
}

func TestLeasesInVirtualTime(t *testing.T) {
	path := t.TempDir() + "/ledger.db"
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(t.Context(), path, Options{})
		noError(t, err)
		defer func() { noError(t, s.Close()) }()
		slot := slotOf("daily@1")
		slot.StartBy = time.Now().Add(time.Hour)
		_, _, err = s.Sight(t.Context(), Sighting{Schedule: "daily", ExpressionHash: "h1"})
		noError(t, err)
		_, err = s.Plan(t.Context(), Plan{Schedule: "daily", ExpressionHash: "h1", Until: time.Now(), Slots: []Slot{slot}})
		noError(t, err)
		c := claimOf("run-1", "daily@1")
		c.Owner = Self()
		l, _, err := s.Claim(t.Context(), c)
		noError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		renewed := make(chan error)
		go func() { // as a run does
			tick := time.NewTicker(15 * time.Second)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					renewed <- nil
					return
				case <-tick.C:
					if err := l.Renew(t.Context()); err != nil {
						renewed <- err
						return
					}
				}
			}
		}()
		noError(t, <-renewed)
		if lost, err := beside(t, s).Reap(t.Context()); err != nil || len(lost) != 0 {
			t.Errorf("lost %+v, %v after ten minutes of renewing; want nothing", lost, err)
		}
		<-time.After(61 * time.Second)
		if lost, err := beside(t, s).Reap(t.Context()); err != nil || len(lost) != 1 {
			t.Errorf("lost %+v, %v a minute after the last renewing; want the run", lost, err)
		}
	})
}
