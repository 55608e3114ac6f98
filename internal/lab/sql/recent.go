package sql

import (
	"math"
	"sync/atomic"
	"time"
)

// Rows come more or less in the order of time, so that what was found for one row mostly
// holds for the next. What is remembered here is shared by all runs of a statement.

// An offsetter knows how far a zone is ahead of UTC.
type offsetter struct {
	zone *time.Location
	last atomic.Pointer[zoneSpan]
}

// A zoneSpan is a time between two changes of clocks.
type zoneSpan struct{ start, end, east int64 }

// east is the offset at an instant, in seconds.
func (o *offsetter) east(seconds int64) int64 {
	if s := o.last.Load(); s != nil && seconds >= s.start && seconds < s.end {
		return s.east
	}
	t := time.Unix(seconds, 0).In(o.zone)
	_, east := t.Zone()
	s := &zoneSpan{math.MinInt64, math.MaxInt64, int64(east)}
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		s.start = start.Unix()
	}
	if !end.IsZero() {
		s.end = end.Unix()
	}
	o.last.Store(s)
	return s.east
}

// A dater writes dates.
type dater struct{ last atomic.Pointer[dayText] }

type dayText struct {
	day  int64
	text Value
}

// text is the date of a day since 1970-01-01 as a STRING.
func (d *dater) text(day int64) Value {
	if last := d.last.Load(); last != nil && last.day == day {
		return last.text
	}
	made := &dayText{day, StringOf(string(appendDate(nil, day)))}
	d.last.Store(made)
	return made.text
}
