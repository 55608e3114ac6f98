package definition

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"qosreport/internal/qos"
	"qosreport/internal/query"
	"qosreport/internal/yamlfile"
)

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// checker collects the mistakes of one definition.
type checker struct {
	*Definition
	yamlfile.Mistakes
	templates *query.Templates
}

func (d *Definition) validate(templates *query.Templates) error {
	c := &checker{Definition: d, Mistakes: yamlfile.Mistakes{File: d.file}, templates: templates}
	c.Require("version", d.Version == 1, "is %d: write 1", d.Version)
	c.Require("datasets", len(d.Datasets) > 0, "is missing: a report needs at least one")
	c.Require("sections", len(d.Sections) > 0, "is missing: a report needs at least one")
	for _, name := range sorted(d.Params) {
		c.name("params", name)
		c.param("params."+name, d.Params[name])
	}
	for _, name := range sorted(d.Datasets) {
		c.name("datasets", name)
		c.dataset("datasets."+name, d.Datasets[name])
	}
	for _, name := range sorted(d.Measures) {
		c.name("measures", name)
		c.measure("measures."+name, d.Measures[name])
	}
	for _, name := range sorted(d.Sections) {
		c.name("sections", name)
		c.section("sections."+name, d.Sections[name])
	}
	c.outputs()
	return c.Err()
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (c *checker) name(in, name string) {
	c.Require(in+"."+name, nameForm.MatchString(name), "is no name: write small letters, digits and _")
}

func (c *checker) dataset(at string, d *Dataset) {
	if d == nil {
		c.Require(at, false, "is empty")
		return
	}
	c.Require(at+".query", c.templates.Has(d.Query), "is %q: there is no such file below queries/", d.Query)
	if d.Rows {
		c.Require(at+".dimensions", len(d.Dimensions)+len(d.Sums) == 0, "does not go with rows: true, whose columns have no meaning here")
		c.Require(at+".limit", d.Limit >= 0 && d.Limit <= MaxRows, "is %d: write 1 to %d", d.Limit, MaxRows)
		return
	}
	c.Require(at+".limit", d.Limit == 0, "goes with rows: true only")
	c.Require(at+".dimensions", slices.Contains(d.Dimensions, "day"), "must name day: every query of states returns the report day")
	c.Require(at+".sums", len(d.Sums) > 0, "is missing: name the columns that add up")
	seen := make(map[string]bool)
	for _, column := range slices.Concat(d.Dimensions, d.Sums) {
		c.Require(at, nameForm.MatchString(column), "names a column %q: write small letters, digits and _", column)
		c.Require(at, !seen[column], "names the column %s twice", column)
		seen[column] = true
	}
}

func (c *checker) measure(at string, m *Measure) {
	if m == nil {
		c.Require(at, false, "is empty")
		return
	}
	kinds := 0
	for _, written := range []bool{m.Sum != "", m.Ratio != nil, m.Mean != nil} {
		if written {
			kinds++
		}
	}
	if c.Require(at, kinds == 1, "has %d kinds: write exactly one of sum, ratio, mean", kinds); kinds != 1 {
		return
	}
	kind, columns := m.Kind()
	if kind != qos.Sum && len(columns) != 2 {
		c.Require(at+"."+string(kind), false, "has %d columns: write two, [%s]", len(columns), map[qos.Kind]string{qos.Ratio: "part, whole", qos.Mean: "sum, number"}[kind])
		return
	}
	for i, column := range columns {
		place := at + "." + string(kind)
		if kind != qos.Sum {
			place += fmt.Sprintf("[%d]", i)
		}
		c.column(place, column)
	}
	if len(columns) == 2 {
		first, _ := columns[0].Parts()
		second, _ := columns[1].Parts()
		c.Require(at, first == second, "takes its columns from two datasets, %s and %s: take both from one", first, second)
	}
	c.numbers(at, m)
	c.limits(at, m)
}

func (c *checker) numbers(at string, m *Measure) {
	c.number(at+".scale", &m.Scale)
	kind, _ := m.Kind()
	c.Require(at+".scale", kind != qos.Ratio || m.Scale == Number{}, "does not go with ratio, which is a proportion")
	c.number(at+".good", m.Good)
	c.number(at+".acceptable", m.Acceptable)
	c.Require(at+".min_n", m.MinN >= 0, "is %d: write 1 or more", m.MinN)
	c.Require(at+".decimals", m.Decimals == nil || *m.Decimals >= 0 && *m.Decimals <= 9, "must be 0 to 9")
}

func (c *checker) number(at string, n *Number) {
	if n != nil {
		c.Require(at, n.text == "", "is %q: write a number like 0.03, 3%% or 1/60", n.text)
	}
}

func (c *checker) column(at string, column Column) {
	dataset, name := column.Parts()
	d := c.Datasets[dataset]
	if d == nil {
		c.Require(at, false, "is %q: there is no dataset %q; there are %s", column, dataset, strings.Join(sorted(c.Datasets), ", "))
		return
	}
	c.Require(at, slices.Contains(d.Sums, name), "is %q: the dataset has the sums %s", column, strings.Join(d.Sums, ", "))
}

func (c *checker) limits(at string, m *Measure) {
	judged := m.Better != "" || m.Good != nil || m.Acceptable != nil
	if !judged {
		c.Require(at+".headline", !m.Headline, "needs better, good and acceptable: without them there is no verdict")
		return
	}
	c.Require(at+".better", m.Better == qos.Up || m.Better == qos.Down, "is %q: write up or down", m.Better)
	if m.Good == nil || m.Acceptable == nil {
		c.Require(at, false, "needs both good and acceptable")
		return
	}
	if err := m.QoS().Validate(); err != nil {
		c.Add(at+".good", fmt.Errorf("%s: %w", at, err))
	}
}

func (c *checker) section(at string, s *Section) {
	if s == nil {
		c.Require(at, false, "is empty")
		return
	}
	c.Require(at, (len(s.KPI) > 0) != (s.Table != ""), "must have exactly one of kpi, table")
	for i, name := range s.KPI {
		c.Require(fmt.Sprintf("%s.kpi[%d]", at, i), c.Measures[name] != nil, "is %q: there is no such measure; there are %s", name, strings.Join(sorted(c.Measures), ", "))
	}
	if s.Table != "" {
		d := c.Datasets[s.Table]
		c.Require(at+".table", d != nil && d.Rows, "is %q: it must name a dataset with rows: true", s.Table)
	}
}

func (c *checker) outputs() {
	if o := c.Outputs.HTML; o != nil {
		c.known("outputs.html.sections", o.Sections)
	}
	if o := c.Outputs.JSON; o != nil {
		c.known("outputs.json.sections", o.Sections)
	}
	c.Require("outputs", c.Outputs != Outputs{}, "is missing: name at least one of html, xlsx, json")
	if c.Outputs.XLSX == nil {
		return
	}
	seen := make(map[string]bool)
	for i, sheet := range c.Outputs.XLSX.Sheets {
		at := fmt.Sprintf("outputs.xlsx.sheets[%d]", i)
		units := len(utf16.Encode([]rune(sheet.Name)))
		c.Require(at+".name", units >= 1 && units <= 31 && !strings.ContainsAny(sheet.Name, `[]:*?/\`) && !strings.EqualFold(sheet.Name, "history") &&
			!strings.HasPrefix(sheet.Name, "'") && !strings.HasSuffix(sheet.Name, "'"),
			`is %q: a sheet's name has 1 to 31 characters, none of []:*?/\, and is not History`, sheet.Name)
		folded := strings.ToLower(sheet.Name)
		c.Require(at+".name", !seen[folded], "is %q: another sheet has this name", sheet.Name)
		seen[folded] = true
		c.Require(at+".sections", len(sheet.Sections) > 0, "is missing: name at least one section")
		c.known(at+".sections", sheet.Sections)
	}
}

func (c *checker) known(at string, sections []string) {
	for i, name := range sections {
		c.Require(fmt.Sprintf("%s[%d]", at, i), c.Sections[name] != nil, "is %q: there is no such section; there are %s", name, strings.Join(c.SectionOrder, ", "))
	}
}
