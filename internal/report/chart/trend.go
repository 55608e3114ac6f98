package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"qosreport/internal/report"
)

// Trend is a chart for each series: measures of different size on one axis would flatten
// each other. The volume stands in a strip below each of them.
func Trend(t *report.Trend) []Chart {
	charts := make([]Chart, len(t.Series))
	for i, s := range t.Series {
		d := newTrend(t, s)
		charts[i] = Chart{Title: s.Label, Alt: d.alt(), Legend: d.legend(), draw: d.draw}
	}
	return charts
}

// trend is one series, ready to be drawn.
type trend struct {
	days   []string
	series report.Series
	volume *report.Series
	scale  scale
	base   float64 // where the vertical axis begins: the strip of the volume is below the scale
	most   int     // the day of the largest volume; -1 without
}

// Parts of the height of a trend that has a volume.
const (
	stripPart = 0.22
	stripGap  = 0.1
)

func newTrend(t *report.Trend, s report.Series) *trend {
	d := &trend{days: t.Days, series: s, volume: t.Volume, scale: trendScale(s), most: -1}
	d.base = d.scale.low
	if t.Volume == nil {
		return d
	}
	for i, p := range t.Volume.Points {
		if p.Shown() && *p.Value > 0 && (d.most < 0 || *p.Value > *t.Volume.Points[d.most].Value) {
			d.most = i
		}
	}
	if d.most >= 0 {
		d.base = d.scale.high - (d.scale.high-d.scale.low)/(1-stripPart-stripGap)
	}
	return d
}

// trendScale holds every figure, its interval and the limits.
func trendScale(s report.Series) scale {
	low, high := math.Inf(1), math.Inf(-1)
	hold := func(values ...*float64) {
		for _, v := range values {
			if v != nil {
				low, high = math.Min(low, *v), math.Max(high, *v)
			}
		}
	}
	hold(s.Good, s.Acceptable)
	for _, p := range s.Points {
		if p.Shown() {
			hold(p.Value, p.Low, p.High)
		}
	}
	if low > high {
		low, high = 0, 1
	}
	return linear(low, high, 4, s.Percent)
}

func (d *trend) draw(c draw.Canvas) {
	p := axes()
	p.X.Min, p.X.Max = -0.5, float64(len(d.days))-0.5
	p.Y.Min, p.Y.Max = d.base, d.scale.high
	ticks := d.scale.ticks()
	p.X.Tick.Marker = plot.ConstantTicks(d.dayTicks(c.Size().X))
	p.Add(gridLines(ticks))
	if d.most >= 0 {
		p.Add(plotter(d.drawVolume))
		ticks = append(ticks, plot.Tick{Value: d.stripTop(), Label: report.FormatNumber(*d.volume.Points[d.most].Value, d.volume.Decimals)})
	}
	p.Y.Tick.Marker = plot.ConstantTicks(ticks)
	right := vg.Length(6)
	if d.series.Good != nil || d.series.Acceptable != nil {
		right = style(roleQuiet, text.XLeft, text.YCenter).Width("acceptable") + 14
	}
	p.Add(plotter(d.drawBand), plotter(d.drawLimits), plotter(d.drawLine), plotter(d.drawMarks))
	p.Draw(draw.Crop(c, 0, -right, 0, 0))
}

// dayTicks are labels of days, counted back from the last, as many as have room.
func (d *trend) dayTicks(width vg.Length) []plot.Tick {
	const room = 48 // of a label, in pixels
	most := max(1, int(width)/room-2)
	step := 1
	for _, step = range []int{1, 2, 7, 14, 28, 91, 182, 364} {
		if (len(d.days)+step-1)/step <= most {
			break
		}
	}
	var ticks []plot.Tick
	for i := len(d.days) - 1; i >= 0; i -= step {
		label := d.days[i]
		if len(label) == len("2006-01-02") {
			label = label[len("2006-"):]
		}
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: label})
	}
	return ticks
}

// stripTop is where the largest volume ends on the vertical axis.
func (d *trend) stripTop() float64 { return d.base + stripPart*(d.scale.high-d.base) }

func (d *trend) drawVolume(c draw.Canvas, x, y func(float64) vg.Length) {
	most := *d.volume.Points[d.most].Value
	c.StrokeLine2(stroke(roleGrid, hairWidth), c.Min.X, y(d.stripTop()), c.Max.X, y(d.stripTop()))
	var bars vg.Path
	for i, p := range d.volume.Points {
		if p.Shown() && *p.Value > 0 {
			top := d.base + (d.stripTop()-d.base)**p.Value/most
			bars = append(bars, box(x(float64(i)-0.38), x(float64(i)+0.38), y(d.base), y(top))...)
		}
	}
	c.SetColor(roleBar)
	c.Fill(bars)
}

// box is the outline of a bar.
func box(left, right, bottom, top vg.Length) vg.Path {
	var p vg.Path
	p.Move(vg.Point{X: left, Y: bottom})
	p.Line(vg.Point{X: left, Y: top})
	p.Line(vg.Point{X: right, Y: top})
	p.Line(vg.Point{X: right, Y: bottom})
	p.Close()
	return p
}

// runs are the stretches of days that have a figure each: from the first to before the
// second number.
func runs(points []report.Figure) [][2]int {
	var found [][2]int
	for i, p := range points {
		switch {
		case !p.Shown():
		case i > 0 && points[i-1].Shown():
			found[len(found)-1][1] = i + 1
		default:
			found = append(found, [2]int{i, i + 1})
		}
	}
	return found
}

// drawBand fills what lies within the intervals.
func (d *trend) drawBand(c draw.Canvas, x, y func(float64) vg.Length) {
	for _, run := range runs(d.series.Points) {
		var above, below []vg.Point
		for i := run[0]; i < run[1]; i++ {
			p := d.series.Points[i]
			if p.Low == nil || p.High == nil {
				return // of one kind of measure: none has an interval
			}
			above = append(above, vg.Point{X: x(float64(i)), Y: y(*p.High)})
			below = append(below, vg.Point{X: x(float64(i)), Y: y(*p.Low)})
		}
		if len(above) == 1 {
			c.StrokeLine2(stroke(roleBand, 4), above[0].X, above[0].Y, below[0].X, below[0].Y)
			continue
		}
		for i := len(below) - 1; i >= 0; i-- {
			above = append(above, below[i])
		}
		c.FillPolygon(roleBand, above)
	}
}

// drawLimits are dashed lines with their names beside them.
func (d *trend) drawLimits(c draw.Canvas, _, y func(float64) vg.Length) {
	beside := style(roleQuiet, text.XLeft, text.YCenter)
	shift := vg.Length(0)
	if good, acceptable := d.series.Good, d.series.Acceptable; good != nil && acceptable != nil {
		// Names of limits that are near each other move apart.
		if apart := y(*good) - y(*acceptable); apart >= 0 && apart < fontSize {
			shift = (fontSize - apart) / 2
		} else if apart < 0 && apart > -fontSize {
			shift = -(fontSize + apart) / 2
		}
	}
	limit := func(v *float64, name string, shift vg.Length, dashes ...vg.Length) {
		if v == nil {
			return
		}
		c.StrokeLine2(stroke(roleLimit, 1, dashes...), c.Min.X, y(*v), c.Max.X, y(*v))
		c.FillText(beside, vg.Point{X: c.Max.X + 8, Y: y(*v) + shift + beside.FontExtents().Descent}, name)
	}
	limit(d.series.Good, "good", shift, 2, 3)
	limit(d.series.Acceptable, "acceptable", -shift, 6, 3)
}

// drawLine joins the figures of adjacent days.
func (d *trend) drawLine(c draw.Canvas, x, y func(float64) vg.Length) {
	for _, run := range runs(d.series.Points) {
		var line []vg.Point
		for i := run[0]; i < run[1]; i++ {
			line = append(line, vg.Point{X: x(float64(i)), Y: y(*d.series.Points[i].Value)})
		}
		if len(line) > 1 {
			c.StrokeLines(stroke(roleLine, lineWidth), line)
		}
	}
}

// drawMarks sets a mark on each figure, whose form says its verdict.
func (d *trend) drawMarks(c draw.Canvas, x, y func(float64) vg.Length) {
	var dots, triangles, crosses vg.Path
	for i, p := range d.series.Points {
		if !p.Shown() {
			continue
		}
		at := vg.Point{X: x(float64(i)), Y: y(*p.Value)}
		switch p.Verdict {
		case "watch":
			triangles = append(triangles, triangle(at, 4.5)...)
		case "breach":
			crosses = append(crosses, cross(at, 3.5)...)
		default:
			dots.Move(at.Add(vg.Point{X: 2}))
			dots.Arc(at, 2, 0, 2*math.Pi)
			dots.Close()
		}
	}
	fill := func(r role, path vg.Path) {
		if len(path) > 0 {
			c.SetColor(r)
			c.Fill(path)
		}
	}
	fill(roleLine, dots)
	fill(roleWatch, triangles)
	if len(crosses) > 0 {
		c.SetLineStyle(stroke(roleBreach, 2.2))
		c.Stroke(crosses)
	}
}

func triangle(at vg.Point, r vg.Length) vg.Path {
	var p vg.Path
	p.Move(at.Add(vg.Point{Y: r}))
	p.Line(at.Add(vg.Point{X: -r, Y: -0.8 * r}))
	p.Line(at.Add(vg.Point{X: r, Y: -0.8 * r}))
	p.Close()
	return p
}

func cross(at vg.Point, r vg.Length) vg.Path {
	var p vg.Path
	for _, slope := range []vg.Length{1, -1} {
		p.Move(at.Add(vg.Point{X: -r, Y: -r * slope}))
		p.Line(at.Add(vg.Point{X: r, Y: r * slope}))
	}
	return p
}
