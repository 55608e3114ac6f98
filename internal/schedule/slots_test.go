package schedule

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// at reads an instant.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

// local is the instant of a wall clock time, for days on which clocks do not change.
func local(t testing.TB, s *Schedule, text string) time.Time {
	t.Helper()
	instant, err := time.ParseInLocation("2006-01-02 15:04", text, s.Zone())
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

// show writes slots as "key > fire", without the schedule's name.
func show(slots []Slot) []string {
	var lines []string
	for _, slot := range slots {
		lines = append(lines, strings.TrimPrefix(slot.Key, "s@")+" > "+slot.Fire.Format("2006-01-02T15:04Z07:00"))
	}
	return lines
}

func TestDaysOnWhichClocksChange(t *testing.T) {
	tests := []struct{ name, expression, zone, from, to, want string }{
		{"a gap", "30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", "2026-03-29 12:00",
			"2026-03-29T02:30 > 2026-03-29T03:00+02:00"},
		{"a gap with two times in it", "*/30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", "2026-03-29 12:00",
			"2026-03-29T02:00 > 2026-03-29T03:00+02:00"},
		{"a gap and its end", "0,30 2,3 * * *", "Europe/Berlin", "2026-03-28 12:00", "2026-03-29 12:00",
			"2026-03-29T02:00 > 2026-03-29T03:00+02:00, 2026-03-29T03:30 > 2026-03-29T03:30+02:00"},
		{"every other hour over a gap", "0 */2 * * *", "Europe/Berlin", "2026-03-28 23:00", "2026-03-29 07:00",
			"2026-03-29T00:00 > 2026-03-29T00:00+01:00, 2026-03-29T02:00 > 2026-03-29T03:00+02:00, " +
				"2026-03-29T04:00 > 2026-03-29T04:00+02:00, 2026-03-29T06:00 > 2026-03-29T06:00+02:00"},
		{"no midnight in Cairo", "0 0 * * *", "Africa/Cairo", "2026-04-23 12:00", "2026-04-24 12:00",
			"2026-04-24T00:00 > 2026-04-24T01:00+03:00"},
		{"no midnight in Havana", "0 0 * * *", "America/Havana", "2026-03-07 12:00", "2026-03-08 12:00",
			"2026-03-08T00:00 > 2026-03-08T01:00-04:00"},
		{"half an hour forward", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", "2026-10-04 12:00",
			"2026-10-04T02:15 > 2026-10-04T02:30+11:00"},
		{"an hour twice", "30 2 * * *", "Europe/Berlin", "2026-10-24 12:00", "2026-10-26 02:29",
			"2026-10-25T02:30 > 2026-10-25T02:30+02:00"},
		{"an hour twice in New York", "30 1 * * *", "America/New_York", "2026-10-31 12:00", "2026-11-02 01:29",
			"2026-11-01T01:30 > 2026-11-01T01:30-04:00"},
		{"half an hour twice", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00", "2026-04-06 01:44",
			"2026-04-05T01:45 > 2026-04-05T01:45+11:00"},
		{"each hour over an overlap", "0 * * * *", "Europe/Berlin", "2026-10-25 01:00", "2026-10-25 03:00",
			"2026-10-25T00:00Z > 2026-10-25T02:00+02:00, 2026-10-25T01:00Z > 2026-10-25T02:00+01:00, 2026-10-25T02:00Z > 2026-10-25T03:00+01:00"},
		{"each hour over a gap", "0 * * * *", "Europe/Berlin", "2026-03-29 00:00", "2026-03-29 03:00",
			"2026-03-29T00:00Z > 2026-03-29T01:00+01:00, 2026-03-29T01:00Z > 2026-03-29T03:00+02:00"},
		{"each hour of a day whose midnight is missing", "0 * 24 4 *", "Africa/Cairo", "2026-04-23 12:00", "2026-04-24 02:00",
			"2026-04-23T22:00Z > 2026-04-24T01:00+03:00, 2026-04-23T23:00Z > 2026-04-24T02:00+03:00"},
		{"each hour where half an hour is shown twice", "40 * * * *", "Australia/Lord_Howe", "2026-04-05 01:00", "2026-04-05 03:00",
			"2026-04-04T14:40Z > 2026-04-05T01:40+11:00, 2026-04-04T15:10Z > 2026-04-05T01:40+10:30, 2026-04-04T16:10Z > 2026-04-05T02:40+10:30"},
		{"a date that was dropped", "0 6 * * *", "Pacific/Apia", "2011-12-29 07:00", "2012-01-01 05:00",
			"2011-12-30T06:00 > 2011-12-31T00:00+14:00, 2011-12-31T06:00 > 2011-12-31T06:00+14:00"},
		{"a date that was dropped, several times of day and the next midnight", "0 0,12 * * *", "Pacific/Apia", "2011-12-29 07:00", "2011-12-31 13:00",
			"2011-12-29T12:00 > 2011-12-29T12:00-10:00, 2011-12-30T00:00 > 2011-12-31T00:00+14:00, 2011-12-31T12:00 > 2011-12-31T12:00+14:00"},
		{"both day fields", "0 6 1 * MON", "UTC", "2026-11-01 00:00", "2026-11-30 23:00",
			"2026-11-01T06:00 > 2026-11-01T06:00Z, 2026-11-02T06:00 > 2026-11-02T06:00Z, 2026-11-09T06:00 > 2026-11-09T06:00Z, " +
				"2026-11-16T06:00 > 2026-11-16T06:00Z, 2026-11-23T06:00 > 2026-11-23T06:00Z, 2026-11-30T06:00 > 2026-11-30T06:00Z"},
		{"two hours forward in Troll", "30 1,2 * * *", "Antarctica/Troll", "2026-03-28 12:00", "2026-03-29 12:00",
			"2026-03-29T01:30 > 2026-03-29T03:00+02:00"},
		{"seconds are part of a key", "15 30 6 * * *", "UTC", "2026-01-01 00:00", "2026-01-02 00:00",
			"2026-01-01T06:30:15 > 2026-01-01T06:30Z"},
		{"a leap day after a century without", "0 0 29 2 *", "UTC", "2096-03-01 00:00", "2104-03-01 00:00",
			"2104-02-29T00:00 > 2104-02-29T00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := parse(t, tt.expression, tt.zone)
			slots, truncated := s.Between(local(t, s, tt.from), local(t, s, tt.to), 0)
			if got := strings.Join(show(slots), ", "); got != tt.want || truncated {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestAStartWithinAnOverlapRepeatsNothing(t *testing.T) {
	s := parse(t, "30 2 * * *", "Europe/Berlin")
	for _, start := range []string{"2026-10-25T00:30:00Z", "2026-10-25T00:31:00Z", "2026-10-25T01:29:00Z", "2026-10-25T01:30:00Z"} {
		if got := s.Next(at(t, start)).Key; got != "s@2026-10-26T02:30" {
			t.Errorf("after %s comes %s", start, got)
		}
	}
	if got := s.Next(at(t, "2026-10-25T00:29:59Z")).Key; got != "s@2026-10-25T02:30" {
		t.Errorf("before the first 02:30 comes %s", got)
	}
}

func TestADailyScheduleHasOneSlotADay(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/Havana", "Africa/Cairo", "America/Asuncion", "Australia/Lord_Howe",
		"America/Sao_Paulo", "Asia/Tehran", "Africa/Casablanca", "Antarctica/Troll", "Asia/Kathmandu"}
	for _, zone := range zones {
		for _, clock := range []string{"0 0", "30 0", "30 2", "45 1"} {
			t.Run(zone+" "+clock, func(t *testing.T) {
				s := parse(t, clock+" * * *", zone)
				slots, _ := s.Between(at(t, "1994-12-31T00:00:00Z"), at(t, "2037-01-02T00:00:00Z"), 20_000)
				day := time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC)
				for i, slot := range slots {
					if date := slot.Fire.Format(time.DateOnly); date < "1995" || date > "2036-12-31" {
						continue
					} else if date != day.Format(time.DateOnly) || slot.Nominal.Date() != date {
						t.Fatalf("on %s fires %+v", day.Format(time.DateOnly), slot)
					}
					if i > 0 && !slot.Fire.After(slots[i-1].Fire) {
						t.Fatalf("%+v fires before %+v", slot, slots[i-1])
					}
					day = day.AddDate(0, 0, 1)
				}
				if day.Year() != 2037 {
					t.Errorf("the last slot is before %v", day)
				}
			})
		}
	}
}

// Whatever the start, the next slot is the one that a walk from far before finds.
func TestNextAgreesWithBetween(t *testing.T) {
	tests := []struct{ expression, zone, day string }{
		{"*/20 * * * *", "Europe/Berlin", "2026-10-25"}, {"*/20 1-3 * * *", "Europe/Berlin", "2026-10-25"},
		{"*/20 1-3 * * *", "Europe/Berlin", "2026-03-29"}, {"*/15 * * * *", "Australia/Lord_Howe", "2026-04-05"},
		{"*/15 0-3 * * *", "Australia/Lord_Howe", "2026-10-04"}, {"*/30 0-22 * * *", "Pacific/Apia", "2011-12-30"},
		{"*/30 * * * *", "Pacific/Apia", "2011-12-30"}, {"5 */3 * * *", "Africa/Casablanca", "2026-02-15"},
	}
	for _, tt := range tests {
		t.Run(tt.expression+" "+tt.zone, func(t *testing.T) {
			s := parse(t, tt.expression, tt.zone)
			noon := at(t, tt.day+"T12:00:00Z")
			from, to := noon.Add(-48*time.Hour), noon.Add(48*time.Hour)
			slots, _ := s.Between(from, to, 0)
			for start := from; start.Before(slots[len(slots)-1].Fire); start = start.Add(5 * time.Minute) {
				next := slices.IndexFunc(slots, func(slot Slot) bool { return slot.Fire.After(start) })
				if got := s.Next(start); got != slots[next] {
					t.Fatalf("after %v: %+v, want %+v", start, got, slots[next])
				}
				if got := s.Last(start); next > 0 && got != slots[next-1] {
					t.Fatalf("last at %v: %+v, want %+v", start, got, slots[next-1])
				}
			}
			keys := make(map[string]bool)
			for i, slot := range slots {
				if keys[slot.Key] || i > 0 && !slot.Fire.After(slots[i-1].Fire) {
					t.Errorf("%+v repeats a key or does not fire after the slot before", slot)
				}
				keys[slot.Key] = true
			}
		})
	}
}

func TestBetweenIsHalfOpenAndLimited(t *testing.T) {
	s := parse(t, "0 6 * * *", "UTC")
	from, to := at(t, "2026-01-01T06:00:00Z"), at(t, "2026-01-04T06:00:00Z")
	tests := []struct {
		limit, want int
		truncated   bool
	}{{0, 3, false}, {3, 3, false}, {2, 2, true}}
	for _, tt := range tests {
		slots, truncated := s.Between(from, to, tt.limit)
		if len(slots) != tt.want || truncated != tt.truncated || slots[0].Key != "s@2026-01-02T06:00" {
			t.Errorf("limit %d: %v, %v", tt.limit, show(slots), truncated)
		}
	}
	if slots, truncated := s.Between(to, from, 0); len(slots) != 0 || truncated {
		t.Errorf("backwards: %v", show(slots))
	}
}

func TestIntervalsCountFromAFixedDay(t *testing.T) {
	s := parseSpec(t, Spec{Interval: 7 * time.Hour, Zone: "Europe/Berlin"})
	epoch := at(t, "1999-12-31T23:00:00Z")
	for _, start := range []string{"1999-12-31T22:59:59Z", "1999-12-31T23:00:00Z", "2026-10-25T00:30:00Z", "1997-05-05T05:05:05Z"} {
		got := s.Next(at(t, start).Add(time.Millisecond))
		if got.Fire.Sub(epoch)%(7*time.Hour) != 0 || !got.Fire.After(at(t, start)) || got.Fire.Sub(at(t, start)) > 7*time.Hour {
			t.Errorf("after %s: %+v", start, got)
		}
	}
	if got := s.Next(epoch.Add(-1)); got.Key != "s@1999-12-31T23:00Z" || got.Nominal.String() != "2000-01-01T00:00" {
		t.Errorf("the first is %+v", got)
	}
	if got := s.Last(epoch); got.Key != "s@1999-12-31T23:00Z" {
		t.Errorf("the last at its own instant is %+v", got)
	}
}

func TestBounds(t *testing.T) {
	for _, expression := range []string{"0 6,18 * * *", "0 * * * *", "interval"} {
		t.Run(expression, func(t *testing.T) {
			spec := Spec{Expression: expression, Zone: "America/Havana", From: "2026-03-08", Until: "2026-03-09"}
			if expression == "interval" {
				spec.Expression, spec.Interval = "", time.Hour
			}
			s := parseSpec(t, spec)
			slots, _ := s.Between(at(t, "2020-01-01T00:00:00Z"), at(t, "2030-01-01T00:00:00Z"), 0)
			if first := slots[0].Nominal.Date(); first != "2026-03-08" {
				t.Errorf("the first is of %s", first)
			}
			last := slots[len(slots)-1]
			if last.Nominal.Date() != "2026-03-09" || s.Last(at(t, "2030-01-01T00:00:00Z")) != last {
				t.Errorf("the last is %+v", last)
			}
			if got := s.Next(last.Fire); got != (Slot{}) {
				t.Errorf("behind the end there is %+v", got)
			}
			if got := s.Last(at(t, "2026-03-08T04:59:59Z")); got != (Slot{}) {
				t.Errorf("before the begin there is %+v", got)
			}
			if want := map[string]int{"0 6,18 * * *": 4}[expression]; want == 0 && len(slots) != 47 || want != 0 && len(slots) != want {
				t.Errorf("%d slots", len(slots))
			}
		})
	}
}

func TestDescriptors(t *testing.T) {
	for expression, want := range map[string]string{
		"@hourly": "s@2026-11-21T15:00Z", "@daily": "s@2026-11-22T00:00", "@weekly": "s@2026-11-22T00:00",
		"@monthly": "s@2026-12-01T00:00", "@yearly": "s@2027-01-01T00:00",
	} {
		if got := parse(t, expression, "UTC").Next(at(t, "2026-11-21T14:53:00Z")).Key; got != want {
			t.Errorf("%s: %s, want %s", expression, got, want)
		}
	}
}

func ExampleSchedule_Next() {
	s, err := Parse(Spec{ID: "daily", Expression: "30 2 * * *", Zone: "Europe/Berlin"})
	if err != nil {
		fmt.Println(err)
		return
	}
	slot := s.Next(time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC))
	fmt.Println(slot.Key, "fires", slot.Fire.Format(time.RFC3339), "and reports on", s.Window(slot).FirstDate)
	// Output: daily@2026-03-29T02:30 fires 2026-03-29T03:00:00+02:00 and reports on 2026-03-28
}
