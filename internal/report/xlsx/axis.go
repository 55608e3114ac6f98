package xlsx

import (
	"math"
	"strings"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/report"
)

// axis is the limits of a chart's axis and the distance of its lines.
type axis struct{ low, high, step float64 }

// axisSteps is into how many parts an axis is divided, about.
const axisSteps = 5

// newAxis rounds limits to values that are easily read. It begins with zero unless the
// values are so close to each other that they would be one flat line.
func newAxis(low, high float64) axis {
	switch {
	case low == high && low == 0:
		high = 1
	case low > 0 && low < high/2 || low == high && low > 0:
		low = 0
	case low == high || high < 0 && high > low/2:
		high = 0
	}
	raw := (high - low) / axisSteps
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if raw <= step*factor*(1+1e-9) {
			step *= factor
			break
		}
	}
	return axis{low: tidy(math.Floor(low/step+1e-9)*step, step), high: tidy(math.Ceil(high/step-1e-9)*step, step), step: tidy(step, step)}
}

// tidy removes what binary fractions add: 0.30000000000000004.
func tidy(v, step float64) float64 {
	scale := math.Pow(10, math.Max(0, 2-math.Floor(math.Log10(step))))
	return math.Round(v*scale) / scale
}

func (a axis) span() float64 { return a.high - a.low }

// decimals is how many the axis needs so that its lines have different numbers.
func (a axis) decimals(percent bool) int {
	step := a.step
	if percent {
		step *= 100
	}
	return int(math.Max(0, math.Ceil(-math.Log10(step)-1e-9)))
}

// options is the axis as the library takes it.
func (a axis) options(title, format string) excelize.ChartAxis {
	return excelize.ChartAxis{
		Minimum: &a.low, Maximum: &a.high, MajorUnit: a.step, Font: chartFont(9),
		NumFmt: excelize.ChartNumFmt{CustomNumFmt: format}, Title: chartTitle(title, 10),
	}
}

func chartFont(size float64) excelize.Font {
	return excelize.Font{Family: "Calibri", Size: size, Color: quiet}
}

// chartTitle is a title in one line, or none.
func chartTitle(title string, size float64) excelize.ChartTitle {
	font, line := chartFont(size), strings.Join(strings.Fields(text(title)), " ")
	if line == "" {
		return excelize.ChartTitle{}
	}
	return excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: line, Font: &font}}}
}

// panel is the series that one chart shows: of one unit, and of sizes that one axis fits.
type panel struct {
	series []int // indexes
	axis   axis
	least  float64 // the smallest span that a series of it has by itself
}

// crowding is how many times larger than a series' own span an axis may be, before the
// series is a flat line.
const crowding = 10

// panels puts series that can share an axis on one chart. A series without any number has
// no chart.
func panels(all []report.Series) []panel {
	var out []panel
	for i := range all {
		low, high, found := bounds(all[i].Points)
		if !found {
			continue
		}
		own := newAxis(low, high)
		joined := false
		for k := range out {
			p := &out[k]
			first := all[p.series[0]]
			both := newAxis(math.Min(own.low, p.axis.low), math.Max(own.high, p.axis.high))
			least := math.Min(own.span(), p.least)
			if first.Unit == all[i].Unit && first.Percent == all[i].Percent && both.span() <= crowding*least {
				p.series, p.axis, p.least, joined = append(p.series, i), both, least, true
				break
			}
		}
		if !joined {
			out = append(out, panel{series: []int{i}, axis: own, least: own.span()})
		}
	}
	return out
}

// bounds are the least and the largest number that is shown.
func bounds(points []report.Figure) (low, high float64, found bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, f := range points {
		if f.Shown() {
			low, high, found = math.Min(low, *f.Value), math.Max(high, *f.Value), true
		}
	}
	return low, high, found
}
