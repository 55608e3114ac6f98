package queryoption

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// relative is the form of a size in per cent of a limit that only the server knows.
const relative = "%"

// normal is the one form of all values that say the same: what Impala prints in its reply
// to OpenSession.
func (o option) normal(value string) (string, bool) {
	value = strings.TrimSpace(value)
	switch o.kind {
	case boolean:
		form, ok := map[string]string{"true": "1", "1": "1", "false": "0", "0": "0"}[strings.ToLower(value)]
		return form, ok
	case integer, span:
		n, err := strconv.ParseInt(value, 10, 64)
		return strconv.FormatInt(n, 10), err == nil && n >= o.low && (o.high == 0 || n <= o.high)
	case size:
		return normalSize(value)
	case enum:
		if number, ok := o.words[strings.ToUpper(value)]; ok {
			return number, true
		}
		return value, slices.Contains(slices.Collect(maps.Values(o.words)), value)
	case zone:
		_, err := time.LoadLocation(value)
		return value, err == nil && value != "Local"
	}
	return value, true
}

var sizeForm = regexp.MustCompile(`^(\d{1,15}(?:\.\d{1,9})?)(?:([kmgt]?)b?|(%))$`)

// normalSize reads a size as Impala's ParseUtil::ParseMemSpec does.
func normalSize(value string) (string, bool) {
	parts := sizeForm.FindStringSubmatch(strings.ToLower(value))
	if parts == nil {
		return "", false
	}
	if parts[3] != "" {
		return relative, true
	}
	number, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return "", false
	}
	number *= map[string]float64{"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}[parts[2]]
	if number >= math.MaxInt64 {
		return "", false
	}
	return strconv.FormatInt(int64(number), 10), true
}

// want describes the values that the option takes, as an advice to who wrote value.
func (o option) want(value string) string {
	switch o.kind {
	case boolean:
		return "true or false"
	case span:
		unit := map[time.Duration]string{time.Second: "seconds", time.Millisecond: "milliseconds"}[o.unit]
		if d, err := time.ParseDuration(value); err == nil && d >= o.unit {
			return fmt.Sprintf("the %s as a whole number: %d", unit, d/o.unit)
		}
		return "a whole number of " + unit
	case integer:
		if o.high == 0 {
			return fmt.Sprintf("a whole number from %d", o.low)
		}
		return fmt.Sprintf("a whole number from %d to %d", o.low, o.high)
	case size:
		return "a size like 8g, 500mb or 1073741824"
	case enum:
		words := slices.SortedFunc(maps.Keys(o.words), func(a, b string) int { return strings.Compare(o.words[a], o.words[b]) })
		return strings.Join(words, ", ")
	case zone:
		return "an IANA name like Europe/Bratislava"
	}
	return "another value"
}
