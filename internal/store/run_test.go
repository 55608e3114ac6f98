package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
)

func TestTheEndOfARunIsTheOutcomeOfItsSlot(t *testing.T) {
	tests := []struct {
		end    RunEnd
		slot   Outcome
		result AttemptResult
	}{
		{RunEnd{State: RunDone, Verdict: "good", Figures: "f1"}, Done, AttemptDone},
		{RunEnd{State: RunSkipped, Reason: "rule: verdict good, sent on breach"}, Skipped, AttemptDone},
		{RunEnd{State: RunFailed, Reason: "sql"}, Failed, AttemptFailed},
		{RunEnd{State: RunInterrupted, Reason: "SIGTERM"}, Due, AttemptInterrupted},
	}
	for _, tt := range tests {
		t.Run(string(tt.end.State), func(t *testing.T) {
			s, c := planned(t, "daily@1")
			l := claim(t, s, "run-1", "daily@1")
			_, err := l.StartAttempt(t.Context())
			noError(t, err)
			c.advance(time.Minute)
			state, err := l.End(t.Context(), tt.end)
			noError(t, err)
			if state != tt.end.State {
				t.Errorf("the run ended as %s; want %s", state, tt.end.State)
			}
			wantOutcome(t, s, "daily@1", tt.slot, tt.end.Reason)
			w, err := s.Why(t.Context(), "daily@1")
			noError(t, err)
			run := w.Runs[0].Run
			if run.State != tt.end.State || run.Reason != tt.end.Reason || run.Verdict != tt.end.Verdict || run.Figures != tt.end.Figures || !run.Ended.Equal(start.Add(time.Minute)) {
				t.Errorf("the run is %+v; want %+v", run, tt.end)
			}
			if a := w.Runs[0].Attempts[0]; a.Result != tt.result || a.Ended.IsZero() {
				t.Errorf("its attempt is %+v; want it %s", a, tt.result)
			}
			_, err = l.End(t.Context(), RunEnd{State: RunDone})
			if !errors.Is(err, ErrLost) {
				t.Errorf("a second end gives %v; want that the run is lost", err)
			}
		})
	}
}

func TestEndsThatCannotBe(t *testing.T) {
	s, _ := planned(t, "daily@1")
	l := claim(t, s, "run-1", "daily@1")
	for _, state := range []RunState{RunRunning, RunAbandoned, "odd"} {
		_, err := l.End(t.Context(), RunEnd{State: state, Reason: "x"})
		wantTransition(t, err, "running", string(state))
	}
	if _, err := l.End(t.Context(), RunEnd{State: RunFailed}); err == nil || !strings.Contains(err.Error(), "without a reason") {
		t.Errorf("got %v; want that a reason is due", err)
	}
}

func TestLimitsOnRunsAtWork(t *testing.T) {
	s, _ := planned(t, "daily@1", "daily@2", "daily@3")
	claim(t, s, "run-1", "daily@1")
	tests := []struct {
		name  string
		max   int
		alone bool
		ok    bool
	}{
		{"one may run, and one does", 1, false, false},
		{"another of the schedule is at work", 0, true, false},
		{"two may run", 2, false, true},
		{"now two do", 2, false, false},
		{"any number may", 0, false, true},
	}
	for i, tt := range tests {
		slot := "daily@2"
		if i == 4 {
			slot = "daily@3"
		}
		c := claimOf(fmt.Sprint("more-", i), slot)
		c.MaxRuns, c.Alone = tt.max, tt.alone
		_, _, err := s.Claim(t.Context(), c)
		if tt.ok {
			noError(t, err)
		} else if !errors.Is(err, ErrLimit) || fault.AreaOf(err) != fault.Busy {
			t.Errorf("%s: got %v; want that other runs are working", tt.name, err)
		}
	}
}

func TestARunWithoutASlot(t *testing.T) {
	s, _ := ledger(t)
	c := claimOf("run-1", "")
	c.Kind, c.Window, c.Actor = KindAdHoc, window(), "alice"
	l, _, err := s.Claim(t.Context(), c)
	noError(t, err)
	_, err = l.End(t.Context(), RunEnd{State: RunDone})
	noError(t, err)
	runs, err := s.Runs(t.Context(), RunFilter{Variant: "voice", Window: window(), States: []RunState{RunDone}})
	noError(t, err)
	if len(runs) != 1 || runs[0].Actor != "alice" || runs[0].Kind != KindAdHoc || runs[0].Window != window() || runs[0].Slot != "" {
		t.Errorf("got %+v; want alice's run for the window", runs)
	}
	events, err := s.History(t.Context(), EventFilter{Actor: "alice"})
	noError(t, err)
	if len(events) != 2 || events[0].Action != "claimed" || events[1].Action != "ended" || events[1].To != "done" {
		t.Errorf("the history of alice is %+v; want a claim and an end", events)
	}
	for _, bad := range []Claim{{ID: "x", Kind: KindSlot, Variant: "v"}, {ID: "x", Kind: KindByHand, Variant: "v"}, {ID: "x", Kind: KindBackfill, Slot: "daily@1", Variant: "v"}, {ID: "x", Kind: KindAdHoc, Variant: "v"}} {
		if _, _, err := s.Claim(t.Context(), bad); err == nil {
			t.Errorf("claim %+v was taken", bad)
		}
	}
}

func TestALeaseThatRanOutIsAbandoned(t *testing.T) {
	s, c := planned(t, "daily@1")
	l := claim(t, s, "run-1", "daily@1")
	c.advance(59 * time.Second)
	noError(t, l.Renew(t.Context()))
	c.advance(59 * time.Second)
	if lost, err := beside(t, s).Reap(t.Context()); err != nil || len(lost) != 0 {
		t.Fatalf("got %+v, %v; want nothing lost of a lease that was renewed", lost, err)
	}
	c.advance(time.Second)
	lost, err := beside(t, s).Reap(t.Context())
	noError(t, err)
	if len(lost) != 1 || lost[0].Run.State != RunAbandoned || lost[0].Run.Reason != "lease ran out" || lost[0].Outcome != Due {
		t.Fatalf("got %+v; want run-1 abandoned, and its slot due", lost)
	}
	if err := l.Renew(t.Context()); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "abandoned") {
		t.Errorf("got %v; want that the run is lost", err)
	}
	claim(t, s, "run-2", "daily@1")
	if _, err := l.End(t.Context(), RunEnd{State: RunDone}); !errors.Is(err, ErrLost) {
		t.Errorf("the lost run ended: %v", err)
	}
	if slot, err := s.Slot(t.Context(), "daily@1"); err != nil || slot.Run != "run-2" || slot.Outcome != Running {
		t.Errorf("the slot is %+v, %v; want it in the hands of run-2", slot, err)
	}
}

func TestAClockThatJumpsLosesNoRunOfThisProcess(t *testing.T) {
	tests := []struct {
		name  string
		until func(t *testing.T, l *Lease) // what happens before the jump
		lost  int
	}{
		{"at work", func(*testing.T, *Lease) {}, 0},
		{"with a lease that was renewed", func(t *testing.T, l *Lease) { noError(t, l.Renew(t.Context())) }, 0},
		{"its end could not be written down", func(t *testing.T, l *Lease) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := l.End(ctx, RunEnd{State: RunDone}); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v; want that it was cancelled", err)
			}
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, c := planned(t, "daily@1")
			l := claim(t, s, "run-1", "daily@1")
			tt.until(t, l)
			c.advance(24 * time.Hour)
			lost, err := s.Reap(t.Context())
			noError(t, err)
			if len(lost) != tt.lost {
				t.Errorf("%d runs were lost; want %d", len(lost), tt.lost)
			}
			if _, _, err := s.Claim(t.Context(), claimOf("run-2", "daily@1")); tt.lost == 0 {
				wantTransition(t, err, "running", "running")
				noError(t, l.Renew(t.Context()))
				if lost, err := beside(t, s).Reap(t.Context()); err != nil || len(lost) != 0 {
					t.Errorf("another process took %+v, %v after the lease was renewed", lost, err)
				}
			}
		})
	}
}

func TestWhatAnotherProcessTookIsNoMoreOurs(t *testing.T) {
	s, c := planned(t, "daily@1")
	l := claim(t, s, "run-1", "daily@1")
	c.advance(24 * time.Hour)
	if lost, err := beside(t, s).Reap(t.Context()); err != nil || len(lost) != 1 {
		t.Fatalf("another process took %+v, %v; want run-1", lost, err)
	}
	if err := l.Renew(t.Context()); !errors.Is(err, ErrLost) || s.ours.has("run-1") {
		t.Errorf("got %v, and ours is %t; want that the run is lost", err, s.ours.has("run-1"))
	}
	if _, _, err := s.Claim(t.Context(), claimOf("run-2", "daily@9")); !errors.Is(err, ErrNotFound) || s.ours.has("run-2") {
		t.Errorf("got %v, and ours is %t; want no run of a claim that failed", err, s.ours.has("run-2"))
	}
}

func TestALeaseEndsWithItsProcess(t *testing.T) {
	s, _ := planned(t, "daily@1")
	claim(t, s, "run-1", "daily@1")
	s.options.Gone = func(o Owner) bool { return o.Nonce == "run-1" }
	l, lost, err := s.Claim(t.Context(), claimOf("run-2", "daily@1"))
	noError(t, err)
	if len(lost) != 1 || lost[0].Run.ID != "run-1" || lost[0].Run.Reason != "process 1 of h ended" || l.ID != "run-2" {
		t.Errorf("got %+v; want run-1 lost with its process, and run-2 in its place", lost)
	}
}

func TestWhatBecomesOfTheSlotOfALostRun(t *testing.T) {
	tests := []struct {
		name    string
		states  []DeliveryState // of its deliveries
		late    bool
		want    Outcome
		unknown int
	}{
		{"nothing was planned", nil, false, Due, 0},
		{"nothing was planned, and it is late", nil, true, Abandoned, 0},
		{"all is pending", []DeliveryState{Pending, Pending}, false, Due, 0},
		{"one was in the middle, another is pending", []DeliveryState{Sending, Pending}, false, Due, 1},
		{"one was in the middle, another is pending, and it is late", []DeliveryState{Sending, Pending}, true, Failed, 1},
		{"the only one was in the middle", []DeliveryState{Sending}, false, Failed, 1},
		{"one was unknown before", []DeliveryState{Sent, Unknown}, false, Failed, 0},
		{"all are sent", []DeliveryState{Sent, Sent}, false, Due, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, c := planned(t, "daily@1")
			l := claim(t, s, "run-1", "daily@1")
			var ids []int64
			for i, state := range tt.states {
				id := deliveries(t, l, fmt.Sprintf("r%d@example.com", i))[0]
				deliveryIn(t, l, id, state)
				ids = append(ids, id)
			}
			_, err := l.StartAttempt(t.Context())
			noError(t, err)
			c.advance(2 * time.Minute)
			if tt.late {
				c.advance(12 * time.Hour)
			}
			lost, err := beside(t, s).Reap(t.Context())
			noError(t, err)
			if len(lost) != 1 || lost[0].Outcome != tt.want || len(lost[0].Unknown) != tt.unknown {
				t.Errorf("got %+v; want the slot %s and %d unknown", lost, tt.want, tt.unknown)
			}
			for i, state := range tt.states {
				if state == Sending {
					state = Unknown
				}
				wantDelivery(t, s, ids[i], state)
			}
			w, err := s.Why(t.Context(), "daily@1")
			noError(t, err)
			if w.Slot.Outcome != tt.want || w.Slot.Reason == "" || w.Runs[0].Attempts[0].Result != AttemptAbandoned {
				t.Errorf("got %+v; want the slot %s with a reason, and the attempt abandoned", w, tt.want)
			}
		})
	}
}

func TestAttemptsTellWhatTheyDid(t *testing.T) {
	s, c := planned(t, "daily@1")
	l := claim(t, s, "run-1", "daily@1")
	wantTransition(t, l.Phase(t.Context(), "query"), "not running", "query")
	for i, end := range []AttemptEnd{
		{Result: AttemptFailed, Err: fault.Errorf(fault.Impala, fault.Lost, "coordinator lost\xff%s", strings.Repeat("x", 10<<10))},
		{Result: AttemptInterrupted, Err: fault.Errorf(fault.Stopped, 0, "SIGTERM")},
		{Result: AttemptDone, Rows: 12, Bytes: 345},
	} {
		number, err := l.StartAttempt(t.Context())
		noError(t, err)
		if number != i+1 {
			t.Errorf("the attempt has number %d; want %d", number, i+1)
		}
		_, err = l.StartAttempt(t.Context())
		wantTransition(t, err, "running", "running")
		noError(t, l.Phase(t.Context(), "query"))
		noError(t, l.AddQuery(t.Context(), Query{"legs", "q1", "impalad-1:21050"}))
		noError(t, l.AddQuery(t.Context(), Query{"callers", "q2", "impalad-2:21050"}))
		noError(t, l.Phase(t.Context(), "render"))
		c.advance(time.Second)
		noError(t, l.EndAttempt(t.Context(), end))
	}
	wantTransition(t, l.EndAttempt(t.Context(), AttemptEnd{Result: AttemptDone}), "not running", "done")
	wantTransition(t, l.EndAttempt(t.Context(), AttemptEnd{Result: AttemptAbandoned}), "running", "abandoned")
	f, err := s.Facts(t.Context(), "run-1")
	noError(t, err)
	for i, want := range []Attempt{{Result: AttemptFailed, Class: "lost"}, {Result: AttemptInterrupted, Class: "stopped", Error: "SIGTERM"}, {Result: AttemptDone, Rows: 12, Bytes: 345}} {
		got := f.Attempts[i]
		if got.Result != want.Result || got.Class != want.Class || got.Rows != want.Rows || got.Bytes != want.Bytes || got.Phase != "render" ||
			!slices.Equal(got.Queries, []Query{{"legs", "q1", "impalad-1:21050"}, {"callers", "q2", "impalad-2:21050"}}) || got.Ended.Sub(got.Started) != time.Second {
			t.Errorf("attempt %d is %+v; want %+v", i+1, got, want)
		}
		if len(got.Error) > maxErrorBytes+8 || want.Error != "" && got.Error != want.Error {
			t.Errorf("attempt %d has the error %.80q of %d bytes", i+1, got.Error, len(got.Error))
		}
	}
	if n, err := s.SlotAttempts(t.Context(), "daily@1"); n != 1 || err != nil {
		t.Errorf("%d attempts count, %v; want the one that failed", n, err)
	}
}

func TestArtefactsOfOneNameAreOne(t *testing.T) {
	s, _ := planned(t, "daily@1")
	l := claim(t, s, "run-1", "daily@1")
	noError(t, l.AddArtefact(t.Context(), Artefact{Name: "a.xlsx", Path: "out/a.xlsx", SHA256: [32]byte{1}, Bytes: 10}))
	want := Artefact{Run: "run-1", Name: "a.xlsx", Path: "out/b.xlsx", SHA256: [32]byte{2}, Bytes: 20}
	noError(t, l.AddArtefact(t.Context(), want))
	f, err := s.Facts(t.Context(), "run-1")
	noError(t, err)
	if !slices.Equal(f.Artefacts, []Artefact{want}) {
		t.Errorf("got %+v; want the second alone", f.Artefacts)
	}
}

func TestRunIDsSortByTime(t *testing.T) {
	var last string
	for i := range 100 {
		id := NewRunID(start.Add(time.Duration(i) * time.Millisecond))
		if id <= last {
			t.Errorf("%s comes after %s", id, last)
		}
		last = id
	}
	if a, b := NewRunID(start), NewRunID(start); a == b {
		t.Errorf("two runs have the id %s", a)
	}
}
