package xlsx

import (
	"fmt"
	"io"
	"testing"

	"github.com/xuri/excelize/v2"

	"qosreport/internal/definition"
	"qosreport/internal/impala/wire"
	"qosreport/internal/query"
	"qosreport/internal/report"
)

const (
	benchRows    = 1_000_000
	benchColumns = 10
)

// broad is a table of texts and numbers by turns.
type broad struct{}

func (broad) Len() int { return benchRows }
func (broad) Each(row func(cells []query.Cell) error) error {
	cells := make([]query.Cell, benchColumns)
	for i := range benchRows {
		for k := range cells {
			if k%2 == 0 {
				cells[k] = query.Cell{Kind: query.CellNumber, Num: float64(i) / 8}
			} else {
				cells[k] = query.Cell{Kind: query.CellText, Text: "text of a usual length"}
			}
		}
		if err := row(cells); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkTable has to stay within 1.2 times of BenchmarkStreamWriterAlone.
func BenchmarkTable(b *testing.B) {
	p := page(nil)
	p.Sections[1].Table.Columns = nil
	for k := range benchColumns {
		p.Sections[1].Table.Columns = append(p.Sections[1].Table.Columns, report.Column{Name: fmt.Sprint("c", k), ID: []wire.TypeID{wire.Double, wire.String}[k%2]})
	}
	p.Sections[1].Table.Rows = broad{}
	b.ReportAllocs()
	for b.Loop() {
		if err := Render(io.Discard, p, []definition.Sheet{{Name: "Rows", Sections: []string{"worst"}}}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStreamWriterAlone writes the same cells without anything of ours.
func BenchmarkStreamWriterAlone(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		f := excelize.NewFile()
		out, err := f.NewStreamWriter("Sheet1")
		if err != nil {
			b.Fatal(err)
		}
		style, err := f.NewStyle(&excelize.Style{NumFmt: 49})
		if err != nil {
			b.Fatal(err)
		}
		row, cells := 0, make([]any, benchColumns)
		err = broad{}.Each(func(values []query.Cell) error {
			row++
			for k, v := range values {
				if v.Kind == query.CellNumber {
					cells[k] = excelize.Cell{StyleID: style, Value: v.Num}
				} else {
					cells[k] = excelize.Cell{StyleID: style, Value: v.Text}
				}
			}
			at, err := excelize.CoordinatesToCellName(1, row)
			if err != nil {
				return err
			}
			return out.SetRow(at, cells)
		})
		if err != nil {
			b.Fatal(err)
		}
		if err := out.Flush(); err != nil {
			b.Fatal(err)
		}
		if err := f.Write(io.Discard); err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
