package report

import (
	"bufio"
	"encoding/json"
	"io"
	"math"

	"qosreport/internal/query"
)

// JSON writes the page as JSON. Rows of tables are arrays in the order of the columns;
// numbers that JSON does not know are the texts NaN, Infinity and
// -Infinity, and exact decimals are texts too.
func JSON(w io.Writer, p *Page) error {
	out := bufio.NewWriterSize(w, 64<<10)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(p); err != nil {
		return err
	}
	return out.Flush()
}

// MarshalJSON writes the rows as arrays.
func (t *Table) MarshalJSON() ([]byte, error) {
	type head struct {
		Columns []Column `json:"columns"`
		Rows    [][]any  `json:"rows"`
	}
	h := head{Columns: t.Columns, Rows: [][]any{}}
	err := t.Rows.Each(func(cells []query.Cell) error {
		row := make([]any, len(cells))
		for i, c := range cells {
			row[i] = jsonValue(c)
		}
		h.Rows = append(h.Rows, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(h)
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
