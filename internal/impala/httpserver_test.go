package impala

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"qosreport/internal/impala/hs2server"
)

// webServer is a coordinator over HTTP, on pipes: each POST is a message to a server of the
// stand-in. It answers as a test says, and remembers what it was asked.
type webServer struct {
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	answer func(n int, method string, w http.ResponseWriter, r *http.Request) bool // nil, or false: the reply

	mu     sync.Mutex
	asked  []asked
	dialed int
	newest net.Conn // the server's end
}

// asked is a request.
type asked struct {
	method, path string
	header       http.Header
	size         int
}

// startWeb serves until the test ends.
func startWeb(t *testing.T, o hs2server.Options) *webServer {
	t.Helper()
	backend := start(t, o)
	w := &webServer{}
	conns := make(chan net.Conn)
	ended := make(chan struct{})
	w.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		client, server := net.Pipe()
		w.mu.Lock()
		w.dialed++
		w.newest = server
		w.mu.Unlock()
		select {
		case conns <- server:
			return client, nil
		case <-ended:
			return nil, net.ErrClosed
		}
	}
	server := &http.Server{Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) { w.serve(backend, out, r) })}
	running := make(chan struct{})
	go func() {
		defer close(running)
		server.Serve(&pipeListener{conns, ended})
	}()
	t.Cleanup(func() {
		server.Close()
		<-running
	})
	return w
}

type pipeListener struct {
	conns <-chan net.Conn
	ended chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.ended:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	close(l.ended)
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func (w *webServer) serve(backend *cluster, out http.ResponseWriter, r *http.Request) {
	answer, n := w.answer, 0
	if r.Header.Get("Expect") != "" && answer != nil { // the body comes when it is asked for
		w.note(asked{method: "Expect", path: r.URL.Path, header: r.Header.Clone()})
		if answer(0, "Expect", out, r) {
			return
		}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) < 12 {
		return
	}
	length := int(binary.BigEndian.Uint32(body[4:]))
	method := string(body[8 : 8+length])
	n = w.note(asked{method, r.URL.Path, r.Header.Clone(), len(body)})
	if answer != nil && answer(n, method, out, r) {
		return
	}
	conn, err := backend.dial(r.Context(), "", "")
	if err != nil {
		return
	}
	stop := context.AfterFunc(r.Context(), func() { conn.Close() })
	defer func() {
		stop()
		conn.Close()
	}()
	if _, err := conn.Write(body); err != nil {
		return
	}
	reply := make([]byte, 1<<20)
	size, err := conn.Read(reply) // a message is one write of the server
	if err != nil {
		return
	}
	out.Header().Set("Content-Type", mediaType)
	io.Copy(out, bytes.NewReader(reply[:size]))
}

// note counts the requests.
func (w *webServer) note(a asked) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, a)
	return len(w.asked)
}

// requests are those with a method, all for "".
func (w *webServer) requests(method string) []asked {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []asked
	for _, a := range w.asked {
		if method == "" || a.method == method {
			found = append(found, a)
		}
	}
	return found
}

func (w *webServer) dials() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dialed
}

// hangUp closes the newest connection from the server's side.
func (w *webServer) hangUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.newest.Close()
}

func (w *webServer) options(login func(context.Context, string) (Authorization, error)) Options {
	return Options{Hosts: []string{"coordinator:28000"}, Dial: w.dial, HTTP: &HTTP{Login: login}}
}

// connectWeb opens a session.
func connectWeb(t *testing.T, o Options) *Client {
	t.Helper()
	client, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(context.Background()) })
	return client
}

func basicLogin(context.Context, string) (Authorization, error) { return NewBasic("report", "geheim") }

// token is a login with Negotiate.
type token struct {
	name   string
	finish func(...string) error
	taken  *bool
	old    bool
}

func (k *token) Authorization() string { return "Negotiate " + k.name }
func (k *token) Finish(challenges ...string) error {
	if k.finish == nil {
		return nil
	}
	return k.finish(challenges...)
}
func (k *token) Close() error { return nil }
func (k *token) Stale() bool  { return k.old }
func (k *token) Taken() {
	if k.taken != nil {
		*k.taken = true
	}
}
