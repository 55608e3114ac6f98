package impala

import (
	"context"
	"fmt"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// Polling grows from the first pause to the last, so that an instant statement is not
// kept waiting and a long one does not keep the coordinator busy.
const (
	firstPoll = 5 * time.Millisecond
	lastPoll  = time.Second
)

// Query runs a statement and waits until its rows can be fetched. The rows must be
// closed. When the context ends, the statement is cancelled on the server.
func (c *Client) Query(ctx context.Context, statement string) (*Rows, error) {
	return c.QueryWatched(ctx, statement, Watch{})
}

// QueryWatched is [Client.Query] with somebody who is told of the statement while it runs.
func (c *Client) QueryWatched(ctx context.Context, statement string, w Watch) (*Rows, error) {
	if c.conn.broken() != nil {
		return nil, fault.Errorf(fault.Impala, fault.Lost, "on %s: the connection was lost before: %w", c.addr, c.conn.broken())
	}
	r := &Rows{client: c, fetchRows: firstFetchRows, watch: w, started: time.Now()}
	if err := c.execute(ctx, statement, r); err != nil {
		return nil, r.abandon(ctx, err)
	}
	return r, nil
}

func (c *Client) execute(ctx context.Context, statement string, r *Rows) error {
	req := wire.ExecuteStatementReq{Session: c.session, Statement: statement, ConfOverlay: c.overlay, Async: true}
	var reply wire.OperationResp
	if err := c.call(ctx, c.opts.PlanTimeout, "ExecuteStatement", &req, &reply); err != nil {
		return err
	}
	if err := c.check("ExecuteStatement", reply.Status, ""); err != nil {
		return err
	}
	if reply.Operation == nil {
		return fault.Errorf(fault.Impala, 0, "ExecuteStatement: %w: no operation in a good reply", wire.ErrMalformed)
	}
	if err := checkHandle("ExecuteStatement", reply.Operation.Handle); err != nil {
		return err
	}
	r.operation, r.open = *reply.Operation, true
	r.queryID = queryID(r.operation.GUID, c.impala)
	c.log.DebugContext(ctx, "statement started", "query_id", r.queryID, "link", r.Link())
	if r.watch.Started != nil {
		r.watch.Started(r.queryID, r.Link())
	}
	if !c.waitsForRows || !r.operation.HasResultSet {
		if err := r.wait(ctx); err != nil {
			return err
		}
		return r.describe(ctx)
	}
	// The first fetch waits for the rows itself, and no longer than polling might: an instant
	// statement has its first row after three calls.
	if err := r.describe(ctx); err != nil {
		return err
	}
	if !r.ended {
		if err := r.fetch(ctx); err != nil {
			return err
		}
		if r.held = r.reply.Rows > 0; r.held || r.ended || r.reply.Status.Code != wire.StatusStillExecuting {
			return nil
		}
	}
	return r.wait(ctx)
}

// call makes a call on the client's connection.
func (c *Client) call(ctx context.Context, timeout time.Duration, method string, req, reply wire.Message) error {
	return c.exception(method, c.conn.call(ctx, timeout, method, req, reply))
}

// wait polls until the statement has rows or is done.
func (r *Rows) wait(ctx context.Context) error {
	c := r.client
	told := time.Now()
	for pause := firstPoll; ; pause = min(2*pause, lastPoll) {
		var reply wire.OperationStatusResp
		if err := c.call(ctx, c.opts.CallTimeout, "GetOperationStatus", &wire.OperationReq{Operation: r.operation}, &reply); err != nil {
			return err
		}
		if err := c.check("GetOperationStatus", reply.Status, r.queryID); err != nil {
			return err
		}
		switch reply.State {
		case wire.StateFinished:
			return nil
		case wire.StateError, wire.StateCanceled, wire.StateClosed, wire.StateTimedOut:
			return c.failed("", stateText(reply), reply.SQLState, r.queryID)
		}
		if time.Since(told) >= progressPause {
			if err := r.tellProgress(ctx); err != nil {
				return err
			}
			told = time.Now()
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func stateText(reply wire.OperationStatusResp) string {
	if reply.Message != "" {
		return reply.Message
	}
	names := map[wire.State]string{wire.StateCanceled: "Cancelled", wire.StateClosed: "Session closed", wire.StateTimedOut: "timed out on the server"}
	if text := names[reply.State]; text != "" {
		return text
	}
	return "the statement failed and the server gave no reason"
}

func (r *Rows) describe(ctx context.Context) error {
	if !r.operation.HasResultSet {
		r.ended = true
		return nil
	}
	c := r.client
	var reply wire.MetadataResp
	if err := c.call(ctx, c.opts.CallTimeout, "GetResultSetMetadata", &wire.OperationReq{Operation: r.operation}, &reply); err != nil {
		return err
	}
	if err := c.check("GetResultSetMetadata", reply.Status, r.queryID); err != nil {
		return err
	}
	r.columns = reply.Columns
	r.ended = len(r.columns) == 0
	return nil
}

// queryID is the text under which the server's logs and pages know the statement.
// Impala prints the two halves of the id as little-endian numbers, HiveServer2 prints a UUID.
func queryID(guid []byte, impala bool) string {
	switch {
	case len(guid) != 16:
		return fmt.Sprintf("%x", guid)
	case impala:
		return wire.ImpalaID(guid)
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", guid[:4], guid[4:6], guid[6:8], guid[8:10], guid[10:])
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
