package report

import (
	"bytes"
	"strings"
	"testing"

	"qosreport/internal/qos"
)

// records are the CSV files of a page's sections.
func records(t *testing.T, p *Page, section string) string {
	t.Helper()
	var out bytes.Buffer
	if err := CSV(&out, p.named(section).Records()); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n")
}

const odd = `
datasets:
  legs: {query: s.sql, dimensions: [day, site], sums: [poor, all, calls]}
measures:
  pcr: {ratio: [legs.poor, legs.all], better: down, good: 2%, acceptable: 3%}
  n: {sum: legs.all, unit: legs}
  bad: {sum: legs.poor}
sections:
  a: {kpi: [pcr, n]}
  heat: {heatmap: n, rows: site, columns: day}
  rates: {heatmap: pcr, rows: site, columns: day}
  r: {ranking: site, by: pcr, measures: [bad, n]}
outputs: {csv: {}}
`

func TestCSVNamesEachColumnOnce(t *testing.T) {
	states := map[string]*qos.Table{"legs": stated("day site", "poor all calls", []any{tuesday, "A", 10, 1000, 5})}
	p := page(t, define(t, odd), in(t, "UTC", tuesday, tuesday), states)
	tests := []struct{ name, section, want string }{
		{"the value of a ratio is no percentage, and so is its unit", "a", "measure,value,unit,verdict,low,high,n,limits\n" +
			"Pcr,0.01,,good,0.005440754445529249,0.018309468870314774,1000,\"good ≤ 2\u00a0%, acceptable ≤ 3\u00a0%\"\nN,1000,legs,,,,,\n"},
		{"a sum stands on no number, and its column is named once", "heat", "site,day,n,n_2,verdict\nA,2017-09-12,1000,,\n"},
		{"a ratio stands on a number", "rates", "site,day,pcr,n,verdict\nA,2017-09-12,0.01,1000,good\n"},
		{"a measure that is called like a column of the ranking", "r", "site,bad,excess,bad_2,n\nA,10,0,10,1000\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := records(t, p, tt.section); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// A share of no rows is not known, so that no limit can have been kept.
func TestQualityOfNoRowsIsNotGood(t *testing.T) {
	d := define(t, "datasets: {q: {query: s.sql, dimensions: [day], quality: true}}\nsections: {q: {quality: q}}\noutputs: {csv: {}}\n")
	for rows, want := range map[int]string{0: "late,0,,at most 5.00\u00a0%,\n", 1: "late,0,0,at most 5.00\u00a0%,good\n"} {
		p := page(t, d, in(t, "UTC", tuesday, tuesday), map[string]*qos.Table{"q": stated("day", "rows late", []any{tuesday, rows, 0})})
		if got := records(t, p, "q"); !strings.HasSuffix(got, strings.Replace(want, "late", "rows that were loaded late", 1)) {
			t.Errorf("%d rows: got\n%s", rows, got)
		}
	}
}
