package sql

import (
	"strings"
	"time"
)

// calendarFunction are the functions on a TIMESTAMP that have a form for a DATE too, and
// then give a DATE where they give a moment.
func calendarFunction(name string) []overload {
	switch name {
	case "last_day":
		return []overload{
			{params: "t", result: Timestamp, one: func(_ *execution, v Value) Value { return timestampInRange(lastDay(v)*secondsPerDay, 0) }},
			{params: "D", result: Date, one: func(_ *execution, v Value) Value { return dateInRange(lastDay(v)) }},
		}
	case "next_day":
		return []overload{{params: "ts", result: Timestamp, two: nextDay}, {params: "Ds", result: Date, two: nextDay}}
	case "dayname":
		return namesOfDate(func(t time.Time) string { return t.Weekday().String() })
	case "monthname":
		return namesOfDate(func(t time.Time) string { return t.Month().String() })
	case "months_between":
		return []overload{
			{params: "tt", result: Double, two: func(_ *execution, a, b Value) Value { return DoubleOf(monthsBetween(a, b)) }},
			{params: "DD", result: Double, two: func(_ *execution, a, b Value) Value { return DoubleOf(monthsBetween(a, b)) }},
		}
	case "int_months_between":
		return []overload{
			{params: "tt", result: Int, two: func(_ *execution, a, b Value) Value { return IntOf(int64(monthsBetween(a, b))) }},
			{params: "DD", result: Int, two: func(_ *execution, a, b Value) Value { return IntOf(int64(monthsBetween(a, b))) }},
		}
	case "datediff":
		return []overload{
			{params: "tt", result: Int, two: func(_ *execution, a, b Value) Value { return IntOf(dayOf(a) - dayOf(b)) }},
			{params: "DD", result: Int, two: func(_ *execution, a, b Value) Value { return IntOf(dayOf(a) - dayOf(b)) }},
		}
	}
	return nil
}

// dayOf is the day of a TIMESTAMP or a DATE, since 1970-01-01.
func dayOf(v Value) int64 {
	if v.kind == Date {
		return v.n
	}
	return floorDiv(v.n, secondsPerDay)
}

// dateOf is the date of a TIMESTAMP or a DATE.
func dateOf(v Value) time.Time { return time.Unix(dayOf(v)*secondsPerDay, 0).UTC() }

func lastDay(v Value) int64 {
	t := dateOf(v)
	return floorDiv(time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Unix(), secondsPerDay)
}

// nextDay is the first such day of the week after v, at the same time of day.
func nextDay(x *execution, v, name Value) Value {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if full := day.String(); !strings.EqualFold(name.s, full) && !strings.EqualFold(name.s, full[:3]) {
			continue
		}
		ahead := (int64(day-dateOf(v).Weekday())+6)%7 + 1
		if v.kind == Date {
			return dateInRange(v.n + ahead)
		}
		return timestampInRange(v.n+ahead*secondsPerDay, v.nanos)
	}
	return x.fail(failure("UDF ERROR: Invalid Day: %s", name.s))
}

func namesOfDate(name func(time.Time) string) []overload {
	call := func(_ *execution, v Value) Value { return StringOf(name(dateOf(v))) }
	return []overload{{params: "t", result: String, one: call}, {params: "D", result: String, one: call}}
}

// monthsBetween counts a day as 1/31 of a month, and the last days of two months as whole
// months apart.
func monthsBetween(a, b Value) float64 {
	x, y := dateOf(a), dateOf(b)
	months := float64(12*(x.Year()-y.Year()) + int(x.Month()) - int(y.Month()))
	if dayOf(a) == lastDay(a) && dayOf(b) == lastDay(b) {
		return months
	}
	return months + float64(x.Day()-y.Day())/31
}
