package schedule

import "time"

// Wall is a date and time of day as a clock on the wall shows it, without a zone. It need
// not exist in any zone, and may exist twice.
type Wall struct{ t time.Time } // always in UTC, where every time of day exists once

// String is the time like 2026-03-29T02:30, with seconds if they are not 0.
func (w Wall) String() string { return w.t.Format(layout(w.t)) }

// Date is the date like 2026-03-29.
func (w Wall) Date() string { return w.t.Format(time.DateOnly) }

func layout(t time.Time) string {
	if t.Second() != 0 {
		return "2006-01-02T15:04:05"
	}
	return "2006-01-02T15:04"
}

// offset is how far the zone's clocks are ahead of UTC at an instant.
func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// wallOf is what the zone's clocks show at an instant, written as a time in UTC.
func wallOf(t time.Time, zone *time.Location) time.Time {
	return t.UTC().Add(offset(t, zone))
}

// resolve finds the instant of a wall clock time, which is given in UTC. Of a time that
// clocks show twice it is the first; of one that they jump over it is the end of the
// jump. Later times never resolve to earlier instants.
func resolve(wall time.Time, zone *time.Location) time.Time {
	year, month, day := wall.Date()
	hour, minute, second := wall.Clock()
	t := time.Date(year, month, day, hour, minute, second, wall.Nanosecond(), zone)
	start, end := t.ZoneBounds()
	// In a jump time.Date answers with an instant on either side of it.
	switch shown := wallOf(t, zone); {
	case shown.After(wall):
		return start
	case shown.Before(wall):
		return end
	case start.IsZero():
		return t
	}
	back := offset(start.Add(-1), zone) - offset(t, zone)
	if first := t.Add(-back); back > 0 && first.Before(start) {
		return first
	}
	return t
}

// hourStart is the latest instant, not after t, at which the zone's clocks show a full
// hour. Where clocks change by half an hour, forward or back, that hour has 90 minutes.
func hourStart(t time.Time, zone *time.Location) time.Time {
	for {
		shown := wallOf(t, zone)
		full := t.Add(-shown.Sub(shown.Truncate(time.Hour)))
		start, _ := t.In(zone).ZoneBounds()
		if start.IsZero() || !full.Before(start) {
			return full
		}
		t = start.Add(-1)
	}
}
