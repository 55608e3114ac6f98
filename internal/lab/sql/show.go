package sql

import (
	"slices"
	"strings"
)

// Databases that every Impala has. The first one holds the functions.
const (
	builtins        = "_impala_builtins"
	builtinsComment = "System database for Impala builtin functions"
	defaultComment  = "Default Hive database"
)

// Databases are the names and comments of all databases of a catalog, that of Impala's
// functions included, in the order of SHOW DATABASES.
func Databases(c Catalog) (names, comments []string) {
	for _, name := range append([]string{builtins}, c.Databases()...) {
		names, comments = append(names, name), append(comments, databaseComment(name))
	}
	return names, comments
}

func databaseComment(name string) string {
	switch name {
	case builtins:
		return builtinsComment
	case "default":
		return defaultComment
	}
	return ""
}

// show answers the SHOW statements that only read the catalog.
func (p *planner) show(ps *parser) (*Statement, error) {
	switch {
	case ps.word("databases"), ps.word("schemas"):
		rows := &listing{}
		names, comments := Databases(p.catalog)
		for i, name := range names {
			rows.texts(name, comments[i])
		}
		st, err := p.matching(ps, rows)
		if err != nil {
			return nil, err
		}
		return st.statement("name", "comment"), nil
	case ps.word("tables"):
		return p.showNames(ps, func(database string) ([]string, error) { return p.catalog.Tables(database), nil }, "name")
	case ps.word("views"):
		return p.showNames(ps, nothing, "name")
	case ps.word("functions"):
		return p.showFunctions(ps)
	case ps.word("aggregate"), ps.word("analytic"):
		if !ps.word("functions") {
			return nil, ps.unexpected()
		}
		return p.showFunctions(ps)
	case ps.word("partitions"):
		return p.showPartitions(ps, true)
	case ps.word("table"):
		if !ps.word("stats") {
			return nil, ps.unexpected()
		}
		return p.showPartitions(ps, false)
	case ps.word("column"):
		if !ps.word("stats") {
			return nil, ps.unexpected()
		}
		return p.showColumnStats(ps)
	case ps.word("create"):
		if !ps.word("table") {
			return nil, unsupported("SHOW CREATE of anything but a table")
		}
		return p.showCreate(ps)
	case ps.word("current"), ps.word("grant"), ps.word("role"), ps.word("roles"):
		return nil, unauthorized()
	}
	for _, word := range []string{"data", "files", "metadata", "range"} {
		if ps.word(word) {
			return nil, unsupported("SHOW " + strings.ToUpper(word))
		}
	}
	return nil, ps.unexpected()
}

// showFunctions lists the functions that users have made. Those of Impala itself are in a
// database of their own; to say that there are none would be wrong.
func (p *planner) showFunctions(ps *parser) (*Statement, error) {
	return p.showNames(ps, func(database string) ([]string, error) {
		if database == builtins {
			return nil, unsupported("SHOW FUNCTIONS IN " + builtins)
		}
		return nil, nil
	}, "return type", "signature", "binary type", "is persistent")
}

// nothing lists what the server has none of.
func nothing(string) ([]string, error) { return nil, nil }

// showNames answers SHOW TABLES and the like: [IN database] [[LIKE] 'pattern'].
func (p *planner) showNames(ps *parser, list func(database string) ([]string, error), columns ...string) (*Statement, error) {
	database := p.session.Database
	if ps.word("in") || ps.word("from") {
		var err error
		if database, err = ps.identifier(); err != nil {
			return nil, err
		}
	}
	if err := p.database(database); err != nil {
		return nil, err
	}
	names, err := list(database)
	if err != nil {
		return nil, err
	}
	rows := &listing{}
	for _, name := range names {
		rows.texts(name)
	}
	rows, err = p.matching(ps, rows)
	if err != nil {
		return nil, err
	}
	return rows.statement(columns...), nil
}

// database is an error unless there is such a database.
func (p *planner) database(name string) error {
	if names, _ := Databases(p.catalog); !slices.Contains(names, name) {
		return analysis("Database does not exist: %s", name)
	}
	return nil
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
func (p *planner) tableOf(ps *parser) (*scan, error) {
	path, err := ps.lastPath()
	if err != nil {
		return nil, err
	}
	return p.existing(path)
}

// lastPath reads a name and the end of the statement.
func (ps *parser) lastPath() ([]string, error) {
	path, err := ps.path()
	if err != nil {
		return nil, err
	}
	return path, ps.finish()
}

// qualified puts the session's database before a name without one.
func (p *planner) qualified(path []string) []string {
	if len(path) > 1 {
		return path
	}
	return []string{p.session.Database, path[0]}
}

// existing finds a table whose metadata a statement is about.
func (p *planner) existing(path []string) (*scan, error) {
	path = p.qualified(path)
	if err := p.database(path[0]); err != nil {
		return nil, err
	}
	r, err := p.table(&source{path: path, alias: path[len(path)-1]})
	if err != nil {
		return nil, analysis("Table does not exist: %s", strings.Join(path, "."))
	}
	o, _ := r.filter.input.(*scan)
	return o, nil
}

// showPartitions answers SHOW PARTITIONS and SHOW TABLE STATS. The number of rows is -1,
// which means that no statistics were computed; sizes are not known and 0.
func (p *planner) showPartitions(ps *parser, keyed bool) (*Statement, error) {
	o, err := p.tableOf(ps)
	if err != nil {
		return nil, err
	}
	if keyed && o.table.Keys() == 0 {
		return nil, analysis("Table is not partitioned: %s", o.name)
	}
	keys := o.columns[o.firstKey():]
	var names []string
	for _, key := range keys {
		names = append(names, key.Name)
	}
	names = append(names, "#Rows", "#Files", "Size", "Bytes Cached", "Cache Replication", "Format", "Incremental stats", "Location", "EC Policy")
	rows := &listing{}
	for _, values := range o.table.Partitions() {
		var row []Value
		location := location(o.name)
		for i, v := range values {
			row = append(row, StringOf(v.Text()))
			location += "/" + keys[i].Name + "=" + v.Text()
		}
		row = append(row, IntOf(-1), IntOf(1), StringOf("0B"), StringOf("NOT CACHED"), StringOf("NOT CACHED"),
			StringOf("PARQUET"), StringOf("false"), StringOf(location), StringOf("NONE"))
		rows.add(row...)
	}
	if len(keys) > 0 {
		total := make([]Value, len(keys))
		total[0] = StringOf("Total")
		rows.add(append(total, IntOf(-1), IntOf(int64(len(rows.rows))), StringOf("0B"), StringOf("0B"),
			StringOf(""), StringOf(""), StringOf(""), StringOf(""), StringOf(""))...)
	}
	return rows.statement(names...), nil
}

// location is where a table would lie in a warehouse.
func location(table string) string { return "/" + strings.ReplaceAll(table, ".", "/") }

// showColumnStats answers SHOW COLUMN STATS: none were computed, so that only the sizes
// of types of fixed width are known, as in Impala.
func (p *planner) showColumnStats(ps *parser) (*Statement, error) {
	o, err := p.tableOf(ps)
	if err != nil {
		return nil, err
	}
	rows := &listing{}
	for i, c := range o.columns {
		distinct, size := int64(-1), c.Type.slotBytes()
		if i >= o.firstKey() {
			distinct = int64(len(o.table.Partitions()))
		}
		nulls := int64(-1)
		if i >= o.firstKey() {
			nulls = 0
		}
		rows.add(StringOf(c.Name), StringOf(c.Type.String()), IntOf(distinct), IntOf(nulls), IntOf(size), DoubleOf(float64(size)), IntOf(-1), IntOf(-1))
	}
	return rows.statement("Column", "Type", "#Distinct Values", "#Nulls", "Max Size", "Avg Size", "#Trues", "#Falses"), nil
}

// slotBytes is the width of a value in a row of Impala, -1 where that varies.
func (t Type) slotBytes() int64 {
	switch t.Kind {
	case Boolean, TinyInt:
		return 1
	case SmallInt:
		return 2
	case Int, Float, Date:
		return 4
	case BigInt, Double:
		return 8
	case Timestamp:
		return 16
	case Decimal:
		switch {
		case t.Precision <= 9:
			return 4
		case t.Precision <= 18:
			return 8
		}
		return 16
	}
	return -1
}
