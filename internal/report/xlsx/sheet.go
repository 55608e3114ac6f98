package xlsx

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

// sheetWriter writes one sheet from top to bottom.
type sheetWriter struct {
	book *book
	out  *excelize.StreamWriter
	name string
	row  int // the last one written
}

// sections writes the sections of the sheet below each other. Widths and panes come
// before the first row, or they are lost without an error.
func (s *sheetWriter) sections(sections []report.Section) error {
	alone := len(sections) == 1 && sections[0].Kind == report.KindTable
	if err := s.layout(sections, alone); err != nil {
		return err
	}
	if !alone {
		if err := s.head(); err != nil {
			return err
		}
	}
	for _, section := range sections {
		if !alone {
			if err := s.write(excelize.Cell{StyleID: s.book.styles.title, Value: text(section.Title)}); err != nil {
				return err
			}
		}
		draw := s.tiles
		if section.Kind == report.KindTable {
			draw = s.table
		}
		if err := draw(section, alone); err != nil {
			return err
		}
	}
	return nil
}

// layout sets widths for all rows and freezes the header of a sheet that is one table.
func (s *sheetWriter) layout(sections []report.Section, alone bool) error {
	widths := []float64{28, 14, 8, 14, 34, 24, 12}
	for _, section := range sections {
		if section.Kind != report.KindTable {
			continue
		}
		measured, err := measure(section.Table)
		if err != nil {
			return err
		}
		for i, w := range measured {
			if i == len(widths) {
				widths = append(widths, w)
			}
			if alone {
				widths[i] = w
			} else {
				widths[i] = max(widths[i], w)
			}
		}
	}
	for i, w := range widths {
		if err := s.out.SetColWidth(i+1, i+1, w); err != nil {
			return err
		}
	}
	if !alone {
		return nil
	}
	return s.out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// measuredRows is how many rows of a table decide the widths of its columns.
const measuredRows = 1000

func measure(t *report.Table) ([]float64, error) {
	widths := make([]float64, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = float64(utf8.RuneCountInString(c.Name)) + 3
	}
	rows := 0
	err := t.Rows.Each(func(cells []query.Cell) error {
		if rows++; rows > measuredRows {
			return errMeasured
		}
		for i, c := range cells {
			n := 12
			switch c.Kind {
			case query.CellText, query.CellDecimal:
				n = utf8.RuneCountInString(c.Text)
			case query.CellTime:
				n = 22
			}
			widths[i] = min(max(widths[i], float64(n)+2), 60)
		}
		return nil
	})
	if err == errMeasured {
		err = nil
	}
	return widths, err
}

var errMeasured = fmt.Errorf("measured %d rows", measuredRows)

// head says which report this is, and how it ended.
func (s *sheetWriter) head() error {
	p := s.book.page
	lines := [][]any{
		{excelize.Cell{StyleID: s.book.styles.title, Value: text(p.Title)}},
		{excelize.Cell{StyleID: s.book.styles.quiet, Value: text(p.Window.Text() + " " + p.Window.Zone)}},
	}
	if p.Verdict.Judged() {
		lines = append(lines, []any{s.verdict(p.Verdict.Word), text(p.Verdict.Sentence)})
	}
	for _, line := range lines {
		if err := s.write(line...); err != nil {
			return err
		}
	}
	return s.write()
}

func (s *sheetWriter) verdict(word string) excelize.Cell {
	symbol := map[string]string{"good": "✔ ", "watch": "▲ ", "breach": "✖ "}[word]
	return excelize.Cell{StyleID: s.book.styles.verdict[word], Value: symbol + word}
}

func (s *sheetWriter) tiles(section report.Section, _ bool) error {
	if err := s.header([]string{"Measure", "Value", "Unit", "Verdict", "Limits", "95 % interval", "n"}, []bool{1: true, 6: true}); err != nil {
		return err
	}
	for _, t := range section.Tiles {
		value, err := s.figure(t)
		if err != nil {
			return err
		}
		row := []any{text(t.Label), value, text(t.Unit), nil, text(t.Limits), text(t.Figure.Interval), nil}
		if t.Figure.Verdict != "" {
			row[3] = s.verdict(t.Figure.Verdict)
		}
		if t.Counted() {
			row[6] = excelize.Cell{StyleID: s.book.styles.integer, Value: t.Figure.N}
		}
		if err := s.write(row...); err != nil {
			return err
		}
	}
	return s.write()
}

// figure is a number with its format, or the text that stands in its place.
func (s *sheetWriter) figure(t report.Tile) (excelize.Cell, error) {
	if !t.Figure.Shown() {
		return excelize.Cell{StyleID: s.book.styles.quiet, Value: text(t.Figure.Text)}, nil
	}
	style, err := s.book.styles.forFigure(t.Figure.Percent, t.Figure.Decimals)
	return excelize.Cell{StyleID: style, Value: *t.Figure.Value}, err
}

func (s *sheetWriter) table(section report.Section, alone bool) error {
	t := section.Table
	names, numbers := make([]string, len(t.Columns)), make([]bool, len(t.Columns))
	for i, c := range t.Columns {
		names[i], numbers[i] = c.Name, c.Numeric()
	}
	if err := s.header(names, numbers); err != nil {
		return err
	}
	top := s.row
	row := make([]any, len(t.Columns))
	err := t.Rows.Each(func(cells []query.Cell) error {
		for i, c := range cells {
			row[i] = s.cell(c)
		}
		return s.write(row...)
	})
	if err != nil {
		return err
	}
	switch {
	case t.Rows.Len() == 0:
		return s.write(excelize.Cell{StyleID: s.book.styles.quiet, Value: "The query returned no row."})
	case alone:
		return s.filter(top, len(names))
	}
	return s.write()
}

// filter offers the columns' values above the rows.
func (s *sheetWriter) filter(top, columns int) error {
	from, err := excelize.CoordinatesToCellName(1, top)
	if err != nil {
		return err
	}
	to, err := excelize.CoordinatesToCellName(columns, s.row)
	if err != nil {
		return err
	}
	return s.book.file.AutoFilter(s.name, from+":"+to, nil)
}

// header names the columns, those of numbers on the side of their numbers.
func (s *sheetWriter) header(names []string, numbers []bool) error {
	cells := make([]any, len(names))
	for i, name := range names {
		style := s.book.styles.header
		if numbers[i] {
			style = s.book.styles.numberHeader
		}
		cells[i] = excelize.Cell{StyleID: style, Value: text(name)}
	}
	return s.write(cells...)
}

func (s *sheetWriter) write(cells ...any) error {
	s.row++
	if s.row > maxSheetRows {
		return errTooManyRows
	}
	at, err := excelize.CoordinatesToCellName(1, s.row)
	if err != nil {
		return err
	}
	return s.out.SetRow(at, cells)
}

// exactInt is where Excel's numbers begin to lose digits.
const exactInt = 1 << 53

// cell gives a value its type. NULL is an empty cell; what Excel would change (long
// integers, exact decimals, NaN) is text.
func (s *sheetWriter) cell(c query.Cell) any {
	st := &s.book.styles
	switch c.Kind {
	case query.CellNull:
		return nil
	case query.CellInt:
		if c.Int > exactInt || c.Int < -exactInt {
			return excelize.Cell{StyleID: st.text, Value: fmt.Sprint(c.Int)}
		}
		return excelize.Cell{StyleID: st.number, Value: c.Int}
	case query.CellNumber:
		if math.IsNaN(c.Num) || math.IsInf(c.Num, 0) {
			return excelize.Cell{StyleID: st.text, Value: fmt.Sprint(c.Num)}
		}
		return excelize.Cell{StyleID: st.number, Value: c.Num}
	case query.CellBool:
		return c.Int != 0
	case query.CellTime:
		return s.time(c.Text)
	}
	return excelize.Cell{StyleID: st.text, Value: text(c.Text)}
}

// time is a date of Excel where Excel has one: from 1900 on.
func (s *sheetWriter) time(value string) any {
	layout, style := "2006-01-02 15:04:05.999999999", s.book.styles.time
	if len(value) == len(query.DateLayout) {
		layout, style = query.DateLayout, s.book.styles.date
	}
	t, err := time.Parse(layout, value)
	if err != nil || t.Year() < 1900 {
		return excelize.Cell{StyleID: s.book.styles.text, Value: text(value)}
	}
	return excelize.Cell{StyleID: style, Value: t}
}

// maxText is how many UTF-16 units a cell can hold; excelize would cut without a word.
const (
	maxText = 32_767
	cutMark = "… [cut]"
)

// text makes a text fit for a cell: valid UTF-8, no character that XML forbids, no
// sequence that Excel would take for an escape, and a mark where it had to be cut.
func text(value string) string {
	value = strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(value, "\uFFFD"))
	if len(value) <= maxText {
		return value
	}
	units := utf16.Encode([]rune(value))
	if len(units) <= maxText {
		return value
	}
	return string(utf16.Decode(units[:maxText-len(cutMark)])) + cutMark
}
