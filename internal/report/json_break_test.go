package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"qosreport/internal/query"
)

// cellRows are rows in memory.
type cellRows [][]query.Cell

func (r cellRows) Len() int { return len(r) }

func (r cellRows) Each(row func([]query.Cell) error) error {
	for _, cells := range r {
		if err := row(cells); err != nil {
			return err
		}
	}
	return nil
}

func TestJSONOfTablesIsWhatMarshalGives(t *testing.T) {
	text := func(s string) []query.Cell {
		return []query.Cell{{Kind: query.CellText, Text: s}, {Kind: query.CellNull}}
	}
	columns := []Column{{Name: "a", Type: "STRING"}, {Name: "b", Type: "BIGINT"}}
	tests := []struct {
		name   string
		tables []RowSet
	}{
		{"no table", nil},
		{"a table without rows", []RowSet{cellRows{}}},
		{"two tables in their order", []RowSet{cellRows{text("first"), text("second")}, cellRows{text("third")}}},
		{"texts that look like the place of the rows", []RowSet{cellRows{text(rowsMark)}, cellRows{text(`"rows": ""`)}}},
		{"texts with line ends, quotes and tags", []RowSet{cellRows{text("a\n\"b\"\\</script>\u2028")}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &Page{Title: rowsMark, Sections: []Section{{Name: "heat", Kind: KindHeatmap, Heatmap: &Heatmap{}}}}
			for _, rows := range tt.tables {
				p.Sections = append(p.Sections, Section{Name: rowsMark, Kind: KindTable, Table: &Table{Columns: columns, Rows: rows}})
			}
			var out bytes.Buffer
			if err := JSON(&out, p); err != nil {
				t.Fatal(err)
			}
			whole, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			var got, want any
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatalf("%v in\n%s", err, out.Bytes())
			}
			if err := json.Unmarshal(whole, &want); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %s; want %s", out.Bytes(), whole)
			}
			for _, rows := range tt.tables {
				if rows.Len() > 1 && !strings.Contains(out.String(), "\n          [\"second\",null]\n") {
					t.Errorf("a row is not a line: %s", out.Bytes())
				}
			}
		})
	}
}

// A table of a million rows must not be held in memory, nor be written when nobody wants
// it any more.
func TestJSONStopsWithItsWriter(t *testing.T) {
	rows := make(cellRows, 100_000)
	for i := range rows {
		rows[i] = []query.Cell{{Kind: query.CellInt, Int: int64(i)}}
	}
	seen := 0
	p := &Page{Sections: []Section{{Kind: KindTable, Table: &Table{Columns: []Column{{Name: "n"}}, Rows: counted{rows, &seen}}}}}
	if err := JSON(full{}, p); err == nil {
		t.Error("no error of a writer that is full")
	}
	if seen == 0 || seen > 10_000 {
		t.Errorf("%d rows were read for a writer that takes none", seen)
	}
}

// counted counts the rows that are read.
type counted struct {
	cellRows
	seen *int
}

func (c counted) Each(row func([]query.Cell) error) error {
	return c.cellRows.Each(func(cells []query.Cell) error { *c.seen++; return row(cells) })
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, bytes.ErrTooLarge }
