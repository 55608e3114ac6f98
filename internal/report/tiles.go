package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
)

// newHead is a measure as the head of its figures.
func newHead(name string, m *definition.Measure) Head {
	q := m.QoS()
	h := Head{Measure: name, Kind: string(q.Kind), Label: m.Label, Unit: m.Unit, Percent: q.Kind == qos.Ratio, Decimals: decimals(m, q.Kind)}
	if h.Label == "" {
		h.Label = heading(name)
	}
	if m.Better == "" {
		return h
	}
	h.Better = string(m.Better)
	h.Good, h.Acceptable = &q.Good, &q.Acceptable
	sign := "≤"
	if m.Better == qos.Up {
		sign = "≥"
	}
	h.Limits = fmt.Sprintf("good %s %s, acceptable %s %s", sign, limitText(m, q.Good), sign, limitText(m, q.Acceptable))
	return h
}

func (b *builder) head(name string) Head { return newHead(name, b.def.Measures[name]) }

func (b *builder) tiles(s *definition.Section) ([]Tile, error) {
	tiles := make([]Tile, 0, len(s.KPI))
	for _, name := range s.KPI {
		m := b.def.Measures[name]
		f, err := b.figure(m, b.days)
		if err != nil {
			return nil, err
		}
		t := Tile{Head: b.head(name), Figure: newFigure(m, f)}
		for _, kind := range s.Compare {
			c, err := b.compare(m, t.Figure, kind)
			if err != nil {
				return nil, err
			}
			t.Compare = append(t.Compare, c)
		}
		tiles = append(tiles, t)
	}
	return tiles, nil
}

// compare is a measure at another time, and how far now is from it.
func (b *builder) compare(m *definition.Measure, now Figure, kind string) (Comparison, error) {
	if kind == definition.CompareBase {
		return b.baseline(m, now)
	}
	offset := definition.CompareOffset(kind, len(b.days))
	c := Comparison{Kind: kind, Days: b.Window.Dates(-offset), Label: offsetLabel(offset, len(b.days)), Figure: noFigure(m), Text: noData}
	if b.holes(m.Dataset(), c.Days) {
		return c, nil
	}
	f, err := b.figure(m, c.Days)
	if err != nil {
		return c, err
	}
	c.Figure = newFigure(m, f)
	if !b.holes(m.Dataset(), b.days) {
		c.Delta, c.Text = delta(now, c.Figure)
	}
	return c, nil
}

// holes reports whether a dataset lacks one of the days: a window with a hole is not to be
// compared with a whole one.
func (b *builder) holes(dataset string, days []string) bool {
	return slices.ContainsFunc(days, func(day string) bool { return b.total[dataset][day] == nil })
}

func offsetLabel(offset, days int) string {
	switch {
	case offset == 1:
		return "day before"
	case offset == 7 && days == 1:
		return "week before"
	case offset == days:
		return fmt.Sprintf("%d days before", days)
	}
	return "same days " + plural(offset/7, "week", "weeks") + " before"
}

const noData = "no data"

func noFigure(m *definition.Measure) Figure { return newFigure(m, qos.Figure{}) }

// baseline is the median of a measure's values on the days that a single day is
// compared with.
func (b *builder) baseline(m *definition.Measure, now Figure) (Comparison, error) {
	c := Comparison{Kind: definition.CompareBase, Label: "no baseline", Days: []string{}, Figure: noFigure(m), Text: noData}
	if len(b.days) != 1 {
		return c, nil
	}
	known := make(map[string]float64) // days whose figure is shown
	days, kind := qos.BaselineDays(b.days[0], func(day string) bool {
		f, err := b.figure(m, []string{day})
		if err == nil && f.Defined && !m.QoS().Suppressed(f) {
			known[day] = f.Value
		}
		_, shown := known[day]
		return shown
	})
	if kind == qos.None {
		return c, nil
	}
	c.Days = days
	values := make([]float64, len(days))
	for i, day := range days {
		values[i] = known[day]
	}
	middle, mad := qos.Median(values), qos.MAD(values)
	c.Label = fmt.Sprintf("median of %d %s", len(values), sortOfDay(kind, b.days[0]))
	c.Figure = newFigure(m, qos.Figure{Defined: true, Value: middle, N: math.Inf(1)}) // a median of figures that are shown is shown
	c.Figure.N, c.Figure.Low, c.Figure.High, c.Figure.Interval, c.Figure.Verdict = float64(len(values)), nil, nil, "", ""
	c.MAD = &mad
	c.Delta, c.Text = delta(now, c.Figure)
	return c, nil
}

func (b *builder) baselineDays(dataset, day string) ([]string, qos.BaselineKind) {
	return qos.BaselineDays(day, func(d string) bool { return b.total[dataset][d] != nil })
}

// sortOfDay names the days of a baseline: Tuesdays, working days.
func sortOfDay(kind qos.BaselineKind, day string) string {
	weekday := date(day).Weekday()
	switch {
	case kind == qos.SameWeekday:
		return weekday.String() + "s"
	case weekday == time.Saturday || weekday == time.Sunday:
		return "weekend days"
	}
	return "working days"
}

// delta is how far a figure is from another: ratios in percentage points, others in
// percent of what was.
func delta(now, then Figure) (*float64, string) {
	if !now.Shown() || !then.Shown() {
		return nil, noData
	}
	difference := *now.Value - *then.Value
	if now.Percent {
		points := difference * 100
		return &points, signed(points, max(now.Decimals, 1)) + "\u00a0points"
	}
	if *then.Value == 0 {
		return nil, "was 0"
	}
	percent := difference / math.Abs(*then.Value) * 100
	return &percent, signed(percent, 1) + "\u00a0%"
}

func signed(v float64, decimals int) string {
	text := FormatNumber(v, decimals)
	if v > 0 && round(v, decimals) != 0 {
		return "+" + text
	}
	return text
}
