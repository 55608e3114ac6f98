package sql

import (
	"slices"
	"strings"
)

// show answers SHOW DATABASES, SHOW TABLES and SHOW PARTITIONS.
func (p *planner) show(ps *parser) (*Statement, error) {
	switch {
	case ps.word("databases"), ps.word("schemas"):
		rows := &listing{}
		for _, name := range p.catalog.Databases() {
			rows.add(StringOf(name), StringOf(""))
		}
		st, err := p.matching(ps, rows)
		if err != nil {
			return nil, err
		}
		return st.statement("name", "comment"), nil
	case ps.word("tables"):
		return p.showTables(ps)
	case ps.word("partitions"):
		return p.showPartitions(ps)
	case ps.tok.kind == wordToken:
		return nil, unsupported("SHOW " + strings.ToUpper(ps.tok.text))
	}
	return nil, ps.unexpected()
}

func (p *planner) showTables(ps *parser) (*Statement, error) {
	database := p.session.Database
	if ps.word("in") {
		var err error
		if database, err = ps.identifier(); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(p.catalog.Databases(), database) {
		return nil, analysis("Database does not exist: %s", database)
	}
	rows := &listing{}
	for _, name := range p.catalog.Tables(database) {
		rows.add(StringOf(name))
	}
	st, err := p.matching(ps, rows)
	if err != nil {
		return nil, err
	}
	return st.statement("name"), nil
}

// matching reads [LIKE] 'pattern', in which * is any text and | separates
// alternatives, and the end of the statement.
func (p *planner) matching(ps *parser, rows *listing) (*listing, error) {
	ps.word("like")
	if ps.tok.kind != stringToken {
		return rows, ps.finish()
	}
	patterns := strings.Split(ps.tok.text, "|")
	ps.next()
	kept := &listing{}
	for _, row := range rows.rows {
		matches := func(pattern string) bool { return like(row[0].s, strings.ReplaceAll(pattern, "*", "%")) }
		if slices.ContainsFunc(patterns, matches) {
			kept.add(row...)
		}
	}
	return kept, ps.finish()
}

// tableOf reads a table name and the end of the statement.
func (p *planner) tableOf(ps *parser) (*relation, *scan, error) {
	path, err := ps.path()
	if err != nil {
		return nil, nil, err
	}
	if err := ps.finish(); err != nil {
		return nil, nil, err
	}
	r, err := p.table(&source{path: path, alias: path[len(path)-1]})
	if err != nil {
		return nil, nil, err
	}
	o, _ := r.filter.input.(*scan)
	return r, o, nil
}

// describe answers DESCRIBE table.
func (p *planner) describe(ps *parser) (*Statement, error) {
	if ps.at("formatted", "extended", "database") {
		return nil, unsupported("DESCRIBE " + strings.ToUpper(ps.tok.text))
	}
	r, _, err := p.tableOf(ps)
	if err != nil {
		return nil, err
	}
	rows := &listing{}
	for _, f := range r.columns {
		rows.add(StringOf(f.Name), StringOf(strings.ToLower(f.Type.String())), StringOf(""))
	}
	return rows.statement("name", "type", "comment"), nil
}

// showPartitions answers SHOW PARTITIONS. The number of rows is -1, which means
// that no statistics were computed; sizes are not known and 0.
func (p *planner) showPartitions(ps *parser) (*Statement, error) {
	_, o, err := p.tableOf(ps)
	if err != nil {
		return nil, err
	}
	if o.table.Keys() == 0 {
		return nil, analysis("Table is not partitioned: %s", o.name)
	}
	keys := o.columns[o.firstKey():]
	var names []string
	for _, key := range keys {
		names = append(names, key.Name)
	}
	names = append(names, "#Rows", "#Files", "Size", "Bytes Cached", "Cache Replication", "Format", "Incremental stats", "Location")
	rows := &listing{}
	for _, values := range o.table.Partitions() {
		var row []Value
		location := "/" + strings.ReplaceAll(o.name, ".", "/")
		for i, v := range values {
			row = append(row, StringOf(v.Text()))
			location += "/" + keys[i].Name + "=" + v.Text()
		}
		row = append(row, IntOf(-1), IntOf(1), StringOf("0B"), StringOf("NOT CACHED"), StringOf("NOT CACHED"),
			StringOf("PARQUET"), StringOf("false"), StringOf(location))
		rows.add(row...)
	}
	total := make([]Value, len(keys))
	total[0] = StringOf("Total")
	rows.add(append(total, IntOf(-1), IntOf(int64(len(rows.rows))), StringOf("0B"), StringOf("0B"),
		StringOf(""), StringOf(""), StringOf(""), StringOf(""))...)
	return rows.statement(names...), nil
}
