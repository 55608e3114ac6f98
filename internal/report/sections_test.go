package report

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"qosreport/internal/qos"
)

const bySite = `
datasets:
  legs: {query: s.sql, dimensions: [day, site, hour], sums: [poor, classified, calls]}
  other: {query: s.sql, dimensions: [day, site], sums: [seen]}
measures:
  pcr: {ratio: [legs.poor, legs.classified], label: Poor, better: down, good: 2%, acceptable: 3%}
  ok: {ratio: [legs.poor, legs.classified], label: OK, better: up, good: 92%, acceptable: 90%}
  calls: {sum: legs.calls}
  seen: {sum: other.seen, label: Seen, unit: x}
sections:
  heat: {heatmap: pcr, rows: site, columns: hour}
  up: {heatmap: ok, rows: site, columns: hour}
  sums: {heatmap: calls, rows: site, columns: day}
  sites: {ranking: site, by: pcr, top: 2, measures: [pcr, seen, calls]}
  volume: {ranking: site, by: calls}
  trend: {trend: [pcr, calls], days: 4, volume: calls}
outputs: {html: {}}
`

func sites(legs ...[]any) map[string]*qos.Table {
	return map[string]*qos.Table{"legs": stated("day site hour", "poor classified calls", legs...), "other": stated("day site", "seen")}
}

// A cell without rows, one of too few items and one with a figure are three things.
func TestCellsOfAHeatMap(t *testing.T) {
	p := page(t, define(t, bySite), in(t, "UTC", tuesday, tuesday), sites([]any{tuesday, "B", 1, 1, 100, 0}, []any{tuesday, "B", 2, 1, 10, 0}, []any{tuesday, nil, 3, 0, 0, 0}))
	s := p.named("heat")
	h := s.Heatmap
	if len(h.Rows) != 2 || h.Rows[0].Member != "B" || h.Rows[1].Member != "(none)" || len(h.Columns) != 24 || h.Columns[9] != "09" {
		t.Fatalf("got %+v", h)
	}
	var texts []string
	for _, c := range h.Rows[0].Cells[:4] {
		texts = append(texts, fmt.Sprintf("%s %v %v", c.Text, c.Empty, c.Shown()))
	}
	if want := []string{"no data true false", "1.0\u00a0% false true", "n<30 false false", "no data true false"}; !reflect.DeepEqual(texts, want) {
		t.Errorf("cells %q", texts)
	}
	if want := []string{"2 cells have too few data to show a figure."}; !reflect.DeepEqual(s.Notes, want) {
		t.Errorf("notes %q", s.Notes)
	}
	records := lineUp(t, s.Records())
	if want := []string{"B|01|0.01|100|good", "B|02||10|too few data", "(none)|03||0|too few data"}; !reflect.DeepEqual(records, want) {
		t.Errorf("records %q", records)
	}
}

func TestLevelsOfAHeatMap(t *testing.T) {
	d := define(t, bySite)
	tests := []struct {
		section string
		poor    []float64 // of 1000
		want    []int
	}{
		{"heat", []float64{0, 20, 21, 30, 31, 79, 81, 229, 231, 1000}, []int{0, 0, 1, 1, 2, 2, 3, 3, 4, 4}},
		{"up", []float64{1000, 920, 919, 900, 899, 801, 799, 501, 499, 0}, []int{0, 0, 1, 1, 2, 2, 3, 3, 4, 4}},
	}
	for _, tt := range tests {
		var rows [][]any
		for hour, poor := range tt.poor {
			rows = append(rows, []any{tuesday, "A", hour, poor, 1000, 0})
		}
		h := page(t, d, in(t, "UTC", tuesday, tuesday), sites(rows...)).named(tt.section).Heatmap
		for hour, want := range tt.want {
			if got := h.Rows[0].Cells[hour].Level; got != want {
				t.Errorf("%s: %v of 1000 has level %d, want %d", tt.section, tt.poor[hour], got, want)
			}
		}
	}
	h := page(t, d, in(t, "UTC", back(1), tuesday), sites([]any{tuesday, "A", 0, 0, 0, 10}, []any{tuesday, "B", 0, 0, 0, 110}, []any{back(1), "B", 0, 0, 0, 60})).named("sums").Heatmap
	if a, b := h.Rows[0].Cells[1], h.Rows[1].Cells; a.Level != 0 || b[0].Level != 2 || b[1].Level != MaxLevel || !h.Rows[0].Cells[0].Empty {
		t.Errorf("a measure without limits is coloured from its least to its greatest: %+v", h.Rows)
	}
}

// Of more members than fit, those with the most stay, and the others are counted.
func TestMembersThatDoNotFitAHeatMap(t *testing.T) {
	var rows [][]any
	for i := range maxHeatRows + 1 {
		rows = append(rows, []any{tuesday, fmt.Sprintf("s%03d", i), 0, 0, 1000 - i, i})
	}
	p := page(t, define(t, bySite), in(t, "UTC", tuesday, tuesday), sites(rows...))
	for section, want := range map[string]string{"heat": "s000", "sums": "s001"} { // the least sum is left out, not the last name
		s := p.named(section)
		if len(s.Heatmap.Rows) != maxHeatRows || s.Heatmap.Rows[0].Member != want || s.Notes[0] != "1 further member of site is not shown." {
			t.Errorf("%s: %d rows from %s, %q", section, len(s.Heatmap.Rows), s.Heatmap.Rows[0].Member, s.Notes)
		}
	}
}

func TestARankingIsByExcess(t *testing.T) {
	rows := [][]any{{tuesday, "small", 0, 1, 1, 5}, {tuesday, "large", 0, 40, 1000, 7}, {tuesday, nil, 0, 30, 1000, 9}, {tuesday, "=fine", 0, 1, 1000, 1}}
	for _, n := range []int{7, 14, 21, 28} {
		rows = append(rows, []any{back(n), "large", 0, 10, 1000, 5})
	}
	states := sites(rows...)
	states["other"] = stated("day site", "seen", []any{tuesday, "large", 3}, []any{tuesday, "small", 4}, []any{tuesday, "another", 5}, []any{back(7), nil, 9})
	s := page(t, define(t, bySite), in(t, "UTC", tuesday, tuesday), states).named("sites")
	want := []string{"large|40|30|0.04|3|7", "(none)|30|20|0.03||9", "(2 others)|2|-8|0.00|9|6"}
	got := lineUp(t, s.Grid())
	for i := range got { // the rate of the others is shown shorter
		if cells := strings.Split(got[i], "|"); i == 2 {
			cells[2], cells[3] = cells[2][:2], cells[3][:4]
			got[i] = strings.Join(cells, "|")
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	if want := []string{"Excess is the bad items beyond the rate of the 4 Tuesdays before. It is 1.0\u00a0%."}; !reflect.DeepEqual(s.Notes, want) || s.Ranking.Members != 4 {
		t.Errorf("notes %q", s.Notes)
	}
	if f := s.Ranking.Rows[1].Figures[1]; f.Text != "no data" || f.Shown() {
		t.Errorf("a member that the other dataset lacks: %+v", f)
	}
}

func TestTheBaseOfARanking(t *testing.T) {
	one := []any{tuesday, "A", 0, 20, 1000, 1}
	days := func(n int, poor, classified float64) (rows [][]any) {
		for i := range n {
			rows = append(rows, []any{back(7 * (i + 1)), "A", 0, poor, classified, 1})
		}
		return append(rows, one)
	}
	tests := []struct {
		name, from string
		rows       [][]any
		want       string
	}{
		{"four weekdays", tuesday, days(4, 10, 1000), "rate of the 4 Tuesdays before. It is 1.0\u00a0%."},
		{"too few days", tuesday, days(3, 10, 1000), "rate of the whole window. It is 2.0\u00a0%."},
		{"days without items", tuesday, days(4, 0, 0), "rate of the whole window. It is 2.0\u00a0%."},
		{"several days", back(1), days(4, 10, 1000), "rate of the whole window. It is 2.0\u00a0%."},
	}
	d := define(t, bySite)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := page(t, d, in(t, "UTC", tt.from, tuesday), sites(tt.rows...)).named("sites")
			if want := []string{"Excess is the bad items beyond the " + tt.want}; !reflect.DeepEqual(s.Notes, want) {
				t.Errorf("notes %q, want %q", s.Notes, want)
			}
		})
	}
}

func TestARankingOfSumsHasNoExcess(t *testing.T) {
	s := page(t, define(t, bySite), in(t, "UTC", tuesday, tuesday), sites([]any{tuesday, "A", 0, 0, 0, 5}, []any{tuesday, "B", 0, 0, 0, 7})).named("volume")
	if got := lineUp(t, s.Grid()); !reflect.DeepEqual(got, []string{"B|7", "A|5"}) || s.Ranking.BaseRate != nil || s.Ranking.Other != nil || s.Notes != nil {
		t.Errorf("got %q, notes %q", got, s.Notes)
	}
}

// A missing day is a gap in every line, of sums too: no row is no zero.
func TestMissingDaysAreGaps(t *testing.T) {
	s := page(t, define(t, bySite), in(t, "UTC", back(1), tuesday), sites([]any{tuesday, "A", 0, 1, 100, 0}, []any{back(1), "A", 0, 0, 10, 8}, []any{back(3), "A", 0, 2, 100, 5})).named("trend")
	want := []string{back(3) + "|0.02|5|5", back(2) + "|||", back(1) + "||8|8", tuesday + "|0.01|0|0"}
	if got := lineUp(t, s.Grid()); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	if point := s.Trend.Series[1].Points[1]; point.Value != nil || point.Text != "no data" || point.Few {
		t.Errorf("a gap is %+v", point)
	}
	if want := []string{"1 day has no data: the lines are broken there."}; !reflect.DeepEqual(s.Notes, want) {
		t.Errorf("notes %q", s.Notes)
	}
}

func TestATrendThatIsShorterThanTheWindow(t *testing.T) {
	s := page(t, define(t, bySite), in(t, "UTC", back(9), tuesday), sites([]any{tuesday, "A", 0, 1, 100, 0})).named("trend")
	if got := s.Trend.Days; !reflect.DeepEqual(got, []string{back(3), back(2), back(1), tuesday}) || s.Notes[0] != "3 days have no data: the lines are broken there." {
		t.Errorf("days %v, notes %q", got, s.Notes)
	}
}

func binned(scale qos.Scale, bins ...qos.Bin) map[string]*qos.Table {
	return map[string]*qos.Table{"x": {Dimensions: []string{"day"}, Minima: []string{"low"}, Maxima: []string{"high"}, Scale: &scale,
		States: []qos.State{{Key: []qos.Member{qos.Text(tuesday)}, Minima: []float64{math.NaN()}, Maxima: []float64{math.NaN()}, Bins: bins}}}}
}

func TestBarsOfAHistogram(t *testing.T) {
	log := qos.Scale{Kind: qos.Log, Alpha: 0.01, Min: 0.01, Max: 10000}
	linear := qos.Scale{Kind: qos.Linear, Width: 0.1, Min: 1, Max: 5}
	many := []qos.Bin{{Index: qos.Negative, N: 3}, {Index: qos.ZeroBin, N: 5}}
	for i := int32(-200); i <= 400; i++ {
		many = append(many, qos.Bin{Index: i, N: int64(i + 201)})
	}
	tests := []struct {
		name, block  string
		scale        qos.Scale
		bins         []qos.Bin
		bars         int
		first, last  string
		n, below     float64
		above, junk  float64
		between, all float64 // of the last bar, of all bars
	}{
		{"no value", "scale: log, alpha: 1%, min: 0.01, max: 10000", log, nil, 0, "", "", 0, 0, 0, 0, 0, 0},
		{"one bin", "scale: linear, width: 0.1, min: 1, max: 5", linear, []qos.Bin{{Index: 29, N: 7}}, 1, "3.90 – 4.00", "3.90 – 4.00", 7, 0, 0, 0, 7, 7},
		{"a gap between two bins", "scale: linear, width: 0.1, min: 1, max: 5", linear, []qos.Bin{{Index: 0, N: 1}, {Index: 3, N: 2}}, 4, "1.00 – 1.10", "1.30 – 1.40", 3, 0, 0, 0, 2, 3},
		{"zeros alone", "scale: log, alpha: 1%, min: 0.01, max: 10000", log, []qos.Bin{{Index: qos.ZeroBin, N: 4}}, 1, "0 – 0.0100", "0 – 0.0100", 4, 0, 0, 0, 4, 4},
		{"nothing but what has no bar", "scale: log, alpha: 1%, min: 0.01, max: 10000", log, []qos.Bin{{Index: qos.NotFinite, N: 1}, {Index: qos.Negative, N: 2}, {Index: qos.OverflowBin, N: 3}}, 0, "", "", 3, 2, 3, 1, 0, 0},
		{"more bins than bars", "scale: log, alpha: 1%, min: 0.01, max: 10000", log, many, 39, "0 – 0.0100", "", 180906, 3, 0, 0, 0, 180906},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := define(t, "datasets: {x: {query: s.sql, dimensions: [day], histogram: {bin: bin, count: n, "+tt.block+", unit: ms}}}\nsections: {bars: {histogram: x}}\noutputs: {html: {}}\n")
			h := page(t, d, in(t, "UTC", tuesday, tuesday), binned(tt.scale, tt.bins...)).named("bars").Histogram
			if len(h.Bars) != tt.bars || h.N != tt.n || h.Below != tt.below || h.Above != tt.above || h.NotFinite != tt.junk {
				t.Fatalf("%d bars of %v values, %v below, %v above, %v not finite", len(h.Bars), h.N, h.Below, h.Above, h.NotFinite)
			}
			if tt.bars == 0 {
				return
			}
			sum := 0.0
			for i, bar := range h.Bars {
				sum += bar.N
				if bar.Low >= bar.High || i > 1 && math.Abs(bar.Low-h.Bars[i-1].High) > 1e-9*bar.Low {
					t.Errorf("bar %d from %v to %v", i, bar.Low, bar.High)
				}
			}
			last := h.Bars[len(h.Bars)-1]
			if h.Bars[0].Text != tt.first || sum != tt.all {
				t.Errorf("first %q, last %q, %v values in the bars, %v in the last", h.Bars[0].Text, last.Text, sum, last.N)
			}
			if tt.last != "" && (last.Text != tt.last || last.N != tt.between) {
				t.Errorf("last %q with %v", last.Text, last.N)
			}
		})
	}
}
