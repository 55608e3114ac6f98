package sql

import "context"

// A Catalog holds the tables that statements read. Names are lower case.
// Its methods are called from several goroutines at once.
type Catalog interface {
	Databases() []string
	Tables(database string) []string
	// Table reports false if there is no such table.
	Table(database, name string) (Table, bool)
}

// A Table is stored in partitions. Nothing of a partition but its keys is read
// before a statement needs it.
type Table interface {
	// Columns are in the order of SELECT *, partition keys last.
	Columns() []Column
	// Keys is the number of partition keys.
	Keys() int
	// Partitions are the partition keys of each partition, in the order in which
	// they are scanned.
	Partitions() [][]Value
	// Scan opens a partition for the columns, which are indices into Columns
	// and never partition keys.
	Scan(ctx context.Context, partition int, columns []int) (Rows, error)
}

// Rows are the rows of one partition.
type Rows struct {
	Count int
	// Read holds a function for each column that was asked for. It gives the
	// value of a row, 0 to Count-1, and may be called more than once.
	Read []func(row int) Value
}

// A Column has a name, lower case, and a type.
type Column struct {
	Name string
	Type Type
}
