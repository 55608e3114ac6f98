package sql

import (
	"context"
	"slices"
)

// A joiner keeps the rows of its right input by their keys and looks up those of
// the left one. Its output is a left row and a right row side by side.
type joiner struct {
	kind        joinKind
	left, right operator
	leftColumns int
	width       int
	leftKeys    []compiled // on a left row
	rightKeys   []compiled // on a right row
	residual    []compiled // on a joined row: what is no equality of both sides
	need        []bool
}

// build is the right side of one run.
type build struct {
	rows    *rowStore
	index   map[string][]int
	matched []bool
	row     []Value // one right row
}

func (o *joiner) prune(need []bool) {
	o.need = slices.Clone(need)
	for _, c := range o.residual {
		c.mark(o.need)
	}
	left, right := slices.Clone(o.need[:o.leftColumns]), slices.Clone(o.need[o.leftColumns:])
	for i := range o.leftKeys {
		o.leftKeys[i].mark(left)
		o.rightKeys[i].mark(right)
	}
	o.left.prune(left)
	o.right.prune(right)
}

func (o *joiner) run(ctx context.Context, x *execution, emit func([]Value) bool) error {
	b := &build{rows: newRowStore(o.need[o.leftColumns:]), index: make(map[string][]int), row: make([]Value, o.width-o.leftColumns)}
	var key []byte
	err := x.run(ctx, o.right, func(row []Value) bool {
		var whole bool
		key, whole = joinKey(x, o.rightKeys, row, key)
		if !whole && o.kind != rightJoin && o.kind != fullJoin {
			return x.err == nil
		}
		at := b.rows.keep(row)
		if whole {
			b.index[string(key)] = append(b.index[string(key)], at)
		}
		return x.keep(1, "HASH_JOIN_NODE") && x.err == nil
	})
	if err != nil || x.err != nil {
		return err
	}
	b.matched = make([]bool, b.rows.count)
	more, err := o.probe(ctx, x, b, emit)
	if err != nil || !more || x.err != nil {
		return err
	}
	return o.unmatched(ctx, b, emit)
}

// joinKey is the key of a row; it reports false if a part is NULL, which matches
// nothing.
func joinKey(x *execution, keys []compiled, row []Value, key []byte) ([]byte, bool) {
	key = key[:0]
	for i := range keys {
		v := keys[i].eval(x, row)
		if v.kind == Null || v.kind == Double && v.Float() != v.Float() {
			return key, false
		}
		key = appendKey(key, v)
	}
	return key, true
}

func (o *joiner) probe(ctx context.Context, x *execution, b *build, emit func([]Value) bool) (bool, error) {
	joined := make([]Value, o.width)
	var key []byte
	var p pulse
	var stopped error
	more := true
	err := x.run(ctx, o.left, func(row []Value) bool {
		copy(joined, row)
		var candidates []int
		var whole bool
		if key, whole = joinKey(x, o.leftKeys, row, key); whole {
			candidates = b.index[string(key)]
		}
		found := false
		for _, at := range candidates {
			if stopped = p.err(ctx); stopped != nil {
				return false
			}
			b.rows.load(at, joined[o.leftColumns:])
			if !allTrue(o.residual, x, joined) {
				continue
			}
			found, b.matched[at] = true, true
			if o.kind == semiJoin || o.kind == antiJoin {
				break
			}
			if more = emit(joined); !more {
				return false
			}
		}
		more = o.lonely(joined, found, emit)
		return more && x.err == nil
	})
	if err == nil {
		err = stopped
	}
	return more, err
}

// lonely emits a left row on account of having matches or none.
func (o *joiner) lonely(joined []Value, found bool, emit func([]Value) bool) bool {
	switch o.kind {
	case semiJoin:
		return !found || emit(joined)
	case leftJoin, fullJoin, antiJoin:
		if found {
			return true
		}
		clear(joined[o.leftColumns:])
		return emit(joined)
	}
	return true
}

// unmatched emits the right rows without a left one.
func (o *joiner) unmatched(ctx context.Context, b *build, emit func([]Value) bool) error {
	if o.kind != rightJoin && o.kind != fullJoin {
		return nil
	}
	var p pulse
	joined := make([]Value, o.width)
	for at, matched := range b.matched {
		if err := p.err(ctx); err != nil {
			return err
		}
		if matched {
			continue
		}
		b.rows.load(at, joined[o.leftColumns:])
		if !emit(joined) {
			return nil
		}
	}
	return nil
}

func (o *joiner) explain(p *plan) *Node {
	left := o.left.explain(p)
	right := o.right.explain(p)
	detail := ""
	for i := range o.leftKeys {
		if i == 0 {
			detail = "hash predicates: "
		} else {
			detail += ", "
		}
		detail += o.leftKeys[i].expr.String() + " = " + o.rightKeys[i].expr.String()
	}
	if len(o.residual) > 0 {
		if detail != "" {
			detail += "\n"
		}
		detail += "other predicates: " + printAll(o.residual)
	}
	switch {
	case len(o.leftKeys) > 0:
		return p.add(o, "HASH JOIN", o.kind.String(), detail, left, right)
	case len(o.residual) == 0 && o.kind == innerJoin:
		return p.add(o, "NESTED LOOP JOIN", "CROSS JOIN", "", left, right)
	}
	return p.add(o, "NESTED LOOP JOIN", o.kind.String(), detail, left, right)
}
