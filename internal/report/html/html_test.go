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
	gotLines, wantLines := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			t.Fatalf("%s differs in line %d:\ngot  %s\nwant %s", path, i+1, gotLines[i], wantLines[i])
		}
	}
	if len(gotLines) != len(wantLines) {
		t.Errorf("%s has %d lines, want %d", path, len(gotLines), len(wantLines))
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
	golden(t, "page.html", render(t, sample(someRows()), nil))
}

func TestStatementsKeepTheirLines(t *testing.T) {
	p := sample(nil)
	p.Provenance.Queries[0].Statement = "SELECT 1,\r\n\t2\n-- \u202Eend\x01"
	if got := string(render(t, p, []string{"provenance"})); !strings.Contains(got, "SELECT 1,\n    2\n-- \\u202eend\\u0001</pre>") {
		t.Errorf("the statement reads otherwise: %s", got[strings.Index(got, "<pre"):])
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
	p.Sections = []report.Section{worst(nil)}
	p.Sections[0].Table.Rows = broken{rows{{text("a"), {Kind: query.CellInt, Int: 1}}}}
	if err := Render(io.Discard, p, nil); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// long is rows that watch what was written while they are read.
type long struct {
	written *bytes.Buffer
	late    int // rows that were read before anything was written
}

func (l *long) Len() int { return 20_000 }
func (l *long) Each(row func(cells []query.Cell) error) error {
	cells := []query.Cell{text("name"), {Kind: query.CellInt, Int: 1}}
	for range l.Len() {
		if l.written.Len() == 0 {
			l.late++
		}
		if err := row(cells); err != nil {
			return err
		}
	}
	return nil
}

func TestLongTablesAreWrittenAsTheyAreRead(t *testing.T) {
	var out bytes.Buffer
	table := &long{written: &out}
	p := sample(nil)
	p.Sections = []report.Section{worst(nil)}
	p.Sections[0].Table.Rows = table
	if err := Render(&out, p, nil); err != nil {
		t.Fatal(err)
	}
	if table.late > 5000 || strings.Count(out.String(), "<tr>") != table.Len()+1 {
		t.Errorf("%d rows were read before the first was written", table.late)
	}
}

func TestSectionsArePicked(t *testing.T) {
	got := string(render(t, sample(rows{}), []string{"worst", "quality", "worst"}))
	if strings.Contains(got, "Network effectiveness") || strings.Count(got, "Worst calls</h2>") != 2 || strings.Contains(got, "Statement") {
		t.Error("the sections are not those that were named")
	}
	if !strings.Contains(got, "Generated 2017-09-13 04:00:00 UTC by qosreport v0, run r1, instance prod-1.") {
		t.Error("the page does not say who made it")
	}
}

func TestVerdicts(t *testing.T) {
	tests := []struct {
		name    string
		verdict report.Verdict
		want    []string
		not     []string
	}{
		{"good", report.Verdict{Word: "good", Sentence: "All is well."}, []string{"✔", "good", "All is well."}, []string{"data incomplete"}},
		{"beside incomplete data", report.Verdict{Word: "watch", Sentence: "So so.", Incomplete: []string{"Two hours are missing."}}, []string{"▲", "watch", "data incomplete", "Two hours are missing."}, nil},
		{"too few data", report.Verdict{Word: "too few data", Sentence: "n = 3."}, []string{"–", "too few data", "n = 3."}, []string{"✔", "▲", "✖"}},
		{"nothing judged, yet incomplete", report.Verdict{Word: "not judged", Sentence: "No measure.", Incomplete: []string{"Rows are missing."}}, []string{"data incomplete", "Rows are missing."}, []string{"not judged", "No measure"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := sample(nil)
			p.Verdict = tt.verdict
			_, got, _ := strings.Cut(string(render(t, p, []string{"definitions"})), "<header>")
			got, _, _ = strings.Cut(got, "</header>")
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("the page does not say %q: %s", want, got)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(got, not) {
					t.Errorf("the page says %q", not)
				}
			}
		})
	}
}
