package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/query"
	"qosreport/internal/store"
)

// page is the answer of a command. It is printed whole, or not at all.
type page struct{ strings.Builder }

// print writes the page and says what became of it.
func (p *page) print(a *app) error {
	_, err := io.WriteString(a.out, p.String())
	if seenEnough(err) {
		return nil
	}
	return outputError(err)
}

// line adds one line, whatever the texts hold that it is made of.
func (p *page) line(format string, args ...any) {
	p.WriteString(flat(fmt.Sprintf(format, args...)) + "\n")
}

// flat is a text without what would not show as it is. Joined errors have a line each.
func flat(text string) string { return query.Printable(strings.ReplaceAll(text, "\n", "; ")) }

// head begins a part of the page.
func (p *page) head(format string, args ...any) {
	if p.Len() > 0 {
		p.WriteByte('\n')
	}
	p.line(format, args...)
}

// table are rows whose columns are aligned; the first may be their names.
type table [][]string

func (t *table) row(cells ...string) { *t = append(*t, cells) }

// table draws the rows, each after the indent. Empty cells at a row's end leave no blanks.
func (p *page) table(indent string, t table) {
	var widths []int
	for _, row := range t {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			row[i] = flat(cell)
			widths[i] = max(widths[i], query.DisplayWidth(row[i]))
		}
	}
	for _, row := range t {
		line := indent
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-query.DisplayWidth(cell)+2)
		}
		p.line("%s", strings.TrimRight(line, " "))
	}
}

const (
	minuteLayout = "2006-01-02 15:04Z07:00"
	secondLayout = "2006-01-02 15:04:05Z07:00"
)

// stamp is an instant on the clocks of a zone, with their offset. It has seconds where they
// are not 0.
func stamp(t time.Time, zone *time.Location) string {
	if t = t.In(zone); t.Second() != 0 {
		return t.Format(secondLayout)
	}
	return t.Format(minuteLayout)
}

// windowText is a data window in its own zone, which is named unless it is the one given.
func windowText(w store.Window, zone *time.Location) string {
	text := span(w, time.UTC).Text()
	if w.Zone != zone.String() {
		text += " " + w.Zone
	}
	return text
}

// when is when a schedule is due, as it was written.
func when(s *config.Schedule) string {
	if s.Cron != "" {
		return s.Cron
	}
	return "every " + shortest(s.Interval.Duration)
}

// shortest writes a span without the zeros that Go ends it with.
func shortest(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// schedulesNamed are the names that were asked for, or all of the configuration. One that
// is not there is an error.
func schedulesNamed(c *config.Config, names []string) ([]string, error) {
	for _, name := range names {
		if c.Schedules[name] == nil {
			return nil, noSchedule(c, name)
		}
	}
	if len(names) > 0 {
		return names, nil
	}
	if len(c.Schedules) == 0 {
		return nil, fault.Advise(fault.Errorf(fault.Usage, 0, "the configuration has no schedules"), "write them into configs/qosreport.yaml; the embedded one shows every key")
	}
	return c.ScheduleNames(), nil
}

func noSchedule(c *config.Config, name string) error {
	err := fault.Errorf(fault.Usage, 0, "there is no schedule %q", name)
	if len(c.Schedules) == 0 {
		return fault.Advise(err, "the configuration has none; see --config-dir")
	}
	return fault.Advise(err, "the schedules of the configuration are: %s", strings.Join(c.ScheduleNames(), ", "))
}

// warnSchedules tells on standard error what is allowed in schedules and seldom meant.
func warnSchedules(a *app, c *config.Config, names []string) {
	for _, name := range names {
		s := c.Schedules[name]
		if s == nil || s.Times == nil {
			continue
		}
		for _, warning := range s.Times.Warnings() {
			at := "schedules." + name
			fmt.Fprintf(a.err, "qosreport: warning: %s%s: %s\n", c.Place(at+".cron"), at, warning)
		}
	}
}

// needLedger is an error when the configuration names no ledger.
func needLedger(c *config.Config) error {
	if c.Store.Path != "" {
		return nil
	}
	return fault.Advise(fault.Errorf(fault.Usage, 0, "there is no ledger"), "name the configuration that has store.path: --config-dir DIR")
}

// readLedger opens the ledger for commands that change nothing; the caller closes it.
func readLedger(ctx context.Context, a *app, c *config.Config, patience time.Duration) (*store.Store, error) {
	if err := needLedger(c); err != nil {
		return nil, err
	}
	ledger, err := store.Open(ctx, c.Store.Path, store.Options{Now: a.now, ReadOnly: true, BusyTimeout: patience})
	if err != nil {
		return nil, fmt.Errorf("store.path: %w", err)
	}
	return ledger, nil
}
