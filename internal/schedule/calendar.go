package schedule

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// calendar takes away slots by their nominal date, on top of the expression. Business
// days are Monday to Friday without the dates to skip.
type calendar struct {
	only    string
	nth     int // of nth_weekday
	weekday time.Weekday
	skip    []string
}

const (
	lastDayOfMonth   = "last_day_of_month"
	firstBusinessDay = "first_business_day"
	lastBusinessDay  = "last_business_day"
	businessDays     = "business_days"
)

var nthForm = regexp.MustCompile(`^nth_weekday\( *([1-5]) *, *([A-Za-z]{3}) *\)$`)

func parseCalendar(m *mistakes, spec Spec) calendar {
	c := calendar{only: spec.Only, skip: spec.SkipDates}
	for _, date := range spec.SkipDates {
		m.date("skip_dates", date)
	}
	var first, last string
	if spec.From != "" {
		first = m.date("from", spec.From)
	}
	if spec.Until != "" {
		last = m.date("until", spec.Until)
	}
	if last != "" && first > last {
		m.add("until", last, "lies before from, %s: write a later date", first)
	}
	if slices.Contains([]string{"", lastDayOfMonth, firstBusinessDay, lastBusinessDay, businessDays}, spec.Only) {
		return c
	}
	if match := nthForm.FindStringSubmatch(spec.Only); match != nil {
		if day := slices.Index(weekdayNames, strings.ToUpper(match[2])); day >= 0 {
			c.nth, _ = strconv.Atoi(match[1])
			c.weekday = time.Weekday(day)
			return c
		}
	}
	m.add("only", spec.Only, "write %s, %s, %s, %s or nth_weekday(n, MON) with n from 1 to 5", lastDayOfMonth, firstBusinessDay, lastBusinessDay, businessDays)
	return c
}

// skips says why a nominal time is taken away, or "".
func (c *calendar) skips(w Wall) string {
	if len(c.skip) > 0 && slices.Contains(c.skip, w.Date()) {
		return "skip_dates has " + w.Date()
	}
	if c.leaves(w.t) {
		return ""
	}
	return fmt.Sprintf("%s is not of only: %s", w.Date(), c.only)
}

func (c *calendar) leaves(t time.Time) bool {
	switch {
	case c.nth > 0:
		return t.Weekday() == c.weekday && (t.Day()+6)/7 == c.nth
	case c.only == lastDayOfMonth:
		return t.AddDate(0, 0, 1).Day() == 1
	case c.only == businessDays:
		return c.business(t)
	case c.only == firstBusinessDay:
		return c.business(t) && !c.businessNear(t, -1)
	case c.only == lastBusinessDay:
		return c.business(t) && !c.businessNear(t, 1)
	}
	return true
}

// everOn reports whether the calendar leaves any date of an expression, whatever dates there
// are to skip. In 28 years without a missing leap day each date falls on each weekday.
func (c *calendar) everOn(expression *cron.SpecSchedule) bool {
	all := calendar{only: c.only, nth: c.nth, weekday: c.weekday}
	end := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	for at := time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC); ; {
		next := nextNominal(expression, at)
		if next.IsZero() || !next.Before(end) {
			return false
		}
		if all.leaves(next) {
			return true
		}
		at = time.Date(next.Year(), next.Month(), next.Day(), 23, 59, 59, 0, time.UTC)
	}
}

func (c *calendar) business(t time.Time) bool {
	return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday &&
		!slices.Contains(c.skip, t.Format(time.DateOnly))
}

// businessNear reports whether the month has a business day before or after a day.
func (c *calendar) businessNear(t time.Time, step int) bool {
	for day := t.AddDate(0, 0, step); day.Month() == t.Month(); day = day.AddDate(0, 0, step) {
		if c.business(day) {
			return true
		}
	}
	return false
}
