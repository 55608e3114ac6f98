package impala

import (
	"context"
	"io"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// A fetch asks for as many rows as have come before, which doubles it again and again up to
// Options.BatchRows, as long as batches stay about a megabyte: the server builds a reply in
// memory, and so do we. It decides alone how wide the next rows are, so that wide ones are
// remembered: narrow rows between them must not lead to a fetch that wide ones make huge.
const (
	firstFetchRows  = 32
	wantedBatchSize = 1 << 20
	mostBatchSize   = 16 << 20 // were the next rows as wide as the widest of late
	wideMemory      = 16       // batches until a width counts for about a third
)

// Rows is the result of a statement.
type Rows struct {
	client    *Client
	operation wire.OperationHandle
	open      bool // on the server
	ended     bool // every row was fetched
	failed    bool // the server ended it
	queryID   string
	columns   []wire.ColumnDesc

	request wire.FetchResultsReq
	ahead   ahead
	reply   wire.FetchResultsResp
	batch   *Batch // of the reply
	held    bool   // the batch was fetched and not given out

	retain    bool // a batch stays valid while the next one is fetched
	given     bool // the batch was given out
	lastReply wire.FetchResultsResp
	lastBatch *Batch

	fetchRows int   // that the next fetch asks for
	widest    int   // bytes a row, of late
	rows      int64 // delivered
	counts    bool  // the server's startRowOffset has moved once
	warnings  []string

	watch   Watch
	started time.Time
	dml     *wire.DMLResult // nil unless a DML was closed
}

// Batch is one fetch. Its columns are valid until [Rows.Next] or [Rows.Close] is called;
// [Rows.Retain] lets them live longer.
type Batch struct {
	Rows    int
	Columns []wire.Column
	types   []wire.ColumnDesc
}

// Columns are the names and declared types of the result; none for a statement without one.
func (r *Rows) Columns() []wire.ColumnDesc { return r.columns }

// QueryID is the text under which the server's logs know the statement.
func (r *Rows) QueryID() string { return r.queryID }

// Warnings are what the server logged about a statement that succeeded: skipped files,
// unreadable values. They are known after [Rows.Close].
func (r *Rows) Warnings() []string { return r.warnings }

// Retain makes every batch valid for one more call of [Rows.Next], so that its rows can be
// worked on while the next ones are fetched, and batches that are valid when [Rows.Close] is
// called for as long as they are held. That takes the memory of a second batch.
func (r *Rows) Retain() { r.retain = true }

// Next fetches the next batch, which has at least one row; io.EOF itself, never wrapped,
// is the end. Rows that an error cuts short are not the result: what was made of them
// must be thrown away.
func (r *Rows) Next(ctx context.Context) (*Batch, error) {
	if r.held {
		r.held, r.given = false, true
		return r.batch, nil
	}
	r.pin()
	pause := time.Duration(0)
	for !r.ended {
		asked := time.Now()
		if err := r.fetch(ctx); err != nil {
			return nil, r.abandon(ctx, err)
		}
		if r.reply.Rows > 0 {
			r.given = true
			return r.batch, nil
		}
		// Impala waits for rows itself; one that is told not to must not be asked in a tight loop.
		if !r.ended && time.Since(asked) < firstPoll {
			pause = min(max(2*pause, firstPoll), lastPoll/10)
			if err := sleep(ctx, pause); err != nil {
				return nil, r.abandon(ctx, err)
			}
		}
	}
	return nil, io.EOF
}

// pin keeps the batch that was given out.
func (r *Rows) pin() {
	if !r.retain || !r.given {
		return
	}
	r.client.conn.pin()
	r.reply, r.lastReply = r.lastReply, r.reply
	r.batch, r.lastBatch = r.lastBatch, r.batch
	r.given = false
}

// release leaves retained batches to those who may still work on them.
func (r *Rows) release() {
	if r.retain {
		r.client.conn.release()
		r.reply, r.lastReply = wire.FetchResultsResp{}, wire.FetchResultsResp{}
	}
}

func (r *Rows) fetch(ctx context.Context) error {
	c := r.client
	var err error
	if r.ahead != (ahead{}) {
		err = r.takeAhead(ctx)
	} else {
		err = c.call(ctx, c.fetchTimeout(), "FetchResults", r.fetchRequest(), &r.reply)
	}
	if err != nil {
		return err
	}
	if r.reply.Status.Code == wire.StatusStillExecuting {
		if r.reply.Rows > 0 {
			return fault.Errorf(fault.Impala, 0, "FetchResults: %w: rows in a reply that says that there are none yet", wire.ErrMalformed)
		}
		return nil
	}
	if err := c.check("FetchResults", r.reply.Status, r.queryID); err != nil {
		r.open = !c.impala // Impala forgets a statement whose fetch failed
		return err
	}
	if err := r.accept(c.conn.replySize()); err != nil {
		return err
	}
	r.fetchAhead(ctx)
	return nil
}

// fetchRequest is the next fetch. It is kept, so that none costs memory.
func (r *Rows) fetchRequest() *wire.FetchResultsReq {
	r.request = wire.FetchResultsReq{Operation: r.operation, Orientation: wire.FetchNext, MaxRows: int64(r.fetchRows)}
	return &r.request
}

// accept takes a good reply of so many bytes as the next batch.
func (r *Rows) accept(replyBytes int) error {
	if err := r.verify(); err != nil {
		return err
	}
	r.rows += int64(r.reply.Rows)
	if r.batch == nil {
		r.batch = new(Batch)
	}
	*r.batch = Batch{Rows: r.reply.Rows, Columns: r.reply.Columns, types: r.columns}
	r.ended = r.isEnd()
	r.adapt(replyBytes)
	return nil
}

// isEnd: on Impala hasMoreRows alone tells, and an empty batch means nothing. HiveServer2
// says false on every batch, the first of many included: there only an empty one ends.
func (r *Rows) isEnd() bool {
	if r.reply.HasMoreRows {
		return false
	}
	return r.client.impala || r.reply.Rows == 0
}

// verify compares a batch with what was announced and counted before.
func (r *Rows) verify() error {
	m := &r.reply
	if m.StartRow != 0 {
		r.counts = true
	}
	if r.counts && m.StartRow != r.rows && m.Rows > 0 {
		return fault.Errorf(fault.Impala, fault.Lost, "the server is at row %d where row %d was due: a batch was lost", m.StartRow, r.rows)
	}
	if m.Rows == 0 {
		return nil
	}
	if len(m.Columns) != len(r.columns) {
		return fault.Errorf(fault.Impala, 0, "%w: %d columns where %d were announced", wire.ErrMalformed, len(m.Columns), len(r.columns))
	}
	for i := range m.Columns {
		if !carries(r.columns[i].Type, &m.Columns[i]) {
			return fault.Errorf(fault.Impala, 0, "%w: column %s of type %s arrives in field %d", wire.ErrMalformed,
				r.columns[i].Name, r.columns[i].Type, m.Columns[i].Kind())
		}
	}
	return nil
}

// carries reports whether the values of a column can be of the type. A column that holds
// NULL alone is declared BOOLEAN or NULL and comes in any kind.
func carries(t wire.TypeID, c *wire.Column) bool {
	k := c.Kind()
	switch t {
	case wire.Boolean, wire.Null:
		return k == wire.KindBool || c.AllNull()
	case wire.TinyInt:
		return k == wire.KindByte
	case wire.SmallInt:
		return k == wire.KindI16
	case wire.Int:
		return k == wire.KindI32
	case wire.BigInt:
		return k == wire.KindI64
	case wire.Float, wire.Double:
		return k == wire.KindDouble
	}
	return k == wire.KindString || k == wire.KindBinary
}

// adapt chooses how many rows the next fetch asks for, after one whose reply had so many bytes.
func (r *Rows) adapt(replyBytes int) {
	if r.reply.Rows == 0 {
		return
	}
	width := replyBytes/r.reply.Rows + 1
	r.widest = max(width, r.widest-r.widest/wideMemory)
	most := min(r.client.opts.BatchRows, wantedBatchSize/width, mostBatchSize/r.widest)
	r.fetchRows = max(1, int(min(r.rows, int64(most))))
}
