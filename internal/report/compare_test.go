package report

import (
	"fmt"
	"reflect"
	"testing"

	"qosreport/internal/qos"
)

const compared = `
datasets:
  legs: {query: s.sql, dimensions: [day], sums: [poor, classified, calls, talk]}
measures:
  pcr: {ratio: [legs.poor, legs.classified], better: down, good: 2%, acceptable: 3%, decimals: 2}
  calls: {sum: legs.calls}
  acd: {mean: [legs.talk, legs.calls], unit: s}
sections:
  summary: {kpi: [pcr, calls, acd], compare: [day, week, base]}
outputs: {html: {}}
`

// usual is a day of 1000 judged legs of which 20 were poor, and 100 calls of 60 s.
func usual(day string) []any { return []any{day, 20, 1000, 100, 6000} }

func usualDays(back_ ...int) (rows [][]any) {
	for _, n := range back_ {
		rows = append(rows, usual(back(n)))
	}
	return rows
}

// said are the comparisons of a tile: label, figure, delta.
func said(t Tile) (texts []string) {
	for _, c := range t.Compare {
		texts = append(texts, fmt.Sprintf("%s: %s, %s", c.Label, c.Figure.Text, c.Text))
	}
	return texts
}

func TestComparisonsOfADay(t *testing.T) {
	now := []any{tuesday, 30, 1000, 110, 6000}
	tests := []struct {
		name             string
		rows             [][]any
		pcr, calls, mean []string
	}{
		{"four weekdays, and everything else", usualDays(1, 7, 14, 21, 28),
			[]string{"day before: 2.00\u00a0%, +1.00\u00a0points", "week before: 2.00\u00a0%, +1.00\u00a0points", "median of 4 Tuesdays: 2.00\u00a0%, +1.00\u00a0points"},
			[]string{"day before: 100, +10.0\u00a0%", "week before: 100, +10.0\u00a0%", "median of 4 Tuesdays: 100, +10.0\u00a0%"},
			[]string{"day before: 60.0\u00a0s, −9.1\u00a0%", "week before: 60.0\u00a0s, −9.1\u00a0%", "median of 4 Tuesdays: 60.0\u00a0s, −9.1\u00a0%"}},
		{"three weekdays of seven working days", usualDays(1, 4, 5, 6, 7, 14, 21),
			[]string{"day before: 2.00\u00a0%, +1.00\u00a0points", "week before: 2.00\u00a0%, +1.00\u00a0points", "median of 7 working days: 2.00\u00a0%, +1.00\u00a0points"}, nil, nil},
		{"three weekdays of six working days", usualDays(1, 4, 5, 7, 14, 21),
			[]string{"day before: 2.00\u00a0%, +1.00\u00a0points", "week before: 2.00\u00a0%, +1.00\u00a0points", "no baseline: no data, no data"}, nil, nil},
		{"weekends are another sort of day", usualDays(2, 3, 9, 10, 16, 17, 23, 24, 7, 14, 21),
			[]string{"day before: no data, no data", "week before: 2.00\u00a0%, +1.00\u00a0points", "no baseline: no data, no data"}, nil, nil},
		{"no day before at all", nil,
			[]string{"day before: no data, no data", "week before: no data, no data", "no baseline: no data, no data"}, nil, nil},
		{"a weekday of too few items is no point of a baseline", append(usualDays(1, 4, 5, 6, 7, 14, 21, 8), []any{back(28), 1, 29, 100, 6000}),
			[]string{"day before: 2.00\u00a0%, +1.00\u00a0points", "week before: 2.00\u00a0%, +1.00\u00a0points", "median of 8 working days: 2.00\u00a0%, +1.00\u00a0points"},
			[]string{"day before: 100, +10.0\u00a0%", "week before: 100, +10.0\u00a0%", "median of 4 Tuesdays: 100, +10.0\u00a0%"}, nil},
		{"what was 0, and what had nothing to divide by", [][]any{{back(1), 0, 0, 0, 0}},
			[]string{"day before: no data, no data", "week before: no data, no data", "no baseline: no data, no data"},
			[]string{"day before: 0, was 0", "week before: no data, no data", "no baseline: no data, no data"},
			[]string{"day before: no data, no data", "week before: no data, no data", "no baseline: no data, no data"}},
		{"what was the same", [][]any{{back(1), 300001, 10000000, 110, 6000}},
			[]string{"day before: 3.00\u00a0%, 0.00\u00a0points", "week before: no data, no data", "no baseline: no data, no data"},
			[]string{"day before: 110, 0.0\u00a0%", "week before: no data, no data", "no baseline: no data, no data"}, nil},
	}
	d := define(t, compared)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := page(t, d, in(t, "UTC", tuesday, tuesday), map[string]*qos.Table{"legs": stated("day", "poor classified calls talk", append(tt.rows, now)...)})
			for i, want := range [][]string{tt.pcr, tt.calls, tt.mean} {
				if got := said(p.Sections[0].Tiles[i]); want != nil && !reflect.DeepEqual(got, want) {
					t.Errorf("got %q\nwant %q", got, want)
				}
			}
		})
	}
}

func TestABaselineIsTheMedianAndItsDeviation(t *testing.T) {
	rows := [][]any{{tuesday, 0, 0, 100, 0}, {back(7), 0, 0, 80, 0}, {back(14), 0, 0, 120, 0}, {back(21), 0, 0, 90, 0}, {back(28), 0, 0, 400, 0}}
	p := page(t, define(t, compared), in(t, "UTC", tuesday, tuesday), map[string]*qos.Table{"legs": stated("day", "poor classified calls talk", rows...)})
	c := p.Sections[0].Tiles[1].Compare[2]
	if *c.Figure.Value != 105 || *c.MAD != 20 || c.Figure.N != 4 || c.Text != "−4.8\u00a0%" || !reflect.DeepEqual(c.Days, []string{back(28), back(21), back(14), back(7)}) {
		t.Errorf("got %+v with %v", c, *c.MAD)
	}
	if c.Figure.Low != nil || c.Figure.Interval != "" || c.Figure.Verdict != "" {
		t.Errorf("a median has no interval and no verdict of its own: %+v", c.Figure)
	}
}

// Windows of several days are compared with as many days, whole ones alone.
func TestComparisonsOfSeveralDays(t *testing.T) {
	tests := []struct {
		name, from string
		rows       [][]any
		want       []string
	}{
		{"two days", back(1), usualDays(0, 1, 2, 3, 7, 8),
			[]string{"2 days before: 200, 0.0\u00a0%", "same days 1 week before: 200, 0.0\u00a0%", "no baseline: no data, no data"}},
		{"a hole in what was", back(1), usualDays(0, 1, 2, 7, 8),
			[]string{"2 days before: no data, no data", "same days 1 week before: 200, 0.0\u00a0%", "no baseline: no data, no data"}},
		{"a hole in what is", back(1), usualDays(0, 2, 3, 7, 8),
			[]string{"2 days before: 200, no data", "same days 1 week before: 200, no data", "no baseline: no data, no data"}},
		{"a week", back(6), usualDays(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13),
			[]string{"7 days before: 700, 0.0\u00a0%", "7 days before: 700, 0.0\u00a0%", "no baseline: no data, no data"}},
		{"nine days", back(8), usualDays(0, 1),
			[]string{"9 days before: no data, no data", "same days 2 weeks before: no data, no data", "no baseline: no data, no data"}},
	}
	d := define(t, compared)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := page(t, d, in(t, "UTC", tt.from, tuesday), map[string]*qos.Table{"legs": stated("day", "poor classified calls talk", tt.rows...)})
			if got := said(p.Sections[0].Tiles[1]); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
		})
	}
}

// A column of the grid has the label of a comparison that says something.
func TestTheHeadOfAComparisonIsThatOfOneWithAFigure(t *testing.T) {
	rows := usualDays(0, 7, 14, 21, 28)
	for _, row := range rows {
		row[2], row[1] = 10, 1 // too few for the first tile
	}
	p := page(t, define(t, compared), in(t, "UTC", tuesday, tuesday), map[string]*qos.Table{"legs": stated("day", "poor classified calls talk", rows...)})
	grid := p.Sections[0].Grid()
	var heads []string
	for _, c := range grid.Columns {
		heads = append(heads, c.Name)
	}
	want := []string{"Measure", "Value", "Unit", "Verdict", "95 % from", "95 % to", "n", "Day before", "Change", "Week before", "Change", "Median of 4 Tuesdays", "Change", "Limits"}
	if !reflect.DeepEqual(heads, want) {
		t.Errorf("heads %q", heads)
	}
}
