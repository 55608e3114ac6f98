package report

import (
	"time"

	"qosreport/internal/query"
)

// Day is the window of the report days from and to, inclusive, in a zone. A day whose
// midnight does not exist begins at the first moment that does.
func Day(from, to time.Time, zone *time.Location) Window {
	return Window{
		FromDate: from.Format(query.DateLayout),
		ToDate:   to.Format(query.DateLayout),
		From:     startOfDay(from, zone).UTC(),
		To:       startOfDay(to.AddDate(0, 0, 1), zone).UTC(),
		Zone:     zone.String(),
		location: zone,
	}
}

// Span is the window from one instant to another, exclusive, whose report days are those
// that it touches in a zone. It need not begin or end with a day.
func Span(from, to time.Time, zone *time.Location) Window {
	return Window{
		FromDate: from.In(zone).Format(query.DateLayout),
		ToDate:   to.Add(-1).In(zone).Format(query.DateLayout),
		From:     from.UTC(),
		To:       to.UTC(),
		Zone:     zone.String(),
		location: zone,
	}
}

// Before is the window with so many whole days before its own. It ends when the window
// does.
func (w Window) Before(days int) Window {
	if days == 0 {
		return w
	}
	before := Day(w.First().AddDate(0, 0, -days), w.Last(), w.location)
	before.To = w.To
	return before
}

// Whole reports whether a report day lies in the window from its first moment to its last.
func (w Window) Whole(day string) bool {
	d := Day(date(day), date(day), w.location)
	return !d.From.Before(w.From) && !d.To.After(w.To)
}

// Days is how many report days the window has.
func (w Window) Days() int { return int(w.Last().Sub(w.First())/(24*time.Hour)) + 1 }

// Dates are the report days, shifted by so many days.
func (w Window) Dates(shift int) []string {
	dates := make([]string, w.Days())
	for i := range dates {
		dates[i] = w.First().AddDate(0, 0, i+shift).Format(query.DateLayout)
	}
	return dates
}

// First is the first report day, at midnight UTC.
func (w Window) First() time.Time { return date(w.FromDate) }

// Last is the last report day.
func (w Window) Last() time.Time { return date(w.ToDate) }

// date reads a date that Day wrote, as a time of day that every calendar has.
func date(text string) time.Time {
	t, _ := time.Parse(query.DateLayout, text)
	return t
}

// oddHours are how many minutes each hour of the local day has, where that is not 60: none
// of those that clocks jump over, 120 of those that they show twice, and something between
// where clocks change by less than an hour.
func (w Window) oddHours(day string) map[int]int {
	if w.location == nil {
		return nil
	}
	start, end := startOfDay(date(day), w.location), startOfDay(date(day).AddDate(0, 0, 1), w.location)
	minutes := make(map[int]int)
	for t := start; t.Before(end); t = t.Add(time.Minute) {
		minutes[t.In(w.location).Hour()]++
	}
	odd := make(map[int]int)
	for hour := range 24 {
		if n := minutes[hour]; n != 60 {
			odd[hour] = n
		}
	}
	return odd
}

// startOfDay is the first instant whose local date is that of day. Clocks that jump over
// midnight make time.Date answer with an instant of the day before or an hour later.
func startOfDay(day time.Time, zone *time.Location) time.Time {
	t := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone)
	if _, before := t.Add(-time.Second).Zone(); t.Day() == day.Day() && t.Hour() == 0 && before == offset(t) {
		return t
	}
	// A change of clocks is near: look for the first second of the date.
	for low, high := t.Add(-26*time.Hour), t.Add(26*time.Hour); ; {
		if high.Sub(low) <= time.Second {
			return high
		}
		middle := low.Add(high.Sub(low) / 2).Truncate(time.Second)
		if middle.In(zone).Format(query.DateLayout) < day.Format(query.DateLayout) {
			low = middle
		} else {
			high = middle
		}
	}
}

func offset(t time.Time) int {
	_, seconds := t.Zone()
	return seconds
}

// Only are the ranges of adjacent days of the window that are named. None of them reaches
// beyond the window.
func (w Window) Only(days []string) []Window {
	var ranges []Window
	for i := 0; i < len(days); {
		last := i
		for last+1 < len(days) && date(days[last+1]).Equal(date(days[last]).AddDate(0, 0, 1)) {
			last++
		}
		found := Day(date(days[i]), date(days[last]), w.location)
		if found.From.Before(w.From) {
			found.From = w.From
		}
		if found.To.After(w.To) {
			found.To = w.To
		}
		ranges = append(ranges, found)
		i = last + 1
	}
	return ranges
}
