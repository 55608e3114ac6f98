package xlsx

import (
	"errors"
	"math"
	"strings"
	"unicode/utf8"

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

// measuredRows is how many rows of a grid decide the widths of its columns, and
// measuredColumns how many columns have a width of their own: the library copies all of
// them for each one, so that a thousand would take seconds.
const (
	measuredRows    = 1000
	measuredColumns = 256
)

const (
	minWidth, maxWidth = 7.0, 60.0
	filterWidth        = 3.0 // of the button in a header
)

var errMeasured = errors.New("enough rows are measured")

// measure sets the width of each column to that of the widest text in it.
func (s *sheetWriter) measure() error {
	for _, b := range s.blocks {
		if b.grid == nil {
			s.widen(0, 24) // labels of facts
			s.widen(1, 24)
			continue
		}
		if len(b.grid.Columns) > maxColumns {
			return errTooManyColumns
		}
		d := b.drawing()
		for i, c := range b.grid.Columns {
			s.widen(i, headerWidth(c.Name)+filterWidth*float64(boolInt(s.alone() && b.filtered())))
		}
		rows := 0
		err := b.grid.Each(func(values []report.Value) error {
			if rows++; rows > measuredRows {
				return errMeasured
			}
			for i := range values {
				s.widen(i, valueWidth(&values[i], d))
			}
			return nil
		})
		if err != nil && !errors.Is(err, errMeasured) {
			return err
		}
	}
	if !s.plain() {
		s.widen(0, 18) // the verdict, labels of facts
	}
	return nil
}

func (s *sheetWriter) widen(column int, width float64) {
	for len(s.widths) <= column && len(s.widths) < measuredColumns {
		s.widths = append(s.widths, minWidth)
	}
	if column < len(s.widths) {
		s.widths[column] = math.Min(math.Max(s.widths[column], width), maxWidth)
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// headerWidth lets a name of several words take two lines.
func headerWidth(name string) float64 {
	width := minWidth
	for _, word := range strings.Fields(name) {
		width = math.Max(width, textWidth(word)+2)
	}
	for width < maxWidth && linesOf(name, width-2) > 2 {
		width++
	}
	return width
}

// valueWidth is how much a value takes; a sentence may be wrapped.
func valueWidth(v *report.Value, d drawing) float64 {
	switch {
	case v.Kind == query.CellNull && d.gaps:
		return 0
	case v.Kind == query.CellTime && len(v.Text) > len(query.DateLayout):
		return 24
	case v.Kind == query.CellNumber && v.Decimals == report.Plain:
		return 12
	case v.Verdict != "" && (d.marks || v.Kind == query.CellText):
		return textWidth(v.Shown) + 4
	case d.heat:
		return textWidth(v.Shown) + 1
	}
	return textWidth(v.Shown) + 3
}

// textWidth is the length of a text in characters; those of East Asia take two.
func textWidth(s string) float64 {
	if len(s) > 4*maxText {
		return maxText
	}
	width := utf8.RuneCountInString(s)
	for _, r := range s {
		if r >= 0x1100 && r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0xff00 && r <= 0xff60 || r >= 0x1f300 && r <= 0x3fffd {
			width++
		}
	}
	return float64(width)
}
