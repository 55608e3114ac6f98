package sql

import "slices"

// maxRelations bounds how often tables and sub-selects stand in one statement,
// counting each use of a WITH name anew.
const maxRelations = 2000

// names are the WITH clauses that can be seen from a place.
type names struct {
	table commonTable
	outer *names // what can be seen from the table's own query
}

func (n *names) find(name string) *names {
	for ; n != nil; n = n.outer {
		if n.table.name == name {
			return n
		}
	}
	return nil
}

// source plans a FROM clause.
func (p *planner) source(s *source, env *names) (*relation, error) {
	if p.relations++; p.relations > maxRelations {
		return nil, unsupported("a statement of more than 2000 tables")
	}
	switch {
	case s.left != nil:
		return p.join(s, env)
	case s.query != nil:
		return p.inline(commonTable{query: s.query}, s.alias, env)
	}
	if cte := env.find(s.path[0]); len(s.path) == 1 && cte != nil {
		return p.inline(cte.table, s.alias, cte.outer)
	}
	return p.table(s)
}

// inline plans a query in the FROM clause, whose columns need names of their own.
func (p *planner) inline(t commonTable, alias string, env *names) (*relation, error) {
	r, err := p.query(t.query, env)
	if err != nil {
		return nil, err
	}
	if len(t.labels) > len(r.columns) {
		return nil, analysis("WITH-clause view '%s' returns %d columns, but %d labels were specified. "+
			"The number of column labels must be smaller or equal to the number of returned columns.", t.name, len(r.columns), len(t.labels))
	}
	r = named(r, alias)
	for i, label := range t.labels {
		r.columns[i].Name = label
	}
	seen := make(map[string]bool)
	for _, f := range r.columns {
		if seen[f.Name] {
			return nil, analysis("duplicated inline view column alias: '%s' in inline view '%s'", f.Name, alias)
		}
		seen[f.Name] = true
	}
	return r, nil
}

func (p *planner) join(s *source, env *names) (*relation, error) {
	left, err := p.source(s.left, env)
	if err != nil {
		return nil, err
	}
	right, err := p.source(s.right, env)
	if err != nil {
		return nil, err
	}
	if err := distinctAliases(left.columns, right.columns); err != nil {
		return nil, err
	}
	columns := slices.Concat(left.columns, right.columns)
	j := &joiner{kind: s.join, left: left.filter, right: right.filter, leftColumns: len(left.columns), width: len(columns)}
	r := newRelation(columns, j)
	conditions, err := p.joinConditions(s, columns, len(left.columns))
	if err != nil {
		return nil, err
	}
	for _, condition := range conditions {
		if err := p.on(j, left, right, condition); err != nil {
			return nil, err
		}
	}
	if s.join == semiJoin || s.join == antiJoin {
		for i := range right.columns {
			columns[len(left.columns)+i].hidden = true
		}
	}
	r.push = func(condition *expr) bool { return p.pushJoin(j, left, right, condition) }
	return r, nil
}

func distinctAliases(left, right []field) error {
	for _, r := range right {
		for _, l := range left {
			if l.table == r.table && l.database == r.database && l.table != "" {
				return analysis("Duplicate table alias: '%s'", l.table)
			}
		}
	}
	return nil
}

// joinConditions are the conjuncts of ON, or the equalities of USING.
func (p *planner) joinConditions(s *source, columns []field, left int) ([]*expr, error) {
	if s.on != nil && s.on.any(isAggregate) {
		return nil, analysis("aggregate function not allowed in ON clause: %s", s.on)
	}
	var conditions []*expr
	for _, name := range s.using {
		l, err := lookUp(columns[:left], []string{name})
		if err != nil {
			return nil, err
		}
		r, err := lookUp(columns[left:], []string{name})
		if err != nil {
			return nil, err
		}
		sides := []*expr{
			{kind: columnExpr, path: []string{name}, index: l, typ: columns[l].Type},
			{kind: columnExpr, path: []string{name}, index: left + r, typ: columns[left+r].Type},
		}
		conditions = append(conditions, &expr{kind: operatorExpr, name: "=", args: sides})
	}
	if s.on == nil {
		return conditions, nil
	}
	if err := p.functions(s.on); err != nil {
		return nil, err
	}
	on, err := bind(s.on, columns)
	if err != nil {
		return nil, err
	}
	return append(conditions, on.conjuncts()...), p.boolean(on, "ON")
}

// sides tells which inputs of a join an expression reads.
func sides(e *expr, leftColumns int) (left, right bool) {
	for _, i := range columnsOf(e) {
		if i < leftColumns {
			left = true
		} else {
			right = true
		}
	}
	return left, right
}

// on makes a condition of a join a key, a condition of one input, or the rest.
func (p *planner) on(j *joiner, left, right *relation, condition *expr) error {
	if key, err := p.key(j, condition); key || err != nil {
		return err
	}
	readsLeft, readsRight := sides(condition, j.leftColumns)
	switch {
	case readsLeft && !readsRight && (j.kind == innerJoin || j.kind == rightJoin):
		return p.place(left, condition)
	case readsRight && !readsLeft && j.kind != rightJoin && j.kind != fullJoin:
		return p.place(right, moved(condition, -j.leftColumns))
	}
	c, err := p.compile(condition)
	if err != nil {
		return err
	}
	j.residual = append(j.residual, c)
	return nil
}

// key takes an equality of an expression of the left input and one of the right.
func (p *planner) key(j *joiner, condition *expr) (bool, error) {
	if condition.kind != operatorExpr || condition.name != "=" {
		return false, nil
	}
	a, b := condition.args[0], condition.args[1]
	aLeft, aRight := sides(a, j.leftColumns)
	bLeft, bRight := sides(b, j.leftColumns)
	switch {
	case aLeft && !aRight && bRight && !bLeft:
	case aRight && !aLeft && bLeft && !bRight:
		a, b = b, a
	default:
		return false, nil
	}
	if _, err := p.compile(condition); err != nil {
		return false, err
	}
	// Two DECIMALs that compare need have no type in common; they are no key then.
	l, err := p.compile(a)
	if err != nil {
		return false, err
	}
	r, err := p.compile(moved(b, -j.leftColumns))
	if err != nil {
		return false, err
	}
	typ, ok := common(l.typ, r.typ)
	if !ok {
		return false, nil
	}
	j.leftKeys, j.rightKeys = append(j.leftKeys, l.as(typ)), append(j.rightKeys, r.as(typ))
	return true, nil
}

// pushJoin hands a condition above a join to the one input that it reads, if the
// join does not add rows of NULLs on that side. For an inner join an equality of
// both sides becomes a key.
func (p *planner) pushJoin(j *joiner, left, right *relation, condition *expr) bool {
	readsLeft, readsRight := sides(condition, j.leftColumns)
	switch {
	case readsLeft && readsRight:
		if j.kind != innerJoin {
			return false
		}
		key, err := p.key(j, condition)
		return key && err == nil
	case readsLeft:
		return j.kind != rightJoin && j.kind != fullJoin && p.place(left, condition) == nil
	}
	return (j.kind == innerJoin || j.kind == rightJoin) && p.place(right, moved(condition, -j.leftColumns)) == nil
}
