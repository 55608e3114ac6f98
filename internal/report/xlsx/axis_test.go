package xlsx

import (
	"reflect"
	"strings"
	"testing"

	"qosreport/internal/report"
)

func TestAxisLimits(t *testing.T) {
	tests := []struct {
		name      string
		low, high float64
		want      axis
		percent   bool
		decimals  int
	}{
		{"small shares begin with zero", 0.013, 0.0292, axis{0, 0.03, 0.01}, true, 0},
		{"shares close to each other do not", 0.9201, 0.9399, axis{0.92, 0.94, 0.005}, true, 1},
		{"counts", 11000, 17000, axis{10000, 18000, 2000}, false, 0},
		{"all zero", 0, 0, axis{0, 1, 0.2}, false, 1},
		{"one value", 4.1, 4.1, axis{0, 5, 1}, false, 0},
		{"one value below zero", -50, -50, axis{-50, 0, 10}, false, 0},
		{"below zero", -80, -75, axis{-80, -75, 1}, false, 0},
		{"below zero, far apart", -80, -5, axis{-80, 0, 20}, false, 0},
		{"about zero", -3, 8, axis{-5, 10, 5}, false, 0},
		{"binary fractions", 0, 0.3, axis{0, 0.3, 0.1}, false, 1},
		{"very small", 0, 3e-9, axis{0, 3e-9, 1e-9}, false, 9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := newAxis(tt.low, tt.high)
			if got != tt.want || got.decimals(tt.percent) != tt.decimals {
				t.Errorf("got %v with %d decimals", got, got.decimals(tt.percent))
			}
		})
	}
}

func line3(h report.Head, values ...float64) report.Series {
	s := report.Series{Head: h}
	for _, v := range values {
		s.Points = append(s.Points, figure(h, v, 100))
	}
	return s
}

func TestMeasuresShareAnAxisThatFitsThem(t *testing.T) {
	ms := report.Head{Measure: "ms", Kind: "quantile", Label: "p", Unit: "ms"}
	empty := report.Series{Head: ms, Points: []report.Figure{noData(), few()}}
	tests := []struct {
		name string
		all  []report.Series
		want [][]int
	}{
		{"one", []report.Series{line3(pcrHead, 0.01, 0.02)}, [][]int{{0}}},
		{"alike", []report.Series{line3(ms, 20, 30), line3(ms, 40, 70)}, [][]int{{0, 1}}},
		{"other unit", []report.Series{line3(ms, 20, 30), line3(mosHead, 4, 4.1)}, [][]int{{0}, {1}}},
		{"same unit, far apart", []report.Series{line3(pcrHead, 0.01, 0.02), line3(nerHead, 0.92, 0.94)}, [][]int{{0}, {1}}},
		{"the third joins the first", []report.Series{line3(ms, 20, 30), line3(pcrHead, 0.1), line3(ms, 25, 35)}, [][]int{{0, 2}, {1}}},
		{"nothing to draw", []report.Series{empty}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got [][]int
			for _, p := range panels(tt.all) {
				got = append(got, p.series)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestNumberFormats(t *testing.T) {
	tests := []struct {
		percent  bool
		decimals int
		verdict  string
		want     string
	}{
		{false, 0, "", "#,##0"}, {false, 2, "", "#,##0.00"}, {true, 0, "", "0%"}, {true, 1, "", "0.0%"},
		{true, 2, "breach", `"✖ "0.00%`}, {false, 0, "watch", `"▲ "#,##0`}, {false, report.Plain, "", "#,##0"}, {true, 1, "not judged", "0.0%"},
	}
	for _, tt := range tests {
		if got := numberFormat(tt.percent, tt.decimals, tt.verdict); got != tt.want {
			t.Errorf("%v: %s", tt, got)
		}
	}
}

func TestDecimalsOfPlainNumbers(t *testing.T) {
	for v, want := range map[float64]int{0: 0, 2: 0, 1.9: 1, 0.21870080516577: 4, 40.452293467943: 2, 83108.5: 0, -0.5: 1, 1e-40: 30, 1e300: 0} {
		if got := decimalsOf(v); got != want {
			t.Errorf("%v: %d decimals, want %d", v, got, want)
		}
	}
}

func TestLinesOfAText(t *testing.T) {
	tests := []struct {
		text  string
		width float64
		want  float64
	}{
		{"", 10, 1}, {"short", 10, 1}, {"two words", 5, 2}, {"a\nb\n\nc\n", 10, 4}, {strings.Repeat("x", 110), 10, 10},
		{"Network effectiveness ratio", 18, 2}, {"東京東京東京東京", 8, 2}, {"  indented", 20, 1},
	}
	for _, tt := range tests {
		if got := linesOf(tt.text, tt.width); got != tt.want {
			t.Errorf("%.30q in %v: %v lines, want %v", tt.text, tt.width, got, tt.want)
		}
	}
}
