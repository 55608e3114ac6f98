package impala

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// deadlineConn remembers the deadline that it was given last.
type deadlineConn struct {
	net.Conn
	mu   sync.Mutex
	last time.Time
}

func (c *deadlineConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = t
	return nil
}

func (c *deadlineConn) left() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Until(c.last)
}

func TestDeadlinesOfCalls(t *testing.T) {
	const timeout = time.Minute
	tests := []struct {
		name string
		run  func(d *deadline, c *deadlineConn)
		want time.Duration // left; less than 0 when it has passed
	}{
		{"a call has its time", func(d *deadline, c *deadlineConn) { d.set(context.Background(), c, timeout) }, timeout},
		{"that of the context, when it ends before", func(d *deadline, c *deadlineConn) {
			ctx, stop := context.WithTimeout(context.Background(), time.Second)
			defer stop()
			d.set(ctx, c, timeout)
			d.release()
		}, time.Second},
		{"none when the context ends in the call", func(d *deadline, c *deadlineConn) {
			ctx, stop := context.WithCancel(context.Background())
			d.set(ctx, c, timeout)
			stop()
		}, -1},
		{"none when the context has ended between two calls", func(d *deadline, c *deadlineConn) {
			ctx, stop := context.WithCancel(context.Background())
			d.set(ctx, c, timeout)
			stop()
			synctest.Wait()
			d.set(ctx, c, timeout)
		}, -1},
		{"each call anew with the same context", func(d *deadline, c *deadlineConn) {
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			d.set(ctx, c, time.Second)
			d.set(ctx, c, timeout)
			d.release()
		}, timeout},
		{"another context, after the first has ended", func(d *deadline, c *deadlineConn) {
			ctx, stop := context.WithCancel(context.Background())
			d.set(ctx, c, timeout)
			stop()
			d.set(context.WithoutCancel(ctx), c, time.Second)
		}, time.Second},
		{"a context that ends after its call was followed by another's", func(d *deadline, c *deadlineConn) {
			ctx, stop := context.WithCancel(context.Background())
			d.set(ctx, c, timeout)
			d.set(context.Background(), c, time.Second)
			stop()
		}, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d deadline
				c := &deadlineConn{}
				tt.run(&d, c)
				synctest.Wait()
				if left := c.left(); left != tt.want && !(left < 0 && tt.want < 0) {
					t.Errorf("%s left, want %s", left, tt.want)
				}
			})
		})
	}
}
