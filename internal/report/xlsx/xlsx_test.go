package xlsx

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/definition"
	"qosreport/internal/impala/wire"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

// rows are cells in memory.
type rows [][]query.Cell

func (r rows) Len() int { return len(r) }
func (r rows) Each(row func(cells []query.Cell) error) error {
	for _, cells := range r {
		if err := row(cells); err != nil {
			return err
		}
	}
	return nil
}

func words(s string) query.Cell { return query.Cell{Kind: query.CellText, Text: s} }

func page(table rows) *report.Page {
	value, below := 0.0301, -50.0
	columns := []report.Column{{Name: "name", Type: "STRING", ID: wire.String}, {Name: "value", Type: "DOUBLE", ID: wire.Double}}
	return &report.Page{
		Report: "voice-daily", Title: "Voice", Window: report.Window{FromDate: "2017-09-12", ToDate: "2017-09-12", Zone: "UTC"},
		Verdict: report.Verdict{Word: "watch", Sentence: "Poor calls at 3.01 %."},
		Sections: []report.Section{
			{Name: "summary", Title: "Summary", Kind: report.KindKPI, Tiles: []report.Tile{
				{Head: report.Head{Measure: "pcr", Kind: "ratio", Label: "Poor calls", Percent: true, Decimals: 2, Better: "down", Limits: "good ≤ 2 %"},
					Figure: report.Figure{Value: &value, N: 13781, Percent: true, Decimals: 2, Text: "3.01 %", Verdict: "watch"}},
				{Head: report.Head{Measure: "acd", Kind: "mean", Unit: "s", Label: "Duration"}, Figure: report.Figure{Text: "no data"}},
				{Head: report.Head{Measure: "offset", Kind: "sum", Unit: "ms", Label: "Offset"}, Figure: report.Figure{Value: &below, Text: "−50 ms"}},
				{Head: report.Head{Measure: "few", Kind: "mean", Label: "Few"}, Figure: report.Figure{Value: &below, N: 3, Few: true, Text: "n<30"}},
			}},
			{Name: "worst", Title: "Worst calls", Kind: report.KindTable, Table: &report.Table{Columns: columns, Rows: table}},
		},
		Provenance: report.Provenance{Program: "v0", Run: "r1", Generated: time.Date(2017, 9, 13, 4, 0, 0, 0, time.UTC)},
	}
}

func render(t *testing.T, p *report.Page, sheets []definition.Sheet) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Render(&out, p, sheets); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func open(t *testing.T, data []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestCellsHaveTypes(t *testing.T) {
	cells := rows{
		{words("plain"), {Kind: query.CellNumber, Num: 0.5}},
		{{Kind: query.CellNull}, {Kind: query.CellInt, Int: 42}},
		{{Kind: query.CellBool, Int: 1}, {Kind: query.CellInt, Int: math.MaxInt64}},
		{{Kind: query.CellTime, Text: "2017-09-12 14:00:00.250000000"}, {Kind: query.CellTime, Text: "1399-01-01"}},
		{{Kind: query.CellDecimal, Text: "0.10"}, {Kind: query.CellNumber, Num: math.NaN()}},
		{words("=HYPERLINK(\"http://example.invalid\",\"x\")"), words("")},
	}
	f := open(t, render(t, page(cells), nil))
	if got := f.GetSheetList(); !reflect.DeepEqual(got, []string{"Summary", "Worst calls"}) {
		t.Fatalf("sheets %v", got)
	}
	want := map[string]struct {
		kind  excelize.CellType
		value string
	}{
		"A1": {excelize.CellTypeInlineString, "name"},
		"A2": {excelize.CellTypeInlineString, "plain"}, "B2": {excelize.CellTypeUnset, "0.5"},
		"A3": {excelize.CellTypeUnset, ""}, "B3": {excelize.CellTypeUnset, "42"},
		"A4": {excelize.CellTypeBool, "1"}, "B4": {excelize.CellTypeInlineString, "9223372036854775807"},
		"A5": {excelize.CellTypeUnset, "42990.58333622685"}, "B5": {excelize.CellTypeInlineString, "1399-01-01"},
		"A6": {excelize.CellTypeInlineString, "0.10"}, "B6": {excelize.CellTypeInlineString, "NaN"},
		"A7": {excelize.CellTypeInlineString, "=HYPERLINK(\"http://example.invalid\",\"x\")"},
	}
	for cell, want := range want {
		kind, err := f.GetCellType("Worst calls", cell)
		if err != nil {
			t.Fatal(err)
		}
		value, err := f.GetCellValue("Worst calls", cell, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		if kind != want.kind || value != want.value {
			t.Errorf("%s: type %d %q, want %d %q", cell, kind, value, want.kind, want.value)
		}
		if formula, _ := f.GetCellFormula("Worst calls", cell); formula != "" {
			t.Errorf("%s is a formula: %s", cell, formula)
		}
	}
}

func TestFiguresAreNumbers(t *testing.T) {
	f := open(t, render(t, page(nil), []definition.Sheet{{Name: "One", Sections: []string{"summary", "worst"}}}))
	got, err := f.GetRows("One", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, len(got))
	for i, row := range got {
		lines[i] = strings.Join(row, "|")
	}
	want := []string{"Voice", "2017-09-12 UTC", "▲ watch|Poor calls at 3.01 %.", "", "Summary", "Measure|Value|Unit|Verdict|Limits|95 % interval|n",
		"Poor calls|0.0301||▲ watch|good ≤ 2 %||13781", "Duration|no data|s||||0", "Offset|-50|ms", "Few|n<30|||||3", "", "Worst calls", "name|value", "The query returned no row."}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("got %q", lines)
	}
	if shown, _ := f.GetCellValue("One", "B7"); shown != "3.01%" {
		t.Errorf("shown as %q", shown)
	}
}

func TestHostileTextSurvives(t *testing.T) {
	tests := map[string]string{
		"_x000D_":                   "_x000D_",
		"a\x01b":                    "a\uFFFDb",
		"\xff":                      "\uFFFD",
		" lead and trail ":          " lead and trail ",
		"line\nline":                "line\nline",
		"</t><script>":              "</t><script>",
		"emoji 😀 東京":                "emoji 😀 東京",
		strings.Repeat("x", 40_000): strings.Repeat("x", maxText-len(cutMark)) + cutMark,
		strings.Repeat("😀", 20_000): "",
	}
	for in, want := range tests {
		f := open(t, render(t, page(rows{{words(in), {}}}), nil))
		got, err := f.GetCellValue("Worst calls", "A2")
		if err != nil {
			t.Fatal(err)
		}
		if want != "" && got != want || !strings.HasSuffix(got, cutMark) && len(in) > maxText {
			t.Errorf("%.40q became %.40q", in, got)
		}
	}
}

func TestSheetNames(t *testing.T) {
	taken := []definition.Sheet{{Name: "Worst calls"}}
	for title, want := range map[string]string{"worst CALLS": "worst CALLS (2)", "a/b:c": "a b c", "History": "History (2)", strings.Repeat("é", 40): strings.Repeat("é", 24),
		strings.Repeat("😀", 40): strings.Repeat("😀", 12), "a\x01b": "a b", "::": "Sheet", "": "Sheet"} {
		if got := sheetName(title, taken); got != want {
			t.Errorf("%s: %s, want %s", title, got, want)
		}
	}
}

func TestSameModelSameBytes(t *testing.T) {
	p := page(rows{{words("a"), {Kind: query.CellInt, Int: 1}}})
	first := render(t, p, nil)
	for range 8 { // the order of a map would differ now and then
		if !bytes.Equal(first, render(t, p, nil)) {
			t.Fatal("two workbooks of one page differ")
		}
	}
}
