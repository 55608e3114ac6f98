package schedule

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"qosreport/internal/fault"
)

// Mistake is one thing that is wrong in a [Spec], with what to write instead.
type Mistake struct {
	Key      string // of the configuration: id, cron, interval, zone, from, until, only, skip_dates, window, offset, data_zone
	Value    string // as it was written
	Position int    // of the first wrong character of an expression, counted from 1; 0 means the whole value
	Text     string // what is wrong and what to write
}

func (m *Mistake) Error() string {
	if m.Position > 0 {
		return fmt.Sprintf("%s %q, position %d: %s", m.Key, m.Value, m.Position, m.Text)
	}
	return fmt.Sprintf("%s %q: %s", m.Key, m.Value, m.Text)
}

// mistakes gathers all that is wrong, so that it can be told at once.
type mistakes struct{ list []*Mistake }

func (m *mistakes) add(key, value, format string, args ...any) {
	m.list = append(m.list, &Mistake{Key: key, Value: value, Text: fmt.Sprintf(format, args...)})
}

// err joins what was gathered, each with the schedule's name, or is nil.
func (m *mistakes) err(id string) error {
	if !idForm.MatchString(id) {
		id = strconv.Quote(id)
	}
	errs := make([]error, len(m.list))
	for i, mistake := range m.list {
		errs[i] = fmt.Errorf("schedule %s: %w", id, mistake)
	}
	return fault.New(fault.Usage, fault.Unclassified, errors.Join(errs...))
}

// Mistakes are those that an error of [Parse] joins, for a caller who knows their places
// in a file. Of another error there are none.
func Mistakes(err error) []*Mistake {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return nil
	}
	var list []*Mistake
	for _, err := range joined.Unwrap() {
		var m *Mistake
		if errors.As(err, &m) {
			list = append(list, m)
		}
	}
	return list
}

// date gives a date back, or "" where it is none.
func (m *mistakes) date(key, text string) string {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		m.add(key, text, "write a date like 2026-03-29")
		return ""
	}
	return text
}

// cities are places whose clocks are meant by names that say only how far they are from
// UTC. The zone database has rules for these names too, which are not those of any place.
var cities = map[string]string{
	"CET": "Europe/Paris", "MET": "Europe/Berlin", "EET": "Europe/Athens", "WET": "Europe/Lisbon",
	"EST": "America/Panama", "MST": "America/Phoenix", "HST": "Pacific/Honolulu",
	"EST5EDT": "America/New_York", "CST6CDT": "America/Chicago", "MST7MDT": "America/Denver", "PST8PDT": "America/Los_Angeles",
	"GMT": "UTC or Europe/London", "GMT0": "UTC", "GMT+0": "UTC", "GMT-0": "UTC", "UCT": "UTC", "Zulu": "UTC", "Universal": "UTC", "Greenwich": "UTC",
}

var offsetForm = regexp.MustCompile(`^(UTC|GMT|Z)?[+-]?[0-9:.]+$|^Z$`)

// zone loads the zone of an IANA name, and UTC. Where it adds a mistake it gives UTC too.
func (m *mistakes) zone(key, name string) *time.Location {
	city, abbreviated := cities[name]
	switch {
	case name == "":
		m.add(key, name, "is missing: write an IANA name like Europe/Bratislava")
	case name == "Local":
		m.add(key, name, "is another zone on each machine: write an IANA name like Europe/Bratislava")
	case abbreviated:
		m.add(key, name, "is no place: write %s", city)
	case offsetForm.MatchString(name) || strings.HasPrefix(name, "Etc/") && name != "Etc/UTC":
		m.add(key, name, "is a fixed offset, which daylight saving time leaves behind: write UTC or an IANA name like Europe/Bratislava")
	case strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/") || name == "posixrules" || name == "Factory":
		m.add(key, name, "is how some systems file their zone data: write an IANA name like Europe/Bratislava")
	default:
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
		m.add(key, name, "is not known: write an IANA name like Europe/Bratislava, in its capitals")
	}
	return time.UTC
}
