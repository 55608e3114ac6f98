package query

import (
	"fmt"
	"io"
	"strings"
	"time"

	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// Printer writes the rows of one result as text. The order is Header, any number of
// Batch, Finish; after an error nothing more may be written.
type Printer interface {
	Header(columns []wire.ColumnDesc) error
	// Batch writes the rows from the first one to before the last one.
	Batch(b *impala.Batch, from, to int) error
	// Finish writes what is left. A warning tells what the text does not show as it is; ""
	// for none.
	Finish() (warning string, err error)
}

// Formats are the names that [NewPrinter] knows.
var Formats = []string{"table", "csv", "tsv", "json", "null"}

// NewPrinter writes to w in one of the [Formats]. NULL is NULL in a table, \N in tsv,
// nothing in csv (where an empty text is ""), null in json, which is one object a line.
// The format null prints no rows, but how many there were, how fast they came, and a
// checksum of each column.
//
// A printer holds a few megabytes at most, however many rows there are, and one row.
func NewPrinter(format string, w io.Writer) (Printer, error) {
	switch format {
	case "table":
		return newTablePrinter(w), nil
	case "csv":
		return newRowsPrinter(w, newCSVRows()), nil
	case "tsv":
		return newRowsPrinter(w, newTSVRows()), nil
	case "json":
		return newRowsPrinter(w, new(jsonRows)), nil
	case "null":
		return &nullPrinter{out: w, started: time.Now()}, nil
	}
	return nil, fmt.Errorf("unknown format %q: write one of %s", format, strings.Join(Formats, ", "))
}
