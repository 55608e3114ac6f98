package report

import (
	"fmt"
	"slices"
	"strings"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
	"qosreport/internal/query"
)

// quality counts what is wrong with the rows of the window, each against its limit.
func (b *builder) quality(dataset string) (*Quality, error) {
	d := b.def.Datasets[dataset]
	states, err := b.states(dataset, b.days)
	if err != nil {
		return nil, err
	}
	total := states.Total()
	count := func(column string) float64 {
		if i := slices.Index(states.Sums, column); i >= 0 {
			return total.Sums[i]
		}
		return 0
	}
	q := &Quality{Rows: count(query.QualityRows)}
	spelling, err := b.spellingCheck()
	if err != nil {
		return nil, err
	}
	q.Checks = append(q.Checks, b.rowsCheck(d, dataset, q.Rows), b.daysCheck(dataset), spelling)
	for _, column := range states.Sums {
		switch column {
		case query.QualityRows:
		case query.QualityHours:
			q.Checks = append(q.Checks, b.hoursCheck(d, count(column)))
		default:
			name, what := query.CheckedColumn(column)
			if name == "" {
				what = column
			}
			q.Checks = append(q.Checks, shareCheck(d, name, what, count(column), q.Rows))
		}
	}
	return q, nil
}

var checkLabels = map[string]string{
	"null": "no value", "low": "below the range", "high": "above the range", "nonfinite": "not a finite number",
	query.QualityDuplicates: "duplicate rows, dropped", query.QualityLate: "rows that were loaded late", query.QualityStray: "rows outside of their partition's day",
}

// shareCheck holds a count against the rows that were read.
func shareCheck(d *definition.Dataset, column, what string, n, rows float64) Check {
	c := Check{Column: column, What: what, Label: checkLabels[what], Count: n, Text: noData}
	limit, limited := d.QualityLimit(what)
	if limited {
		c.Limit, c.Bound = &limit, "at most "+percentText(limit)
	}
	if rows > 0 {
		share := n / rows
		c.Share, c.Text = &share, percentText(share)
		c.Failed = limited && share > limit
	}
	return c
}

func percentText(share float64) string { return FormatNumber(share*100, percentDecimals) + "\u00a0%" }

// rowsCheck holds the number of rows against the median of the days that the window's day
// is compared with.
func (b *builder) rowsCheck(d *definition.Dataset, dataset string, rows float64) Check {
	c := Check{What: query.QualityRows, Label: "rows read", Count: rows}
	if len(b.days) != 1 {
		return c
	}
	days, kind := b.baselineDays(dataset, b.days[0])
	if kind == qos.None {
		return c
	}
	var values []float64
	for _, day := range days {
		t := b.total[dataset][day]
		values = append(values, t.States[0].Sums[slices.Index(t.Sums, query.QualityRows)])
	}
	usual := qos.Median(values)
	if usual == 0 {
		return c
	}
	below, _ := d.QualityLimit(query.QualityRows)
	least, share := 1-below, rows/usual
	c.Share, c.Limit, c.Failed = &share, &least, share < least
	c.Text = percentText(share) + " of the median"
	c.Bound = fmt.Sprintf("at least %s of the median %s of %d %s", percentText(least), FormatNumber(usual, 0), len(days), sortOfDay(kind, b.days[0]))
	return c
}

// daysCheck names report days without any row.
func (b *builder) daysCheck(dataset string) Check {
	zero := 0.0
	c := Check{What: "days", Label: "days without any row", Limit: &zero, Bound: "none"}
	var empty []string
	for _, day := range b.days {
		if b.total[dataset][day] == nil {
			empty = append(empty, day)
		}
	}
	share := float64(len(empty)) / float64(len(b.days))
	c.Count, c.Share, c.Text, c.Failed = float64(len(empty)), &share, percentText(share), len(empty) > 0
	if n := len(empty); n > 0 && n <= 5 {
		c.Label += " (" + strings.Join(empty, ", ") + ")"
	}
	return c
}

// hoursCheck counts hours without rows; clocks decide how many hours the days have.
func (b *builder) hoursCheck(d *definition.Dataset, seen float64) Check {
	due := 0
	for _, day := range b.days {
		due += 24
		for _, n := range b.Window.oddHours(day) {
			if n == 0 {
				due--
			}
		}
	}
	missing, share := max(float64(due)-seen, 0), 0.0
	if due > 0 { // a date that a zone skipped has no hours at all
		share = missing / float64(due)
	}
	c := Check{What: query.QualityHours, Label: "hours without any row", Count: missing, Share: &share, Text: percentText(share)}
	if limit, limited := d.QualityLimit(query.QualityHours); limited {
		c.Limit, c.Bound, c.Failed = &limit, "at most "+percentText(limit), share > limit
	}
	return c
}
