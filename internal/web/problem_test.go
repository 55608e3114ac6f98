package web

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/store"
)

// told are the problems of a state, each in a line.
func told(t *testing.T, s state) []string {
	t.Helper()
	var lines []string
	for _, p := range newSite(options(t, Overview{})).view(s).Problems {
		lines = append(lines, p.Symbol+" "+p.Word+": "+p.Title)
	}
	return lines
}

func ending(schedule string, hour int, o store.Outcome, reason string) store.Slot {
	fire := time.Date(2026, 3, 30, hour, 0, 0, 0, time.UTC)
	return store.Slot{Key: fmt.Sprintf("%s@%02d", schedule, hour), Schedule: schedule, Fire: fire, Window: hours(0, 1), Outcome: o, Reason: reason, Run: fmt.Sprintf("run%d", hour)}
}

func TestProblems(t *testing.T) {
	unknown := store.Delivery{ID: 17, Recipient: "noc@example.com", Run: "run5"}
	tests := []struct {
		name string
		s    state
		want []string
	}{
		{"none", state{checks: []Check{{Name: "store"}}}, nil},
		{"what stops everything comes first", state{
			Overview: Overview{Unknown: []store.Delivery{unknown}, Trouble: []store.Slot{ending("a", 6, store.Failed, "x")}},
			sick:     errors.New("asleep"), unread: errors.New("gone"), checks: []Check{{Name: "store"}, {Name: "keytab", Err: errors.New("gone")}},
		}, []string{"✖ stalled: Planning", "✖ not ready: keytab", "✖ not known: Schedules and deliveries", "✖ unknown: Delivery 17 to noc@example.com", "✖ failed: a@06"}},
		{"the worst comes first", state{Overview: Overview{Trouble: []store.Slot{ending("a", 6, store.Missed, "down"), ending("a", 5, store.Failed, "x")}}},
			[]string{"✖ failed: a@05", "▲ missed: a@06"}},
		{"a cause is told once", state{Overview: Overview{Trouble: []store.Slot{
			ending("a", 6, store.Missed, "down"), ending("b", 6, store.Missed, "down"), ending("a", 5, store.Missed, "down"), ending("a", 4, store.Missed, "deadline"),
		}}}, []string{"▲ missed: 2 slots of a", "▲ missed: b@06", "▲ missed: a@04"}},
		{"a schedule's newest end counts, however old", state{Overview: Overview{Schedules: []Schedule{{Name: "a", Last: []store.Slot{
			ending("a", 7, store.Running, ""), ending("a", 6, store.Abandoned, "lost"), ending("a", 5, store.Failed, "x"),
		}}}}}, []string{"✖ abandoned: a@06"}},
		{"what went well later is over", state{Overview: Overview{Schedules: []Schedule{{Name: "a", Last: []store.Slot{
			ending("a", 6, store.Done, ""), ending("a", 5, store.Failed, "x"),
		}}}}}, nil},
		{"a slot is told once", state{Overview: Overview{
			Schedules: []Schedule{{Name: "a", Last: []store.Slot{ending("a", 6, store.Failed, "x")}}}, Trouble: []store.Slot{ending("a", 6, store.Failed, "x")},
		}}, []string{"✖ failed: a@06"}},
		{"a slot that failed for an unknown delivery is told by it", state{Overview: Overview{
			Unknown: []store.Delivery{unknown}, Trouble: []store.Slot{ending("a", 5, store.Failed, store.ReasonUnknown+": delivery 17")},
		}}, []string{"✖ unknown: Delivery 17 to noc@example.com"}},
		{"not by that of another run", state{Overview: Overview{
			Unknown: []store.Delivery{unknown}, Trouble: []store.Slot{ending("a", 6, store.Failed, store.ReasonUnknown+": delivery 16")},
		}}, []string{"✖ unknown: Delivery 17 to noc@example.com", "✖ failed: a@06"}},
		{"nor does it hide another failure", state{Overview: Overview{
			Unknown: []store.Delivery{unknown}, Trouble: []store.Slot{ending("a", 5, store.Failed, "no space left")},
		}}, []string{"✖ unknown: Delivery 17 to noc@example.com", "✖ failed: a@05"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := told(t, tt.s); !slices.Equal(got, tt.want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(tt.want, "\n     "))
			}
		})
	}
}

func TestTheViewLeavesTheOverviewAlone(t *testing.T) {
	o := Overview{Trouble: slices.Grow([]store.Slot{ending("a", 6, store.Done, ""), ending("a", 5, store.Failed, "x")}, 9)}
	o.Schedules = []Schedule{{Name: "a", Last: []store.Slot{ending("a", 7, store.Failed, "y")}}}
	told(t, state{Overview: o})
	if o.Trouble[0].Key != "a@06" || o.Trouble[1].Key != "a@05" || o.Trouble[:3][2].Key != "" {
		t.Errorf("the list has become %+v", o.Trouble[:3])
	}
}

func TestVerdict(t *testing.T) {
	tests := []struct {
		name    string
		outcome store.Outcome
		slots   int
		want    mark
	}{
		{"nothing", store.Failed, 0, mark{"good", "✔", "all well"}},
		{"one", store.Missed, 1, mark{"watch", "▲", "1 thing to look at"}},
		{"two", store.Failed, 2, mark{"breach", "✖", "2 things to look at"}},
		{"more than are drawn", store.Failed, 70, mark{"breach", "✖", "70 things to look at"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var o Overview
			for i := range tt.slots {
				o.Trouble = append(o.Trouble, ending("a", i, tt.outcome, fmt.Sprint(i)))
			}
			v := newSite(options(t, o)).view(state{Overview: o})
			if got := v.Verdict(); got != tt.want || len(v.Problems) > maxProblems {
				t.Errorf("got %+v with %d problems, want %+v", got, len(v.Problems), tt.want)
			}
			page := ask(t, options(t, o), "GET", "/").Body.String()
			if !strings.Contains(page, "<title>"+tt.want.Word+" · qosreport prod-1</title>") {
				t.Errorf("the title does not say %s", tt.want.Word)
			}
			if strings.Contains(page, "And 20 more:") != (tt.slots == 70) {
				t.Error("the page does not say what it leaves out")
			}
		})
	}
}
