// Package xlsx draws a report as a workbook: typed cells, frozen headers, filters, one
// sheet for each group of sections.
//
// Every sheet is written by excelize's stream writer, so that a long table takes no
// memory. The order of its calls is fixed: panes and widths, rows from top to bottom,
// filter, flush.
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

// Render writes the sheets that are named, or one for each section when none is.
func Render(w io.Writer, p *report.Page, sheets []definition.Sheet) (err error) {
	f := excelize.NewFile()
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	b := &book{file: f, page: p}
	if err := b.prepare(); err != nil {
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
	}, title)
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
	styles styles
}

func (b *book) prepare() error {
	created := b.page.Provenance.Generated.UTC().Format(time.RFC3339)
	err := b.file.SetDocProps(&excelize.DocProperties{
		Title:       b.page.Title + " " + b.page.Window.Text(),
		Creator:     "qosreport " + b.page.Provenance.Program,
		Description: "Report " + b.page.Report + ", run " + b.page.Provenance.Run,
		Created:     created,
		Modified:    created,
	})
	if err != nil {
		return err
	}
	b.styles, err = newStyles(b.file)
	return err
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
	landscape, fit, paper := "landscape", true, 9 // A4
	if err := b.file.SetSheetProps(s.Name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	width, height := 1, 0
	err := b.file.SetPageLayout(s.Name, &excelize.PageLayoutOptions{Size: &paper, Orientation: &landscape, FitToWidth: &width, FitToHeight: &height})
	if err != nil {
		return err
	}
	stream, err := b.file.NewStreamWriter(s.Name)
	if err != nil {
		return err
	}
	sheet := &sheetWriter{book: b, out: stream, name: s.Name}
	if err := sheet.sections(b.page.Pick(s.Sections)); err != nil {
		return err
	}
	return stream.Flush()
}

// maxSheetRows is what a sheet can hold.
const maxSheetRows = 1_048_576

var errTooManyRows = errors.New("more rows than a sheet can hold (1 048 576): lower the dataset's limit")
