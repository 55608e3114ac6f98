package hs2server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"qosreport/internal/impala/wire"
)

// Web says how clients get in over HTTP. Each function that is there offers a scheme; with
// none of them everybody may come in.
type Web struct {
	Negotiate   func(token []byte) (reply []byte, user string, err error) // the only token of SPNEGO or Kerberos
	Basic       func(user, password string) bool
	Bearer      func(token string) (user string, err error)
	BearerPlain bool          // take bearer tokens without TLS, too
	CookieLife  time.Duration // 0 means 24h; negative sends no cookies
	DropAfter   int           // drop a connection after so many replies without saying so; 0 keeps it
}

// ServeWeb takes connections at an HTTP port (THttpServer.cpp) until the context ends,
// like [Server.Serve]. The ports of a server share its sessions.
func (s *Server) ServeWeb(ctx context.Context, l net.Listener, w Web) error {
	h := &webPort{Web: w, port: s.newPort(nil), cookies: newCookies(w.CookieLife), conns: make(map[net.Conn]*webConn)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	server := &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.serve(ctx, w, r) }),
		ConnContext:       h.accept,
		ConnState:         h.track,
		Protocols:         protocols,
		MaxHeaderBytes:    64 << 10,
		ReadHeaderTimeout: loginTimeout,
		ReadTimeout:       callTimeout,
		IdleTimeout:       3 * callTimeout,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	err := server.Serve(l)
	ended := ctx.Err() != nil
	stop()
	cancel() // what still waits in a request must not hold up the end
	server.Close()
	h.running.Wait()
	s.Close()
	if ended && errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// webPort is an HTTP port. Each POST holds one message.
type webPort struct {
	Web
	*port
	cookies *cookies
	running sync.WaitGroup // connections and requests

	mu    sync.Mutex
	conns map[net.Conn]*webConn
}

// webConn is a connection with what it has served.
type webConn struct {
	connection
	entered bool // has a thread of the server
	replies int
}

type webConnKey struct{}

func (h *webPort) accept(ctx context.Context, nc net.Conn) context.Context {
	c := &webConn{connection: connection{server: h.server, remote: nc.RemoteAddr().String(), deliver: func(Delivery) {}, within: func(time.Duration) {}}}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns[nc] = c
	return context.WithValue(ctx, webConnKey{}, c)
}

// track lets go of the sessions of connections that are gone.
func (h *webPort) track(nc net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		h.running.Add(1)
	case http.StateClosed, http.StateHijacked:
		h.mu.Lock()
		c := h.conns[nc]
		delete(h.conns, nc)
		h.mu.Unlock()
		if c != nil {
			c.close()
			if c.entered {
				h.leave()
			}
		}
		h.running.Done()
	}
}

// serve answers one request. The context is that of the port: statements outlive requests.
func (h *webPort) serve(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	h.running.Add(1)
	defer h.running.Done()
	c, ok := r.Context().Value(webConnKey{}).(*webConn)
	if !ok || !c.entered && !h.enter(ctx) {
		drop(w)
		return
	}
	c.entered = true
	w.Header().Set("Server", "Thrift")
	switch r.Method {
	case http.MethodPost:
	case http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Methods", "POST, OPTIONS")
		return
	default:
		drop(w)
		return
	}
	user, ok := h.authenticate(w, r)
	if !ok {
		unauthorized(w, r)
		return
	}
	c.user, c.doAs = user, nil
	if query := r.URL.Query(); query.Has("doAs") {
		name := query.Get("doAs")
		c.doAs = &name
	}
	if !h.exchange(ctx, w, r, c) {
		drop(w)
		return
	}
	if c.replies++; c.replies == h.DropAfter {
		drop(w)
	}
}

// exchange answers the message of a request. A false result leaves nothing but to close
// the connection, as the binary port does when it cannot make sense of a message.
func (h *webPort) exchange(ctx context.Context, w http.ResponseWriter, r *http.Request, c *webConn) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMessage))
	if err != nil {
		return false
	}
	var reply bytes.Buffer
	c.codec = wire.NewCodec(struct {
		io.Reader
		io.Writer
	}{bytes.NewReader(body), &reply}, maxMessage)
	var plan Delivery
	c.deliver = func(d Delivery) { plan = d }
	method, seq, err := c.codec.ReadCall()
	if err == nil {
		err = c.answer(ctx, method, seq)
	}
	c.codec = nil // and its buffers, while the connection waits
	if err != nil {
		h.server.log.Info("connection dropped", "method", method, "reason", err)
		return false
	}
	whole := send(w, reply.Bytes(), plan)
	if !whole && !plan.HangUp {
		select { // in silence
		case <-r.Context().Done():
		case <-ctx.Done():
		}
	}
	return whole
}

// send writes a reply as planned and tells whether it is whole.
func send(w http.ResponseWriter, reply []byte, plan Delivery) bool {
	w.Header().Set("Content-Type", "application/x-thrift")
	w.Header().Set("Content-Length", strconv.Itoa(len(reply)))
	rest := reply
	if plan.Stop > 0 && plan.Stop < len(reply) {
		rest = reply[:plan.Stop]
	}
	stopped := len(rest) < len(reply)
	piece := len(rest)
	if plan.Piece > 0 {
		piece = plan.Piece
	}
	control := http.NewResponseController(w)
	control.SetWriteDeadline(time.Now().Add(callTimeout))
	for len(rest) > 0 {
		n := min(piece, len(rest))
		if _, err := w.Write(rest[:n]); err != nil {
			return false
		}
		if rest = rest[n:]; plan != (Delivery{}) {
			control.Flush()
		}
	}
	return !stopped
}

// drop closes the connection without another word.
func drop(w http.ResponseWriter) {
	if nc, out, err := http.NewResponseController(w).Hijack(); err == nil {
		out.Flush() // what was said before
		nc.Close()
	}
}
