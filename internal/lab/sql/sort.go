package sql

import (
	"container/heap"
	"context"
	"slices"
)

// A sortKey is one expression of ORDER BY.
type sortKey struct {
	compiled
	descending bool
	nullsFirst bool
}

// compareKeys compares two rows by their computed sort keys.
func compareKeys(keys []sortKey, a, b []Value) int {
	for i := range keys {
		key := &keys[i]
		if a[i].kind == Null || b[i].kind == Null {
			if a[i].kind == b[i].kind {
				continue
			}
			if (a[i].kind == Null) == key.nullsFirst {
				return -1
			}
			return 1
		}
		if c := order(a[i], b[i]); c != 0 {
			if key.descending {
				return -c
			}
			return c
		}
	}
	return 0
}

// sorter orders its input. With a limit it keeps no more rows than it will emit.
type sorter struct {
	input operator
	keys  []sortKey
	limit int // rows that are wanted; -1: all
	need  []bool
}

// sorted are the rows of one run.
type sorted struct {
	keys  []sortKey
	rows  *rowStore
	marks cells // the sort keys of each row
	order []int // row numbers
	// arrival is when each row came. A row that takes another one's place has its
	// number but came later.
	arrival []int
	seen    int
}

func newSorted(keys []sortKey, need []bool) *sorted {
	return &sorted{keys: keys, rows: newRowStore(need), marks: cells{width: len(keys)}}
}

func (s *sorted) mark(row int) []Value { return s.marks.tuple(row) }

// compare breaks ties by arrival, so that equal statements give equal answers.
func (s *sorted) compare(a, b int) int {
	if c := compareKeys(s.keys, s.mark(a), s.mark(b)); c != 0 {
		return c
	}
	return compareOrdered(s.arrival[a], s.arrival[b])
}

// keep stores a row with its sort keys, which the caller fills in.
func (s *sorted) keep(row []Value) (mark []Value) {
	s.seen++
	s.order = append(s.order, s.rows.keep(row))
	s.arrival = append(s.arrival, s.seen)
	return s.marks.add()
}

// replace puts a row in the place of another.
func (s *sorted) replace(at int, row, mark []Value) {
	s.seen++
	s.arrival[at] = s.seen
	s.rows.put(at, row)
	copy(s.mark(at), mark)
}

// As a heap the last row in order is on top.
func (s *sorted) Len() int           { return len(s.order) }
func (s *sorted) Less(i, j int) bool { return s.compare(s.order[i], s.order[j]) > 0 }
func (s *sorted) Swap(i, j int)      { s.order[i], s.order[j] = s.order[j], s.order[i] }
func (s *sorted) Push(any)           {}
func (s *sorted) Pop() any           { return nil }

func (o *sorter) prune(need []bool) {
	o.need = slices.Clone(need)
	below := slices.Clone(need)
	for _, key := range o.keys {
		key.mark(below)
	}
	o.input.prune(below)
}

func (o *sorter) run(ctx context.Context, x *execution, emit func([]Value) bool) error {
	s := newSorted(o.keys, o.need)
	mark := make([]Value, len(o.keys))
	err := x.run(ctx, o.input, func(row []Value) bool {
		for i := range o.keys {
			mark[i] = o.keys[i].eval(x, row)
		}
		return x.err == nil && o.take(x, s, row, mark)
	})
	if err != nil || x.err != nil {
		return err
	}
	slices.SortFunc(s.order, s.compare)
	return s.push(ctx, emit)
}

// take stores a row, in place of the last one once there are enough.
func (o *sorter) take(x *execution, s *sorted, row, mark []Value) bool {
	if o.limit < 0 || len(s.order) < o.limit {
		if !x.keep(1, "SORT_NODE") {
			return false
		}
		copy(s.keep(row), mark)
		if len(s.order) == o.limit {
			heap.Init(s)
		}
		return true
	}
	if o.limit == 0 {
		return false
	}
	// A later row of equal keys comes after the one that is there.
	if last := s.order[0]; compareKeys(s.keys, mark, s.mark(last)) < 0 {
		s.replace(last, row, mark)
		heap.Fix(s, 0)
	}
	return true
}

func (s *sorted) push(ctx context.Context, emit func([]Value) bool) error {
	var p pulse
	row := make([]Value, s.rows.row)
	for _, at := range s.order {
		if err := p.err(ctx); err != nil {
			return err
		}
		s.rows.load(at, row)
		if !emit(row) {
			return nil
		}
	}
	return nil
}

func (o *sorter) explain(p *plan) *Node {
	input := o.input.explain(p)
	detail := "order by: "
	for i, key := range o.keys {
		if i > 0 {
			detail += ", "
		}
		detail += key.expr.String() + orderItem{descending: key.descending, nullsFirst: key.nullsFirst}.direction()
	}
	name := "SORT"
	if o.limit >= 0 {
		name = "TOP-N"
	}
	return p.add(o, name, "", detail, input)
}
