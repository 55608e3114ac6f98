package sql

import (
	"context"
	"slices"
)

// windowing adds a column for each analytic call of one window. It emits rows that are
// alone in their partition as they come, then the others in the order of the window.
type windowing struct {
	input     operator
	columns   int // of the input
	calls     []*analytic
	partition int // how many of the keys are PARTITION BY
	keys      []sortKey

	need   []bool   // of the input's columns, with those of the calls' arguments
	kept   []int    // columns that are needed above
	wanted []int    // calls that are needed above
	once   operator // the input again, for the partition keys alone; nil: rows come once only
}

func (o *windowing) prune(need []bool) {
	o.kept, o.wanted = nil, nil
	o.need = slices.Clone(need[:o.columns])
	for i, wanted := range o.need {
		if wanted {
			o.kept = append(o.kept, i)
		}
	}
	for j, call := range o.calls {
		if need[o.columns+j] {
			o.wanted = append(o.wanted, j)
			for _, arg := range call.args {
				arg.mark(o.need)
			}
		}
	}
	below := slices.Clone(o.need)
	for _, key := range o.keys {
		key.mark(below)
	}
	o.once = o.again()
	o.input.prune(below)
}

func (o *windowing) run(ctx context.Context, x *execution, emit func([]Value) bool) error {
	repeated, err := o.repeated(ctx, x)
	if err != nil || x.err != nil {
		return err
	}
	s := newSorted(o.keys, o.need)
	out := make([]Value, o.columns+len(o.calls))
	for _, j := range o.wanted {
		out[o.columns+j] = IntOf(1)
	}
	more := true
	err = x.run(ctx, o.input, func(row []Value) bool {
		if repeated != nil && !repeated.take() {
			for _, i := range o.kept {
				out[i] = row[i]
			}
			more = x.err == nil && emit(out)
			return more
		}
		mark := s.keep(row)
		for i := range o.keys {
			mark[i] = o.keys[i].eval(x, row)
		}
		return x.keep(1, "ANALYTIC_EVAL_NODE") && x.err == nil
	})
	if err != nil || x.err != nil || !more {
		return err
	}
	slices.SortFunc(s.order, s.compare)
	return o.partitions(ctx, x, s, emit)
}

// partitions computes and emits one partition after the other.
func (o *windowing) partitions(ctx context.Context, x *execution, s *sorted, emit func([]Value) bool) error {
	var beat pulse
	ended := func() error { return beat.err(ctx) }
	for start := 0; start < len(s.order); {
		end := start + 1
		for end < len(s.order) && compareKeys(o.keys[:o.partition], s.mark(s.order[start]), s.mark(s.order[end])) == 0 {
			end++
		}
		p := &partition{ended: ended, x: x, keys: o.keys, stored: s, order: s.order[start:end], row: make([]Value, o.columns)}
		more, err := o.push(p, emit)
		if err != nil || !more || x.err != nil {
			return err
		}
		start = end
	}
	return nil
}

// push emits the rows of a partition. It reports false when no more are wanted.
func (o *windowing) push(p *partition, emit func([]Value) bool) (bool, error) {
	values := make([][]Value, len(o.calls))
	for _, j := range o.wanted {
		values[j] = make([]Value, len(p.order))
		if err := o.calls[j].compute(p, values[j]); err != nil || p.x.err != nil {
			return false, err
		}
	}
	out := make([]Value, o.columns+len(o.calls))
	for i, at := range p.order {
		if err := p.ended(); err != nil {
			return false, err
		}
		p.stored.rows.load(at, out[:o.columns])
		for _, j := range o.wanted {
			out[o.columns+j] = values[j][i]
		}
		if !emit(out) {
			return false, nil
		}
	}
	return true, nil
}

func (o *windowing) explain(p *plan) *Node {
	input := o.input.explain(p)
	detail := "functions: "
	for i, call := range o.calls {
		if i > 0 {
			detail += ", "
		}
		bare := *call.expr
		bare.over = nil
		detail += bare.String()
	}
	return p.add(o, "ANALYTIC", "", detail, input)
}

// A partition is the rows of one PARTITION BY value in the order of the window.
type partition struct {
	ended  func() error // tells now and then whether the run has ended, for loops over frames
	x      *execution
	keys   []sortKey
	stored *sorted
	order  []int // row numbers
	row    []Value
}

// peers reports whether two rows of the partition stand at the same place of the order.
func (p *partition) peers(i, j int) bool {
	return compareKeys(p.keys, p.stored.mark(p.order[i]), p.stored.mark(p.order[j])) == 0
}

// peerGroups gives for each row the first of its peers and the row behind the last.
func (p *partition) peerGroups() (first, end []int) {
	n := len(p.order)
	first, end = make([]int, n), make([]int, n)
	for i := 1; i < n; i++ {
		first[i] = i
		if p.peers(i-1, i) {
			first[i] = first[i-1]
		}
	}
	for i := n - 1; i >= 0; i-- {
		end[i] = i + 1
		if i+1 < n && first[i+1] == first[i] {
			end[i] = end[i+1]
		}
	}
	return first, end
}

// values evaluates an expression on every row.
func (p *partition) values(c compiled) []Value {
	list := make([]Value, len(p.order))
	for i, at := range p.order {
		p.stored.rows.load(at, p.row)
		list[i] = c.eval(p.x, p.row)
	}
	return list
}
