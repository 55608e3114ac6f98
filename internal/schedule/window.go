package schedule

import (
	"regexp"
	"strconv"
	"time"
)

// Window is the time that a slot reports on. It is empty, From equal to To, where a zone
// dropped the whole of it.
type Window struct {
	From, To            time.Time // UTC; To is exclusive
	FirstDate, LastDate string    // local dates that it begins and ends on, both inclusive, like 2026-03-29
	Zone                string    // where the dates are local
}

// windowRule is how windows follow from slots.
type windowRule struct {
	kind   string
	days   int // of last_n_days
	offset int // periods, 0 or less
	zone   *time.Location
	same   bool // the zone is that of the schedule
}

const (
	previousDay   = "previous_day"
	previousWeek  = "previous_week"
	previousMonth = "previous_month"
	previousHour  = "previous_hour"
	lastDays      = "last_n_days"
	todaySoFar    = "today_so_far"
)

const maxDays = 366 // of last_n_days

var lastDaysForm = regexp.MustCompile(`^last_n_days\( *([0-9]{1,3}) *\)$`)

func parseWindow(m *mistakes, spec Spec, zone *time.Location) windowRule {
	r := windowRule{kind: spec.Window, offset: spec.Offset, zone: zone, same: true}
	if spec.DataZone != "" {
		r.zone = m.zone("data_zone", spec.DataZone)
		r.same = spec.DataZone == spec.Zone
	}
	if r.offset > 0 || r.offset < -maxOffset {
		m.add("offset", strconv.Itoa(r.offset), "write 0 to -%d: how many periods the window lies further back", maxOffset)
	}
	switch spec.Window {
	case "":
		r.kind = previousDay
	case previousDay, previousWeek, previousMonth, previousHour, todaySoFar:
	default:
		r.kind = lastDays
		if match := lastDaysForm.FindStringSubmatch(spec.Window); match != nil {
			r.days, _ = strconv.Atoi(match[1])
		}
		if r.days < 1 || r.days > maxDays {
			m.add("window", spec.Window, "write %s, %s, %s, %s, %s or last_n_days(n) with n from 1 to %d",
				previousDay, previousWeek, previousMonth, previousHour, todaySoFar, maxDays)
		}
	}
	return r
}

// Window is the time that a slot of this schedule reports on. It follows from the slot's
// nominal time alone, so that a run that starts days late reports on its own days.
// Weeks are those of ISO 8601, from Monday.
func (s *Schedule) Window(slot Slot) Window {
	r := s.window
	at := slot.Nominal.t
	if !r.same {
		at = wallOf(slot.Fire, r.zone)
	}
	today := time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
	switch r.kind {
	case previousWeek:
		monday := today.AddDate(0, 0, -(int(today.Weekday())+6)%7)
		return r.dates(monday.AddDate(0, 0, 7*(r.offset-1)), 7)
	case previousMonth:
		first := time.Date(at.Year(), at.Month()+time.Month(r.offset-1), 1, 0, 0, 0, 0, time.UTC)
		return r.dates(first, first.AddDate(0, 1, -1).Day())
	case lastDays:
		return r.dates(today.AddDate(0, 0, r.offset-r.days), r.days)
	case todaySoFar:
		return r.soFar(today.AddDate(0, 0, r.offset), at.AddDate(0, 0, r.offset), slot.Fire)
	case previousHour:
		return r.hour(at, slot.Fire, s.elapsed)
	}
	return r.dates(today.AddDate(0, 0, r.offset-1), 1)
}

// dates is the window of whole local days. They have 23 to 25 hours, or others, so their
// ends are looked up and never added.
func (r *windowRule) dates(first time.Time, days int) Window {
	return Window{
		From:      resolve(first, r.zone).UTC(),
		To:        resolve(first.AddDate(0, 0, days), r.zone).UTC(),
		FirstDate: first.Format(time.DateOnly),
		LastDate:  first.AddDate(0, 0, days-1).Format(time.DateOnly),
		Zone:      r.zone.String(),
	}
}

// soFar is the part of a day until the slot, or until its time of day on an earlier day.
func (r *windowRule) soFar(day, until, fire time.Time) Window {
	w := r.dates(day, 1)
	w.To = fire.UTC()
	if r.offset != 0 {
		w.To = resolve(until, r.zone).UTC()
	}
	return w
}

// hour is the local hour before the slot's. On the calendar hours follow each other by
// their names, and the name that clocks show twice has two hours; on real time each hour
// that passes has its own slot.
func (r *windowRule) hour(at, fire time.Time, elapsed bool) Window {
	var from, to time.Time
	if elapsed {
		to = hourStart(fire, r.zone)
		for range -r.offset {
			to = hourStart(to.Add(-1), r.zone)
		}
		from = hourStart(to.Add(-1), r.zone)
	} else {
		name := at.Truncate(time.Hour).Add(time.Duration(r.offset) * time.Hour)
		from, to = resolve(name.Add(-time.Hour), r.zone), resolve(name, r.zone)
	}
	last := to
	if from.Before(to) {
		last = to.Add(-1)
	}
	return Window{
		From:      from.UTC(),
		To:        to.UTC(),
		FirstDate: from.In(r.zone).Format(time.DateOnly),
		LastDate:  last.In(r.zone).Format(time.DateOnly),
		Zone:      r.zone.String(),
	}
}
