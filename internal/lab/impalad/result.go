package impalad

import (
	"context"
	"fmt"
	"sync"
	"time"

	"qosreport/internal/impala/wire"
	"qosreport/internal/lab/sql"
)

// Rows wait for the client in batches, as on a coordinator that spools results; a client
// that does not fetch holds the statement up.
const (
	batchRows  = 1024
	maxBatches = 16
)

// result is a statement that runs in a goroutine of its own.
type result struct {
	columns []wire.ColumnDesc
	types   []sql.Type
	batches chan batch
	ready   chan struct{} // closed when rows wait or the statement has ended
	ended   chan struct{} // closed after err is set
	err     error

	statement *sql.Statement
	watch     *sql.Watch
	submitted time.Time
	mu        sync.Mutex
	timeline  []event

	limit produced

	rest batch // of the batch that was fetched in part
}

// produced counts the rows of a statement against NUM_ROWS_PRODUCED_LIMIT, a batch at a
// time (plan-root-sink.cc): of the batch that goes beyond the limit no row is shown.
type produced struct {
	queryID    string
	rows, most int64 // most 0 has no limit
}

// add counts a batch.
func (p *produced) add(rows int) error {
	p.rows += int64(rows)
	if p.most > 0 && p.rows > p.most {
		return refusal(fmt.Sprintf("Query %s terminated due to rows produced limit of %d. "+
			"Unset or increase NUM_ROWS_PRODUCED_LIMIT query option to produce more rows.", p.queryID, p.most))
	}
	return nil
}

// batch is rows side by side.
type batch struct {
	values []sql.Value
	rows   int
}

func newResult(st *sql.Statement, submitted time.Time) *result {
	r := &result{batches: make(chan batch, maxBatches), ready: make(chan struct{}), ended: make(chan struct{}),
		statement: st, watch: st.Watch(), submitted: submitted, timeline: []event{{name: "Query submitted"}}}
	for i, c := range st.Columns() {
		r.columns = append(r.columns, describe(c, i))
		r.types = append(r.types, c.Type)
	}
	return r
}

// run pushes the rows into batches until the statement ends, or the context does because
// it was cancelled or closed.
func (r *result) run(ctx context.Context) {
	width := len(r.columns)
	var b batch
	waiting := false
	var tooMany error
	push := func() bool {
		if tooMany = r.limit.add(b.rows); tooMany != nil {
			return false
		}
		select {
		case r.batches <- b:
		case <-ctx.Done():
			return false
		}
		if !waiting {
			waiting = true
			r.note("Rows available")
			close(r.ready)
		}
		b = batch{}
		return true
	}
	err := r.watch.Run(ctx, func(row []sql.Value) bool {
		if b.values == nil {
			b.values = make([]sql.Value, 0, batchRows*width)
		}
		b.values = append(b.values, row...)
		b.rows++
		return b.rows < batchRows || push()
	})
	if err == nil && b.rows > 0 {
		push()
	}
	if err == nil {
		err = tooMany
	}
	if ctx.Err() != nil {
		err = refusal("Cancelled")
	}
	r.err = err
	r.note("Execution finished")
	close(r.ended)
	close(r.batches)
	if !waiting {
		close(r.ready)
	}
}

func (r *result) Columns() []wire.ColumnDesc { return r.columns }

func (r *result) Log() string { return "" }

// over reports whether the statement has ended.
func (r *result) over() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

func (r *result) Poll() (bool, error) {
	if r.over() {
		return r.err == nil, r.err
	}
	select {
	case <-r.ready:
		return true, nil
	default:
		return false, nil
	}
}

// Fetch waits for the first row and takes what is there besides.
func (r *result) Fetch(ctx context.Context, most int, into []wire.ColumnBuilder) (bool, error) {
	for taken := 0; taken < most; {
		if r.rest.rows == 0 {
			more, err := r.next(ctx, taken == 0)
			if r.rest.rows == 0 {
				return more, err
			}
		}
		n := min(most-taken, r.rest.rows)
		r.take(n, into)
		taken += n
	}
	return true, nil
}

// next takes the next batch. Without one, more says whether one may come.
func (r *result) next(ctx context.Context, wait bool) (more bool, err error) {
	var b batch
	open := true
	if wait {
		select {
		case b, open = <-r.batches:
		case <-ctx.Done():
			return true, nil
		}
	} else {
		select {
		case b, open = <-r.batches:
		default:
			return true, nil
		}
	}
	if !open {
		return false, r.err
	}
	r.rest = b
	return true, nil
}

func (r *result) take(n int, into []wire.ColumnBuilder) {
	width := len(r.columns)
	for row := range n {
		for column := range width {
			appendValue(&into[column], r.rest.values[row*width+column])
		}
	}
	r.rest = batch{values: r.rest.values[n*width:], rows: r.rest.rows - n}
}

func appendValue(to *wire.ColumnBuilder, v sql.Value) {
	switch {
	case v.IsNull():
		to.Null()
	case to.Kind == wire.KindDouble:
		to.Float(v.Float())
	case to.Kind == wire.KindString || to.Kind == wire.KindBinary:
		to.Text(v.Text())
	default:
		to.Int(v.Int())
	}
}

// typeIDs are the types as clients are told of them. A column of NULL alone is a BOOLEAN
// on Impala up to 4.5.
var typeIDs = map[sql.Kind]wire.TypeID{
	sql.Null: wire.Boolean, sql.Boolean: wire.Boolean, sql.TinyInt: wire.TinyInt, sql.SmallInt: wire.SmallInt, sql.Int: wire.Int,
	sql.BigInt: wire.BigInt, sql.Float: wire.Float, sql.Double: wire.Double, sql.Decimal: wire.Decimal, sql.String: wire.String,
	sql.Varchar: wire.Varchar, sql.Char: wire.Char, sql.Timestamp: wire.Timestamp, sql.Date: wire.Date,
}

func describe(c sql.Column, position int) wire.ColumnDesc {
	return wire.ColumnDesc{
		Name:      c.Name,
		Type:      typeIDs[c.Type.Kind],
		Precision: int32(c.Type.Precision),
		Scale:     int32(c.Type.Scale),
		MaxLength: int32(c.Type.Length),
		Position:  int32(position),
	}
}
