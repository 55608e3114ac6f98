package sql

// An analytic is one call of a function with OVER.
type analytic struct {
	expr  *expr
	typ   Type
	args  []compiled // the argument; with LAG and LEAD the default after it
	frame *frame
	shift int        // of LAG and LEAD, in rows ahead
	tiles int64      // of NTILE
	total *aggregate // of SUM, COUNT, AVG, MIN and MAX
}

// firstAlone reports whether the value on a row that is alone in its partition is 1.
func (a *analytic) firstAlone() bool {
	switch a.expr.name {
	case "row_number", "rank", "dense_rank", "ntile":
		return true
	}
	return false
}

// compute fills in the values on the rows of a partition.
func (a *analytic) compute(p *partition, values []Value) error {
	switch a.expr.name {
	case "row_number":
		for i := range values {
			values[i] = IntOf(int64(i) + 1)
		}
	case "ntile": // Impala's arithmetic (AnalyticExpr.java), not the one of the standard
		n := int64(len(values))
		for i := range values {
			values[i] = IntOf(int64(i)*min(a.tiles, n)/n + 1)
		}
	case "rank", "dense_rank", "percent_rank", "cume_dist":
		a.rank(p, values)
	case "lag", "lead":
		a.neighbour(p, values)
	case "first_value", "last_value":
		a.edge(p, values)
	default:
		return a.aggregate(p, values)
	}
	return nil
}

func (a *analytic) rank(p *partition, values []Value) {
	firsts, ends := p.peerGroups()
	n, dense := len(values), int64(0)
	for i := range values {
		if firsts[i] == i {
			dense++
		}
		switch a.expr.name {
		case "rank":
			values[i] = IntOf(int64(firsts[i]) + 1)
		case "dense_rank":
			values[i] = IntOf(dense)
		case "cume_dist":
			values[i] = DoubleOf(float64(ends[i]) / float64(n))
		default:
			values[i] = DoubleOf(0)
			if n > 1 {
				values[i] = DoubleOf(float64(firsts[i]) / float64(n-1))
			}
		}
	}
}

func (a *analytic) neighbour(p *partition, values []Value) {
	list := p.values(a.args[0])
	for i := range values {
		at := i + a.shift
		switch {
		case at >= 0 && at < len(list):
			values[i] = list[at]
		case len(a.args) > 1:
			values[i] = a.args[1].value()
		}
	}
}

// edge is FIRST_VALUE and LAST_VALUE.
func (a *analytic) edge(p *partition, values []Value) {
	list, extent := p.values(a.args[0]), a.frame.extents(p)
	last := a.expr.name == "last_value"
	before, after := valuesAround(list)
	for i := range values {
		first, end := extent(i)
		if first >= end {
			continue
		}
		at := first
		if last {
			at = end - 1
		}
		if a.expr.ignoreNulls {
			at = after[first]
			if last {
				at = before[end-1]
			}
		}
		if at >= first && at < end {
			values[i] = list[at]
		}
	}
}

// valuesAround gives for each place the last value up to it and the first one from it,
// -1 and the length of the list if there is none.
func valuesAround(list []Value) (before, after []int) {
	before, after = make([]int, len(list)), make([]int, len(list))
	at := -1
	for i := range list {
		if !list[i].IsNull() {
			at = i
		}
		before[i] = at
	}
	at = len(list)
	for i := len(list) - 1; i >= 0; i-- {
		if !list[i].IsNull() {
			at = i
		}
		after[i] = at
	}
	return before, after
}

// aggregate adds rows to one total as the frame grows, backwards where it grows at its
// start. A frame that slides is added up for each row, since what was added to a sum of
// doubles cannot be taken out again.
func (a *analytic) aggregate(p *partition, values []Value) error {
	star := Value{kind: Boolean}
	list := make([]Value, 0)
	if len(a.total.args) > 0 {
		list = p.values(a.total.args[0])
	}
	add := func(t *total, from, to int) error {
		for i := from; i < to; i++ {
			if err := p.ended(); err != nil {
				return err
			}
			v := star
			if len(list) > 0 {
				v = list[i]
			}
			if v.kind != Null {
				a.total.add(p.x, t, v)
			}
		}
		return nil
	}
	extent := a.frame.extents(p)
	n := len(values)
	growing, backwards := a.frame.start.kind == unboundedPreceding, a.frame.end.kind == unboundedFollowing
	var t total
	done := 0
	for step := range n {
		i := step
		if backwards && !growing {
			i = n - 1 - step
		}
		first, end := extent(i)
		var err error
		switch {
		case growing:
			err = add(&t, done, end)
			done = max(done, end)
		case backwards:
			err = add(&t, first, n-done)
			done = max(done, n-first)
		default:
			t = total{}
			err = add(&t, first, end)
		}
		if err != nil {
			return err
		}
		values[i] = a.total.done(p.x, &t)
	}
	return nil
}
