package definition

import (
	"qosreport/internal/query"
	"slices"

	"qosreport/internal/qos"
)

// Dataset is one query and the meaning of its columns: states that can be added up, or
// plain rows for a table.
type Dataset struct {
	Query      string             `yaml:"query"` // the template, below queries/
	With       With               `yaml:"with"`
	Dimensions []string           `yaml:"dimensions"` // grain of the states; day is one of them
	Sums       []string           `yaml:"sums"`
	Minima     []string           `yaml:"minima"`
	Maxima     []string           `yaml:"maxima"`
	Histogram  *Histogram         `yaml:"histogram"` // rows are bins
	Quality    bool               `yaml:"quality"`   // columns are counts of what is wrong with the data
	Limits     map[string]*Number `yaml:"limits"`    // of quality: the largest share of the rows, by what is counted
	FullScan   bool               `yaml:"full_scan"` // reading every partition is meant
	Rows       bool               `yaml:"rows"`      // plain rows, never merged
	Limit      int                `yaml:"limit"`     // most rows; 0 means 1000
	Hash       []string           `yaml:"hash"`      // columns of plain rows whose texts are replaced by a hash
}

// With is the constants of one use of a template.
type With struct {
	Column string `yaml:"column"` // what {{bin}} sorts into bins
	Where  string `yaml:"where"`  // a define block: which rows count
}

// Histogram says how rows of bins are read.
type Histogram struct {
	Bin   string        `yaml:"bin"`   // column of the bin's number
	Count string        `yaml:"count"` // column of how many values it holds
	Low   string        `yaml:"low"`   // column of the smallest value of the bin; "" for none
	High  string        `yaml:"high"`  // and of the largest
	Scale qos.ScaleKind `yaml:"scale"` // log | linear
	Alpha Number        `yaml:"alpha"` // log: relative error
	Width Number        `yaml:"width"` // linear: width of a bin
	Min   Number        `yaml:"min"`
	Max   Number        `yaml:"max"`
	Unit  string        `yaml:"unit"`
	Label string        `yaml:"label"` // "" means the dataset's name
}

// MaxRows bounds the rows of a dataset of plain rows.
const MaxRows = 1_000_000

// RowLimit is how many rows may come.
func (d *Dataset) RowLimit() int {
	if d.Limit == 0 {
		return 1000
	}
	return d.Limit
}

// Scale is which values the bins hold; nil for a dataset without.
func (d *Dataset) Scale() *qos.Scale {
	h := d.Histogram
	if h == nil {
		return nil
	}
	return &qos.Scale{Kind: h.Scale, Alpha: h.Alpha.Value, Width: h.Width.Value, Min: h.Min.Value, Max: h.Max.Value}
}

// Has reports whether the states can be merged to the grain of dims.
func (d *Dataset) Has(dims ...string) bool {
	for _, dim := range dims {
		if !slices.Contains(d.Dimensions, dim) {
			return false
		}
	}
	return true
}

// qualityLimits are what limits can be given for.
var qualityLimits = append([]string{query.QualityDuplicates, query.QualityLate, query.QualityHours, query.QualityStray, query.QualityRows}, query.QualitySuffixes...)

// QualityLimit is the largest share of rows that may be counted as what, from 0 to 1. Of
// hours it is the share of the day's hours that may be without rows, of rows how far the
// number of rows may lie below the median of the baseline's days. The defaults catch what
// makes a report wrong, not what every table has.
func (d *Dataset) QualityLimit(what string) (limit float64, found bool) {
	if n := d.Limits[what]; n != nil {
		return n.Value, true
	}
	limit, found = map[string]float64{
		"low": 0.01, "high": 0.01, "nonfinite": 0.01,
		query.QualityDuplicates: 0.02, query.QualityLate: 0.05, query.QualityStray: 0.01, query.QualityHours: 0, query.QualityRows: 0.5,
	}[what]
	return limit, found
}
