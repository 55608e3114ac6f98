package qos

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Kind is how a measure is made of states.
type Kind string

// The kinds of measures.
const (
	Sum      Kind = "sum"      // of one column
	Ratio    Kind = "ratio"    // of countable events: the part over the whole
	Mean     Kind = "mean"     // a sum over its number
	Min      Kind = "min"      // the smallest value of one column
	Max      Kind = "max"      // the largest value of one column
	Quantile Kind = "quantile" // of the table's histogram
)

// Better says in which direction a measure improves.
type Better string

// The directions; a measure with neither is not judged.
const (
	Up   Better = "up"
	Down Better = "down"
)

// Measure is one figure of service quality.
type Measure struct {
	Kind        Kind
	Numerator   string  // the column of a sum, min or max; of a ratio the part, of a mean the sum
	Denominator string  // of a ratio the whole, of a mean the number; else ""
	Q           float64 // of a quantile, 0 to 1: 0.95 is the value that 95 % do not exceed
	Scale       float64 // multiplies the value, but for a ratio; 0 means 1

	Better     Better
	Good       float64 // at least as good as this is good
	Acceptable float64 // beyond Good and at least as good as this is watch
	MinN       float64 // fewer items than this are too few to judge; 0 means the default of the kind
}

// DefaultMinN is how many items a rate or a mean must stand on to be shown and judged.
// Quantiles may need more: see [Measure.MinSample].
const DefaultMinN = 30

// Figure is a measure's value for one group of rows.
type Figure struct {
	Defined bool    // false: nothing to divide by, no value, or no such column
	Value   float64 // in the measure's unit; a ratio is 0 to 1
	N       float64 // items that a ratio, mean or quantile stands on; 0 for the other kinds
	Low     float64 // 95 % interval of a ratio (Wilson)
	High    float64
}

// Columns are the columns that the measure needs; none for a quantile.
func (m Measure) Columns() []string {
	switch {
	case m.Kind == Quantile:
		return nil
	case m.Denominator == "":
		return []string{m.Numerator}
	}
	return []string{m.Numerator, m.Denominator}
}

// Eval makes the figure of a state of the table.
func (m Measure) Eval(t *Table, s State) Figure {
	if t == nil {
		return Figure{}
	}
	f := m.eval(t, s)
	if !f.Defined {
		return Figure{N: f.N}
	}
	if m.Kind != Ratio && m.Scale != 0 {
		f.Value *= m.Scale
	}
	return f
}

// eval makes the figure before it is scaled.
func (m Measure) eval(t *Table, s State) (f Figure) {
	switch m.Kind {
	case Sum:
		f.Value, f.Defined = column(t.Sums, s.Sums, m.Numerator)
	case Min:
		f.Value, f.Defined = column(t.Minima, s.Minima, m.Numerator)
	case Max:
		f.Value, f.Defined = column(t.Maxima, s.Maxima, m.Numerator)
	case Ratio, Mean:
		numerator, known := column(t.Sums, s.Sums, m.Numerator)
		f.N, f.Defined = column(t.Sums, s.Sums, m.Denominator)
		f.Value, f.Defined = numerator/f.N, f.Defined && known && f.N > 0
	case Quantile:
		if t.Scale == nil {
			return Figure{}
		}
		value, n := t.Scale.quantile(s.Bins, m.Q, extreme(t.Minima, s.Minima, LowColumn), extreme(t.Maxima, s.Maxima, HighColumn))
		return Figure{Defined: n > 0, Value: value, N: float64(n)}
	}
	f.Defined = f.Defined && !math.IsNaN(f.Value)
	if f.Defined && m.Kind == Ratio {
		f.Low, f.High = Wilson(f.Value, f.N, Z95)
	}
	return f
}

// extreme is a column's value, NaN where there is none.
func extreme(names []string, values []float64, name string) float64 {
	if v, known := column(names, values, name); known {
		return v
	}
	return math.NaN()
}

// Bad is how many of the n items of a ratio are bad: the part, or what is not the part
// when better is up.
func (m Measure) Bad(t *Table, s State) (bad, n float64) {
	part, _ := column(t.Sums, s.Sums, m.Numerator)
	n, _ = column(t.Sums, s.Sums, m.Denominator)
	if m.Better == Up {
		return n - part, n
	}
	return part, n
}

// Check reports what no honest state holds: a part that is negative or more than its
// whole, a mean of no items, or a column that is not there. A figure of such a state
// would look like any other, so that a caller does better to refuse it.
func (m Measure) Check(t *Table, s State) error {
	if t == nil {
		return errors.New("no table")
	}
	switch m.Kind {
	case Quantile:
		if t.Scale == nil {
			return errors.New("a quantile of a table without bins")
		}
		return nil
	case Min:
		return missing(t.Minima, m.Numerator)
	case Max:
		return missing(t.Maxima, m.Numerator)
	}
	for _, name := range m.Columns() {
		if err := missing(t.Sums, name); err != nil {
			return err
		}
	}
	if m.Kind == Sum {
		return nil
	}
	part, _ := column(t.Sums, s.Sums, m.Numerator)
	whole, _ := column(t.Sums, s.Sums, m.Denominator)
	const rounding = 1e-9 // of sums of fractions
	switch {
	case !(whole >= 0):
		return fmt.Errorf("%s is %v: a number of items is never negative", m.Denominator, whole)
	case whole == 0 && part != 0:
		return fmt.Errorf("%s is %v while %s is 0", m.Numerator, part, m.Denominator)
	case m.Kind == Ratio && !(part >= -rounding*whole && part <= whole+rounding*whole):
		return fmt.Errorf("%s is %v of %v in %s: a part is 0 to its whole", m.Numerator, part, whole, m.Denominator)
	}
	return nil
}

func missing(names []string, name string) error {
	if !slices.Contains(names, name) {
		return fmt.Errorf("no column %s: there are %s", name, strings.Join(names, ", "))
	}
	return nil
}

// Z95 is the two-sided 95 % of the normal distribution, in standard deviations.
const Z95 = 1.959963984540054

// Wilson is the score interval of a proportion p of n items at z standard deviations
// (Wilson 1927), within [0, 1]. A p beyond, of a part that is more than its whole, counts
// as the nearest proportion.
func Wilson(p, n, z float64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	p = min(max(p, 0), 1) // or the square root below is of a negative number
	centre := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n)) / (1 + z*z/n)
	low, high = max(0, centre-half), min(1, centre+half)
	switch p { // where rounding would leave a little
	case 0:
		low = 0
	case 1:
		high = 1
	}
	return low, high
}

// Verdict is how good a figure is.
type Verdict int

// The verdicts, from the best to the worst that can be said. NotJudged and TooFew say
// nothing about quality.
const (
	NotJudged Verdict = iota // the measure has no limits
	TooFew                   // too few items to judge
	Good
	Watch  // beyond good; or beyond acceptable, but that may be chance
	Breach // beyond acceptable, and not by chance
)

func (v Verdict) String() string {
	switch v {
	case TooFew:
		return "too few data"
	case Good:
		return "good"
	case Watch:
		return "watch"
	case Breach:
		return "breach"
	}
	return "not judged"
}

// Judge compares a figure with the measure's limits. A ratio is a breach only when its
// whole interval lies beyond the acceptable limit; the other kinds are compared directly.
func (m Measure) Judge(f Figure) Verdict {
	if m.Better == "" {
		return NotJudged
	}
	if !f.Defined || m.Suppressed(f) {
		return TooFew
	}
	surest := f.Value // the end of the interval that speaks least against the figure
	if m.Kind == Ratio {
		surest = f.Low
		if m.Better == Up {
			surest = f.High
		}
	}
	switch {
	case m.within(f.Value, m.Good):
		return Good
	case m.within(f.Value, m.Acceptable), m.within(surest, m.Acceptable):
		return Watch
	}
	return Breach
}

func (m Measure) within(v, limit float64) bool {
	if m.Better == Up {
		return v >= limit
	}
	return v <= limit
}

// Suppressed reports whether a figure stands on too few items to be shown. Sums, minima
// and maxima are always shown.
func (m Measure) Suppressed(f Figure) bool { return f.N < m.MinSample() }

// MinSample is how many items a figure must stand on to be shown and judged: MinN, else
// 30; of a quantile so many that about three of them lie beyond it, which is 60 for 0.95
// and 0.05 and 300 for 0.99. Sums, minima and maxima need none.
func (m Measure) MinSample() float64 {
	switch {
	case m.Kind == Sum || m.Kind == Min || m.Kind == Max:
		return 0
	case m.MinN > 0:
		return m.MinN
	case m.Kind == Quantile && m.Q > 0 && m.Q < 1:
		const rounding = 1e-9 // 3/(1-0.9) is a little more than 30
		return max(DefaultMinN, math.Ceil(3/min(m.Q, 1-m.Q)-rounding))
	}
	return DefaultMinN
}

// Validate reports what is wrong with the measure itself.
func (m Measure) Validate() error {
	switch {
	case m.Better == Up && m.Good < m.Acceptable:
		return fmt.Errorf("good (%v) must not be below acceptable (%v) when better is up", m.Good, m.Acceptable)
	case m.Better == Down && m.Good > m.Acceptable:
		return fmt.Errorf("good (%v) must not be above acceptable (%v) when better is down", m.Good, m.Acceptable)
	case m.Better != "" && m.Better != Up && m.Better != Down:
		return fmt.Errorf("better is %q: write up or down", m.Better)
	case m.Kind == Quantile && !(m.Q >= 0 && m.Q <= 1):
		return fmt.Errorf("quantile is %v: write a number from 0 to 1, like 0.95", m.Q)
	case m.Kind != Quantile && m.Q != 0:
		return fmt.Errorf("a %s has no quantile (%v)", m.Kind, m.Q)
	case m.Kind == Ratio && m.Scale != 0 && m.Scale != 1:
		return fmt.Errorf("scale (%v) does not go with a ratio, which is a proportion", m.Scale)
	case !(m.MinN >= 0):
		return fmt.Errorf("fewest items are %v: write 1 or more, or 0 for the default", m.MinN)
	}
	for _, v := range []float64{m.Scale, m.Good, m.Acceptable, m.MinN} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%v is no finite number", v)
		}
	}
	return m.validateColumns()
}

func (m Measure) validateColumns() error {
	columns := 0
	switch m.Kind {
	case Sum, Min, Max:
		columns = 1
	case Ratio, Mean:
		columns = 2
	case Quantile:
	default:
		return fmt.Errorf("kind is %q: write sum, ratio, mean, min, max or quantile", m.Kind)
	}
	if (m.Numerator != "") != (columns > 0) || (m.Denominator != "") != (columns > 1) {
		return fmt.Errorf("a %s is made of %d columns, not of %q and %q", m.Kind, columns, m.Numerator, m.Denominator)
	}
	return nil
}
