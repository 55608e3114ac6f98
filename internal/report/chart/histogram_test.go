package chart

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"qosreport/internal/report"
)

// bars are the left and right ends and the heights of the bars of a drawing.
func bars(t *testing.T, drawing string) (ends [][2]float64, heights []float64) {
	t.Helper()
	for _, data := range drawn(drawing, roleBar) {
		for _, m := range regexp.MustCompile(`M(\S+) (\S+)L\S+ (\S+?)L(\S+) \S+L[^Z]*Z`).FindAllStringSubmatch(data, -1) {
			var v [4]float64
			for i := range v {
				var err error
				if v[i], err = strconv.ParseFloat(m[i+1], 64); err != nil {
					t.Fatal(err)
				}
			}
			ends = append(ends, [2]float64{v[0], v[3]})
			heights = append(heights, v[1]-v[2])
		}
	}
	return ends, heights
}

func TestHistogramBars(t *testing.T) {
	tests := []struct {
		name   string
		log    bool
		bars   []report.Bar
		widths []float64 // as parts of the first
	}{
		{"linear bars of equal width", false, []report.Bar{{Low: 1, High: 2, N: 10}, {Low: 2, High: 3, N: 5}}, []float64{1, 1}},
		{"linear bars of different width", false, []report.Bar{{Low: 0, High: 1, N: 10}, {Low: 1, High: 3, N: 5}}, []float64{1, 2}},
		{"logarithmic bars that grow by a factor", true, []report.Bar{{Low: 1, High: 10, N: 10}, {Low: 10, High: 100, N: 5}}, []float64{1, 1}},
		{"an empty bar is not drawn", true, []report.Bar{{Low: 1, High: 10, N: 4}, {Low: 10, High: 100}, {Low: 100, High: 1000, N: 2}}, []float64{1, 1}},
		{"a logarithmic bar that begins at 0", true, []report.Bar{{Low: 0, High: 2, N: 6}, {Low: 2, High: 4, N: 3}}, []float64{1, 1}},
		{"no bar", true, nil, nil},
		{"a bar without width", false, []report.Bar{{Low: 2, High: 2, N: 1}}, []float64{1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			drawing := Histogram(&report.Histogram{Label: "Jitter", Log: tt.log, Bars: tt.bars}).SVG(wide)
			ends, heights := bars(t, drawing)
			if len(ends) != len(tt.widths) {
				t.Fatalf("%d bars, want %d: %s", len(ends), len(tt.widths), drawing)
			}
			for i := range ends {
				width, first := ends[i][1]-ends[i][0], ends[0][1]-ends[0][0]
				if math.Abs(width-first*tt.widths[i]) > 3 {
					t.Errorf("bar %d is %v wide, the first %v", i, width, first)
				}
			}
			if len(heights) == 2 && math.Abs(heights[0]-2*heights[1]) > 0.3 {
				t.Errorf("heights %v", heights)
			}
			texts(t, drawing)
		})
	}
}

func TestHistogramTexts(t *testing.T) {
	h := &report.Histogram{Label: "Jitter", Unit: "ms", Log: true, N: 17, Above: 2, NotFinite: 1,
		Bars:   []report.Bar{{Low: 1, High: 10, N: 10, Text: "1 – 10"}, {Low: 10, High: 100, N: 5, Text: "10 – 100"}},
		Labels: []string{"median", "p95", "p99", "p999"}, Quantiles: points(4, 50, tooFew, 5000)}
	c := Histogram(h)
	if want := "17 values, median T0, p95 T1, p999 T3; the highest bar is 1 – 10\u00a0ms with 10 of them."; c.Alt != want {
		t.Errorf("alternative %q", c.Alt)
	}
	if want := "The horizontal axis is logarithmic. Above the bars: 2. Not finite: 1."; c.Legend != want {
		t.Errorf("legend %q", c.Legend)
	}
	want := []string{"1", "2", "5", "10", "20", "50", "100", "0", "3", "6", "9", "12", "median T0", "p95 T1"}
	if got := texts(t, c.SVG(wide)); !slices.Equal(got, want) {
		t.Errorf("the drawing says %q, want %q: a quantile beyond the bars has no place", got, want)
	}
	if got := texts(t, c.SVG(Size{150, 150})); slices.Contains(got, "20") || !slices.Contains(got, "10") {
		t.Errorf("a small drawing says %q", got)
	}
	if c := Histogram(&report.Histogram{Label: "x"}); c.Alt != "There is no value." || c.Legend != "" {
		t.Errorf("without a bar: %q, %q", c.Alt, c.Legend)
	}
}

func TestLabelsOfQuantilesStayInside(t *testing.T) {
	h := &report.Histogram{Label: "Score", Bars: []report.Bar{{Low: 1, High: 5, N: 10}}, Labels: []string{"the largest of them all"}, Quantiles: points(4.99)}
	drawing := Histogram(h).SVG(narrow)
	m := regexp.MustCompile(`x="([0-9.]+)"[^>]*>the largest`).FindStringSubmatch(drawing)
	if m == nil {
		t.Fatal("the label is missing")
	}
	if x, err := strconv.ParseFloat(m[1], 64); err != nil || x > narrow.Width-60 {
		t.Errorf("the middle of the label is at %v: %v", x, err)
	}
	if !strings.Contains(drawing, `stroke-dasharray="4 2"`) {
		t.Error("the quantile has no line")
	}
}
