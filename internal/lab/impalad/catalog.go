package impalad

import (
	"context"

	"qosreport/internal/impala/hs2server"
	"qosreport/internal/lab/sql"
)

// Databases are those of SHOW DATABASES.
func (e *engine) Databases(context.Context, *hs2server.Session) ([]hs2server.Database, error) {
	var all []hs2server.Database
	names, comments := sql.Databases(e.catalog)
	for i, name := range names {
		all = append(all, hs2server.Database{Name: name, Comment: comments[i]})
	}
	return all, nil
}

// Tables are the tables of a database; there are no views.
func (e *engine) Tables(_ context.Context, _ *hs2server.Session, database string) ([]hs2server.Table, error) {
	var all []hs2server.Table
	for _, name := range e.catalog.Tables(database) {
		t, found := e.catalog.Table(database, name)
		if !found {
			continue
		}
		table := hs2server.Table{Name: name}
		for i, c := range t.Columns() {
			table.Columns = append(table.Columns, hs2server.Column{ColumnDesc: describe(c, i)})
		}
		all = append(all, table)
	}
	return all, nil
}

// Functions are those that users have made: none.
func (e *engine) Functions(context.Context, *hs2server.Session, string) ([]hs2server.Function, error) {
	return nil, nil
}
