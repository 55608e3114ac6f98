package sql

import (
	"context"
	"strings"
)

// setMatch is INTERSECT, or EXCEPT: of the left rows it keeps those that are among the right
// rows, or are not. NULL is the same as NULL here. Impala makes joins of these, too
// (StmtRewriter.java).
type setMatch struct {
	left, right operator
	columns     []field
	among       bool
}

// matchedRows intersects blocks, or takes all others from the first. Each row is kept once.
func matchedRows(blocks []*relation, types []Type, among bool) *relation {
	fields, inputs := converted(blocks, types)
	var top operator = distinctRows(inputs[0], fields)
	for _, right := range inputs[1:] {
		top = &setMatch{left: top, right: right, columns: fields, among: among}
	}
	return newRelation(fields, top)
}

// prune needs all columns, whatever is looked at above.
func (o *setMatch) prune([]bool) {
	for _, input := range []operator{o.left, o.right} {
		need := make([]bool, len(o.columns))
		for i := range need {
			need[i] = true
		}
		input.prune(need)
	}
}

func (o *setMatch) run(ctx context.Context, x *execution, emit func([]Value) bool) error {
	var key []byte
	keyOf := func(row []Value) string {
		key = key[:0]
		for _, v := range row {
			key = appendKey(key, v)
		}
		return string(key)
	}
	right := make(map[string]bool)
	err := x.run(ctx, o.right, func(row []Value) bool {
		k := keyOf(row)
		if right[k] {
			return true
		}
		right[k] = true
		return x.keep(1, "HASH_JOIN_NODE")
	})
	if err != nil || x.err != nil {
		return err
	}
	return x.run(ctx, o.left, func(row []Value) bool { return right[keyOf(row)] != o.among || emit(row) })
}

func (o *setMatch) explain(p *plan) *Node {
	left, right := o.left.explain(p), o.right.explain(p)
	kind := antiJoin
	if o.among {
		kind = semiJoin
	}
	var equal []string
	for _, c := range o.columns {
		equal = append(equal, c.Name+" IS NOT DISTINCT FROM "+c.Name)
	}
	return p.add(o, "HASH JOIN", kind.String(), "hash predicates: "+strings.Join(equal, ", "), left, right)
}
