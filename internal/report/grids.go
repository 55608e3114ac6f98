package report

import (
	"strings"

	"qosreport/internal/query"
)

// tileGrid shows tiles; unit says what the column of units holds.
func tileGrid(tiles []Tile, unit func(Head) string) *Grid {
	columns := []GridColumn{
		textColumn("Measure", "measure"), numberColumn("Value", "value"), textColumn("Unit", "unit"), textColumn("Verdict", "verdict"),
		numberColumn("95 % from", "low"), numberColumn("95 % to", "high"), numberColumn("n", "n"),
	}
	kinds := comparisonKinds(tiles)
	for _, c := range kinds {
		columns = append(columns, numberColumn(Sentence(c.Label), c.Kind), textColumn("Change", c.Kind+"_change"))
	}
	columns = append(columns, textColumn("Limits", "limits"))
	rows := make([][]Value, 0, len(tiles))
	for _, t := range tiles {
		row := []Value{
			textValue(t.Label), figureValue(t.Figure), textValue(unit(t.Head)), textValue(t.Figure.Verdict),
			boundValue(t.Figure, t.Figure.Low), boundValue(t.Figure, t.Figure.High), textValue(""),
		}
		row[3].Verdict = t.Figure.Verdict
		if t.Counted() {
			row[6] = countValue(t.Figure.N)
		}
		for _, kind := range kinds {
			at := compareAt(t, kind.Kind)
			row = append(row, figureValue(at.Figure), textValue(at.Text))
		}
		rows = append(rows, append(row, textValue(t.Limits)))
	}
	return lines(columns, "No measure is shown.", rows)
}

// comparisonKinds is one comparison of each kind that any tile has. Their labels can
// differ, as that of a baseline with days missing does; the first that has a figure speaks
// for all.
func comparisonKinds(tiles []Tile) []Comparison {
	var kinds []Comparison
	at := make(map[string]int)
	for _, t := range tiles {
		for _, c := range t.Compare {
			i, seen := at[c.Kind]
			switch {
			case !seen:
				at[c.Kind] = len(kinds)
				kinds = append(kinds, c)
			case !kinds[i].Figure.Shown() && c.Figure.Shown():
				kinds[i] = c
			}
		}
	}
	return kinds
}

func compareAt(t Tile, kind string) Comparison {
	for _, c := range t.Compare {
		if c.Kind == kind {
			return c
		}
	}
	return Comparison{}
}

// unitOf is the unit of a measure; ratios are percentages.
func unitOf(h Head) string {
	if h.Percent {
		return "%"
	}
	return h.Unit
}

func findingGrid(f *Findings) *Grid {
	columns := []GridColumn{
		textColumn("Verdict", "verdict"), textColumn("Day", "day"), textColumn("Where", "where"), textColumn("Hours", "hours"), textColumn("Measure", "measure"),
		numberColumn("Bad", "bad"), numberColumn("n", "n"), numberColumn("Bad rate", "rate"), numberColumn("Lower bound", "low"), numberColumn("Upper bound", "high"),
		numberColumn("Usual bad rate", "base_rate"), numberColumn("Excess", "excess"), textColumn("Cause", "cause"),
	}
	rows := make([][]Value, 0, len(f.Items))
	for _, i := range f.Items {
		where := make([]string, len(i.Where))
		for k, pair := range i.Where {
			where[k] = pair.Member
		}
		row := []Value{
			textValue(i.Verdict), textValue(i.Day), textValue(strings.Join(where, ", ")), textValue(i.Hours), textValue(i.Label),
			countValue(i.Bad), countValue(i.N), figureValue(i.Rate), boundValue(i.Rate, i.Rate.Low), boundValue(i.Rate, i.Rate.High),
			figureValue(i.Base), countValue(i.Excess), textValue(i.Cause),
		}
		row[0].Verdict = i.Verdict
		rows = append(rows, row)
	}
	return lines(columns, f.Text, rows)
}

func (h *Heatmap) grid() *Grid {
	columns := []GridColumn{textColumn(Sentence(h.RowDim), h.RowDim)}
	for _, c := range h.Columns {
		columns = append(columns, numberColumn(c, h.ColDim+"_"+c))
	}
	rows := make([][]Value, 0, len(h.Rows))
	for _, r := range h.Rows {
		row := []Value{textValue(r.Member)}
		for _, c := range r.Cells {
			v := figureValue(c.Figure)
			if c.Empty {
				v = textValue("")
			} else if c.Shown() {
				v.Level = c.Level
			}
			row = append(row, v)
		}
		rows = append(rows, row)
	}
	return lines(columns, "There was no row in the window.", rows)
}

func (r *Ranking) grid() *Grid {
	columns := []GridColumn{textColumn(Sentence(r.Dimension), r.Dimension)}
	bad := r.BaseRate != nil
	if bad {
		columns = append(columns, numberColumn("Bad", "bad"), numberColumn("Excess", "excess"))
	}
	for _, h := range r.Columns {
		columns = append(columns, headColumn(h))
	}
	all := r.Rows
	if r.Other != nil {
		all = append(all[:len(all):len(all)], *r.Other)
	}
	rows := make([][]Value, 0, len(all))
	for _, member := range all {
		row := []Value{textValue(member.Member)}
		if bad {
			row = append(row, optional(member.Bad, 0), optional(member.Excess, 1))
		}
		for _, f := range member.Figures {
			row = append(row, figureValue(f))
		}
		rows = append(rows, row)
	}
	return lines(columns, "There was no row in the window.", rows)
}

func (t *Trend) grid() *Grid {
	series := t.Series
	if t.Volume != nil {
		series = append(series[:len(series):len(series)], *t.Volume)
	}
	columns := []GridColumn{textColumn("Day", "day")}
	for _, s := range series {
		columns = append(columns, headColumn(s.Head))
	}
	rows := make([][]Value, 0, len(t.Days))
	for i, day := range t.Days {
		row := []Value{{Cell: query.Cell{Kind: query.CellTime, Text: day}, Shown: day, Decimals: Plain, Level: -1}}
		for _, s := range series {
			row = append(row, figureValue(s.Points[i]))
		}
		rows = append(rows, row)
	}
	return lines(columns, "There was no day.", rows)
}

func (h *Histogram) grid() *Grid {
	unit := ""
	if h.Unit != "" {
		unit = " (" + h.Unit + ")"
	}
	columns := []GridColumn{numberColumn("From"+unit, "from"), numberColumn("To"+unit, "to"), numberColumn("Number", "n")}
	rows := make([][]Value, 0, len(h.Bars))
	for _, b := range h.Bars {
		rows = append(rows, []Value{roundedValue(b.Low), roundedValue(b.High), countValue(b.N)})
	}
	return lines(columns, "There was no value in the window.", rows)
}

func (q *Quality) grid() *Grid {
	columns := []GridColumn{
		textColumn("Column", "column"), textColumn("Check", "check"), numberColumn("Count", "count"), numberColumn("Share", "share"),
		textColumn("Limit", "limit"), textColumn("Result", "result"),
	}
	rows := make([][]Value, 0, len(q.Checks))
	for _, c := range q.Checks {
		result := textValue("")
		switch {
		case c.Failed:
			result = textValue(IncompleteWord)
			result.Verdict = "breach"
		case c.Limit != nil && c.Share != nil: // of no rows nobody knows
			result = textValue("good")
			result.Verdict = "good"
		}
		rows = append(rows, []Value{textValue(c.Column), textValue(c.Label), countValue(c.Count), percentValue(c.Share, c.Text), textValue(c.Bound), result})
	}
	return lines(columns, "Nothing was checked.", rows)
}

func termGrid(terms []Term) *Grid {
	columns := []GridColumn{
		textColumn("Measure", "measure"), textColumn("Formula", "formula"), textColumn("Unit", "unit"), textColumn("Limits", "limits"),
		textColumn("Source of the limits", "source"), numberColumn("Least n", "min_n"), textColumn("Method", "method"), textColumn("About", "about"),
	}
	rows := make([][]Value, 0, len(terms))
	for _, t := range terms {
		least := textValue("")
		if t.MinN > 0 {
			least = countValue(float64(t.MinN))
		}
		rows = append(rows, []Value{textValue(t.Label), textValue(t.Formula), textValue(unitOf(t.Head)), textValue(t.Limits), textValue(t.Source), least, textValue(t.Method), textValue(t.About)})
	}
	return lines(columns, "There is no measure.", rows)
}

// grid shows the rows as they come, so that a long table is never whole in memory.
func (t *Table) grid() *Grid {
	columns := make([]GridColumn, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = GridColumn{Name: c.Name, Key: c.Name, Numeric: c.Numeric()}
	}
	values := make([]Value, len(columns))
	return &Grid{Columns: columns, Empty: "The query returned no row.", rows: t.Rows.Len(), each: func(row func([]Value) error) error {
		return t.Rows.Each(func(cells []query.Cell) error {
			for i, c := range cells {
				values[i] = Value{Cell: c, Shown: cellText(c), Decimals: Plain, Level: -1}
			}
			return row(values)
		})
	}}
}
