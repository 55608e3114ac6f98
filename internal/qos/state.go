// Package qos is the arithmetic of service quality: states that can be added up, the
// measures that are made of them, and how a measure is judged.
//
// The one idea: figures of different hours, sites or days are combined from their
// states (counts, sums), never from figures. A mean of means and a mean of ratios are
// wrong as soon as the groups differ in size.
//
// The package touches no clock, file or network.
package qos

import (
	"cmp"
	"fmt"
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

func compareMembers(a, b Member) int {
	return cmp.Or(compareBools(a.Null, b.Null), compareBools(a.Number, b.Number), cmp.Compare(a.Int, b.Int), cmp.Compare(a.Text, b.Text))
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

// State is what one group of rows adds up to.
type State struct {
	Key  []Member  // one member a dimension
	Sums []float64 // one value a sum; integers are exact up to 2^53
}

// Table holds the states of a dataset at one grain.
type Table struct {
	Dimensions []string
	Sums       []string
	States     []State
}

// Merge adds the states up to the coarser grain of dims. The result is sorted by key,
// and states are added in the order of their keys: equal states give equal bits in
// whatever order the database returned them.
func (t *Table) Merge(dims ...string) (*Table, error) {
	at := make([]int, len(dims))
	for i, dim := range dims {
		if at[i] = slices.Index(t.Dimensions, dim); at[i] < 0 {
			return nil, fmt.Errorf("no dimension %s: there are %s", dim, strings.Join(t.Dimensions, ", "))
		}
	}
	sorted := slices.Clone(t.States)
	slices.SortStableFunc(sorted, compareStates)
	groups := make(map[string]int)
	merged := &Table{Dimensions: dims, Sums: t.Sums}
	for _, s := range sorted {
		key := make([]Member, len(at))
		for i, dim := range at {
			key[i] = s.Key[dim]
		}
		id := keyText(key)
		group, found := groups[id]
		if !found {
			group = len(merged.States)
			groups[id] = group
			merged.States = append(merged.States, State{Key: key, Sums: make([]float64, len(t.Sums))})
		}
		for i, v := range s.Sums {
			merged.States[group].Sums[i] += v
		}
	}
	slices.SortFunc(merged.States, compareStates)
	return merged, nil
}

// compareStates orders by key, and states of one key by their values.
func compareStates(a, b State) int {
	if c := slices.CompareFunc(a.Key, b.Key, compareMembers); c != 0 {
		return c
	}
	return slices.Compare(a.Sums, b.Sums)
}

func keyText(key []Member) string {
	var b strings.Builder
	for _, m := range key {
		switch {
		case m.Null:
			b.WriteString("N")
		case m.Number:
			fmt.Fprintf(&b, "I%d", m.Int)
		default:
			fmt.Fprintf(&b, "T%d:%s", len(m.Text), m.Text)
		}
	}
	return b.String()
}

// Total is the one state that all rows add up to.
func (t *Table) Total() State {
	total, _ := t.Merge() // no dimension can be missing
	if len(total.States) == 0 {
		return State{Sums: make([]float64, len(t.Sums))}
	}
	return total.States[0]
}
