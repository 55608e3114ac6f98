package xlsx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// printSetup makes a sheet that prints well: A4, landscape, one page wide, with a footer.
// Grid lines are shown only where a sheet is plain rows.
func (s *sheetWriter) printSetup() error {
	f := s.book.file
	landscape, fit, paper, lines := "landscape", true, 9, s.plain()
	if err := f.SetSheetProps(s.name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	if err := f.SetSheetView(s.name, -1, &excelize.ViewOptions{ShowGridLines: &lines}); err != nil {
		return err
	}
	width, height := 1, 0
	err := f.SetPageLayout(s.name, &excelize.PageLayoutOptions{Size: &paper, Orientation: &landscape, FitToWidth: &width, FitToHeight: &height})
	if err != nil {
		return err
	}
	side, end, edge := 0.4, 0.6, 0.3 // inches
	err = f.SetPageMargins(s.name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &side, Bottom: &end, Header: &edge, Footer: &edge})
	if err != nil {
		return err
	}
	p := s.book.page
	return f.SetHeaderFooter(s.name, &excelize.HeaderFooterOptions{
		OddFooter: "&L" + footerText(p.Title+" "+p.Window.Text(), 100) + "&C" + footerText(p.Report, 60) + "&RPage &P of &N",
	})
}

// onePageRows is up to how many rows a sheet with charts is printed on one page: a chart
// that goes over two pages is worse than a small one.
const onePageRows = 72

// onePage shrinks a sheet with charts to one page where it can still be read. Manual page
// breaks would not help, since Excel ignores them in sheets that are fitted to a width.
func (s *sheetWriter) onePage() error {
	if s.row > onePageRows || !slices.ContainsFunc(s.blocks, block.charted) {
		return nil
	}
	one := 1
	return s.book.file.SetPageLayout(s.name, &excelize.PageLayoutOptions{FitToHeight: &one})
}

// footerText is a text without meaning for the footer's own language, in which & begins a
// code. A footer as a whole holds 255 UTF-16 units.
func footerText(s string, units int) string {
	short := shorten(strings.Join(strings.Fields(text(s)), " "), units/2)
	return strings.ReplaceAll(short, "&", "&&")
}

// printTitles repeats rows on top of each printed page.
func (s *sheetWriter) printTitles(from, to int) error {
	return s.book.file.SetDefinedName(&excelize.DefinedName{
		Name: "_xlnm.Print_Titles", Scope: s.name, RefersTo: fmt.Sprintf("%s!$%d:$%d", quoted(s.name), from, to),
	})
}

// quoted is a sheet's name as references write it.
func quoted(sheet string) string { return "'" + strings.ReplaceAll(sheet, "'", "''") + "'" }

// area is a range of a sheet as charts and names refer to it.
func (s *sheetWriter) area(column, top, bottom int) (string, error) {
	name, err := excelize.ColumnNumberToName(column)
	if err != nil {
		return "", err
	}
	if top == bottom {
		return fmt.Sprintf("%s!$%s$%d", quoted(s.name), name, top), nil
	}
	return fmt.Sprintf("%s!$%s$%d:$%s$%d", quoted(s.name), name, top, name, bottom), nil
}

// filter offers the values of the columns above the rows.
func (s *sheetWriter) filter(top, bottom, columns int) error {
	last, err := excelize.ColumnNumberToName(columns)
	if err != nil {
		return err
	}
	f := s.book.file
	if err := f.AutoFilter(s.name, fmt.Sprintf("A%d:%s%d", top, last, bottom), nil); err != nil {
		return err
	}
	// The library does not double an apostrophe in the sheet's name.
	names := f.WorkBook.DefinedNames.DefinedName
	names[len(names)-1].Data = fmt.Sprintf("%s!$A$%d:$%s$%d", quoted(s.name), top, last, bottom)
	return nil
}
