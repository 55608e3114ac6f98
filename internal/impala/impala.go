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
	"log/slog"
	"net"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// Options say how to reach a coordinator. Only Hosts is required.
type Options struct {
	Hosts    []string                                                          // host:port each; tried in random order
	Health   *Health                                                           // which of them failed lately; nil remembers nothing
	Dial     func(ctx context.Context, network, addr string) (net.Conn, error) // nil means a net.Dialer
	Lookup   func(ctx context.Context, host string) ([]string, error)          // addresses of a name; nil leaves them to Dial, or to DNS without one
	TLS      *tls.Config                                                       // nil means no TLS; ServerName defaults to the host
	Auth     func(ctx context.Context, host string) (Mechanism, error)         // begins a SASL login; nil means a plain socket, or HTTP
	HTTP     *HTTP                                                             // nil means the binary transport
	User     string                                                            // for OpenSession; servers ignore it after a SASL login
	DoAs     string                                                            // run as this user, who must be delegated to the one that logs in; "" as oneself
	Database string                                                            // "" means the server's default
	Config   map[string]string                                                 // query options of the session
	Client   string                                                            // CLIENT_IDENTIFIER of statements, where the server knows it; "" for none

	DialTimeout    time.Duration // 0 means 10s
	SessionTimeout time.Duration // TLS, login and OpenSession; 0 means 30s
	CallTimeout    time.Duration // one call of a statement's life; 0 means 60s
	PlanTimeout    time.Duration // ExecuteStatement, which plans; 0 means 10m
	BatchRows      int           // most rows a fetch; 0 means 8192
	FetchAhead     bool          // ask for a batch before the caller wants it; Impala on the binary transport only
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
		if o.Lookup == nil {
			o.Lookup = net.DefaultResolver.LookupHost
		}
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

// Connect opens a session with one of the coordinators. They are tried in random order,
// so that reports spread over them, and those that failed lately come last. Addresses that
// are silent are tried beside each other, so that their time-outs do not add up: all of it
// takes at most DialTimeout and SessionTimeout together. The error names each coordinator
// with its own cause.
func Connect(ctx context.Context, o Options) (*Client, error) {
	o = o.withDefaults()
	if len(o.Hosts) == 0 {
		return nil, fault.Advise(fault.Errorf(fault.Usage, 0, "no coordinator is named"),
			"set impala.hosts or pass --impala-host HOST:PORT")
	}
	s := &search{opts: o, left: o.Health.order(o.Hosts), addrs: make(map[string][]string), end: time.Now().Add(o.DialTimeout + o.SessionTimeout)}
	for len(s.left) > 0 {
		c, err := s.next(ctx)
		if err != nil {
			return nil, err
		}
		if c != nil {
			return c, nil
		}
	}
	return nil, s.failure()
}
