package schedule

import (
	"testing"
	"time"
)

const utcLayout = "2006-01-02T15:04Z"

func TestWindows(t *testing.T) {
	const berlin = "Europe/Berlin"
	tests := []struct {
		name, expression string
		spec             Spec // of the window
		start            string
		want             string // From to To, FirstDate to LastDate
	}{
		{"the day before, of 23 hours", "0 6 * * *", Spec{Zone: berlin}, "2026-03-29T22:00Z",
			"2026-03-28T23:00Z to 2026-03-29T22:00Z, 2026-03-29 to 2026-03-29"},
		{"the day before, of 25 hours", "0 6 * * *", Spec{Zone: berlin, Window: "previous_day"}, "2026-10-25T23:00Z",
			"2026-10-24T22:00Z to 2026-10-25T23:00Z, 2026-10-25 to 2026-10-25"},
		{"two days before", "0 6 * * *", Spec{Zone: berlin, Offset: -1}, "2026-10-25T23:00Z",
			"2026-10-23T22:00Z to 2026-10-24T22:00Z, 2026-10-24 to 2026-10-24"},
		{"a slot in a gap", "30 2 * * *", Spec{Zone: berlin}, "2026-03-29T00:00Z",
			"2026-03-27T23:00Z to 2026-03-28T23:00Z, 2026-03-28 to 2026-03-28"},
		{"a day without its midnight", "0 0 * * *", Spec{Zone: "America/Havana"}, "2026-03-09T03:59Z",
			"2026-03-08T05:00Z to 2026-03-09T04:00Z, 2026-03-08 to 2026-03-08"},
		{"a midnight that is shown twice", "0 6 * * *", Spec{Zone: "America/Havana"}, "2026-11-02T05:00Z",
			"2026-11-01T04:00Z to 2026-11-02T05:00Z, 2026-11-01 to 2026-11-01"},
		{"a slot on a date that was dropped", "0 6 * * *", Spec{Zone: "Pacific/Apia"}, "2011-12-30T09:59Z",
			"2011-12-29T10:00Z to 2011-12-30T10:00Z, 2011-12-29 to 2011-12-29"},
		{"a date that was dropped", "0 6 * * *", Spec{Zone: "Pacific/Apia"}, "2011-12-30T10:00Z",
			"2011-12-30T10:00Z to 2011-12-30T10:00Z, 2011-12-30 to 2011-12-30"},
		{"the days of another zone", "0 5 * * *", Spec{Zone: berlin, DataZone: "America/New_York"}, "2026-06-10T00:00Z",
			"2026-06-08T04:00Z to 2026-06-09T04:00Z, 2026-06-08 to 2026-06-08"},
		{"the days of another zone that is ahead", "0 20 * * *", Spec{Zone: berlin, DataZone: "Asia/Tokyo"}, "2026-06-10T00:00Z",
			"2026-06-09T15:00Z to 2026-06-10T15:00Z, 2026-06-10 to 2026-06-10"},
		{"the week before on a Monday", "0 6 * * MON", Spec{Zone: berlin, Window: "previous_week"}, "2026-11-01T00:00Z",
			"2026-10-25T23:00Z to 2026-11-01T23:00Z, 2026-10-26 to 2026-11-01"},
		{"the week before on a Sunday", "0 6 * * SUN", Spec{Zone: berlin, Window: "previous_week"}, "2026-10-31T00:00Z",
			"2026-10-18T22:00Z to 2026-10-25T23:00Z, 2026-10-19 to 2026-10-25"},
		{"the week of the ISO year before", "0 6 1 1 *", Spec{Zone: "UTC", Window: "previous_week", Offset: -1}, "2026-12-31T00:00Z",
			"2026-12-14T00:00Z to 2026-12-21T00:00Z, 2026-12-14 to 2026-12-20"},
		{"the month before", "0 6 1 * *", Spec{Zone: berlin, Window: "previous_month"}, "2026-03-31T12:00Z",
			"2026-02-28T23:00Z to 2026-03-31T22:00Z, 2026-03-01 to 2026-03-31"},
		{"February from the last of March", "0 6 31 3 *", Spec{Zone: "UTC", Window: "previous_month"}, "2028-03-01T00:00Z",
			"2028-02-01T00:00Z to 2028-03-01T00:00Z, 2028-02-01 to 2028-02-29"},
		{"a month of the year before", "0 6 5 1 *", Spec{Zone: "UTC", Window: "previous_month", Offset: -1}, "2026-01-01T00:00Z",
			"2025-11-01T00:00Z to 2025-12-01T00:00Z, 2025-11-01 to 2025-11-30"},
		{"seven days", "0 6 * * *", Spec{Zone: berlin, Window: "last_n_days(7)"}, "2026-03-30T00:00Z",
			"2026-03-22T23:00Z to 2026-03-29T22:00Z, 2026-03-23 to 2026-03-29"},
		{"seven days, a day earlier", "0 6 * * *", Spec{Zone: berlin, Window: "last_n_days( 7 )", Offset: -1}, "2026-03-30T00:00Z",
			"2026-03-21T23:00Z to 2026-03-28T23:00Z, 2026-03-22 to 2026-03-28"},
		{"today so far", "0 14 * * *", Spec{Zone: berlin, Window: "today_so_far"}, "2026-03-29T00:00Z",
			"2026-03-28T23:00Z to 2026-03-29T12:00Z, 2026-03-29 to 2026-03-29"},
		{"today at midnight is empty", "0 0 * * *", Spec{Zone: "UTC", Window: "today_so_far"}, "2026-03-28T12:00Z",
			"2026-03-29T00:00Z to 2026-03-29T00:00Z, 2026-03-29 to 2026-03-29"},
		{"yesterday until the same time of day", "0 14 * * *", Spec{Zone: berlin, Window: "today_so_far", Offset: -1}, "2026-03-30T00:00Z",
			"2026-03-28T23:00Z to 2026-03-29T12:00Z, 2026-03-29 to 2026-03-29"},
		{"the hour before", "5 * * * *", Spec{Zone: berlin, Window: "previous_hour"}, "2026-06-10T00:00Z",
			"2026-06-09T23:00Z to 2026-06-10T00:00Z, 2026-06-10 to 2026-06-10"},
		{"the hour before midnight", "0 * * * *", Spec{Zone: berlin, Window: "previous_hour"}, "2026-06-09T21:59Z",
			"2026-06-09T21:00Z to 2026-06-09T22:00Z, 2026-06-09 to 2026-06-09"},
		{"the hour that is shown twice, once", "5 * * * *", Spec{Zone: berlin, Window: "previous_hour"}, "2026-10-25T01:00Z",
			"2026-10-25T00:00Z to 2026-10-25T01:00Z, 2026-10-25 to 2026-10-25"},
		{"and once more", "5 * * * *", Spec{Zone: berlin, Window: "previous_hour"}, "2026-10-25T02:00Z",
			"2026-10-25T01:00Z to 2026-10-25T02:00Z, 2026-10-25 to 2026-10-25"},
		{"two hours before", "5 * * * *", Spec{Zone: berlin, Window: "previous_hour", Offset: -1}, "2026-10-25T02:00Z",
			"2026-10-25T00:00Z to 2026-10-25T01:00Z, 2026-10-25 to 2026-10-25"},
		{"on the calendar an hour's name has both its hours", "5 1-4 * * *", Spec{Zone: berlin, Window: "previous_hour"}, "2026-10-25T02:00Z",
			"2026-10-25T00:00Z to 2026-10-25T02:00Z, 2026-10-25 to 2026-10-25"},
		{"the hour before a gap", "5 1-4 * * *", Spec{Zone: berlin, Window: "previous_hour"}, "2026-03-29T00:30Z",
			"2026-03-29T00:00Z to 2026-03-29T01:00Z, 2026-03-29 to 2026-03-29"},
		{"the hour before a gap, on real time", "5 * * * *", Spec{Zone: berlin, Window: "previous_hour"}, "2026-03-29T01:00Z",
			"2026-03-29T00:00Z to 2026-03-29T01:00Z, 2026-03-29 to 2026-03-29"},
		{"an hour of 90 minutes", "5 * * * *", Spec{Zone: "Australia/Lord_Howe", Window: "previous_hour"}, "2026-04-04T15:30Z",
			"2026-04-04T14:00Z to 2026-04-04T15:30Z, 2026-04-05 to 2026-04-05"},
		{"an hour of 90 minutes around a gap", "5 * * * *", Spec{Zone: "Australia/Lord_Howe", Window: "previous_hour"}, "2026-10-03T16:00Z",
			"2026-10-03T14:30Z to 2026-10-03T16:00Z, 2026-10-04 to 2026-10-04"},
		{"the hours of another zone", "20 * * * *", Spec{Zone: berlin, DataZone: "Asia/Kathmandu", Window: "previous_hour"}, "2026-06-10T00:00Z",
			"2026-06-09T23:15Z to 2026-06-10T00:15Z, 2026-06-10 to 2026-06-10"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.spec.Expression = tt.expression
			s := parseSpec(t, tt.spec)
			start, err := time.Parse(utcLayout, tt.start)
			if err != nil {
				t.Fatal(err)
			}
			w := s.Window(s.Next(start))
			got := w.From.Format(utcLayout) + " to " + w.To.Format(utcLayout) + ", " + w.FirstDate + " to " + w.LastDate
			if got != tt.want || w.From.Location() != time.UTC || w.To.Location() != time.UTC {
				t.Errorf("slot %+v\ngot  %s\nwant %s", s.Next(start), got, tt.want)
			}
			if zone := tt.spec.DataZone; zone == "" && w.Zone != tt.spec.Zone || zone != "" && w.Zone != zone {
				t.Errorf("zone %s", w.Zone)
			}
		})
	}
}

// Every moment belongs to one window: each begins where the one before ends.
func TestWindowsFollowEachOther(t *testing.T) {
	tests := []struct{ name, expression, window, zone string }{
		{"days", "0 6 * * *", "previous_day", "Pacific/Apia"},
		{"days of Lord Howe", "15 2 * * *", "previous_day", "Australia/Lord_Howe"},
		{"days that begin twice", "0 0 * * *", "previous_day", "America/St_Johns"},
		{"weeks", "0 6 * * 3", "previous_week", "Africa/Cairo"},
		{"months", "0 6 30 1,3-12 *", "previous_month", "Europe/Berlin"},
		{"hours on real time", "5 * * * *", "previous_hour", "Australia/Lord_Howe"},
		{"hours of Berlin", "0 * * * *", "previous_hour", "Europe/Berlin"},
		{"hours over a date that was dropped", "59 * * * *", "previous_hour", "Pacific/Apia"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := parseSpec(t, Spec{Expression: tt.expression, Zone: tt.zone, Window: tt.window})
			slots, _ := s.Between(at(t, "2011-01-01T00:00:00Z"), at(t, "2012-03-01T00:00:00Z"), 20_000)
			before := s.Window(slots[0])
			for _, slot := range slots[1:] {
				w := s.Window(slot)
				if tt.name == "months" && slot.Nominal.t.Month() == time.March {
					before.To = w.From // February has no 30th
				}
				if !w.From.Equal(before.To) || w.To.Before(w.From) {
					t.Fatalf("%s reports on %v, after %v", slot.Key, w, before)
				}
				before = w
			}
		})
	}
}
