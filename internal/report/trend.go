package report

import (
	"math"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
)

func (b *builder) trend(s *definition.Section) (*Trend, []string, error) {
	n := s.TrendDays()
	t := &Trend{Days: b.Window.Before(n).Dates(0)}
	t.Days = t.Days[len(t.Days)-n:]
	series := func(name string) (Series, error) {
		m := b.def.Measures[name]
		line := Series{Head: b.head(name)}
		for _, day := range t.Days {
			f, err := b.figure(m, []string{day})
			if err != nil {
				return line, err
			}
			point := newFigure(m, f)
			if b.total[m.Dataset()][day] == nil {
				point = gap(m) // no row is no zero
			}
			line.Points = append(line.Points, point)
		}
		return line, nil
	}
	for _, name := range s.Trend {
		line, err := series(name)
		if err != nil {
			return nil, nil, err
		}
		t.Series = append(t.Series, line)
	}
	if s.Volume != "" {
		volume, err := series(s.Volume)
		if err != nil {
			return nil, nil, err
		}
		t.Volume = &volume
	}
	return t, t.notes(), nil
}

// gap is the figure of a day without data, which even a sum does not have.
func gap(m *definition.Measure) Figure {
	f := noFigure(m)
	f.Value, f.Few, f.Text, f.Verdict = nil, false, noData, ""
	return f
}

func (t *Trend) notes() []string {
	missing := 0
	for i := range t.Days {
		none := true
		for _, s := range t.Series {
			none = none && s.Points[i].Value == nil
		}
		if none {
			missing++
		}
	}
	if missing == 0 {
		return nil
	}
	return []string{plural(missing, "day has", "days have") + " no data: the lines are broken there."}
}

// maxBars is how many bars a histogram has at most; finer bins are joined.
const maxBars = 40

// quantiles that a histogram names below its bars.
var histogramQuantiles = []struct {
	label string
	q     float64
}{{"median", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}}

func (b *builder) histogram(dataset string) (*Histogram, error) {
	d := b.def.Datasets[dataset]
	states, err := b.states(dataset, b.days)
	if err != nil {
		return nil, err
	}
	total, scale := states.Total(), *d.Scale()
	h := &Histogram{Dataset: dataset, Label: d.Histogram.Label, Unit: d.Histogram.Unit, Log: scale.Kind == qos.Log, Bars: []Bar{}}
	if h.Label == "" {
		h.Label = heading(dataset)
	}
	var bins []qos.Bin
	for _, bin := range total.Bins {
		n := float64(bin.N)
		switch bin.Index {
		case qos.NotFinite:
			h.NotFinite += n
		case qos.Negative:
			h.Below += n
		case qos.OverflowBin:
			h.Above += n
			h.N += n
		default:
			h.N += n
			bins = append(bins, bin)
		}
	}
	h.Bars = bars(scale, bins)
	for _, q := range histogramQuantiles {
		m := &definition.Measure{Quantile: definition.Quantile{Dataset: dataset, Q: definition.Number{Value: q.q}}, Unit: h.Unit}
		f := m.QoS().Eval(states, total)
		n := quantileDecimals(scale, f.Value)
		m.Decimals = &n
		h.Labels, h.Quantiles = append(h.Labels, q.label), append(h.Quantiles, newFigure(m, f))
	}
	return h, nil
}

// quantileDecimals shows as many as the bins can tell: the middle of a linear one, or three
// figures that count.
func quantileDecimals(scale qos.Scale, v float64) int {
	size := scale.Width / 2
	if scale.Kind == qos.Log {
		size = math.Abs(v) / 100
	}
	if size <= 0 {
		return 0
	}
	return min(max(int(math.Ceil(-math.Log10(size)-1e-9)), 0), 9)
}

// bars joins neighbouring bins, so many at a time that a reader can tell the bars apart.
// Bars without values stand between others, so that a gap is seen as one.
func bars(scale qos.Scale, bins []qos.Bin) []Bar {
	all := []Bar{}
	if len(bins) > 0 && bins[0].Index == qos.ZeroBin {
		low, high := scale.Bounds(qos.ZeroBin)
		all = append(all, newBar(low, high, float64(bins[0].N)))
		bins = bins[1:]
	}
	if len(bins) == 0 {
		return all
	}
	first, last := int(bins[0].Index), int(bins[len(bins)-1].Index)
	step := (last - first + maxBars) / maxBars
	for from := first; from <= last; from += step {
		n := 0.0
		for _, bin := range bins {
			if i := int(bin.Index); i >= from && i < from+step {
				n += float64(bin.N)
			}
		}
		low, _ := scale.Bounds(int32(from))
		_, high := scale.Bounds(int32(min(from+step-1, last)))
		low, high = within(scale, low, high)
		all = append(all, newBar(low, high, n))
	}
	return all
}

// within cuts the bounds to the scale's range: the first and the last bin of a log scale
// reach beyond it, and hold no value there. A bin that lies outside as a whole, of a
// database that rounds otherwise, keeps its bounds.
func within(scale qos.Scale, low, high float64) (float64, float64) {
	if scale.Min < high {
		low = max(low, scale.Min)
	}
	if scale.Max > low {
		high = min(high, scale.Max)
	}
	return low, high
}

func newBar(low, high, n float64) Bar {
	return Bar{Low: low, High: high, N: n, Text: significant(low) + " – " + significant(high)}
}

// significant is a number with three figures that count.
func significant(v float64) string { return FormatNumber(v, significantDecimals(v)) }

func significantDecimals(v float64) int {
	if v == 0 {
		return 0
	}
	return min(max(2-int(math.Floor(math.Log10(math.Abs(v)))), 0), 9)
}

// roundedValue is a number that is shown with three figures that count.
func roundedValue(v float64) Value { return numberValue(v, significantDecimals(v)) }
