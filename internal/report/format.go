package report

import (
	"math"
	"strconv"
	"strings"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
	"qosreport/internal/query"
)

// newFigure gives a figure its texts. What stands on too few items is not shown as a
// number; NaN and infinities cannot occur.
func newFigure(m *definition.Measure, f qos.Figure) Figure {
	kind, _ := m.Kind()
	out := Figure{N: f.N, Percent: kind == qos.Ratio, Decimals: decimals(m, kind)}
	q := m.QoS()
	switch {
	case q.Suppressed(f):
		out.Few, out.Text = true, "n<"+strconv.Itoa(int(q.MinSample()))
		if f.N == 0 {
			out.Text = "no data"
		}
	case !f.Defined:
		out.Text = "no data"
	default:
		out.Text = out.format(f.Value, m.Unit)
	}
	if m.Better != "" {
		out.Verdict = q.Judge(f).String()
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

// percentDecimals is how many decimals shares have that no measure says more of.
const percentDecimals = 2

// memberText is a member of a dimension for people: whatever bytes the table holds, no
// control character, no change of the writing direction, and never nothing.
func memberText(m qos.Member) string {
	text := m.String()
	if text == "" {
		return "(empty)"
	}
	return query.Printable(strings.ToValidUTF8(text, "\uFFFD"))
}

// plural is a number and the word that goes with it.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return FormatNumber(float64(n), 0) + " " + many
}

// cellText is a value of a table's row for people. NULL has none.
func cellText(c query.Cell) string {
	switch c.Kind {
	case query.CellNull:
		return ""
	case query.CellInt:
		return strconv.FormatInt(c.Int, 10)
	case query.CellBool:
		return strconv.FormatBool(c.Int != 0)
	case query.CellNumber:
		return strconv.FormatFloat(c.Num, 'g', -1, 64)
	case query.CellDecimal:
		return c.Text
	case query.CellTime: // 15:14:58.594000000 reads better as 15:14:58.594
		if whole, fraction, found := strings.Cut(c.Text, "."); found {
			return strings.TrimRight(whole+"."+strings.TrimRight(fraction, "0"), ".")
		}
		return c.Text
	}
	return query.Printable(strings.ToValidUTF8(c.Text, "\uFFFD"))
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
