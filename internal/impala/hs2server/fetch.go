package hs2server

import (
	"context"

	"qosreport/internal/impala/wire"
)

func (c *connection) fetch(ctx context.Context, req *wire.FetchResultsReq) wire.Message {
	session, o, err := c.server.operation(req.Operation.Handle, c.user)
	if err != nil {
		return &wire.FetchResultsResp{Status: status(err)}
	}
	if req.Orientation != wire.FetchNext {
		return &wire.FetchResultsResp{Status: status(&serverError{"Unsupported operation", "HYC00"})}
	}
	if o.result.Columns() == nil {
		return &wire.FetchResultsResp{Status: status(general("Client tried to fetch rows on a query that produces no results."))}
	}
	reply, err := o.next(ctx, c.server.opts, req.MaxRows)
	if err != nil {
		session.remove(o) // a failed fetch makes Impala forget the statement
		o.end(err)
		return &wire.FetchResultsResp{Status: status(err)}
	}
	return reply
}

// next makes one batch. Rows that are not there in time are told by STILL_EXECUTING.
func (o *operation) next(ctx context.Context, opts Options, most int64) (*wire.FetchResultsResp, error) {
	o.busy.Lock()
	defer o.busy.Unlock()
	if err := o.ended(); err != nil {
		return nil, err
	}
	if most <= 0 || most > maxFetch {
		most = maxFetch
	}
	columns := o.result.Columns()
	build := make([]wire.ColumnBuilder, len(columns))
	for i, c := range columns {
		build[i].Kind = KindOf(c.Type)
	}
	ctx, stop := context.WithTimeout(ctx, opts.FetchWait)
	defer stop()
	more, err := o.result.Fetch(ctx, int(most), build)
	if err == nil {
		err = o.ended()
	}
	if err != nil {
		return nil, err
	}
	rows := 0
	if len(build) > 0 {
		rows = build[0].Len()
	}
	if rows == 0 && more && !opts.HiveFlags {
		return &wire.FetchResultsResp{Status: wire.Status{Code: wire.StatusStillExecuting}, HasMoreRows: true}, nil
	}
	reply := &wire.FetchResultsResp{HasMoreRows: more && !opts.HiveFlags, HasResults: true, StartRow: o.rows, Build: build}
	o.rows += int64(rows)
	return reply, nil
}

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
