package definition

import (
	"fmt"
	"slices"
	"strings"

	"qosreport/internal/qos"
)

func (c *checker) measure(at string, m *Measure) {
	kinds := 0
	for _, written := range []bool{m.Sum != "", m.Ratio != nil, m.Mean != nil, m.Min != "", m.Max != "", m.Quantile.Dataset != ""} {
		if written {
			kinds++
		}
	}
	if c.Require(at, kinds == 1, "has %d kinds: write exactly one of sum, ratio, mean, min, max, quantile", kinds); kinds != 1 {
		return
	}
	if !c.columns(at, m) {
		return
	}
	kind, _ := m.Kind()
	c.number(at+".scale", &m.Scale)
	c.Require(at+".scale", kind != qos.Ratio || m.Scale == Number{}, "does not go with ratio, which is a proportion")
	c.number(at+".good", m.Good)
	c.number(at+".acceptable", m.Acceptable)
	c.Require(at+".min_n", m.MinN >= 0 && m.MinN <= 1_000_000_000, "is %d: write 1 to 1000000000", m.MinN)
	c.Require(at+".decimals", m.Decimals == nil || *m.Decimals >= 0 && *m.Decimals <= 9, "must be 0 to 9")
	c.limits(at, m)
}

// columns checks what the measure is made of.
func (c *checker) columns(at string, m *Measure) bool {
	sums := func(d *Dataset) []string { return d.Sums }
	kind, columns := m.Kind()
	place := at + "." + string(kind)
	switch kind {
	case qos.Sum:
		c.column(place, m.Sum, sums, "sums")
	case qos.Min:
		c.column(place, m.Min, func(d *Dataset) []string { return d.Minima }, "minima")
	case qos.Max:
		c.column(place, m.Max, func(d *Dataset) []string { return d.Maxima }, "maxima")
	case qos.Quantile:
		if n := m.Quantile.parts; m.Quantile.Dataset == "?" {
			c.Require(place, false, "has %d parts: a quantile has two parts, write [dataset, 0.95]", n)
			return false
		}
		d := c.Datasets[m.Quantile.Dataset]
		c.Require(place, d != nil && d.Histogram != nil, "is of %q: it must name a dataset with a histogram", m.Quantile.Dataset)
		c.number(place, &m.Quantile.Q)
		c.Require(place, m.Quantile.Q.Value >= 0 && m.Quantile.Q.Value <= 1, "must be from 0 to 1")
	default:
		if len(columns) != 2 {
			c.Require(place, false, "has %d columns: write two, [%s]", len(columns), map[qos.Kind]string{qos.Ratio: "part, whole", qos.Mean: "sum, number"}[kind])
			return false
		}
		for i, column := range columns {
			c.column(fmt.Sprintf("%s[%d]", place, i), column, sums, "sums")
		}
		first, _ := columns[0].Parts()
		second, _ := columns[1].Parts()
		c.Require(at, first == second, "takes its columns from two datasets, %s and %s: take both from one", first, second)
	}
	return true
}

func (c *checker) limits(at string, m *Measure) {
	judged := m.Better != "" || m.Good != nil || m.Acceptable != nil
	if !judged {
		c.Require(at+".headline", !m.Headline, "needs better, good and acceptable: without them there is no verdict")
		c.Require(at+".source", m.Source == "", "is of limits, and there are none")
		return
	}
	c.Require(at+".better", m.Better == qos.Up || m.Better == qos.Down, "is %q: write up or down", m.Better)
	if m.Good == nil || m.Acceptable == nil {
		c.Require(at, false, "needs both good and acceptable")
		return
	}
	if kind, _ := m.Kind(); kind == qos.Ratio {
		for i, limit := range []*Number{m.Good, m.Acceptable} {
			key := []string{"good", "acceptable"}[i]
			c.Require(at+"."+key, limit.Value >= 0 && limit.Value <= 1, "is %v: the limit of a ratio is from 0 to 1, or from 0%% to 100%%", limit.Value)
		}
	}
	if err := m.QoS().Validate(); err != nil {
		c.Add(at+".good", fmt.Errorf("%s: %w", at, err))
	}
}

func (c *checker) finding(at string, f *Finding) {
	c.number(at+".min_excess", &f.MinExcess)
	c.number(at+".z", &f.Z)
	c.Require(at+".z", f.Z.Value >= 0 && f.Z.Value <= 10, "must be 0 to 10")
	c.Require(at+".min_excess", f.MinExcess.Value >= 0, "must be 0 or more")
	c.Require(at+".by", len(f.By) > 0, "is missing: name the dimensions of the cells")
	m := c.Measures[f.Rate]
	if m == nil || len(m.Ratio) != 2 || m.Acceptable == nil {
		c.Require(at+".rate", false, "is %q: it must name a ratio with limits", f.Rate)
		return
	}
	c.grain(at+".by", f.Rate, f.By...)
	c.grain(at+".explain_by", f.Rate, f.ExplainBy...)
	for i, dim := range append(f.By[:len(f.By):len(f.By)], f.ExplainBy...) {
		place := at + ".by"
		if i >= len(f.By) {
			place = at + ".explain_by"
			c.Require(place, !slices.Contains(f.By, dim), "names %s, which the cells have already", dim)
		}
		c.Require(place, dim != Day, "names day: findings are made day by day")
	}
	for i, name := range f.Reasons {
		r := c.Measures[name]
		c.Require(fmt.Sprintf("%s.reasons[%d]", at, i), r != nil && len(r.Ratio) == 2 && r.Ratio[1] == m.Ratio[1],
			"is %q: a reason is a ratio whose whole is %s", name, strings.TrimSpace(string(m.Ratio[1])))
	}
}
