package sql

import (
	"context"
	"sync/atomic"
	"time"
)

// A Watch is one run of a statement that can be looked at from other goroutines while it
// lasts: what Impala tells in a profile, an execution summary and a progress bar.
type Watch struct {
	statement *Statement
	nodes     []*watched // depth first
	stats     map[operator]*watched
	ranges    int64
	done      atomic.Int64 // of the ranges
}

// watched counts what the operator of a node does.
type watched struct {
	*Node
	rows    atomic.Int64
	elapsed atomic.Int64 // nanoseconds, without the time of its inputs
}

// A Measure is what one node of the plan has done so far.
type Measure struct {
	*Node
	Rows    int64         // that it gave
	Elapsed time.Duration // known once the node has ended
}

// Watch prepares one run.
func (s *Statement) Watch() *Watch {
	var p plan
	w := &Watch{statement: s, stats: make(map[operator]*watched)}
	root := s.root.explain(&p)
	if root == nil {
		return w
	}
	byNode := make(map[*Node]*watched)
	for o, n := range p.of {
		byNode[n] = &watched{Node: n}
		w.stats[o] = byNode[n]
		if scan, found := o.(*scan); found {
			w.ranges += int64(len(scan.chosen))
		}
	}
	for _, n := range root.flat() {
		w.nodes = append(w.nodes, byNode[n])
	}
	return w
}

// Run is [Statement.Run] under watch. It is called once.
func (w *Watch) Run(ctx context.Context, emit func(row []Value) bool) error {
	return w.statement.execute(ctx, w, emit)
}

// Ranges are the partitions that the run has to read, and those that it has read.
func (w *Watch) Ranges() (total, done int64) { return w.ranges, w.done.Load() }

// Measures are the nodes of the plan, each before its children.
//
// Rows are pushed from node to node, so that the time of a scan or a sort holds that of
// the nodes above it, up to the next that collects rows.
func (w *Watch) Measures() []Measure {
	all := make([]Measure, len(w.nodes))
	for i, n := range w.nodes {
		all[i] = Measure{Node: n.Node, Rows: n.rows.Load(), Elapsed: time.Duration(n.elapsed.Load())}
	}
	return all
}

// scanned counts a partition that was read.
func (x *execution) scanned(o *scan) {
	if x.watch != nil && x.watch.stats[o] != nil {
		x.watch.done.Add(1)
	}
}

// run runs an input and counts what it gives, if somebody watches.
func (x *execution) run(ctx context.Context, o operator, emit func([]Value) bool) error {
	if x.watch == nil {
		return o.run(ctx, x, emit)
	}
	s := x.watch.stats[o]
	if s == nil {
		return o.run(ctx, x, emit)
	}
	count := int64(0)
	start, outer := time.Now(), x.below
	x.below = 0
	err := o.run(ctx, x, func(row []Value) bool {
		if count++; count%checkEvery == 0 {
			s.rows.Add(checkEvery)
		}
		return emit(row)
	})
	took := time.Since(start)
	s.rows.Add(count % checkEvery)
	s.elapsed.Add(int64(took - x.below))
	x.below = outer + took
	return err
}
