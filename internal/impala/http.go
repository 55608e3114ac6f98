package impala

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"qosreport/internal/impala/wire"
)

// HTTP is the transport that Impala calls hs2-http: each message is the body of a POST, and
// its reply that of the answer. Requests go to the coordinator itself or to the gateway that
// the options name, never by a proxy of the environment: a session lives on one coordinator.
type HTTP struct {
	Path string // of the URL; "" means /cliservice

	// Login begins the login of one request to a host; nil sends none.
	Login func(ctx context.Context, host string) (Authorization, error)
	// Once sends no login as long as the server's own cookie stands for it, as logins with
	// Negotiate do. Without it each request has one (Impala looks at the cookie first).
	Once bool
}

// Authorization is the login of one request. Package kerberos has Negotiate; [Basic] and
// [Bearer] are here.
type Authorization interface {
	Authorization() string             // the value of the field of that name, a secret
	Finish(challenges ...string) error // checks the proof in the fields WWW-Authenticate of a good answer
	Close() error                      // ends it, after Finish or without
}

// Limits of an HTTP connection.
const (
	expectAbove    = 1024            // bytes of a body that waits for the server to take the login
	expectWait     = time.Second     // for servers that do not know Expect
	keptFresh      = 5 * time.Second // a connection that was idle for longer is not used again
	maxHTTPHeaders = 256 << 10       // bytes of the fields of an answer
)

// httpConn calls a coordinator over HTTP. Its connections come and go without harm, so that
// it is never broken; cookies are what holds the calls together.
type httpConn struct {
	opts      Options
	url       *url.URL
	transport *http.Transport

	live   *http.ClientConn // nil before the first call and after one that failed
	socket *watchedConn     // under live
	used   time.Time        // when live was last in use

	cookies cookies
	codec   *wire.Codec
	message message
	seq     int32
	scheme  string // of the last login, "" without one
	proved  bool   // the server has proved who it is
	closed  bool
}

func newHTTPConn(o Options, addr string) *httpConn {
	path := cmp.Or(o.HTTP.Path, "/cliservice")
	c := &httpConn{opts: o, url: &url.URL{Scheme: "http", Host: addr, Path: "/" + strings.TrimPrefix(path, "/")}}
	if o.TLS != nil {
		c.url.Scheme = "https"
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	// A ClientConn is one connection. A limit on those to a host would count it, and miscount.
	c.transport = &http.Transport{
		DialContext:            c.dial,
		DialTLSContext:         c.dial,
		DisableCompression:     true, // so that a reply is not larger than what arrives
		ExpectContinueTimeout:  expectWait,
		MaxResponseHeaderBytes: maxHTTPHeaders,
		Protocols:              protocols,
		ReadBufferSize:         64 << 10,
	}
	c.codec = wire.NewCodec(&c.message, o.MaxMessage)
	return c
}

func (c *httpConn) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	nc, err := dialSocket(ctx, c.opts, addr)
	if err != nil {
		return nil, err
	}
	c.socket = &watchedConn{Conn: nc}
	return c.socket, nil
}

func (c *httpConn) broken() error {
	if c.closed {
		return net.ErrClosed
	}
	return nil
}

func (c *httpConn) pin() { c.codec.Pin() }

func (c *httpConn) release() { c.codec.Release() }

func (c *httpConn) replySize() int { return c.codec.MessageSize() }

func (c *httpConn) security() string {
	text := "none http"
	if c.opts.TLS != nil {
		text = "tls http"
	}
	if c.scheme != "" {
		text += " " + strings.ToLower(c.scheme)
	}
	if c.proved {
		text += " mutual"
	}
	return text
}

func (c *httpConn) close() {
	c.closed = true
	c.hangUp()
	c.cookies = cookies{}
}

// hangUp closes the connection; the next call dials.
func (c *httpConn) hangUp() {
	if c.live != nil {
		c.live.Close()
	}
	c.live = nil
}

func (c *httpConn) call(ctx context.Context, timeout time.Duration, method string, req, reply wire.Message) error {
	if c.closed {
		return fmt.Errorf("%s: %w", method, net.ErrClosed)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	limited, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	for try := 1; ; try++ {
		err := c.exchange(limited, method, req, reply)
		var exception *wire.Exception
		if err == nil || errors.As(err, &exception) {
			return err
		}
		pause, again := pauseAfter(err, method, try)
		if deadline, _ := limited.Deadline(); !again || time.Now().Add(pause).After(deadline) || sleep(limited, pause) != nil {
			return c.failure(ctx, err, method, timeout)
		}
		c.opts.Logger.InfoContext(ctx, "call repeated", "coordinator", c.url.Host, "method", method, "reason", err)
	}
}
