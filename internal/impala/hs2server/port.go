package hs2server

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
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

// port is a port of the server. Impala serves a limited number of connections at each; the
// next ones get as far as through their login (TAcceptQueueServer.cpp).
type port struct {
	server *Server
	logins Logins
	slots  chan struct{}
}

func (s *Server) newPort(logins Logins) *port {
	const threads = 64 // of --fe_service_threads
	n := s.opts.Limits.Connections
	if n == 0 {
		n = threads
	}
	return &port{server: s, logins: logins, slots: make(chan struct{}, n)}
}

// enter waits for a thread that serves the connection, and gives up without a word.
func (p *port) enter(ctx context.Context) bool {
	const connectionWait = 5 * time.Minute // of --accepted_client_cnxn_timeout
	wait := p.server.opts.Limits.ConnectionWait
	if wait == 0 {
		wait = connectionWait
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case p.slots <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (p *port) leave() { <-p.slots }

func (s *Server) serve(ctx context.Context, l net.Listener, p *port) error {
	ctx, cancel := context.WithCancel(ctx)
	var connections sync.WaitGroup
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer func() {
		stop()
		cancel()
		connections.Wait()
		s.Close()
	}()
	for {
		nc, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				nc.Close()
			}
			return nil
		}
		if shortage(err) {
			s.log.Info("no connection taken", "reason", err)
			pause(ctx, time.Second) // until others go
			continue
		}
		if err != nil {
			return err
		}
		connections.Go(func() { p.serveConn(ctx, nc) })
	}
}

// shortage tells an error that passes: clients of this or another program have used up what
// the system has, or one went before it was taken.
func shortage(err error) bool {
	for _, passing := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

// patient is a connection on which a client may be idle between messages as long as it
// likes, but not within one.
type patient struct {
	net.Conn
	idle bool
}

func (p *patient) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	if n > 0 && p.idle {
		p.idle = false
		p.SetDeadline(time.Now().Add(callTimeout))
	}
	return n, err
}

func (p *port) serveConn(ctx context.Context, raw net.Conn) {
	s := p.server
	nc := &patient{Conn: raw}
	stop := context.AfterFunc(ctx, func() { nc.Close() }) // statements outlive the connection, so it has no context of its own
	defer func() {
		stop()
		nc.Close()
	}()
	c := &connection{server: s, remote: nc.RemoteAddr().String()}
	c.within = func(d time.Duration) {
		if d == 0 {
			nc.SetDeadline(time.Time{})
			return
		}
		nc.SetDeadline(time.Now().Add(d))
	}
	delivery := &deliverer{ReadWriter: nc, conn: nc}
	if len(p.logins) > 0 {
		c.within(loginTimeout)
		login, err := p.login(nc)
		if err != nil {
			s.log.Info("login refused", "reason", err)
			return
		}
		frames := wire.NewFrames(heads{nc}, login, maxMessage)
		frames.CutAt(frameSize)
		delivery.ReadWriter, delivery.framed, c.user = frames, true, login.User()
	}
	c.within(0)
	if !p.enter(ctx) {
		return
	}
	defer p.leave()
	defer c.close()
	c.codec = wire.NewCodec(delivery, maxMessage)
	c.deliver = delivery.plan
	for {
		c.within(0)
		nc.idle = true
		method, seq, err := c.codec.ReadCall()
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				s.log.Info("connection dropped", "reason", err)
			}
			return
		}
		if err := c.answer(ctx, method, seq); err != nil {
			s.log.Info("connection dropped", "method", method, "reason", err)
			return
		}
	}
}
