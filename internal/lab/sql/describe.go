package sql

import "strings"

// describe answers DESCRIBE [FORMATTED] table and DESCRIBE DATABASE.
func (p *planner) describe(ps *parser) (*Statement, error) {
	switch {
	case ps.word("database"):
		return p.describeDatabase(ps)
	case ps.word("formatted"), ps.word("extended"):
		return p.describeFormatted(ps)
	}
	o, err := p.described(ps)
	if err != nil {
		return nil, err
	}
	rows := &listing{}
	for _, f := range o.columns {
		rows.texts(f.Name, strings.ToLower(f.Type.String()), "")
	}
	return rows.statement("name", "type", "comment"), nil
}

// described is the table of a DESCRIBE, which Impala looks for as it does for a column of a
// complex type.
func (p *planner) described(ps *parser) (*scan, error) {
	path, err := ps.lastPath()
	if err != nil {
		return nil, err
	}
	o, err := p.existing(path)
	if err != nil {
		return nil, analysis("Could not resolve path: '%s'", joinPath(path))
	}
	return o, nil
}

func (p *planner) describeDatabase(ps *parser) (*Statement, error) {
	if ps.word("extended") || ps.word("formatted") {
		return nil, unsupported("DESCRIBE DATABASE EXTENDED")
	}
	name, err := ps.identifier()
	if err != nil {
		return nil, err
	}
	if err := ps.finish(); err != nil {
		return nil, err
	}
	if err := p.database(name); err != nil {
		return nil, err
	}
	rows := &listing{}
	rows.texts(name, location(name), databaseComment(name))
	return rows.statement("name", "location", "comment"), nil
}

// describeFormatted answers in the layout of Hive, which Impala passes on
// (HiveMetadataFormatterUtils.java): blocks of name, value and comment, in which what is
// missing is NULL.
func (p *planner) describeFormatted(ps *parser) (*Statement, error) {
	o, err := p.described(ps)
	if err != nil {
		return nil, err
	}
	database, _, _ := strings.Cut(o.name, ".")
	rows := &listing{}
	line := func(name, value string) { rows.add(StringOf(name), StringOf(value), Value{}) }
	gap := func() { rows.add(StringOf(""), Value{}, Value{}) }
	title := func(text string) { rows.add(StringOf(text), Value{}, Value{}) }
	head := func() {
		rows.texts("# col_name", "data_type", "comment")
		gap()
	}
	columns := func(list []Column) {
		head()
		for _, c := range list {
			line(c.Name, strings.ToLower(c.Type.String()))
		}
		gap()
	}
	columns(o.columns[:o.firstKey()])
	if o.table.Keys() > 0 {
		title("# Partition Information")
		columns(o.columns[o.firstKey():])
	}
	title("# Detailed Table Information")
	line("Database:", database)
	line("OwnerType:", "USER")
	line("Owner:", "demo")
	line("LastAccessTime:", "UNKNOWN")
	line("Retention:", "0")
	line("Location:", location(o.name))
	line("Table Type:", "EXTERNAL_TABLE")
	title("Table Parameters:")
	rows.texts("", "EXTERNAL", "TRUE")
	gap()
	title("# Storage Information")
	line("SerDe Library:", "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")
	line("InputFormat:", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat")
	line("OutputFormat:", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat")
	line("Compressed:", "No")
	line("Num Buckets:", "0")
	line("Bucket Columns:", "[]")
	line("Sort Columns:", "[]")
	return rows.statement("name", "type", "comment"), nil
}

// showCreate answers SHOW CREATE TABLE with a text that makes a table of the same columns.
func (p *planner) showCreate(ps *parser) (*Statement, error) {
	o, err := p.tableOf(ps)
	if err != nil {
		return nil, err
	}
	list := func(columns []Column) string {
		lines := make([]string, len(columns))
		for i, c := range columns {
			lines[i] = "  " + c.Name + " " + c.Type.String()
		}
		return " (\n" + strings.Join(lines, ",\n") + "\n)\n"
	}
	text := "CREATE EXTERNAL TABLE " + o.name + list(o.columns[:o.firstKey()])
	if o.table.Keys() > 0 {
		text += "PARTITIONED BY" + list(o.columns[o.firstKey():])
	}
	rows := &listing{}
	rows.texts(text + "STORED AS PARQUET\nLOCATION '" + location(o.name) + "'\n")
	return rows.statement("result"), nil
}
