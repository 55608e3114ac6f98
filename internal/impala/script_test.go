package impala

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
)

// script is an engine whose statements do what a test says.
type script struct {
	columns []wire.ColumnDesc
	steps   []step
	polls   int   // polls and fetches before the rows are ready
	failing error // what the statement ends with once it was polled so often
	log     string
}

// step is one fetch: so many rows, and whether more may come.
type step struct {
	rows int
	more bool
	err  error
	wait bool // until the statement is cancelled
}

type scripted struct {
	*script
	ctx   context.Context
	polls int
	at    int
	next  int64
}

func (s *script) Execute(ctx context.Context, _ *hs2server.Session, statement string) (hs2server.Result, error) {
	if statement == "bad" {
		return nil, errors.New("AnalysisException: Could not resolve table reference: 'nope'")
	}
	return &scripted{script: s, ctx: ctx, polls: s.polls}, nil
}

func (r *scripted) Columns() []wire.ColumnDesc { return r.columns }
func (r *scripted) Log() string                { return r.log }

func (r *scripted) Poll() (bool, error) {
	if r.polls > 0 {
		r.polls--
		return false, nil
	}
	return r.failing == nil, r.failing
}

func (r *scripted) Fetch(ctx context.Context, most int, into []wire.ColumnBuilder) (bool, error) {
	switch {
	case r.polls > 0:
		r.polls--
		return true, nil
	case r.failing != nil:
		return false, r.failing
	case r.at == len(r.steps):
		return false, nil
	}
	s := r.steps[r.at]
	if s.wait {
		<-r.ctx.Done()
		return false, r.ctx.Err()
	}
	n := min(s.rows, most)
	for range n {
		into[0].Int(r.next)
		into[1].Text("text")
		r.next++
	}
	if n == s.rows {
		r.at++
		return s.more, s.err
	}
	r.steps = slices.Clone(r.steps)
	r.steps[r.at].rows -= n
	return true, nil
}

var twoColumns = []wire.ColumnDesc{{Name: "n", Type: wire.BigInt}, {Name: "t", Type: wire.String, Position: 1}}

// cluster is a server over net.Pipe that remembers its calls.
type cluster struct {
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)
	mu    sync.Mutex
	calls []string
	conns []net.Conn    // the server's ends
	slow  time.Duration // how long a statement's status takes
}

// start runs a server until the test ends.
func start(t *testing.T, o hs2server.Options) *cluster {
	t.Helper()
	c := &cluster{}
	observe := o.Observe
	o.Observe = func(method string) {
		c.mu.Lock()
		c.calls = append(c.calls, method)
		slow := c.slow
		c.mu.Unlock()
		if method == "GetOperationStatus" {
			time.Sleep(slow)
		}
		if observe != nil {
			observe(method)
		}
	}
	server := hs2server.New(o)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	c.dial = func(context.Context, string, string) (net.Conn, error) {
		client, end := net.Pipe()
		c.mu.Lock()
		c.conns = append(c.conns, end)
		c.mu.Unlock()
		running.Go(func() { server.ServeConn(ctx, end) })
		return client, nil
	}
	return c
}

func (c *cluster) called() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.calls)
}

// hangUp closes the newest connection from the server's side.
func (c *cluster) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns[len(c.conns)-1].Close()
}

func connect(t *testing.T, c *cluster, change func(*Options)) *Client {
	t.Helper()
	o := Options{Hosts: []string{"coordinator:21050"}, Dial: c.dial}
	if change != nil {
		change(&o)
	}
	client, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(context.Background()) })
	return client
}

// passwords is the server's side of PLAIN.
type passwords struct{ user string }

func (p *passwords) Step(response []byte) ([]byte, bool, error) {
	if string(response) != "\x00report\x00geheim" {
		return nil, false, errors.New("wrong password")
	}
	p.user = "report"
	return nil, true, nil
}
func (p *passwords) User() string                     { return p.user }
func (p *passwords) Chunk() int                       { return 0 }
func (p *passwords) Wrap(_, _ []byte) ([]byte, error) { return nil, errNoLayer }
func (p *passwords) Unwrap(_ []byte) ([]byte, error)  { return nil, errNoLayer }
func plainServer(o hs2server.Options) hs2server.Options {
	o.Logins = hs2server.Logins{"PLAIN": func() hs2server.Login { return &passwords{} }}
	return o
}

func plainAuth(password string) func(*Options) {
	return func(o *Options) {
		o.Auth = func(context.Context, string) (Mechanism, error) { return NewPlain("report", password) }
	}
}
