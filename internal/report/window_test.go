package report

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"qosreport/internal/qos"
)

func TestOddHours(t *testing.T) {
	tests := []struct {
		name, zone, day string
		want            map[int]int
		notes           []string
	}{
		{"an ordinary day", "Europe/Bratislava", "2017-09-12", map[int]int{}, nil},
		{"clocks are set forward", "Europe/Bratislava", "2017-03-26", map[int]int{2: 0},
			[]string{"On 2017-03-26 the hour 02:00 does not exist, since clocks were set forward; it is not tested for findings."}},
		{"clocks are set back", "Europe/Bratislava", "2017-10-29", map[int]int{2: 120},
			[]string{"On 2017-10-29 the hour 02:00 holds two hours of data, since clocks were set back; it is not tested for findings."}},
		{"by half an hour forward", "Australia/Lord_Howe", "2017-10-01", map[int]int{2: 30},
			[]string{"On 2017-10-01 the hour 02:00 has only 30 minutes, since clocks were set forward; it is not tested for findings."}},
		{"by half an hour back", "Australia/Lord_Howe", "2017-04-02", map[int]int{1: 90},
			[]string{"On 2017-04-02 the hour 01:00 holds 90 minutes of data, since clocks were set back; it is not tested for findings."}},
		{"over midnight", "America/Havana", "2017-03-12", map[int]int{0: 0},
			[]string{"On 2017-03-12 the hour 00:00 does not exist, since clocks were set forward; it is not tested for findings."}},
		{"back to midnight", "America/Havana", "2017-11-05", map[int]int{0: 120},
			[]string{"On 2017-11-05 the hour 00:00 holds two hours of data, since clocks were set back; it is not tested for findings."}},
	}
	d := define(t, everyDataset)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := in(t, tt.zone, tt.day, tt.day)
			if got := w.oddHours(tt.day); !maps.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			states := everything()
			for _, table := range states {
				table.States[0].Key[0] = qos.Text(tt.day)
			}
			hours := 24.0
			for _, minutes := range tt.want {
				if minutes == 0 {
					hours = 23
				}
			}
			states["junk"].States[0].Sums[2] = hours
			p := page(t, d, w, states)
			for _, section := range []string{"unusual", "heat"} {
				if got := p.named(section).Notes; !reflect.DeepEqual(got, tt.notes) {
					t.Errorf("%s has the notes %q", section, got)
				}
			}
			if len(p.Verdict.Incomplete) != 0 { // every hour that there is has rows
				t.Errorf("incomplete: %q", p.Verdict.Incomplete)
			}
		})
	}
}

// The hour that clocks show twice has twice the items: it is not compared.
func TestAnHourThatClocksShowTwiceIsNotTested(t *testing.T) {
	d := define(t, everyDataset)
	rows := [][]any{}
	for hour := range 24 {
		rows = append(rows, []any{"2017-10-29", "Zürich", hour, 0, 1000, 0, 0})
	}
	rows[2][3] = 500
	states := everything()
	states["legs"].States = stated("day site hour", "poor classified talk calls", rows...).States
	states["jitter"].States, states["junk"].States = nil, nil
	if f := page(t, d, in(t, "Europe/Bratislava", "2017-10-29", "2017-10-29"), states).named("unusual").Findings; len(f.Items) != 0 || f.Tested != 23 {
		t.Errorf("on the day of the change: %+v", f)
	}
	if f := page(t, d, in(t, "UTC", "2017-10-29", "2017-10-29"), states).named("unusual").Findings; len(f.Items) != 1 || f.Tested != 24 {
		t.Errorf("in a zone without a change: %+v", f)
	}
}

// A zone can skip a whole date: it has no hours of which one could be missing.
func TestADateThatDoesNotExist(t *testing.T) {
	states := everything()
	for _, table := range states {
		table.States = nil
	}
	w := in(t, "Pacific/Apia", "2011-12-30", "2011-12-30")
	if w.To.Sub(w.From) != 0 {
		t.Fatalf("the day lasts %v", w.To.Sub(w.From))
	}
	p := page(t, define(t, everyDataset), w, states)
	if got := strings.Join(p.Verdict.Incomplete, "; "); !strings.Contains(got, "days without any row") || strings.Contains(got, "hours") {
		t.Errorf("incomplete: %s", got)
	}
}

func TestWindowsReachBackByDates(t *testing.T) {
	w := in(t, "Europe/Bratislava", "2017-03-27", "2017-03-28").Before(2)
	if w.FromDate != "2017-03-25" || w.ToDate != "2017-03-28" || w.Days() != 4 || w.To.Sub(w.From) != 95*time.Hour {
		t.Errorf("got %+v of %v", w, w.To.Sub(w.From))
	}
	if got := w.Dates(-7); got[0] != "2017-03-18" || len(got) != 4 {
		t.Errorf("dates %v", got)
	}
}

func TestSpansOfParts(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Bratislava")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		t.Helper()
		v, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	tests := []struct{ name, from, to, text string }{
		{"a day is its date", "2017-09-12 00:00", "2017-09-13 00:00", "2017-09-12"},
		{"two days are two dates", "2017-09-12 00:00", "2017-09-14 00:00", "2017-09-12 to 2017-09-13"},
		{"a day that goes on ends at a time", "2017-09-12 00:00", "2017-09-12 15:30", "2017-09-12 00:00 to 15:30"},
		{"the last hour ends at 24", "2017-09-12 23:00", "2017-09-13 00:00", "2017-09-12 23:00 to 24:00"},
		{"an hour", "2017-09-12 14:00", "2017-09-12 15:00", "2017-09-12 14:00 to 15:00"},
		{"over midnight", "2017-09-12 22:00", "2017-09-13 02:00", "2017-09-12 22:00 to 2017-09-13 02:00"},
	}
	for _, tt := range tests {
		if got := Span(at(tt.from), at(tt.to), zone).Text(); got != tt.text {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.text)
		}
	}
}

// Days before a part of a day are whole, and the part stays a part.
func TestAPartKeepsItsEnd(t *testing.T) {
	w := Span(time.Date(2017, 9, 12, 0, 0, 0, 0, time.UTC), time.Date(2017, 9, 12, 15, 0, 0, 0, time.UTC), time.UTC)
	before := w.Before(2)
	if before.FromDate != "2017-09-10" || before.Days() != 3 || !before.To.Equal(w.To) || w.Before(0) != w {
		t.Errorf("before is %+v", before)
	}
	if !before.Whole("2017-09-11") || before.Whole("2017-09-12") {
		t.Error("which days are whole is wrong")
	}
	parts := before.Only([]string{"2017-09-10", "2017-09-12"})
	if len(parts) != 2 || !parts[0].To.Equal(time.Date(2017, 9, 11, 0, 0, 0, 0, time.UTC)) || !parts[1].To.Equal(w.To) {
		t.Errorf("parts are %+v", parts)
	}
}
