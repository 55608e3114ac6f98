package report

import (
	"qosreport/internal/impala/wire"
	"qosreport/internal/qos"
	"qosreport/internal/query"
)

// Figure is a number as it is computed and as it is shown.
type Figure struct {
	Value    *float64 `json:"value"` // null: nothing to divide by; a ratio is 0 to 1
	N        float64  `json:"n"`     // items that it stands on; 0 for a sum
	Low      *float64 `json:"low,omitempty"`
	High     *float64 `json:"high,omitempty"`
	Percent  bool     `json:"percent,omitempty"`
	Decimals int      `json:"decimals"`
	Few      bool     `json:"few,omitempty"`      // stands on too few items: Value is not to be shown
	Text     string   `json:"text"`               // with its unit; "n<30" or "no data" where there is no number
	Interval string   `json:"interval,omitempty"` // as text; 95 %, but of a finding's rate as its rule says
	Verdict  string   `json:"verdict,omitempty"`  // absent when the measure has no limits
}

// Shown reports whether the figure is shown as a number.
func (f Figure) Shown() bool { return f.Value != nil && !f.Few }

// Head is a measure as the head of a column or a line.
type Head struct {
	Measure    string   `json:"measure"`
	Kind       string   `json:"kind"` // sum | ratio | mean | min | max | quantile
	Label      string   `json:"label"`
	Unit       string   `json:"unit,omitempty"`
	Percent    bool     `json:"percent,omitempty"`
	Decimals   int      `json:"decimals"`
	Better     string   `json:"better,omitempty"` // up | down
	Good       *float64 `json:"good,omitempty"`
	Acceptable *float64 `json:"acceptable,omitempty"`
	Limits     string   `json:"limits,omitempty"` // the limits as text
}

// Tile is one measure for the whole window.
type Tile struct {
	Head
	Figure  Figure       `json:"figure"`
	Compare []Comparison `json:"compare,omitempty"`
}

// Counted reports whether the figure stands on a number of items that is worth showing; a
// sum is its own, and of extremes nobody counts them.
func (t Tile) Counted() bool { return t.counted() }

func (h Head) counted() bool {
	switch qos.Kind(h.Kind) {
	case qos.Sum, qos.Min, qos.Max:
		return false
	}
	return true
}

// Comparison is a tile's measure at another time.
type Comparison struct {
	Kind   string   `json:"kind"`  // day | week | base
	Label  string   `json:"label"` // the day before, a week before, median of 4 Tuesdays
	Days   []string `json:"days"`  // which days
	Figure Figure   `json:"figure"`
	MAD    *float64 `json:"mad,omitempty"`   // of base: the median absolute deviation of its days
	Delta  *float64 `json:"delta,omitempty"` // of ratios in percentage points, else in percent
	Text   string   `json:"text"`            // the delta as text: +0.42 points, −3.1 %, no data
}

// Findings is what was unusual.
type Findings struct {
	Items  []Finding `json:"items"`
	Tested int       `json:"tested"`           // cells
	TooFew int       `json:"too_few"`          // cells with too few items to test
	Hidden int       `json:"hidden,omitempty"` // findings beyond the section's limit
	Text   string    `json:"text"`             // one sentence: how much was looked at, and what came of it
}

// Finding is one incident: cells of a cube, in adjacent hours, whose rate of bad items is
// beyond limit, baseline and chance.
type Finding struct {
	Rule     string  `json:"rule"` // its name in the definition
	Measure  string  `json:"measure"`
	Label    string  `json:"label"`
	Verdict  string  `json:"verdict"` // watch | breach
	Day      string  `json:"day"`
	Where    []Pair  `json:"where"`
	FromHour *int    `json:"from_hour,omitempty"` // local
	ToHour   *int    `json:"to_hour,omitempty"`   // exclusive
	Hours    string  `json:"hours,omitempty"`     // 14:00–16:00
	Bad      float64 `json:"bad"`
	N        float64 `json:"n"`
	Rate     Figure  `json:"rate"`
	Base     Figure  `json:"base"`
	BaseKind string  `json:"base_kind"` // what it was compared with
	Excess   float64 `json:"excess"`    // bad items beyond the baseline's rate
	Of       float64 `json:"of"`        // bad items of the whole window
	Causes   []Share `json:"causes,omitempty"`
	Reasons  []Share `json:"reasons,omitempty"`
	Title    string  `json:"title"` // Zürich 14:00–16:00: Poor calls 82.6 %
	Text     string  `json:"text"`  // sample size, interval, baseline and rule in whole sentences
	Cause    string  `json:"cause"` // whole sentences; "" when nothing was to be split
}

// Pair is a member of a dimension.
type Pair struct {
	Dimension string `json:"dimension"`
	Member    string `json:"member"`
}

// Share is a part of a finding's excess: of a member of another dimension, or of one
// reason why items were bad.
type Share struct {
	Name   string  `json:"name"`             // the dimension, or the reason's measure
	Member string  `json:"member,omitempty"` // of the dimension
	Label  string  `json:"label"`
	Bad    float64 `json:"bad"`
	N      float64 `json:"n"`
	Excess float64 `json:"excess"`
	Part   float64 `json:"part"` // of the finding's excess
	Text   string  `json:"text"` // the part as text
}

// Heatmap is a measure by two dimensions.
type Heatmap struct {
	Head    Head      `json:"head"`
	RowDim  string    `json:"row_dimension"`
	ColDim  string    `json:"column_dimension"`
	Columns []string  `json:"columns"`
	Rows    []HeatRow `json:"rows"`
}

// HeatRow is one member of the rows' dimension.
type HeatRow struct {
	Member string     `json:"member"`
	Cells  []HeatCell `json:"cells"` // one a column
}

// HeatCell is one cell. Without any row in the data it is Empty.
type HeatCell struct {
	Figure
	Empty bool `json:"empty,omitempty"`
	Level int  `json:"level"` // 0 the best to MaxLevel the worst; meaningless unless the figure is shown
}

// MaxLevel is the level of the worst cells of a heat map: 0 is within good, 1 within
// acceptable, 2 to 4 are further and further beyond.
const MaxLevel = 4

// Ranking is the members of a dimension, the worst first.
type Ranking struct {
	Dimension string    `json:"dimension"`
	By        Head      `json:"by"`
	BaseRate  *Figure   `json:"base_rate,omitempty"` // of a ratio: the rate of bad items that the excess is beyond
	Columns   []Head    `json:"columns"`             // of Figures
	Rows      []RankRow `json:"rows"`
	Other     *RankRow  `json:"other,omitempty"` // all further members as one
	Members   int       `json:"members"`
}

// RankRow is one member.
type RankRow struct {
	Member  string   `json:"member"`
	Bad     *float64 `json:"bad,omitempty"` // of a ratio
	Excess  *float64 `json:"excess,omitempty"`
	Figures []Figure `json:"figures"` // one a column
}

// Trend is measures by day. A day without data is a gap: its figures have no value.
type Trend struct {
	Days   []string `json:"days"`
	Series []Series `json:"series"`
	Volume *Series  `json:"volume,omitempty"` // a count that stands behind the lines
}

// Series is one measure, a point a day.
type Series struct {
	Head
	Points []Figure `json:"points"`
}

// Histogram is how the values of a column are distributed over the window.
type Histogram struct {
	Dataset   string   `json:"dataset"`
	Label     string   `json:"label"`
	Unit      string   `json:"unit,omitempty"`
	Log       bool     `json:"log"` // the bars' bounds grow by a factor
	Bars      []Bar    `json:"bars"`
	N         float64  `json:"n"` // values that the bars and what lies above them hold
	Below     float64  `json:"below,omitempty"`
	Above     float64  `json:"above,omitempty"`
	NotFinite float64  `json:"not_finite,omitempty"`
	Quantiles []Figure `json:"quantiles,omitempty"` // of QuantileLabels
	Labels    []string `json:"quantile_labels,omitempty"`
}

// Bar is the number of values from Low, inclusive, to High.
type Bar struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	N    float64 `json:"n"`
	Text string  `json:"text"` // 3.9 – 4.0
}

// Table is plain rows of a query.
type Table struct {
	Columns []Column `json:"columns"`
	Rows    RowSet   `json:"rows"`
}

// Column is one column of a table.
type Column struct {
	Name string      `json:"name"`
	Type string      `json:"type"` // as SQL writes it
	ID   wire.TypeID `json:"-"`
}

// Numeric reports whether the column holds numbers.
func (c Column) Numeric() bool {
	switch c.ID {
	case wire.TinyInt, wire.SmallInt, wire.Int, wire.BigInt, wire.Float, wire.Double, wire.Decimal:
		return true
	}
	return false
}

// RowSet is rows that can be read any number of times.
type RowSet interface {
	Each(row func(cells []query.Cell) error) error
	Len() int
}

// Quality is what was wrong with the data of the window.
type Quality struct {
	Rows   float64 `json:"rows"` // that were read
	Checks []Check `json:"checks"`
}

// Check is one count of what was wrong, with its limit.
type Check struct {
	Column string   `json:"column,omitempty"` // "" for the rows as a whole
	What   string   `json:"what"`             // null | low | high | nonfinite | duplicates | late | rows | hours | …
	Label  string   `json:"label"`            // jitter_ms: above the range
	Count  float64  `json:"count"`
	Share  *float64 `json:"share,omitempty"` // of the rows
	Limit  *float64 `json:"limit,omitempty"` // of the share
	Text   string   `json:"text"`            // the share as text
	Bound  string   `json:"bound,omitempty"` // the limit as text
	Failed bool     `json:"failed,omitempty"`
}

// Term explains a measure.
type Term struct {
	Head
	Formula string `json:"formula"`
	Source  string `json:"source,omitempty"` // of the limits
	About   string `json:"about,omitempty"`
	MinN    int    `json:"min_n,omitempty"`  // fewer items are not shown; 0 for sums
	Method  string `json:"method,omitempty"` // how it is estimated, when it is
}
