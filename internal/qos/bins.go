package qos

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Bin counts the values of a histogram that share one bin. Which values these are, the
// table's [Scale] says.
type Bin struct {
	Index int32
	N     int64
}

// The bins that are no interval of the scale. NotFinite and Negative count in the quality
// of the data and never in a quantile.
const (
	NotFinite   int32 = -2147483647 // NaN and infinities
	Negative    int32 = -2147483646 // below the range: under 0, of a linear scale under its Min
	ZeroBin     int32 = -1000000    // of a log scale: 0 <= x < Min
	OverflowBin int32 = 1000000     // x > Max
)

// ScaleKind says how the bins of a scale grow.
type ScaleKind string

// The kinds of scales.
const (
	Log    ScaleKind = "log"    // bins of one ratio: a relative error
	Linear ScaleKind = "linear" // bins of one width: an absolute error
)

// Scale says which values a bin holds. Bins are computed by the database; they add up
// exactly, and any quantile can be asked afterwards.
//
// On a log scale, bin i holds the values in (γ^(i-1), γ^i] with γ = (1+α)/(1-α), and its
// representative is within α·x of each of them: the scheme of DDSketch (Masson, Rim, Lee,
// PVLDB 12/12, 2019, section 2) without its collapsing. On a linear scale, bin i holds
// [Min + i·Width, Min + (i+1)·Width), and its middle is within Width/2.
type Scale struct {
	Kind  ScaleKind
	Alpha float64 // log: relative error, 0 < Alpha < 1
	Width float64 // linear: width of a bin
	Min   float64 // log: values below are in ZeroBin; linear: where bin 0 begins
	Max   float64 // values above are in OverflowBin
}

// Validate reports what is wrong with the scale.
func (s Scale) Validate() error {
	switch {
	case s.Kind != Log && s.Kind != Linear:
		return fmt.Errorf("scale is %q: write log or linear", s.Kind)
	case s.Kind == Log && !(s.Alpha > 0 && s.Alpha < 1):
		return fmt.Errorf("alpha is %v: write a relative error between 0 and 1, like 0.01", s.Alpha)
	case s.Kind == Log && !(s.Min > 0):
		return fmt.Errorf("min is %v: a log scale begins above 0", s.Min)
	case s.Kind == Linear && !(s.Width > 0):
		return fmt.Errorf("width is %v: write the width of a bin, above 0", s.Width)
	case !(s.Max > s.Min) || math.IsInf(s.Max-s.Min, 0):
		return fmt.Errorf("min is %v and max is %v: the range is empty or has no end", s.Min, s.Max)
	case !(s.position(s.Max) < float64(OverflowBin)-1 && s.position(s.Min) > float64(ZeroBin)+1):
		return fmt.Errorf("more than %d bins from %v to %v: take wider ones", OverflowBin, s.Min, s.Max)
	}
	return nil
}

// Gamma is the ratio of a log scale's neighbouring bins.
func (s Scale) Gamma() float64 { return (1 + s.Alpha) / (1 - s.Alpha) }

// LnGamma is the natural logarithm of [Scale.Gamma].
func (s Scale) LnGamma() float64 { return math.Log(s.Gamma()) }

// Index is the bin of a value. In production the database computes it, so that logarithms
// of two mathematical libraries never meet.
func (s Scale) Index(x float64) int32 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return NotFinite
	case x > s.Max:
		return OverflowBin
	case s.Kind == Log && x < 0, s.Kind == Linear && x < s.Min:
		return Negative
	case s.Kind == Log && x < s.Min:
		return ZeroBin
	}
	return int32(s.position(x))
}

// EdgeHair is the part of a linear bin by which values count as on its edge: (3.8-1)/0.1
// is a little less than 28 in binary, and 3.8 belongs to the bin that begins there.
const EdgeHair = 1e-9

// position is the index of a value within the range.
func (s Scale) position(x float64) float64 {
	if s.Kind == Log {
		return math.Ceil(math.Log(x) * (1 / s.LnGamma()))
	}
	return math.Floor((x-s.Min)/s.Width + EdgeHair)
}

// Bounds are the ends of a bin; NaN for [NotFinite], and infinite where the bin has no
// end. The last bin of a linear scale ends at Max.
func (s Scale) Bounds(index int32) (low, high float64) {
	switch {
	case index == NotFinite:
		return math.NaN(), math.NaN()
	case index == OverflowBin:
		return s.Max, math.Inf(1)
	case index == Negative && s.Kind == Linear:
		return math.Inf(-1), s.Min
	case index == Negative:
		return math.Inf(-1), 0
	case index == ZeroBin && s.Kind == Log:
		return 0, s.Min
	case s.Kind == Log:
		return math.Exp(float64(index-1) * s.LnGamma()), math.Exp(float64(index) * s.LnGamma())
	}
	low = s.Min + float64(index)*s.Width
	return low, min(low+s.Width, s.Max)
}

// Representative is the value that stands for those of a bin: the one of least relative
// error on a log scale, the middle on a linear one. ZeroBin stands for 0 and OverflowBin
// for Max, where a group's own extremes are not known. NaN stands for what is no value.
func (s Scale) Representative(index int32) float64 {
	switch {
	case index == NotFinite || index == Negative:
		return math.NaN()
	case index == OverflowBin:
		return s.Max
	case index == ZeroBin && s.Kind == Log:
		return 0
	case s.Kind == Log:
		return 2 * math.Exp(float64(index)*s.LnGamma()) / (s.Gamma() + 1)
	}
	low, high := s.Bounds(index)
	return low + (high-low)/2
}

// holds reports whether the scale has a bin of that index. One more at each end allows
// for a database whose logarithms round otherwise.
func (s Scale) holds(index int32) bool {
	switch index {
	case NotFinite, Negative, OverflowBin:
		return true
	case ZeroBin:
		return s.Kind == Log
	}
	i := float64(index)
	return i >= s.position(s.Min)-1 && i <= s.position(s.Max)+1
}

// binAdder adds up bins in time that is linear in their number, but for the logarithm of
// sorting; memory stays in proportion to the different bins.
type binAdder struct {
	all   []Bin
	limit int
}

func (a *binAdder) add(bins ...Bin) {
	a.all = append(a.all, bins...)
	if len(a.all) > max(a.limit, 512) {
		a.limit = 2 * len(a.bins())
	}
}

// bins are the sums so far, ascending by index; nil if there are none.
func (a *binAdder) bins() []Bin {
	if len(a.all) == 0 {
		return nil
	}
	slices.SortFunc(a.all, func(x, y Bin) int { return cmp.Compare(x.Index, y.Index) })
	last := 0
	for _, b := range a.all[1:] {
		if b.Index == a.all[last].Index {
			a.all[last].N += b.N
			continue
		}
		last++
		a.all[last] = b
	}
	a.all = a.all[:last+1]
	return a.all
}

// The columns of a histogram's extremes.
const (
	LowColumn  = "low"  // the smallest value of a group, in Table.Minima
	HighColumn = "high" // the largest value of a group, in Table.Maxima
)

// Histogram gathers rows of bins, in any order, into the states of a table.
type Histogram struct {
	table  Table
	adders []binAdder // one a state
	groups map[string]int
	id     []byte
}

// NewHistogram begins a table of the given dimensions and scale.
func NewHistogram(dimensions []string, scale Scale) (*Histogram, error) {
	if err := scale.Validate(); err != nil {
		return nil, err
	}
	return &Histogram{
		table: Table{
			Dimensions: slices.Clone(dimensions),
			Minima:     []string{LowColumn},
			Maxima:     []string{HighColumn},
			Scale:      &scale,
		},
		groups: make(map[string]int),
	}, nil
}

// Add takes in one row: n values of the group key lie in a bin, the smallest of them low
// and the largest high; NaN when the query does not return those. The key is copied when
// it is new, so that a caller may reuse it. A bin that the scale does not have is an
// error, and so is a count that no COUNT gives.
func (h *Histogram) Add(key []Member, bin Bin, low, high float64) error {
	switch {
	case len(key) != len(h.table.Dimensions):
		return fmt.Errorf("a key of %d members for %d dimensions", len(key), len(h.table.Dimensions))
	case bin.N < 0 || bin.N > 1<<53:
		return fmt.Errorf("bin %d counts %d values", bin.Index, bin.N)
	case !h.table.Scale.holds(bin.Index):
		return fmt.Errorf("bin %d is none of the scale %+v", bin.Index, *h.table.Scale)
	case bin.N == 0:
		return nil
	}
	h.id = appendKey(h.id[:0], key)
	group, found := h.groups[string(h.id)]
	if !found {
		group = len(h.table.States)
		h.groups[string(h.id)] = group
		h.table.States = append(h.table.States, h.table.empty(slices.Clone(key)))
		h.adders = append(h.adders, binAdder{})
	}
	h.adders[group].add(bin)
	if bin.Index != NotFinite && bin.Index != Negative {
		s := &h.table.States[group]
		s.Minima[0], s.Maxima[0] = lesser(s.Minima[0], low), greater(s.Maxima[0], high)
	}
	return nil
}

// Table is the states of all rows, sorted by key. The histogram ends with it.
func (h *Histogram) Table() *Table {
	for i := range h.adders {
		h.table.States[i].Bins = h.adders[i].bins()
	}
	slices.SortFunc(h.table.States, func(a, b State) int { return compareKeys(a.Key, b.Key) })
	return &h.table
}

// quantile is the value below which a share q of the values lie, 0 <= q <= 1, and the
// number of values: that of the 0-based rank floor(q·(n-1)), without interpolation, as
// its bin represents it, within the group's extremes where they are known (not NaN).
func (s *Scale) quantile(bins []Bin, q, low, high float64) (value float64, n int64) {
	values := bins
	for len(values) > 0 && (values[0].Index == NotFinite || values[0].Index == Negative) {
		values = values[1:]
	}
	for _, b := range values {
		n += b.N
	}
	if n == 0 {
		return 0, 0
	}
	switch {
	case q <= 0 && !math.IsNaN(low):
		return low, n
	case q >= 1 && !math.IsNaN(high):
		return high, n
	}
	index, below, rank := values[len(values)-1].Index, 0.0, math.Floor(q*float64(n-1))
	for _, b := range values {
		if below += float64(b.N); below > rank {
			index = b.Index
			break
		}
	}
	value = s.Representative(index)
	if index == OverflowBin && !math.IsNaN(high) {
		value = high
	}
	if value < low { // never, when low is NaN
		value = low
	}
	if value > high {
		value = high
	}
	return value, n
}
