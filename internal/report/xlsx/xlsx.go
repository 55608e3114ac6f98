// Package xlsx draws a report as a workbook: typed cells, coloured verdicts, frozen
// headers, filters and charts, one sheet for each group of sections.
//
// Every sheet is written by excelize's stream writer, so that a long table takes no
// memory. The order of its calls is fixed, for a call out of turn is lost without an
// error: the sheet's properties; panes and widths; rows from top to bottom; merged cells,
// charts, filter; flush.
//
// Whatever the page holds ends as the text or the number that it is, never as a formula.
package xlsx

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/definition"
	"qosreport/internal/report"
)

// Render writes the sheets that are named, or one for each section when none is. The same
// page gives the same bytes.
func Render(w io.Writer, p *report.Page, sheets []definition.Sheet) (err error) {
	f := excelize.NewFile()
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	b := &book{file: f, page: p, styles: newStyles(f)}
	if err := b.properties(); err != nil {
		return err
	}
	if len(sheets) == 0 {
		for _, s := range p.Sections {
			sheets = append(sheets, definition.Sheet{Name: sheetName(s.Title, sheets), Sections: []string{s.Name}})
		}
	}
	for i, sheet := range sheets {
		if err := b.sheet(i, sheet); err != nil {
			return fmt.Errorf("sheet %s: %w", sheet.Name, err)
		}
	}
	return writeSorted(w, f)
}

// sheetName makes a legal name that no earlier sheet has.
func sheetName(title string, taken []definition.Sheet) string {
	legal := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text(title))
	base := cmp.Or(shorten(strings.TrimSpace(legal), 24), "Sheet")
	name := base
	for n := 2; ; n++ {
		free := !slices.ContainsFunc(taken, func(s definition.Sheet) bool { return strings.EqualFold(s.Name, name) })
		if free && !strings.EqualFold(name, "history") {
			return name
		}
		name = fmt.Sprintf("%s (%d)", base, n)
	}
}

// shorten cuts a name to at most so many UTF-16 units, in which Excel counts.
func shorten(name string, units int) string {
	for i, r := range name {
		if units -= utf16.RuneLen(r); units < 0 {
			return strings.TrimSpace(name[:i])
		}
	}
	return name
}

// book is the workbook while it is written.
type book struct {
	file   *excelize.File
	page   *report.Page
	styles *styles
}

func (b *book) properties() error {
	p := b.page
	created := p.Provenance.Generated.UTC().Format(time.RFC3339)
	err := b.file.SetDocProps(&excelize.DocProperties{
		Title:          text(p.Title + " " + p.Window.Text()),
		Subject:        text(p.Verdict.Sentence),
		Category:       "Report",
		Keywords:       text(p.Report),
		Creator:        text("qosreport " + p.Provenance.Program),
		LastModifiedBy: text("qosreport " + p.Provenance.Program),
		Description:    text("Report " + p.Report + ", run " + p.Provenance.Run),
		Created:        created,
		Modified:       created,
	})
	if err != nil {
		return err
	}
	return b.file.SetAppProps(&excelize.AppProperties{Application: "qosreport"})
}

// sheet writes one sheet. The first takes the place of the one that a new file has.
func (b *book) sheet(index int, s definition.Sheet) error {
	if index == 0 {
		if err := b.file.SetSheetName("Sheet1", s.Name); err != nil {
			return err
		}
	} else if _, err := b.file.NewSheet(s.Name); err != nil {
		return err
	}
	sheet := &sheetWriter{book: b, name: s.Name}
	for _, section := range b.page.Pick(s.Sections) {
		sheet.blocks = append(sheet.blocks, block{section: section, grid: section.Grid()})
	}
	if err := sheet.printSetup(); err != nil {
		return err
	}
	var err error
	if sheet.out, err = b.file.NewStreamWriter(s.Name); err != nil {
		return err
	}
	if err := sheet.draw(); err != nil {
		return err
	}
	if b.styles.err != nil {
		return b.styles.err
	}
	return sheet.out.Flush()
}

// maxRows and maxColumns are what a sheet can hold.
const (
	maxRows    = 1_048_576
	maxColumns = 16_384
)

var (
	errTooManyRows    = errors.New("more rows than a sheet can hold (1 048 576): lower the dataset's limit")
	errTooManyColumns = errors.New("more columns than a sheet can hold (16 384): select fewer")
)
