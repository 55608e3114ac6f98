package chart

import (
	"fmt"
	"html"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// svg is a vg.Canvas that writes SVG for a page: it has roles where other canvases have
// colours, no font of its own, and no more digits than a screen can show.
//
// The library's own SVG names a font that readers lack and puts each text where that font
// would begin. Here a text is centred upon its place, so that another font's widths do
// little harm.
type svg struct {
	size Size
	out  strings.Builder
	now  state
	kept []state // of Push
}

// state is what Push keeps.
type state struct {
	paint  role
	width  vg.Length
	dashes []vg.Length
	groups int // open since the last Push
}

func newSVG(size Size) *svg {
	s := &svg{size: size}
	vg.Initialize(s)
	return s
}

// element is what was drawn, with its name for those who point at it and its description
// for those who listen.
func (s *svg) element(title, description string) string {
	return fmt.Sprintf(`<svg viewBox="0 0 %s %s" role="img" aria-label="%s" font-size="%d"><title>%s</title>%s%s</svg>`,
		number(s.size.Width), number(s.size.Height), html.EscapeString(description), fontSize,
		html.EscapeString(title), s.out.String(), strings.Repeat("</g>", s.now.groups))
}

// SetLineWidth is of vg.Canvas, as are the methods below.
func (s *svg) SetLineWidth(width vg.Length) { s.now.width = width }

// SetLineDash sets the lengths of dashes and gaps. All begin at their beginning.
func (s *svg) SetLineDash(pattern []vg.Length, _ vg.Length) { s.now.dashes = pattern }

// SetColor takes a role; what is none is ink.
func (s *svg) SetColor(c color.Color) {
	paint, known := c.(role)
	if !known {
		paint = roleInk
	}
	s.now.paint = paint
}

// Rotate turns what follows around the lower left corner, against the clock.
func (s *svg) Rotate(rad float64) {
	s.group(fmt.Sprintf("rotate(%.4g 0 %s)", -rad*180/math.Pi, number(s.size.Height)))
}

// Translate moves what follows.
func (s *svg) Translate(by vg.Point) {
	s.group("translate(" + number(float64(by.X)) + " " + number(-float64(by.Y)) + ")")
}

// Scale stretches what follows from the lower left corner.
func (s *svg) Scale(x, y float64) {
	s.group(fmt.Sprintf("translate(0 %s) scale(%.4g %.4g) translate(0 %s)", number(s.size.Height), x, y, number(-s.size.Height)))
}

func (s *svg) group(transform string) {
	fmt.Fprintf(&s.out, `<g transform="%s">`, transform)
	s.now.groups++
}

// Push keeps the state until Pop.
func (s *svg) Push() {
	s.kept = append(s.kept, s.now)
	s.now.groups = 0
}

// Pop goes back to the state of the last Push.
func (s *svg) Pop() {
	s.out.WriteString(strings.Repeat("</g>", s.now.groups))
	last := len(s.kept) - 1
	s.now, s.kept = s.kept[last], s.kept[:last]
}

// Stroke draws a line along the path.
func (s *svg) Stroke(path vg.Path) {
	if s.now.width <= 0 {
		return
	}
	dashes := ""
	if len(s.now.dashes) > 0 {
		lengths := make([]string, len(s.now.dashes))
		for i, d := range s.now.dashes {
			lengths[i] = number(float64(d))
		}
		dashes = ` stroke-dasharray="` + strings.Join(lengths, " ") + `"`
	}
	fmt.Fprintf(&s.out, `<path fill="none" stroke="%s" stroke-width="%s"%s d="%s"/>`,
		s.now.paint.property(), number(float64(s.now.width)), dashes, s.data(path))
}

// Fill fills the path.
func (s *svg) Fill(path vg.Path) {
	fmt.Fprintf(&s.out, `<path fill="%s" d="%s"/>`, s.now.paint.property(), s.data(path))
}

// FillString writes a text that begins at pt in the font that measured it.
func (s *svg) FillString(f font.Face, pt vg.Point, text string) {
	x, y := s.place(pt.Add(vg.Point{X: f.Width(text) / 2}))
	fmt.Fprintf(&s.out, `<text text-anchor="middle" x="%s" y="%s" fill="%s">%s</text>`, x, y, s.now.paint.property(), html.EscapeString(text))
}

// DrawImage draws nothing: no chart has an image.
func (s *svg) DrawImage(vg.Rectangle, image.Image) {}

// property is where the page says the role's colour.
func (r role) property() string { return "var(--chart-" + string(r) + ")" }

// place is a point of the canvas, which grows upwards, as SVG counts it, downwards.
func (s *svg) place(pt vg.Point) (x, y string) {
	return number(float64(pt.X)), number(s.size.Height - float64(pt.Y))
}

// data is the path in the language of SVG.
func (s *svg) data(path vg.Path) string {
	var b strings.Builder
	to := func(command string, points ...vg.Point) {
		b.WriteString(command)
		for i, pt := range points {
			if i > 0 {
				b.WriteByte(' ')
			}
			x, y := s.place(pt)
			b.WriteString(x + " " + y)
		}
	}
	for i, part := range path {
		switch part.Type {
		case vg.MoveComp:
			to("M", part.Pos)
		case vg.LineComp:
			to("L", part.Pos)
		case vg.CurveComp:
			to(map[int]string{1: "Q", 2: "C"}[len(part.Control)], append(part.Control[:len(part.Control):len(part.Control)], part.Pos)...)
		case vg.CloseComp:
			b.WriteByte('Z')
		case vg.ArcComp:
			command := "L"
			if i == 0 {
				command = "M"
			}
			to(command, onCircle(part, 0))
			// A whole circle needs halves: an arc cannot end where it began.
			for _, half := range []float64{0.5, 1} {
				sweep := "0" // angles grow against the clock, which SVG calls 0
				if part.Angle < 0 {
					sweep = "1"
				}
				r := number(float64(part.Radius))
				to("A"+r+" "+r+" 0 0 "+sweep+" ", onCircle(part, half))
			}
		}
	}
	return b.String()
}

// onCircle is the point after a part of an arc.
func onCircle(arc vg.PathComp, part float64) vg.Point {
	sin, cos := math.Sincos(arc.Start + part*arc.Angle)
	return arc.Pos.Add(vg.Point{X: arc.Radius * vg.Length(cos), Y: arc.Radius * vg.Length(sin)})
}

// number is v with one decimal, and none where that is 0.
func number(v float64) string {
	text := strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	if text == "-0" {
		return "0"
	}
	return text
}
