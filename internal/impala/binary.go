package impala

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// binaryConn is a connection of the binary transport: messages on a socket, in SASL frames
// or bare. After a failure it is broken for good: a late reply must not be taken for that
// of another call.
type binaryConn struct {
	net   net.Conn
	sasl  Mechanism // nil on a plain socket
	codec *wire.Codec
	seq   int32
	dead  error // why it is broken

	deadline deadline
	waiting  bool // the reply to a call is to come
}

// errBusy marks a call that must not be made, since the reply to another is to come first.
var errBusy = errors.New("the connection is busy with another call")

// dialBinary connects, and once more where the login was made with a ticket that the service may
// not take any more: it says nothing about its reason, and a process that runs for days
// has tickets from before its key was changed. All of it has the time of one session.
func dialBinary(ctx context.Context, o Options, addr string) (*binaryConn, error) {
	end := time.Now().Add(o.SessionTimeout)
	c, err := dialOnce(ctx, o, addr, end)
	if c == nil || err == nil {
		return c, err
	}
	if stale(c.sasl) && ctx.Err() == nil && !errors.Is(err, errNoAnswer) {
		o.Logger.InfoContext(ctx, "login refused, another one is tried with a fresh ticket", "coordinator", addr, "reason", err)
		if c, err = dialOnce(ctx, o, addr, end); err == nil {
			return c, nil
		}
	}
	if errors.Is(err, errHungUp) && ctx.Err() == nil && turnsAway(ctx, o, addr, end) {
		return nil, fault.Advise(fault.Errorf(fault.Impala, fault.Network, "login: %w, as it closes every connection", errHungUp),
			"the coordinator is starting or stopping, a balancer has none behind it, or a filter there does not let this host in")
	}
	return nil, err
}

// turnsAway reports whether a server closes connections on which nothing was said, or takes
// none any more. It has refused no login then, which looks the same.
func turnsAway(ctx context.Context, o Options, addr string, end time.Time) bool {
	o.DialTimeout = min(o.DialTimeout, time.Until(end))
	o.SessionTimeout = o.DialTimeout // of TLS
	nc, err := dialSocket(ctx, o, addr)
	if err != nil {
		return fault.ClassOf(err) == fault.Network
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(stagger))
	_, err = nc.Read(make([]byte, 1))
	return hungUp(err)
}

// dialOnce connects, in the order TCP, TLS, SASL. A connection that comes with an error is
// closed.
func dialOnce(ctx context.Context, o Options, addr string, end time.Time) (*binaryConn, error) {
	o.SessionTimeout = time.Until(end)
	nc, err := dialSocket(ctx, o, addr)
	if err != nil {
		return nil, err
	}
	o.SessionTimeout = time.Until(end) // without what TLS took
	ctx, stop := context.WithTimeout(ctx, o.SessionTimeout)
	defer stop()
	c := &binaryConn{net: nc}
	if err := c.begin(ctx, o, addr); err != nil {
		c.close()
		return c, err
	}
	return c, nil
}

// begin logs in, unless that is not wanted, and makes the codec.
func (c *binaryConn) begin(ctx context.Context, o Options, addr string) error {
	var stream io.ReadWriter = c.net
	if o.Auth != nil {
		mechanism, err := o.Auth(ctx, hostOf(addr))
		if err != nil {
			return err
		}
		c.sasl = mechanism
		c.deadline.set(ctx, c.net, o.SessionTimeout)
		err = login(c.net, c.sasl)
		c.deadline.release()
		if err != nil {
			return loginFailure(ctx, err, c.sasl.Name(), o)
		}
		stream = wire.NewFrames(c.net, c.sasl, o.MaxMessage)
	}
	c.codec = wire.NewCodec(stream, o.MaxMessage)
	return nil
}

func (c *binaryConn) close() {
	if c.dead == nil {
		c.dead = net.ErrClosed
	}
	c.deadline.release()
	c.net.Close()
	if c.sasl != nil {
		c.sasl.Close()
	}
}

func (c *binaryConn) broken() error { return c.dead }

func (c *binaryConn) pin() { c.codec.Pin() }

func (c *binaryConn) release() { c.codec.Release() }

func (c *binaryConn) replySize() int { return c.codec.MessageSize() }

func (c *binaryConn) security() string {
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

func (c *binaryConn) call(ctx context.Context, timeout time.Duration, method string, req, reply wire.Message) error {
	if err := c.send(ctx, timeout, method, req); err != nil {
		return err
	}
	return c.read(ctx, timeout, method, reply)
}

// send makes a call whose reply [binaryConn.receive] takes, and no other call until then.
func (c *binaryConn) send(ctx context.Context, timeout time.Duration, method string, req wire.Message) error {
	switch {
	case c.dead != nil:
		return fmt.Errorf("%s: %w", method, c.dead)
	case c.waiting:
		return fmt.Errorf("%s: %w", method, errBusy)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	c.deadline.set(ctx, c.net, timeout)
	c.seq++
	if err := c.codec.WriteCall(method, c.seq, req); err != nil {
		c.dead = err
		return callFailure(ctx, err, method, timeout)
	}
	c.waiting = true
	return nil
}

// receive takes the reply to the call that was sent, within a time from now on.
func (c *binaryConn) receive(ctx context.Context, timeout time.Duration, method string, reply wire.Message) error {
	if c.dead != nil {
		return fmt.Errorf("%s: %w", method, c.dead)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	c.deadline.set(ctx, c.net, timeout)
	return c.read(ctx, timeout, method, reply)
}

func (c *binaryConn) read(ctx context.Context, timeout time.Duration, method string, reply wire.Message) error {
	err := c.codec.ReadReply(method, c.seq, reply)
	c.waiting = false
	if err == nil {
		return nil
	}
	if exception := (*wire.Exception)(nil); errors.As(err, &exception) {
		return err
	}
	c.dead = err
	return callFailure(ctx, err, method, timeout)
}

// ended is why the context has ended or is about to: deadlines of sockets are its own and may
// pass a moment before it notices.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && ctx.Err() == nil && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return context.Cause(ctx)
}

func callFailure(ctx context.Context, err error, method string, timeout time.Duration) error {
	if cause := ended(ctx); cause != nil {
		return fmt.Errorf("%s: %w", method, cause)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("%s: %w within %s", method, errNoAnswer, timeout.Round(10*time.Millisecond))
	case foreign(err):
		return foreignFailure(err, method)
	case refusedByPeer(err):
		return fault.Advise(fault.Errorf(fault.Security, fault.Authentication, "%s: %w", method, err), "%s", adviceRefused)
	case errors.Is(err, wire.ErrMalformed), errors.Is(err, wire.ErrTooLarge), errors.Is(err, wire.ErrFrame):
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
