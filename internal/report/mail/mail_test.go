package mail

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	line := 1 + bytes.Count(want[:shared(got, string(want))], []byte("\n"))
	t.Errorf("%s differs in line %d: see what -update makes of it", path, line)
}

// shared is how many bytes two texts begin with alike.
func shared(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// drawn is one of the bodies.
func drawn(t *testing.T, draw func(io.Writer, *report.Page, Options) error, p *report.Page, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := draw(&out, p, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestBodies(t *testing.T) {
	golden(t, "mail.html", drawn(t, HTML, sample(), options()))
	golden(t, "mail.txt", drawn(t, Text, sample(), options()))
}

// bodies draws both and hands each to the test.
func bodies(t *testing.T, p *report.Page, o Options, check func(t *testing.T, got string)) {
	t.Helper()
	t.Run("HTML", func(t *testing.T) { check(t, content(parse(t, drawn(t, HTML, p, o)))) })
	t.Run("text", func(t *testing.T) { check(t, unwrapped(drawn(t, Text, p, o))) })
}

// unwrapped is a text in one line.
func unwrapped(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' }), " ")
}

func TestVerdicts(t *testing.T) {
	tests := []struct {
		name    string
		verdict report.Verdict
		want    []string
		not     []string
	}{
		{"good", report.Verdict{Word: "good", Sentence: "All is well."}, []string{"✔ good", "All is well."}, []string{"data incomplete"}},
		{"watch beside incomplete data", report.Verdict{Word: "watch", Sentence: "So so.", Incomplete: []string{"Two hours are missing."}},
			[]string{"▲ watch", "So so.", "◐ data incomplete", "Two hours are missing."}, nil},
		{"too few data", report.Verdict{Word: "too few data", Sentence: "n = 3."}, []string{"– too few data", "n = 3."}, []string{"✔", "▲", "✖"}},
		{"nothing judged", report.Verdict{Word: "not judged", Sentence: "No measure."}, []string{"voice <quality>"}, []string{"not judged", "No measure", "✔", "–"}},
		{"nothing judged, yet incomplete", report.Verdict{Word: "not judged", Sentence: "No measure.", Incomplete: []string{"Rows are missing."}},
			[]string{"data incomplete", "Rows are missing."}, []string{"not judged", "No measure"}},
		{"more reasons than a mail shows", report.Verdict{Word: "good", Incomplete: slices.Repeat([]string{"Bad."}, 11)}, []string{"and 3 more"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := sample()
			p.Verdict, p.Sections = tt.verdict, []report.Section{{Name: "none", Title: "None", Kind: report.KindDefinitions}}
			bodies(t, p, Options{}, func(t *testing.T, got string) {
				got, _, _ = strings.Cut(strings.ToLower(got), "there is no measure.")
				for _, want := range tt.want {
					if !strings.Contains(got, strings.ToLower(want)) {
						t.Errorf("the mail does not say %q: %s", want, got)
					}
				}
				for _, not := range tt.not {
					if strings.Contains(got, strings.ToLower(not)) {
						t.Errorf("the mail says %q: %s", not, got)
					}
				}
			})
		})
	}
}

func TestEmptySectionsSaySo(t *testing.T) {
	tests := []struct {
		section report.Section
		want    string
	}{
		{report.Section{Kind: report.KindKPI}, "No measure is shown."},
		{report.Section{Kind: report.KindFindings, Findings: &report.Findings{Text: "40 cells were tested; nothing was unusual."}}, "nothing was unusual."},
		{report.Section{Kind: report.KindHeatmap, Heatmap: &report.Heatmap{}}, "There was no row in the window."},
		{report.Section{Kind: report.KindRanking, Ranking: &report.Ranking{}}, "There was no row in the window."},
		{report.Section{Kind: report.KindTrend, Trend: &report.Trend{}}, "There was no day."},
		{report.Section{Kind: report.KindHistogram, Histogram: &report.Histogram{}}, "There was no value in the window."},
		{report.Section{Kind: report.KindTable, Table: sampleTable(rowSet{})}, "The query returned no row."},
		{report.Section{Kind: report.KindQuality, Quality: &report.Quality{}}, "0 rows were read."},
		{report.Section{Kind: report.KindDefinitions}, "There is no measure."},
		{report.Section{Kind: report.KindProvenance}, "No query was run."},
	}
	for _, tt := range tests {
		t.Run(string(tt.section.Kind), func(t *testing.T) {
			p := &report.Page{Sections: []report.Section{tt.section}}
			bodies(t, p, Options{}, func(t *testing.T, got string) {
				if !strings.Contains(got, tt.want) {
					t.Errorf("the mail does not say %q: %s", tt.want, got)
				}
			})
		})
	}
}

func TestWhatIsCutNamesTheFileThatHasAll(t *testing.T) {
	table := report.Section{Kind: report.KindTable, Title: "Worst", Table: sampleTable(sampleRows(1023))}
	trend := report.Section{Kind: report.KindTrend, Title: "Days", Trend: sampleTrend(40)}
	findings := report.Section{Kind: report.KindFindings, Title: "Findings", Findings: sampleFindings(21)}
	tests := []struct {
		name    string
		section report.Section
		o       Options
		want    string
	}{
		{"the workbook", table, Options{Attached: []string{"a.html", "a.xlsx", "b.xlsx"}}, "The first 20 of 1\u202f023 rows are shown; all are in the attached a.xlsx."},
		{"another file", findings, Options{Attached: []string{"a.html", "a.csv"}}, "The first 20 of 21 findings are shown; all are in the attached a.html."},
		{"a file that was left out", trend, Options{Left: []string{"/srv/out/a.xlsx"}}, "The last 31 of 40 rows are shown; all are in a.xlsx, which was too large to attach."},
		{"no file", table, Options{}, "The first 20 of 1\u202f023 rows are shown."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &report.Page{Sections: []report.Section{tt.section}}
			bodies(t, p, tt.o, func(t *testing.T, got string) {
				if !strings.Contains(got, tt.want) {
					t.Errorf("the mail does not say %q: %s", tt.want, got)
				}
			})
		})
	}
}

func TestTheLastDaysOfATrendAreShown(t *testing.T) {
	p := &report.Page{Sections: []report.Section{{Kind: report.KindTrend, Trend: sampleTrend(40)}}}
	bodies(t, p, Options{}, func(t *testing.T, got string) {
		if !strings.Contains(got, "2017-09-12") || !strings.Contains(got, "2017-08-13") || strings.Contains(got, "2017-08-12") {
			t.Errorf("the mail shows other days: %s", got)
		}
	})
}

func TestTheFooterSaysWhoAndWhat(t *testing.T) {
	o := Options{Sections: []string{"summary"}, Remarks: []string{"This mail is 3 h 10 min late."}, Attached: []string{"a.xlsx", "a.html"}, Left: []string{"/srv/out/b.csv", "/srv/out/c.csv"}}
	bodies(t, sample(), o, func(t *testing.T, got string) {
		for _, want := range []string{
			"Window 2017-09-12, Europe/Bratislava: 2017-09-11 22:00:00 UTC to 2017-09-12 22:00:00 UTC, exclusive", "voice-daily, definition SHA-256 abababababab ",
			"Generated 2017-09-13 04:00:00 UTC by qosreport v0, run r1, instance prod-1", "Attached a.xlsx, a.html", "Too large to attach /srv/out/b.csv", "/srv/out/c.csv",
			"This mail is 3 h 10 min late.", "sites = Zürich, <b>",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("the mail does not say %q: %s", want, got)
			}
		}
		if strings.Contains(got, "Findings") {
			t.Error("the mail has sections that were not named")
		}
	})
}

func TestWhatStandsOnTooFewItemsShowsNoNumber(t *testing.T) {
	p := &report.Page{Sections: []report.Section{{Kind: report.KindKPI, Tiles: []report.Tile{{Head: poor, Figure: tooFew()}}}}}
	bodies(t, p, Options{}, func(t *testing.T, got string) {
		if strings.Contains(got, "50.00") || strings.Contains(got, "95\u00a0%") {
			t.Errorf("the mail shows the number or its interval: %s", got)
		}
		if !strings.Contains(got, "n<30") || !strings.Contains(got, "n\u00a0=\u00a012") || !strings.Contains(got, "– too few data") {
			t.Errorf("the mail does not say why: %s", got)
		}
	})
}

// broken is rows whose file cannot be read.
type broken struct{ rowSet }

func (broken) Each(func([]query.Cell) error) error { return io.ErrUnexpectedEOF }

func TestRowsThatCannotBeReadAreAnError(t *testing.T) {
	p := &report.Page{Sections: []report.Section{{Kind: report.KindTable, Table: sampleTable(broken{})}}}
	for name, draw := range map[string]func(io.Writer, *report.Page, Options) error{"HTML": HTML, "Text": Text} {
		var out bytes.Buffer
		if err := draw(&out, p, Options{}); !errors.Is(err, io.ErrUnexpectedEOF) || out.Len() > 0 {
			t.Errorf("%s wrote %d bytes and returned %v", name, out.Len(), err)
		}
	}
}

func TestSameModelSameBytes(t *testing.T) {
	for name, draw := range map[string]func(io.Writer, *report.Page, Options) error{"HTML": HTML, "Text": Text} {
		want := drawn(t, draw, sample(), options())
		for range 5 {
			if got := drawn(t, draw, sample(), options()); got != want {
				t.Errorf("%s differs from one drawing to the next", name)
			}
		}
	}
}

func TestTextKeepsToItsLines(t *testing.T) {
	got := drawn(t, Text, sample(), options())
	if strings.Contains(got, "\r") || !strings.HasSuffix(got, "\n") || strings.Contains(got, "\n\n\n\n") {
		t.Error("lines end otherwise than with LF, or many are empty")
	}
	for i, line := range strings.Split(got, "\n") {
		if line != strings.TrimRightFunc(line, unicode.IsSpace) {
			t.Errorf("line %d ends with blanks: %q", i+1, line)
		}
		if query.DisplayWidth(line) > lineWidth {
			t.Errorf("line %d is %d wide: %s", i+1, query.DisplayWidth(line), line)
		}
	}
}

// Whatever the HTML says, a reader of the text reads too.
func TestTheTextSaysWhatTheHTMLSays(t *testing.T) {
	text := make(map[string]bool)
	for word := range strings.FieldsSeq(strings.ToLower(drawn(t, Text, sample(), options()))) {
		text[strings.Trim(word, ".,:;")] = true
	}
	seen := 0
	for word := range strings.FieldsSeq(strings.ToLower(content(parse(t, drawn(t, HTML, sample(), options()))))) {
		if seen++; !text[strings.Trim(word, ".,:;")] {
			t.Errorf("the text does not hold %q", word)
		}
	}
	if seen < 500 {
		t.Errorf("the HTML holds %d words only", seen)
	}
}

var number = regexp.MustCompile(`\d+(\.\d+)?`)

// Rounded or not, each number stands in the JSON, but for how much of a list is shown.
func TestEveryNumberStandsInTheModel(t *testing.T) {
	p := sample()
	for i := range p.Sections {
		if p.Sections[i].Table != nil {
			p.Sections[i].Table.Rows = sampleRows(3)
		}
	}
	var out bytes.Buffer
	if err := report.JSON(&out, p); err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, token := range number.FindAllString(strings.ReplaceAll(out.String(), "\u202f", ""), -1) {
		v, err := strconv.ParseFloat(token, 64)
		if err != nil {
			t.Fatal(err)
		}
		known[token], known[strings.TrimRight(token, "0")] = true, true // 58.590000000 reads 58.59
		for decimals := range 3 {
			known[strconv.FormatFloat(v, 'f', decimals, 64)] = true
		}
	}
	p.Provenance.Definition, p.Provenance.Queries[0].SHA256 = "", ""
	for _, token := range number.FindAllString(strings.ReplaceAll(drawn(t, Text, p, Options{}), "\u202f", ""), -1) {
		if !known[token] {
			t.Errorf("the number %s stands nowhere in the model", token)
		}
	}
}
