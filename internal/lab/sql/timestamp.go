package sql

import (
	"strconv"
	"strings"
	"time"
)

const secondsPerDay = 86400

// The range of a TIMESTAMP is 1400-01-01 to 9999-12-31, that of a DATE begins
// with the year 1.
const (
	minTimestamp = -17987443200
	maxTimestamp = 253402300799
	minDate      = -719162
	maxDate      = 2932896
)

// floorDiv is a/b rounded down, b > 0.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// floorMod is the rest of floorDiv, 0 <= rest < b.
func floorMod(a, b int64) int64 {
	m := a % b
	if m < 0 {
		m += b
	}
	return m
}

// timestampInRange is NULL where there is no such TIMESTAMP.
func timestampInRange(seconds int64, nanos int32) Value {
	if nanos >= 1e9 {
		seconds, nanos = seconds+1, nanos-1e9
	}
	if seconds < minTimestamp || seconds > maxTimestamp {
		return Value{}
	}
	return TimestampOf(seconds, nanos)
}

func dateInRange(days int64) Value {
	if days < minDate || days > maxDate {
		return Value{}
	}
	return DateOf(days)
}

// utc is the instant whose UTC clock shows the timestamp.
func (v Value) utc() time.Time { return time.Unix(v.n, int64(v.nanos)).UTC() }

// timestampOfClock is what the clock of t shows, in the zone of t.
func timestampOfClock(t time.Time) Value {
	_, offset := t.Zone()
	return timestampInRange(t.Unix()+int64(offset), int32(t.Nanosecond()))
}

// parseDate reads YYYY-MM-DD; month and day may have one digit.
func parseDate(text string) (int64, bool) {
	parts := strings.Split(strings.TrimSpace(text), "-")
	if len(parts) != 3 || len(parts[0]) != 4 {
		return 0, false
	}
	var n [3]int
	for i, part := range parts {
		value, err := strconv.ParseUint(part, 10, 16)
		if err != nil || i > 0 && len(part) > 2 {
			return 0, false
		}
		n[i] = int(value)
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], 0, 0, 0, 0, time.UTC)
	if n[0] < 1 || t.Day() != n[2] || int(t.Month()) != n[1] {
		return 0, false
	}
	return floorDiv(t.Unix(), secondsPerDay), true
}

// parseTimestamp reads a date, a blank or T, and a time of day with up to nine
// digits of fraction. The time may be missing, and a Z after it does not count.
func parseTimestamp(text string) (Value, bool) {
	text = strings.TrimSpace(text)
	date, clock, found := strings.Cut(text, " ")
	if !found {
		date, clock, found = strings.Cut(text, "T")
	}
	days, ok := parseDate(date)
	if !ok {
		return Value{}, false
	}
	seconds, nanos := int64(0), int32(0)
	if found {
		if seconds, nanos, ok = parseClock(strings.TrimSuffix(strings.TrimSpace(clock), "Z")); !ok {
			return Value{}, false
		}
	}
	v := timestampInRange(days*secondsPerDay+seconds, nanos)
	return v, !v.IsNull()
}

// parseClock reads HH:MM:SS with an optional fraction.
func parseClock(text string) (seconds int64, nanos int32, ok bool) {
	whole, fraction, hasFraction := strings.Cut(text, ".")
	parts := strings.Split(whole, ":")
	if len(parts) != 3 {
		return 0, 0, false
	}
	limits := [3]uint64{23, 59, 59}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || len(part) > 2 || n > limits[i] {
			return 0, 0, false
		}
		seconds = seconds*60 + int64(n)
	}
	if !hasFraction {
		return seconds, 0, true
	}
	if len(fraction) == 0 || len(fraction) > 9 {
		return 0, 0, false
	}
	n, err := strconv.ParseUint(fraction+zeros[len(fraction):], 10, 32)
	return seconds, int32(n), err == nil
}

// addMonths keeps the day of the month, or takes the last one of a shorter month.
func addMonths(t time.Time, months int) time.Time {
	year, month, day := t.Date()
	first := time.Date(year, month+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	clock := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute +
		time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
	return first.AddDate(0, 0, min(day, last)-1).Add(clock)
}

// A unit of an INTERVAL is a number of months or of nanoseconds.
type unit struct {
	months int64
	nanos  int64
}

// unitOf reads a unit, singular or plural.
func unitOf(name string) (unit, bool) {
	switch strings.TrimSuffix(strings.ToLower(name), "s") {
	case "year":
		return unit{months: 12}, true
	case "quarter":
		return unit{months: 3}, true
	case "month":
		return unit{months: 1}, true
	case "week":
		return unit{nanos: 7 * secondsPerDay * 1e9}, true
	case "day":
		return unit{nanos: secondsPerDay * 1e9}, true
	case "hour":
		return unit{nanos: 3600e9}, true
	case "minute":
		return unit{nanos: 60e9}, true
	case "second":
		return unit{nanos: 1e9}, true
	case "millisecond":
		return unit{nanos: 1e6}, true
	case "microsecond":
		return unit{nanos: 1e3}, true
	case "nanosecond":
		return unit{nanos: 1}, true
	}
	return unit{}, false
}

// add moves a timestamp or a date by count units. Beyond the range it is NULL.
func (u unit) add(v Value, count int64) Value {
	const most = 4_000_000_000_000_000 // above any count that stays in range, but of nanoseconds
	if u.months > 0 {
		if count > 200_000 || count < -200_000 {
			return Value{}
		}
		return u.addMonths(v, int(count*u.months))
	}
	if v.kind == Date {
		if count > most/secondsPerDay || count < -most/secondsPerDay {
			return Value{}
		}
		return dateInRange(v.n + count*(u.nanos/(secondsPerDay*1e9)))
	}
	if u.nanos >= 1e9 {
		if count > most/(u.nanos/1e9) || count < -most/(u.nanos/1e9) {
			return Value{}
		}
		return timestampInRange(v.n+count*(u.nanos/1e9), v.nanos)
	}
	perSecond := 1e9 / u.nanos
	nanos := int64(v.nanos) + floorMod(count, perSecond)*u.nanos
	return timestampInRange(v.n+floorDiv(count, perSecond)+nanos/1e9, int32(nanos%1e9))
}

func (u unit) addMonths(v Value, months int) Value {
	if v.kind == Date {
		t := addMonths(time.Unix(v.n*secondsPerDay, 0).UTC(), months)
		return dateInRange(floorDiv(t.Unix(), secondsPerDay))
	}
	t := addMonths(v.utc(), months)
	return timestampInRange(t.Unix(), int32(t.Nanosecond()))
}

// intervalArithmetic compiles x + INTERVAL n unit, x - INTERVAL n unit and
// INTERVAL n unit + x. On a DATE the unit must be a day or longer.
func intervalArithmetic(e *expr, args []compiled) (compiled, error) {
	moved, count, interval := args[0], args[1], e.args[1]
	if e.args[0].kind == intervalExpr {
		moved, count, interval = args[1], args[0], e.args[0]
		if e.name == "-" {
			return compiled{}, analysis("Left operand of '-' must not be an interval: %s", e)
		}
	}
	if e.name != "+" && e.name != "-" || e.args[0].kind == e.args[1].kind {
		return compiled{}, analysis("An interval can only be added to or subtracted from a timestamp or date: %s", e)
	}
	return moveTime(e, moved, count, interval.name, e.name == "-")
}

// moveTime compiles moved ± count units. A string moves as a timestamp.
func moveTime(e *expr, moved, count compiled, name string, back bool) (compiled, error) {
	u, ok := unitOf(name)
	if !ok {
		return compiled{}, analysis("Invalid time unit '%s' in timestamp/date arithmetic expression '%s'.", name, e)
	}
	if moved.typ.Kind != Date {
		var err error
		if moved, err = implicit(moved, Type{Kind: Timestamp}, e); err != nil {
			return compiled{}, err
		}
	} else if u.months == 0 && u.nanos < secondsPerDay*1e9 {
		return compiled{}, analysis("Invalid time unit '%s' in timestamp/date arithmetic expression '%s'.", name, e)
	}
	count, err := implicit(count, Type{Kind: BigInt}, e)
	if err != nil {
		return compiled{}, err
	}
	start, steps := moved.eval, count.eval
	return compiled{typ: moved.typ, eval: func(x *execution, row []Value) Value {
		v, n := start(x, row), steps(x, row)
		switch {
		case v.IsNull() || n.IsNull():
			return Value{}
		case back:
			return u.add(v, -n.n)
		}
		return u.add(v, n.n)
	}}, nil
}
