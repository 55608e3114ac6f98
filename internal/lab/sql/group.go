package sql

import "context"

// grouping makes groups of rows by keys. Its output is the keys, then the
// aggregates. Without keys there is one group, even of no rows.
type grouping struct {
	input      operator
	columns    int // of the input
	keys       []compiled
	aggregates []*aggregate
}

// groups are the groups of one run, in the order in which they were met.
type groups struct {
	index  map[string]int
	keys   cells     // the keys of each group
	totals [][]total // of chunkRows groups, width for each
	width  int       // aggregates
	buffer []byte
}

func (o *grouping) prune(need []bool) {
	below := make([]bool, o.columns)
	for _, key := range o.keys {
		key.mark(below)
	}
	for _, a := range o.aggregates {
		for _, arg := range a.args {
			arg.mark(below)
		}
	}
	o.input.prune(below)
}

func (o *grouping) run(ctx context.Context, x *execution, emit func([]Value) bool) error {
	g := &groups{index: make(map[string]int), keys: cells{width: len(o.keys)}, width: len(o.aggregates)}
	if len(o.keys) == 0 {
		g.add(nil)
	}
	key := make([]Value, len(o.keys))
	var distinct []byte
	err := x.run(ctx, o.input, func(row []Value) bool {
		totals := o.find(x, g, key, row)
		for i, a := range o.aggregates {
			if totals != nil {
				distinct = a.take(x, &totals[i], row, distinct)
			}
		}
		return x.err == nil
	})
	if err != nil || x.err != nil {
		return err
	}
	return o.push(ctx, x, g, emit)
}

// find returns the totals of the row's group, nil if there is no room for a new one.
func (o *grouping) find(x *execution, g *groups, key, row []Value) []total {
	if len(o.keys) == 0 {
		return g.of(0)
	}
	g.buffer = g.buffer[:0]
	for i := range o.keys {
		key[i] = o.keys[i].eval(x, row)
		g.buffer = appendKey(g.buffer, key[i])
	}
	at, found := g.index[string(g.buffer)]
	if !found {
		if !x.keep(1, "AGGREGATION_NODE") {
			return nil
		}
		at = g.keys.count
		g.index[string(g.buffer)] = at
		g.add(key)
	}
	return g.of(at)
}

func (g *groups) add(key []Value) {
	if g.keys.count%chunkRows == 0 {
		g.totals = append(g.totals, make([]total, chunkRows*g.width))
	}
	copy(g.keys.add(), key)
}

// of gives the totals of a group.
func (g *groups) of(at int) []total {
	start := at % chunkRows * g.width
	return g.totals[at/chunkRows][start : start+g.width]
}

// push emits the groups. SQL gives them no order; the seed of the session turns it.
func (o *grouping) push(ctx context.Context, x *execution, g *groups, emit func([]Value) bool) error {
	out := make([]Value, len(o.keys)+len(o.aggregates))
	count := g.keys.count
	start := int(x.seed % uint64(max(count, 1)))
	for i := range count {
		if i%checkEvery == checkEvery-1 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		at := (start + i) % count
		copy(out, g.keys.tuple(at))
		totals := g.of(at)
		for j, a := range o.aggregates {
			out[len(o.keys)+j] = a.done(x, &totals[j])
		}
		if x.err != nil || !emit(out) {
			return nil
		}
	}
	return nil
}

func (o *grouping) explain(p *plan) *Node {
	input := o.input.explain(p)
	detail := ""
	if len(o.aggregates) > 0 {
		detail = "output: "
		for i, a := range o.aggregates {
			if i > 0 {
				detail += ", "
			}
			detail += a.expr.String()
		}
	}
	if len(o.keys) > 0 {
		if detail != "" {
			detail += "\n"
		}
		detail += "group by: " + printAll(o.keys)
	}
	return p.add(o, "AGGREGATE", "FINALIZE", detail, input)
}
