package qos

import (
	"cmp"
	"fmt"
	"slices"
)

// HourDimension is the dimension whose adjacent members make one incident.
const HourDimension = "hour"

// RateRule finds cells of a cube whose rate of bad items is unusual. A cell is, when it
// has enough items and the lower Wilson bound of its rate lies both above the acceptable
// limit and above the upper 95 % bound of its baseline, and its excess is large enough:
// the bad items beyond what the baseline's rate lets expect. The bounds on both sides and
// the least excess are what keeps chance out of thousands of cells.
//
// With Better Down, the part of the ratio is bad; with Up it is good, and the rest of the
// whole is bad. All rates here are of bad items.
type RateRule struct {
	Measure   Measure // a Ratio with limits
	Z         float64 // standard deviations of the cell's interval; 0 means 3
	MinExcess float64 // fewest bad items beyond the expected; 0 means 10
}

// Incident is an unusual cell, or several of adjacent hours.
type Incident struct {
	Key   []Member // of the cube without the hour
	Hours []int    // adjacent, ascending; nil when the cube has no hour

	Bad, N float64 // bad items and all items of the hours together
	Excess float64 // Bad - BaseRate·N
	Rate   float64 // Bad/N
	Low    float64 // Wilson interval of Rate at the rule's Z
	High   float64

	BaseKind BaselineKind
	BaseBad  float64 // of the same cells on all days of the baseline together
	BaseN    float64
	BaseRate float64
	BaseLow  float64 // Wilson interval of BaseRate, 95 %
	BaseHigh float64
}

// Search is what a rule found.
type Search struct {
	Incidents []Incident // by excess, the greatest first
	Tested    int        // cells with enough items
	TooFew    int        // cells without
}

// tally counts bad items among n.
type tally struct{ bad, n float64 }

func (t tally) plus(o tally) tally  { return tally{t.bad + o.bad, t.n + o.n} }
func (t tally) minus(o tally) tally { return tally{t.bad - o.bad, t.n - o.n} }

// rate is 0 of no items; their Wilson interval says that nothing is known.
func (t tally) rate() float64 {
	if t.n <= 0 {
		return 0
	}
	return t.bad / t.n
}

func (t tally) wilson(z float64) (low, high float64) { return Wilson(t.rate(), t.n, z) }

// excess is the bad items beyond what a baseline's rate lets expect.
func (t tally) excess(baseRate float64) float64 { return t.bad - baseRate*t.n }

// cell is one cell of the cube on the report day.
type cell struct {
	tally
	key  []Member // without the hour
	hour int
	base tally
}

// Find tests the cells of the cube dims. The table day holds the states of one report
// day, base those of its baseline days, and baseKind says which these are; base may be
// nil or empty. A cell without items in base is compared with the rest of its day. The
// hours for which skip reports true are not tested, like those of a day when clocks
// change, nor is NULL as an hour. A nil skip skips none.
func (r RateRule) Find(day, base *Table, baseKind BaselineKind, dims []string, skip func(hour int) bool) (Search, error) {
	if r.Measure.Kind != Ratio || r.Measure.Better == "" {
		return Search{}, fmt.Errorf("a rule of rates needs a ratio with limits, not a %s", r.Measure.Kind)
	}
	counts, err := r.count(day, dims)
	if err != nil {
		return Search{}, err
	}
	before, err := r.count(base, dims)
	if err != nil {
		return Search{}, fmt.Errorf("baseline: %w", err)
	}
	var total tally
	for _, c := range counts {
		total = total.plus(c.tally)
	}
	var search Search
	var flagged []cell
	bases := byKey(before)
	hourAt := slices.Index(dims, HourDimension)
	for _, count := range counts {
		c := cell{tally: count.tally, key: count.key, base: bases[string(appendKey(nil, count.key))]}
		if hourAt >= 0 {
			hour := count.key[hourAt]
			if !hour.Null && !hour.Number {
				return Search{}, fmt.Errorf("dimension %s holds %q: an hour is an integer", HourDimension, hour.Text)
			}
			if c.hour = int(hour.Int); hour.Null || skip != nil && skip(c.hour) {
				continue
			}
			c.key = slices.Delete(slices.Clone(count.key), hourAt, hourAt+1)
		}
		if c.n < r.Measure.MinSample() {
			search.TooFew++
			continue
		}
		search.Tested++
		if r.unusual(c, total) {
			flagged = append(flagged, c)
		}
	}
	search.Incidents = r.incidents(flagged, total, baseKind, hourAt >= 0)
	return search, nil
}

// counted is the tally of one group.
type counted struct {
	key []Member
	tally
}

// count tallies the groups of dims, by key; a table that is nil or empty has none. A
// state that no honest rows add up to is an error.
func (r RateRule) count(t *Table, dims []string) ([]counted, error) {
	if t == nil || len(t.States) == 0 {
		return nil, nil
	}
	merged, err := t.Merge(dims...)
	if err != nil {
		return nil, err
	}
	counts := make([]counted, len(merged.States))
	for i, s := range merged.States {
		if err := r.Measure.Check(merged, s); err != nil {
			return nil, fmt.Errorf("%v %v: %w", dims, s.Key, err)
		}
		counts[i].key = s.Key
		counts[i].bad, counts[i].n = r.Measure.Bad(merged, s)
	}
	return counts, nil
}

func byKey(counts []counted) map[string]tally {
	tallies := make(map[string]tally, len(counts))
	for _, c := range counts {
		tallies[string(appendKey(nil, c.key))] = c.tally
	}
	return tallies
}

func (r RateRule) unusual(c cell, total tally) bool {
	base := c.base
	if base.n == 0 {
		base = total.minus(c.tally)
	}
	low, _ := c.wilson(r.z())
	_, baseHigh := base.wilson(Z95) // 1 when there is nothing at all to compare with
	return low > r.limit() && low > baseHigh && c.excess(base.rate()) >= r.minExcess()
}

func (r RateRule) z() float64         { return cmp.Or(r.Z, 3) }
func (r RateRule) minExcess() float64 { return cmp.Or(r.MinExcess, 10) }

// limit is the acceptable rate of bad items.
func (r RateRule) limit() float64 {
	if r.Measure.Better == Up {
		return 1 - r.Measure.Acceptable
	}
	return r.Measure.Acceptable
}

// incidents joins flagged cells of one key and adjacent hours.
func (r RateRule) incidents(flagged []cell, total tally, kind BaselineKind, hours bool) []Incident {
	slices.SortFunc(flagged, func(a, b cell) int { return cmp.Or(compareKeys(a.key, b.key), cmp.Compare(a.hour, b.hour)) })
	var found []Incident
	for len(flagged) > 0 {
		run := 1
		for run < len(flagged) && compareKeys(flagged[run].key, flagged[0].key) == 0 && flagged[run].hour == flagged[run-1].hour+1 {
			run++
		}
		found = append(found, r.incident(flagged[:run], total, kind, hours))
		flagged = flagged[run:]
	}
	slices.SortStableFunc(found, func(a, b Incident) int { return cmp.Compare(b.Excess, a.Excess) })
	return found
}

// incident pools the cells and their baselines. Hours without a baseline of their own
// count with that of the others; the rest of the day serves when no hour has one.
func (r RateRule) incident(run []cell, total tally, kind BaselineKind, hours bool) Incident {
	in := Incident{Key: run[0].key, BaseKind: kind}
	var sum, base tally
	for _, c := range run {
		sum, base = sum.plus(c.tally), base.plus(c.base)
		if hours {
			in.Hours = append(in.Hours, c.hour)
		}
	}
	if base.n == 0 {
		in.BaseKind, base = RestOfDay, total.minus(sum)
	}
	in.Bad, in.N, in.Rate = sum.bad, sum.n, sum.rate()
	in.Low, in.High = sum.wilson(r.z())
	in.BaseBad, in.BaseN, in.BaseRate = base.bad, base.n, base.rate()
	in.BaseLow, in.BaseHigh = base.wilson(Z95)
	in.Excess = sum.excess(in.BaseRate)
	return in
}

const (
	breachExcess = 50  // bad items of an incident that make a breach by themselves
	breachShare  = 0.1 // of all bad items of the window, which do so too
)

// Verdict is [Breach] when the excess is at least 50 items, or a tenth of the totalBad
// items of the window; else [Watch].
func (in Incident) Verdict(totalBad float64) Verdict {
	if in.Excess >= breachExcess || totalBad > 0 && in.Excess >= breachShare*totalBad {
		return Breach
	}
	return Watch
}

// Share is what one member of a dimension has in an incident.
type Share struct {
	Dimension string
	Member    Member
	Excess    float64 // bad items beyond what the member's baseline lets expect
	Bad, N    float64
	Part      float64 // of the incident's excess, 0 to 1
}

// Explain splits an incident that [RateRule.Find] found in the cube by each of the
// dimensions by, the member of the greatest excess first. A member without a baseline of
// its own is held against that of the incident.
func (r RateRule) Explain(day, base *Table, in Incident, cube, by []string) ([]Share, error) {
	inside, err := in.rows(day, cube)
	if err != nil {
		return nil, err
	}
	var baseInside *Table
	if base != nil && len(base.States) > 0 && in.BaseKind != RestOfDay {
		if baseInside, err = in.rows(base, cube); err != nil {
			return nil, fmt.Errorf("baseline: %w", err)
		}
	}
	var shares []Share
	for _, dim := range by {
		members, err := r.count(inside, []string{dim})
		if err != nil {
			return nil, err
		}
		before, err := r.count(baseInside, []string{dim})
		if err != nil {
			return nil, fmt.Errorf("baseline: %w", err)
		}
		bases := byKey(before)
		for _, m := range members {
			rate := in.BaseRate
			if own := bases[string(appendKey(nil, m.key))]; own.n > 0 {
				rate = own.rate()
			}
			share := Share{Dimension: dim, Member: m.key[0], Excess: m.excess(rate), Bad: m.bad, N: m.n}
			if in.Excess > 0 {
				share.Part = min(max(share.Excess/in.Excess, 0), 1)
			}
			shares = append(shares, share)
		}
	}
	slices.SortStableFunc(shares, func(a, b Share) int { return cmp.Compare(b.Excess, a.Excess) })
	return shares, nil
}

// rows are the states of a table that belong to the incident's cells.
func (in Incident) rows(t *Table, cube []string) (*Table, error) {
	at := make([]int, 0, len(cube))
	hourAt := -1
	for _, dim := range cube {
		i := slices.Index(t.Dimensions, dim)
		switch {
		case i < 0:
			return nil, fmt.Errorf("no dimension %s: there are %v", dim, t.Dimensions)
		case dim == HourDimension:
			hourAt = i
		default:
			at = append(at, i)
		}
	}
	if len(at) != len(in.Key) || hourAt >= 0 && in.Hours == nil {
		return nil, fmt.Errorf("the incident %v is none of the cube %v", in.Key, cube)
	}
	return t.Where(func(key []Member) bool {
		for i, dim := range at {
			if key[dim] != in.Key[i] {
				return false
			}
		}
		return hourAt < 0 || key[hourAt].Number && slices.Contains(in.Hours, int(key[hourAt].Int))
	}), nil
}

// confinedPart is the share of the excess beyond which one member is named as the cause.
const confinedPart = 0.6

// Confined is the member that holds more than 60 % of an incident's excess, if one does.
// A dimension of which a single member is present explains nothing.
func Confined(shares []Share) (Share, bool) {
	present := make(map[string]int)
	for _, s := range shares {
		if s.N > 0 {
			present[s.Dimension]++
		}
	}
	for _, s := range shares {
		if s.Part > confinedPart && present[s.Dimension] > 1 {
			return s, true
		}
	}
	return Share{}, false
}
