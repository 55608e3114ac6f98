package xlsx

import (
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/definition"
	"qosreport/internal/report"
)

// hostile is what a cell may hold, and what stands in the XML when it is not the same.
// Office programs read _xHHHH_ as a character; _x005F_ is their escape for its underscore.
var hostile = map[string]string{
	`=HYPERLINK("http://example.invalid","x")`: "",
	"+1+1": "", "-1-1": "", "@SUM(A1)": "", "\t=1": "", "\r=1": "", "'=1": "", "=cmd|'/C calc'!A1": "",
	"_x000D_":          "_x005F_x000D_",
	"a\x01b":           "a\uFFFDb",
	"\u202Eab":         "",
	"a\xffb":           "a\uFFFDb",
	"\ufffe":           "\uFFFD",
	" lead and trail ": "", "line\nline": "", "</t><script>&": "", "emoji 😀 東京": "",
	"TRUE": "", "2017-09-12": "", "1E5": "", "00420": "", "#NAME?": "",
}

// spread puts the text wherever a report holds text that others wrote.
func spread(s string) *report.Page {
	p := sample(size{days: 2, sites: 2, hours: 2, bars: 2}, rows{{words(s), words(s)}})
	p.Title, p.Report, p.Window.Zone, p.Verdict.Sentence = s, s, s, s
	p.Verdict.Incomplete, p.Params = []string{s}, []report.Param{{Name: s, Values: []string{s}}}
	p.Provenance.Queries = sampleQueries(s)
	p.Provenance.Queries[0].Dataset, p.Provenance.Queries[0].Coordinator, p.Provenance.Program = s, s, s
	for i := range p.Sections {
		section := &p.Sections[i]
		section.Title, section.Notes = s, []string{s}
		switch section.Kind {
		case report.KindKPI:
			section.Tiles[0].Label, section.Tiles[0].Limits = s, s
		case report.KindFindings:
			section.Findings.Text, section.Findings.Items[0].Title, section.Findings.Items[0].Where[0].Member = s, s, s
		case report.KindTrend:
			section.Trend.Series[0].Label, section.Trend.Series[0].Unit, section.Trend.Volume.Label = s, s, s
		case report.KindRanking:
			section.Ranking.Rows[0].Member, section.Ranking.Dimension = s, s
		case report.KindHeatmap:
			section.Heatmap.Rows[0].Member, section.Heatmap.Columns[0], section.Heatmap.Head.Label = s, s, s
		case report.KindHistogram:
			section.Histogram.Label, section.Histogram.Unit = s, s
		case report.KindTable:
			section.Table.Columns[0].Name = s
		case report.KindDefinitions:
			section.Terms[0].About, section.Terms[0].Formula = s, s
		}
	}
	return p
}

func TestHostileTextIsText(t *testing.T) {
	for in, want := range hostile {
		if want == "" {
			want = in
		}
		data := render(t, spread(in), sheets)
		all := parts(t, data)
		for name, content := range all {
			if err := wellFormed(content); err != nil {
				t.Errorf("%.40q: %s: %v", in, name, err)
			}
			if !strings.HasPrefix(name, "xl/worksheets/sheet") {
				continue
			}
			for ref, c := range cellsOf(t, content) {
				if c.Formula != nil {
					t.Errorf("%.40q: %s of %s is a formula: %s", in, ref, name, c.Formula.Content)
				}
				if c.Text != "" && c.Type != "inlineStr" {
					t.Errorf("%.40q: %s of %s has type %q", in, ref, name, c.Type)
				}
			}
		}
		if got := cellsOf(t, all["xl/worksheets/sheet5.xml"])["A2"]; got.Text != want || got.Type != "inlineStr" {
			t.Errorf("%.40q: became %q %.40q", in, got.Type, got.Text)
		}
		if _, err := excelize.OpenReader(strings.NewReader(string(data))); err != nil {
			t.Errorf("%.40q: %v", in, err)
		}
	}
}

func TestLongTextsAreCutWithAMark(t *testing.T) {
	tests := map[string]string{
		strings.Repeat("x", 40_000): strings.Repeat("x", maxText-len(cutMark)) + cutMark,
		strings.Repeat("😀", 20_000): strings.Repeat("😀", (maxText-len(cutMark))/2) + cutMark,
		strings.Repeat("é", 32_000): strings.Repeat("é", 32_000),
	}
	for in, want := range tests {
		p := page(rows{{words(in), {}}})
		p.Provenance.Queries = sampleQueries("SELECT 1\n" + in)
		p.Sections = append(p.Sections, report.Section{Name: "made", Title: "Made of", Kind: report.KindProvenance, Notes: []string{in}})
		all := parts(t, render(t, p, nil))
		if got := cellsOf(t, all["xl/worksheets/sheet2.xml"])["A2"]; got.Text != want {
			t.Errorf("cell: %.20q of %d bytes", got.Text, len(got.Text))
		}
		found := 0
		for _, c := range cellsOf(t, all["xl/worksheets/sheet3.xml"]) {
			if c.Text == want {
				found++
			}
		}
		if found != 2 {
			t.Errorf("%d of the statement and the note are whole", found)
		}
	}
}

func TestNamesOfSheetsAreQuoted(t *testing.T) {
	p := sample(size{days: 2, sites: 2, hours: 2, bars: 2}, rows{{words("a"), words("b")}})
	all := parts(t, render(t, p, []definition.Sheet{{Name: "It's <all>", Sections: []string{"trend"}}, {Name: "D'oh", Sections: []string{"worst"}}}))
	var names struct {
		Names []string `xml:"definedNames>definedName"`
	}
	unmarshal(t, all["xl/workbook.xml"], &names)
	want := []string{"'It''s <all>'!$1:$2", "'D''oh'!$1:$1", "'D''oh'!$A$1:$B$2"}
	if strings.Join(names.Names, " ") != strings.Join(want, " ") {
		t.Errorf("names %q", names.Names)
	}
	if chart := all["xl/charts/chart1.xml"]; !strings.Contains(chart, "&#39;It&#39;&#39;s &lt;all&gt;&#39;!$B$") {
		t.Errorf("the chart refers to %.300s", chart[max(0, strings.Index(chart, "<f>")):])
	}
}

func TestSheetNames(t *testing.T) {
	taken := []definition.Sheet{{Name: "Worst calls"}}
	for title, want := range map[string]string{"worst CALLS": "worst CALLS (2)", "a/b:c": "a b c", "History": "History (2)", strings.Repeat("é", 40): strings.Repeat("é", 24),
		strings.Repeat("😀", 40): strings.Repeat("😀", 12), "a\x00b": "a\uFFFDb", "::": "Sheet", "": "Sheet", "'it's'": "it s"} {
		if got := sheetName(title, taken); got != want {
			t.Errorf("%s: %s, want %s", title, got, want)
		}
	}
}

func TestFooters(t *testing.T) {
	tests := map[string]string{"a & b": "a && b", "a\n\tb": "a b", "&D&P": "&&D&&P", strings.Repeat("&", 300): strings.Repeat("&&", 50)}
	for in, want := range tests {
		if got := footerText(in, 100); got != want {
			t.Errorf("%.20q: %q", in, got)
		}
	}
}
