package report

import "qosreport/internal/query"

// Grid is a section as rows and columns: what a sheet, a CSV file and a table of a page
// draw.
type Grid struct {
	Columns []GridColumn
	Empty   string // what to say when there is no row
	each    func(row func([]Value) error) error
	rows    int
}

// GridColumn is the head of a column.
type GridColumn struct {
	Name    string // for people
	Key     string // for programs: small letters, digits and _
	Numeric bool
}

// Value is one value of a grid: typed for a workbook, as text for a page.
type Value struct {
	query.Cell        // CellNull where nothing is known
	Shown      string // for people, with unit; the reason when the cell is null
	Percent    bool   // a number from 0 to 1 that is shown as a percentage
	Decimals   int    // how many are shown; Plain for all
	Verdict    string // "" without
	Level      int    // of a heat map's cell; -1 elsewhere
}

// Plain is the Decimals of a number that is shown as it is.
const Plain = -1

// Len is the number of rows.
func (g *Grid) Len() int { return g.rows }

// Each shows the rows in their order. The values are valid until the next row.
func (g *Grid) Each(row func(values []Value) error) error { return g.each(row) }

// Grid is the section as rows and columns; nil where it is text only.
func (s *Section) Grid() *Grid {
	switch s.Kind {
	case KindKPI:
		return tileGrid(s.Tiles, unitOf)
	case KindFindings:
		return findingGrid(s.Findings)
	case KindHeatmap:
		return s.Heatmap.grid()
	case KindRanking:
		return s.Ranking.grid()
	case KindTrend:
		return s.Trend.grid()
	case KindHistogram:
		return s.Histogram.grid()
	case KindTable:
		return s.Table.grid()
	case KindQuality:
		return s.Quality.grid()
	case KindDefinitions:
		return termGrid(s.Terms)
	}
	return nil
}

// lines are a grid that is held in memory.
func lines(columns []GridColumn, empty string, rows [][]Value) *Grid {
	return &Grid{Columns: columns, Empty: empty, rows: len(rows), each: func(row func([]Value) error) error {
		for _, values := range rows {
			if err := row(values); err != nil {
				return err
			}
		}
		return nil
	}}
}

func textColumn(name, key string) GridColumn { return GridColumn{Name: name, Key: key} }
func numberColumn(name, key string) GridColumn {
	return GridColumn{Name: name, Key: key, Numeric: true}
}

// textValue is a text; "" is nothing.
func textValue(s string) Value {
	v := Value{Shown: s, Level: -1, Decimals: Plain}
	if s != "" {
		v.Cell = query.Cell{Kind: query.CellText, Text: s}
	}
	return v
}

// numberValue is a number that has so many decimals.
func numberValue(n float64, decimals int) Value {
	return Value{Cell: query.Cell{Kind: query.CellNumber, Num: n}, Shown: FormatNumber(n, decimals), Decimals: decimals, Level: -1}
}

func countValue(n float64) Value { return numberValue(n, 0) }

// optional is a number that may be missing.
func optional(n *float64, decimals int) Value {
	if n == nil {
		return textValue("")
	}
	return numberValue(*n, decimals)
}

// percentValue is a share from 0 to 1.
func percentValue(share *float64, text string) Value {
	if share == nil {
		return textValue("")
	}
	v := numberValue(*share, percentDecimals)
	v.Percent, v.Shown = true, text
	return v
}

// figureValue is a figure: a number where it is shown as one, else the reason.
func figureValue(f Figure) Value {
	if !f.Shown() {
		return Value{Shown: f.Text, Verdict: f.Verdict, Decimals: Plain, Level: -1}
	}
	v := numberValue(*f.Value, f.Decimals)
	v.Percent, v.Shown, v.Verdict = f.Percent, f.Text, f.Verdict
	return v
}

// boundValue is an end of a figure's interval.
func boundValue(f Figure, bound *float64) Value {
	if !f.Shown() || bound == nil {
		return textValue("")
	}
	v := numberValue(*bound, f.Decimals)
	v.Percent, v.Shown = f.Percent, f.format(*bound, "")
	return v
}

// headName is a measure as the head of a column. A unit that the values carry as text
// stands here, too, for the values of a workbook are bare numbers.
func headName(h Head) string {
	if h.Unit == "" {
		return h.Label
	}
	return h.Label + " (" + h.Unit + ")"
}

func headColumn(h Head) GridColumn { return numberColumn(headName(h), h.Measure) }
