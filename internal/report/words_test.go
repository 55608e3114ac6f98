package report

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"qosreport/internal/qos"
	"qosreport/internal/query"
)

const judged = `
datasets:
  legs: {query: s.sql, dimensions: [day, site], sums: [poor, classified, ok, all, calls], maxima: [rtt]}
measures:
  pcr: {ratio: [legs.poor, legs.classified], label: Poor calls, better: down, good: 2%, acceptable: 3%, headline: true}
  ner: {ratio: [legs.ok, legs.all], label: NER, better: up, good: 92%, acceptable: 88%, headline: true}
  calls: {sum: legs.calls, label: Calls, better: up, good: 100, acceptable: 50, headline: true}
  rtt: {max: legs.rtt, label: Longest, unit: ms, better: down, good: 300, acceptable: 500}
sections:
  summary: {kpi: [pcr, ner, calls, rtt]}
outputs: {html: {}}
`

func TestTheVerdictSaysWhatDecided(t *testing.T) {
	const rule = "findings: {poor: {rate: pcr, by: [site]}}\nsections:\n  unusual: {findings: all}"
	tests := []struct {
		name, swap     string // what stands in place of the line sections:
		row            []any
		word, sentence string
	}{
		{"all is well", "sections:", []any{tuesday, "A", 10, 1000, 950, 1000, 200}, "good", "Poor calls 1.0\u00a0%, NER 95.0\u00a0%, Calls 200: within the limits."},
		{"and somebody looked", rule, []any{tuesday, "A", 10, 1000, 950, 1000, 200}, "good", "Poor calls 1.0\u00a0%, NER 95.0\u00a0%, Calls 200: within the limits, and nothing unusual was found."},
		{"one measure has too few", "sections:", []any{tuesday, "A", 1, 29, 950, 1000, 200}, "good", "NER 95.0\u00a0%, Calls 200: within the limits."},
		{"a ratio beyond good", "sections:", []any{tuesday, "A", 25, 1000, 950, 1000, 200}, "watch", "Poor calls at 2.5\u00a0% (good ≤ 2\u00a0%, acceptable ≤ 3\u00a0%; n = 1\u202f000)."},
		{"beyond acceptable, but that may be chance", "sections:", []any{tuesday, "A", 35, 1000, 950, 1000, 200}, "watch", "Poor calls at 3.5\u00a0% (good ≤ 2\u00a0%, acceptable ≤ 3\u00a0%; n = 1\u202f000)."},
		{"beyond acceptable", "sections:", []any{tuesday, "A", 10, 1000, 800, 1000, 200}, "breach", "NER at 80.0\u00a0% (good ≥ 92\u00a0%, acceptable ≥ 88\u00a0%; n = 1\u202f000)."},
		{"the first of the worst", "sections:", []any{tuesday, "A", 100, 1000, 800, 1000, 10}, "breach", "Poor calls at 10.0\u00a0% (good ≤ 2\u00a0%, acceptable ≤ 3\u00a0%; n = 1\u202f000)."},
		{"a sum stands on itself", "sections:", []any{tuesday, "A", 10, 1000, 950, 1000, 60}, "watch", "Calls at 60 (good ≥ 100, acceptable ≥ 50)."},
		{"a whole window of bad items is an incident of nothing else", rule, []any{tuesday, "A", 100, 1000, 950, 1000, 200}, "breach", "Poor calls at 10.0\u00a0% (good ≤ 2\u00a0%, acceptable ≤ 3\u00a0%; n = 1\u202f000)."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := define(t, strings.Replace(judged, "sections:", tt.swap, 1))
			states := map[string]*qos.Table{"legs": stated("day site", "poor classified ok all calls", tt.row)}
			states["legs"].Maxima, states["legs"].States[0].Maxima = []string{"rtt"}, []float64{100}
			if v := page(t, d, in(t, "UTC", tuesday, tuesday), states).Verdict; v.Word != tt.word || v.Sentence != tt.sentence {
				t.Errorf("%s: %s", v.Word, v.Sentence)
			}
		})
	}
}

func TestVerdictsWithoutFigures(t *testing.T) {
	tests := []struct {
		name, text     string
		row            []any
		word, sentence string
		judged         bool
	}{
		{"too few", "headline: true", []any{tuesday, "A", 1, 29}, "too few data", "Pcr at n<30 (good ≤ 2\u00a0%, acceptable ≤ 3\u00a0%; n = 29).", true},
		{"nothing", "headline: true", []any{tuesday, "A", 0, 0}, "too few data", "There are no data to judge Pcr by.", true},
		{"no headline", "min_n: 10", []any{tuesday, "A", 1, 29}, "not judged", "No measure of this report is judged.", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := define(t, "datasets: {legs: {query: s.sql, dimensions: [day, site], sums: [poor, all]}}\nmeasures: {pcr: {ratio: [legs.poor, legs.all], better: down, good: 2%, acceptable: 3%, "+tt.text+"}}\nsections: {a: {kpi: [pcr]}}\noutputs: {html: {}}\n")
			v := page(t, d, in(t, "UTC", tuesday, tuesday), map[string]*qos.Table{"legs": stated("day site", "poor all", tt.row)}).Verdict
			if v.Word != tt.word || v.Sentence != tt.sentence || v.Judged() != tt.judged {
				t.Errorf("got %+v", v)
			}
		})
	}
}

func TestTermsSayHowAMeasureIsMade(t *testing.T) {
	d := define(t, `
datasets:
  legs: {query: s.sql, dimensions: [day], sums: [a, b], minima: [low], maxima: [high]}
  log: {query: s.sql, dimensions: [day], histogram: {bin: bin, count: n, scale: log, alpha: 2%, min: 0.01, max: 10000}}
  linear: {query: s.sql, dimensions: [day], histogram: {bin: bin, count: n, scale: linear, width: 0.1, min: 1, max: 5}}
measures:
  ratio: {ratio: [legs.a, legs.b], better: up, good: 99.95%, acceptable: 99.5%, min_n: 100, source: contract, about: What it is.}
  mean: {mean: [legs.a, legs.b], unit: s, decimals: 2, better: down, good: 8, acceptable: 11.5}
  minutes: {sum: legs.a, scale: 1/60, unit: min}
  weeks: {sum: legs.a, scale: 1/49}
  kilo: {max: legs.high, scale: 1000}
  half: {min: legs.low, scale: 2.5}
  p95: {quantile: [log, 95%], unit: ms}
  p50: {quantile: [linear, 0.5]}
sections: {a: {kpi: [ratio]}}
outputs: {html: {}}
`)
	p := page(t, d, in(t, "UTC", tuesday, tuesday), map[string]*qos.Table{
		"legs": {Dimensions: []string{"day"}, Sums: []string{"a", "b"}, Minima: []string{"low"}, Maxima: []string{"high"}},
		"log":  {Dimensions: []string{"day"}, Scale: d.Datasets["log"].Scale()}, "linear": {Dimensions: []string{"day"}, Scale: d.Datasets["linear"].Scale()}})
	want := []string{
		"Ratio|a / b|%|good ≥ 99.95 %, acceptable ≥ 99.5 %|contract|100||What it is.",
		"Mean|a / b|s|good ≤ 8 s, acceptable ≤ 11.5 s||30||",
		"Minutes|sum of a / 60|min|||||",
		"Weeks|sum of a / 49||||||",
		"Kilo|largest high × 1000||||||",
		"Half|smallest low × 2.5||||||",
		"P95|0.95 quantile of log|ms|||60|nearest rank in logarithmic bins, relative error at most 2.00 %|",
		"P50|0.5 quantile of linear||||30|nearest rank in bins of 0.1, error at most half of that|",
	}
	got := strings.Split(strings.ReplaceAll(strings.Join(lineUp(t, p.named("definitions").Grid()), "\n"), "\u00a0", " "), "\n")
	for i := range want {
		if strings.ReplaceAll(got[i], `"`, "") != want[i] {
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
}

// Every kind of grid has as many values in a row as columns, keys that programs can tell
// apart, and says something when it is empty.
func TestGridsOfEveryKind(t *testing.T) {
	d := define(t, everyDataset)
	full, none := everything(), everything()
	for _, table := range none {
		table.States = nil
	}
	for name, states := range map[string]map[string]*qos.Table{"full": full, "empty": none} {
		p := page(t, d, in(t, "UTC", tuesday, tuesday), states)
		for _, s := range p.Sections {
			for _, g := range []*Grid{s.Grid(), s.Records()} {
				if g == nil {
					if s.Kind != KindProvenance && s.Kind != KindDefinitions {
						t.Errorf("%s has no grid", s.Kind)
					}
					continue
				}
				lineUp(t, g)
				seen := make(map[string]bool)
				for _, c := range g.Columns {
					if seen[c.Key] || c.Key == "" {
						t.Errorf("%s, %s: a second column %q", name, s.Name, c.Key)
					}
					seen[c.Key] = true
				}
			}
			if g := s.Grid(); g != nil && g.Empty == "" {
				t.Errorf("%s says nothing when it is empty", s.Kind)
			}
		}
	}
}

func TestCSVIsForPrograms(t *testing.T) {
	texts := []query.Cell{{}, {Kind: query.CellText}, {Kind: query.CellText, Text: `=HYPERLINK("x")`}, {Kind: query.CellText, Text: "+1"}, {Kind: query.CellText, Text: "-2"}, {Kind: query.CellText, Text: "@SUM"},
		{Kind: query.CellText, Text: "\tx"}, {Kind: query.CellText, Text: "a,b\r\n\xff"}, {Kind: query.CellInt, Int: -9007199254740993}, {Kind: query.CellNumber, Num: -0.1}, {Kind: query.CellNumber, Num: 1.0 / 3},
		{Kind: query.CellNumber, Num: math.NaN()}, {Kind: query.CellNumber, Num: math.Inf(-1)}, {Kind: query.CellBool, Int: 1}, {Kind: query.CellDecimal, Text: "-1.50"}, {Kind: query.CellTime, Text: "2017-09-12 10:00:00"},
		{Kind: query.CellTime, Text: `1,"2`}}
	want := []string{``, `""`, `"'=HYPERLINK(""x"")"`, `'+1`, `'-2`, `'@SUM`, "'\tx", "\"a,b\r\n\uFFFD\"", `-9007199254740993`, `-0.1`, `0.3333333333333333`, `NaN`, `-Infinity`, `true`, `-1.50`, `2017-09-12 10:00:00`, `"1,""2"`}
	for i, c := range texts {
		if got := string(appendRecord(nil, c)); got != want[i] {
			t.Errorf("%+v is %s, want %s", c, got, want[i])
		}
	}
	var out bytes.Buffer
	grid := lines([]GridColumn{numberColumn("Share", "share"), textColumn("", "=x")}, "", [][]Value{{percentValue(new(float64), "0 %"), textValue("a")}, {figureValue(Figure{Text: "n<30"}), textValue("")}})
	if err := CSV(&out, grid); err != nil || out.String() != "share,'=x\r\n0,a\r\n,\r\n" {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.01: "0.0100", 3.9: "3.90", 39.26: "39.3", 2981.9: "2\u202f982", -0.5: "−0.500"} {
		if got := significant(v); got != want {
			t.Errorf("%v has the figures %q, want %q", v, got, want)
		}
	}
	for _, tt := range []struct {
		v        float64
		decimals int
		want     string
	}{{-0.04, 1, "0.0"}, {0.04, 1, "0.0"}, {0.05, 1, "+0.1"}, {-0.06, 1, "−0.1"}, {0, 2, "0.00"}} {
		if got := signed(tt.v, tt.decimals); got != tt.want {
			t.Errorf("%v is %q, want %q", tt.v, got, tt.want)
		}
	}
	for n, want := range map[int]string{0: "0 cells", 1: "1 cell", 1000: "1\u202f000 cells"} {
		if got := plural(n, "cell", "cells"); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
}

func TestPickKeepsTheOrderOfTheNames(t *testing.T) {
	p := page(t, define(t, everyDataset), in(t, "UTC", tuesday, tuesday), everything())
	var names []string
	for _, s := range p.Pick([]string{"trend", "nothing", "summary"}) {
		names = append(names, s.Name)
	}
	if !slices.Equal(names, []string{"trend", "summary"}) || len(p.Pick(nil)) != len(p.Sections) {
		t.Errorf("got %v", names)
	}
}
