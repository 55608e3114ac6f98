// Package definition reads reports. A report is data: SQL templates return states at a
// grain, and one YAML file says what they mean and how they are shown.
//
// A definition is checked whole before anything runs: references, grains, thresholds and
// templates, every mistake at once with its place. What nothing draws is refused, never
// accepted and left blank.
package definition

import (
	"math"
	"strconv"
	"strings"

	"qosreport/internal/qos"
	"qosreport/internal/yamlfile"
)

// Definition is one report.
type Definition struct {
	Version  int                 `yaml:"version"`
	Title    string              `yaml:"title"` // "" means the name
	Params   map[string]*Param   `yaml:"params"`
	Datasets map[string]*Dataset `yaml:"datasets"`
	Measures map[string]*Measure `yaml:"measures"`
	Sections map[string]*Section `yaml:"sections"`
	Outputs  Outputs             `yaml:"outputs"`

	Name         string   `yaml:"-"` // the file's name without .yaml
	SHA256       string   `yaml:"-"` // of the file
	SectionOrder []string `yaml:"-"` // as in the file
	DatasetOrder []string `yaml:"-"`

	file *yamlfile.File
}

// Dataset is one query and the meaning of its columns: states that can be added up, or
// plain rows for a table.
type Dataset struct {
	Query      string   `yaml:"query"`      // the template, below queries/
	Dimensions []string `yaml:"dimensions"` // grain of the states; day is one of them
	Sums       []string `yaml:"sums"`
	Rows       bool     `yaml:"rows"`  // plain rows, never merged
	Limit      int      `yaml:"limit"` // most rows; 0 means 1000
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

// Measure is one figure. Exactly one of Sum, Ratio and Mean is written.
type Measure struct {
	Sum   Column   `yaml:"sum"`
	Ratio []Column `yaml:"ratio"` // the part, the whole
	Mean  []Column `yaml:"mean"`  // the sum, its number

	Scale      Number     `yaml:"scale"` // 0 means 1
	Label      string     `yaml:"label"` // "" means the name
	Unit       string     `yaml:"unit"`
	Decimals   *int       `yaml:"decimals"` // nil: 0 for sums, 1 for percentages, else 1
	Better     qos.Better `yaml:"better"`
	Good       *Number    `yaml:"good"`
	Acceptable *Number    `yaml:"acceptable"`
	MinN       int        `yaml:"min_n"`    // 0 means qos.DefaultMinN
	Headline   bool       `yaml:"headline"` // makes the report's own verdict
}

// Column is a sum of a dataset, written dataset.column.
type Column string

// Parts are the dataset and its column.
func (c Column) Parts() (dataset, column string) {
	dataset, column, _ = strings.Cut(string(c), ".")
	return dataset, column
}

// Kind is how the measure is made, and of which columns.
func (m *Measure) Kind() (qos.Kind, []Column) {
	switch {
	case len(m.Ratio) > 0:
		return qos.Ratio, m.Ratio
	case len(m.Mean) > 0:
		return qos.Mean, m.Mean
	}
	return qos.Sum, []Column{m.Sum}
}

// QoS is the measure for the arithmetic.
func (m *Measure) QoS() qos.Measure {
	kind, columns := m.Kind()
	q := qos.Measure{Kind: kind, Scale: m.Scale.Value, Better: m.Better, MinN: float64(m.MinN)}
	_, q.Numerator = columns[0].Parts()
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
	_, columns := m.Kind()
	dataset, _ := columns[0].Parts()
	return dataset
}

// Section is one block of the report. Exactly one kind is written.
type Section struct {
	KPI   []string `yaml:"kpi"`   // measures, as tiles
	Table string   `yaml:"table"` // a dataset of plain rows
	Title string   `yaml:"title"` // "" means the name
}

// Outputs are the files of the report. A format that is not named is made only when it
// is asked for, with all sections.
type Outputs struct {
	HTML *Output   `yaml:"html"`
	XLSX *Workbook `yaml:"xlsx"`
	JSON *Output   `yaml:"json"`
}

// Output picks and orders sections; none means all in the order of the file.
type Output struct {
	Sections []string `yaml:"sections"`
}

// Workbook orders sections into sheets; none means one sheet a section.
type Workbook struct {
	Sheets []Sheet `yaml:"sheets"`
}

// Sheet is one sheet of the workbook.
type Sheet struct {
	Name     string   `yaml:"name"`
	Sections []string `yaml:"sections"`
}

// Number is a number in YAML that may be written as a percentage or a fraction: 0.03, 3%,
// 1/60. What cannot be read is kept until the definition is checked, which tells its place.
type Number struct {
	Value float64
	text  string // as written, when it is none
}

// UnmarshalYAML reads the text.
func (n *Number) UnmarshalYAML(data []byte) error {
	text := strings.Trim(strings.TrimSpace(string(data)), `"'`)
	value, err := parseNumber(text)
	*n = Number{Value: value}
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		*n = Number{text: text}
	}
	return nil
}

func parseNumber(text string) (float64, error) {
	if part, found := strings.CutSuffix(text, "%"); found {
		// Not v / 100: 2.9 / 100 is less than 0.029, which a share of 29 in 1000 must not pass.
		if v, err := strconv.ParseFloat(part+"e-2", 64); err == nil {
			return v, nil
		}
		v, err := strconv.ParseFloat(part, 64)
		return v / 100, err
	}
	if above, below, found := strings.Cut(text, "/"); found {
		a, err := strconv.ParseFloat(strings.TrimSpace(above), 64)
		if err != nil {
			return 0, err
		}
		b, err := strconv.ParseFloat(strings.TrimSpace(below), 64)
		if err != nil || b == 0 {
			return 0, strconv.ErrSyntax
		}
		return a / b, nil
	}
	return strconv.ParseFloat(text, 64)
}
