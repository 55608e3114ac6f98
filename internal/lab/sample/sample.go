// Package sample makes the tables of the demo cluster: calls as telephones report
// them, with an incident to find, slower faults, and the dirt of real data.
//
// Every value is a function of seed, date, row and column. So any date can be made
// alone and in any order, two catalogs with the same [Options] hold the same
// bytes, and nothing is made before a statement asks for its day.
package sample

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"qosreport/internal/lab/sql"
)

// Options say what exists. The zero value is the demo.
type Options struct {
	Seed       uint64    // 0 means 20170912
	Days       int       // partitions, the last one included; 0 means 30
	Last       time.Time // date of the last partition; zero means 2017-09-13
	LegsPerDay int       // call legs on a normal weekday; 0 means 20000
	// Incident is what the report has to find; nil means DefaultIncident, an empty
	// site means none.
	Incident *Incident
}

// An Incident spoils the calls of one site for some hours.
type Incident struct {
	Site     string
	Date     time.Time // a date of the sample's own zone, Europe/Bratislava
	FromHour int       // first hour of the day, 0 to 23
	ToHour   int       // the hour after the last, 1 to 24
}

// DefaultIncident is Zürich in the afternoon of 2017-09-12.
func DefaultIncident() Incident {
	return Incident{Site: "Zürich", Date: date(2017, 9, 12), FromHour: 14, ToHour: 16}
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// dayOf is the number of a date, days since 1970-01-01.
func dayOf(t time.Time) int64 {
	year, month, day := t.Date()
	return date(year, month, day).Unix() / secondsPerDay
}

// zoneName is where people call: the hours of the sample are local hours there.
const zoneName = "Europe/Bratislava"

// Catalog holds the tables default.acme and qos.call_quality.
type Catalog struct {
	tables map[string]map[string]sql.Table
}

// New makes a catalog. It is an error if the incident has no such site or hours, or
// if the data of the time zone are missing.
func New(o Options) (*Catalog, error) {
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return nil, fmt.Errorf("make sample tables: %w", err)
	}
	if o.Seed == 0 {
		o.Seed = 20170912
	}
	if o.Days == 0 {
		o.Days = 30
	}
	if o.Last.IsZero() {
		o.Last = date(2017, 9, 13)
	}
	if o.LegsPerDay == 0 {
		o.LegsPerDay = 20000
	}
	if o.Incident == nil {
		incident := DefaultIncident()
		o.Incident = &incident
	}
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("make sample tables: %w", err)
	}
	return &Catalog{tables: map[string]map[string]sql.Table{
		"default": {"acme": newAcme(o)},
		"qos":     {"call_quality": newCallQuality(o, calendar{zone})},
	}}, nil
}

func (o Options) check() error {
	switch i := o.Incident; {
	case o.Days < 1 || o.Days > 4000:
		return fmt.Errorf("%d days: write 1 to 4000", o.Days)
	case o.LegsPerDay < 2 || o.LegsPerDay > 2_000_000:
		return fmt.Errorf("%d legs a day: write 2 to 2000000", o.LegsPerDay)
	case o.Last.Year() < 1971 || o.Last.Year() > 2200:
		return fmt.Errorf("last day %s: write a year from 1971 to 2200", o.Last.Format(time.DateOnly))
	case i.Site == "":
	case !slices.ContainsFunc(sites, func(s site) bool { return s.name == i.Site }):
		return fmt.Errorf("incident at %q: there is no such site; there are %s", i.Site, strings.Join(realSites(), ", "))
	case i.FromHour < 0 || i.ToHour > 24 || i.FromHour >= i.ToHour:
		return fmt.Errorf("incident from %d to %d: write hours from 0 to 24, the later one second", i.FromHour, i.ToHour)
	}
	return nil
}

// partitionDays are the dates of all partitions, oldest first.
func (o Options) partitionDays() []int64 {
	last := dayOf(o.Last)
	var days []int64
	for day := last - int64(o.Days) + 1; day <= last; day++ {
		days = append(days, day)
	}
	return days
}

// Databases are the databases, sorted.
func (c *Catalog) Databases() []string { return sortedKeys(c.tables) }

// Tables are the tables of a database, sorted.
func (c *Catalog) Tables(database string) []string { return sortedKeys(c.tables[database]) }

// Table finds a table.
func (c *Catalog) Table(database, name string) (sql.Table, bool) {
	t, found := c.tables[database][name]
	return t, found
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
