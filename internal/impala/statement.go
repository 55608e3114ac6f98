package impala

import (
	"context"
	"errors"
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
	if c.conn.broken() != nil {
		return nil, fault.Errorf(fault.Impala, fault.Lost, "the connection was lost before: %w", c.conn.broken())
	}
	r := &Rows{client: c, fetchRows: firstFetchRows}
	if err := c.execute(ctx, statement, r); err != nil {
		return nil, r.abandon(ctx, err)
	}
	return r, nil
}

func (c *Client) execute(ctx context.Context, statement string, r *Rows) error {
	req := wire.ExecuteStatementReq{Session: c.session, Statement: statement, Async: true}
	var reply wire.OperationResp
	if err := c.conn.call(ctx, c.opts.PlanTimeout, "ExecuteStatement", &req, &reply); err != nil {
		return err
	}
	if err := c.check("ExecuteStatement", reply.Status, ""); err != nil {
		return err
	}
	if reply.Operation == nil {
		return fault.Errorf(fault.Impala, 0, "ExecuteStatement: %w: no operation in a good reply", wire.ErrMalformed)
	}
	r.operation, r.open = *reply.Operation, true
	r.queryID = queryID(r.operation.GUID, c.impala)
	c.log.DebugContext(ctx, "statement started", "query_id", r.queryID)
	if err := r.wait(ctx); err != nil {
		return err
	}
	return r.describe(ctx)
}

// wait polls until the statement has rows or is done.
func (r *Rows) wait(ctx context.Context) error {
	c := r.client
	for pause := firstPoll; ; pause = min(2*pause, lastPoll) {
		var reply wire.OperationStatusResp
		if err := c.conn.call(ctx, c.opts.CallTimeout, "GetOperationStatus", &wire.OperationReq{Operation: r.operation}, &reply); err != nil {
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
	if err := c.conn.call(ctx, c.opts.CallTimeout, "GetResultSetMetadata", &wire.OperationReq{Operation: r.operation}, &reply); err != nil {
		return err
	}
	if err := c.check("GetResultSetMetadata", reply.Status, r.queryID); err != nil {
		return err
	}
	r.columns = reply.Columns
	r.ended = len(r.columns) == 0
	return nil
}

// abandon ends a statement that failed or whose context has ended, and returns err. On
// a connection in order the operation is closed there; on a broken one the server is
// told over a second connection.
func (r *Rows) abandon(ctx context.Context, err error) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer stop()
	c := r.client
	var failure *Error
	r.failed = errors.As(err, &failure)
	if c.conn.broken() == nil {
		if r.open {
			_ = r.end(ctx, c.conn)
		}
		return err
	}
	c.conn.close()
	second, dialErr := dial(ctx, c.opts, c.addr)
	if dialErr != nil {
		c.log.WarnContext(ctx, "statement may still run on the coordinator", "query_id", r.queryID, "reason", dialErr)
		return err
	}
	defer second.close()
	if r.open {
		_ = r.end(ctx, second)
	}
	var reply wire.StatusResp
	_ = second.call(ctx, cleanupTimeout, "CloseSession", &wire.SessionReq{Session: c.session}, &reply)
	return err
}

// end cancels and closes the operation. Neither answer matters: the operation may be
// gone already, which is what is wanted. An error is one of the connection.
func (r *Rows) end(ctx context.Context, on conn) (err error) {
	req := &wire.OperationReq{Operation: r.operation}
	var cancelled, closed wire.StatusResp
	if !r.ended && !r.failed {
		if err = on.call(ctx, r.client.opts.CallTimeout, "CancelOperation", req, &cancelled); err != nil {
			r.client.log.WarnContext(ctx, "statement may still run on the coordinator", "query_id", r.queryID, "reason", err)
		} else {
			r.client.log.InfoContext(ctx, "statement cancelled on the coordinator", "query_id", r.queryID)
		}
	}
	if on.broken() == nil {
		err = on.call(ctx, r.client.opts.CallTimeout, "CloseOperation", req, &closed)
	}
	r.open = false
	if on.broken() == nil {
		return nil
	}
	return err
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
