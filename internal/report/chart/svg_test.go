package chart

import (
	"image/color"
	"math"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

func newCanvasOf(size Size) draw.Canvas {
	return draw.NewCanvas(newSVG(size), vg.Length(size.Width), vg.Length(size.Height))
}

func pt(x, y vg.Length) vg.Point { return vg.Point{X: x, Y: y} }

func TestCanvas(t *testing.T) {
	circle := vg.Path{}
	circle.Arc(pt(50, 50), 10, 0, 2*math.Pi)
	clockwise := vg.Path{}
	clockwise.Move(pt(60, 50))
	clockwise.Arc(pt(50, 50), 10, 0, -math.Pi/2)
	curves := vg.Path{}
	curves.Move(pt(0, 0))
	curves.QuadTo(pt(1, 1), pt(2, 2))
	curves.CubeTo(pt(3, 3), pt(4, 4), pt(5.25, 5))
	tests := []struct {
		name string
		draw func(s *svg)
		want string
	}{
		{"a bar, from the bottom upwards", func(s *svg) { s.SetColor(roleBar); s.Fill(box(1, 2, 0, 100)) },
			`<path fill="var(--chart-bar)" d="M1 100L1 0L2 0L2 100Z"/>`},
		{"a colour that is no role is ink", func(s *svg) { s.SetColor(color.White); s.Fill(box(1, 2, 0, 100)) },
			`<path fill="var(--chart-ink)" d="M1 100L1 0L2 0L2 100Z"/>`},
		{"a circle in halves", func(s *svg) { s.SetLineWidth(1); s.Stroke(circle) },
			`<path fill="none" stroke="var(--chart-ink)" stroke-width="1" d="M60 50A10 10 0 0 0 40 50A10 10 0 0 0 60 50"/>`},
		{"an arc with the clock", func(s *svg) { s.Fill(clockwise) },
			`<path fill="var(--chart-ink)" d="M60 50L60 50A10 10 0 0 1 57.1 57.1A10 10 0 0 1 50 60"/>`},
		{"curves", func(s *svg) { s.Fill(curves) },
			`<path fill="var(--chart-ink)" d="M0 100Q1 99 2 98C3 97 4 96 5.2 95"/>`},
		{"a line without width is none", func(s *svg) { s.SetLineWidth(0); s.Stroke(circle) }, ""},
		{"dashes", func(s *svg) { s.SetLineDash([]vg.Length{4, 2.5}, 0); s.Stroke(vg.Path{{Type: vg.MoveComp}}) },
			`<path fill="none" stroke="var(--chart-ink)" stroke-width="1" stroke-dasharray="4 2.5" d="M0 100"/>`},
		{"what was turned turns back", func(s *svg) {
			s.Push()
			s.Rotate(math.Pi / 2)
			s.Translate(pt(1, 2))
			s.SetColor(roleBar)
			s.Pop()
			s.Fill(vg.Path{{Type: vg.MoveComp}})
		}, `<g transform="rotate(-90 0 100)"><g transform="translate(1 -2)"></g></g><path fill="var(--chart-ink)" d="M0 100"/>`},
		{"what was stretched", func(s *svg) { s.Scale(0.25, 2) },
			`<g transform="translate(0 100) scale(0.25 2) translate(0 -100)"></g>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSVG(Size{200, 100})
			tt.draw(s)
			want := `<svg viewBox="0 0 200 100" role="img" aria-label="words" font-size="12"><title>name</title>` + tt.want + `</svg>`
			if got := s.element("name", "words"); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
