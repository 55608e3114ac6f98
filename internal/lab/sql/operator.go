package sql

import (
	"context"
	"fmt"
	"time"
)

// An operator makes rows and pushes them. The slice it pushes is its own and is
// overwritten by the next row; it holds garbage where prune said a column is not
// needed. When emit returns false the operator stops and returns nil.
type operator interface {
	run(ctx context.Context, x *execution, emit func(row []Value) bool) error
	// prune tells which columns of the output are needed. It is called once,
	// before run; an operator asks its own inputs in turn.
	prune(need []bool)
	// explain makes the nodes of the operators below and then its own, which it returns.
	explain(plan *plan) *Node
}

// An execution is what one run of a statement shares: the first failure of an
// expression, and how many rows may still be kept.
type execution struct {
	err   error
	left  int
	limit int
	seed  uint64
	done  <-chan struct{} // closed when the run has to end
	watch *Watch          // nil when nobody looks
	below time.Duration   // that the inputs of the running operator took; for the watch

	// start runs an operator of a sub-query, which expressions begin, under the context of
	// the statement.
	start   func(root operator, emit func(row []Value) bool) error
	answers map[*lookup]answerSet
}

// fail keeps the first error; the scan or sort that drives the rows stops at it.
func (x *execution) fail(err error) Value {
	if x.err == nil {
		x.err = err
	}
	return Value{}
}

// keep takes room for n rows, or fails the statement.
func (x *execution) keep(n int, who string) bool {
	x.left -= n
	if x.left < 0 {
		x.fail(failure("Memory limit exceeded: %s could not allocate a row without exceeding limit of %d rows.", who, x.limit))
		return false
	}
	return true
}

// checkEvery is the number of rows between two looks at the context.
const checkEvery = 1024

// A pulse looks at a context now and then.
type pulse struct{ count int }

func (p *pulse) err(ctx context.Context) error {
	p.count++
	if p.count%checkEvery != 0 {
		return nil
	}
	return ctx.Err()
}

// oneRow is the input of a SELECT without FROM.
type oneRow struct{ _ byte } // not empty, so that two of them are at two addresses

func (*oneRow) run(_ context.Context, _ *execution, emit func([]Value) bool) error {
	emit(nil)
	return nil
}
func (*oneRow) prune([]bool) {}
func (o *oneRow) explain(p *plan) *Node {
	return p.add(o, "UNION", "", "constant-operands=1")
}

// project computes a row of expressions.
type project struct {
	input   operator
	exprs   []compiled
	columns int // of the input

	computed []int    // needed columns of the output
	passed   [][2]int // those that are columns of the input: to, from
}

func (o *project) prune(need []bool) {
	o.computed, o.passed = nil, nil
	below := make([]bool, o.columns)
	for i, wanted := range need {
		switch c := o.exprs[i]; {
		case !wanted:
			continue
		case c.column > 0:
			o.passed = append(o.passed, [2]int{i, c.column - 1})
		default:
			o.computed = append(o.computed, i)
		}
		o.exprs[i].mark(below)
	}
	o.input.prune(below)
}

func (o *project) run(ctx context.Context, x *execution, emit func([]Value) bool) error {
	out := make([]Value, len(o.exprs))
	return x.run(ctx, o.input, func(row []Value) bool {
		for _, p := range o.passed {
			out[p[0]] = row[p[1]]
		}
		for _, i := range o.computed {
			out[i] = o.exprs[i].eval(x, row)
		}
		return x.err == nil && emit(out)
	})
}

func (o *project) explain(p *plan) *Node { return o.input.explain(p) }

// filter keeps the rows on which all conditions are true.
type filter struct {
	input      operator
	conditions []compiled
}

func (o *filter) prune(need []bool) {
	below := append([]bool(nil), need...)
	for _, c := range o.conditions {
		c.mark(below)
	}
	o.input.prune(below)
}

func (o *filter) run(ctx context.Context, x *execution, emit func([]Value) bool) error {
	if len(o.conditions) == 0 {
		return x.run(ctx, o.input, emit)
	}
	return x.run(ctx, o.input, func(row []Value) bool {
		if !allTrue(o.conditions, x, row) {
			return x.err == nil
		}
		return emit(row)
	})
}

func (o *filter) explain(p *plan) *Node {
	input := o.input.explain(p)
	if len(o.conditions) == 0 {
		return input
	}
	return p.add(o, "SELECT", "", "predicates: "+printAll(o.conditions), input)
}

func allTrue(conditions []compiled, x *execution, row []Value) bool {
	for i := range conditions {
		if conditions[i].truth(x, row) != isTrue {
			return false
		}
	}
	return true
}

// cut passes the rows from offset on, count of them at most.
type cut struct {
	input  operator
	offset int64
	count  int64 // -1: all
}

func (o *cut) prune(need []bool) { o.input.prune(need) }

func (o *cut) run(ctx context.Context, x *execution, emit func([]Value) bool) error {
	if o.count == 0 {
		return nil
	}
	seen, more := int64(0), true
	return x.run(ctx, o.input, func(row []Value) bool {
		seen++
		if seen <= o.offset {
			return true
		}
		more = emit(row) && (o.count < 0 || seen < o.offset+o.count)
		return more
	})
}

func (o *cut) explain(p *plan) *Node {
	input := o.input.explain(p)
	if o.count >= 0 {
		input.Attributes = append(input.Attributes, fmt.Sprintf("limit: %d", o.count))
	}
	return input
}

// concat is UNION ALL.
type concat struct{ inputs []operator }

func (o *concat) prune(need []bool) {
	for _, input := range o.inputs {
		input.prune(need)
	}
}

func (o *concat) run(ctx context.Context, x *execution, emit func([]Value) bool) error {
	more := true
	for _, input := range o.inputs {
		err := x.run(ctx, input, func(row []Value) bool {
			more = emit(row)
			return more
		})
		if err != nil || !more || x.err != nil {
			return err
		}
	}
	return nil
}

// explain counts inputs that are one row of constants instead of making nodes of them.
func (o *concat) explain(p *plan) *Node {
	constants, detail := 0, ""
	var inputs []*Node
	for _, input := range o.inputs {
		if isConstant(input) {
			constants++
			continue
		}
		inputs = append(inputs, input.explain(p))
	}
	if constants > 0 {
		detail = fmt.Sprintf("constant-operands=%d", constants)
	}
	return p.add(o, "UNION", "", detail, inputs...)
}

// isConstant reports whether an operator computes one row out of nothing.
func isConstant(o operator) bool {
	switch o := o.(type) {
	case *oneRow:
		return true
	case *project:
		return isConstant(o.input)
	case *filter:
		return len(o.conditions) == 0 && isConstant(o.input)
	}
	return false
}
