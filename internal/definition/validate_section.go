package definition

import (
	"fmt"
	"slices"
	"strings"
)

func (c *checker) section(at string, s *Section) {
	name := strings.TrimPrefix(at, "sections.")
	c.Require(at, name != Definitions && name != Provenance, "is built in: name it in an output, and leave it out here")
	kinds := s.kinds()
	if len(kinds) != 1 {
		c.Require(at, false, "must have exactly one of kpi, findings, heatmap, ranking, trend, histogram, table, quality")
		return
	}
	c.keys(at, s, kinds[0])
	switch kinds[0] {
	case "kpi":
		c.measureNames(at+".kpi", s.KPI)
		for i, kind := range s.Compare {
			c.Require(fmt.Sprintf("%s.compare[%d]", at, i), slices.Contains([]string{CompareDay, CompareWeek, CompareBase}, kind) && slices.Index(s.Compare, kind) == i,
				"is %q: write each of day, week, base at most once", kind)
		}
	case "findings":
		for i, rule := range s.Findings.List {
			c.Require(fmt.Sprintf("%s.findings[%d]", at, i), c.Findings[rule] != nil, "is %q: there is no such rule; there are %s", rule, strings.Join(sorted(c.Findings), ", "))
		}
		c.Require(at+".findings", len(c.FindingRules(s)) > 0, "has no rule: write some below findings")
		c.Require(at+".limit", s.Limit >= 0 && s.Limit <= 1000, "is %d: write 1 to 1000", s.Limit)
	case "heatmap":
		if c.measureName(at+".heatmap", s.Heatmap) {
			c.grain(at, s.Heatmap, s.Rows, s.Columns)
		}
		c.Require(at, s.Rows != "" && s.Columns != "" && s.Rows != s.Columns, "needs rows and columns, two dimensions")
	case "ranking":
		c.ranking(at, s)
	case "trend":
		c.trend(at, s)
	case "histogram":
		d := c.Datasets[s.Histogram]
		c.Require(at+".histogram", d != nil && d.Histogram != nil, "is %q: it must name a dataset with a histogram", s.Histogram)
	case "table":
		d := c.Datasets[s.Table]
		c.Require(at+".table", d != nil && d.Rows, "is %q: it must name a dataset with rows: true", s.Table)
	case "quality":
		d := c.Datasets[s.Quality]
		c.Require(at+".quality", d != nil && d.Quality, "is %q: it must name a dataset with quality: true", s.Quality)
	}
}

// keys refuses keys that belong to another kind of section.
func (c *checker) keys(at string, s *Section, kind string) {
	for _, k := range []struct {
		name, kind string
		written    bool
	}{
		{"compare", "kpi", len(s.Compare) > 0}, {"limit", "findings", s.Limit != 0},
		{"rows", "heatmap", s.Rows != ""}, {"columns", "heatmap", s.Columns != ""},
		{"by", "ranking", s.By != ""}, {"top", "ranking", s.Top != 0}, {"measures", "ranking", len(s.Measures) > 0},
		{"days", "trend", s.Days != 0}, {"volume", "trend", s.Volume != ""},
	} {
		c.Require(at+"."+k.name, !k.written || k.kind == kind, "goes with %s, and not with %s", k.kind, kind)
	}
}

func (c *checker) ranking(at string, s *Section) {
	c.Require(at+".top", s.Top >= 0 && s.Top <= 1000, "is %d: write 1 to 1000", s.Top)
	if s.By == "" {
		c.Require(at+".by", false, "is missing: name the measure that orders the members")
	} else if c.measureName(at+".by", s.By) {
		c.grain(at+".by", s.By, s.Ranking)
	}
	c.measureNames(at+".measures", s.Measures)
	for i, name := range s.Measures {
		c.grain(fmt.Sprintf("%s.measures[%d]", at, i), name, s.Ranking)
	}
}

func (c *checker) trend(at string, s *Section) {
	c.measureNames(at+".trend", s.Trend)
	c.Require(at+".days", s.Days == 0 || s.Days >= 2 && s.Days <= 366, "is %d: write 2 to 366", s.Days)
	if s.Volume == "" {
		return
	}
	m := c.Measures[s.Volume]
	c.Require(at+".volume", m != nil && m.Sum != "", "is %q: it must name a measure that is a sum", s.Volume)
}
