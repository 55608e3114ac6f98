package html

import (
	"strconv"
	"strings"

	"qosreport/internal/report"
	"qosreport/internal/report/chart"
)

// section is a section with its place on the page.
type section struct {
	report.Section
	ID   string
	Page *report.Page
	d    *drawing
}

func newSection(d *drawing, i int, s report.Section) section {
	return section{Section: s, ID: "s" + strconv.Itoa(i+1), Page: d.Page, d: d}
}

// Charts are the drawings of a trend or a histogram.
func (s section) Charts() []chart.Chart {
	switch {
	case s.Trend != nil:
		return chart.Trend(s.Trend)
	case s.Histogram != nil:
		return []chart.Chart{chart.Histogram(s.Histogram)}
	}
	return nil
}

// Rows is the section as a table.
func (s section) Rows() table {
	t := table{Grid: s.Grid(), Label: s.Title + ", table", d: s.d, Raw: s.Kind == report.KindTable, Last: -1}
	if s.Ranking != nil && s.Ranking.Other != nil {
		t.Last = len(s.Ranking.Rows)
	}
	return t
}

// heatCell is a cell of a heat map as it is drawn.
type heatCell struct{ Class, Text, Title string }

// Heat is the cells of a row. The caption has the unit, so that a day's hours fit side
// by side.
func (s section) Heat(row report.HeatRow) []heatCell {
	cells := make([]heatCell, len(row.Cells))
	for i, c := range row.Cells {
		switch {
		case c.Empty:
		case !c.Shown():
			cells[i] = heatCell{Class: "few", Text: c.Text}
		default:
			number, _, _ := strings.Cut(c.Text, "\u00a0")
			cells[i] = heatCell{Class: "l" + strconv.Itoa(min(max(c.Level, 0), report.MaxLevel)), Text: number, Title: c.Text}
		}
		if c.N > 0 && !c.Empty {
			cells[i].Title = strings.TrimPrefix(cells[i].Title+"; n = "+report.FormatNumber(c.N, 0), "; ")
			if c.Interval != "" && c.Shown() {
				cells[i].Title += "; 95\u00a0%: " + c.Interval
			}
		}
	}
	return cells
}

// Unit is how the numbers of the heat map count.
func (s section) Unit() string {
	if s.Heatmap.Head.Percent {
		return "%"
	}
	return s.Heatmap.Head.Unit
}

// Few reports whether the heat map has cells with too few items.
func (s section) Few() bool {
	for _, row := range s.Heatmap.Rows {
		for _, c := range row.Cells {
			if !c.Empty && !c.Shown() {
				return true
			}
		}
	}
	return false
}
