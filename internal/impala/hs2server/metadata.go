package hs2server

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"qosreport/internal/impala/wire"
)

// metadataCall is a metadata call without its session.
type metadataCall struct {
	name  string // of the method, which stands where statements have their text
	typ   int32  // TOperationType
	names []*string
	types []string // of tables
}

// Places of the names in a metadata call.
const (
	catalogName = 0
	schemaName  = 1
	tableName   = 2 // and that of a function
	columnName  = 3
)

// pattern is what the call asks for in a place, "" without a choice.
func (m metadataCall) pattern(place int) string {
	if m.names[place] == nil || *m.names[place] == "%" {
		return ""
	}
	return *m.names[place]
}

func (m metadataCall) matcher(place int) func(string) bool { return patternMatcher(m.pattern(place)) }

// maxPattern is far beyond any name. A longer pattern would take a hundred times its
// size as a regular expression.
const maxPattern = 4 << 10

// patternMatcher reads a pattern as Impala does (PatternMatcher.java): those of JDBC are
// regular expressions in which % stands for .* and _ for a dot, unless there is a
// backslash before it. No pattern matches everything.
func patternMatcher(pattern string) func(string) bool {
	if pattern == "" {
		return func(string) bool { return true }
	}
	if len(pattern) > maxPattern {
		return func(string) bool { return false }
	}
	var b strings.Builder
	escaped := false
	for _, r := range strings.ToLower(pattern) {
		switch {
		case escaped:
			b.WriteString(regexp.QuoteMeta(string(r)))
		case r == '%':
			b.WriteString(".*")
		case r == '_':
			b.WriteByte('.')
		case r != '\\':
			b.WriteRune(r)
		}
		escaped = r == '\\' && !escaped
	}
	expression, err := regexp.Compile("^(?s:" + b.String() + ")$")
	if err != nil {
		return func(name string) bool { return strings.EqualFold(name, pattern) }
	}
	return func(name string) bool { return expression.MatchString(strings.ToLower(name)) }
}

// catalog answers a metadata call with an operation that has finished.
func (c *connection) catalog(ctx context.Context, call metadataCall, h wire.SessionHandle) wire.Message {
	o, err := c.startMetadata(ctx, call, h)
	if err != nil {
		return &wire.OperationResp{Status: status(err)}
	}
	return &wire.OperationResp{Operation: &o.handle}
}

func (c *connection) startMetadata(ctx context.Context, call metadataCall, h wire.SessionHandle) (*operation, error) {
	s := c.server
	session, err := s.session(h.Handle, c)
	if err != nil {
		return nil, err
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	view := &Session{session: session}
	o := &operation{session: session, statement: call.name, kind: "DDL", options: view.Options(), started: time.Now(),
		cancel: func() {}, ready: make(chan struct{})}
	o.handle = wire.OperationHandle{Handle: newHandle(session.handle.Secret), Type: call.typ, HasResultSet: true}
	o.id = wire.ImpalaID(o.handle.GUID)
	view.queryID = o.id
	result, err := s.listCatalog(ctx, view, call)
	if err != nil {
		return nil, err
	}
	o.result = result
	if err := s.add(o); err != nil {
		return nil, err
	}
	return o, o.begin()
}

func (s *Server) listCatalog(ctx context.Context, session *Session, call metadataCall) (*listing, error) {
	catalog, _ := s.opts.Engine.(Catalog)
	switch call.name {
	case "GetTypeInfo":
		return typeInfo(), nil
	case "GetCatalogs":
		return &listing{columns: textColumns("TABLE_CAT")}, nil
	case "GetTableTypes":
		return &listing{columns: textColumns("TABLE_TYPE"), rows: [][]any{{tableType}, {viewType}}}, nil
	case "GetPrimaryKeys":
		return &listing{columns: columnsOf("TABLE_CAT TABLE_SCHEM TABLE_NAME COLUMN_NAME KEQ_SEQ:i PK_NAME")}, nil
	case "GetCrossReference":
		return &listing{columns: columnsOf("PKTABLE_CAT PKTABLE_SCHEM PKTABLE_NAME PKCOLUMN_NAME FKTABLE_CAT FKTABLE_SCHEM FKTABLE_NAME " +
			"FKCOLUMN_NAME KEQ_SEQ:i UPDATE_RULE:i DELETE_RULE:i FK_NAME PK_NAME DEFERRABILITY:i")}, nil
	case "GetSchemas":
		return listSchemas(ctx, catalog, session, call)
	case "GetTables":
		return listTables(ctx, catalog, session, call)
	case "GetFunctions":
		return listFunctions(ctx, catalog, session, call)
	}
	return listColumns(ctx, catalog, session, call)
}

// The kinds of tables.
const (
	tableType = "TABLE"
	viewType  = "VIEW"
)

// columnsOf describes the columns of a metadata call: texts, and integers (:i), small
// ones (:s) and booleans (:b).
func columnsOf(names string) []wire.ColumnDesc {
	fields := strings.Fields(names)
	columns := make([]wire.ColumnDesc, len(fields))
	for i, field := range fields {
		name, form, _ := strings.Cut(field, ":")
		typ := map[string]wire.TypeID{"": wire.String, "i": wire.Int, "s": wire.SmallInt, "b": wire.Boolean}[form]
		columns[i] = wire.ColumnDesc{Name: name, Type: typ, Position: int32(i)}
	}
	return columns
}

// eachDatabase visits the databases that the call asks for, in order of their names. They
// are in no catalog, so that a call that names one finds nothing.
func eachDatabase(ctx context.Context, catalog Catalog, session *Session, call metadataCall, visit func(Database) error) error {
	if catalog == nil || call.pattern(catalogName) != "" {
		return nil
	}
	databases, err := catalog.Databases(ctx, session)
	if err != nil {
		return err
	}
	wanted := call.matcher(schemaName)
	slices.SortFunc(databases, func(a, b Database) int { return strings.Compare(a.Name, b.Name) })
	for _, d := range databases {
		if !wanted(d.Name) {
			continue
		}
		if err := visit(d); err != nil {
			return err
		}
	}
	return nil
}

// eachTable visits the tables that the call asks for.
func eachTable(ctx context.Context, catalog Catalog, session *Session, call metadataCall, visit func(Database, Table)) error {
	wanted := call.matcher(tableName)
	return eachDatabase(ctx, catalog, session, call, func(d Database) error {
		tables, err := catalog.Tables(ctx, session, d.Name)
		slices.SortFunc(tables, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
		for _, t := range tables {
			if wanted(t.Name) {
				visit(d, t)
			}
		}
		return err
	})
}

func listSchemas(ctx context.Context, catalog Catalog, session *Session, call metadataCall) (*listing, error) {
	l := &listing{columns: textColumns("TABLE_SCHEM", "TABLE_CATALOG")}
	return l, eachDatabase(ctx, catalog, session, call, func(d Database) error {
		l.add(d.Name, "")
		return nil
	})
}

func listTables(ctx context.Context, catalog Catalog, session *Session, call metadataCall) (*listing, error) {
	l := &listing{columns: textColumns("TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS")}
	return l, eachTable(ctx, catalog, session, call, func(d Database, t Table) {
		typ := tableType
		if t.View {
			typ = viewType
		}
		if len(call.types) == 0 || slices.ContainsFunc(call.types, func(asked string) bool { return strings.EqualFold(asked, typ) }) {
			l.add("", d.Name, t.Name, typ, t.Comment)
		}
	})
}

// listFunctions finds nothing for a call that names a schema, as Impala: its functions are
// said to be in none.
func listFunctions(ctx context.Context, catalog Catalog, session *Session, call metadataCall) (*listing, error) {
	const noTable = 1 // java.sql.DatabaseMetaData.functionNoTable
	l := &listing{columns: columnsOf("FUNCTION_CAT FUNCTION_SCHEM FUNCTION_NAME REMARKS FUNCTION_TYPE:i SPECIFIC_NAME")}
	if call.pattern(schemaName) != "" {
		return l, nil
	}
	wanted := call.matcher(tableName)
	return l, eachDatabase(ctx, catalog, session, call, func(d Database) error {
		functions, err := catalog.Functions(ctx, session, d.Name)
		slices.SortFunc(functions, func(a, b Function) int { return strings.Compare(a.Signature, b.Signature) })
		for _, f := range functions {
			if wanted(f.Name) {
				l.add(nil, d.Name, f.Name, "", noTable, f.Signature)
			}
		}
		return err
	})
}

func listColumns(ctx context.Context, catalog Catalog, session *Session, call metadataCall) (*listing, error) {
	l := &listing{columns: columnsOf("TABLE_CAT TABLE_MD TABLE_NAME COLUMN_NAME DATA_TYPE:i TYPE_NAME COLUMN_SIZE:i BUFFER_LENGTH:i DECIMAL_DIGITS:i " +
		"NUM_PREC_RADIX:i NULLABLE:i REMARKS COLUMN_DEF SQL_DATA_TYPE:i SQL_DATETIME_SUB:i CHAR_OCTET_LENGTH:i ORDINAL_POSITION:i IS_NULLABLE " +
		"SCOPE_CATALOG SCOPE_SCHEMA SCOPE_TABLE SOURCE_DATA_TYPE:s IS_AUTO_INCREMENT")}
	wanted := call.matcher(columnName)
	const nullable = 1
	return l, eachTable(ctx, catalog, session, call, func(d Database, t Table) {
		for i, c := range t.Columns {
			if !wanted(c.Name) {
				continue
			}
			var remarks any
			if c.Comment != "" {
				remarks = c.Comment
			}
			j := jdbcOf(c.ColumnDesc)
			l.add(nil, d.Name, t.Name, c.Name, j.typ, c.Type.String(), j.size, nil, j.digits, j.radix, nullable, remarks,
				nil, nil, nil, nil, i+1, "YES", nil, nil, nil, nil, "NO")
		}
	})
}
