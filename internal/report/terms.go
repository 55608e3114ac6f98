package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
)

// terms explain every measure in the order of the definition.
func (b *builder) terms() []Term {
	terms := []Term{}
	for _, name := range b.def.MeasureOrder {
		m := b.def.Measures[name]
		t := Term{Head: b.head(name), Formula: formula(m), Source: m.Source, About: m.About, MinN: int(m.QoS().MinSample())}
		if m.QoS().Kind == qos.Quantile {
			t.Method = method(b.def.Datasets[m.Dataset()])
		}
		terms = append(terms, t)
	}
	return terms
}

func formula(m *definition.Measure) string {
	kind, columns := m.Kind()
	names := make([]string, len(columns))
	for i, c := range columns {
		_, names[i] = c.Parts()
	}
	text := ""
	switch kind {
	case qos.Sum:
		text = "sum of " + names[0]
	case qos.Ratio, qos.Mean:
		text = strings.Join(names, " / ")
	case qos.Min:
		text = "smallest " + names[0]
	case qos.Max:
		text = "largest " + names[0]
	case qos.Quantile:
		text = fmt.Sprintf("%s quantile of %s", plain(m.Quantile.Q.Value), m.Quantile.Dataset)
	}
	if scale := m.QoS().Scale; scale != 0 && scale != 1 {
		// 1/(1/49) is a little more than 49.
		if inverse := math.Round(1 / scale); math.Abs(inverse) > 1 && math.Abs(inverse*scale-1) < 1e-9 {
			return text + " / " + plain(inverse)
		}
		return text + " × " + plain(scale)
	}
	return text
}

func plain(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// method says how a quantile is estimated.
func method(d *definition.Dataset) string {
	h := d.Histogram
	if h.Scale == qos.Log {
		return fmt.Sprintf("nearest rank in logarithmic bins, relative error at most %s", percentText(h.Alpha.Value))
	}
	return fmt.Sprintf("nearest rank in bins of %s, error at most half of that", plain(h.Width.Value))
}
