package sql

import "slices"

// A relation is rows with named columns: a table, a sub-select or a join.
type relation struct {
	columns []field
	filter  *filter // the top of its operators; takes the conditions that go no deeper
	// push hands a condition on the relation's columns to what lies below. It is
	// nil or reports false where the condition has to stay in the filter.
	push func(condition *expr) bool
}

// A field is a column of a relation.
type field struct {
	database string // of a table without alias
	table    string // alias or name
	Column
	hidden bool // by a semi join
}

func newRelation(columns []field, input operator) *relation {
	return &relation{columns: columns, filter: &filter{input: input}}
}

// lookUp looks a column up by its path.
func lookUp(columns []field, path []string) (int, error) {
	found := -1
	for i, c := range columns {
		if c.hidden || c.Name != path[len(path)-1] || !c.qualifies(path[:len(path)-1]) {
			continue
		}
		if found >= 0 {
			return 0, analysis("Column/field reference is ambiguous: '%s'", joinPath(path))
		}
		found = i
	}
	if found < 0 {
		return 0, analysis("Could not resolve column/field reference: '%s'", joinPath(path))
	}
	return found, nil
}

// qualifies reports whether table or database.table names the column's table.
func (f field) qualifies(path []string) bool {
	switch len(path) {
	case 0:
		return true
	case 1:
		return path[0] == f.table
	case 2:
		return path[0] == f.database && path[1] == f.table
	}
	return false
}

// bind replaces names by the columns they stand for.
func bind(e *expr, columns []field) (*expr, error) {
	return e.rewrite(func(e *expr) (*expr, error) {
		if e.kind != nameExpr {
			return nil, nil
		}
		index, err := lookUp(columns, e.path)
		if err != nil {
			return nil, err
		}
		return &expr{kind: columnExpr, path: e.path, index: index, typ: columns[index].Type, brackets: e.brackets}, nil
	})
}

// columnsOf lists the columns that a bound expression reads.
func columnsOf(e *expr) []int {
	var list []int
	e.any(func(e *expr) bool {
		if e.kind == columnExpr {
			list = append(list, e.index)
		}
		return false
	})
	return list
}

// moved shifts the columns of a bound expression by delta.
func moved(e *expr, delta int) *expr {
	shifted, _ := e.rewrite(func(e *expr) (*expr, error) { // change returns no error
		if e.kind != columnExpr {
			return nil, nil
		}
		c := *e
		c.index += delta
		return &c, nil
	})
	return shifted
}

// place puts a condition, which is known to be one, as deep as it can go.
func (p *planner) place(r *relation, condition *expr) error {
	c, err := p.compile(condition)
	if err != nil {
		return err
	}
	if r.push == nil || len(columnsOf(condition)) == 0 || !r.push(condition) {
		r.filter.conditions = append(r.filter.conditions, c)
	}
	return nil
}

// through is the push of a relation whose column i is source[i] of the one below;
// nil where it is computed.
func (p *planner) through(below *relation, source []*expr) func(*expr) bool {
	return func(condition *expr) bool {
		for _, i := range columnsOf(condition) {
			if source[i] == nil || source[i].kind != columnExpr {
				return false
			}
		}
		inner, _ := condition.rewrite(func(e *expr) (*expr, error) { // change returns no error
			if e.kind != columnExpr {
				return nil, nil
			}
			return source[e.index], nil
		})
		return p.place(below, inner) == nil
	}
}

// table is the relation of a stored table.
func (p *planner) table(s *source) (*relation, error) {
	database, name := p.session.Database, s.path[len(s.path)-1]
	switch len(s.path) {
	case 1:
	case 2:
		database = s.path[0]
	default:
		return nil, unresolvedTable(s.path)
	}
	t, found := p.catalog.Table(database, name)
	if !found {
		return nil, unresolvedTable(s.path)
	}
	columns := t.Columns()
	fields := make([]field, len(columns))
	for i, c := range columns {
		fields[i] = field{table: s.alias, Column: c}
		if s.alias == name {
			fields[i].database = database
		}
	}
	o := &scan{name: database + "." + name, alias: s.alias, table: t, columns: columns}
	r := newRelation(fields, o)
	r.push = func(condition *expr) bool {
		c, err := p.compile(condition)
		if err == nil {
			o.conditions = append(o.conditions, c)
		}
		return err == nil
	}
	return r, nil
}

func unresolvedTable(path []string) error {
	return analysis("Could not resolve table reference: '%s'", joinPath(path))
}

// named is a relation under another name.
func named(r *relation, alias string) *relation {
	renamed := *r
	renamed.columns = slices.Clone(r.columns)
	for i := range renamed.columns {
		renamed.columns[i].database, renamed.columns[i].table = "", alias
	}
	return &renamed
}
