package report

import (
	"math"
	"strings"
	"testing"

	"qosreport/internal/fault"
	"qosreport/internal/qos"
)

const everyDataset = `
datasets:
  legs: {query: s.sql, dimensions: [day, site, hour], sums: [poor, classified, talk, calls], maxima: [rtt]}
  jitter: {query: s.sql, dimensions: [day], histogram: {bin: bin, count: n, scale: log, alpha: 1%, min: 0.01, max: 10000}}
  junk: {query: s.sql, dimensions: [day], quality: true}
measures:
  pcr: {ratio: [legs.poor, legs.classified], better: down, good: 2%, acceptable: 3%, headline: true}
  acd: {mean: [legs.talk, legs.calls]}
  rtt: {max: legs.rtt}
  p95: {quantile: [jitter, 0.95]}
findings:
  poor: {rate: pcr, by: [site, hour]}
sections:
  summary: {kpi: [pcr, acd, rtt, p95], compare: [day, week, base]}
  unusual: {findings: all}
  heat: {heatmap: pcr, rows: site, columns: hour}
  sites: {ranking: site, by: pcr, measures: [pcr, acd, rtt]}
  trend: {trend: [pcr, p95]}
  bars: {histogram: jitter}
  quality: {quality: junk}
outputs: {html: {}}
`

// everything is one honest row of each dataset.
func everything() map[string]*qos.Table {
	legs := stated("day site hour", "poor classified talk calls", []any{tuesday, "Zürich", 14, 1, 100, 6000, 100})
	legs.Maxima, legs.States[0].Maxima = []string{"rtt"}, []float64{300}
	scale := qos.Scale{Kind: qos.Log, Alpha: 0.01, Min: 0.01, Max: 10000}
	jitter := stated("day", "", []any{tuesday})
	jitter.Scale, jitter.States[0].Bins = &scale, []qos.Bin{{Index: 70, N: 90}}
	junk := stated("day", "rows duplicates hours rtt__null rtt__low rtt__high rtt__nonfinite", []any{tuesday, 1000, 3, 24, 10, 0, 0, 1})
	return map[string]*qos.Table{"legs": legs, "jitter": jitter, "junk": junk}
}

func TestStatesThatNoHonestQueryReturnsAreRefused(t *testing.T) {
	sums := func(values ...float64) func(map[string]*qos.Table) {
		return func(s map[string]*qos.Table) { s["legs"].States[0].Sums = values }
	}
	junk := func(values ...float64) func(map[string]*qos.Table) {
		return func(s map[string]*qos.Table) { s["junk"].States[0].Sums = values }
	}
	hour := func(m qos.Member) func(map[string]*qos.Table) {
		return func(s map[string]*qos.Table) { s["legs"].States[0].Key[2] = m }
	}
	tests := []struct {
		name  string
		spoil func(map[string]*qos.Table)
		want  string
	}{
		{"a part that is more than its whole", sums(101, 100, 6000, 100), "measure pcr in dataset legs: poor is 101 of 100"},
		{"a negative part", sums(-1, 100, 6000, 100), "poor is -1 of 100"},
		{"a negative whole", sums(0, -100, 6000, 100), "a number of items is never negative"},
		{"a sum of no items", sums(1, 100, 6000, 0), "talk is 6000 while calls is 0"},
		{"NaN", sums(math.NaN(), 100, 6000, 100), "dataset legs: column poor holds NaN"},
		{"an infinity", sums(1, 100, math.Inf(1), 100), "column talk holds +Inf"},
		{"a number whose square overflows", sums(1, 100, 1e200, 100), "column talk holds 1e+200"},
		{"a number of which nothing is left", sums(0, 1e-300, 6000, 100), "column classified holds 1e-300"},
		{"an infinite maximum", func(s map[string]*qos.Table) { s["legs"].States[0].Maxima[0] = math.Inf(-1) }, "column rtt holds -Inf"},
		{"an hour that is a text", hour(qos.Text("14")), `column hour holds "14": an hour of the day is an integer from 0 to 23`},
		{"an hour that no day has", hour(qos.Number(24)), `column hour holds "24"`},
		{"more values than can be counted", func(s map[string]*qos.Table) { s["jitter"].States[0].Bins[0].N = 1 << 60 }, "more than can be counted"},
		{"more junk than rows", junk(1000, 3, 24, 0, 0, 1001, 0), "dataset junk: column rtt__high adds up to 1001 on 2017-09-12, of 1000 rows"},
		{"a negative number of duplicates", junk(1000, -3, 24, 0, 0, 0, 0), "column duplicates adds up to -3"},
		{"more hours than a day has", junk(1000, 3, 48, 0, 0, 0, 0), "column hours adds up to 48 on 2017-09-12, of 24 hours of a day; return one row a day"},
		{"quality without the number of rows", func(s map[string]*qos.Table) { s["junk"].Sums[0] = "lines" }, "column rows is missing"},
		{"a dataset that is not there", func(s map[string]*qos.Table) { delete(s, "jitter") }, "dataset jitter: there are no states of the dimensions [day]"},
		{"a dataset without days", func(s map[string]*qos.Table) { s["junk"] = &qos.Table{Sums: []string{"rows"}} }, "dataset junk: there are no states"},
	}
	d := define(t, everyDataset)
	w := in(t, "UTC", tuesday, tuesday)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			states := everything()
			tt.spoil(states)
			p, err := Build(Input{Definition: d, Window: w, States: states})
			if p != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, %v", p, err)
			}
			if fault.AreaOf(err) != fault.Impala || fault.ClassOf(err) != fault.Contract || !strings.Contains(fault.Remedy(err), "see qosreport sql voice") {
				t.Errorf("area %d, class %v, remedy %q", fault.AreaOf(err), fault.ClassOf(err), fault.Remedy(err))
			}
		})
	}
	page(t, d, w, everything()) // what they were before they were spoilt
}

func TestATableWithoutItsRowsIsRefused(t *testing.T) {
	d := define(t, "datasets: {worst: {query: s.sql, rows: true}}\nsections: {worst: {table: worst}}\noutputs: {html: {}}\n")
	if _, err := Build(Input{Definition: d, Window: in(t, "UTC", tuesday, tuesday)}); err == nil || !strings.Contains(err.Error(), "dataset worst: there are no rows") {
		t.Errorf("got %v", err)
	}
}

// A day of which nothing is known shows no number at all, in no section.
func TestNoRowsGiveNoNumbers(t *testing.T) {
	d := define(t, everyDataset)
	states := everything()
	for _, table := range states {
		table.States = nil
	}
	p := page(t, d, in(t, "UTC", tuesday, tuesday), states)
	for _, tile := range p.named("summary").Tiles {
		if tile.Figure.Value != nil || tile.Figure.Text != "no data" {
			t.Errorf("%s: %+v", tile.Measure, tile.Figure)
		}
	}
	if p.Verdict.Word != "too few data" || p.Verdict.Sentence != "There are no data to judge Pcr by." {
		t.Errorf("verdict %+v", p.Verdict)
	}
	want := []string{"days without any row (2017-09-12): 100.00\u00a0% (none)", "hours without any row: 100.00\u00a0% (at most 0.00\u00a0%)"}
	if got := p.Verdict.Incomplete; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("incomplete %q", got)
	}
	if h := p.named("heat").Heatmap; len(h.Rows) != 0 || len(p.named("sites").Ranking.Rows) != 0 || p.named("sites").Ranking.BaseRate != nil || len(p.named("sites").Notes) != 0 {
		t.Errorf("heat map %+v, ranking %+v", h, p.named("sites").Ranking)
	}
	for _, s := range p.named("trend").Trend.Series {
		for _, f := range s.Points {
			if f.Value != nil || f.Verdict != "" {
				t.Errorf("%s: %+v", s.Measure, f)
			}
		}
	}
	if h := p.named("bars").Histogram; len(h.Bars) != 0 || h.N != 0 || h.Quantiles[0].Text != "no data" {
		t.Errorf("histogram %+v", h)
	}
}

// SUM over no rows is NULL, which counts as 0: there was a row, and it counted nothing.
func TestOneRowOfNothing(t *testing.T) {
	states := everything()
	states["legs"].States[0] = qos.State{Key: []qos.Member{qos.Text(tuesday), qos.Null(), qos.Null()}, Sums: []float64{0, 0, 0, 0}, Maxima: []float64{math.NaN()}}
	p := page(t, define(t, everyDataset), in(t, "UTC", tuesday, tuesday), states)
	for i, want := range []string{"no data", "no data", "no data"} {
		if f := p.Sections[0].Tiles[i].Figure; f.Text != want || f.Shown() {
			t.Errorf("%s: %+v", p.Sections[0].Tiles[i].Measure, f)
		}
	}
	if h := p.named("heat").Heatmap; len(h.Rows) != 1 || h.Rows[0].Member != "(none)" || len(h.Columns) != 25 || h.Columns[24] != "(none)" || h.Rows[0].Cells[24].Empty || !h.Rows[0].Cells[0].Empty {
		t.Errorf("heat map %+v", h)
	}
}
