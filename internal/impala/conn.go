package impala

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// errNoAnswer marks a step that the peer left unanswered until its deadline.
var errNoAnswer = errors.New("no answer")

// conn is one connection to a coordinator, ready for calls. After a failure it is
// broken for good: a late reply must not be taken for that of another call.
type conn struct {
	net    net.Conn
	sasl   Mechanism // nil on a plain socket
	codec  *wire.Codec
	seq    int32
	broken error
}

// dial connects, and once more where the login was made with a ticket that the service may
// not take any more: it says nothing about its reason, and a process that runs for days
// has tickets from before its key was changed.
func dial(ctx context.Context, o Options, addr string) (*conn, error) {
	c, err := dialOnce(ctx, o, addr)
	if c == nil || err == nil {
		return c, err
	}
	if login, ok := c.sasl.(interface{ Stale() bool }); !ok || !login.Stale() || ctx.Err() != nil {
		return nil, err
	}
	o.Logger.InfoContext(ctx, "login refused, another one is tried with a fresh ticket", "coordinator", addr, "reason", err)
	if c, err = dialOnce(ctx, o, addr); err != nil {
		return nil, err
	}
	return c, nil
}

// dialOnce connects, in the order TCP, TLS, SASL. A connection that comes with an error is
// closed.
func dialOnce(ctx context.Context, o Options, addr string) (*conn, error) {
	dialing, stop := context.WithTimeout(ctx, o.DialTimeout)
	nc, err := o.Dial(dialing, "tcp", addr)
	stop()
	if err != nil {
		return nil, dialFailure(ctx, err, o.DialTimeout)
	}
	ctx, stop = context.WithTimeout(ctx, o.SessionTimeout)
	defer stop()
	c := &conn{net: nc}
	if err := c.secure(ctx, o, addr); err != nil {
		c.close()
		return c, err
	}
	return c, nil
}

func (c *conn) secure(ctx context.Context, o Options, addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	if o.TLS != nil {
		config := o.TLS.Clone()
		if config.ServerName == "" {
			config.ServerName = host
		}
		secured := tls.Client(c.net, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			if errors.Is(ctx.Err(), context.Canceled) {
				return context.Cause(ctx)
			}
			return tlsFailure(err, config.ServerName)
		}
		c.net = secured
	}
	var stream io.ReadWriter = c.net
	if o.Auth != nil {
		mechanism, err := o.Auth(ctx, host)
		if err != nil {
			return err
		}
		c.sasl = mechanism
		release := guard(ctx, c.net, o.SessionTimeout)
		err = login(c.net, c.sasl)
		release()
		if err != nil {
			return loginFailure(ctx, err, c.sasl.Name(), o)
		}
		stream = wire.NewFrames(c.net, c.sasl, o.MaxMessage)
	}
	c.codec = wire.NewCodec(stream, o.MaxMessage)
	return nil
}

func (c *conn) close() {
	if c.broken == nil {
		c.broken = net.ErrClosed
	}
	c.net.Close()
	if c.sasl != nil {
		c.sasl.Close()
	}
}

// security says how the connection is protected, for logs.
func (c *conn) security() string {
	text := "none"
	if _, ok := c.net.(*tls.Conn); ok {
		text = "tls"
	}
	if c.sasl != nil {
		text += " " + c.sasl.Name()
		if named, ok := c.sasl.(interface{ Layer() string }); ok {
			text += " " + named.Layer()
		}
	}
	return text
}

// call makes one call within timeout and the context. A status that is no success is
// the caller's to see; an error is one of the connection, but for a [*wire.Exception].
func (c *conn) call(ctx context.Context, timeout time.Duration, method string, req, reply wire.Message) error {
	if c.broken != nil {
		return fmt.Errorf("%s: %w", method, c.broken)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	release := guard(ctx, c.net, timeout)
	defer release()
	c.seq++
	err := c.codec.WriteCall(method, c.seq, req)
	if err == nil {
		err = c.codec.ReadReply(method, c.seq, reply)
	}
	var exception *wire.Exception
	if err == nil || errors.As(err, &exception) {
		return err
	}
	c.broken = err
	return callFailure(ctx, err, method, timeout)
}

// guard gives the connection an absolute deadline that trickling bytes do not move, and
// brings it forward to now when the context ends. Release it before the next guard.
func guard(ctx context.Context, nc net.Conn, timeout time.Duration) (release func()) {
	deadline := time.Now().Add(timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	nc.SetDeadline(deadline)
	if ctx.Done() == nil {
		return func() {}
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		nc.SetDeadline(time.Unix(1, 0))
		close(ended)
	})
	return func() {
		if !stop() {
			<-ended
		}
	}
}

func callFailure(ctx context.Context, err error, method string, timeout time.Duration) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%s: %w", method, cause)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("%s: %w within %s", method, errNoAnswer, timeout)
	case errors.Is(err, wire.ErrMalformed), errors.Is(err, wire.ErrTooLarge):
		return fault.Errorf(fault.Impala, fault.Unclassified, "%s: %w", method, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		// Never io.EOF itself: that is the end of the rows, and a lost connection is not.
		err = fmt.Errorf("%s: the server closed the connection: %w", method, io.ErrUnexpectedEOF)
	default:
		err = fmt.Errorf("%s: the connection broke: %w", method, err)
	}
	return fault.Advise(fault.New(fault.Impala, fault.Lost, err),
		"see whether the coordinator was restarted or ran out of memory, or a firewall or balancer cut a quiet connection")
}

func dialFailure(ctx context.Context, err error, timeout time.Duration) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		err = fault.Advise(err, "the host name does not resolve: see impala.hosts and DNS")
	case errors.Is(err, syscall.ECONNREFUSED):
		err = fault.Advise(err, "nothing listens there: Impala's port is 21050 for this protocol (21000 and 25000 are others); see whether the coordinator runs")
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		err = fault.Advise(fmt.Errorf("%w within %s", errNoAnswer, timeout), "a firewall may drop the packets, or the host is down")
	}
	return fault.New(fault.Impala, fault.Network, err)
}
