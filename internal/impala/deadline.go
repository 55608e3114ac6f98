package impala

import (
	"context"
	"net"
	"time"
)

// deadline is what ends the calls on a connection: a moment, which bytes that trickle in do
// not move, or the end of the context. The calls of a statement have one context, which is
// watched from the first to the last, so that a fetch costs no memory.
type deadline struct {
	watched <-chan struct{} // Done of the context; nil while none is watched
	stop    func() bool
	moved   chan struct{} // closed when the end of the context has moved the deadline
}

// set gives the connection an absolute deadline, which the end of the context brings forward
// to now. It holds until the next.
func (d *deadline) set(ctx context.Context, nc net.Conn, timeout time.Duration) {
	if ctx.Done() != d.watched {
		d.release()
		d.watch(ctx, nc)
	}
	end := time.Now().Add(timeout)
	if own, ok := ctx.Deadline(); ok && own.Before(end) {
		end = own
	}
	nc.SetDeadline(end)
	if ctx.Err() != nil { // and its end may have been before that of this deadline
		nc.SetDeadline(longAgo)
	}
}

var longAgo = time.Unix(1, 0)

func (d *deadline) watch(ctx context.Context, nc net.Conn) {
	if ctx.Done() == nil {
		return
	}
	moved := make(chan struct{})
	d.watched, d.moved = ctx.Done(), moved
	d.stop = context.AfterFunc(ctx, func() {
		nc.SetDeadline(longAgo)
		close(moved)
	})
}

// release ends the watch; the context moves no deadline after it.
func (d *deadline) release() {
	if d.watched == nil {
		return
	}
	if !d.stop() {
		<-d.moved
	}
	*d = deadline{}
}
