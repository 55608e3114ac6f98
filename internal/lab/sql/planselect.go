package sql

import "slices"

// A planner turns the tree of a statement into operators.
type planner struct {
	compiler
	catalog   Catalog
	relations int
}

// output is one column of a select list.
type output struct {
	expr *expr // bound to the rows of the FROM clause, later to those above
	name string
	// alias says that the name was written, so that other clauses can use it.
	alias bool
}

// A selecting is a SELECT while it is planned.
type selecting struct {
	*planner
	*selection
	from    *relation
	outputs []output
	order   []orderItem // bound, of the whole query
	rows    *relation   // what the select list is computed on
	source  []*expr     // the outputs on the FROM clause, nil where computed above it
}

// selection plans a SELECT with the ORDER BY and LIMIT of its query.
func (p *planner) selection(s *selection, q *query, env *names) (*relation, error) {
	sel := &selecting{planner: p, selection: s}
	steps := []func() error{
		func() error { return sel.planFrom(env) },
		func() error { return sel.withSubqueries(env) },
		sel.bindWhere,
		sel.bindOutputs,
		func() error { return sel.bindOrder(q.order) },
		sel.grouped,
		sel.analytic,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return sel.finish(q)
}

func (s *selecting) planFrom(env *names) error {
	s.rows = newRelation(nil, &oneRow{})
	if s.selection.from != nil {
		var err error
		if s.rows, err = s.planner.source(s.selection.from, env); err != nil {
			return err
		}
	}
	s.from = s.rows
	return nil
}

func (s *selecting) bindWhere() error {
	if s.where == nil {
		return nil
	}
	if err := s.functions(s.where); err != nil {
		return err
	}
	if s.where.any(isAggregate) {
		return analysis("aggregate function not allowed in WHERE clause")
	}
	if s.where.any(isAnalytic) {
		return analysis("WHERE clause must not contain analytic expressions: %s", s.where)
	}
	where, err := bind(s.where, s.from.columns)
	if err != nil {
		return err
	}
	if err := s.boolean(where, "WHERE"); err != nil {
		return err
	}
	for _, condition := range where.conjuncts() {
		if err := s.place(s.from, condition); err != nil {
			return err
		}
	}
	return nil
}

// boolean checks the type of a clause, which Impala names with its text but for WHERE.
func (p *planner) boolean(e *expr, clause string) error {
	c, err := p.compile(e)
	if err != nil || c.typ.Kind == Boolean || c.typ.Kind == Null {
		return err
	}
	text := ""
	if clause != "WHERE" {
		text = " '" + e.String() + "'"
	}
	return analysis("%s clause%s requires return type 'BOOLEAN'. Actual type is '%s'.", clause, text, c.typ)
}

func isAnalytic(e *expr) bool { return e.kind == callExpr && e.over != nil }

func (s *selecting) bindOutputs() error {
	for _, item := range s.items {
		if item.star {
			if err := s.expand(item); err != nil {
				return err
			}
			continue
		}
		if err := s.functions(item.expr); err != nil {
			return err
		}
		bound, err := bind(item.expr, s.from.columns)
		if err != nil {
			return err
		}
		o := output{expr: bound, name: item.alias, alias: item.alias != ""}
		switch {
		case o.alias:
		case bound.kind == columnExpr:
			o.name = s.from.columns[bound.index].Name
		default:
			o.name = item.expr.label()
		}
		s.outputs = append(s.outputs, o)
	}
	return nil
}

// expand writes a star out.
func (s *selecting) expand(star item) error {
	if s.selection.from == nil {
		return analysis("'*' expression in select list requires FROM clause.")
	}
	found := false
	for i, c := range s.from.columns {
		if c.hidden || !c.qualifies(star.table) {
			continue
		}
		found = true
		column := &expr{kind: columnExpr, path: []string{c.Name}, index: i, typ: c.Type}
		s.outputs = append(s.outputs, output{expr: column, name: c.Name})
	}
	if !found {
		return analysis("Could not resolve star expression: '%s.*'", joinPath(star.table))
	}
	return nil
}

// reference resolves an ordinal or an alias at the top of a GROUP BY, HAVING or
// ORDER BY expression; it is nil for anything else.
func (s *selecting) reference(e *expr, clause string) (*expr, error) {
	if e.kind == literalExpr && e.typ.Kind.integer() && clause != "HAVING" {
		switch n := e.value.n; {
		case n < 1:
			return nil, analysis("%s: ordinal must be >= 1: %d", clause, n)
		case n > int64(len(s.outputs)):
			return nil, analysis("%s: ordinal exceeds the number of items in the SELECT list: %d", clause, n)
		default:
			return s.outputs[n-1].expr, nil
		}
	}
	if e.kind != nameExpr || len(e.path) != 1 {
		return nil, nil
	}
	var found *expr
	for _, o := range s.outputs {
		if !o.alias || o.name != e.path[0] {
			continue
		}
		if found != nil && found.key() != o.expr.key() {
			return nil, analysis("Column '%s' in %s clause is ambiguous", o.name, clause)
		}
		found = o.expr
	}
	return found, nil
}

// resolve binds an expression of a clause in which aliases and ordinals count.
func (s *selecting) resolve(e *expr, clause string) (*expr, error) {
	referred, err := s.reference(e, clause)
	if referred != nil || err != nil {
		return referred, err
	}
	if err := s.functions(e); err != nil {
		return nil, err
	}
	return bind(e, s.from.columns)
}

func (s *selecting) bindOrder(order []orderItem) error {
	for _, o := range order {
		bound, err := s.resolve(o.expr, "ORDER BY")
		if err != nil {
			return err
		}
		o.expr = bound
		s.order = append(s.order, o)
	}
	return nil
}

// finish projects, makes rows distinct, sorts and cuts.
func (s *selecting) finish(q *query) (*relation, error) {
	limits, err := s.limits(q)
	if err != nil {
		return nil, err
	}
	fields := make([]field, len(s.outputs))
	o := &project{columns: len(s.rows.columns)}
	for i, out := range s.outputs {
		c, err := s.compile(out.expr)
		if err != nil {
			return nil, err
		}
		o.exprs = append(o.exprs, c)
		fields[i] = field{Column: Column{Name: out.name, Type: c.typ}}
	}
	if s.distinct {
		o.input = s.rows.filter
		return s.finishDistinct(newRelation(fields, distinctRows(o, fields)), limits)
	}
	if o.input, err = s.sorted(s.rows.filter, s.order, limits); err != nil {
		return nil, err
	}
	r := newRelation(fields, o)
	if limits == nil {
		r.push = s.through(s.from, s.source)
	}
	return r, nil
}

// distinctRows groups by all columns.
func distinctRows(input operator, fields []field) *grouping {
	g := &grouping{input: input, columns: len(fields)}
	for i, f := range fields {
		column := &expr{kind: columnExpr, path: []string{f.Name}, index: i, typ: f.Type}
		g.keys = append(g.keys, compiled{expr: column, typ: f.Type, eval: func(_ *execution, row []Value) Value { return row[i] }})
	}
	return g
}

// finishDistinct sorts what is distinct already, by columns of the select list.
func (s *selecting) finishDistinct(r *relation, limits *cut) (*relation, error) {
	order := slices.Clone(s.order)
	for i, o := range order {
		at := slices.IndexFunc(s.outputs, func(out output) bool { return out.expr.key() == o.expr.key() })
		if at < 0 {
			return nil, analysis("For SELECT DISTINCT, ORDER BY expressions must appear in select list: %s", o.expr)
		}
		order[i].expr = &expr{kind: columnExpr, path: []string{s.outputs[at].name}, index: at, typ: r.columns[at].Type}
	}
	top, err := s.sorted(r.filter, order, limits)
	if err != nil {
		return nil, err
	}
	if top == operator(r.filter) {
		return r, nil
	}
	return newRelation(r.columns, top), nil
}

// sorted puts ORDER BY and LIMIT on top of an operator. Without a limit a
// sub-select need not be sorted, but the outermost must; Impala drops the order of
// the former, which nobody can see.
func (p *planner) sorted(input operator, order []orderItem, limits *cut) (operator, error) {
	if len(order) > 0 {
		o := &sorter{input: input, limit: -1}
		if limits != nil && limits.count >= 0 && limits.count+limits.offset <= maxTopN {
			o.limit = int(limits.count + limits.offset)
		}
		for _, item := range order {
			c, err := p.compile(item.expr)
			if err != nil {
				return nil, err
			}
			o.keys = append(o.keys, sortKey{c, item.descending, item.nullsFirst})
		}
		input = o
	}
	if limits == nil {
		return input, nil
	}
	limits.input = input
	return limits, nil
}

// maxTopN is the limit up to which a sort keeps only the rows that it will emit.
const maxTopN = 1 << 20

// limits are LIMIT and OFFSET, nil if neither is there.
func (p *planner) limits(q *query) (*cut, error) {
	c := &cut{count: -1}
	for _, clause := range []struct {
		name string
		expr *expr
		to   *int64
	}{{"LIMIT", q.limit, &c.count}, {"OFFSET", q.offset, &c.offset}} {
		if clause.expr == nil {
			continue
		}
		bound, err := bind(clause.expr, nil)
		if err != nil {
			return nil, analysis("%s expression must be a constant expression: %s", clause.name, clause.expr)
		}
		n, err := p.compile(bound)
		if err != nil {
			return nil, err
		}
		v := n.value()
		if !n.typ.Kind.integer() || v.IsNull() || v.n < 0 {
			return nil, analysis("%s must be a non-negative integer: %s", clause.name, clause.expr)
		}
		*clause.to = v.n
	}
	if q.offset != nil && len(q.order) == 0 {
		text := "OFFSET " + q.offset.String()
		if q.limit != nil {
			text = "LIMIT " + q.limit.String() + " " + text
		}
		return nil, analysis("OFFSET requires an ORDER BY clause: %s", text)
	}
	if q.limit == nil && q.offset == nil {
		return nil, nil
	}
	return c, nil
}
