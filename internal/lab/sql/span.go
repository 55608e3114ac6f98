package sql

import "math"

// A span is the condition that a column of doubles or of integers lies between two
// values, both of them included. It is made of comparisons with constants, of which
// reports are full: what is a measurement, and what is junk.
type span struct {
	index     int // of the column
	double    bool
	low, high float64
	from, to  int64 // of integers
}

// spanOf is a comparison of a column with a constant as a span, nil if it is none.
func spanOf(op string, a compiled, kind Kind, limit Value) *span {
	if a.column == 0 || kind != Double && !kind.integer() {
		return nil
	}
	s := &span{index: a.column - 1, double: kind == Double, low: math.Inf(-1), high: math.Inf(1), from: math.MinInt64, to: math.MaxInt64}
	f, n := limit.Float(), limit.n
	if s.double && (math.IsNaN(f) || math.IsInf(f, 0)) || !s.double && (n == math.MinInt64 || n == math.MaxInt64) {
		return nil
	}
	switch op {
	case "=":
		s.low, s.high, s.from, s.to = f, f, n, n
	case ">=":
		s.low, s.from = f, n
	case "<=":
		s.high, s.to = f, n
	case ">":
		s.low, s.from = math.Nextafter(f, math.Inf(1)), n+1
	case "<":
		s.high, s.to = math.Nextafter(f, math.Inf(-1)), n-1
	default:
		return nil
	}
	return s
}

// and is the condition that both hold. It reports false if they are of two columns.
func (s *span) and(other *span) (*span, bool) {
	if s == nil || other == nil || s.index != other.index || s.double != other.double {
		return nil, false
	}
	return &span{index: s.index, double: s.double, low: max(s.low, other.low), high: min(s.high, other.high),
		from: max(s.from, other.from), to: min(s.to, other.to)}, true
}

func (s *span) predicate() compiled {
	index, low, high, from, to := s.index, s.low, s.high, s.from, s.to
	c := predicate(func(_ *execution, row []Value) truth {
		v := &row[index]
		if v.kind == Null {
			return isUnknown
		}
		return truthOf(v.n >= from && v.n <= to)
	})
	if s.double {
		c = predicate(func(_ *execution, row []Value) truth {
			v := &row[index]
			if v.kind == Null {
				return isUnknown
			}
			f := v.Float() // NaN lies between no values
			return truthOf(f >= low && f <= high)
		})
	}
	c.within = s
	return c
}
