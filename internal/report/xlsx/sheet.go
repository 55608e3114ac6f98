package xlsx

import (
	"strings"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/report"
)

// sheetWriter writes one sheet from top to bottom.
type sheetWriter struct {
	book   *book
	name   string
	blocks []block
	out    *excelize.StreamWriter
	row    int             // the last one written
	widths []float64       // of the columns, in characters
	cells  []excelize.Cell // of one row of a grid; used again
	refs   []any           // pointers to them
}

// block is one section, with its rows and columns where it has any.
type block struct {
	section report.Section
	grid    *report.Grid
}

// alone reports whether the sheet is one grid and nothing else that could move.
func (s *sheetWriter) alone() bool {
	return len(s.blocks) == 1 && s.blocks[0].grid != nil && !s.blocks[0].charted()
}

// plain reports whether the sheet is the rows of one table. It starts with the header
// then, as those who read it by program expect.
func (s *sheetWriter) plain() bool {
	return s.alone() && s.blocks[0].section.Kind == report.KindTable
}

// charted reports whether a chart stands beside the grid.
func (b block) charted() bool {
	return b.section.Kind == report.KindTrend || b.section.Kind == report.KindHistogram
}

// filtered reports whether the rows are a list that readers filter and sort.
func (b block) filtered() bool {
	switch b.section.Kind {
	case report.KindTable, report.KindRanking, report.KindFindings, report.KindQuality, report.KindDefinitions:
		return b.grid.Len() > 0
	}
	return false
}

func (s *sheetWriter) draw() error {
	head := s.head()
	if s.plain() {
		head = nil
	}
	if err := s.layout(len(head)); err != nil {
		return err
	}
	for i, l := range head {
		if err := s.sentence(l.mark, l.text, l.look); err != nil {
			return err
		}
		if i == len(head)-1 {
			s.row++
		}
	}
	for _, b := range s.blocks {
		if err := s.block(b); err != nil {
			return err
		}
	}
	return s.onePage()
}

// layout sets the widths of the columns, which parts of the sheet stay in sight, and which
// rows are repeated in print.
func (s *sheetWriter) layout(headLines int) error {
	if err := s.measure(); err != nil {
		return err
	}
	for i, w := range s.widths {
		if err := s.out.SetColWidth(i+1, i+1, w); err != nil {
			return err
		}
	}
	switch {
	case !s.alone() || s.blocks[0].grid.Len() == 0:
		return s.printTitles(1, min(2, max(1, headLines)))
	case !s.plain():
		headLines += 2 + s.blocks[0].introLines()
	}
	header := headLines + 1
	panes := excelize.Panes{Freeze: true, YSplit: header, ActivePane: "bottomLeft"}
	if s.blocks[0].section.Kind == report.KindHeatmap {
		panes.XSplit, panes.ActivePane = 1, "bottomRight"
	}
	corner, err := excelize.CoordinatesToCellName(panes.XSplit+1, header+1)
	if err != nil {
		return err
	}
	panes.TopLeftCell = corner
	if err := s.out.SetPanes(&panes); err != nil {
		return err
	}
	return s.printTitles(header, header)
}

// headLine is a line of the head: a marked word or nothing, and a sentence.
type headLine struct {
	mark string // a verdict
	text string
	look look
}

// head says which report this is, and how it ended.
func (s *sheetWriter) head() []headLine {
	p := s.book.page
	about := []string{strings.TrimSpace(p.Window.Text() + " " + p.Window.Zone)}
	for _, param := range p.Params {
		about = append(about, param.Name+": "+strings.Join(param.Values, ", "))
	}
	lines := []headLine{
		{text: p.Title, look: look{bold: true, size: 16}},
		{text: strings.Join(about, " · "), look: look{colour: quiet}},
	}
	if p.Verdict.Judged() {
		lines = append(lines, headLine{mark: p.Verdict.Word, text: p.Verdict.Sentence, look: look{bold: true}})
	}
	if reasons := p.Verdict.Incomplete; len(reasons) > 0 {
		lines = append(lines, headLine{mark: report.IncompleteWord, text: strings.Join(reasons, "; ")})
	}
	return lines
}

// block writes one section and an empty row.
func (s *sheetWriter) block(b block) error {
	if !s.plain() {
		if err := s.sentence("", b.section.Title, look{bold: true, size: 13}); err != nil {
			return err
		}
	}
	draw := s.gridSection
	if b.section.Kind == report.KindProvenance {
		draw = func(block) error { return s.provenance() }
	}
	if err := draw(b); err != nil {
		return err
	}
	for i, note := range b.section.Notes {
		if i == 0 && b.grid != nil {
			s.row++ // a filter would take the note for a row
		}
		if err := s.sentence("", note, look{colour: quiet}); err != nil {
			return err
		}
	}
	s.row++
	return nil
}

// gridSection writes a grid and what belongs to it but has no column.
func (s *sheetWriter) gridSection(b block) error {
	if b.grid == nil {
		return nil
	}
	if b.introLines() > 0 {
		if err := s.sentence("", b.section.Findings.Text, look{colour: quiet}); err != nil {
			return err
		}
	}
	top := s.row + 1
	if err := s.grid(b); err != nil {
		return err
	}
	switch b.section.Kind {
	case report.KindFindings:
		return s.findingTexts(b.section.Findings)
	case report.KindHeatmap:
		return s.legend(&b.section.Heatmap.Head)
	case report.KindRanking:
		return s.members(b.section.Ranking)
	case report.KindTrend:
		return s.trendCharts(&b.section, top)
	case report.KindHistogram:
		return s.histogramChart(&b.section, top)
	}
	return nil
}

// introLines is how many lines stand between a section's title and its grid. Without a
// finding, the sentence stands in place of the grid.
func (b block) introLines() int {
	if b.section.Kind == report.KindFindings && b.grid.Len() > 0 && b.section.Findings.Text != "" {
		return 1
	}
	return 0
}

// write writes the next row; a nil is no cell.
func (s *sheetWriter) write(cells []any, height float64) error {
	s.row++
	if s.row > maxRows {
		return errTooManyRows
	}
	at, err := excelize.CoordinatesToCellName(1, s.row)
	if err != nil {
		return err
	}
	if height > 0 {
		return s.out.SetRow(at, cells, excelize.RowOpts{Height: height})
	}
	return s.out.SetRow(at, cells)
}
