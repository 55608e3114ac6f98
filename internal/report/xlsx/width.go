package xlsx

import (
	"errors"
	"math"
	"strings"
	"unicode"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

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
		if err := s.measureGrid(b); err != nil {
			return err
		}
	}
	if !s.plain() {
		s.widen(0, 18) // the verdict, labels of facts
	}
	return nil
}

func (s *sheetWriter) measureGrid(b block) error {
	d, button, wrapped := b.drawing(), 0.0, s.wrapWidth()
	if s.alone() && b.filtered() {
		button = filterWidth
	}
	for i, c := range b.grid.Columns {
		s.widen(i, headerWidth(c.Name)+button)
	}
	rows := 0
	err := b.grid.Each(func(values []report.Value) error {
		if rows++; rows > measuredRows {
			return errMeasured
		}
		for i := range values {
			width := valueWidth(&values[i], d)
			if values[i].Kind == query.CellText && !d.rows {
				width = math.Min(width, wrapped)
			}
			s.widen(i, width)
		}
		return nil
	})
	if errors.Is(err, errMeasured) {
		return nil
	}
	return err
}

// wrapWidth is where sentences in cells are wrapped: sooner where several grids share the
// columns, since a wide one would pull the others apart.
func (s *sheetWriter) wrapWidth() float64 {
	grids := 0
	for _, b := range s.blocks {
		if b.grid != nil {
			grids++
		}
	}
	if grids > 1 {
		return 32
	}
	return 44
}

func (s *sheetWriter) widen(column int, width float64) {
	for len(s.widths) <= column && len(s.widths) < measuredColumns {
		s.widths = append(s.widths, minWidth)
	}
	if column < len(s.widths) {
		s.widths[column] = math.Min(math.Max(s.widths[column], width), maxWidth)
	}
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
	width := 0
	for _, r := range s {
		width++
		if r >= 0x1100 && unicode.Is(wide, r) {
			width++
		}
	}
	return float64(width)
}

// wide are the characters that take the place of two: Hangul, Kana, Han, full-width forms
// and pictures.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{{0x1100, 0x115f, 1}, {0x2e80, 0xa4cf, 1}, {0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1}, {0xff00, 0xff60, 1}},
	R32: []unicode.Range32{{0x1f300, 0x1faff, 1}, {0x20000, 0x3fffd, 1}},
}
