package html

import (
	"strings"
	"testing"

	"qosreport/internal/query"
	"qosreport/internal/report"
)

func TestCells(t *testing.T) {
	number := query.Cell{Kind: query.CellNumber, Num: 1}
	tests := []struct {
		name    string
		column  int
		numeric bool
		raw     bool
		value   report.Value
		want    string
	}{
		{"the first names its row", 0, false, false, report.Value{Cell: text("Zürich"), Shown: "Zürich"}, `<th scope="row">Zürich</th>`},
		{"but not in rows of a query", 0, false, true, report.Value{Cell: text("Zürich"), Shown: "Zürich"}, `<td>Zürich</td>`},
		{"nor when it is empty", 0, false, false, report.Value{}, `<td></td>`},
		{"a number", 1, true, false, report.Value{Cell: number, Shown: "1.0"}, `<td class="number">1.0</td>`},
		{"a good number goes without saying", 1, true, false, report.Value{Cell: number, Shown: "1.0", Verdict: "good"}, `<td class="number">1.0</td>`},
		{"a bad number says so aloud", 1, true, false, report.Value{Cell: number, Shown: "1.0", Verdict: "breach"},
			`<td class="number"><span class="mark breach"><span aria-hidden="true">✖</span><span class="aloud">breach</span></span> 1.0</td>`},
		{"a verdict says itself", 1, false, false, report.Value{Cell: text("good"), Shown: "good", Verdict: "good"}, `<td><span class="mark good"><span aria-hidden="true">✔</span></span> good</td>`},
		{"a verdict that is no word of ours", 1, false, false, report.Value{Cell: text("x"), Shown: "x", Verdict: `"><script>`}, `<td>x</td>`},
		{"the reason why there is no number", 1, true, false, report.Value{Shown: "n<30"}, `<td class="number"><span class="quiet">n&lt;30</span></td>`},
		{"nothing known", 1, true, false, report.Value{}, `<td class="number"></td>`},
		{"NULL is told in rows of a query", 1, false, true, report.Value{}, `<td><span class="quiet">NULL</span></td>`},
		{"a text of no letters is not NULL", 1, false, true, report.Value{Cell: text("")}, `<td></td>`},
		{"a text that acts", 1, false, true, report.Value{Cell: text("x"), Shown: "<b>\u202Ea\x01"}, `<td>&lt;b&gt;\u202ea\u0001</td>`},
		{"a word that may break", 1, false, true, report.Value{Cell: text("x"), Shown: "000444@demo.invalid"}, `<td class="long">000444@demo.invalid</td>`},
		{"short words of a long text", 1, false, true, report.Value{Cell: text("x"), Shown: "2017-09-12 15:14:58.594"}, `<td>2017-09-12 15:14:58.594</td>`},
		{"letters are counted, not bytes", 1, false, true, report.Value{Cell: text("x"), Shown: strings.Repeat("東", 14)}, `<td>` + strings.Repeat("東", 14) + `</td>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			columns := make([]report.GridColumn, tt.column+1)
			columns[tt.column].Numeric = tt.numeric
			rows := table{Grid: &report.Grid{Columns: columns}, Raw: tt.raw, Last: -1}
			if got := string(rows.appendCell(nil, tt.column, tt.value)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTheRowOfAllOthersStandsApart(t *testing.T) {
	p := sample(nil)
	got := string(render(t, p, []string{"sites"}))
	if strings.Count(got, `<tr class="other">`) != 1 || !strings.Contains(got, `<tr class="other"><th scope="row">(other)</th>`) {
		t.Error("the row of all other members looks like any member")
	}
	p.Sections[4].Ranking.Other = nil
	if strings.Contains(string(render(t, p, []string{"sites"})), `<tr class="other">`) {
		t.Error("a member stands apart")
	}
}
