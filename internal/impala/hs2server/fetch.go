package hs2server

import (
	"context"
	"math"
	"time"

	"qosreport/internal/impala/wire"
)

func (c *connection) fetch(ctx context.Context, req *wire.FetchResultsReq) wire.Message {
	o, err := c.server.operation(req.Operation, c)
	if err != nil {
		return &wire.FetchResultsResp{Status: status(err)}
	}
	if req.Orientation != wire.FetchNext && req.Orientation != wire.FetchFirst {
		return &wire.FetchResultsResp{Status: status(unsupported())}
	}
	if o.result.Columns() == nil {
		return &wire.FetchResultsResp{Status: status(general("Client tried to fetch rows on a query that produces no results."))}
	}
	o.busy.Lock()
	defer o.busy.Unlock()
	if req.Orientation == wire.FetchFirst {
		if err := o.cache.restart(); err != nil {
			return &wire.FetchResultsResp{Status: status(err)} // and the statement goes on
		}
		o.rows = 0
	}
	reply, err := c.next(ctx, o, req.MaxRows)
	if err != nil {
		o.end(err)
		err = o.failure()
		c.server.forget(o, nil) // a failed fetch makes Impala forget the statement
		return &wire.FetchResultsResp{Status: status(err)}
	}
	return reply
}

// next makes one batch.
func (c *connection) next(ctx context.Context, o *operation, most int64) (*wire.FetchResultsResp, error) {
	hive := c.server.opts.HiveFlags
	ctx, stop := o.fetchTime(ctx, hive)
	defer stop()
	columns := o.result.Columns()
	build := make([]wire.ColumnBuilder, len(columns))
	for i, column := range columns {
		build[i].Kind = KindOf(column.Type)
	}
	more, still, err := o.fill(ctx, o.most(most), build)
	o.fetched()
	if failure := o.reasonToStop(); failure != nil {
		err = failure
	}
	if err != nil {
		return nil, err
	}
	rows := 0
	if len(build) > 0 {
		rows = build[0].Len()
	}
	if still && !hive {
		return &wire.FetchResultsResp{Status: wire.Status{Code: wire.StatusStillExecuting}, HasMoreRows: true}, nil
	}
	reply := &wire.FetchResultsResp{HasMoreRows: more && !hive, HasResults: true, StartRow: o.rows, Build: build,
		ByRow: o.session.protocol < wire.ProtocolV6}
	o.rows += int64(rows)
	if !more {
		o.finish()
	}
	return reply, nil
}

// fetchTime bounds a fetch by FETCH_ROWS_TIMEOUT_MS, where 0 waits for ever, and lets a
// cancel end it. HiveServer2 always waits: an empty batch is the end there.
func (o *operation) fetchTime(ctx context.Context, hive bool) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	o.mu.Lock()
	o.fetching = cancel
	if o.idle != nil {
		o.idle.Stop()
	}
	if o.reason != nil {
		cancel()
	}
	o.mu.Unlock()
	limit := duration(o.options, fetchRowsTimeout, time.Millisecond)
	if _, known := o.options[fetchRowsTimeout]; !known {
		limit = defaultFetchWait
	}
	if limit <= 0 || hive {
		return ctx, cancel
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	return ctx, func() { stop(); cancel() }
}

// fetched ends a fetch; from now on the client counts as idle.
func (o *operation) fetched() {
	o.mu.Lock()
	o.fetching = nil
	o.mu.Unlock()
	o.watch()
}

func (o *operation) reasonToStop() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reason
}

// most is how many rows a fetch can give. Impala reads the client's number as an int32.
func (o *operation) most(asked int64) int {
	most := maxFetch
	if o.options[spoolResults] == "0" {
		most = spoolless
	}
	if asked > 0 && asked <= math.MaxInt32 {
		most = min(most, int(asked))
	}
	return most
}

// fill appends rows. Still says that the server has none to show yet.
func (o *operation) fill(ctx context.Context, most int, into []wire.ColumnBuilder) (more, still bool, err error) {
	select {
	case <-o.ready:
	case <-ctx.Done():
		return true, o.rows == 0, nil
	}
	if o.cache.replays() {
		more = o.cache.replay(most, into)
		return more, false, nil
	}
	var scripted *Fetch
	if len(o.script.Fetches) > 0 {
		scripted, o.script.Fetches = &o.script.Fetches[0], o.script.Fetches[1:]
		if err := pause(ctx, scripted.Wait); err != nil {
			return true, true, nil
		}
		switch {
		case scripted.Refuse != "":
			return false, false, general("%s", scripted.Refuse)
		case scripted.Still:
			return true, true, nil
		}
		most = min(most, scripted.Rows)
	}
	if most > 0 {
		more, err = o.result.Fetch(ctx, most, into)
	}
	if scripted != nil {
		more = scripted.More
	} else {
		still = more && o.rows == 0 && len(into) > 0 && into[0].Len() == 0
	}
	o.cache.keep(into, more)
	return more, still, err
}

// defaultFetchWait is Impala's FETCH_ROWS_TIMEOUT_MS, for a server without that option.
const defaultFetchWait = 10 * time.Second

// KindOf is the field of TColumn in which Impala sends a type. NULL columns travel as
// booleans, everything that is no number as text.
func KindOf(t wire.TypeID) wire.Kind {
	switch t {
	case wire.Boolean, wire.Null:
		return wire.KindBool
	case wire.TinyInt:
		return wire.KindByte
	case wire.SmallInt:
		return wire.KindI16
	case wire.Int:
		return wire.KindI32
	case wire.BigInt:
		return wire.KindI64
	case wire.Float, wire.Double:
		return wire.KindDouble
	case wire.Binary:
		return wire.KindBinary
	}
	return wire.KindString
}
