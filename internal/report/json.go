package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math"
	"slices"

	"qosreport/internal/query"
)

// JSON writes the page as JSON. Rows of tables are arrays in the order of the columns;
// numbers that JSON does not know are the texts NaN, Infinity and
// -Infinity, and exact decimals are texts too. A table is never whole in memory.
func JSON(w io.Writer, p *Page) error {
	bare, tables := withoutRows(p)
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(bare); err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	rest := text.Bytes()
	for _, t := range tables {
		before, after, _ := bytes.Cut(rest, []byte(rowsMark))
		out.Write(before) // a bufio.Writer keeps its error for Flush
		if err := writeRows(out, t.Rows); err != nil {
			return err
		}
		rest = after
	}
	out.Write(rest)
	return out.Flush()
}

// rowsMark is where the rows of a table belong in the page. No text of it holds the mark,
// for JSON escapes line ends, and no rows of another section are a text.
const (
	rowsMark  = "\n" + rowsIndent + `"rows": ""`
	rowsStart = "\n" + rowsIndent + `"rows": [`

	rowsIndent = "        "
)

// later stands for rows that are written by themselves.
type later struct{ RowSet }

// withoutRows is the page without the rows of its tables, and the tables.
func withoutRows(p *Page) (*Page, []*Table) {
	bare := *p
	bare.Sections = slices.Clone(p.Sections)
	var tables []*Table
	for i := range bare.Sections {
		s := &bare.Sections[i]
		if s.Table == nil {
			continue
		}
		tables = append(tables, s.Table)
		s.Table = &Table{Columns: s.Table.Columns, Rows: later{}}
	}
	return &bare, tables
}

// writeRows writes a row a line.
func writeRows(out *bufio.Writer, rows RowSet) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	separator, end := rowsStart, rowsStart+"]"
	err := rows.Each(func(cells []query.Cell) error {
		line.Reset()
		if err := encoder.Encode(jsonRow(cells)); err != nil {
			return err
		}
		out.WriteString(separator)
		out.WriteString("\n  " + rowsIndent)
		separator, end = ",", "\n"+rowsIndent+"]"
		_, err := out.Write(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
		return err
	})
	out.WriteString(end)
	return err
}

// MarshalJSON writes the rows as arrays.
func (t *Table) MarshalJSON() ([]byte, error) {
	h := struct {
		Columns []Column `json:"columns"`
		Rows    any      `json:"rows"`
	}{t.Columns, ""}
	if _, apart := t.Rows.(later); apart {
		return json.Marshal(h)
	}
	rows := [][]any{}
	err := t.Rows.Each(func(cells []query.Cell) error {
		rows = append(rows, jsonRow(cells))
		return nil
	})
	if err != nil {
		return nil, err
	}
	h.Rows = rows
	return json.Marshal(h)
}

func jsonRow(cells []query.Cell) []any {
	row := make([]any, len(cells))
	for i, c := range cells {
		row[i] = jsonValue(c)
	}
	return row
}

func jsonValue(c query.Cell) any {
	switch c.Kind {
	case query.CellNull:
		return nil
	case query.CellInt:
		return c.Int
	case query.CellBool:
		return c.Int != 0
	case query.CellNumber:
		switch {
		case math.IsNaN(c.Num):
			return "NaN"
		case math.IsInf(c.Num, 1):
			return "Infinity"
		case math.IsInf(c.Num, -1):
			return "-Infinity"
		}
		return c.Num
	}
	return c.Text
}
