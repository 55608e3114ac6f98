// Package chart draws the trends and histograms of a report.
//
// A drawing shows what the model holds and nothing else: a day without a figure is a gap
// in its line, never zero and never guessed. It names the role of each stroke, such as
// the line or a limit, and leaves its colour to the page: one drawing serves light, dark
// and paper.
package chart

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Chart is one drawing, to be made in any size.
type Chart struct {
	Title  string // what is drawn: the label of a measure or of a column
	Alt    string // what can be seen, in whole sentences, for those who cannot see it
	Legend string // what the marks mean, in whole sentences; "" when there is nothing to say
	draw   func(draw.Canvas)
}

// Size is the width and height of a drawing in pixels of CSS.
type Size struct{ Width, Height float64 }

// SVG is the chart as an element of a page. Its colours are the page's custom properties
// --chart-ink, --chart-line and so on, one for each role; its font is the page's.
func (c Chart) SVG(size Size) string {
	s := newSVG(size)
	c.draw(draw.NewCanvas(s, vg.Length(size.Width), vg.Length(size.Height)))
	return s.element(c.Title, c.Title+". "+c.Alt)
}

// role is what a stroke, an area or a text stands for. As a color.Color it passes through
// the plotting library to the canvas, which writes its name.
type role string

const (
	roleInk    role = "ink"    // texts that are read
	roleQuiet  role = "quiet"  // texts at the axes
	roleGrid   role = "grid"   // lines at the ticks
	roleLine   role = "line"   // the figures
	roleBand   role = "band"   // their intervals
	roleBar    role = "bar"    // counts
	roleLimit  role = "limit"  // good and acceptable
	roleWatch  role = "watch"  // marks of judged figures
	roleBreach role = "breach" //
)

// RGBA is black, for canvases that know no roles.
func (r role) RGBA() (red, green, blue, alpha uint32) { return color.Black.RGBA() }

const (
	fontSize  = 12 // of the texts, in pixels
	hairWidth = 0.8
	lineWidth = 1.8
)

// sans measures texts. Pages use their own font, whose letters are about as wide.
var sans = font.Font{Typeface: "Liberation", Variant: "Sans", Size: fontSize}

// style is how a text is written.
func style(r role, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{Color: r, Font: sans, XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler}
}

// axes is a plot whose axes have the look of the page: quiet labels, no line at the side.
func axes() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.X.Tick.Label = style(roleQuiet, text.XCenter, text.YTop)
	p.Y.Tick.Label = style(roleQuiet, text.XRight, text.YCenter)
	p.X.LineStyle = stroke(roleQuiet, hairWidth)
	p.X.Tick.LineStyle = stroke(roleQuiet, hairWidth)
	p.X.Tick.Length = 4
	p.Y.LineStyle.Width, p.Y.Tick.LineStyle.Width = 0, 0
	p.X.Padding, p.Y.Padding = 0, 0
	return p
}

func stroke(r role, width vg.Length, dashes ...vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: r, Width: width, Dashes: dashes}
}

// plotter lets a function draw upon a plot.
type plotter func(c draw.Canvas, x, y func(float64) vg.Length)

// Plot draws with the scales of the axes.
func (f plotter) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	f(c, x, y)
}

// gridLines are a thin line at each tick of the vertical axis.
func gridLines(ticks []plot.Tick) plotter {
	return func(c draw.Canvas, _, y func(float64) vg.Length) {
		for _, t := range ticks {
			c.StrokeLine2(stroke(roleGrid, hairWidth), c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}
