package definition

import (
	"strings"

	"qosreport/internal/qos"
)

// Measure is one figure. Exactly one of its kinds is written.
type Measure struct {
	Sum      Column   `yaml:"sum"`
	Ratio    []Column `yaml:"ratio"` // the part, the whole
	Mean     []Column `yaml:"mean"`  // the sum, its number
	Min      Column   `yaml:"min"`
	Max      Column   `yaml:"max"`
	Quantile Quantile `yaml:"quantile"` // [dataset, 0.95]

	Scale      Number     `yaml:"scale"` // 0 means 1
	Label      string     `yaml:"label"` // "" means the name
	Unit       string     `yaml:"unit"`
	Decimals   *int       `yaml:"decimals"` // nil: 0 for sums, else 1
	Better     qos.Better `yaml:"better"`
	Good       *Number    `yaml:"good"`
	Acceptable *Number    `yaml:"acceptable"`
	MinN       int        `yaml:"min_n"`    // 0 means what qos says for the kind
	Headline   bool       `yaml:"headline"` // makes the report's own verdict
	Source     string     `yaml:"source"`   // where the limits come from
	About      string     `yaml:"about"`    // what the measure means
}

// Column is a column of a dataset, written dataset.column.
type Column string

// Parts are the dataset and its column.
func (c Column) Parts() (dataset, column string) {
	dataset, column, _ = strings.Cut(string(c), ".")
	return dataset, column
}

// Quantile is a dataset with a histogram, and which quantile of it.
type Quantile struct {
	Dataset string
	Q       Number

	parts int // how many were written, when these are not two and Dataset is "?"
}

// UnmarshalYAML reads [dataset, q]. A list of another length is kept until the definition
// is checked, which tells its place.
func (q *Quantile) UnmarshalYAML(unmarshal func(any) error) error {
	var items []Number
	if err := unmarshal(&items); err != nil {
		return err
	}
	if len(items) != 2 {
		*q = Quantile{Dataset: "?", parts: len(items)}
		return nil
	}
	*q = Quantile{Dataset: items[0].text, Q: items[1]}
	return nil
}

// Kind is how the measure is made, and of which columns; a quantile has none.
func (m *Measure) Kind() (qos.Kind, []Column) {
	switch {
	case len(m.Ratio) > 0:
		return qos.Ratio, m.Ratio
	case len(m.Mean) > 0:
		return qos.Mean, m.Mean
	case m.Min != "":
		return qos.Min, []Column{m.Min}
	case m.Max != "":
		return qos.Max, []Column{m.Max}
	case m.Quantile.Dataset != "":
		return qos.Quantile, nil
	}
	return qos.Sum, []Column{m.Sum}
}

// QoS is the measure for the arithmetic.
func (m *Measure) QoS() qos.Measure {
	kind, columns := m.Kind()
	q := qos.Measure{Kind: kind, Scale: m.Scale.Value, Better: m.Better, MinN: float64(m.MinN), Q: m.Quantile.Q.Value}
	if len(columns) > 0 {
		_, q.Numerator = columns[0].Parts()
	}
	if len(columns) > 1 {
		_, q.Denominator = columns[1].Parts()
	}
	if m.Good != nil {
		q.Good = m.Good.Value
	}
	if m.Acceptable != nil {
		q.Acceptable = m.Acceptable.Value
	}
	return q
}

// Dataset is where the measure's columns come from.
func (m *Measure) Dataset() string {
	kind, columns := m.Kind()
	if kind == qos.Quantile {
		return m.Quantile.Dataset
	}
	dataset, _ := columns[0].Parts()
	return dataset
}

// Finding is a rule that names cells with an unusual rate of bad items.
type Finding struct {
	Rate      string   `yaml:"rate"`       // a ratio with limits
	By        []string `yaml:"by"`         // the cube: dimensions of its cells
	ExplainBy []string `yaml:"explain_by"` // further dimensions that may hold most of the excess
	Reasons   []string `yaml:"reasons"`    // ratios of the same whole: why items are bad
	MinExcess Number   `yaml:"min_excess"` // bad items beyond the baseline; 0 means 10
	Z         Number   `yaml:"z"`          // standard deviations; 0 means 3
}
