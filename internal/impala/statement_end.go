package impala

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// cancelTimeout is the part of cleanupTimeout after which cancelling a statement is given
// up, and its session is closed in its place.
const cancelTimeout = 3 * time.Second

// abandon ends a statement that failed or whose context has ended, and returns err, which
// names the statement, or the coordinator at least: nobody else finds it on the server. On
// a connection in order the operation is closed there; on a broken one the server is told
// over a second connection.
func (r *Rows) abandon(ctx context.Context, err error) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer stop()
	var failure *Error
	r.failed = errors.As(err, &failure)
	c := r.client
	if c.conn.broken() == nil && r.failed && r.queryID != "" {
		r.tellProfile(ctx, err)
	}
	ending := err
	if c.conn.broken() == nil && r.open && !wrongPassword(err) {
		ending = r.end(ctx, c.conn)
	}
	switch {
	case wrongPassword(ending): // which would be shown once more by each call
		c.conn.close()
		c.log.WarnContext(ctx, "statement may still run on the coordinator", "query_id", r.queryID, "reason", ending)
	case c.conn.broken() != nil || r.open && ending != nil:
		r.endElsewhere(ctx)
	}
	r.open = false
	switch {
	case err == nil || r.failed:
		return err
	case r.queryID == "":
		return fmt.Errorf("on %s: %w", c.addr, err)
	}
	return fmt.Errorf("query %s on %s: %w", r.queryID, c.addr, err)
}

// endElsewhere ends a statement whose connection is busy or gone over a second one. Where
// that hangs, or the statement has no handle yet, closing the session ends all that runs
// in it; the session is of no use any more without its connection.
func (r *Rows) endElsewhere(ctx context.Context) {
	c := r.client
	c.conn.close()
	cancelling, stop := context.WithTimeout(ctx, cancelTimeout)
	defer stop()
	o := c.opts
	o.DialTimeout, o.SessionTimeout = min(o.DialTimeout, cancelTimeout), min(o.SessionTimeout, cancelTimeout)
	second, err := dial(cancelling, o, c.addr)
	if err == nil && r.open {
		if err = r.end(cancelling, second); err != nil {
			second.close()
			second, err = dial(ctx, o, c.addr)
		}
	}
	if err == nil {
		defer second.close()
		var reply wire.StatusResp
		err = second.call(ctx, cleanupTimeout, "CloseSession", &wire.SessionReq{Session: c.session}, &reply)
		if err == nil { // a balancer may have led to another coordinator, which knows of no session
			err = c.check("CloseSession", reply.Status, "")
		}
	}
	if err != nil {
		c.log.WarnContext(ctx, "statement may still run on the coordinator", "query_id", r.queryID, "reason", err)
	}
}

// Close frees the statement on the server, cancelling it when rows are left. It reads
// the warnings first, since they are gone with the statement.
func (r *Rows) Close(ctx context.Context) error {
	c := r.client
	if !r.open {
		return nil
	}
	if c.conn.broken() != nil { // by a fetch that nobody has waited for
		return r.abandon(ctx, nil)
	}
	ctx, stop := closing(ctx)
	defer stop()
	r.release()
	err := r.dropAhead(ctx)
	if err != nil {
		return r.abandon(ctx, fmt.Errorf("close statement: %w", err))
	}
	if r.ended && c.impala {
		err = r.readLog(ctx)
		if err == nil && r.watch.Slow > 0 && time.Since(r.started) >= r.watch.Slow {
			r.tellProfile(ctx, nil)
		}
	}
	if err == nil && c.conn.broken() != nil {
		return r.abandon(ctx, nil) // the profile spoils no statement: its rows have come, and what it warns of
	}
	if err == nil {
		err = r.end(ctx, c.conn)
		if err != nil && r.ended && r.operation.HasResultSet && ctx.Err() == nil {
			c.log.WarnContext(ctx, "statement not closed, its rows are whole", "query_id", r.queryID, "reason", err)
			_ = r.abandon(ctx, err)
			return nil
		}
	}
	if err != nil {
		return r.abandon(ctx, fmt.Errorf("close statement: %w", err))
	}
	return nil
}

// end cancels and closes the operation. That the server does not know it any more is what
// is wanted. An error is one of the connection, or a DML's that the server took back.
func (r *Rows) end(ctx context.Context, on conn) error {
	c := r.client
	if !r.ended && !r.failed {
		var cancelled wire.StatusResp
		err := c.exception("CancelOperation", on.call(ctx, c.opts.CallTimeout, "CancelOperation", &wire.OperationReq{Operation: r.operation}, &cancelled))
		if refused := new(Error); err != nil && !errors.As(err, &refused) {
			return err
		}
		if err == nil && c.check("CancelOperation", cancelled.Status, "") == nil {
			c.log.InfoContext(ctx, "statement cancelled on the coordinator", "query_id", r.queryID)
		}
	}
	status, err := r.closeOperation(ctx, on)
	if err != nil {
		return err
	}
	r.open = false
	if err := c.check("close", status, r.queryID); err != nil && r.ended && !r.operation.HasResultSet && fault.ClassOf(err) != fault.Lost {
		return err
	}
	return nil
}

// closeOperation closes a statement that has done its work by Impala's own method, which
// tells how many rows a DML changed. Servers before Impala 3.3 lack it.
func (r *Rows) closeOperation(ctx context.Context, on conn) (wire.Status, error) {
	c, req := r.client, &wire.OperationReq{Operation: r.operation}
	if c.impala && r.ended && !c.plainClose {
		var reply wire.CloseImpalaResp
		err := on.call(ctx, c.opts.CallTimeout, "CloseImpalaOperation", req, &reply)
		if !unknownMethod(err) {
			r.dml = reply.DML
			return reply.Status, err
		}
		c.plainClose = true
	}
	var reply wire.StatusResp
	err := on.call(ctx, c.opts.CallTimeout, "CloseOperation", req, &reply)
	return reply.Status, err
}

// Modified is how many rows a DML changed and how many it could not, which is known after
// [Rows.Close]. Ok is false for other statements, and for servers that do not tell.
func (r *Rows) Modified() (rows, failed int64, ok bool) {
	if r.dml == nil {
		return 0, 0, false
	}
	for _, counts := range []map[string]int64{r.dml.RowsModified, r.dml.RowsDeleted} {
		for _, n := range counts {
			rows += n
		}
	}
	return rows, r.dml.RowErrors, true
}

func (r *Rows) readLog(ctx context.Context) error {
	var reply wire.LogResp
	err := r.client.call(ctx, r.client.opts.CallTimeout, "GetLog", &wire.OperationReq{Operation: r.operation}, &reply)
	var refused *Error
	if errors.As(err, &refused) {
		return nil
	}
	if err == nil && reply.Status.Code == wire.StatusSuccess {
		r.warnings = warnings(reply.Log)
	}
	return err
}

// Bounds of what is kept of a log; Impala's own is MAX_ERRORS, 100 lines.
const (
	mostWarnings = 1000
	mostWarning  = 4 << 10 // bytes of one
)

// warnings are the lines of a log but for those that tell progress and admission.
func warnings(log string) []string {
	var lines []string
	more := 0
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		progress := strings.HasPrefix(line, "Query ") && strings.Contains(line, "% Complete")
		admission := strings.HasPrefix(line, "Admission result :") || strings.HasPrefix(line, "Latest admission queue reason :")
		switch {
		case line == "" || progress || admission:
		case len(lines) == mostWarnings:
			more++
		default:
			lines = append(lines, shortened(line, mostWarning))
		}
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d lines more", more))
	}
	return lines
}
