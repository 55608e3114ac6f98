package kerberos

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/lab/kdc"
)

const (
	clientName = "report@EXAMPLE.COM"
	serviceSPN = "impala/coordinator.example.com"
)

// world is a realm with a client and a service, reached over pipes.
type world struct {
	*kdc.KDC
	t      testing.TB
	keytab string
	opts   Options
	logs   *logLines

	rewrite func(request, reply []byte) []byte // nil: the KDC is honest

	mu    sync.Mutex
	dials []string // network and address of each
	asks  int      // requests that reached the KDC
}

func newWorld(t testing.TB, o kdc.Options) *world {
	t.Helper()
	k, err := kdc.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Add("report", serviceSPN, "impala/other.example.com"); err != nil {
		t.Fatal(err)
	}
	w := &world{KDC: k, t: t, keytab: filepath.Join(t.TempDir(), "report.keytab"), logs: new(logLines)}
	w.export("report")
	w.opts = Options{
		Principal: clientName, Keytab: w.keytab, Realm: k.Realm(), KDCs: []string{"kdc-1.example.com"},
		Dial: w.dial, Now: o.Now, Logger: slog.New(slog.NewTextHandler(w.logs, nil)),
	}
	return w
}

func (w *world) export(names ...string) {
	w.t.Helper()
	if err := w.WriteKeytab(w.keytab, names...); err != nil {
		w.t.Fatal(err)
	}
}

// dial connects to the KDC whatever the address is.
func (w *world) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dials = append(w.dials, network+" "+addr)
	w.asks++
	return w.connect(ctx)
}

func (w *world) connect(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	if w.rewrite == nil {
		go w.ServeConn(context.WithoutCancel(ctx), theirs) // ends with our end
		return ours, nil
	}
	go func() {
		defer theirs.Close()
		request := readFramed(theirs)
		theirs.Write(framed(w.rewrite(request, w.Handle(request))))
	}()
	return ours, nil
}

func (w *world) requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asks
}

func (w *world) login() *Creds {
	w.t.Helper()
	c, err := Login(w.t.Context(), w.opts)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	return c
}

func (w *world) service(q acceptor.Quirks, names ...string) *acceptor.Acceptor {
	w.t.Helper()
	if names == nil {
		names = []string{serviceSPN}
	}
	keys, err := w.Keys(names...)
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := acceptor.New(acceptor.Options{Keys: keys, Now: w.opts.Now, RC4: true, Quirks: q})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func newSASL(t testing.TB, c *Creds, o SASLOptions) *SASL {
	t.Helper()
	o.Host = "Coordinator.example.com"
	s, err := c.NewSASL(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// shake runs a login to its end, as impala and its server do over a connection. The
// second error is the server's.
func shake(client *SASL, server *acceptor.Server) (ours, theirs error) {
	token, err := client.Step(nil)
	for range 5 {
		if err != nil {
			return err, theirs
		}
		if theirs != nil {
			return nil, theirs
		}
		var reply []byte
		var done bool
		if reply, done, theirs = server.Step(token); done {
			return nil, nil
		}
		if theirs != nil && reply == nil {
			return nil, theirs
		}
		token, err = client.Step(reply)
	}
	return nil, theirs
}

// logLines collects what was logged.
type logLines struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logLines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

// ahead is a clock that is off.
func ahead(d time.Duration) func() time.Time {
	return func() time.Time { return time.Now().Add(d) }
}

func enctypes(ids ...int32) []int32 { return ids }
