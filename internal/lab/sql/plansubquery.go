package sql

import "slices"

// A subquery is a query in an expression. What it depends on outside must be equalities
// in its WHERE clause: then it is a table of answers by the values of their inner sides,
// made once, and the outer sides look their answer up.
type subquery struct {
	kind  subqueryKind
	query *query
	text  string // as written, without brackets

	root  operator // nil until it is planned
	value Type     // of the column that is asked for
	first string   // what that column is, for errors
	keys  []Type   // inner sides of the equalities, in the columns behind it
	empty Value    // a scalar's answer where there are no rows
}

type subqueryKind uint8

const (
	scalarSubquery subqueryKind = iota
	inSubquery
	existsSubquery
)

func isSubquery(e *expr) bool { return e.kind == subqueryExpr }

// withSubqueries copies a SELECT with the sub-queries of its clauses planned. Their outer
// sides become arguments, which are bound like all other expressions.
func (s *selecting) withSubqueries(env *names) error {
	planned := *s.selection
	plan := func(e *expr) (*expr, error) {
		if e == nil || !e.any(isSubquery) {
			return e, nil
		}
		return e.rewrite(func(part *expr) (*expr, error) {
			if !isSubquery(part) {
				return nil, nil
			}
			return s.planSubquery(part, s.rows.columns, env)
		})
	}
	for _, e := range append(slices.Clone(s.where.conjuncts()), s.having.conjuncts()...) {
		if err := checkDisjunctions(e); err != nil {
			return err
		}
	}
	var err error
	if planned.where, err = plan(s.where); err != nil {
		return err
	}
	if planned.having, err = plan(s.having); err != nil {
		return err
	}
	planned.items = slices.Clone(s.items)
	for i := range planned.items {
		item := &planned.items[i]
		if item.expr, err = plan(item.expr); err != nil {
			return err
		}
		if item.expr != nil && item.expr.any(func(e *expr) bool { return isSubquery(e) && len(e.sub.keys) > 0 }) {
			return unsupported("a correlated sub-query in the select list")
		}
	}
	s.selection = &planned
	return nil
}

// checkDisjunctions refuses what Impala cannot rewrite as a join (StmtRewriter.java).
func checkDisjunctions(e *expr) error {
	var mistake error
	e.any(func(part *expr) bool {
		if part.kind != operatorExpr || part.name != "or" {
			return false
		}
		part.any(func(below *expr) bool {
			switch {
			case !isSubquery(below):
				return false
			case below.sub.kind == existsSubquery:
				mistake = analysis("EXISTS/NOT EXISTS subqueries in OR predicates are not supported: %s", e)
			case below.sub.kind == inSubquery && below.negated:
				mistake = analysis("NOT IN subqueries in OR predicates are not supported: %s", e)
			}
			return mistake != nil
		})
		return mistake != nil
	})
	return mistake
}

// planSubquery plans a query in an expression, from which the columns can be seen too.
func (p *planner) planSubquery(e *expr, outer []field, env *names) (*expr, error) {
	written := e.sub.query
	if len(written.blocks) != 1 || written.blocks[0].selects == nil {
		return nil, analysis("A subquery must contain a single select block: (%s)", e.sub.text)
	}
	for _, table := range written.with {
		env = &names{table: table, outer: env}
	}
	c := &correlation{planner: p, sub: *e.sub, selection: *written.blocks[0].selects, query: *written}
	c.query.with = nil
	if err := c.split(outer, env); err != nil {
		return nil, err
	}
	if err := c.rewrite(); err != nil {
		return nil, err
	}
	r, err := p.selection(&c.selection, &c.query, env)
	if err != nil {
		return nil, err
	}
	values := len(r.columns) - len(c.inner)
	if values != 1 && c.sub.kind != existsSubquery {
		return nil, analysis("Subquery must return a single column: (%s)", e.sub.text)
	}
	if values > 0 {
		c.sub.value, c.sub.first = r.columns[0].Type, r.columns[0].Name
	}
	need := make([]bool, len(r.columns))
	for i, f := range r.columns {
		need[i] = true
		if i >= values {
			c.sub.keys = append(c.sub.keys, f.Type)
		}
	}
	r.filter.prune(need)
	c.sub.root = r.filter
	planned := *e
	planned.sub = &c.sub
	planned.args = append(slices.Clone(e.args), c.outer...)
	return &planned, nil
}

// A correlation is a sub-query that is taken apart.
type correlation struct {
	*planner
	sub       subquery
	query     query
	selection selection
	inner     []*expr // inner sides of the equalities
	outer     []*expr // outer sides
}

// split takes the equalities with outer columns out of WHERE.
func (c *correlation) split(outer []field, env *names) error {
	if c.selection.where == nil || c.selection.from == nil {
		return nil
	}
	from, err := c.source(c.selection.from, env)
	if err != nil {
		return err
	}
	knows := func(e *expr, columns []field) bool {
		if e.any(isSubquery) {
			return false
		}
		_, err := bind(e, columns)
		return err == nil
	}
	var rest *expr
	for _, e := range c.selection.where.conjuncts() {
		equality := e.kind == operatorExpr && e.name == "="
		switch {
		case e.any(isSubquery), knows(e, from.columns):
			if rest == nil {
				rest = e
			} else {
				rest = &expr{kind: operatorExpr, name: "and", args: []*expr{rest, e}}
			}
		case equality && knows(e.args[0], from.columns) && knows(e.args[1], outer):
			c.inner, c.outer = append(c.inner, e.args[0]), append(c.outer, e.args[1])
		case equality && knows(e.args[1], from.columns) && knows(e.args[0], outer):
			c.inner, c.outer = append(c.inner, e.args[1]), append(c.outer, e.args[0])
		case knows(e, slices.Concat(from.columns, outer)):
			return unsupported("a sub-query that is correlated by " + e.String())
		default:
			_, err := bind(e, from.columns)
			return err
		}
	}
	c.selection.where = rest
	return nil
}

// rewrite makes the inner sides columns of the sub-query, and keys of its groups.
func (c *correlation) rewrite() error {
	if len(c.inner) == 0 {
		return nil
	}
	s := &c.selection
	aggregates := s.having != nil || len(s.group) > 0
	analytic := false
	for _, i := range s.items {
		aggregates = aggregates || i.expr != nil && i.expr.any(isAggregate)
		analytic = analytic || i.expr != nil && i.expr.any(isAnalytic)
	}
	limited := c.query.limit != nil || c.query.offset != nil
	switch {
	case c.sub.kind == existsSubquery && aggregates:
		return unsupported("a correlated EXISTS with aggregates")
	case c.sub.kind == existsSubquery:
		s.items = nil
	case c.sub.kind == inSubquery && (aggregates || analytic), c.sub.kind == scalarSubquery && (len(s.group) > 0 || analytic):
		return analysis("Unsupported correlated subquery with grouping and/or aggregation: %s", c.sub.text)
	case c.sub.kind == scalarSubquery && !aggregates:
		return analysis("Unsupported correlated subquery with runtime scalar check: %s", c.sub.text)
	case c.sub.kind == inSubquery && limited:
		return analysis("Unsupported correlated subquery with a LIMIT clause: %s", c.sub.text)
	case c.sub.kind == scalarSubquery:
		if err := c.emptyAnswer(); err != nil {
			return err
		}
		s.group = c.inner
	}
	// Each row of the outer query asks for an answer of its own, which a limit would cut.
	c.query.limit, c.query.offset, c.query.order = nil, nil, nil
	s.items = slices.Clone(s.items)
	for _, key := range c.inner {
		s.items = append(s.items, item{expr: key})
	}
	return nil
}

// emptyAnswer finds what a scalar is where its groups have no row: NULL, but 0 of a count.
func (c *correlation) emptyAnswer() error {
	counts := func(e *expr) bool { return isAggregate(e) && (e.name == "count" || e.name == "ndv") }
	for _, i := range c.selection.items {
		switch {
		case i.expr == nil:
		case counts(i.expr):
			c.sub.empty = IntOf(0)
		case i.expr.any(counts):
			return unsupported("a correlated sub-query with an expression on a count")
		}
	}
	return nil
}
