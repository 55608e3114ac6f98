package qos

import (
	"fmt"
	"math"
)

// Kind is how a measure is made of sums.
type Kind string

// The kinds of measures.
const (
	Sum   Kind = "sum"   // of one column
	Ratio Kind = "ratio" // of countable events: the part over the whole
	Mean  Kind = "mean"  // a sum over its number
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
	Numerator   string  // the sum's column; of a ratio the part, of a mean the sum
	Denominator string  // of a ratio the whole, of a mean the number; "" for a sum
	Scale       float64 // multiplies the value; 0 means 1

	Better     Better
	Good       float64 // at least as good as this is good
	Acceptable float64 // beyond Good and at least as good as this is watch
	MinN       float64 // fewer items than this are too few to judge; 0 means 30
}

// DefaultMinN is how many items a rate or a mean must stand on to be shown and judged.
const DefaultMinN = 30

// Figure is a measure's value for one group of rows.
type Figure struct {
	Defined bool    // false: nothing to divide by
	Value   float64 // in the measure's unit; a ratio is 0 to 1
	N       float64 // items that a ratio or mean stands on; 0 for a sum
	Low     float64 // 95 % interval of a ratio (Wilson)
	High    float64
}

// Columns are the sums that the measure needs.
func (m Measure) Columns() []string {
	if m.Denominator == "" {
		return []string{m.Numerator}
	}
	return []string{m.Numerator, m.Denominator}
}

// Eval makes the figure of a state; sum gives the value of a column.
func (m Measure) Eval(sum func(column string) float64) Figure {
	scale := m.Scale
	if scale == 0 {
		scale = 1
	}
	numerator := sum(m.Numerator)
	if m.Kind == Sum {
		return Figure{Defined: true, Value: numerator * scale}
	}
	n := sum(m.Denominator)
	f := Figure{N: n}
	if n > 0 {
		f.Defined, f.Value = true, numerator/n*scale
	}
	if f.Defined && m.Kind == Ratio {
		f.Low, f.High = Wilson(numerator/n, n, z95)
	}
	return f
}

const z95 = 1.959963984540054 // two-sided 95 % of the normal distribution

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
	return max(0, centre-half), min(1, centre+half)
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
// whole interval lies beyond the acceptable limit; means are compared directly.
func (m Measure) Judge(f Figure) Verdict {
	if m.Better == "" {
		return NotJudged
	}
	if minN := m.minN(); !f.Defined || f.N < minN {
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

func (m Measure) minN() float64 {
	if m.MinN > 0 {
		return m.MinN
	}
	return DefaultMinN
}

// Suppressed reports whether a figure stands on too few items to be shown. Sums always are.
func (m Measure) Suppressed(f Figure) bool { return m.Kind != Sum && f.N < m.minN() }

func (m Measure) within(v, limit float64) bool {
	if m.Better == Up {
		return v >= limit
	}
	return v <= limit
}

// Validate reports what is wrong with the measure itself.
func (m Measure) Validate() error {
	switch {
	case m.Better == Up && m.Good < m.Acceptable:
		return fmt.Errorf("good (%v) must not be below acceptable (%v) when better is up", m.Good, m.Acceptable)
	case m.Better == Down && m.Good > m.Acceptable:
		return fmt.Errorf("good (%v) must not be above acceptable (%v) when better is down", m.Good, m.Acceptable)
	}
	return nil
}
