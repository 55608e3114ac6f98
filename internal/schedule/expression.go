package schedule

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/robfig/cron/v3"
)

const (
	everyHour   = 1<<24 - 1 // bits of an hour field that covers the day
	everySecond = 1<<60 - 1
	starBit     = 1 << 63 // the library's mark of a field with a plain star
)

var (
	monthNames   = []string{"", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekdayNames = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// field is a column of an expression.
type field struct {
	name     string
	min, max int
	names    []string // of the numbers, "" where there is none
}

// fields are those of an expression with seconds; without, the first is left out.
var fields = []field{
	{"second", 0, 59, nil},
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of month", 1, 31, nil},
	{"month", 1, 12, monthNames},
	{"weekday", 0, 6, weekdayNames},
}

// word is a part of an expression and where it begins, in characters from 1.
type word struct {
	text string
	at   int
}

// expression is one on its way through the checks.
type expression struct {
	text     string
	mistakes *mistakes
	warnings []string
}

func (e *expression) refuse(at int, format string, args ...any) {
	e.mistakes.list = append(e.mistakes.list, &Mistake{Key: "cron", Value: e.text, Position: at, Text: fmt.Sprintf(format, args...)})
}

func (e *expression) warn(format string, args ...any) {
	e.warnings = append(e.warnings, fmt.Sprintf("cron %q: ", e.text)+fmt.Sprintf(format, args...))
}

// parseExpression checks an expression before the library sees it: the library panics on
// some prefixes, takes much that never fires, and says no positions. The result is nil if
// there is a mistake; its location is UTC, the plain calendar.
func parseExpression(m *mistakes, text string, allowSeconds bool) (*cron.SpecSchedule, []string) {
	e := &expression{text: text, mistakes: m}
	before := len(m.list)
	words := splitWords(text)
	e.checkWords(words)
	if len(m.list) > before {
		return nil, nil
	}
	plain := make([]string, len(words))
	for i, w := range words {
		plain[i] = w.text
	}
	parser := cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	parsed, err := parser.Parse(strings.Join(plain, " "))
	c, ok := parsed.(*cron.SpecSchedule)
	if err != nil || !ok {
		e.refuse(1, "is no cron expression: write five fields like 0 6 * * *")
		return nil, nil
	}
	c.Location = time.UTC
	e.checkMeaning(words, c, allowSeconds)
	if len(m.list) > before {
		return nil, nil
	}
	return c, e.warnings
}

func splitWords(text string) []word {
	var words []word
	inside := false
	for i, r := range []rune(text) {
		switch space := unicode.IsSpace(r); {
		case space:
			inside = false
		case inside:
			words[len(words)-1].text += string(r)
		default:
			words = append(words, word{string(r), i + 1})
			inside = true
		}
	}
	return words
}

func (e *expression) checkWords(words []word) {
	if len(words) == 0 {
		e.refuse(0, "is missing: write five fields, like 0 6 * * * for 06:00 each day")
		return
	}
	first := words[0]
	upper := strings.ToUpper(first.text)
	switch {
	case strings.HasPrefix(upper, "TZ=") || strings.HasPrefix(upper, "CRON_TZ="):
		e.refuse(first.at, "%s: the zone has a key of its own: write zone", first.text)
	case strings.HasPrefix(first.text, "@"):
		e.checkDescriptor(words)
	case len(words) < len(fields)-1:
		e.refuse(first.at, "has %d fields: write five (minute, hour, day of month, month, weekday), like 0 6 * * *", len(words))
	case len(words) > len(fields):
		e.refuse(words[len(fields)].at, "has %d fields: write five, or six with leading seconds", len(words))
	default:
		for i, f := range fields[len(fields)-len(words):] {
			e.checkField(f, words[i])
		}
	}
}

var descriptors = []string{"@hourly", "@daily", "@weekly", "@monthly", "@yearly"}

func (e *expression) checkDescriptor(words []word) {
	first := words[0]
	lower := strings.ToLower(first.text)
	switch {
	case len(words) == 1 && slices.Contains(descriptors, first.text):
	case lower == "@every":
		span := "15m"
		if len(words) > 1 {
			if d, err := time.ParseDuration(words[1].text); err == nil && d >= time.Minute {
				span = words[1].text
			}
		}
		e.refuse(first.at, "@every drifts over clock changes and starts anew with the process: write a time of day like 0 6 * * *, or interval: %s", span)
	case lower == "@reboot":
		e.refuse(first.at, "@reboot: a report is due by time, not by starts of the process: write a time of day like 0 6 * * *")
	case len(words) > 1 && slices.Contains(descriptors, first.text):
		e.refuse(words[1].at, "%s stands alone: write nothing behind it", first.text)
	case lower == "@midnight" || lower == "@daily":
		e.refuse(first.at, "%s: write @daily", first.text)
	case lower == "@annually" || lower == "@yearly":
		e.refuse(first.at, "%s: write @yearly", first.text)
	default:
		e.refuse(first.at, "%s is not known: write one of %s", first.text, strings.Join(descriptors, ", "))
	}
}

// checkMeaning looks at what the fields say together.
func (e *expression) checkMeaning(words []word, c *cron.SpecSchedule, allowSeconds bool) {
	if bits.OnesCount64(c.Second&everySecond) > 1 && !allowSeconds {
		e.refuse(words[0].at, "is due more than once a minute: write one second, or allow_seconds: true")
	}
	if strings.HasPrefix(words[0].text, "@") {
		return
	}
	day := words[len(words)-3]
	if c.Dom&starBit == 0 && c.Dow&starBit == 0 {
		e.warn("day of month %s and weekday %s are both restricted: a day that fits either is taken; put * in one of them, or use only", day.text, words[len(words)-1].text)
	}
	// Any start will do: the years to come hold every date that exists.
	if nextNominal(c, time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC)).IsZero() {
		e.refuse(day.at, "has no date in the next %d years, as month %s has no day %s: write a day that exists, or * with only: %s",
			searchYears, words[len(words)-2].text, day.text, lastDayOfMonth)
	}
}
