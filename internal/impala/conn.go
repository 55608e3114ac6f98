package impala

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// conn is the way to one coordinator, for one call at a time. Sessions and statements know
// no more of a transport than this.
type conn interface {
	// call makes one call within timeout and the context. A status that is no success is
	// the caller's to see; an error is one of the connection, but for a [*wire.Exception].
	call(ctx context.Context, timeout time.Duration, method string, req, reply wire.Message) error
	// broken is why no further call can be made, nil as long as one can. What a broken
	// connection was asked last may go on at the server.
	broken() error
	// pin keeps what the last reply lent valid until the next pin.
	pin()
	// release keeps what replies have lent valid for as long as it is held.
	release()
	// replySize is the number of bytes of the last reply.
	replySize() int
	// security says how the connection is protected, for logs.
	security() string
	// close ends the connection; a session outlives it.
	close()
}

// errNoAnswer marks a step that the peer left unanswered until its deadline.
var errNoAnswer = errors.New("no answer")

// dial makes a connection by the transport that the options ask for.
func dial(ctx context.Context, o Options, addr string) (conn, error) {
	if o.HTTP != nil {
		return newHTTPConn(o, addr), nil // its first call dials
	}
	c, err := dialBinary(ctx, o, addr)
	if err != nil {
		return nil, err // and not an interface that holds a nil pointer
	}
	return c, nil
}

// dialSocket connects, in the order TCP, TLS.
func dialSocket(ctx context.Context, o Options, addr string) (net.Conn, error) {
	dialing, stop := context.WithTimeout(ctx, o.DialTimeout)
	defer stop()
	nc, err := o.Dial(dialing, "tcp", addr)
	if err != nil {
		return nil, dialFailure(ctx, err, o.DialTimeout)
	}
	if o.TLS == nil {
		return nc, nil
	}
	secured, err := startTLS(ctx, nc, o, hostOf(addr))
	if err != nil {
		nc.Close()
		return nil, err
	}
	return secured, nil
}

// hostOf is the host of host:port.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}

func dialFailure(ctx context.Context, err error, timeout time.Duration) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		err = fault.Advise(err, "this process or host may have no more open files: raise the limit (ulimit -n, LimitNOFILE in systemd)")
	case errors.As(err, &dns):
		err = fault.Advise(err, "the host name does not resolve: see impala.hosts and DNS")
	case errors.Is(err, syscall.ECONNREFUSED):
		err = fault.Advise(err, "nothing listens there: the ports of HiveServer2 are 21050 (sasl, plain-socket) and 28000 (http), and 21000 and 25000 others; see whether the coordinator runs")
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		err = fault.Advise(fmt.Errorf("%w within %s", errNoAnswer, timeout), "a firewall may drop the packets, or the host is down")
	}
	return fault.New(fault.Impala, fault.Network, err)
}

// adviseOpen adds what it usually means when a server answers OpenSession with silence, an
// end, or something else than a message, and when it does not know the call.
func adviseOpen(err error, o Options) error {
	var refused *Error
	switch {
	case errors.As(err, &refused) && refused.Remedy == adviceVersion: // an exception
		return fault.Advise(err, "the port is one of another service of Impala, like Beeswax (21000): the ports of HiveServer2 are 21050 (sasl, plain-socket) and 28000 (http)")
	case fault.Remedy(err) != "" && fault.ClassOf(err) != fault.Lost:
		return err
	case fault.ClassOf(err) != fault.Lost && !errors.Is(err, wire.ErrMalformed):
		return err
	case o.HTTP != nil && hungUp(err):
		return fault.Advise(err, "the port may be one of the binary transport (21050: impala.transport sasl), or want TLS; that of the HTTP transport is 28000")
	case o.HTTP == nil && o.Auth == nil:
		return fault.Advise(err, "the server may want a login (impala.auth kerberos or ldap) or TLS, or the port be that of the HTTP transport (28000) or a web page (25000); it was asked over a plain socket")
	}
	return err
}
