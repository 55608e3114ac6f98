package chart

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"qosreport/internal/report"
)

// Histogram is the bars of a distribution with lines at its quantiles.
func Histogram(h *report.Histogram) Chart {
	title := h.Label
	if h.Unit != "" {
		title += " (" + h.Unit + ")"
	}
	d := newHistogram(h)
	return Chart{Title: title, Alt: histogramAlt(h), Legend: histogramLegend(h), draw: d.draw}
}

// histogram is a distribution, ready to be drawn.
type histogram struct {
	*report.Histogram
	low, high float64 // of the bars
}

func newHistogram(h *report.Histogram) *histogram {
	d := &histogram{Histogram: h, low: math.Inf(1), high: math.Inf(-1)}
	for _, b := range h.Bars {
		// A bar that begins at 0 has no place for its beginning on a logarithmic axis.
		if !h.Log || b.Low > 0 {
			d.low = math.Min(d.low, b.Low)
		} else if b.High > 0 {
			d.low = math.Min(d.low, b.High/2)
		}
		d.high = math.Max(d.high, b.High)
	}
	if !(d.low < d.high) {
		d.low, d.high = 1, 10
	}
	return d
}

// at is where v stands on the horizontal axis.
func (d *histogram) at(v float64) float64 {
	v = math.Min(math.Max(v, d.low), d.high)
	if d.Log {
		return math.Log10(v)
	}
	return v
}

func (d *histogram) draw(c draw.Canvas) {
	most := 0.0
	for _, b := range d.Bars {
		most = math.Max(most, b.N)
	}
	ticks := counts(most).ticks()
	p := axes()
	p.X.Min, p.X.Max = d.at(d.low), d.at(d.high)
	p.Y.Min, p.Y.Max = 0, ticks[len(ticks)-1].Value
	p.X.Tick.Marker = plot.ConstantTicks(d.ticks(c.Size().X))
	p.Y.Tick.Marker = plot.ConstantTicks(ticks)
	p.Add(gridLines(ticks), plotter(d.drawBars), plotter(d.drawQuantiles))
	head := vg.Length(len(d.shownQuantiles())*(fontSize+2) + 4)
	p.Draw(draw.Crop(c, 0, -10, 0, -head))
}

// ticks are round values; on a logarithmic axis powers of ten, with 2 and 5 between them
// where there is room.
func (d *histogram) ticks(width vg.Length) []plot.Tick {
	if !d.Log {
		s := linear(d.low, d.high, max(2, int(width)/90), false)
		s.low = math.Ceil(d.low/s.step-1e-9) * s.step
		s.high = math.Floor(d.high/s.step+1e-9) * s.step
		return s.ticks()
	}
	factors := []float64{1, 2, 5}
	if decades := d.at(d.high) - d.at(d.low); decades*3*44 > float64(width) {
		factors = factors[:1]
	}
	var ticks []plot.Tick
	for power := math.Floor(d.at(d.low)); power <= d.at(d.high); power++ {
		for _, factor := range factors {
			v := factor * math.Pow(10, power)
			if v >= d.low*(1-1e-9) && v <= d.high*(1+1e-9) {
				ticks = append(ticks, plot.Tick{Value: d.at(v), Label: strconv.FormatFloat(v, 'g', 6, 64)})
			}
		}
	}
	return ticks
}

func (d *histogram) drawBars(c draw.Canvas, x, y func(float64) vg.Length) {
	var bars vg.Path
	for _, b := range d.Bars {
		if b.N <= 0 {
			continue
		}
		left, right := x(d.at(b.Low)), x(d.at(b.High))
		if right-left > 3 {
			right -= 1 // a thin line of ground between bars
		}
		bars = append(bars, box(left, right, y(0), y(b.N))...)
	}
	c.SetColor(roleBar)
	c.Fill(bars)
}

// shownQuantiles are the quantiles that have a number, a name and a place on the axis.
func (d *histogram) shownQuantiles() []int {
	var shown []int
	for i, q := range d.Quantiles {
		if i < len(d.Labels) && q.Shown() && *q.Value >= d.low && *q.Value <= d.high {
			shown = append(shown, i)
		}
	}
	return shown
}

// drawQuantiles are lines with their names above the bars, a row each, so that names of
// near quantiles do not meet.
func (d *histogram) drawQuantiles(c draw.Canvas, x, _ func(float64) vg.Length) {
	for row, i := range d.shownQuantiles() {
		q := d.Quantiles[i]
		label := d.Labels[i] + " " + q.Text
		at := vg.Point{X: x(d.at(*q.Value)), Y: c.Max.Y + vg.Length((len(d.shownQuantiles())-1-row)*(fontSize+2))}
		beside := style(roleInk, text.XLeft, text.YBottom)
		name := at.Add(vg.Point{X: 6, Y: 2})
		if width := beside.Width(label); name.X+width > c.Max.X {
			name.X = at.X - 6 - width
		}
		c.StrokeLine2(stroke(roleInk, 1, 4, 2), at.X, c.Min.Y, at.X, at.Y+fontSize)
		c.FillText(beside, name, label)
	}
}
