package sql

import "slices"

// grouped puts a grouping over the rows if the SELECT aggregates, and rewrites its
// expressions to read the groups.
func (s *selecting) grouped() error {
	s.source = make([]*expr, len(s.outputs))
	for i, o := range s.outputs {
		s.source[i] = o.expr
	}
	if !s.aggregates() {
		return nil
	}
	if slices.ContainsFunc(s.items, func(i item) bool { return i.star }) {
		return analysis("cannot combine '*' in select list with grouping or aggregation")
	}
	g := &grouping{input: s.from.filter, columns: len(s.from.columns)}
	keys, err := s.groupKeys()
	if err != nil {
		return err
	}
	if g.keys, err = s.compileAll(keys); err != nil {
		return err
	}
	s.rows = newRelation(nil, g)
	for _, key := range g.keys {
		s.rows.columns = append(s.rows.columns, field{Column: Column{Type: key.typ}})
	}
	if err := s.aboveGroups(g, keys); err != nil {
		return err
	}
	for i, o := range s.outputs { // what can be pushed below the groups: conditions on keys
		s.source[i] = nil
		if o.expr.kind == columnExpr && o.expr.index < len(keys) {
			s.source[i] = keys[o.expr.index]
		}
	}
	return nil
}

// aggregates reports whether the SELECT makes groups.
func (s *selecting) aggregates() bool {
	if len(s.group) > 0 || s.having != nil {
		return true
	}
	return slices.ContainsFunc(s.outputs, func(o output) bool { return o.expr.any(isAggregate) }) ||
		slices.ContainsFunc(s.order, func(o orderItem) bool { return o.expr.any(isAggregate) })
}

func (s *selecting) groupKeys() ([]*expr, error) {
	var keys []*expr
	for _, e := range s.group {
		key, err := s.resolve(e, "GROUP BY")
		if err != nil {
			return nil, err
		}
		if key.any(isAggregate) {
			return nil, analysis("GROUP BY expression must not contain aggregate functions: %s", key)
		}
		if key.any(isAnalytic) {
			return nil, analysis("GROUP BY expression must not contain analytic expressions: %s", key)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// aboveGroups rewrites the select list, HAVING and ORDER BY.
func (s *selecting) aboveGroups(g *grouping, keys []*expr) error {
	having := s.having
	if having != nil { // an alias in it stands for what is not rewritten yet
		var err error
		if having, err = s.resolve(having, "HAVING"); err != nil {
			return err
		}
	}
	for i := range s.outputs {
		o := &s.outputs[i]
		above, err := s.onGroups(g, keys, o.expr, "select list expression")
		if err != nil {
			return err
		}
		o.expr = above
	}
	for i := range s.order {
		above, err := s.onGroups(g, keys, s.order[i].expr, "ORDER BY expression")
		if err != nil {
			return err
		}
		s.order[i].expr = above
	}
	if having == nil {
		return nil
	}
	having, err := s.onGroups(g, keys, having, "HAVING clause")
	if err != nil {
		return err
	}
	if err := s.boolean(having, "HAVING"); err != nil {
		return err
	}
	return s.place(s.rows, having)
}

// onGroups rewrites e so that it reads keys and aggregates of a group. A column
// that is neither is an error.
func (s *selecting) onGroups(g *grouping, keys []*expr, e *expr, clause string) (*expr, error) {
	above, err := e.rewrite(func(part *expr) (*expr, error) {
		for i, key := range keys {
			if part.key() == key.key() {
				return &expr{kind: columnExpr, path: []string{part.String()}, index: i, typ: g.keys[i].typ}, nil
			}
		}
		if isAggregate(part) {
			return s.addAggregate(g, part)
		}
		if part.kind == columnExpr {
			return nil, analysis("%s not produced by aggregation output (missing from GROUP BY clause?): %s", clause, e)
		}
		return nil, nil
	})
	return above, err
}

// addAggregate gives the column of an aggregate, a new one unless it is there.
func (s *selecting) addAggregate(g *grouping, call *expr) (*expr, error) {
	at := slices.IndexFunc(g.aggregates, func(a *aggregate) bool { return a.expr.key() == call.key() })
	if at < 0 {
		a, err := s.aggregate(call)
		if err != nil {
			return nil, err
		}
		at = len(g.aggregates)
		g.aggregates = append(g.aggregates, a)
		s.rows.columns = append(s.rows.columns, field{Column: Column{Type: a.typ}})
	}
	return &expr{kind: columnExpr, path: []string{call.String()}, index: len(g.keys) + at, typ: g.aggregates[at].typ}, nil
}
