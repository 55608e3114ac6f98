// Package hs2server is the server side of HiveServer2 as Impala speaks it: sessions,
// operations and result batches. Who answers the SQL is an [Engine].
//
// It behaves like an impalad where a client can see it: sessions outlive connections and
// are used from any connection of the same user, a failed login is a closed connection
// without a word, replies are cut into frames of 128 KiB, and the errors have Impala's
// texts.
package hs2server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"qosreport/internal/impala/wire"
)

// Login is the server side of one SASL exchange.
type Login interface {
	Step(response []byte) (challenge []byte, done bool, err error)
	User() string // who logged in, once done
	wire.Layer
}

// Logins are the SASL mechanisms of a port by their names, like "GSSAPI". A login is made
// for each connection.
type Logins map[string]func() Login

// Options of a server. Only Engine is required.
type Options struct {
	Engine       Engine
	Logins       Logins              // nil serves a plain socket
	QueryOptions map[string]string   // what OpenSession answers, in upper case; unknown ones are dropped
	Version      string              // for GetInfo and ping
	FetchWait    time.Duration       // how long a fetch waits for rows; 0 means 10s, as FETCH_ROWS_TIMEOUT_MS
	HiveFlags    bool                // answer as HiveServer2: hasMoreRows always false, no options of Impala
	Observe      func(method string) // called for each call; nil for none
	Logger       *slog.Logger        // nil discards
}

// Limits of the server, which faces clients that nobody knows.
const (
	maxSessions   = 1000
	maxOperations = 1000 // of one session
	maxMessage    = 32 << 20
	maxFetch      = 102_400 // rows, as Impala with spooled results
	frameSize     = 128 << 10
	loginTimeout  = 30 * time.Second
	callTimeout   = 5 * time.Minute // the rest of a call once it has begun, and its reply
)

// Server keeps the sessions. It serves any number of connections.
type Server struct {
	opts Options
	log  *slog.Logger

	mu       sync.Mutex
	sessions map[string]*Session
}

// New makes a server.
func New(o Options) *Server {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.FetchWait == 0 {
		o.FetchWait = 10 * time.Second
	}
	return &Server{opts: o, log: o.Logger, sessions: make(map[string]*Session)}
}

// Serve takes connections until the context ends; then it closes the listener, all
// connections and all sessions, and waits until nothing of it runs any more.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var connections sync.WaitGroup
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer func() {
		stop()
		cancel()
		connections.Wait()
		s.closeSessions()
	}()
	for {
		nc, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				nc.Close()
			}
			return nil
		}
		if err != nil {
			return err
		}
		connections.Go(func() { s.ServeConn(ctx, nc) })
	}
}

// ServeConn serves one connection to its end and closes it.
func (s *Server) ServeConn(ctx context.Context, nc net.Conn) {
	stop := context.AfterFunc(ctx, func() { nc.Close() })
	defer func() {
		stop()
		nc.Close()
	}()
	c := &connection{server: s}
	var stream io.ReadWriter = nc
	if len(s.opts.Logins) > 0 {
		nc.SetDeadline(time.Now().Add(loginTimeout))
		login, err := s.login(nc)
		if err != nil {
			s.log.Info("login refused", "reason", err)
			return
		}
		frames := wire.NewFrames(nc, login, maxMessage)
		frames.CutAt(frameSize)
		stream, c.user = frames, login.User()
	}
	c.codec = wire.NewCodec(stream, maxMessage)
	for {
		nc.SetDeadline(time.Time{})
		method, seq, err := c.codec.ReadCall()
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				s.log.Info("connection dropped", "reason", err)
			}
			return
		}
		nc.SetDeadline(time.Now().Add(callTimeout))
		if err := c.answer(ctx, method, seq); err != nil {
			s.log.Info("connection dropped", "method", method, "reason", err)
			return
		}
	}
}
