package hs2server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/impala/wire"
)

// failing is a listener that fails a few times before it takes connections.
type failing struct {
	*pipes
	errs []error
}

func (f *failing) Accept() (net.Conn, error) {
	if len(f.errs) > 0 {
		err := f.errs[0]
		f.errs = f.errs[1:]
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
	}
	return f.pipes.Accept()
}

func TestAPortOutlivesAShortage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &failing{&pipes{make(chan net.Conn), make(chan struct{})}, []error{syscall.EMFILE, syscall.ECONNABORTED}}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- server().Serve(ctx, l) }()
		began := time.Now()
		near, far := net.Pipe()
		l.conns <- far
		c := &client{t: t, codec: wire.NewCodec(near, 0)}
		c.open(nil)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("served after %s", took)
		}
		near.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	l := &failing{&pipes{make(chan net.Conn), make(chan struct{})}, []error{syscall.EBADF}}
	if err := server().Serve(t.Context(), l); !errors.Is(err, syscall.EBADF) {
		t.Errorf("a listener that is broken: %v", err)
	}
}

// ends tells how long the server keeps a connection whose client has gone silent.
func ends(t *testing.T, nc net.Conn) time.Duration {
	t.Helper()
	began := time.Now()
	if _, err := io.Copy(io.Discard, nc); err != nil {
		t.Error(err)
	}
	return time.Since(began)
}

func TestSilentClients(t *testing.T) {
	plainMessage := message("OpenSession", &wire.OpenSessionReq{Username: "me"})
	frame := append([]byte{0, 0, 0, byte(len(plainMessage))}, plainMessage...)
	start := wire.AppendNegotiation(nil, wire.NegotiationStart, []byte("X"))
	login := append(start, wire.AppendNegotiation(nil, wire.NegotiationOK, []byte("me"))...)
	tests := []struct {
		name   string
		logins bool
		send   []byte
		want   time.Duration
	}{
		{"half a mechanism", true, start[:3], loginTimeout},
		{"no token", true, start, loginTimeout},
		{"half a message", false, plainMessage[:20], callTimeout},
		{"half the first number", false, plainMessage[:2], callTimeout},
		{"half a frame", true, append(bytes.Clone(login), frame[:20]...), callTimeout},
		{"half the length of a frame", true, append(bytes.Clone(login), 0, 0), callTimeout},
		{"a message of which the end is missing", false, plainMessage[:len(plainMessage)-1], callTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := Options{Engine: &fixed{oneColumn}}
				if tt.logins {
					o.Logins = Logins{"X": func() Login { return &impostor{} }}
				}
				nc := dial(t, New(o))
				go nc.Write(tt.send)
				if got := ends(t, nc); got != tt.want {
					t.Errorf("kept for %s, not %s", got, tt.want)
				}
			})
		})
	}
	t.Run("a client may be idle between messages", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := connect(t, server())
			session := c.open(nil)
			time.Sleep(24 * time.Hour)
			c.execute(session, "SELECT 1", nil)
			time.Sleep(24 * time.Hour)
			c.execute(session, "SELECT 1", nil)
		})
	})
}

// A reply that nobody reads must not hold its thread for ever.
func TestClientsThatReadNothing(t *testing.T) {
	body := message("OpenSession", &wire.OpenSessionReq{})
	tests := []struct {
		name string
		web  bool
		send string
		want time.Duration
	}{
		{"at the binary port", false, string(body), callTimeout},
		{"over HTTP", true, fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body), callTimeout},
		{"whom HTTP refuses", true, "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ?\r\nContent-Length: 0\r\n\r\n", loginTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				defer near.Close()
				seen := &closing{Conn: far, closed: make(chan struct{})}
				if tt.web {
					startWeb(t, server(), everyScheme).conns <- seen
				} else {
					go server().ServeConn(t.Context(), seen)
				}
				began := time.Now()
				if tt.web && tt.want == callTimeout {
					tt.send = "POST / HTTP/1.1\r\nAuthorization: Basic " + encoded("bob:secret") + tt.send[len("POST / HTTP/1.1"):]
				}
				io.WriteString(near, tt.send)
				<-seen.closed
				if got := time.Since(began); got != tt.want {
					t.Errorf("kept for %s, not %s", got, tt.want)
				}
			})
		})
	}
}

// closing tells when the server closes its end.
type closing struct {
	net.Conn
	once   sync.Once
	closed chan struct{}
}

func (c *closing) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

func TestSlowRequestsOverHTTP(t *testing.T) {
	tests := []struct {
		name, head string
		want       time.Duration
	}{
		{"a head without an end", "POST / HTTP/1.1\r\nHost: x\r\n", loginTimeout},
		{"a body that stops", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc", callTimeout},
		{"nothing", "", loginTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := startWeb(t, server(), Web{}).browse(t)
				io.WriteString(b.nc, tt.head)
				if got := ends(t, b.nc); got != tt.want {
					t.Errorf("kept for %s, not %s", got, tt.want)
				}
			})
		})
	}
}

// A statement can be closed between becoming known and being admitted.
func TestAStatementClosedEarlyHoldsNoPlace(t *testing.T) {
	s := New(Options{Engine: &fixed{oneColumn}, Limits: Limits{Pools: map[string]Pool{"": {Running: 1, Queued: 1}}}})
	c := connect(t, s)
	session := &Session{session: s.sessions[string(c.open(nil).GUID)]}
	caller := &connection{server: s}
	var early []*operation
	for range 2 {
		o := s.newOperation(session, "SELECT 1")
		if err := errors.Join(caller.plan(t.Context(), o, session), s.add(o)); err != nil {
			t.Fatal(err)
		}
		s.forget(o, general("Session closed"))
		early = append(early, o)
	}
	for _, o := range early {
		if err := o.begin(); err != nil {
			t.Errorf("refused: %v", err)
		}
	}
	if p := s.pools[""]; p.running != 0 || len(p.queue) != 0 {
		t.Errorf("%d run and %d wait", p.running, len(p.queue))
	}
}

func TestStatementsAreLimited(t *testing.T) {
	c := connect(t, server())
	first, second := c.open(nil), c.open(nil)
	for range maxOperations {
		c.execute(first, "SELECT 1", nil)
	}
	refused(t, c.tryExecute(second, "SELECT 1", nil).Status, "too many open statements: 500", "HY000")
	refused(t, c.status("GetSchemas", &wire.MetadataReq{Session: second}), "too many open statements: 500", "HY000")
	c.status("CloseSession", &wire.SessionReq{Session: first})
	c.execute(second, "SELECT 1", nil)
}

func TestCancelLeavesWhatHasEnded(t *testing.T) {
	c := connect(t, server())
	o := c.execute(c.open(nil), "SELECT 2", nil)
	c.fetch(o, wire.FetchNext, 10)
	if got := c.status("CancelOperation", &wire.OperationReq{Operation: o}); got.Code != wire.StatusSuccess {
		t.Errorf("cancel: %+v", got)
	}
	if got := c.state(o); got.State != wire.StateFinished {
		t.Errorf("after cancel: %+v", got)
	}
}

// Many connections use one session at once and close it at the end under each other's
// hands. What they are told does not matter; that all of it ends does.
func TestConnectionsThatShareASession(t *testing.T) {
	s := New(Options{Engine: &fixed{oneColumn}, FetchWait: time.Millisecond, Limits: Limits{Pools: map[string]Pool{"": {Running: 3, Queued: 4}}}})
	first := connect(t, s)
	session := first.open(nil)
	shared := make(chan wire.OperationHandle, 1000)
	var clients sync.WaitGroup
	for i := range 8 {
		c := connect(t, s)
		clients.Go(func() {
			for round := range 40 {
				statement := []string{"SELECT 9", "wait", "INSERT", "SET mem_limit=1g", "set all", "bad"}[(i+round)%6]
				if reply := c.tryExecute(session, statement, nil); reply.Operation != nil {
					shared <- *reply.Operation
				}
				select {
				case o := <-shared:
					shared <- o
					method := []string{"GetOperationStatus", "FetchResults", "CancelOperation", "GetLog", "CloseOperation", "GetResultSetMetadata", "FetchResults"}[(3*i+round)%7]
					c.status(method, &wire.OperationReq{Operation: o})
					c.status("GetRuntimeProfile", &wire.ProfileReq{Operation: o, Session: session})
				default:
				}
			}
			c.status("CloseSession", &wire.SessionReq{Session: session})
		})
	}
	clients.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.pools[""]; len(s.sessions) != 0 || len(s.operations) != 0 || p.running != 0 || len(p.queue) != 0 {
		t.Errorf("%d sessions and %d statements are left, %d run and %d wait", len(s.sessions), len(s.operations), p.running, len(p.queue))
	}
}

// A fetch that waits for ever must not hold up the end of the server.
func TestTheServerEndsWhileAClientFetches(t *testing.T) {
	overlay := map[string]string{"fetch_rows_timeout_ms": "0"}
	ports := map[string]func(context.Context, *Server, net.Listener) error{
		"at the binary port": func(ctx context.Context, s *Server, l net.Listener) error { return s.Serve(ctx, l) },
		"over HTTP":          func(ctx context.Context, s *Server, l net.Listener) error { return s.ServeWeb(ctx, l, Web{}) },
	}
	for name, serve := range ports {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p := server(), &pipes{make(chan net.Conn), make(chan struct{})}
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- serve(ctx, s, p) }()
				b := p.browse(t)
				fetch := func(o wire.OperationHandle) []byte {
					return message("FetchResults", &wire.FetchResultsReq{Operation: o})
				}
				if name == "over HTTP" {
					opened, _ := b.open()
					var started wire.OperationResp
					if _, err := b.post("/", "ExecuteStatement", &wire.ExecuteStatementReq{Session: opened.Session, Statement: "wait", ConfOverlay: overlay}, &started); err != nil {
						t.Fatal(err)
					}
					fmt.Fprintf(b.nc, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(fetch(*started.Operation)), fetch(*started.Operation))
				} else {
					c := &client{t: t, codec: wire.NewCodec(b.nc, 0)}
					b.nc.Write(fetch(c.execute(c.open(nil), "wait", overlay)))
				}
				synctest.Wait()
				began := time.Now()
				stop()
				if err := <-ended; err != nil || time.Since(began) != 0 {
					t.Errorf("ended after %s: %v", time.Since(began), err)
				}
				if n := len(s.sessions) + len(s.operations); n != 0 {
					t.Errorf("%d sessions and statements are left", n)
				}
			})
		})
	}
}
