package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAFreshScheduleTakesEffectNow(t *testing.T) {
	s, c := ledger(t)
	first := start
	steps := []struct {
		name     string
		wait     time.Duration
		seen     Sighting
		fresh    bool
		from     time.Time
		consider time.Time
	}{
		{"first sight", 0, Sighting{Schedule: "daily", ExpressionHash: "h1"}, true, first, first},
		{"seen again", time.Hour, Sighting{Schedule: "daily", ExpressionHash: "h1"}, false, first, first},
		{"changed", time.Hour, Sighting{Schedule: "daily", ExpressionHash: "h2"}, true, first.Add(2 * time.Hour), first.Add(2 * time.Hour)},
		{"changed after the clock went back", -time.Hour, Sighting{Schedule: "daily", ExpressionHash: "h3"}, true, first.Add(time.Hour), first.Add(2 * time.Hour)},
	}
	for _, tt := range steps {
		c.advance(tt.wait)
		state, fresh, err := s.Sight(t.Context(), tt.seen)
		noError(t, err)
		if fresh != tt.fresh || !state.EffectiveFrom.Equal(tt.from) || !state.Considered.Equal(tt.consider) || state.ExpressionHash != tt.seen.ExpressionHash {
			t.Errorf("%s: got fresh %t, %+v; want fresh %t, from %s, considered %s", tt.name, fresh, state, tt.fresh, tt.from, tt.consider)
		}
	}
}

func TestASuspensionIsRememberedFromItsBeginning(t *testing.T) {
	s, c := ledger(t)
	for i, want := range []time.Time{{}, start.Add(time.Hour), start.Add(time.Hour), {}} {
		state, _, err := s.Sight(t.Context(), Sighting{Schedule: "daily", ExpressionHash: "h", Suspended: i == 1 || i == 2})
		noError(t, err)
		if !state.SuspendedSince.Equal(want) {
			t.Errorf("sighting %d: suspended since %v; want %v", i, state.SuspendedSince, want)
		}
		c.advance(time.Hour)
	}
	events, err := s.History(t.Context(), EventFilter{Schedule: "daily"})
	noError(t, err)
	var actions []string
	for _, e := range events {
		actions = append(actions, e.Action)
	}
	if want := []string{"first seen", "suspended", "resumed"}; !slices.Equal(actions, want) {
		t.Errorf("the history holds %v; want %v", actions, want)
	}
}

func TestPlanningTwiceAddsASlotOnce(t *testing.T) {
	s, _ := planned(t, "daily@1")
	calendar := slotOf("daily@2")
	calendar.Outcome, calendar.Reason = Skipped, "calendar: 2026-03-30 is no business day"
	again := slotOf("daily@1")
	again.Fire = start.Add(time.Hour) // newer zone data: the key decides
	added, err := s.Plan(t.Context(), Plan{Schedule: "daily", ExpressionHash: "h1", Until: start.Add(time.Hour), Slots: []Slot{again, calendar}, Unlisted: 10_000})
	noError(t, err)
	if !slices.Equal(added, []string{"daily@2"}) {
		t.Errorf("added %v; want the one that was not known", added)
	}
	list, err := s.Slots(t.Context(), SlotFilter{Schedule: "daily"})
	noError(t, err)
	if len(list) != 2 || !list[0].Fire.Equal(start) || list[0].Window != window() || !list[0].StartBy.Equal(start.Add(12*time.Hour)) || list[0].Nominal != "2026-03-29T06:00" {
		t.Errorf("got %+v; want daily@1 as it was first planned, and daily@2", list)
	}
	wantOutcome(t, s, "daily@2", Skipped, calendar.Reason)
	events, err := s.History(t.Context(), EventFilter{Schedule: "daily"})
	noError(t, err)
	if !slices.ContainsFunc(events, func(e Event) bool { return e.To == string(Missed) && e.Reason == "10000 slots or more" }) {
		t.Errorf("the history %+v does not tell of 10000 slots or more that were missed", events)
	}
	states, err := s.Schedules(t.Context())
	noError(t, err)
	if len(states) != 1 || !states[0].Considered.Equal(start.Add(time.Hour)) {
		t.Errorf("got %+v; want daily, considered until %s", states, start.Add(time.Hour))
	}
}

func TestPlansThatCannotBeChangeNothing(t *testing.T) {
	running, unreasoned, empty := slotOf("daily@3"), slotOf("daily@3"), slotOf("daily@3")
	running.Outcome, unreasoned.Outcome = Running, Missed
	empty.Window.To = empty.Window.From
	tests := []struct {
		name string
		plan Plan
		want string
	}{
		{"by another expression", Plan{ExpressionHash: "h2", Slots: []Slot{slotOf("daily@3")}}, "not in the ledger"},
		{"running from the beginning", Plan{ExpressionHash: "h1", Slots: []Slot{slotOf("daily@2"), running}}, "is new and cannot become running"},
		{"missed without a reason", Plan{ExpressionHash: "h1", Slots: []Slot{slotOf("daily@2"), unreasoned}}, "without a reason"},
		{"an empty window", Plan{ExpressionHash: "h1", Slots: []Slot{slotOf("daily@2"), empty}}, "empty window"},
		{"no key", Plan{ExpressionHash: "h1", Slots: []Slot{slotOf("daily@2"), slotOf("")}}, "no key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := planned(t, "daily@1")
			tt.plan.Schedule, tt.plan.Until = "daily", start.Add(time.Hour)
			_, err := s.Plan(t.Context(), tt.plan)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v; want %q", err, tt.want)
			}
			list, err := s.Slots(t.Context(), SlotFilter{})
			noError(t, err)
			states, err := s.Schedules(t.Context())
			noError(t, err)
			if len(list) != 1 || !states[0].Considered.Equal(start) {
				t.Errorf("got %d slots, considered until %s; want nothing of the plan", len(list), states[0].Considered)
			}
		})
	}
}

// slotIn puts a slot into an outcome, by the way that leads there.
func slotIn(t *testing.T, s *Store, key string, o Outcome) {
	t.Helper()
	switch o {
	case Due:
	case Waiting, Skipped, Superseded, Suspended, Missed:
		noError(t, s.SetOutcome(t.Context(), key, o, "test"))
	default:
		l := claim(t, s, "run-"+key, key)
		if o == Running {
			return
		}
		end := RunEnd{State: RunDone}
		if o == Failed {
			end = RunEnd{State: RunFailed, Reason: "test"}
		}
		if o == Abandoned {
			_, err := s.writer.Exec("UPDATE run SET lease_until = 0; UPDATE slot SET start_by = 0")
			noError(t, err)
			_, err = beside(t, s).Reap(t.Context())
			noError(t, err)
			return
		}
		_, err := l.End(t.Context(), end)
		noError(t, err)
	}
}

var outcomes = []Outcome{Due, Waiting, Running, Done, Skipped, Superseded, Suspended, Missed, Failed, Abandoned}

func TestEveryTransitionOfASlotByHand(t *testing.T) {
	allowed := map[Outcome][]Outcome{
		Due:       {Waiting, Skipped, Superseded, Suspended, Missed},
		Waiting:   {Due, Skipped, Superseded, Suspended, Missed},
		Suspended: {Due},
	}
	s, _ := ledger(t)
	for _, from := range outcomes {
		for _, to := range outcomes {
			key := "daily@" + string(from) + ">" + string(to)
			plan(t, s, key)
			slotIn(t, s, key, from)
			err := s.SetOutcome(t.Context(), key, to, "why")
			if slices.Contains(allowed[from], to) {
				noError(t, err)
				wantOutcome(t, s, key, to, "why")
				continue
			}
			wantTransition(t, err, string(from), string(to))
			if slot, err := s.Slot(t.Context(), key); err != nil || slot.Outcome != from {
				t.Errorf("slot %s is %s, %v; want it as it was, %s", key, slot.Outcome, err, from)
			}
		}
	}
}

func TestEveryClaimOfASlot(t *testing.T) {
	allowed := map[Kind][]Outcome{
		KindSlot:   {Due, Waiting},
		KindByHand: {Due, Waiting, Skipped, Superseded, Suspended, Missed, Failed, Abandoned},
	}
	s, _ := ledger(t)
	for kind, from := range allowed {
		for _, outcome := range outcomes {
			key := "daily@" + string(kind) + ">" + string(outcome)
			plan(t, s, key)
			slotIn(t, s, key, outcome)
			c := claimOf("claim-"+key, key)
			c.Kind = kind
			_, _, err := s.Claim(t.Context(), c)
			if !slices.Contains(from, outcome) {
				wantTransition(t, err, string(outcome), "running")
				if _, err := s.Run(t.Context(), c.ID); !errors.Is(err, ErrNotFound) {
					t.Errorf("a claim that was refused left its run: %v", err)
				}
				continue
			}
			noError(t, err)
			if slot, err := s.Slot(t.Context(), key); err != nil || slot.Outcome != Running || slot.Run != c.ID {
				t.Errorf("slot %s is %+v, %v; want it running in %s", key, slot, err, c.ID)
			}
		}
	}
}

func TestOutcomesNeedAReasonAndASlot(t *testing.T) {
	s, _ := planned(t, "daily@1")
	if err := s.SetOutcome(t.Context(), "daily@1", Missed, ""); err == nil || !strings.Contains(err.Error(), "without a reason") {
		t.Errorf("got %v; want that a reason is due", err)
	}
	if err := s.SetOutcome(t.Context(), "daily@9", Missed, "down"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v; want that there is none", err)
	}
	wantOutcome(t, s, "daily@1", Due, "")
}
