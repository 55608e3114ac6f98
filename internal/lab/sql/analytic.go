package sql

import (
	"context"
	"slices"
)

// ranker adds columns of row_number, rank or dense_rank that share one window.
// It emits the rows in the order of the window.
type ranker struct {
	input     operator
	columns   int // of the input
	names     []string
	partition int // how many of the keys are PARTITION BY
	keys      []sortKey
	need      []bool // of the input's columns
}

func (o *ranker) prune(need []bool) {
	o.need = slices.Clone(need[:o.columns])
	below := slices.Clone(o.need)
	for _, key := range o.keys {
		key.mark(below)
	}
	o.input.prune(below)
}

func (o *ranker) run(ctx context.Context, x *execution, emit func([]Value) bool) error {
	s := newSorted(o.keys, o.need)
	err := o.input.run(ctx, x, func(row []Value) bool {
		mark := s.keep(row)
		for i := range o.keys {
			mark[i] = o.keys[i].eval(x, row)
		}
		return x.keep(1, "ANALYTIC_EVAL_NODE") && x.err == nil
	})
	if err != nil || x.err != nil {
		return err
	}
	slices.SortFunc(s.order, s.compare)
	return o.push(ctx, s, emit)
}

// push numbers the rows of each partition.
func (o *ranker) push(ctx context.Context, s *sorted, emit func([]Value) bool) error {
	var p pulse
	out := make([]Value, o.columns+len(o.names))
	var number, rank, dense int64
	for i, at := range s.order {
		if err := p.err(ctx); err != nil {
			return err
		}
		samePartition, samePlace := false, false
		if i > 0 {
			before, now := s.mark(s.order[i-1]), s.mark(at)
			samePartition = compareKeys(o.keys[:o.partition], before, now) == 0
			samePlace = samePartition && compareKeys(o.keys, before, now) == 0
		}
		if !samePartition {
			number, rank, dense = 0, 0, 0
		}
		number++
		if !samePlace {
			rank = number
			dense++
		}
		s.rows.load(at, out[:o.columns])
		for j, name := range o.names {
			out[o.columns+j] = IntOf(pick(name, number, rank, dense))
		}
		if !emit(out) {
			return nil
		}
	}
	return nil
}

func (o *ranker) explain(p *plan) {
	o.input.explain(p)
	detail := "functions: "
	for i, name := range o.names {
		if i > 0 {
			detail += ", "
		}
		detail += name + "()"
	}
	p.add("ANALYTIC", detail)
}

func pick(name string, number, rank, dense int64) int64 {
	switch name {
	case "rank":
		return rank
	case "dense_rank":
		return dense
	}
	return number
}
