package impala

import (
	"context"
	"errors"
	"time"

	"qosreport/internal/impala/wire"
)

// Impala serves the calls of a connection in order and reads the next as soon as it has
// answered the last, so that it can make a batch while the caller works on the one before.
// The reply waits in the socket meanwhile: one buffer is enough.
//
// This is safe only after hasMoreRows was true, or the fetch would be one of a statement
// that has ended; HiveServer2 never says so. A fetch cannot be repeated, so that it must
// not be sent over HTTP, where a reply that waits may be lost with its connection.

// pipelined is a connection that can send a call before the last one's reply is worked on.
type pipelined interface {
	send(ctx context.Context, timeout time.Duration, method string, req wire.Message) error
	receive(ctx context.Context, timeout time.Duration, method string, reply wire.Message) error
}

var _ pipelined = (*binaryConn)(nil)

// ahead is the fetch that was sent before the caller asked for it.
type ahead struct {
	sent bool
	err  error // why it could not be sent
}

// fetchAhead asks for the next batch, if that is wanted and safe.
func (r *Rows) fetchAhead(ctx context.Context) {
	c := r.client
	conn, able := c.conn.(pipelined)
	if !able || !c.opts.FetchAhead || !c.impala || !r.reply.HasMoreRows || r.reply.Rows == 0 {
		return
	}
	r.ahead.err = conn.send(ctx, c.fetchTimeout(), "FetchResults", r.fetchRequest())
	r.ahead.sent = r.ahead.err == nil
}

// takeAhead waits for the batch that was asked for. The time of a call begins anew: the
// caller may have worked on the last batch for long.
func (r *Rows) takeAhead(ctx context.Context) error {
	c := r.client
	if err := r.ahead.err; err != nil {
		return err
	}
	err := c.conn.(pipelined).receive(ctx, c.fetchTimeout(), "FetchResults", &r.reply)
	r.ahead.sent = c.conn.broken() == nil && err != nil && !errors.As(err, new(*wire.Exception)) // it still waits
	return c.exception("FetchResults", err)
}

// dropAhead reads a batch that nobody wants, so that the connection serves other calls.
func (r *Rows) dropAhead(ctx context.Context) error {
	if !r.ahead.sent {
		return nil
	}
	err := r.takeAhead(ctx)
	var refused *Error
	if errors.As(err, &refused) {
		return nil
	}
	return err
}
