package chart

import (
	"fmt"
	"strings"

	"qosreport/internal/report"
)

// alt is the trend in words. Its numbers are texts of the model.
func (d *trend) alt() string {
	points := d.series.Points
	least, most, last, missing := -1, -1, -1, 0
	for i, p := range points {
		if !p.Shown() {
			missing++
			continue
		}
		if last = i; least < 0 || *p.Value < *points[least].Value {
			least = i
		}
		if most < 0 || *p.Value > *points[most].Value {
			most = i
		}
	}
	if last < 0 {
		return "No day has a figure."
	}
	at := func(i int) string { return points[i].Text + " on " + d.days[i] }
	text := fmt.Sprintf("By day from %s to %s: lowest %s, highest %s, last %s.", d.days[0], d.days[len(d.days)-1], at(least), at(most), at(last))
	switch missing {
	case 0:
		return text
	case 1:
		return text + " 1 day has no figure."
	}
	return fmt.Sprintf("%s %d days have no figure.", text, missing)
}

// legend says what the marks of the trend mean.
func (d *trend) legend() string {
	var said []string
	if d.series.Limits != "" {
		said = append(said, "Dashed: "+d.series.Limits+".")
	}
	judged := make(map[string]bool)
	band := false
	for _, p := range d.series.Points {
		if p.Shown() {
			judged[p.Verdict] = true
			band = band || p.Low != nil && p.High != nil
		}
	}
	for _, word := range []string{"watch", "breach"} {
		if judged[word] {
			said = append(said, report.Symbol(word)+" "+word+".")
		}
	}
	if band {
		said = append(said, "Shaded: 95\u00a0% interval.")
	}
	if d.most >= 0 {
		said = append(said, fmt.Sprintf("Bars: %s, at most %s on %s.", d.volume.Label, d.volume.Points[d.most].Text, d.days[d.most]))
	}
	return strings.Join(said, " ")
}

// histogramAlt is the distribution in words.
func histogramAlt(h *report.Histogram) string {
	var most *report.Bar
	for i, b := range h.Bars {
		if most == nil || b.N > most.N {
			most = &h.Bars[i]
		}
	}
	if most == nil {
		return "There is no value."
	}
	text := fmt.Sprintf("%s values", report.FormatNumber(h.N, 0))
	for i, q := range h.Quantiles {
		if i < len(h.Labels) && q.Shown() {
			text += fmt.Sprintf(", %s %s", h.Labels[i], q.Text)
		}
	}
	unit := ""
	if h.Unit != "" {
		unit = "\u00a0" + h.Unit
	}
	return fmt.Sprintf("%s; the highest bar is %s%s with %s of them.", text, most.Text, unit, report.FormatNumber(most.N, 0))
}

// histogramLegend tells what the bars leave out.
func histogramLegend(h *report.Histogram) string {
	var said []string
	if h.Log {
		said = append(said, "The horizontal axis is logarithmic.")
	}
	for _, left := range []struct {
		what string
		n    float64
	}{{"Below the bars", h.Below}, {"Above the bars", h.Above}, {"Not finite", h.NotFinite}} {
		if left.n > 0 {
			said = append(said, left.what+": "+report.FormatNumber(left.n, 0)+".")
		}
	}
	return strings.Join(said, " ")
}
