package lab

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"qosreport/internal/atomicfile"
	"qosreport/internal/fault"
	"qosreport/internal/lab/sql"
)

// Export writes every table of the catalog as two files of dir: DATABASE.TABLE.csv, and
// DATABASE.TABLE.schema with a line "name TYPE" for each column. The paths of the CSV
// files are returned.
//
// The CSV form is that of RFC 4180 with lines that end in LF: a header; texts always in
// quotes, a quote inside doubled, every other byte as it is, so that line ends and bytes
// that are not UTF-8 survive; NULL is \N without quotes, which no text can be; numbers
// in their shortest exact form, and NaN, Infinity and -Infinity.
func Export(ctx context.Context, catalog sql.Catalog, dir string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fault.New(fault.Output, fault.Render, err)
	}
	var paths []string
	for _, database := range catalog.Databases() {
		for _, name := range catalog.Tables(database) {
			table, found := catalog.Table(database, name)
			if !found {
				continue
			}
			base := filepath.Join(dir, database+"."+name)
			err := atomicfile.Write(base+".schema", 0o644, func(w io.Writer) error { return writeSchema(w, table.Columns()) })
			if err == nil {
				err = atomicfile.Write(base+".csv", 0o644, func(w io.Writer) error { return WriteCSV(ctx, w, table) })
			}
			if err != nil {
				return nil, fault.New(fault.Output, fault.Render, fmt.Errorf("export %s.%s: %w", database, name, err))
			}
			paths = append(paths, base+".csv")
		}
	}
	return paths, nil
}

func writeSchema(w io.Writer, columns []sql.Column) error {
	for _, c := range columns {
		if _, err := fmt.Fprintf(w, "%s %s\n", c.Name, c.Type); err != nil {
			return err
		}
	}
	return nil
}

// WriteCSV writes the rows of all partitions in the form that [Export] describes.
func WriteCSV(ctx context.Context, w io.Writer, table sql.Table) error {
	columns := table.Columns()
	stored := len(columns) - table.Keys()
	names := make([]string, len(columns))
	all := make([]int, stored)
	for i, c := range columns {
		names[i] = c.Name
		if i < stored {
			all[i] = i
		}
	}
	if _, err := io.WriteString(w, strings.Join(names, ",")+"\n"); err != nil {
		return err
	}
	var line []byte
	for p, keys := range table.Partitions() {
		rows, err := table.Scan(ctx, p, all)
		if err != nil {
			return err
		}
		for row := range rows.Count {
			line = line[:0]
			for i, c := range columns {
				if i > 0 {
					line = append(line, ',')
				}
				if i < stored {
					line = appendCSV(line, rows.Read[i](row), c.Type)
				} else {
					line = appendCSV(line, keys[i-stored], c.Type)
				}
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
		}
	}
	return nil
}

func appendCSV(dst []byte, v sql.Value, t sql.Type) []byte {
	if v.IsNull() {
		return append(dst, `\N`...)
	}
	switch t.Kind {
	case sql.Boolean:
		return fmt.Appendf(dst, "%t", v.Bool())
	case sql.TinyInt, sql.SmallInt, sql.Int, sql.BigInt:
		return fmt.Appendf(dst, "%d", v.Int())
	case sql.Float, sql.Double:
		return appendNumber(dst, v.Float(), t.Kind)
	case sql.Decimal, sql.Timestamp, sql.Date:
		return append(dst, v.Text()...)
	}
	dst = append(dst, '"')
	dst = append(dst, bytes.ReplaceAll([]byte(v.Text()), []byte{'"'}, []byte{'"', '"'})...)
	return append(dst, '"')
}

// appendNumber appends the shortest text that reads back the same.
func appendNumber(dst []byte, v float64, kind sql.Kind) []byte {
	bits := 64
	if kind == sql.Float {
		bits = 32
	}
	switch {
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, bits)
}
