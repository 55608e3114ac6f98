package report

import (
	"math"
	"strconv"
	"strings"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
)

// newFigure gives a figure its texts. What stands on too few items is not shown as a
// number; NaN and infinities cannot occur.
func newFigure(m *definition.Measure, f qos.Figure) Figure {
	kind, _ := m.Kind()
	out := Figure{N: f.N, Percent: kind == qos.Ratio, Decimals: decimals(m, kind)}
	q := m.QoS()
	switch {
	case q.Suppressed(f):
		out.Text = "n<" + strconv.Itoa(minN(m))
		if f.N == 0 {
			out.Text = "no data"
		}
	case !f.Defined:
		out.Text = "no data"
	default:
		out.Text = out.format(f.Value, m.Unit)
	}
	if !f.Defined {
		return out
	}
	out.Value = &f.Value
	if kind == qos.Ratio {
		out.Low, out.High = &f.Low, &f.High
		out.Interval = out.format(f.Low, "") + " – " + out.format(f.High, "")
	}
	return out
}

func minN(m *definition.Measure) int {
	if m.MinN > 0 {
		return m.MinN
	}
	return qos.DefaultMinN
}

func decimals(m *definition.Measure, kind qos.Kind) int {
	switch {
	case m.Decimals != nil:
		return *m.Decimals
	case kind == qos.Sum:
		return 0
	}
	return 1
}

func (f Figure) format(v float64, unit string) string {
	if f.Percent {
		return FormatNumber(v*100, f.Decimals) + "\u00a0%"
	}
	if unit == "" {
		return FormatNumber(v, f.Decimals)
	}
	return FormatNumber(v, f.Decimals) + "\u00a0" + unit
}

// limitText shows a limit as it was written, without decimals that are zero.
func limitText(m *definition.Measure, v float64) string {
	kind, _ := m.Kind()
	f := Figure{Percent: kind == qos.Ratio}
	scaled := v
	if f.Percent {
		scaled *= 100
	}
	for f.Decimals < 9 && math.Abs(scaled-round(scaled, f.Decimals)) > 1e-9 {
		f.Decimals++
	}
	return f.format(v, m.Unit)
}

func round(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(v*scale) / scale
}

// FormatNumber writes v with so many decimals and thin groups of three digits, the form
// that no reader takes for another language's decimal sign.
func FormatNumber(v float64, decimals int) string {
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "−", text[1:]
		if strings.Trim(text, "0.") == "" {
			sign = "" // −0.0 is 0.0
		}
	}
	whole, fraction, _ := strings.Cut(text, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString("\u202f")
		}
		b.WriteRune(digit)
	}
	if fraction != "" {
		b.WriteString("." + fraction)
	}
	return b.String()
}
