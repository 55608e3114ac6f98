package schedule

import (
	"time"

	"github.com/robfig/cron/v3"
)

// searchYears is how far an occurrence may lie ahead: 29 February is away for eight years
// when a century has no leap day.
const searchYears = 8

// Next is the first slot that fires later than after. It is the zero Slot when Until ends
// the schedule before. A slot that the calendar takes away is given too, with Skip.
func (s *Schedule) Next(after time.Time) Slot {
	slot, _ := s.walkFrom(after).next()
	return slot
}

// Between lists the slots that fire after from and not after to, oldest first, and at most
// limit of them ([MaxSlots] if limit is 0 or less). It reports whether there are more.
func (s *Schedule) Between(from, to time.Time, limit int) (slots []Slot, truncated bool) {
	if limit <= 0 {
		limit = MaxSlots
	}
	for w := s.walkFrom(from); ; {
		slot, ok := w.next()
		if !ok || slot.Fire.After(to) {
			return slots, false
		}
		if len(slots) == limit {
			return slots, true
		}
		slots = append(slots, slot)
	}
}

// Last is the newest slot that fires at or before an instant, or the zero Slot when there
// is none in the eight years before.
func (s *Schedule) Last(at time.Time) Slot {
	for back := time.Hour; ; back *= 4 {
		last, found := Slot{}, false
		for w := s.walkFrom(at.Add(-back)); ; found = true {
			slot, ok := w.next()
			if !ok || slot.Fire.After(at) {
				break
			}
			last = slot
		}
		if found || back > searchYears*366*24*time.Hour {
			return last
		}
	}
}

// walk goes from slot to slot.
type walk struct {
	s       *Schedule
	nominal time.Time // wall clock that the calendar has been walked to
	last    time.Time // instant that slots have been found to
}

// walkFrom begins after an instant, and not before the schedule's first date.
func (s *Schedule) walkFrom(after time.Time) *walk {
	w := &walk{s: s, nominal: wallOf(after, s.zone), last: after}
	if first, err := time.Parse(time.DateOnly, s.spec.From); err == nil && w.nominal.Before(first) {
		w.nominal = first.Add(-time.Second)
		w.last = resolve(first, s.zone).Add(-1)
	}
	return w
}

// next is the next slot, and false when there is none.
func (w *walk) next() (Slot, bool) {
	var fire time.Time
	switch {
	case w.s.cron == nil:
		fire = w.nextMultiple()
	case w.s.elapsed:
		fire = w.nextElapsed()
	default:
		fire = w.nextFixed()
	}
	if fire.IsZero() {
		return Slot{}, false
	}
	w.last = fire
	slot := Slot{Nominal: Wall{w.nominal}, Fire: fire.In(w.s.zone)}
	if w.s.elapsed {
		slot.Nominal = Wall{wallOf(fire, w.s.zone)}
		slot.Key = w.s.spec.ID + "@" + fire.UTC().Format(layout(fire)+"Z07:00")
	} else {
		slot.Key = w.s.spec.ID + "@" + slot.Nominal.String()
	}
	if until := w.s.spec.Until; until != "" && slot.Nominal.Date() > until {
		return Slot{}, false
	}
	slot.Skip = w.s.calendar.skips(slot.Nominal)
	return slot, true
}

// nextFixed walks the plain calendar, on which each time of day exists once. Nominal times
// that resolve to an instant already given belong to the slot there.
func (w *walk) nextFixed() time.Time {
	for {
		w.nominal = nextNominal(w.s.cron, w.nominal)
		if w.nominal.IsZero() {
			return time.Time{}
		}
		if fire := resolve(w.nominal, w.s.zone); fire.After(w.last) {
			return fire
		}
	}
}

// nextElapsed walks real time. Between two changes of its clocks a zone is a plain
// calendar; the library's own walk through a zone loses days whose midnight is missing.
func (w *walk) nextElapsed() time.Time {
	zone := w.s.zone
	at, edge := w.last, wallOf(w.last, zone)
	for {
		nominal := nextNominal(w.s.cron, edge)
		if nominal.IsZero() {
			return time.Time{}
		}
		fire := nominal.Add(-offset(at, zone))
		_, end := at.In(zone).ZoneBounds()
		if end.IsZero() || fire.Before(end) {
			return fire
		}
		at, edge = end, wallOf(end, zone).Add(-time.Second)
	}
}

// nextMultiple counts intervals from a fixed day, so that the phase depends on no start.
func (w *walk) nextMultiple() time.Time {
	step := int64(w.s.spec.Interval / time.Second)
	passed := w.last.Unix() - w.s.epoch
	whole := passed / step
	if passed%step < 0 {
		whole--
	}
	return time.Unix(w.s.epoch+(whole+1)*step, 0)
}

// nextNominal is the first time of the plain calendar after another, or the zero time. The
// library gives up after five years, which is once too early for a leap day.
func nextNominal(c *cron.SpecSchedule, after time.Time) time.Time {
	next := c.Next(after)
	if next.IsZero() {
		next = c.Next(after.AddDate(searchYears-4, 0, 0))
	}
	return next
}
