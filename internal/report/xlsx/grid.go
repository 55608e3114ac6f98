package xlsx

import (
	"math"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

// drawing is how the values of a grid are drawn.
type drawing struct {
	rows  bool // plain rows of a query: no cell is wrapped
	gaps  bool // what is missing stays empty, for a chart draws a text as zero
	marks bool // numbers carry the symbol of their verdict, since no column tells it
	heat  bool
}

func (b block) drawing() drawing {
	d := drawing{rows: b.section.Kind == report.KindTable, gaps: b.charted(), heat: b.section.Kind == report.KindHeatmap, marks: true}
	for _, c := range b.grid.Columns {
		if c.Key == "verdict" || c.Key == "result" {
			d.marks = false
		}
	}
	return d
}

// grid writes the header and the rows, or the one sentence that there are none. A table
// keeps its header: who reads it by program looks for the columns.
func (s *sheetWriter) grid(b block) error {
	g, d := b.grid, b.drawing()
	if g.Len() == 0 && !d.rows {
		return s.sentence("", g.Empty, look{colour: quiet})
	}
	if s.row+1+g.Len() > maxRows {
		return errTooManyRows
	}
	if err := s.header(g, d); err != nil {
		return err
	}
	top := s.row
	s.cells = make([]excelize.Cell, len(g.Columns))
	s.refs = make([]any, len(g.Columns))
	err := g.Each(func(values []report.Value) error {
		for i := range values {
			s.refs[i] = nil
			if s.cells[i] = s.cell(&values[i], d); s.cells[i] != (excelize.Cell{}) {
				s.refs[i] = &s.cells[i]
			}
		}
		return s.write(s.refs, s.rowHeight(values, d))
	})
	if err != nil {
		return err
	}
	if g.Len() == 0 {
		return s.sentence("", g.Empty, look{colour: quiet})
	}
	if s.alone() && b.filtered() {
		return s.filter(top, s.row, len(g.Columns))
	}
	return nil
}

// header names the columns, those of numbers on the side of their numbers.
func (s *sheetWriter) header(g *report.Grid, d drawing) error {
	lines := 1.0
	cells := make([]any, len(g.Columns))
	for i, c := range g.Columns {
		l := look{bold: true, fill: shade, under: true, wrap: true, side: "left"}
		switch {
		case d.heat && i > 0:
			l.side = "center"
		case c.Numeric:
			l.side = "right"
		default:
			l.indent = 1
		}
		lines = math.Max(lines, linesOf(c.Name, s.width(i+1)-2))
		cells[i] = excelize.Cell{StyleID: s.book.styles.id(l), Value: text(c.Name)}
	}
	return s.write(cells, height(lines))
}

// rowHeight is that of a row whose texts are wrapped; 0 leaves it as it is. Not every
// program that opens a workbook measures its rows.
func (s *sheetWriter) rowHeight(values []report.Value, d drawing) float64 {
	switch {
	case d.gaps:
		return rowHeight // the chart beside it counts on it
	case d.rows, d.heat:
		return 0
	}
	lines := 1.0
	for i := range values {
		if values[i].Kind == query.CellText {
			lines = math.Max(lines, linesOf(values[i].Text, s.width(i+1)-2))
		}
	}
	if lines == 1 {
		return 0
	}
	return height(lines)
}
