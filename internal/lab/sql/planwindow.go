package sql

import (
	"slices"
	"strings"
)

// analytic puts an operator over the rows for each window, and rewrites the select list
// and ORDER BY to read its columns.
func (s *selecting) analytic() error {
	w := &windows{selecting: s}
	for i := range s.outputs {
		above, err := s.outputs[i].expr.rewrite(w.column)
		if err != nil {
			return err
		}
		s.outputs[i].expr = above
	}
	for i := range s.order {
		above, err := s.order[i].expr.rewrite(w.column)
		if err != nil {
			return err
		}
		s.order[i].expr = above
	}
	if len(w.calls) == 0 {
		return nil
	}
	clear(s.source) // a condition above would change the partitions below
	w.build()
	return nil
}

// windows are the analytic calls of a SELECT.
type windows struct {
	*selecting
	calls []*placed  // in the order of their columns
	found []*spanned // the different windows
}

// placed is a call with the column that it was given before its window is built.
type placed struct {
	*analytic
	column *expr
}

// spanned is a window and the calls over it.
type spanned struct {
	key   string
	keys  []sortKey
	parts int // how many of the keys are PARTITION BY
	calls []*placed
}

// column gives the column of an analytic call, nil for anything else.
func (w *windows) column(e *expr) (*expr, error) {
	if !isAnalytic(e) {
		return nil, nil
	}
	for _, c := range w.calls {
		if c.expr.key() == e.key() {
			return c.column, nil
		}
	}
	if e.any(func(part *expr) bool { return part != e && isAnalytic(part) }) {
		return nil, analysis("Nesting of analytic expressions is not allowed: %s", e)
	}
	call, err := w.analyticCall(e)
	if err != nil {
		return nil, err
	}
	c := &placed{call, &expr{kind: columnExpr, path: []string{e.String()}, typ: call.typ}}
	w.calls = append(w.calls, c)
	span, err := w.span(e.over)
	if err != nil {
		return nil, err
	}
	span.calls = append(span.calls, c)
	return c.column, nil
}

// span finds the window of the same partitions and order.
func (w *windows) span(over *window) (*spanned, error) {
	bare := &expr{kind: callExpr, over: &window{partition: over.partition, order: over.order}}
	key := bare.key()
	if at := slices.IndexFunc(w.found, func(s *spanned) bool { return s.key == key }); at >= 0 {
		return w.found[at], nil
	}
	keys, err := w.windowKeys(over)
	if err != nil {
		return nil, err
	}
	w.found = append(w.found, &spanned{key: key, keys: keys, parts: len(over.partition)})
	return w.found[len(w.found)-1], nil
}

func (w *windows) windowKeys(over *window) ([]sortKey, error) {
	order := make([]orderItem, 0, len(over.partition)+len(over.order))
	for _, e := range over.partition {
		order = append(order, orderItem{expr: e})
	}
	var keys []sortKey
	for _, item := range append(order, over.order...) {
		c, err := w.compile(item.expr)
		if err != nil {
			return nil, err
		}
		keys = append(keys, sortKey{c, item.descending, item.nullsFirst})
	}
	return keys, nil
}

// build stacks an operator for each window on the rows. Each adds its columns behind
// those below.
func (w *windows) build() {
	rows := w.rows
	for _, span := range w.found {
		o := &windowing{input: rows.filter, columns: len(rows.columns), keys: span.keys, partition: span.parts}
		columns := slices.Clone(rows.columns)
		for _, c := range span.calls {
			c.column.index = len(columns)
			o.calls = append(o.calls, c.analytic)
			columns = append(columns, field{Column: Column{Type: c.typ}})
		}
		rows = newRelation(columns, o)
	}
	w.rows = rows
}

// analyticCall checks a call with OVER (AnalyticExpr.java) and compiles it.
func (w *windows) analyticCall(e *expr) (*analytic, error) {
	bare := *e
	bare.over = nil
	switch {
	case e.distinct:
		return nil, analysis("DISTINCT not allowed in analytic function: %s", &bare)
	case e.ignoreNulls && e.name != "first_value" && e.name != "last_value":
		return nil, analysis("Function %s does not accept the keyword IGNORE NULLS.", strings.ToUpper(e.name))
	case !aggregateName(e.name) && !analyticName(e.name):
		return nil, analysis("OVER clause requires aggregate or analytic function: %s", &bare)
	}
	a := &analytic{expr: e}
	if err := w.compileAnalytic(a, &bare); err != nil {
		return nil, err
	}
	if err := w.frameOf(a, &bare); err != nil {
		return nil, err
	}
	return a, nil
}

// analyticName reports whether a function needs OVER.
func analyticName(name string) bool {
	switch name {
	case "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value", "last_value":
		return true
	}
	return false
}

// compileAnalytic compiles the arguments of a call.
func (w *windows) compileAnalytic(a *analytic, bare *expr) error {
	args, err := w.compileAll(bare.args)
	if err != nil {
		return err
	}
	if aggregateName(bare.name) {
		switch bare.name {
		case "count", "sum", "avg", "min", "max":
		default:
			return analysis("Aggregate function '%s' not supported with OVER clause.", bare)
		}
		if a.total, err = w.aggregate(bare); err != nil {
			return err
		}
		a.args, a.typ = a.total.args, a.total.typ
		return nil
	}
	least, most := 0, 0
	switch bare.name {
	case "ntile", "first_value", "last_value":
		least, most = 1, 1
	case "lag", "lead":
		least, most = 1, 3
	}
	if len(args) < least || len(args) > most || bare.star {
		return noSignature(bare, args)
	}
	if len(a.expr.over.order) == 0 && bare.name != "first_value" && bare.name != "last_value" && bare.name != "row_number" {
		return analysis("'%s' requires an ORDER BY clause", a.expr)
	}
	return a.arguments(bare, args)
}

// arguments takes the arguments of a function that is no aggregate.
func (a *analytic) arguments(bare *expr, args []compiled) error {
	a.typ = Type{Kind: BigInt}
	switch bare.name {
	case "percent_rank", "cume_dist":
		a.typ.Kind = Double
	case "ntile":
		return a.buckets(bare, args)
	case "first_value", "last_value":
		a.args, a.typ = args, args[0].typ
	case "lag", "lead":
		return a.offset(bare, args)
	}
	return nil
}

func (a *analytic) buckets(bare *expr, args []compiled) error {
	switch {
	case !args[0].typ.Kind.integer():
		return noSignature(bare, args)
	case !args[0].constant:
		return analysis("NTILE() requires a constant argument")
	}
	if a.tiles = args[0].value().n; a.tiles <= 0 {
		return analysis("NTILE() requires a positive argument: %d", a.tiles)
	}
	a.tiles = min(a.tiles, maxOffset)
	return nil
}

// offset takes the arguments of LAG and LEAD: what, how far, and what else.
func (a *analytic) offset(bare *expr, args []compiled) error {
	a.shift = 1
	if len(args) > 1 {
		if !args[1].typ.Kind.integer() {
			return noSignature(bare, args)
		}
		if !args[1].constant || args[1].value().n <= 0 {
			return analysis("The offset parameter of LEAD/LAG must be a constant positive integer: %s", bare)
		}
		a.shift = int(min(args[1].value().n, maxOffset))
	}
	if bare.name == "lag" {
		a.shift = -a.shift
	}
	a.args = args[:1]
	if len(args) > 2 {
		if !args[2].constant {
			return analysis("The default parameter (parameter 3) of LEAD/LAG must be a constant: %s", bare)
		}
		a.args = []compiled{args[0], args[2]}
	}
	typ, err := unify(a.args)
	if err != nil {
		return noSignature(bare, args)
	}
	a.typ = typ
	return nil
}

// frameOf checks the ROWS or RANGE clause, or finds the one that is meant without.
func (w *windows) frameOf(a *analytic, bare *expr) error {
	over := a.expr.over
	ordered := len(over.order) > 0
	if over.frame == nil {
		a.frame = wholePartition()
		if ordered {
			a.frame = upToPeers()
		}
	} else {
		switch bare.name {
		case "row_number", "rank", "dense_rank", "lag", "lead":
			return analysis("Windowing clause not allowed with '%s'", bare)
		}
		if !ordered {
			return analysis("Windowing clause requires ORDER BY clause: %s", a.expr)
		}
		checked := *over.frame
		if err := checked.check(&w.compiler); err != nil {
			return err
		}
		a.frame = &checked
	}
	switch bare.name {
	case "min", "max":
		if a.frame.start.kind != unboundedPreceding && a.frame.end.kind != unboundedFollowing {
			return analysis("'%s' is only supported with an UNBOUNDED PRECEDING start bound.", bare)
		}
	case "first_value", "last_value":
		a.frame.rows = a.frame.rows || ordered // peers do not count
	}
	return nil
}
