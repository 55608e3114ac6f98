package wire

import (
	"fmt"
	"maps"
	"slices"

	"github.com/apache/thrift/lib/go/thrift"
)

// ProfileFormatText is TRuntimeProfileFormat STRING, the form that people read.
const ProfileFormatText int32 = 0

// ProfileReq is TGetRuntimeProfileReq. Both handles are needed.
type ProfileReq struct {
	Operation OperationHandle
	Session   SessionHandle
	Format    int32 // TRuntimeProfileFormat
	Attempts  bool  // include the profiles of attempts that failed and were repeated
}

func (m *ProfileReq) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Operation.read(d)
		case d.is(2, thrift.STRUCT):
			m.Session.read(d)
		case d.is(3, thrift.I32):
			m.Format = d.i32()
		case d.is(4, thrift.BOOL):
			m.Attempts = d.boolean()
		default:
			d.skip()
		}
	}
}

func (m *ProfileReq) write(e *encoder) {
	e.begin(1)
	m.Operation.write(e)
	e.begin(2)
	m.Session.write(e)
	e.i32(3, m.Format)
	e.boolean(4, m.Attempts)
}

// ProfileResp is TGetRuntimeProfileResp with profiles as text.
type ProfileResp struct {
	Status  Status
	Profile string
	Failed  []string // of attempts that failed and were repeated
}

func (m *ProfileResp) read(d *decoder) {
	*m = ProfileResp{} // a reply is read once more when the one before broke off
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Status.read(d)
		case d.is(2, thrift.STRING):
			m.Profile = d.text()
		case d.is(4, thrift.LIST):
			for n := d.list(thrift.STRING); n > 0 && d.err == nil; n-- {
				m.Failed = append(m.Failed, d.text())
			}
		default:
			d.skip()
		}
	}
}

func (m *ProfileResp) write(e *encoder) {
	e.begin(1)
	m.Status.write(e)
	e.optionalText(2, m.Profile)
	if len(m.Failed) > 0 {
		e.list(4, thrift.STRING, len(m.Failed))
		for _, text := range m.Failed {
			e.do(e.p.WriteString(noContext, text))
		}
	}
}

// CloseImpalaResp is TCloseImpalaOperationResp.
type CloseImpalaResp struct {
	Status Status
	DML    *DMLResult // nil when the statement was no DML
}

func (m *CloseImpalaResp) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.STRUCT):
			m.Status.read(d)
		case d.is(2, thrift.STRUCT):
			m.DML = new(DMLResult)
			m.DML.read(d)
		default:
			d.skip()
		}
	}
}

func (m *CloseImpalaResp) write(e *encoder) {
	e.begin(1)
	m.Status.write(e)
	if m.DML != nil {
		e.begin(2)
		m.DML.write(e)
	}
}

// DMLResult is TDmlResult. Rows are counted by partition, "" where there is none.
type DMLResult struct {
	RowsModified map[string]int64
	RowErrors    int64            // Kudu: rows that could not be written
	RowsDeleted  map[string]int64 // newer servers
}

func (r *DMLResult) read(d *decoder) {
	for d.next() {
		switch {
		case d.is(1, thrift.MAP):
			r.RowsModified = d.countMap()
		case d.is(2, thrift.I64):
			r.RowErrors = d.i64()
		case d.is(3, thrift.MAP):
			r.RowsDeleted = d.countMap()
		default:
			d.skip()
		}
	}
}

func (r *DMLResult) write(e *encoder) {
	e.counts(1, r.RowsModified)
	if r.RowErrors != 0 {
		e.i64(2, r.RowErrors)
	}
	if len(r.RowsDeleted) > 0 {
		e.counts(3, r.RowsDeleted)
	}
	e.stop()
}

// counts writes a map of numbers in a fixed order, so that equal messages are equal bytes.
func (e *encoder) counts(id int16, m map[string]int64) {
	e.field(thrift.MAP, id)
	e.do(e.p.WriteMapBegin(noContext, thrift.STRING, thrift.I64, len(m)))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		e.do(e.p.WriteString(noContext, k))
		e.do(e.p.WriteI64(noContext, m[k]))
	}
}

// countMap reads map<string,i64>; of equal keys the last counts.
func (d *decoder) countMap() map[string]int64 {
	if d.err != nil {
		return nil
	}
	key, value, n, err := d.p.ReadMapBegin(noContext)
	if err == nil && n > 0 && (key != thrift.STRING || value != thrift.I64) {
		err = fmt.Errorf("%w: map of types %d and %d where texts and numbers were due", ErrMalformed, key, value)
	}
	if d.err = err; err != nil {
		return nil
	}
	m := make(map[string]int64)
	for ; n > 0 && d.err == nil; n-- {
		k := d.text()
		m[k] = d.i64()
	}
	return m
}
