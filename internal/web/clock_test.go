package web

import (
	"testing"
	"time"

	"qosreport/internal/store"
)

func clockIn(zone *time.Location) clock { return clock{now, zone, make(map[string]*time.Location)} }

func TestWindow(t *testing.T) {
	tests := []struct {
		name, from, to, zone, beside string
		want                         string
	}{
		{"a day of 23 hours", "2026-03-28T23:00Z", "2026-03-29T22:00Z", "Europe/Berlin", "Europe/Berlin", "2026-03-29"},
		{"beside another zone", "2026-03-28T23:00Z", "2026-03-29T22:00Z", "Europe/Berlin", "UTC", "2026-03-29, Europe/Berlin"},
		{"a week", "2026-03-22T23:00Z", "2026-03-29T22:00Z", "Europe/Berlin", "Europe/Berlin", "2026-03-23 to 2026-03-29"},
		{"a day that begins at one o'clock", "2026-04-23T22:00Z", "2026-04-24T21:00Z", "Africa/Cairo", "Africa/Cairo", "2026-04-24"},
		{"an hour", "2026-03-29T10:00Z", "2026-03-29T11:00Z", "Europe/Berlin", "Europe/Berlin", "2026-03-29 12:00 until 13:00+02:00"},
		{"an hour in which the clocks change", "2026-03-29T00:00Z", "2026-03-29T02:00Z", "Europe/Berlin", "Europe/Berlin", "2026-03-29 01:00+01:00 until 2026-03-29 04:00+02:00"},
		{"the last hour of a day", "2026-03-30T23:00Z", "2026-03-31T00:00Z", "UTC", "UTC", "2026-03-30 23:00+00:00 until 2026-03-31 00:00+00:00"},
		{"a day of another zone", "2026-03-30T00:00Z", "2026-03-31T00:00Z", "Europe/Berlin", "Europe/Berlin", "2026-03-30 02:00+02:00 until 2026-03-31 02:00+02:00"},
		{"a zone that is not known counts as UTC", "2026-03-30T00:00Z", "2026-03-31T00:00Z", "../Mars", "UTC", "2026-03-30, ../Mars"},
		{"no zone", "2026-03-30T00:00Z", "2026-03-31T00:00Z", "", "Europe/Berlin", "2026-03-30, UTC"},
		{"a date that a zone dropped", "2011-12-30T10:00Z", "2011-12-30T10:00Z", "Pacific/Apia", "Pacific/Apia", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var w store.Window
			for text, into := range map[string]*time.Time{tt.from: &w.From, tt.to: &w.To} {
				parsed, err := time.Parse("2006-01-02T15:04Z", text)
				if err != nil {
					t.Fatal(err)
				}
				*into = parsed
			}
			if tt.from == tt.to {
				w.From = w.To
			}
			w.Zone = tt.zone
			if got := clockIn(time.UTC).window(w, tt.beside); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if got := clockIn(time.UTC).window(store.Window{}, ""); got != "" {
		t.Errorf("no window is told as %q", got)
	}
}

func TestMoment(t *testing.T) {
	tests := []struct {
		name string
		at   time.Time
		zone string
		want moment
	}{
		{"in summer", time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), "Europe/Berlin", moment{"2026-03-29T01:00:00Z", "2026-03-29 03:00+02:00", "1 d 6 h ago"}},
		{"in winter, with seconds", time.Date(2026, 3, 29, 0, 59, 59, 0, time.UTC), "Europe/Berlin", moment{"2026-03-29T00:59:59Z", "2026-03-29 01:59:59+01:00", "1 d 6 h ago"}},
		{"with half an hour", now.Add(3*time.Hour + 10*time.Minute), "Asia/Kathmandu", moment{"2026-03-30T10:22:03Z", "2026-03-30 16:07:03+05:45", "in 3 h 10 min"}},
		{"in UTC", now, "UTC", moment{"2026-03-30T07:12:03Z", "2026-03-30 07:12:03+00:00", "now"}},
		{"never", time.Time{}, "UTC", moment{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := clockIn(time.UTC).moment(tt.at, zone(t, tt.zone)); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
