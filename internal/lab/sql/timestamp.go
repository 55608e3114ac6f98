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
