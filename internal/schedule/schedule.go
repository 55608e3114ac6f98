// Package schedule says when a report is due and which time it then reports on.
//
// A [Schedule] turns a cron expression, or an interval, and a zone into slots. A [Slot]
// is one due occurrence: its nominal time is what the expression names on the wall
// clock, its fire instant is when that comes to pass once daylight saving time is
// resolved, and its key never changes, so that nothing runs twice.
//
// A daily time has exactly one slot on each calendar day, also on the days when clocks
// change; hours that pass twice are two slots of an hourly schedule.
//
// The package reads no clock: the same values in give the same slots out.
package schedule

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"time"

	"github.com/robfig/cron/v3"
)

// MaxSlots is how many slots [Schedule.Between] lists when no other limit is given.
const MaxSlots = 10_000

// maxOffset bounds how many periods a window lies further back.
const maxOffset = 1000

// Spec is a schedule as its owner writes it. ID, Zone and one of Expression and Interval
// are required.
type Spec struct {
	ID           string        // begins the keys of slots; letters, digits, dot, dash and underscore
	Expression   string        // five cron fields, six with leading seconds, or @hourly, @daily, @weekly, @monthly, @yearly
	Interval     time.Duration // in place of Expression: whole seconds, 1m or more, counted from 2000-01-01 00:00 of the zone
	Zone         string        // IANA name of the zone that the fields are read in
	AllowSeconds bool          // more than one slot a minute
	From, Until  string        // first and last nominal date, like 2026-03-29; "" is no bound
	Only         string        // days that the calendar leaves, like business_days; "" leaves all
	SkipDates    []string      // dates that the calendar takes away, like 2026-12-25; no business days either
	Window       string        // what a slot reports on, like last_n_days(7); "" means previous_day
	Offset       int           // periods that the window lies further back: 0 or less
	DataZone     string        // IANA name of the zone of the window's days; "" means Zone
}

// Schedule is a [Spec] that was found to be in order. It does not change and may be used
// by several goroutines.
type Schedule struct {
	spec     Spec
	cron     *cron.SpecSchedule // nil with an interval
	elapsed  bool               // walks on real time, not on the calendar
	zone     *time.Location
	epoch    int64 // Unix seconds from which intervals are counted
	calendar calendar
	window   windowRule
	warnings []string
}

// Slot is one due occurrence of a schedule. The zero Slot stands for none.
type Slot struct {
	Key     string    // ID@2026-03-29T02:30, or ID@2026-03-29T00:30Z of a schedule on real time
	Nominal Wall      // what the expression names; it need not exist in the zone
	Fire    time.Time // when it is due, in the schedule's zone
	Skip    string    // why the calendar takes it away (Only, SkipDates); "" when it is to run
}

// maxID leaves the names of files room for window and ending: file systems take 255 bytes.
const maxID = 100

var idForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Parse checks a schedule. The error joins a [*Mistake] for everything that is wrong, which
// [Mistakes] takes apart, and its area is that of usage.
func Parse(spec Spec) (*Schedule, error) {
	s := &Schedule{spec: spec}
	m := &mistakes{}
	switch {
	case !idForm.MatchString(spec.ID):
		m.add("id", spec.ID, "write letters, digits, dot, dash and underscore")
	case len(spec.ID) > maxID:
		m.add("id", spec.ID, "has %d letters and names files: write %d at most", len(spec.ID), maxID)
	}
	s.zone = m.zone("zone", spec.Zone)
	s.parseTimes(m)
	s.calendar = parseCalendar(m, spec)
	if len(m.list) == 0 && s.cron != nil && !s.calendar.everOn(s.cron) {
		m.add("only", spec.Only, "takes every day of cron %q away: put * in its days, or write another", spec.Expression)
	}
	s.window = parseWindow(m, spec, s.zone)
	if err := m.err(spec.ID); err != nil {
		return nil, err
	}
	s.epoch = resolve(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), s.zone).Unix()
	return s, nil
}

// parseTimes reads the expression, or the interval in its place.
func (s *Schedule) parseTimes(m *mistakes) {
	switch interval := s.spec.Interval; {
	case interval == 0:
		s.cron, s.warnings = parseExpression(m, s.spec.Expression, s.spec.AllowSeconds)
		s.elapsed = s.cron != nil && s.cron.Hour&everyHour == everyHour
	case s.spec.Expression != "":
		m.add("interval", interval.String(), "and cron exclude each other: write one of them")
	case interval < time.Minute || interval%time.Second != 0:
		m.add("interval", interval.String(), "write whole seconds, 1m or more")
	default:
		s.elapsed = true
	}
}

// ID is the schedule's name.
func (s *Schedule) ID() string { return s.spec.ID }

// Zone is the zone of the nominal times.
func (s *Schedule) Zone() *time.Location { return s.zone }

// Elapsed reports whether the schedule walks on real time: the hour field covers the whole
// day, or there is an interval. Otherwise it walks on the calendar.
func (s *Schedule) Elapsed() bool { return s.elapsed }

// Warnings are whole sentences on what is allowed and seldom meant.
func (s *Schedule) Warnings() []string { return s.warnings }

// Hash changes when expression, interval or zone do, that is when slots already considered
// say nothing about the slots to come. It is 16 hexadecimal digits.
func (s *Schedule) Hash() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %s %q", s.spec.Expression, s.spec.Interval, s.spec.Zone))
	return hex.EncodeToString(sum[:8])
}
