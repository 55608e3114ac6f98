// Package hs2server is the server side of HiveServer2 as Impala speaks it: sessions,
// operations and result batches, at binary ports and over HTTP. Who answers the SQL is
// an [Engine].
//
// It behaves like an impalad where a client can see it: sessions outlive connections and
// are used from any connection of the same user, a failed login is a closed connection
// without a word, replies are cut into frames of 128 KiB, and the errors have Impala's
// texts. Whatever can go wrong at a coordinator can be asked for with [Script], [Pool]
// and [Delivery].
package hs2server

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"strings"
	"sync"
	"time"

	"qosreport/internal/impala/wire"
)

// Options of a server. Only Engine is required.
type Options struct {
	Engine       Engine
	Logins       Logins              // of the port that Serve and ServeConn serve; nil is a plain socket
	QueryOptions map[string]string   // the options there are, with their defaults; nil means those of Impala
	Version      string              // for GetInfo and ping
	FetchWait    time.Duration       // default of FETCH_ROWS_TIMEOUT_MS; 0 means 10s
	HiveFlags    bool                // answer as HiveServer2: hasMoreRows always false, no options of Impala
	QueryFrame   bool                // begin errors of a statement with "Query … failed:", as Impala does since 4.5
	WebServer    string              // host:port of the coordinator's pages; "" means localhost:25000
	Proxies      map[string][]string // who may act for whom, "*" for anybody; nil forbids delegation
	Limits       Limits
	Script       func(statement string) *Script // what becomes of a statement; nil, or a nil script, leaves it to the engine
	Deliver      func(method string) Delivery   // how a reply is sent; nil sends it well
	Observe      func(method string)            // called for each call before its request is read; nil for none
	Record       func(Call)                     // called for each call once its request was read; nil for none
	Logger       *slog.Logger                   // nil discards
}

// Limits are those that an operator of Impala sets. The zero value has Impala's defaults.
type Limits struct {
	SessionsPerUser     int             // 0 means no limit
	DisconnectedSession time.Duration   // life of a session after its last connection; 0 means 15m
	Connections         int             // served at once at a port, as by --fe_service_threads; 0 means 64
	ConnectionWait      time.Duration   // how long the next ones wait after their login; 0 means 5m
	Pools               map[string]Pool // admission by REQUEST_POOL, "" for the default pool; nil admits all at once
}

// Limits of the server, which faces clients that nobody knows.
const (
	maxSessions   = 1000
	maxOperations = 500 // each with rows that wait
	maxMessage    = 32 << 20
	maxFetch      = 102_400 // rows, as Impala with spooled results
	spoolless     = 1024    // rows of a fetch without spooling, one batch of Impala
	frameSize     = 128 << 10
	loginTimeout  = 30 * time.Second
	callTimeout   = 5 * time.Minute // the rest of a call once it has begun, and its reply
)

// Server keeps the sessions. It serves any number of connections at any number of ports.
type Server struct {
	opts     Options
	log      *slog.Logger
	defaults map[string]string // of the query options
	binary   *port
	pools    map[string]*pool
	archive  archive
	started  time.Time

	mu         sync.Mutex
	sessions   map[string]*session
	operations map[string]*operation
	down       string // why nothing new is taken; "" while the server runs
}

// New makes a server.
func New(o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.WebServer == "" {
		o.WebServer = "localhost:25000"
	}
	if o.Limits.DisconnectedSession == 0 {
		o.Limits.DisconnectedSession = 15 * time.Minute
	}
	s := &Server{opts: o, log: o.Logger, started: time.Now(), defaults: defaultOptions(o), pools: make(map[string]*pool),
		sessions: make(map[string]*session), operations: make(map[string]*operation)}
	s.binary = s.newPort(o.Logins)
	for name, p := range o.Limits.Pools {
		s.pools[name] = &pool{Pool: p, name: name}
	}
	return s
}

// defaultOptions are the values of a session that sets nothing.
func defaultOptions(o Options) map[string]string {
	values := maps.Clone(o.QueryOptions)
	if values == nil {
		values = make(map[string]string)
		for _, option := range impalaOptions {
			values[option.name] = option.value
		}
	}
	if o.FetchWait > 0 {
		values[fetchRowsTimeout] = milliseconds(o.FetchWait)
	}
	return values
}

// Shutdown lets the server take nothing new, as after ":shutdown()": sessions and
// statements are refused, what runs may be read to its end.
func (s *Server) Shutdown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = "Server is being shut down: startup grace period left: 2m, deadline left: 1h, queries registered on coordinator: " +
		"0, queries executing: 0, fragment instances: 0."
}

// open refuses what is new after Shutdown.
func (s *Server) open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != "" {
		return general("%s", s.down)
	}
	return nil
}

// Close ends all sessions and with them their statements. [Server.Serve] does it, too.
func (s *Server) Close() {
	s.mu.Lock()
	var all []*session
	for _, session := range s.sessions {
		all = append(all, session)
	}
	s.mu.Unlock()
	for _, session := range all {
		s.closeSession(session, "Session closed")
	}
}

// Serve takes connections at a binary port until the context ends; then it closes the
// listener, all its connections and all sessions, and waits until nothing of it runs any more.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	return s.serve(ctx, l, s.binary)
}

// ServeLogins is [Server.Serve] for a binary port with other logins. The ports of a server
// share its sessions.
func (s *Server) ServeLogins(ctx context.Context, l net.Listener, logins Logins) error {
	return s.serve(ctx, l, s.newPort(logins))
}

// ServeConn serves one connection of the port of [Server.Serve] to its end and closes it.
func (s *Server) ServeConn(ctx context.Context, nc net.Conn) { s.binary.serveConn(ctx, nc) }

// short is the name that authorization goes by: that of a principal ends at its first
// slash or @ (auth-util.cc).
func short(user string) string {
	if i := strings.IndexAny(user, "/@"); i > 0 {
		return user[:i]
	}
	return user
}

// serverError is an error in Impala's words with its SQLSTATE.
type serverError struct {
	text  string
	state string
}

func (e *serverError) Error() string { return e.text }

// The SQLSTATEs of Impala.
const (
	generalState  = "HY000"
	optionalState = "HYC00"
)

func unsupported() error { return &serverError{"Unsupported operation", optionalState} }

// notImplemented is what the calls get that only Hive has. It has no SQLSTATE.
func notImplemented() error { return &serverError{text: "Not implemented"} }

// status is how an error is told: in a good reply, as a status.
func status(err error) wire.Status {
	if err == nil {
		return wire.Status{}
	}
	if known, ok := err.(*serverError); ok {
		return wire.Status{Code: wire.StatusError, Message: known.text, SQLState: known.state}
	}
	return wire.Status{Code: wire.StatusError, Message: err.Error(), SQLState: generalState}
}
