package query

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
	"qosreport/internal/qos"
)

// Contract is what the columns of a dataset of states must be.
type Contract struct {
	Dimensions []string // day among them, as a date or its text
	Sums       []string // numbers
	Minima     []string
	Maxima     []string
	Histogram  *Histogram
	Quality    bool   // Sums are not given: counts of what is wrong with the data, see below
	FirstDay   string // no day may lie before it, as 2017-09-12; "" for no bound
	LastDay    string // nor after it
}

// Histogram says which columns hold bins.
type Histogram struct {
	Bin, Count string
	Low, High  string // the smallest and the largest value of a bin; "" for none
	Scale      qos.Scale
}

// What a dataset of quality may count beside the four of a checked column; rows it must.
const (
	QualityRows       = "rows"       // read
	QualityDuplicates = "duplicates" // copies of a row that were dropped
	QualityLate       = "late"       // loaded after the report was due
	QualityHours      = "hours"      // of the day that have any row
	QualityStray      = "stray"      // whose time lies outside of their partition
)

var qualityCounts = []string{QualityRows, QualityDuplicates, QualityLate, QualityHours, QualityStray}

// QualitySuffixes follow the name of a checked column and two underscores, as in
// jitter_ms__null.
var QualitySuffixes = []string{"null", "low", "high", "nonfinite"}

// qualitySums are the counts among the columns, whose names say what they count. Rows is
// always among them, and of a checked column all four, so that a column that is missing is
// told.
func qualitySums(columns []wire.ColumnDesc, dimensions []string) []string {
	sums := []string{QualityRows}
	add := func(name string) {
		if !slices.Contains(sums, name) {
			sums = append(sums, name)
		}
	}
	for _, d := range columns {
		name := strings.ToLower(d.Name)
		if slices.Contains(dimensions, name) {
			continue
		}
		if slices.Contains(qualityCounts, name) {
			add(name)
		}
		if column, _ := CheckedColumn(name); column != "" {
			for _, suffix := range QualitySuffixes {
				add(column + "__" + suffix)
			}
		}
	}
	return sums
}

// CheckedColumn takes the name of a count apart: jitter_ms__null counts what is null of
// jitter_ms. Other names have no column.
func CheckedColumn(name string) (column, suffix string) {
	for _, suffix := range QualitySuffixes {
		if column, found := strings.CutSuffix(name, "__"+suffix); found {
			return column, suffix
		}
	}
	return "", ""
}

// columns are all columns of the contract: dimensions first.
func (c Contract) columns() []string {
	all := slices.Concat(c.Dimensions, c.Sums, c.Minima, c.Maxima)
	if h := c.Histogram; h != nil {
		all = append(all, h.Bin, h.Count)
		if h.Low != "" {
			all = append(all, h.Low, h.High)
		}
	}
	return all
}

// match finds the columns of the contract by name.
func (c Contract) match(columns []wire.ColumnDesc) ([]int, error) {
	want := c.columns()
	var mistakes []error
	at := make([]int, len(want))
	for i, name := range want {
		at[i] = slices.IndexFunc(columns, func(d wire.ColumnDesc) bool { return strings.EqualFold(d.Name, name) })
		if at[i] < 0 {
			mistakes = append(mistakes, fmt.Errorf("column %s is missing", name))
			continue
		}
		if need := c.need(i, columns[at[i]].Type); need != "" {
			mistakes = append(mistakes, fmt.Errorf("column %s has type %s where %s is due", name, columns[at[i]].TypeName(), need))
		}
	}
	seen := make(map[string]bool)
	for _, d := range columns {
		name := strings.ToLower(d.Name)
		if !slices.Contains(want, name) {
			mistakes = append(mistakes, fmt.Errorf("column %s is not in the contract", Printable(d.Name)))
		} else if seen[name] {
			mistakes = append(mistakes, fmt.Errorf("column %s comes twice", name))
		}
		seen[name] = true
	}
	if len(mistakes) == 0 {
		return at, nil
	}
	return nil, fault.Advise(fault.New(fault.Impala, fault.Contract, errors.Join(mistakes...)),
		"make the query return what the dataset names, or the dataset name what the query returns")
}

// need is the type that column i of the contract wants where t will not do, else "".
func (c Contract) need(i int, t wire.TypeID) string {
	text := isText(t)
	integer := t == wire.TinyInt || t == wire.SmallInt || t == wire.Int || t == wire.BigInt
	bins := c.Histogram != nil && i >= len(c.Dimensions) && i < len(c.Dimensions)+2
	switch {
	case bins:
		if !integer {
			return "an integer"
		}
	case i >= len(c.Dimensions):
		if !integer && t != wire.Float && t != wire.Double && t != wire.Decimal {
			return "a number"
		}
	case c.Dimensions[i] == qos.DayDimension:
		if !text && t != wire.Date {
			return "DATE or STRING"
		}
	case !text && !integer && t != wire.Date && t != wire.Boolean:
		return "STRING, an integer, DATE or BOOLEAN"
	}
	return ""
}

// within sees that the extremes of a bin lie in it, as far as logarithms of two libraries
// agree: quantiles are cut to them.
func (h *Histogram) within(index int32, low, high float64) error {
	from, to := h.Scale.Bounds(index)
	if index != qos.ZeroBin && index != qos.OverflowBin {
		from, _ = h.Scale.Bounds(index - 1)
		_, to = h.Scale.Bounds(index + 1)
	}
	if low > high || low < from || high > to { // nothing of it, where they are not known
		return fmt.Errorf("%s is %v and %s is %v, in a bin from %v to %v", h.Low, low, h.High, high, from, to)
	}
	return nil
}
