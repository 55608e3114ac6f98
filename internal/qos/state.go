// Package qos is the arithmetic of service quality: states that can be added up, the
// measures that are made of them, how a measure is judged, and what is unusual.
//
// The one idea: figures of different hours, sites or days are combined from their
// states (counts, sums, minima, maxima, bins of a histogram), never from figures. A mean
// of means and a mean of ratios are wrong as soon as the groups differ in size, and
// percentiles cannot be averaged at all.
//
// The package touches no clock, file or network, and equal states give equal bits in
// whatever order they come.
package qos

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Member is one value of a dimension. NULL is a member of its own and differs from "".
type Member struct {
	Null   bool
	Number bool   // compared as a number
	Int    int64  // when Number
	Text   string // when neither
}

// Null is the member of rows that have no value in the dimension.
func Null() Member { return Member{Null: true} }

// Text is a member that is a text.
func Text(s string) Member { return Member{Text: s} }

// Number is a member that is an integer, like an hour.
func Number(n int64) Member { return Member{Number: true, Int: n} }

// String is the member for people; NULL reads "(none)".
func (m Member) String() string {
	switch {
	case m.Null:
		return "(none)"
	case m.Number:
		return strconv.FormatInt(m.Int, 10)
	}
	return m.Text
}

// Compare orders members: texts by their bytes, then numbers, then NULL.
func (m Member) Compare(other Member) int { return compareMembers(&m, &other) }

func compareMembers(a, b *Member) int {
	switch {
	case a.Null || b.Null:
		return compareBools(a.Null, b.Null)
	case a.Number && b.Number:
		return cmp.Compare(a.Int, b.Int)
	case a.Number || b.Number:
		return compareBools(a.Number, b.Number)
	}
	return strings.Compare(a.Text, b.Text)
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// compareKeys takes most of the time of merging: members are compared where they lie.
func compareKeys(a, b []Member) int {
	for i := range min(len(a), len(b)) {
		if c := compareMembers(&a[i], &b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// appendKey writes a key such that different keys give different bytes.
func appendKey(buf []byte, key []Member) []byte {
	for _, m := range key {
		switch {
		case m.Null:
			buf = append(buf, 'N')
		case m.Number:
			buf = append(strconv.AppendInt(append(buf, 'I'), m.Int, 10), ';')
		default:
			buf = append(strconv.AppendInt(append(buf, 'T'), int64(len(m.Text)), 10), ':')
			buf = append(buf, m.Text...)
		}
	}
	return buf
}

// State is what one group of rows adds up to.
type State struct {
	Key    []Member  // one member a dimension
	Sums   []float64 // one value a sum; integers are exact up to 2^53
	Minima []float64 // one value a minimum; NaN: no value
	Maxima []float64 // one value a maximum; NaN: no value
	Bins   []Bin     // of a histogram, ascending by Index; nil for other tables
}

// Table holds the states of a dataset at one grain.
type Table struct {
	Dimensions []string
	Sums       []string
	Minima     []string
	Maxima     []string
	Scale      *Scale // of the bins; nil for a table without
	States     []State
}

// Merge adds the states up to the coarser grain of dims: sums and counts of bins add,
// minima and maxima stay the extremes. The result is sorted by key, and states are added
// in the order of their keys: equal states give equal bits in whatever order the
// database returned them. A table that is sorted already, as every merged one is, merges
// in linear time.
func (t *Table) Merge(dims ...string) (*Table, error) {
	at := make([]int, len(dims))
	for i, dim := range dims {
		if at[i] = slices.Index(t.Dimensions, dim); at[i] < 0 {
			return nil, fmt.Errorf("no dimension %s: there are %s", dim, strings.Join(t.Dimensions, ", "))
		}
	}
	merged := t.like(slices.Clone(dims))
	groups := make(map[string]int)
	var adders []binAdder // one a group
	key, id := make([]Member, len(at)), []byte(nil)
	for _, s := range t.sorted() {
		for i, dim := range at {
			key[i] = s.Key[dim]
		}
		id = appendKey(id[:0], key)
		group, found := groups[string(id)]
		if !found {
			group = len(merged.States)
			groups[string(id)] = group
			merged.States = append(merged.States, t.empty(slices.Clone(key)))
			adders = append(adders, binAdder{})
		}
		merged.States[group].add(s)
		adders[group].add(s.Bins...)
	}
	for i := range adders {
		merged.States[i].Bins = adders[i].bins()
	}
	slices.SortFunc(merged.States, func(a, b State) int { return compareKeys(a.Key, b.Key) })
	return merged, nil
}

// Total is the one state that all rows add up to.
func (t *Table) Total() State {
	total, _ := t.Merge() // no dimension can be missing
	if len(total.States) == 0 {
		return t.empty(nil)
	}
	return total.States[0]
}

// Where is the table of the states whose keys keep holds. It shares them with t.
func (t *Table) Where(keep func(key []Member) bool) *Table {
	kept := t.like(t.Dimensions)
	for _, s := range t.States {
		if keep(s.Key) {
			kept.States = append(kept.States, s)
		}
	}
	return kept
}

// DayDimension is the dimension whose members are report days, as 2017-09-12.
const DayDimension = "day"

// Split parts the states by the members of a dimension, each part in the order of the
// table. The parts share the states with t. A dimension that t does not have gives none.
func (t *Table) Split(dim string) map[Member]*Table {
	at := slices.Index(t.Dimensions, dim)
	if at < 0 {
		return nil
	}
	parts := make(map[Member]*Table)
	for _, s := range t.States {
		part := parts[s.Key[at]]
		if part == nil {
			part = t.like(t.Dimensions)
			parts[s.Key[at]] = part
		}
		part.States = append(part.States, s)
	}
	return parts
}

// Union is one table of the states of all, like those of several days. States of one key
// stay apart until [Table.Merge]. Tables of other columns or another scale do not go
// together; a nil table is none.
func Union(tables ...*Table) (*Table, error) {
	var all *Table
	for _, t := range tables {
		switch {
		case t == nil:
			continue
		case all == nil:
			all = t.like(t.Dimensions)
		case !all.goesWith(t):
			return nil, fmt.Errorf("tables do not go together: %s, and %s", all.shape(), t.shape())
		}
		all.States = append(all.States, t.States...)
	}
	if all == nil {
		all = new(Table)
	}
	return all, nil
}

func (t *Table) goesWith(other *Table) bool {
	return slices.Equal(t.Dimensions, other.Dimensions) && slices.Equal(t.Sums, other.Sums) &&
		slices.Equal(t.Minima, other.Minima) && slices.Equal(t.Maxima, other.Maxima) &&
		(t.Scale == nil) == (other.Scale == nil) && (t.Scale == nil || *t.Scale == *other.Scale)
}

// shape is the table's columns for a message.
func (t *Table) shape() string {
	text := fmt.Sprintf("dimensions %v, sums %v, minima %v, maxima %v", t.Dimensions, t.Sums, t.Minima, t.Maxima)
	if t.Scale != nil {
		text += fmt.Sprintf(", scale %+v", *t.Scale)
	}
	return text
}

// like is a table of the same columns at the grain of dims, without states.
func (t *Table) like(dims []string) *Table {
	return &Table{Dimensions: dims, Sums: t.Sums, Minima: t.Minima, Maxima: t.Maxima, Scale: t.Scale}
}

// empty is the state of no rows.
func (t *Table) empty(key []Member) State {
	s := State{Key: key, Sums: make([]float64, len(t.Sums))}
	if len(t.Minima) > 0 {
		s.Minima = slices.Repeat([]float64{math.NaN()}, len(t.Minima))
	}
	if len(t.Maxima) > 0 {
		s.Maxima = slices.Repeat([]float64{math.NaN()}, len(t.Maxima))
	}
	return s
}

// sorted is the states in the order in which they are added: by key, those of one key by
// their sums. Only sums of fractions depend on it; without sums any order will do.
func (t *Table) sorted() []*State {
	order := make([]*State, len(t.States))
	for i := range t.States {
		order[i] = &t.States[i]
	}
	if len(t.Sums) > 0 {
		slices.SortFunc(order, compareStates)
	}
	return order
}

func compareStates(a, b *State) int {
	if c := compareKeys(a.Key, b.Key); c != 0 {
		return c
	}
	return slices.Compare(a.Sums, b.Sums)
}

// add takes in the sums and extremes of another state.
func (s *State) add(other *State) {
	for i, v := range other.Sums {
		s.Sums[i] += v
	}
	for i, v := range other.Minima {
		s.Minima[i] = lesser(s.Minima[i], v)
	}
	for i, v := range other.Maxima {
		s.Maxima[i] = greater(s.Maxima[i], v)
	}
}

// lesser is the smaller of two values of which either may be missing (NaN).
func lesser(a, b float64) float64 {
	if math.IsNaN(a) {
		return b
	}
	if math.IsNaN(b) {
		return a
	}
	return min(a, b)
}

// greater is the larger of two values of which either may be missing (NaN).
func greater(a, b float64) float64 { return -lesser(-a, -b) }

// column is the value that a state holds in a column of names, if there is such a column.
func column(names []string, values []float64, name string) (float64, bool) {
	i := slices.Index(names, name)
	if i < 0 || i >= len(values) {
		return 0, false
	}
	return values[i], true
}
