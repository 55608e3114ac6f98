package qos

import (
	"cmp"
	"slices"
)

// Ranked is one group in an order of groups.
type Ranked struct {
	State      State
	Figure     Figure
	Suppressed bool    // no figure, or one of too few items to show
	Bad        float64 // of a ratio: bad items
	Excess     float64 // of a ratio: bad items beyond what the base rate lets expect
}

// Rank orders the states of a table, the one to look at first.
//
// Groups of a ratio come by excess, which is bad - baseRate·n with baseRate a rate of bad
// items, then by the lower 95 % bound of their rate: by the raw rate, one bad item of one
// would win. Sums come by value, the greatest first. Means, quantiles, minima and maxima
// come worst first, or the greatest first if no direction is better, and those of too few
// items last. What is equal comes by key, so that the order is one.
func Rank(t *Table, m Measure, baseRate float64) []Ranked {
	type place struct {
		Ranked
		last        bool // nothing to rank by
		worst, next float64
	}
	places := make([]place, len(t.States))
	for i, s := range t.States {
		f := m.Eval(t, s)
		p := place{Ranked: Ranked{State: s, Figure: f, Suppressed: !f.Defined || m.Suppressed(f)}}
		p.last, p.worst = p.Suppressed, f.Value
		switch {
		case m.Kind == Ratio:
			count := tally{}
			count.bad, count.n = m.Bad(t, s)
			p.Bad, p.Excess = count.bad, count.excess(baseRate)
			p.last, p.worst = !f.Defined, p.Excess
			p.next, _ = count.wilson(Z95)
		case m.Better == Up && m.Kind != Sum:
			p.worst = -f.Value
		}
		places[i] = p
	}
	slices.SortStableFunc(places, func(a, b place) int {
		if a.last && b.last {
			return compareKeys(a.State.Key, b.State.Key)
		}
		return cmp.Or(compareBools(a.last, b.last), cmp.Compare(b.worst, a.worst), cmp.Compare(b.next, a.next), compareKeys(a.State.Key, b.State.Key))
	})
	ranked := make([]Ranked, len(places))
	for i, p := range places {
		ranked[i] = p.Ranked
	}
	return ranked
}

// Top splits ranked groups of a table: the first ones, and the others added up to one
// state without a key, whose figures [Measure.Eval] makes. It says how many those are.
func Top(t *Table, ranked []Ranked, first int) (top []Ranked, others State, count int) {
	first = min(max(first, 0), len(ranked))
	rest := t.like(t.Dimensions)
	for _, r := range ranked[first:] {
		rest.States = append(rest.States, r.State)
	}
	return ranked[:first], rest.Total(), len(rest.States)
}
