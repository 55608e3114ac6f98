package sql

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A memoryTable is a table of literal rows, and counts what is read of it.
type memoryTable struct {
	columns    []Column
	partitions []memoryPartition
	scanned    map[int]int // partition: times
	read       map[string]bool
	failure    error
	mutex      sync.Mutex // of scanned and read
}

type memoryPartition struct {
	key  string
	rows [][]Value
}

func (t *memoryTable) Columns() []Column { return t.columns }
func (t *memoryTable) Keys() int         { return 1 }

func (t *memoryTable) Partitions() [][]Value {
	var keys [][]Value
	for _, p := range t.partitions {
		keys = append(keys, []Value{StringOf(p.key)})
	}
	return keys
}

func (t *memoryTable) Scan(_ context.Context, partition int, columns []int) (Rows, error) {
	if t.failure != nil {
		return Rows{}, t.failure
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.scanned[partition]++
	rows := t.partitions[partition].rows
	result := Rows{Count: len(rows)}
	for _, c := range columns {
		t.read[t.columns[c].Name] = true
		result.Read = append(result.Read, func(row int) Value { return rows[row][c] })
	}
	return result, nil
}

type memoryCatalog map[string]*memoryTable // by database.table

func (c memoryCatalog) Databases() []string { return []string{"default", "qos"} }

func (c memoryCatalog) Tables(database string) []string {
	var names []string
	for name := range c {
		if after, found := strings.CutPrefix(name, database+"."); found {
			names = append(names, after)
		}
	}
	slices.Sort(names)
	return names
}

func (c memoryCatalog) Table(database, name string) (Table, bool) {
	t, found := c[database+"."+name]
	return t, found
}

// fixture is two small tables: default.t of all types in two partitions, and
// qos.site with a row for some of its sites.
func fixture() memoryCatalog {
	column := func(name string, kind Kind) Column { return Column{name, Type{Kind: kind}} }
	at := func(text string) Value {
		v, _ := parseTimestamp(text)
		return v
	}
	null := Value{}
	t := &memoryTable{
		columns: []Column{column("id", BigInt), column("site", String), column("small", SmallInt), column("x", Double),
			{"price", decimalType(10, 2)}, column("ok", Boolean), column("ts", Timestamp), column("dt", String)},
		partitions: []memoryPartition{
			{"2017-09-11", [][]Value{
				{IntOf(1), StringOf("Zürich"), IntOf(3), DoubleOf(1.5), DecimalOf(1050, 2), BoolOf(true), at("2017-09-11 22:30:00"), null},
				{IntOf(2), StringOf("Praha"), IntOf(-4), DoubleOf(math.NaN()), DecimalOf(-325, 2), BoolOf(false), at("2017-09-11 23:59:59.5"), null},
			}},
			{"2017-09-12", [][]Value{
				{IntOf(3), StringOf("Zürich"), null, DoubleOf(8), null, null, at("2017-09-12 14:05:06"), null},
				{IntOf(4), null, IntOf(7), null, DecimalOf(99, 2), BoolOf(true), null, null},
				{IntOf(5), StringOf("0123"), IntOf(7), DoubleOf(math.Inf(1)), DecimalOf(0, 2), BoolOf(false), at("2017-09-12 00:00:00"), null},
			}},
		},
		scanned: map[int]int{}, read: map[string]bool{},
	}
	site := &memoryTable{
		columns: []Column{column("name", String), column("rtt", Int), column("dt", String)},
		partitions: []memoryPartition{{"2017-09-12", [][]Value{
			{StringOf("Zürich"), IntOf(30), null},
			{StringOf("Lima"), IntOf(190), null},
			{null, IntOf(0), null},
		}}},
		scanned: map[int]int{}, read: map[string]bool{},
	}
	return memoryCatalog{"default.t": t, "qos.site": site}
}

func session() Session {
	return Session{Now: time.Date(2017, 9, 13, 4, 0, 0, 500_000_000, time.UTC), Zone: time.FixedZone("CEST", 7200)}
}

// ask runs a statement and gives each row as text, NULL as NULL, joined by |.
func ask(c Catalog, s Session, text string) (columns []Column, rows []string, err error) {
	st, err := New(c).Prepare(context.Background(), s, text)
	if err != nil {
		return nil, nil, err
	}
	err = st.Run(context.Background(), func(row []Value) bool {
		var cells []string
		for _, v := range row {
			if v.IsNull() {
				cells = append(cells, "NULL")
			} else {
				cells = append(cells, v.Text())
			}
		}
		rows = append(rows, strings.Join(cells, "|"))
		return true
	})
	return st.Columns(), rows, err
}

func typesOf(columns []Column) string {
	var types []string
	for _, c := range columns {
		types = append(types, c.Type.String())
	}
	return strings.Join(types, " ")
}

// A statement test gives a statement and what Impala answers.
type statementTest struct {
	name  string
	sql   string
	types string // "" is not compared
	rows  []string
	err   string // a part of the error
}

// An exprTest gives the list of a SELECT without FROM and the one row of its values.
type exprTest struct {
	name  string
	list  string
	types string // "" is not compared
	want  string
	err   string // a part of the error
}

func runLists(t *testing.T, tests []exprTest) {
	t.Helper()
	var statements []statementTest
	for _, tt := range tests {
		statements = append(statements, statementTest{name: tt.name, sql: "select " + tt.list, types: tt.types, rows: []string{tt.want}, err: tt.err})
	}
	run(t, statements)
}

func run(t *testing.T, tests []statementTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			columns, rows, err := ask(fixture(), session(), tt.sql)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("%s\ngave %v, %v; want error %q", tt.sql, rows, err, tt.err)
				}
				if own := (*Error)(nil); !errors.As(err, &own) {
					t.Errorf("error is a %T", err)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s\n%v", tt.sql, err)
			}
			if tt.types != "" && typesOf(columns) != tt.types {
				t.Errorf("%s\nhas types %s; want %s", tt.sql, typesOf(columns), tt.types)
			}
			if fmt.Sprintf("%q", rows) != fmt.Sprintf("%q", tt.rows) {
				t.Errorf("%s\ngave %q\nwant %q", tt.sql, rows, tt.rows)
			}
		})
	}
}
