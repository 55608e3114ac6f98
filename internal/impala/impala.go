// Package impala runs statements on Apache Impala over HiveServer2.
//
// A [Client] owns one session with one coordinator. Rows arrive as column batches
// that are reused from one fetch to the next; copy what you keep.
//
// When a context ends in the middle of a statement, the statement is cancelled on the
// server too, over a second connection, because the first is busy. A client whose
// connection broke stays broken: only opening a session is ever repeated here.
//
// HiveServer2 itself (Apache Hive, Apache Spark) speaks the same protocol and is served
// as well; where the two differ, the difference is named at the place.
package impala

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// Options say how to reach a coordinator. Only Hosts is required.
type Options struct {
	Hosts    []string                                                          // host:port each; tried in random order
	Dial     func(ctx context.Context, network, addr string) (net.Conn, error) // nil means a net.Dialer
	TLS      *tls.Config                                                       // nil means no TLS; ServerName defaults to the host
	Auth     func(ctx context.Context, host string) (Mechanism, error)         // begins a SASL login; nil means a plain socket
	User     string                                                            // for OpenSession; servers ignore it after a SASL login
	Database string                                                            // "" means the server's default
	Config   map[string]string                                                 // query options of the session

	DialTimeout    time.Duration // 0 means 10s
	SessionTimeout time.Duration // TLS, login and OpenSession; 0 means 30s
	CallTimeout    time.Duration // one call of a statement's life; 0 means 60s
	PlanTimeout    time.Duration // ExecuteStatement, which plans; 0 means 10m
	BatchRows      int           // most rows a fetch; 0 means 8192
	MaxMessage     int           // most bytes a message; 0 means wire.DefaultLimit
	Logger         *slog.Logger  // nil discards
}

func (o Options) withDefaults() Options {
	setDefault(&o.DialTimeout, 10*time.Second)
	setDefault(&o.SessionTimeout, 30*time.Second)
	setDefault(&o.CallTimeout, 60*time.Second)
	setDefault(&o.PlanTimeout, 10*time.Minute)
	setDefault(&o.BatchRows, 8192)
	setDefault(&o.MaxMessage, wire.DefaultLimit)
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// Client is one session with one coordinator. It is for one goroutine.
type Client struct {
	opts    Options
	addr    string
	conn    conn
	session wire.SessionHandle
	impala  bool // what answers is Impala itself: hasMoreRows can be believed
	log     *slog.Logger
}

// Connect opens a session with one of the coordinators. They are tried in random
// order, so that reports spread over them, until the session stands or all have failed.
func Connect(ctx context.Context, o Options) (*Client, error) {
	o = o.withDefaults()
	if len(o.Hosts) == 0 {
		return nil, fault.Advise(fault.Errorf(fault.Usage, 0, "no coordinator is named"),
			"set impala.hosts or pass --impala-host HOST:PORT")
	}
	var failures []error
	for _, i := range rand.Perm(len(o.Hosts)) {
		c := &Client{opts: o, addr: o.Hosts[i], log: o.Logger.With("coordinator", o.Hosts[i])}
		err := c.open(ctx)
		if err == nil {
			return c, nil
		}
		err = fmt.Errorf("connect %s: %w", c.addr, err)
		if ctx.Err() != nil {
			return nil, err
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

func (c *Client) open(ctx context.Context) error {
	start := time.Now()
	conn, err := dial(ctx, c.opts, c.addr)
	if err != nil {
		return err
	}
	c.conn = conn
	req := wire.OpenSessionReq{Protocol: wire.ProtocolV6, Username: c.opts.User, Configuration: maps.Clone(c.opts.Config)}
	if c.opts.Database != "" {
		if req.Configuration == nil {
			req.Configuration = make(map[string]string)
		}
		req.Configuration["use:database"] = c.opts.Database
	}
	var reply wire.OpenSessionResp
	err = conn.call(ctx, c.opts.SessionTimeout, "OpenSession", &req, &reply)
	if err == nil {
		err = c.check("OpenSession", reply.Status, "")
	}
	if err == nil {
		c.session = reply.Session
		c.impala = isImpala(reply.Configuration)
		err = c.verifyOptions(reply.Configuration)
	}
	if err != nil {
		conn.close()
		return adviseOpen(err, c.opts)
	}
	c.log.DebugContext(ctx, "session opened", "impala", c.impala, "security", conn.security(), "took", time.Since(start))
	return nil
}

// isImpala tells Impala from HiveServer2 by the configuration that OpenSession returned:
// Impala's holds its query options and http_addr, HiveServer2's is empty or all hive.….
func isImpala(configuration map[string]string) bool {
	for key := range configuration {
		if strings.EqualFold(key, "http_addr") {
			return true
		}
	}
	return false
}

// verifyOptions finds the options that the server dropped. Impala drops what it does
// not know or cannot read without an error, and the session runs without it.
func (c *Client) verifyOptions(reply map[string]string) error {
	if !c.impala {
		return nil
	}
	known := make(map[string]bool, len(reply))
	for key := range reply {
		known[strings.ToUpper(key)] = true
	}
	for _, key := range slices.Sorted(maps.Keys(c.opts.Config)) {
		if !known[strings.ToUpper(key)] {
			return fault.Advise(fault.Errorf(fault.Impala, fault.SQL, "the coordinator does not know the query option %s", key),
				"take %s out of impala.options, or correct its name", key)
		}
	}
	return nil
}

// Coordinator is the host:port of the session.
func (c *Client) Coordinator() string { return c.addr }

// Close ends the session and the connection. It takes at most the time of one call.
func (c *Client) Close(ctx context.Context) error {
	defer c.conn.close()
	if c.conn.broken() != nil {
		return nil
	}
	ctx, stop := closing(ctx)
	defer stop()
	var reply wire.StatusResp
	if err := c.conn.call(ctx, c.opts.CallTimeout, "CloseSession", &wire.SessionReq{Session: c.session}, &reply); err != nil {
		return fmt.Errorf("close session on %s: %w", c.addr, err)
	}
	return c.check("CloseSession", reply.Status, "")
}

// cleanupTimeout bounds what is done for the server after a context has ended.
const cleanupTimeout = 5 * time.Second

// closing is the context of what closes a statement or a session: ctx itself, since a
// busy coordinator may take long and a result that is whole must not be lost for that;
// or, when ctx has ended, a short time for cleaning up.
func closing(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return ctx, func() {}
	}
	return context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
}
