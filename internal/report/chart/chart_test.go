package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"qosreport/internal/report"
)

var (
	wide   = Size{560, 240}
	narrow = Size{350, 230}
)

func at(v float64) *float64 { return &v }

// points are figures; NaN stands for a day without one, infinity for too few items.
func points(values ...float64) []report.Figure {
	figures := make([]report.Figure, len(values))
	for i, v := range values {
		switch {
		case math.IsNaN(v):
			figures[i] = report.Figure{Text: "no data"}
		case math.IsInf(v, 0):
			figures[i] = report.Figure{Value: at(0.5), Few: true, Text: "n<30"}
		default:
			figures[i] = report.Figure{Value: &values[i], Text: "T" + strconv.Itoa(i)}
		}
	}
	return figures
}

func days(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = "2017-09-" + strconv.Itoa(10+i)
	}
	return all
}

func trendOf(values ...float64) *report.Trend {
	return &report.Trend{Days: days(len(values)), Series: []report.Series{{Head: report.Head{Label: "Poor"}, Points: points(values...)}}}
}

// texts are what a reader sees in a drawing. They are read as XML, so that a drawing that
// is not well formed fails.
func texts(t *testing.T, drawing string) []string {
	t.Helper()
	var found []string
	decoder := xml.NewDecoder(strings.NewReader(drawing))
	inside := false
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatalf("%v in %s", err, drawing)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inside = token.Name.Local == "text"
		case xml.CharData:
			if inside {
				found = append(found, string(token))
			}
		}
	}
}

// drawn are the data of the paths that have a role.
func drawn(drawing string, r role) []string {
	var found []string
	for _, m := range regexp.MustCompile(`(?:stroke|fill)="`+regexp.QuoteMeta(r.property())+`"[^>]* d="([^"]*)"`).FindAllStringSubmatch(drawing, -1) {
		found = append(found, m[1])
	}
	return found
}

var gap, tooFew = math.NaN(), math.Inf(1)

func TestDaysWithoutAFigureAreGaps(t *testing.T) {
	tests := []struct {
		name   string
		values []float64
		lines  []int // points of each line
		dots   int
	}{
		{"no gap", []float64{1, 2, 3}, []int{3}, 3},
		{"a missing day", []float64{1, 2, gap, 3, 4}, []int{2, 2}, 4},
		{"a day with too few items", []float64{1, 2, tooFew, 3, 4, 5}, []int{2, 3}, 5},
		{"a day between gaps is a dot", []float64{1, 2, gap, 3, gap}, []int{2}, 3},
		{"gaps at both ends", []float64{gap, 1, 2, tooFew}, []int{2}, 2},
		{"nothing", []float64{gap, tooFew, gap}, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []Size{wide, narrow} {
				drawing := Trend(trendOf(tt.values...))[0].SVG(size)
				var lines []int
				dots := 0
				for _, d := range drawn(drawing, roleLine) {
					if strings.Contains(d, "A") {
						dots = strings.Count(d, "Z")
						continue
					}
					lines = append(lines, 1+strings.Count(d, "L"))
				}
				if !slices.Equal(lines, tt.lines) || dots != tt.dots {
					t.Errorf("lines of %v points and %d dots, want %v and %d", lines, dots, tt.lines, tt.dots)
				}
			}
		})
	}
}

func TestMarksHaveTheFormOfTheirVerdict(t *testing.T) {
	trend := trendOf(1, 2, 3, 4)
	for i, verdict := range []string{"good", "watch", "breach", "too few data"} {
		trend.Series[0].Points[i].Verdict = verdict
	}
	c := Trend(trend)[0]
	drawing := c.SVG(wide)
	if d := drawn(drawing, roleWatch); len(d) != 1 || strings.Count(d[0], "Z") != 1 || strings.Count(d[0], "L") != 2 {
		t.Errorf("watch is drawn as %q", d)
	}
	if d := drawn(drawing, roleBreach); len(d) != 1 || strings.Count(d[0], "M") != 2 || strings.Count(d[0], "L") != 2 {
		t.Errorf("breach is drawn as %q", d)
	}
	if c.Legend != "▲ watch. ✖ breach." {
		t.Errorf("the legend says %q", c.Legend)
	}
}

// ends are the first and last points of a line.
func ends(t *testing.T, data string) (first, last [2]float64) {
	t.Helper()
	numbers := regexp.MustCompile(`-?[0-9.]+`).FindAllString(data, -1)
	value := func(i int) float64 {
		v, err := strconv.ParseFloat(numbers[i], 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	n := len(numbers)
	return [2]float64{value(0), value(1)}, [2]float64{value(n - 2), value(n - 1)}
}

func TestFiguresStandOnTheirScale(t *testing.T) {
	trend := trendOf(0.02, 0.03, 0.025)
	head := &trend.Series[0].Head
	head.Percent, head.Good, head.Acceptable, head.Limits = true, at(0.02), at(0.03), "good ≤ 2 %, acceptable ≤ 3 %"
	for i := range trend.Series[0].Points {
		p := &trend.Series[0].Points[i]
		p.Low, p.High = at(*p.Value-0.005), at(*p.Value+0.005)
	}
	drawing := Trend(trend)[0].SVG(wide)
	limits := drawn(drawing, roleLimit)
	if len(limits) != 2 {
		t.Fatalf("limits %q", limits)
	}
	_, good := ends(t, limits[0])
	_, acceptable := ends(t, limits[1])
	first, last := ends(t, drawn(drawing, roleLine)[0])
	if first[1] != good[1] || math.Abs(last[1]-(good[1]+acceptable[1])/2) > 0.11 {
		t.Errorf("the line goes from %v to %v, the limits are at %v and %v", first, last, good, acceptable)
	}
	band := drawn(drawing, roleBand)
	if len(band) != 1 || strings.Count(band[0], "L") != 5 {
		t.Errorf("the band is %q", band)
	}
	want := []string{"09-12", "09-11", "09-10", "0\u00a0%", "1\u00a0%", "2\u00a0%", "3\u00a0%", "4\u00a0%", "good", "acceptable"}
	if got := texts(t, drawing); !slices.Equal(got, want) {
		t.Errorf("the drawing says %q, want %q", got, want)
	}
}

func TestNamesOfNearLimitsMoveApart(t *testing.T) {
	for _, limits := range [][2]float64{{0.02, 0.021}, {0.021, 0.02}, {0.02, 0.02}} {
		trend := trendOf(0, 0.5)
		trend.Series[0].Good, trend.Series[0].Acceptable = &limits[0], &limits[1]
		drawing := Trend(trend)[0].SVG(wide)
		height := func(name string) float64 {
			m := regexp.MustCompile(`y="([0-9.]+)"[^>]*>` + name).FindStringSubmatch(drawing)
			if m == nil {
				t.Fatalf("%s has no name", name)
			}
			y, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			return y
		}
		apart := height("acceptable") - height("good")
		if limits[0] < limits[1] {
			apart = -apart
		}
		if math.Abs(apart-fontSize) > 0.2 {
			t.Errorf("limits %v: good is %v above acceptable", limits, apart)
		}
	}
}

func TestTheVolumeStandsInAStripOfItsOwn(t *testing.T) {
	trend := trendOf(1, 2, 3)
	trend.Volume = &report.Series{Head: report.Head{Label: "Calls"}, Points: points(1000, gap, 500)}
	c := Trend(trend)[0]
	drawing := c.SVG(wide)
	bars := drawn(drawing, roleBar)
	if len(bars) != 1 || strings.Count(bars[0], "Z") != 2 {
		t.Fatalf("bars %q", bars)
	}
	numbers := regexp.MustCompile(`[ML]([0-9.]+) ([0-9.]+)`).FindAllStringSubmatch(bars[0], -1)
	height := func(bar int) float64 {
		bottom, _ := strconv.ParseFloat(numbers[4*bar][2], 64)
		top, _ := strconv.ParseFloat(numbers[4*bar+1][2], 64)
		return bottom - top
	}
	if math.Abs(height(0)-2*height(1)) > 0.2 || height(0) < 20 {
		t.Errorf("the bars are %v and %v high", height(0), height(1))
	}
	_, last := ends(t, drawn(drawing, roleLine)[0])
	if top, _ := strconv.ParseFloat(numbers[1][2], 64); last[1] >= top {
		t.Error("the line meets the bars")
	}
	if c.Legend != "Bars: Calls, at most T0 on 2017-09-10." || !slices.Contains(texts(t, drawing), "1\u202f000") {
		t.Errorf("legend %q, texts %q", c.Legend, texts(t, drawing))
	}
}

func TestTrendInWords(t *testing.T) {
	tests := []struct {
		name   string
		values []float64
		want   string
	}{
		{"figures and a gap", []float64{2, 1, gap, 3}, "By day from 2017-09-10 to 2017-09-13: lowest T1 on 2017-09-11, highest T3 on 2017-09-13, last T3 on 2017-09-13. 1 day has no figure."},
		{"the last days are missing", []float64{2, gap, tooFew}, "By day from 2017-09-10 to 2017-09-12: lowest T0 on 2017-09-10, highest T0 on 2017-09-10, last T0 on 2017-09-10. 2 days have no figure."},
		{"no figure", []float64{gap}, "No day has a figure."},
		{"no day", nil, "No day has a figure."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := Trend(trendOf(tt.values...))[0]
			if c.Alt != tt.want {
				t.Errorf("got %q", c.Alt)
			}
			if drawing := c.SVG(narrow); !strings.Contains(drawing, `role="img" aria-label="Poor. `+tt.want+`"`) {
				t.Errorf("the drawing lacks its words: %.300s", drawing)
			}
		})
	}
}

func TestDaysHaveRoomForTheirLabels(t *testing.T) {
	for _, n := range []int{1, 7, 28, 400} {
		for _, size := range []Size{wide, narrow} {
			d := &trend{days: make([]string, n)}
			ticks := d.dayTicks(newCanvasOf(size).Size().X)
			if len(ticks) == 0 || ticks[0].Value != float64(n-1) || float64(len(ticks))*48 > size.Width {
				t.Errorf("%d days on %v: %d labels", n, size, len(ticks))
			}
		}
	}
}

func TestADrawingIsTheSameEachTime(t *testing.T) {
	c := Trend(trendOf(1, 2, gap, 4))[0]
	drawing := c.SVG(wide)
	if again := c.SVG(wide); drawing != again {
		t.Error("two drawings of one chart differ")
	}
	if strings.Contains(drawing, " id=") || strings.Contains(drawing, "#") || strings.Contains(drawing, "font-family") {
		t.Errorf("the drawing has an id, a colour or a font of its own: %s", drawing)
	}
}

func TestHostileTextsAreTexts(t *testing.T) {
	bad := `</svg><script>"'&`
	trend := trendOf(1, 2)
	trend.Days = []string{bad, bad + "\n" + bad}
	trend.Series[0].Label = bad
	drawings := Trend(trend)[0].SVG(wide) + Histogram(&report.Histogram{Label: bad, Unit: bad, Bars: []report.Bar{{Low: 1, High: 2, N: 1, Text: bad}},
		Quantiles: points(1.5), Labels: []string{bad}}).SVG(wide)
	texts(t, "<all>"+drawings+"</all>")
	if strings.Contains(drawings, "<script") {
		t.Error("a text became an element")
	}
}
