package xlsx

import (
	"math"
	"strings"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/report"
)

const (
	minSentence  = 90.0  // characters that a sentence is merged over, at least
	maxSentence  = 150.0 // and at most, however wide the sheet is
	defaultWidth = 9.14  // of a column that nobody set
	rowHeight    = 15.0  // points
	maxRowHeight = 405.0
	narrow       = 1.15 // letters are not as wide as digits, in which widths are measured
)

// sentence writes a text over as many columns as it needs to be read well, behind the
// mark of a verdict when there is one. Merged cells do not grow by themselves.
func (s *sheetWriter) sentence(mark, sentence string, l look) error {
	column := 1
	var cells []any
	if mark != "" {
		cells = append(cells, s.word(mark, mark, 0))
		column = 2
	}
	l.wrap, l.top = true, true
	cells = append(cells, excelize.Cell{StyleID: s.book.styles.id(l), Value: text(sentence)})
	return s.merged(cells, column, sentence, l)
}

// merged writes a row whose cell in the column is merged with those to its right.
func (s *sheetWriter) merged(cells []any, column int, content string, l look) error {
	last, width := column, s.width(column)
	whole := 0.0
	for _, w := range s.widths {
		whole += w
	}
	for enough := math.Min(math.Max(whole, minSentence), maxSentence); width < enough; width += s.width(last) {
		last++
	}
	larger, wider := 1.0, 1.0
	switch {
	case l.size > 0:
		larger, wider = l.size/fontSize, l.size/fontSize
	case l.mono:
		wider = 1.25
	}
	if err := s.write(cells, height(linesOf(content, width/wider)*larger)); err != nil {
		return err
	}
	if last == column {
		return nil
	}
	from, err := excelize.CoordinatesToCellName(column, s.row)
	if err != nil {
		return err
	}
	to, err := excelize.CoordinatesToCellName(last, s.row)
	if err != nil {
		return err
	}
	return s.out.MergeCell(from, to)
}

func (s *sheetWriter) width(column int) float64 {
	if column <= len(s.widths) {
		return s.widths[column-1]
	}
	return defaultWidth
}

// linesOf is how many lines a text takes in a cell so wide when it is broken at spaces.
func linesOf(content string, width float64) float64 {
	width *= narrow
	lines := 0.0
	for paragraph := range strings.Lines(strings.TrimRight(content, "\r\n") + "\n") {
		lines++
		used := 0.0
		for word := range strings.SplitSeq(strings.TrimRight(paragraph, "\r\n"), " ") {
			w := textWidth(word)
			if used > 0 && used+w > width {
				lines++
				used = 0
			}
			more := math.Max(0, math.Ceil(w/width)-1) // a word of more than one line
			lines += more
			used += w - more*width + 1
		}
	}
	return lines
}

// height is that of a row with so many lines.
func height(lines float64) float64 { return math.Min(lines*rowHeight, maxRowHeight) }

// word is a text in the colour of a verdict, with its symbol.
func (s *sheetWriter) word(verdict, words string, indent int) excelize.Cell {
	mark := verdicts[verdict]
	if verdict == report.IncompleteWord {
		mark = verdicts["breach"]
	}
	l := look{bold: true, colour: mark.colour, side: "left", indent: indent, top: indent == 0}
	if mark.colour == "" {
		l.colour = quiet
	}
	return excelize.Cell{StyleID: s.book.styles.id(l), Value: mark.symbol + text(words)}
}

// findingTexts tells each finding in whole sentences.
func (s *sheetWriter) findingTexts(f *report.Findings) error {
	for _, item := range f.Items {
		s.row++
		if err := s.sentence(item.Verdict, item.Title, look{bold: true}); err != nil {
			return err
		}
		if err := s.sentence("", strings.TrimSpace(item.Text+" "+item.Cause), look{}); err != nil {
			return err
		}
	}
	return nil
}

// fact is a label and a number or a text.
func (s *sheetWriter) fact(label string, value excelize.Cell) error {
	return s.write([]any{excelize.Cell{StyleID: s.book.styles.id(look{colour: quiet}), Value: text(label)}, value}, 0)
}

// figure is a figure as a number, or the reason why it has none.
func (s *sheetWriter) figure(f report.Figure) excelize.Cell {
	if !f.Shown() {
		return excelize.Cell{StyleID: s.book.styles.id(look{colour: quiet, side: "right"}), Value: text(f.Text)}
	}
	return excelize.Cell{StyleID: s.book.styles.id(look{format: numberFormat(f.Percent, f.Decimals, "")}), Value: *f.Value}
}

func (s *sheetWriter) count(n float64) excelize.Cell {
	return excelize.Cell{StyleID: s.book.styles.id(look{format: numberFormat(false, 0, "")}), Value: n}
}

// members says of how many members a ranking is that does not show all of them.
func (s *sheetWriter) members(r *report.Ranking) error {
	if r.Members <= len(r.Rows) {
		return nil
	}
	s.row++ // a filter would take the fact for a row
	return s.fact("Members", s.count(float64(r.Members)))
}
