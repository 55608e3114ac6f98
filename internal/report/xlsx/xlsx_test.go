package xlsx

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/definition"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

func unmarshal(t *testing.T, content string, v any) {
	t.Helper()
	if err := xml.Unmarshal([]byte(content), v); err != nil {
		t.Fatal(err)
	}
}

func TestCellsHaveTypes(t *testing.T) {
	tests := []struct {
		name  string
		cell  query.Cell
		kind  excelize.CellType
		raw   string
		shown string
	}{
		{"text", words("plain"), excelize.CellTypeInlineString, "plain", "plain"},
		{"NULL is no cell", query.Cell{}, excelize.CellTypeUnset, "", ""},
		{"number", query.Cell{Kind: query.CellNumber, Num: 0.5}, excelize.CellTypeUnset, "0.5", "0.5"},
		{"integer", query.Cell{Kind: query.CellInt, Int: -420_000_000_000}, excelize.CellTypeUnset, "-420000000000", "-420000000000"},
		{"integer of more than 15 digits", query.Cell{Kind: query.CellInt, Int: 1_000_000_000_000_000}, excelize.CellTypeInlineString, "1000000000000000", "1000000000000000"},
		{"least integer", query.Cell{Kind: query.CellInt, Int: math.MinInt64}, excelize.CellTypeInlineString, "-9223372036854775808", "-9223372036854775808"},
		{"truth", query.Cell{Kind: query.CellBool, Int: 1}, excelize.CellTypeBool, "1", "TRUE"},
		{"falsehood", query.Cell{Kind: query.CellBool}, excelize.CellTypeBool, "0", "FALSE"},
		{"timestamp", query.Cell{Kind: query.CellTime, Text: "2017-09-12 14:00:00.250000000"}, excelize.CellTypeUnset, "42990.58333622685", ""}, // the library itself shows .000, LibreOffice .250,
		{"date", query.Cell{Kind: query.CellTime, Text: "2017-09-12"}, excelize.CellTypeUnset, "42990", "2017-09-12"},
		{"date before Excel's first", query.Cell{Kind: query.CellTime, Text: "1399-01-01"}, excelize.CellTypeInlineString, "1399-01-01", "1399-01-01"},
		{"no date", query.Cell{Kind: query.CellTime, Text: "2017-13-99"}, excelize.CellTypeInlineString, "2017-13-99", "2017-13-99"},
		{"decimal keeps its zeros", query.Cell{Kind: query.CellDecimal, Text: "-0.10"}, excelize.CellTypeUnset, "-0.1", "-0.10"},
		{"decimal of 16 digits", query.Cell{Kind: query.CellDecimal, Text: "12345678901234.56"}, excelize.CellTypeInlineString, "12345678901234.56", "12345678901234.56"},
		{"decimal that is none", query.Cell{Kind: query.CellDecimal, Text: "0x10"}, excelize.CellTypeInlineString, "0x10", "0x10"},
		{"not a number", query.Cell{Kind: query.CellNumber, Num: math.NaN()}, excelize.CellTypeInlineString, "NaN", "NaN"},
		{"infinity", query.Cell{Kind: query.CellNumber, Num: math.Inf(-1)}, excelize.CellTypeInlineString, "-Inf", "-Inf"},
	}
	var table rows
	for _, tt := range tests {
		table = append(table, []query.Cell{tt.cell, {}})
	}
	f := open(t, render(t, page(table), nil))
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := fmt.Sprintf("A%d", i+2)
			kind, err := f.GetCellType("Worst calls", at)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := f.GetCellValue("Worst calls", at, excelize.Options{RawCellValue: true})
			if err != nil {
				t.Fatal(err)
			}
			shown, err := f.GetCellValue("Worst calls", at)
			if err != nil {
				t.Fatal(err)
			}
			if kind != tt.kind || raw != tt.raw || tt.shown != "" && shown != tt.shown {
				t.Errorf("type %d %q shown as %q", kind, raw, shown)
			}
		})
	}
}

// lines are the rows of a sheet as they are shown.
func lines(t *testing.T, f *excelize.File, sheet string, options ...excelize.Options) []string {
	t.Helper()
	got, err := f.GetRows(sheet, options...)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(got))
	for i, row := range got {
		out[i] = strings.Join(row, "|")
	}
	return out
}

func TestSectionsStandBelowEachOther(t *testing.T) {
	p := page(nil)
	p.Params = []report.Param{{Name: "sites", Values: []string{"Zürich", "Genève"}}}
	p.Verdict.Incomplete = []string{"late rows", "NULLs"}
	p.Sections[0].Notes = []string{"Calls are legs."}
	f := open(t, render(t, p, []definition.Sheet{{Name: "One", Sections: []string{"summary", "worst", "unknown"}}}))
	got := lines(t, f, "One", excelize.Options{RawCellValue: true})
	want := []string{
		"Voice & more", "2017-09-12 UTC · sites: Zürich, Genève",
		"✖ breach|Poor calls at 3.01 %; Zürich 14:00–16:00 caused 293 of 415.", "✖ data incomplete|late rows; NULLs", "",
		"Summary", "Measure|Value|Unit|Verdict|95 % from|95 % to|n|The day before|Change|Median of 4 Tuesdays|Change|Limits",
		"Poor calls|0.0301|%|✖ breach|0.02709|0.03311|13781|0.0259|+0.42 points|0.0249|no data|good ≤ 2 %, acceptable ≤ 3 %",
		"Network effectiveness ratio|0.931|%||0.8379|1|14801|0.9403|+0.42 points|0.9393|no data|good ≥ 92 %, acceptable ≥ 88 %",
		"Mean opinion score|no data|||||0|||||good ≥ 4.0, acceptable ≥ 3.6", "Talk time|-50|min", "Few|n<30|%||||4", "", "Calls are legs.", "",
		"Worst calls", "name|value", "The query returned no row.",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %s", strings.Join(got, "\n"))
	}
	if shown, _ := f.GetCellValue("One", "B8"); shown != "3.01%" {
		t.Errorf("shown as %q", shown)
	}
}

func TestAReportThatNothingJudgesHasNoVerdict(t *testing.T) {
	p := page(nil)
	p.Verdict = report.Verdict{Word: "not judged", Sentence: "No measure of this report is judged."}
	if got := lines(t, open(t, render(t, p, nil)), "Summary"); got[2] != "" || strings.Contains(strings.Join(got, "\n"), "not judged") {
		t.Errorf("got %q", got[:4])
	}
}

func TestWithoutFindingsTheSentenceStands(t *testing.T) {
	p := sample(size{}, nil)
	p.Sections[1].Findings = &report.Findings{Tested: 96, Text: "96 cells were tested; nothing was unusual."}
	got := lines(t, open(t, render(t, p, []definition.Sheet{{Name: "One", Sections: []string{"findings"}}})), "One")
	if want := []string{"Findings", "96 cells were tested; nothing was unusual."}; !reflect.DeepEqual(got[5:], want) {
		t.Errorf("got %q", got[5:])
	}
}

// A chart draws a text as zero, so that a day without data has to be no cell at all.
func TestDaysWithoutDataAreGaps(t *testing.T) {
	all := parts(t, render(t, sample(size{days: 4}, nil), []definition.Sheet{{Name: "Days", Sections: []string{"trend"}}}))
	cells := cellsOf(t, all["xl/worksheets/sheet1.xml"])
	if cells["A9"].Value == "" || cells["B8"].Value == "" || cells["B10"].Value == "" {
		t.Fatalf("the days are not where they were: %v", cells)
	}
	for _, ref := range []string{"B9", "C9", "D9"} {
		if c, found := cells[ref]; found {
			t.Errorf("%s holds %v", ref, c)
		}
	}
	for _, chart := range []string{"xl/charts/chart1.xml", "xl/charts/chart2.xml"} {
		if !strings.Contains(all[chart], `<dispBlanksAs val="gap">`) || !strings.Contains(all[chart], "<barChart>") || !strings.Contains(all[chart], "<lineChart>") {
			t.Errorf("%s has no gaps, no bars or no lines", chart)
		}
	}
}

// long is a table of so many rows that nobody has in memory.
type long struct {
	rows int
	each func(i int)
}

func (l long) Len() int { return l.rows }
func (l long) Each(row func(cells []query.Cell) error) error {
	cells := []query.Cell{words(strings.Repeat("long ", 800)), {Kind: query.CellNumber}}
	for i := range l.rows {
		if l.each != nil {
			l.each(i)
		}
		cells[1].Num = float64(i)
		if err := row(cells); err != nil {
			return err
		}
	}
	return nil
}

func tableOf(of report.RowSet) *report.Page {
	p := page(nil)
	p.Sections[1].Table.Rows = of
	return p
}

func TestLimitsOfASheet(t *testing.T) {
	p := tableOf(long{rows: maxRows})
	if err := Render(io.Discard, p, nil); !errors.Is(err, errTooManyRows) || !strings.HasPrefix(err.Error(), "sheet Worst calls: ") {
		t.Errorf("too many rows: %v", err)
	}
	p = page(nil)
	p.Sections[1].Table.Columns = make([]report.Column, maxColumns)
	if err := Render(io.Discard, p, nil); err != nil {
		t.Errorf("as many columns as there can be: %v", err)
	}
	p.Sections[1].Table.Columns = make([]report.Column, maxColumns+1)
	if err := Render(io.Discard, p, nil); !errors.Is(err, errTooManyColumns) {
		t.Errorf("too many columns: %v", err)
	}
}

// A row beyond those that were announced is refused, too.
func TestRowsBeyondTheLastAreRefused(t *testing.T) {
	s := &sheetWriter{row: maxRows}
	if err := s.write(nil, 0); !errors.Is(err, errTooManyRows) {
		t.Errorf("got %v", err)
	}
}

// broken is rows whose file cannot be read to the end.
type broken struct{ rows }

func (b broken) Each(row func(cells []query.Cell) error) error {
	return errors.Join(b.rows.Each(row), io.ErrUnexpectedEOF)
}

func TestRowsThatCannotBeReadAreAnError(t *testing.T) {
	if err := Render(io.Discard, tableOf(broken{rows{{words("a"), words("b")}}}), nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

func TestMemoryIsFlat(t *testing.T) {
	const rows = 9_000 // about 36 MB of XML; the library keeps up to 16 MiB
	var early, late runtime.MemStats
	read := func(i int) {
		switch i {
		case rows * 5 / 9:
			runtime.GC()
			runtime.ReadMemStats(&early)
		case rows - 1:
			runtime.GC()
			runtime.ReadMemStats(&late)
		}
	}
	if err := Render(io.Discard, tableOf(long{rows, read}), []definition.Sheet{{Name: "Rows", Sections: []string{"worst"}}}); err != nil {
		t.Fatal(err)
	}
	if grown := int64(late.HeapAlloc) - int64(early.HeapAlloc); grown > 8<<20 {
		t.Errorf("the last 16 MB of rows took %d bytes of memory", grown)
	}
}

func digest(t *testing.T) string {
	t.Helper()
	sum := sha256.Sum256(render(t, sample(size{days: 3, sites: 2, hours: 2, bars: 3}, rows{{words("a"), {Kind: query.CellInt, Int: 1}}}), sheets))
	return hex.EncodeToString(sum[:])
}

const digestSwitch = "QOSREPORT_TEST_DIGEST"

// The library goes over maps; their order differs from run to run and from process to
// process.
func TestSameModelSameBytes(t *testing.T) {
	want := digest(t)
	if os.Getenv(digestSwitch) != "" {
		fmt.Printf("digest %s\n", want)
		return
	}
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			for range 8 {
				if got := digest(t); got != want {
					t.Errorf("two workbooks of one page differ")
				}
			}
		})
	}
	wait.Wait()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, env := range []string{"TZ=Asia/Tokyo", "GOMAXPROCS=1"} {
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestSameModelSameBytes$")
		cmd.Env = append(os.Environ(), digestSwitch+"=1", env)
		out, err := cmd.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("digest "+want)) {
			t.Errorf("with %s: %v\n%s", env, err, out)
		}
	}
}
