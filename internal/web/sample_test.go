package web

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/store"
)

// now is when the pages of the tests are drawn: the day after Berlin's clocks went forward.
var now = time.Date(2026, 3, 30, 7, 12, 3, 0, time.UTC)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loaded, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// berlin is the data window of whole days, the last one included.
func berlin(t testing.TB, first, last string) store.Window {
	t.Helper()
	at := func(date string) time.Time {
		parsed, err := time.ParseInLocation(time.DateOnly, date, zone(t, "Europe/Berlin"))
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	return store.Window{From: at(first), To: at(last).AddDate(0, 0, 1), Zone: "Europe/Berlin"}
}

// hours is a data window of hours of the day before now, in UTC.
func hours(from, to int) store.Window {
	at := func(hour int) time.Time { return time.Date(2026, 3, 30, hour, 0, 0, 0, time.UTC) }
	return store.Window{From: at(from), To: at(to), Zone: "UTC"}
}

// sample has every kind of thing that the page tells.
func sample(t testing.TB) Overview {
	t.Helper()
	daily := Schedule{
		Name: "voice-daily", Report: "voice-daily", When: "30 2 * * *", Zone: "Europe/Berlin", Window: "previous_day",
		Next: []Next{
			{Nominal: "2026-03-31T02:30", Fire: time.Date(2026, 3, 31, 0, 30, 0, 0, time.UTC), Window: berlin(t, "2026-03-30", "2026-03-30")},
			{Nominal: "2026-04-01T02:30", Fire: time.Date(2026, 4, 1, 0, 30, 0, 0, time.UTC), Window: berlin(t, "2026-03-31", "2026-03-31"), Skip: "calendar"},
		},
		Last: []store.Slot{
			{Key: "voice-daily@2026-03-30T02:30", Schedule: "voice-daily", Nominal: "2026-03-30T02:30", Fire: time.Date(2026, 3, 30, 0, 30, 0, 0, time.UTC), Window: berlin(t, "2026-03-29", "2026-03-29"), Outcome: store.Failed, Reason: store.ReasonUnknown + ": delivery 17", Run: "20260330T003003.412Z-k3v9x2qp7d"},
			{Key: "voice-daily@2026-03-29T02:30", Schedule: "voice-daily", Nominal: "2026-03-29T02:30", Fire: time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), Window: berlin(t, "2026-03-28", "2026-03-28"), Outcome: store.Done, Run: "20260330T003002.412Z-k3v9x2qp7d"},
			{Key: "voice-daily@2026-03-28T02:30", Schedule: "voice-daily", Nominal: "2026-03-28T02:30", Fire: time.Date(2026, 3, 28, 1, 30, 0, 0, time.UTC), Window: berlin(t, "2026-03-27", "2026-03-27"), Outcome: store.Skipped, Reason: "rule: nothing is worse than watch"},
		},
	}
	probe := Schedule{Name: "probe", Report: "http-hour", When: "every 15m", Zone: "UTC", Window: "previous_hour"}
	for i := range 3 {
		fire := time.Date(2026, 3, 30, 7, 15*i, 0, 0, time.UTC)
		probe.Next = append(probe.Next, Next{Nominal: fire.Format("2006-01-02T15:04"), Fire: fire.Add(15 * time.Minute), Window: hours(6, 7)})
	}
	running := store.Slot{Key: "probe@2026-03-30T07:00Z", Schedule: "probe", Nominal: "2026-03-30T07:00", Fire: now.Truncate(time.Hour), Window: hours(6, 7), Outcome: store.Running, Run: "20260330T003009.412Z-k3v9x2qp7d"}
	lost := store.Slot{Key: "probe@2026-03-30T06:45Z", Schedule: "probe", Nominal: "2026-03-30T06:45", Fire: now.Truncate(time.Hour).Add(-15 * time.Minute), Window: hours(5, 6), Outcome: store.Abandoned, Reason: "its process ended", Run: "20260330T003008.412Z-k3v9x2qp7d"}
	probe.Last = []store.Slot{running, lost}
	o := Overview{
		Schedules: []Schedule{daily, probe, {Name: "weekly", Report: "voice-weekly", When: "@weekly", Zone: "Africa/Cairo", Window: "previous_week", Suspended: true}},
		Running: []Running{
			{Run: store.Run{ID: running.Run, Kind: store.KindSlot, Schedule: "probe", Window: hours(6, 7), Started: now.Add(-12 * time.Minute)}, Attempt: 2, Phase: "query", Since: now.Add(-70 * time.Second)},
			{Run: store.Run{ID: "20260330T003010.412Z-k3v9x2qp7d", Kind: store.KindAdHoc, Variant: "voice-daily site=Zürich", Window: berlin(t, "2026-03-01", "2026-03-07"), Started: now.Add(-3 * time.Second)}},
		},
		Unknown: []store.Delivery{{
			ID: 17, Variant: "voice-daily", Window: berlin(t, "2026-03-29", "2026-03-29"), Revision: 2, Recipient: "noc@example.com", State: store.Unknown,
			Answer: "421 4.3.2 <mx1> is shutting down", Run: "20260330T003003.412Z-k3v9x2qp7d", Changed: now.Add(-6 * time.Hour),
		}},
	}
	for i := range 4 {
		fire := time.Date(2026, 3, 30, 4, 45-15*i, 0, 0, time.UTC)
		o.Trouble = append(o.Trouble, store.Slot{
			Key: fmt.Sprintf("probe@%sZ", fire.Format("2006-01-02T15:04")), Schedule: "probe", Nominal: fire.Format("2006-01-02T15:04"), Fire: fire,
			Window: hours(2, 3), Outcome: store.Missed, Reason: "down 05:55-06:50",
		})
	}
	return o
}

// options show an overview with everything in order.
func options(t testing.TB, o Overview) Options {
	t.Helper()
	return Options{
		Instance: "prod-1", Program: "1.2.0", Started: now.Add(-51 * time.Hour), Zone: zone(t, "Europe/Berlin"), Now: func() time.Time { return now },
		Overview: func(context.Context) (Overview, error) { return o, nil },
		Healthy:  func() error { return nil },
		Ready:    func(context.Context) []Check { return []Check{{Name: "store"}, {Name: "keytab"}} },
	}
}

// notReady has a check that fails, with what to do.
func notReady(context.Context) []Check {
	err := fault.Advise(errors.New("keytab /etc/qosreport/abc.keytab: permission denied"), "let user 65532 read the file")
	return []Check{{Name: "store"}, {Name: "keytab", Err: err}}
}
