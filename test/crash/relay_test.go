//go:build peers

package crash

import (
	"context"
	"net"
	"sync"
	"testing"
)

// relay stands between the service and a server, and passes bytes on until it is stalled.
// What it then has in its hands it keeps: to both sides the other is there and silent.
type relay struct {
	addr     string // host:port
	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex
	target  string
	passing chan struct{} // closed while bytes pass
	conns   map[net.Conn]bool
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{addr: listener.Addr().String(), listener: listener, passing: make(chan struct{}), conns: make(map[net.Conn]bool)}
	r.resume()
	r.running.Go(r.accept)
	t.Cleanup(r.close)
	return r
}

// lead makes new connections go to a server.
func (r *relay) lead(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
}

// stall lets no byte pass any more.
func (r *relay) stall() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.passing:
		r.passing = make(chan struct{})
	default:
	}
}

func (r *relay) resume() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.passing:
	default:
		close(r.passing)
	}
}

func (r *relay) stalled() bool {
	select {
	case <-r.gate():
		return false
	default:
		return true
	}
}

func (r *relay) gate() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.passing
}

// idle reports whether nobody is connected.
func (r *relay) idle() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns) == 0
}

func (r *relay) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.conns[client] = true
		target := r.target
		r.mu.Unlock()
		r.running.Go(func() {
			r.serve(client, target)
			r.mu.Lock()
			delete(r.conns, client)
			r.mu.Unlock()
		})
	}
}

// serve ends both connections as soon as one of them has ended.
func (r *relay) serve(client net.Conn, target string) {
	defer client.Close()
	server, err := new(net.Dialer).DialContext(context.Background(), "tcp", target)
	if err != nil {
		return // the service finds its connection closed
	}
	defer server.Close()
	ended := make(chan struct{})
	end := sync.OnceFunc(func() {
		close(ended)
		client.Close()
		server.Close()
	})
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		both.Go(func() {
			defer end()
			r.pass(way[0], way[1], ended)
		})
	}
	both.Wait()
}

func (r *relay) pass(from, to net.Conn, ended <-chan struct{}) {
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if n > 0 {
			select {
			case <-r.gate():
			case <-ended:
				return
			}
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (r *relay) close() {
	r.listener.Close()
	r.mu.Lock()
	for client := range r.conns {
		client.Close()
	}
	r.mu.Unlock()
	r.running.Wait()
}
