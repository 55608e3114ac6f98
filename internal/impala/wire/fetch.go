package wire

import (
	"fmt"

	"github.com/apache/thrift/lib/go/thrift"
)

// Orientations of a fetch that Impala has (TFetchOrientation).
const (
	FetchNext  int32 = 0
	FetchFirst int32 = 4 // from the start again, for a result that the server caches
)

// FetchResultsReq is TFetchResultsReq.
type FetchResultsReq struct {
	Operation   OperationHandle
	Orientation int32
	MaxRows     int64
}

func (m *FetchResultsReq) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Operation.read(d)
		case d.is(2, thrift.I32):
			m.Orientation = d.i32()
		case d.is(3, thrift.I64):
			m.MaxRows = d.i64()
		default:
			d.skip()
		}
	}
}

func (m *FetchResultsReq) write(e *encoder) {
	e.begin(1)
	m.Operation.write(e)
	e.i32(2, m.Orientation)
	e.i64(3, m.MaxRows)
}

// FetchResultsResp is TFetchResultsResp with its TRowSet. Reading fills Columns, and
// reading into the same value again reuses their memory. Rows in the form before V6 become
// columns too. Writing sends Build.
type FetchResultsResp struct {
	Status      Status
	HasMoreRows bool
	HasResults  bool  // false while the rows are not ready (STILL_EXECUTING)
	StartRow    int64 // offset of the first row, on servers that count
	Rows        int   // rows of the batch
	Columns     []Column
	Build       []ColumnBuilder
	ByRow       bool // the rows come, or are sent, in the form before V6
}

func (m *FetchResultsResp) read(d *decoder) {
	*m = FetchResultsResp{Status: Status{Code: StatusMissing}, Columns: m.Columns[:0]}
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Status.read(d)
		case d.is(2, thrift.BOOL):
			m.HasMoreRows = d.boolean()
		case d.is(3, thrift.STRUCT):
			m.HasResults = true
			m.readRowSet(d)
		default:
			d.skip()
		}
	}
	if d.err == nil {
		d.err = m.settle(d.t)
	}
}

func (m *FetchResultsResp) readRowSet(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.I64):
			m.StartRow = d.i64()
		case d.is(2, thrift.LIST):
			m.readRows(d)
		case d.is(3, thrift.LIST):
			m.readColumns(d)
		default:
			d.skip()
		}
	}
}

func (m *FetchResultsResp) readColumns(d *decoder) {
	n := d.columns()
	if n > 0 && len(m.Columns) > 0 {
		d.err = fmt.Errorf("%w: rows come twice", ErrMalformed)
	}
	for ; n > 0 && d.err == nil; n-- {
		m.addColumn().read(d)
	}
}

// addColumn appends a column, with the memory of an earlier batch if there is some.
func (m *FetchResultsResp) addColumn() *Column {
	if len(m.Columns) < cap(m.Columns) {
		m.Columns = m.Columns[:len(m.Columns)+1]
	} else {
		m.Columns = append(m.Columns, Column{})
	}
	return &m.Columns[len(m.Columns)-1]
}

// settle gives the columns their bytes, which lie still from now on, and checks that
// they are equally long.
func (m *FetchResultsResp) settle(t *transport) error {
	pieces := t.segments()
	for i := range m.Columns {
		c := &m.Columns[i]
		c.settle(t.in, pieces)
		if i == 0 {
			m.Rows = c.rows
		} else if c.rows != m.Rows {
			return fmt.Errorf("%w: column %d has %d rows, the first has %d", ErrMalformed, i+1, c.rows, m.Rows)
		}
	}
	return nil
}

func (m *FetchResultsResp) write(e *encoder) {
	e.begin(1)
	m.Status.write(e)
	e.boolean(2, m.HasMoreRows)
	if !m.HasResults {
		return
	}
	e.begin(3)
	e.i64(1, m.StartRow)
	if m.ByRow {
		writeRows(e, m.Build)
		e.end()
		return
	}
	e.list(2, thrift.STRUCT, 0)
	e.list(3, thrift.STRUCT, len(m.Build))
	for i := range m.Build {
		m.Build[i].write(e)
	}
	e.end()
}
