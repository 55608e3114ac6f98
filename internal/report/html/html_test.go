package html

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qosreport/internal/impala/wire"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with testdata; a file that is missing fails the test.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

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

func text(s string) query.Cell { return query.Cell{Kind: query.CellText, Text: s} }

func sample(table rows) *report.Page {
	value, low, high, limit, ok := 0.0301, 0.0274, 0.0331, 0.02, 0.03
	return &report.Page{
		Schema: report.Schema, Report: "voice-daily", Title: "Voice <quality>",
		Window: report.Window{FromDate: "2017-09-12", ToDate: "2017-09-12", Zone: "Europe/Bratislava",
			From: time.Date(2017, 9, 11, 22, 0, 0, 0, time.UTC), To: time.Date(2017, 9, 12, 22, 0, 0, 0, time.UTC)},
		Params:  []report.Param{{Name: "sites", Values: []string{"Zürich", "<b>"}}},
		Verdict: report.Verdict{Word: "watch", Sentence: "Poor calls at 3.01 %."},
		Sections: []report.Section{
			{Name: "summary", Title: "Summary", Kind: report.KindKPI, Tiles: []report.Tile{
				{Head: report.Head{Measure: "pcr", Kind: "ratio", Label: "Poor calls", Better: "down", Good: &limit, Acceptable: &ok, Limits: "good ≤ 2 %, acceptable ≤ 3 %"},
					Figure: report.Figure{Verdict: "watch", Value: &value, N: 13781, Low: &low, High: &high, Percent: true, Text: "3.01 %", Interval: "2.74 % – 3.31 %"}},
				{Head: report.Head{Measure: "calls", Kind: "sum", Label: "Calls"}, Figure: report.Figure{Text: "20 000"}},
			}},
			{Name: "worst", Title: "Worst calls", Kind: report.KindTable, Table: &report.Table{Rows: table,
				Columns: []report.Column{{Name: "name", Type: "STRING", ID: wire.String}, {Name: "n", Type: "BIGINT", ID: wire.BigInt}}}},
		},
		Provenance: report.Provenance{Program: "v0", Definition: "abc", Run: "r1", Principal: "report@EXAMPLE.COM", Generated: time.Date(2017, 9, 13, 4, 0, 0, 0, time.UTC),
			Queries: []report.Query{{Dataset: "worst", Coordinator: "h:21050", QueryID: "1:2", Statement: "SELECT '<x>' AS a", Seconds: 1.25, Rows: 2, Warnings: []string{"2 files skipped"}}}},
	}
}

func render(t *testing.T, p *report.Page, sections []string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Render(&out, p, sections); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestPage(t *testing.T) {
	golden(t, "page.html", render(t, sample(rows{{text("Zürich"), {Kind: query.CellInt, Int: 3}}, {{Kind: query.CellNull}, {Kind: query.CellNumber, Num: 0.5}}, {{Kind: query.CellTime, Text: "2017-09-12 15:14:58.590000000"}, {Kind: query.CellDecimal, Text: "0.10"}}}), nil))
}

func TestHostileTextIsText(t *testing.T) {
	hostile := []string{"</td><script>alert(1)</script>", `" onmouseover="x`, "\u202Eabc", "\x01", "\xff", "javascript:alert(1)"}
	var table rows
	for _, s := range hostile {
		table = append(table, []query.Cell{text(s), {Kind: query.CellNull}})
	}
	got := string(render(t, sample(table), []string{"worst"}))
	for _, bad := range []string{"<script", `" onmouse`, "\u202E", "\x01", "\xff", "<b>"} {
		if strings.Contains(got, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

func TestThePageLoadsNothing(t *testing.T) {
	got := string(render(t, sample(rows{}), nil))
	for _, bad := range []string{"<script", "src=", "@import", "url(", "<link", "http://", "https://"} {
		if strings.Contains(got, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	if !strings.Contains(got, "The query returned no row.") {
		t.Error("an empty table says nothing")
	}
}

func TestAReportThatNothingJudgesHasNoVerdict(t *testing.T) {
	p := sample(rows{})
	p.Verdict = report.Verdict{Word: "not judged", Sentence: "No measure of this report is judged."}
	if got := string(render(t, p, nil)); strings.Contains(got, "not judged") || strings.Contains(got, "No measure") {
		t.Error("the page speaks of a verdict")
	}
}

// broken is rows whose file cannot be read to the end.
type broken struct{ rows }

func (b broken) Each(row func(cells []query.Cell) error) error {
	return errors.Join(b.rows.Each(row), io.ErrUnexpectedEOF)
}

func TestRowsThatCannotBeReadAreAnError(t *testing.T) {
	p := sample(nil)
	p.Sections[1].Table.Rows = broken{rows{{text("a"), {Kind: query.CellInt, Int: 1}}}}
	if err := Render(io.Discard, p, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

func TestSectionsArePicked(t *testing.T) {
	got := string(render(t, sample(rows{}), []string{"worst"}))
	if strings.Contains(got, "Poor calls</span>") || !strings.Contains(got, "Worst calls") {
		t.Error("the sections are not those that were named")
	}
}
