package definition

import (
	"fmt"
	"slices"
	"strings"

	"qosreport/internal/qos"
	"qosreport/internal/query"
)

func (c *checker) dataset(at string, d *Dataset) {
	c.Require(at+".query", c.templates.Has(d.Query), "is %q: there is no such file below queries/", d.Query)
	if d.With.Column != "" {
		_, err := query.ParseIdentifier(d.With.Column)
		c.Require(at+".with.column", err == nil, "is %q: write the name of a column", d.With.Column)
	}
	c.Require(at+".with.where", d.With.Where == "" || c.templates.Defines(d.With.Where), "is %q: no template defines such a block", d.With.Where)
	kinds := 0
	for _, written := range []bool{d.Rows, d.Quality, d.Histogram != nil} {
		if written {
			kinds++
		}
	}
	c.Require(at, kinds <= 1, "is more than one of rows, quality, histogram")
	c.foreign(at, d)
	if d.Rows {
		c.Require(at+".dimensions", len(d.Dimensions)+len(d.Sums)+len(d.Minima)+len(d.Maxima) == 0, "does not go with rows: true, whose columns have no meaning here")
		c.Require(at+".limit", d.Limit >= 0 && d.Limit <= MaxRows, "is %d: write 1 to %d", d.Limit, MaxRows)
		return
	}
	c.Require(at+".dimensions", slices.Contains(d.Dimensions, Day), "must name day: every query of states returns the report day")
	columns := slices.Concat(d.Dimensions, d.Sums, d.Minima, d.Maxima)
	switch {
	case d.Histogram != nil:
		columns = append(columns, c.histogram(at+".histogram", d)...)
	case d.Quality:
		c.quality(at, d)
	default:
		c.Require(at+".sums", len(d.Sums)+len(d.Minima)+len(d.Maxima) > 0, "is missing: name the columns that add up")
	}
	seen := make(map[string]bool)
	for _, column := range columns {
		c.Require(at, nameForm.MatchString(column), "names a column %q: write small letters, digits and _", column)
		c.Require(at, !seen[column], "names the column %s twice", column)
		seen[column] = true
	}
}

// foreign refuses keys that belong to another kind of dataset.
func (c *checker) foreign(at string, d *Dataset) {
	c.Require(at+".limit", d.Rows || d.Limit == 0, "goes with rows: true only")
	c.Require(at+".hash", d.Rows || len(d.Hash) == 0, "goes with rows: true only")
	for i, name := range d.Hash {
		c.Require(fmt.Sprintf("%s.hash[%d]", at, i), name != "" && name == strings.ToLower(name), "is %q: write the name of a column in small letters", name)
	}
	c.Require(at+".limits", d.Quality || len(d.Limits) == 0, "goes with quality: true only")
	c.Require(at+".with.column", d.Histogram != nil || d.With.Column == "", "goes with histogram only")
	if d.Histogram != nil || d.Quality {
		c.Require(at+".sums", len(d.Sums)+len(d.Minima)+len(d.Maxima) == 0, "does not go with histogram or quality, whose columns are known")
	}
}

func (c *checker) quality(at string, d *Dataset) {
	for _, name := range sorted(d.Limits) {
		place := at + ".limits." + name
		c.Require(place, slices.Contains(qualityLimits, name), "is not counted: write one of %s", strings.Join(qualityLimits, ", "))
		c.number(place, d.Limits[name])
		c.Require(place, d.Limits[name] == nil || d.Limits[name].Value >= 0 && d.Limits[name].Value <= 1, "must be a share from 0%% to 100%%")
	}
}

// histogram checks the bins, and gives the columns that the query must return.
func (c *checker) histogram(at string, d *Dataset) []string {
	h := d.Histogram
	columns := []string{h.Bin, h.Count}
	c.Require(at+".bin", h.Bin != "", "is missing: name the column of the bin's number")
	c.Require(at+".count", h.Count != "", "is missing: name the column of the number of values")
	c.Require(at+".low", (h.Low == "") == (h.High == ""), "and high go together")
	if h.Low != "" {
		columns = append(columns, h.Low, h.High)
	}
	numbers := map[string]*Number{"alpha": &h.Alpha, "width": &h.Width, "min": &h.Min, "max": &h.Max}
	for _, key := range sorted(numbers) {
		c.number(at+"."+key, numbers[key])
	}
	c.Require(at+".max", h.Min.Value < h.Max.Value, "must be greater than min")
	switch h.Scale {
	case qos.Log:
		c.Require(at+".alpha", h.Alpha.Value >= 0.001 && h.Alpha.Value <= 0.2, "must be 0.001 to 0.2")
		c.Require(at+".min", h.Min.Value > 0, "must be above 0 on a log scale")
		c.Require(at+".width", h.Width == Number{}, "goes with scale: linear only")
	case qos.Linear:
		c.Require(at+".width", h.Width.Value > 0 && (h.Max.Value-h.Min.Value)/h.Width.Value <= 100_000, "must be above 0, and make at most 100000 bins")
		c.Require(at+".alpha", h.Alpha == Number{}, "goes with scale: log only")
	default:
		c.Require(at+".scale", false, "is %q: write log or linear", h.Scale)
	}
	return columns
}

func (c *checker) number(at string, n *Number) {
	if n != nil {
		c.Require(at, n.text == "", "is %q: write a number like 0.03, 3%% or 1/60", n.text)
	}
}

// column checks that a column is one of its dataset's list.
func (c *checker) column(at string, column Column, of func(*Dataset) []string, what string) {
	dataset, name := column.Parts()
	d := c.Datasets[dataset]
	if d == nil {
		c.Require(at, false, "is %q: there is no dataset %q; there are %s", column, dataset, strings.Join(sorted(c.Datasets), ", "))
		return
	}
	c.Require(at, slices.Contains(of(d), name), "is %q: the dataset has the %s %s", column, what, strings.Join(of(d), ", "))
}

// grain checks that a measure can be merged to the dimensions.
func (c *checker) grain(at, measure string, dims ...string) {
	m := c.Measures[measure]
	if m == nil {
		return // told elsewhere
	}
	d := c.Datasets[m.Dataset()]
	if d == nil {
		return
	}
	for _, dim := range dims {
		c.Require(at, slices.Contains(d.Dimensions, dim), "cannot show %s by %s: its dataset %s has the dimensions %s", measure, dim, m.Dataset(), strings.Join(d.Dimensions, ", "))
	}
}

// measureName checks that a name stands for a measure.
func (c *checker) measureName(at, name string) bool {
	found := c.Measures[name] != nil
	c.Require(at, found, "is %q: there is no such measure; there are %s", name, strings.Join(sorted(c.Measures), ", "))
	return found
}

func (c *checker) measureNames(at string, names []string) {
	for i, name := range names {
		place := fmt.Sprintf("%s[%d]", at, i)
		c.measureName(place, name)
		c.Require(place, slices.Index(names, name) == i, "names %q a second time", name)
	}
}
