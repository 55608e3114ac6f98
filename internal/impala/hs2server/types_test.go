package hs2server

import (
	"context"
	"testing"

	"qosreport/internal/impala/wire"
)

// everyType is a result with a column of each type and rows of NULLs between others.
type everyType struct{}

var typesOfColumns = []wire.ColumnDesc{
	{Name: "a", Type: wire.Boolean}, {Name: "b", Type: wire.TinyInt, Position: 1}, {Name: "c", Type: wire.SmallInt, Position: 2}, {Name: "d", Type: wire.Int, Position: 3},
	{Name: "e", Type: wire.BigInt, Position: 4}, {Name: "f", Type: wire.Float, Position: 5}, {Name: "g", Type: wire.Double, Position: 6}, {Name: "h", Type: wire.String, Position: 7},
	{Name: "i", Type: wire.Timestamp, Position: 8}, {Name: "j", Type: wire.Binary, Position: 9}, {Name: "k", Type: wire.Decimal, Precision: 5, Scale: 2, Position: 10},
	{Name: "l", Type: wire.Date, Position: 11}, {Name: "m", Type: wire.Varchar, MaxLength: 9, Position: 12}, {Name: "n", Type: wire.Char, MaxLength: 3, Position: 13}, {Name: "o", Type: wire.Null, Position: 14},
}

func (everyType) fill(into []wire.ColumnBuilder, rows int) {
	for row := range rows {
		for i := range into {
			switch {
			case row%3 == 1 || typesOfColumns[i].Type == wire.Null:
				into[i].Null()
			case into[i].Kind == wire.KindDouble:
				into[i].Float(0.5)
			case into[i].Kind == wire.KindString || into[i].Kind == wire.KindBinary:
				into[i].Text("\xff\x00")
			default:
				into[i].Int(1)
			}
		}
	}
}

func (e everyType) Execute(context.Context, *Session, string) (Result, error) { return e, nil }
func (everyType) Columns() []wire.ColumnDesc                                  { return typesOfColumns }
func (everyType) Poll() (bool, error)                                         { return true, nil }
func (everyType) Log() string                                                 { return "" }
func (e everyType) Fetch(_ context.Context, most int, into []wire.ColumnBuilder) (bool, error) {
	e.fill(into, min(most, 10))
	return false, nil
}

func TestEveryTypeInBothForms(t *testing.T) {
	s := New(Options{Engine: everyType{}})
	c := connect(t, s)
	for _, protocol := range []int32{wire.ProtocolV6, 0} {
		var opened wire.OpenSessionResp
		c.must("OpenSession", &wire.OpenSessionReq{Protocol: protocol}, &opened)
		o := c.execute(opened.Session, "SELECT", nil)
		var described wire.MetadataResp
		c.must("GetResultSetMetadata", &wire.OperationReq{Operation: o}, &described)
		for i, column := range described.Columns {
			if column != typesOfColumns[i] {
				t.Errorf("protocol %d: column %+v, want %+v", protocol, column, typesOfColumns[i])
			}
		}
		got := c.fetch(o, wire.FetchNext, 10)
		if opened.Protocol != protocol || got.ByRow != (protocol < wire.ProtocolV6) {
			t.Fatalf("protocol %d was answered with %d and rows one by one %v", protocol, opened.Protocol, got.ByRow)
		}
		for i := range got.Columns {
			column := &got.Columns[i]
			for row := range got.Rows {
				if null := row%3 == 1 || typesOfColumns[i].Type == wire.Null; column.Null(row) != null {
					t.Errorf("%s, row %d: null %t", typesOfColumns[i].TypeName(), row, !null)
				}
			}
			kind := KindOf(typesOfColumns[i].Type)
			if protocol < wire.ProtocolV6 {
				kind = min(kind, wire.KindString) // which has no field for bytes
			}
			if column.Kind() != kind || column.Len() != 10 || typesOfColumns[i].Type == wire.Binary && string(column.Text(0)) != "\xff\x00" {
				t.Errorf("%s: kind %d, %d rows", typesOfColumns[i].TypeName(), column.Kind(), column.Len())
			}
		}
	}
}

func TestTheLowerProtocolCounts(t *testing.T) {
	for asked, want := range map[int32]int32{0: 0, 4: 4, 5: 5, 6: 5, 10: 5, 0xFF01: 5} {
		var opened wire.OpenSessionResp
		connect(t, server()).must("OpenSession", &wire.OpenSessionReq{Protocol: asked}, &opened)
		if opened.Protocol != want {
			t.Errorf("asked %d, got %d", asked, opened.Protocol)
		}
	}
}

// wide is a result of so many rows and columns.
type wide struct{ rows, columns int }

func (w wide) Execute(context.Context, *Session, string) (Result, error) { return w, nil }
func (w wide) Poll() (bool, error)                                       { return true, nil }
func (w wide) Log() string                                               { return "" }
func (w wide) Columns() []wire.ColumnDesc {
	return make([]wire.ColumnDesc, w.columns) // BOOLEANs
}
func (w wide) Fetch(_ context.Context, most int, into []wire.ColumnBuilder) (bool, error) {
	for i := range into {
		for range min(most, w.rows) {
			into[i].Int(1)
		}
	}
	return false, nil
}

func TestWideAndLongBatches(t *testing.T) {
	for _, shape := range []wide{{0, 100}, {3000, 100}, {100_000, 2}} {
		c := connect(t, New(Options{Engine: shape}))
		if got := c.fetch(c.execute(c.open(nil), "SELECT", nil), wire.FetchNext, 0); got.Rows != shape.rows || len(got.Columns) != shape.columns || !got.HasResults {
			t.Errorf("%d rows of %d columns", got.Rows, len(got.Columns))
		}
	}
}
