package mail

import (
	"errors"
	"math"
	"strings"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

// grid is rows and columns of clean texts.
type grid struct {
	Label   string // what it shows, for readers aloud
	Columns []column
	Rows    [][]cell
	Raw     bool // rows of a query: no column names the row
	Heat    bool // the cells have levels
}

type column struct {
	Name    string
	Numeric bool
	Bars    bool // its cells have bars beside their numbers
}

type cell struct {
	Text  string
	Mark  string  // the verdict whose symbol stands before the text
	Level int     // of a heat map; -1 elsewhere
	Bar   float64 // the length of its bar, 0 to 1
	Quiet bool    // a reason, not a number
	num   float64
}

// errEnough ends the reading of rows that are not shown.
var errEnough = errors.New("enough rows")

// load reads at most so many rows of a section.
func load(s *report.Section, most int) (*grid, error) {
	from := s.Grid()
	g := &grid{Label: clean(s.Title, cellLength), Raw: s.Kind == report.KindTable, Heat: s.Kind == report.KindHeatmap}
	for _, c := range from.Columns {
		g.Columns = append(g.Columns, column{Name: clean(c.Name, cellLength), Numeric: c.Numeric})
	}
	err := from.Each(func(values []report.Value) error {
		if len(g.Rows) == most {
			return errEnough
		}
		row := make([]cell, len(values))
		for i, v := range values {
			row[i] = g.cell(v, g.Columns[i].Numeric)
		}
		g.Rows = append(g.Rows, row)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return g, nil
}

func (g *grid) cell(v report.Value, numeric bool) cell {
	c := cell{Text: clean(v.Shown, cellLength), Level: v.Level, num: v.Num}
	null := v.Kind == query.CellNull
	switch {
	case null && g.Raw:
		c.Text, c.Quiet = "NULL", true
	case null && numeric:
		c.Quiet = true
	}
	// In columns of numbers what is good goes without saying.
	if v.Verdict == "watch" || v.Verdict == "breach" || v.Verdict == "good" && !numeric {
		c.Mark = v.Verdict
	}
	return c
}

// table shows a section's rows, at most so many; which are these, the first or the last.
func (d *drafter) table(s *report.Section, which string, most, read int) error {
	g, err := load(s, read)
	if err != nil {
		return err
	}
	from := s.Grid()
	if len(g.Rows) == 0 {
		d.say(clean(from.Empty, sentenceLength), true)
		return nil
	}
	g.Rows = g.Rows[max(len(g.Rows)-most, 0):]
	d.blocks = append(d.blocks, block{Grid: g})
	d.say(d.cut(which, len(g.Rows), from.Len(), "rows"), true)
	return nil
}

func (d *drafter) ranking(s *report.Section) error {
	if len(s.Ranking.Rows) > 0 {
		d.say(count(s.Ranking.Members)+" in all, the worst by "+clean(s.Ranking.By.Label, cellLength)+" first.", false)
	}
	return d.table(s, "first", maxRows, maxRows)
}

// trend shows the last days. Bars begin at zero: beside measures that are good when they
// are high all would look alike, so that these have none.
func (d *drafter) trend(s *report.Section) error {
	if err := d.table(s, "last", maxDays, s.Grid().Len()); err != nil || len(s.Trend.Days) == 0 {
		return err
	}
	for _, b := range d.blocks {
		for i := range s.Trend.Series {
			if b.Grid != nil && s.Trend.Series[i].Better != "up" {
				b.Grid.bars(i + 1)
			}
		}
		if b.Grid != nil && s.Trend.Volume != nil {
			b.Grid.bars(len(s.Trend.Series) + 1)
		}
	}
	return nil
}

func (d *drafter) histogram(h *report.Histogram) {
	if len(h.Bars) == 0 {
		d.say("There was no value in the window.", true)
		return
	}
	texts := []string{"n\u00a0=\u00a0" + report.FormatNumber(h.N, 0)}
	for i, q := range h.Quantiles {
		if i < len(h.Labels) {
			texts = append(texts, clean(h.Labels[i], cellLength)+" "+clean(q.Text, cellLength))
		}
	}
	d.say(strings.Join(texts, ", ")+".", false)
	name := clean(h.Label, cellLength)
	if h.Unit != "" {
		name += " (" + clean(h.Unit, cellLength) + ")"
	}
	g := &grid{Label: name, Columns: []column{{Name: name}, {Name: "Number", Numeric: true}}}
	for _, b := range h.Bars[:min(len(h.Bars), maxLines)] {
		g.Rows = append(g.Rows, []cell{{Text: clean(b.Text, cellLength), Level: -1}, {Text: report.FormatNumber(b.N, 0), Level: -1, num: b.N}})
	}
	g.bars(1)
	d.blocks = append(d.blocks, block{Grid: g})
	d.say(d.cut("first", len(g.Rows), len(h.Bars), "bars"), true)
	for _, left := range []struct {
		what string
		n    float64
	}{{"Below the bars", h.Below}, {"Above the bars", h.Above}, {"Not finite", h.NotFinite}} {
		if left.n > 0 {
			d.say(left.what+": "+report.FormatNumber(left.n, 0)+".", true)
		}
	}
}

// bars gives the cells of a column bars in proportion to the greatest; none when a
// number is negative, for nothing is drawn to the left of zero.
func (g *grid) bars(at int) {
	most := 0.0
	for _, row := range g.Rows {
		if row[at].num < 0 {
			return
		}
		most = math.Max(most, row[at].num)
	}
	if !(most > 0) || math.IsInf(most, 0) {
		return
	}
	g.Columns[at].Bars = true
	for _, row := range g.Rows {
		row[at].Bar = row[at].num / most
	}
}

// quality leaves out the checks that found nothing.
func (d *drafter) quality(s *report.Section) {
	d.say(report.FormatNumber(s.Quality.Rows, 0)+" rows were read.", false)
	g := &grid{Label: clean(s.Title, cellLength), Columns: []column{{Name: "Check"}, {Name: "Count", Numeric: true}, {Name: "Share", Numeric: true}, {Name: "Limit"}, {Name: "Result"}}}
	found := 0
	for _, c := range s.Quality.Checks {
		if !c.Failed && c.Count == 0 {
			continue
		}
		if found++; found > maxLines {
			continue
		}
		result := cell{}
		switch {
		case c.Failed:
			result = cell{Text: report.IncompleteWord, Mark: "breach"}
		case c.Limit != nil:
			result = cell{Text: "good", Mark: "good"}
		}
		g.Rows = append(g.Rows, []cell{
			{Text: clean(join(c.Column, c.Label), cellLength)}, {Text: report.FormatNumber(c.Count, 0)},
			{Text: clean(c.Text, cellLength)}, {Text: clean(c.Bound, cellLength)}, result,
		})
	}
	if len(g.Rows) > 0 {
		d.blocks = append(d.blocks, block{Grid: g})
	}
	d.say(d.cut("first", len(g.Rows), found, "checks that found something"), true)
	if nothing := len(s.Quality.Checks) - found; nothing > 0 {
		d.say("Checks that found nothing: "+count(nothing)+".", true)
	}
}

// heatmap shows bare numbers: the sentence above has the unit, so that more hours fit
// side by side.
func (d *drafter) heatmap(s *report.Section) error {
	h := s.Heatmap
	if len(h.Rows) == 0 {
		d.say("There was no row in the window.", true)
		return nil
	}
	what := clean(h.Head.Label, cellLength)
	if h.Head.Percent {
		what += " in\u00a0%"
	} else if h.Head.Unit != "" {
		what += " in\u00a0" + clean(h.Head.Unit, cellLength)
	}
	what += ", " + clean(h.RowDim, cellLength) + " by " + clean(h.ColDim, cellLength)
	if h.Head.Limits != "" {
		what += "; " + clean(h.Head.Limits, entryLength)
	}
	d.say(what+".", false)
	if err := d.table(s, "first", maxLines, maxLines); err != nil {
		return err
	}
	few := false
	for _, b := range d.blocks {
		if b.Grid != nil {
			few = b.Grid.bare()
		}
	}
	key := "Blank: no data."
	if few {
		key = "Dot: too few items to show a figure. " + key
	}
	d.say(key, true)
	return nil
}

// bare strips the units of a heat map's cells and makes dots of those that stand on too
// few items; it reports whether there are any.
func (g *grid) bare() bool {
	few := false
	for _, row := range g.Rows {
		for i := range row[1:] {
			c := &row[i+1]
			switch {
			case c.Level >= 0:
				c.Text, _, _ = strings.Cut(c.Text, "\u00a0")
			case c.Text != "":
				c.Text, few = "·", true
			}
		}
	}
	return few
}
