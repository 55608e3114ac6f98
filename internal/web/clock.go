package web

import (
	"cmp"
	"time"

	"qosreport/internal/store"
)

// clock tells times as they look from one now.
type clock struct {
	now   time.Time
	zone  *time.Location            // of what has no zone of its own
	zones map[string]*time.Location // by IANA name, as far as they were asked for
}

// moment is an instant as it is shown.
type moment struct {
	Machine  string // for the attribute datetime: RFC 3339, UTC
	Shown    string // ISO 8601 with the offset; "" is no time
	Distance string // from now
}

func (c clock) moment(t time.Time, zone *time.Location) moment {
	if t.IsZero() {
		return moment{}
	}
	return moment{t.UTC().Format(time.RFC3339), stamp(t.In(zone)), distance(c.now, t)}
}

// stamp leaves seconds out when there are none, as in the times of most schedules.
func stamp(t time.Time) string {
	if t.Second() == 0 {
		return t.Format("2006-01-02 15:04-07:00")
	}
	return t.Format("2006-01-02 15:04:05-07:00")
}

// in is the zone of a name; what is no zone here counts as UTC.
func (c clock) in(name string) *time.Location {
	if zone, ok := c.zones[name]; ok {
		return zone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		zone = time.UTC
	}
	c.zones[name] = zone
	return zone
}

// window is a data window in its own zone, which is named unless it is the given one.
func (c clock) window(w store.Window, beside string) string {
	if !w.From.Before(w.To) {
		return ""
	}
	zone := c.in(w.Zone)
	shown := span(w.From.In(zone), w.To.In(zone))
	if w.Zone == beside {
		return shown
	}
	return shown + ", " + text(cmp.Or(w.Zone, "UTC"))
}

// span is the time from an instant until another. Of whole days it has the dates, the last
// one included.
func span(from, until time.Time) string {
	const clock = "15:04-07:00"
	first, last := from.Format(time.DateOnly), until.Add(-time.Nanosecond).Format(time.DateOnly)
	_, offset := from.Zone()
	_, later := until.Zone()
	switch {
	case beginsDay(from) && beginsDay(until) && first == last:
		return first
	case beginsDay(from) && beginsDay(until):
		return first + " to " + last
	case until.Format(time.DateOnly) == first && offset == later:
		return first + " " + from.Format("15:04") + " until " + until.Format(clock)
	}
	return first + " " + from.Format(clock) + " until " + until.Format(time.DateOnly+" "+clock)
}

// beginsDay reports whether an instant is the first of a local date. That need not be
// midnight, which some changes of clocks leave out.
func beginsDay(t time.Time) bool {
	return t.Format(time.DateOnly) != t.Add(-time.Nanosecond).Format(time.DateOnly)
}
