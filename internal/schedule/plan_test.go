package schedule

import (
	"slices"
	"testing"
	"time"

	"qosreport/internal/fault"
)

func TestPlan(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 11, 21, 6, 0, 10, 0, time.UTC)
	ago := func(spans ...time.Duration) []Slot {
		var slots []Slot
		for _, span := range spans {
			slots = append(slots, Slot{Key: "s@" + span.String(), Fire: now.Add(-span)})
		}
		return slots
	}
	skipped := ago(2*time.Hour, time.Hour)
	skipped[1].Skip = "skip_dates has 2026-11-21"
	last, none := Policy{CatchUp: CatchUpLast, StartDeadline: 12 * time.Hour}, Policy{CatchUp: CatchUpNone, StartDeadline: 12 * time.Hour}
	tests := []struct {
		name   string
		policy Policy
		due    []Slot
		want   []Outcome
	}{
		{"nothing is due", last, nil, nil},
		{"a slot in time", last, ago(10 * time.Second), []Outcome{Due}},
		{"a slot in time needs no catching up", none, ago(90 * time.Second), []Outcome{Due}},
		{"a missed slot is made up", last, ago(3 * time.Hour), []Outcome{Due}},
		{"a missed slot is not made up", none, ago(91 * time.Second), []Outcome{MissedDown}},
		{"three missed slots", last, ago(3*time.Hour, 2*time.Hour, time.Hour), []Outcome{MissedDown, MissedDown, Due}},
		{"none of three missed slots", none, ago(3*time.Hour, 2*time.Hour, time.Hour), []Outcome{MissedDown, MissedDown, MissedDown}},
		{"a missed slot beside one in time", last, ago(time.Hour, 10*time.Second), []Outcome{MissedDown, Due}},
		{"a missed slot beside one in time, without catching up", none, ago(time.Hour, 10*time.Second), []Outcome{MissedDown, Due}},
		{"two slots in time", last, ago(70*time.Second, 10*time.Second), []Outcome{Due, Due}},
		{"three days down", last, ago(2*day, day, 10*time.Second), []Outcome{MissedDeadline, MissedDeadline, Due}},
		{"down until after the deadline", last, ago(day+13*time.Hour, 13*time.Hour), []Outcome{MissedDeadline, MissedDeadline}},
		{"at the deadline", last, ago(12 * time.Hour), []Outcome{Due}},
		{"behind the deadline", last, ago(12*time.Hour + 1), []Outcome{MissedDeadline}},
		{"a deadline shorter than the loop's patience", Policy{CatchUp: CatchUpLast, StartDeadline: time.Minute}, ago(61 * time.Second), []Outcome{MissedDeadline}},
		{"a slot that the calendar takes away stands in for none", last, skipped, []Outcome{Due, Calendar}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []Outcome
			for i, d := range tt.policy.Plan(tt.due, now) {
				got = append(got, d.Outcome)
				if d.Slot != tt.due[i] {
					t.Errorf("decision %d is on %+v", i, d.Slot)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestOverlap(t *testing.T) {
	tests := []struct {
		policy  Overlap
		running int
		want    Outcome
	}{
		{OverlapForbid, 0, Due}, {OverlapForbid, 1, StillRunning}, {"", 1, StillRunning},
		{OverlapAllow, 0, Due}, {OverlapAllow, 2, Due},
	}
	for _, tt := range tests {
		if got := (Policy{Overlap: tt.policy}).Admit(tt.running); got != tt.want {
			t.Errorf("%q beside %d runs: %s, want %s", tt.policy, tt.running, got, tt.want)
		}
	}
}

func TestStartDeadline(t *testing.T) {
	for expression, want := range map[string]time.Duration{
		"0 6 * * *": 12 * time.Hour, "@yearly": 12 * time.Hour, "0 0 29 2 *": 12 * time.Hour, "0 8,20 * * *": 12 * time.Hour,
		"0 8,14 * * *": 6 * time.Hour, "0 1,23 * * *": 2 * time.Hour, "0 * * * *": time.Hour, "*/5 9-17 * * MON-FRI": 5 * time.Minute,
		"0 6 1,31 * *": 12 * time.Hour, "55,5 6 * * *": 50 * time.Minute,
	} {
		if got := parse(t, expression, "Europe/Berlin").StartDeadline(); got != want {
			t.Errorf("%s: %v, want %v", expression, got, want)
		}
	}
	for interval, want := range map[time.Duration]time.Duration{15 * time.Minute: 15 * time.Minute, 48 * time.Hour: 12 * time.Hour} {
		if got := parseSpec(t, Spec{Interval: interval, Zone: "UTC"}).StartDeadline(); got != want {
			t.Errorf("interval %v: %v, want %v", interval, got, want)
		}
	}
}

func TestDelayIsSpreadAndStable(t *testing.T) {
	seen := make(map[time.Duration]bool)
	for _, id := range []string{"voice-daily", "http-daily", "voice-weekly", "http-weekly"} {
		delay := Delay(id, 10*time.Minute)
		if delay < 0 || delay >= 10*time.Minute || delay != Delay(id, 10*time.Minute) {
			t.Errorf("%s starts %v late", id, delay)
		}
		seen[delay] = true
	}
	if len(seen) < 3 {
		t.Errorf("the delays are %v", seen)
	}
	for _, spread := range []time.Duration{0, -time.Minute, time.Millisecond} {
		if got := Delay("voice-daily", spread); got != 0 {
			t.Errorf("spread %v gives %v", spread, got)
		}
	}
}

func TestPolicyIsCompleted(t *testing.T) {
	s := parse(t, "0 * * * *", "UTC")
	if got, err := s.Policy(Policy{}); err != nil || got != (Policy{CatchUpLast, time.Hour, OverlapForbid}) {
		t.Errorf("the default is %+v, %v", got, err)
	}
	wanted := Policy{CatchUpNone, time.Minute, OverlapAllow}
	if got, err := s.Policy(wanted); err != nil || got != wanted {
		t.Errorf("of %+v comes %+v, %v", wanted, got, err)
	}
	_, err := s.Policy(Policy{"all", -time.Hour, "queue"})
	var keys []string
	for _, m := range Mistakes(err) {
		keys = append(keys, m.Key)
	}
	if want := []string{"catch_up", "overlap", "start_deadline"}; !slices.Equal(keys, want) || fault.AreaOf(err) != fault.Usage {
		t.Errorf("mistakes of %v, want %v: %v", keys, want, err)
	}
}
