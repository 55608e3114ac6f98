//go:build peers

package peers

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/definition"
	"qosreport/internal/query"
	"qosreport/internal/report"
	"qosreport/internal/report/xlsx"
)

// modes say whether LibreOffice computes each cell again when it opens a workbook.
var modes = []struct{ name, setting string }{{"never recalculates", "1"}, {"always recalculates", "0"}}

// office is LibreOffice with a profile of its own: two runs at once cannot share one.
type office struct{ profile string }

func newOffice(t *testing.T, recalculate string) office {
	t.Helper()
	o := office{profile: filepath.Join(folder(t), "profile")}
	settings := `<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>` + recalculate + `</value></prop></item>
</oor:items>`
	if err := os.MkdirAll(filepath.Join(o.profile, "user"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.profile, "user", "registrymodifications.xcu"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return o
}

// convert writes the file in another form. LibreOffice ends with 0 even when it could not
// read the file, so that what it wrote is looked for.
func (o office) convert(t *testing.T, form, file string) string {
	t.Helper()
	dir := t.TempDir()
	said, err := tool(t, nil, "soffice", "-env:UserInstallation=file://"+o.profile, "--headless", "--norestore", "--convert-to", form, "--outdir", dir, file)
	if err != nil {
		t.Fatalf("soffice: %v\n%s", err, said)
	}
	if written, err := os.ReadDir(dir); err != nil || len(written) == 0 {
		t.Fatalf("soffice wrote nothing: %v\n%s", err, said)
	}
	return dir
}

// cells are all cells of a workbook that hold anything, by sheet and place: a number, or
// what kind of thing else it is and its text.
func cells(t *testing.T, path string) (sheets []string, values map[string]string) {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	values = make(map[string]string)
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			for k, value := range row {
				at, err := excelize.CoordinatesToCellName(k+1, i+1)
				if err != nil {
					t.Fatal(err)
				}
				if value != "" {
					values[sheet+"!"+at] = kindOf(t, f, sheet, at) + value
				}
			}
		}
	}
	return f.GetSheetList(), values
}

func kindOf(t *testing.T, f *excelize.File, sheet, at string) string {
	t.Helper()
	kind, err := f.GetCellType(sheet, at)
	if err != nil {
		t.Fatal(err)
	}
	if formula, err := f.GetCellFormula(sheet, at); formula != "" || err != nil {
		return "formula "
	}
	switch kind {
	case excelize.CellTypeUnset, excelize.CellTypeNumber:
		return ""
	case excelize.CellTypeInlineString, excelize.CellTypeSharedString:
		return "text "
	case excelize.CellTypeBool:
		return "truth "
	}
	return "error "
}

func sameCell(ours, theirs string) bool {
	a, err := strconv.ParseFloat(ours, 64)
	if err != nil {
		return ours == theirs
	}
	b, err := strconv.ParseFloat(theirs, 64)
	return err == nil && math.Abs(a-b) <= 1e-12*math.Abs(a)
}

// LibreOffice opens the demo's workbook, finds each cell to be what it was written as,
// keeps the charts, and prints it.
func TestLibreOfficeReadsTheWorkbook(t *testing.T) {
	out := t.TempDir()
	ok(t, "demo", "--days", "4", "--out", out)
	book := filepath.Join(out, "voice-daily_2017-09-12.xlsx")
	sheets, ours := cells(t, book)
	if !slices.Contains(sheets, "Summary") || !slices.Contains(sheets, "About") || len(ours) < 1000 {
		t.Fatalf("sheets %q with %d cells", sheets, len(ours))
	}
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			o := newOffice(t, mode.setting)
			again := filepath.Join(o.convert(t, "xlsx:Calc MS Excel 2007 XML", book), filepath.Base(book))
			theirSheets, theirs := cells(t, again)
			if !slices.Equal(sheets, theirSheets) {
				t.Errorf("sheets %q, want %q", theirSheets, sheets)
			}
			for at, value := range ours {
				if !sameCell(value, theirs[at]) {
					t.Errorf("%s is %q, want %q", at, theirs[at], value)
				}
				delete(theirs, at)
			}
			if len(theirs) > 0 {
				t.Errorf("cells that were not written: %q", theirs)
			}
			if got, want := charts(t, again), charts(t, book); got != want || want == 0 {
				t.Errorf("%d charts, want %d", got, want)
			}
			checkPrint(t, o, book)
		})
	}
}

// charts is how many charts a workbook has.
func charts(t *testing.T, path string) int {
	t.Helper()
	listing, err := tool(t, nil, "python3", "-m", "zipfile", "-l", path)
	if err != nil {
		t.Fatalf("%v\n%s", err, listing)
	}
	return strings.Count(listing, "xl/charts/chart")
}

// checkPrint looks at the printed workbook: the head, the footer, and no cell that shows
// an error in place of a value.
func checkPrint(t *testing.T, o office, book string) {
	t.Helper()
	pdf := filepath.Join(o.convert(t, "pdf", book), strings.TrimSuffix(filepath.Base(book), ".xlsx")+".pdf")
	text, err := tool(t, nil, "pdftotext", "-layout", pdf, "-")
	if err != nil {
		t.Fatalf("pdftotext: %v\n%s", err, text)
	}
	for _, want := range []string{"Voice quality", "Page 1 of ", "Poor calls", "GROUP BY"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not printed", want)
		}
	}
	for _, bad := range []string{"#NAME?", "#VALUE!", "#REF!", "#DIV/0!", "Err:", "###"} {
		if at := strings.Index(text, bad); at >= 0 {
			t.Errorf("printed: %.80q", text[max(0, at-40):])
		}
	}
	if pages := strings.Count(text, "\f"); pages < 7 || pages > 25 {
		t.Errorf("%d pages", pages)
	}
}

// hostileRows are texts that a spreadsheet may take for something else.
type hostileRows []string

func (h hostileRows) Len() int { return len(h) }
func (h hostileRows) Each(row func(cells []query.Cell) error) error {
	for _, text := range h {
		if err := row([]query.Cell{{Kind: query.CellText, Text: text}}); err != nil {
			return err
		}
	}
	return nil
}

// A text stays the text that it is, even in a program that computes what it can.
func TestLibreOfficeComputesNoText(t *testing.T) {
	hostile := hostileRows{
		`=HYPERLINK("http://example.invalid","x")`, "=1+1", "+1+1", "-1-1", "@SUM(A1)", "\t=1", "'=1", "=cmd|'/C calc'!A1", "_x000D_", "_x0041_",
		"a\u202Eb", "TRUE", "2017-09-12", "1E5", "00420", "#NAME?", " lead and trail ", "line\nline", "</t><script>&", strings.Repeat("=", 40_000),
	}
	path := filepath.Join(t.TempDir(), "hostile.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := &report.Page{Title: "=1+1", Report: "=1+1", Sections: []report.Section{{Name: "rows", Title: "=1+1", Kind: report.KindTable,
		Table: &report.Table{Columns: []report.Column{{Name: "=1+1"}}, Rows: hostile}}}}
	if err := xlsx.Render(f, page, []definition.Sheet{{Name: "=1+1", Sections: []string{"rows"}}}); err != nil {
		t.Fatal(err)
	}
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			dir := newOffice(t, mode.setting).convert(t, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", path)
			data, err := os.ReadFile(filepath.Join(dir, "hostile-=1+1.csv"))
			if err != nil {
				t.Fatal(err)
			}
			rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
			if err != nil || len(rows) != len(hostile)+1 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			for i, want := range append([]string{"=1+1"}, hostile...) {
				got := rows[i][0]
				if len(want) > 32_767 {
					got, want = strings.TrimSuffix(got, "… [cut]"), want[:len(got)-len("… [cut]")]
				}
				if got != want {
					t.Errorf("%.60q became %.60q", want, got)
				}
			}
		})
	}
}
