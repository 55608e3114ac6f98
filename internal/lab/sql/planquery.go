package sql

import "slices"

// query plans a query, with the WITH names that it can see.
func (p *planner) query(q *query, env *names) (*relation, error) {
	if p.relations++; p.relations > maxRelations {
		return nil, unsupported("a statement of more than 2000 tables")
	}
	for i, table := range q.with {
		if slices.ContainsFunc(q.with[:i], func(other commonTable) bool { return other.name == table.name }) {
			return nil, analysis("Duplicate table alias: '%s'", table.name)
		}
		env = &names{table: table, outer: env}
	}
	if first := q.blocks[0]; len(q.blocks) == 1 {
		switch {
		case first.selects != nil:
			return p.selection(first.selects, q, env)
		case len(q.order) == 0 && q.limit == nil && q.offset == nil:
			return p.query(first.nested, env)
		}
	}
	r, err := p.union(q, env)
	if err != nil {
		return nil, err
	}
	limits, err := p.limits(q)
	if err != nil {
		return nil, err
	}
	s := &selecting{planner: p, from: r}
	for i, f := range r.columns {
		column := &expr{kind: columnExpr, path: []string{f.Name}, index: i, typ: f.Type}
		s.outputs = append(s.outputs, output{expr: column, name: f.Name, alias: true})
	}
	if err := s.bindOrder(q.order); err != nil {
		return nil, err
	}
	if len(s.order) == 0 && limits == nil {
		return r, nil
	}
	top, err := p.sorted(r.filter, s.order, limits)
	if err != nil {
		return nil, err
	}
	return newRelation(r.columns, top), nil
}

// union plans the blocks of UNION. Each column takes a type common to all.
func (p *planner) union(q *query, env *names) (*relation, error) {
	var blocks []*relation
	for _, b := range q.blocks {
		r, err := p.block(b, env)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, r)
	}
	first := blocks[0]
	types := make([]Type, len(first.columns))
	for i, f := range first.columns {
		types[i] = f.Type
	}
	for i, r := range blocks {
		if len(r.columns) != len(types) {
			return nil, analysis("Operands have unequal number of columns:\n'%s' has %d column(s)\n'%s' has %d column(s)",
				q.blocks[0].text, len(types), q.blocks[i].text, len(r.columns))
		}
		for i, f := range r.columns {
			wider, ok := common(types[i], f.Type)
			if !ok {
				return nil, analysis("Incompatible return types '%s' and '%s' of exprs '%s' and '%s'.",
					types[i], f.Type, first.columns[i].Name, f.Name)
			}
			types[i] = wider
		}
	}
	last := -1 // the block behind the last UNION without ALL
	for i, b := range q.blocks {
		if b.distinct {
			last = i
		}
	}
	if len(q.blocks) > 1 && q.blocks[1].by != unionBlocks {
		return matchedRows(blocks, types, q.blocks[1].by == intersectBlocks), nil
	}
	return p.unionOf(blocks, types, last), nil
}

func (p *planner) block(b block, env *names) (*relation, error) {
	if b.nested != nil {
		return p.query(b.nested, env)
	}
	return p.selection(b.selects, &query{}, env)
}

// converted gives the rows of all blocks the same types, and the names of the first.
func converted(blocks []*relation, types []Type) (fields []field, inputs []operator) {
	for i, f := range blocks[0].columns {
		fields = append(fields, field{Column: Column{Name: f.Name, Type: types[i]}})
	}
	for _, r := range blocks {
		o := &project{input: r.filter, columns: len(r.columns)}
		for i, f := range r.columns {
			column := &expr{kind: columnExpr, path: []string{f.Name}, index: i, typ: f.Type}
			c := compiled{expr: column, typ: f.Type, eval: func(_ *execution, row []Value) Value { return row[i] }}
			o.exprs = append(o.exprs, c.as(types[i]))
		}
		inputs = append(inputs, o)
	}
	return fields, inputs
}

// unionOf concatenates blocks, and keeps one of equal rows of those up to last.
func (p *planner) unionOf(blocks []*relation, types []Type, last int) *relation {
	fields, inputs := converted(blocks, types)
	all := &concat{inputs: inputs}
	var top operator = all
	if last >= 0 {
		top = distinctRows(&concat{inputs: all.inputs[:last+1]}, fields)
		if last+1 < len(blocks) {
			top = &concat{inputs: append([]operator{top}, all.inputs[last+1:]...)}
		}
	}
	r := newRelation(fields, top)
	r.push = func(condition *expr) bool {
		for _, below := range blocks {
			// A condition was compiled for the common type.
			another := func(i int) bool { return below.columns[i].Type != types[i] }
			if slices.ContainsFunc(columnsOf(condition), another) {
				return false
			}
			if p.place(below, condition) != nil {
				return false
			}
		}
		return true
	}
	return r
}

// statement plans what a text says.
func (p *planner) statement(text string) (*Statement, error) {
	ps, err := newParser(text)
	if err != nil {
		return nil, err
	}
	switch {
	case ps.word("show"):
		return p.show(ps)
	case ps.word("describe"), ps.word("desc"):
		return p.describe(ps)
	case ps.word("explain"):
		return p.explain(ps)
	}
	if err := ps.otherStatement(); err != nil {
		return nil, err
	}
	return p.selectStatement(ps)
}

func (p *planner) selectStatement(ps *parser) (*Statement, error) {
	q, err := ps.query()
	if err != nil {
		return nil, err
	}
	if err := ps.finish(); err != nil {
		return nil, err
	}
	r, err := p.query(q, nil)
	if err != nil {
		return nil, err
	}
	need := make([]bool, len(r.columns))
	columns := make([]Column, len(r.columns))
	for i, f := range r.columns {
		need[i], columns[i] = true, f.Column
		if f.Type.Kind == Null {
			columns[i].Type = Type{Kind: Boolean}
		}
	}
	r.filter.prune(need)
	return &Statement{columns: columns, root: r.filter}, nil
}
