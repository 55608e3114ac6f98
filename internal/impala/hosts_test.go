package impala

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/hs2server"
)

// network answers dials by address: with a server, with an error, or, for an address that
// it does not know, with silence until the context ends.
type network struct {
	up      *cluster
	servers []string
	errs    map[string]error
	hangs   []string // take connections and say nothing

	mu     sync.Mutex
	dialed []string
	open   int // connections to hanging servers
}

func (n *network) dial(ctx context.Context, kind, addr string) (net.Conn, error) {
	n.mu.Lock()
	n.dialed = append(n.dialed, addr)
	n.mu.Unlock()
	switch {
	case slices.Contains(n.servers, addr):
		return n.up.dial(ctx, kind, addr)
	case slices.Contains(n.hangs, addr):
		client, server := net.Pipe()
		go io.Copy(io.Discard, server)
		n.mu.Lock()
		n.open++
		n.mu.Unlock()
		return &counted{Conn: client, n: n}, nil
	case n.errs[addr] != nil:
		return nil, n.errs[addr]
	}
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

type counted struct {
	net.Conn
	n    *network
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() {
		c.n.mu.Lock()
		c.n.open--
		c.n.mu.Unlock()
	})
	return c.Conn.Close()
}

func (n *network) dials() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.dialed)
}

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

func TestDeadCoordinatorsDoNotAddUpTheirTimeouts(t *testing.T) {
	tests := []struct {
		name   string
		hosts  []string
		change func(*network)
		most   time.Duration
		works  bool
	}{
		{"the others are silent", []string{"a:1", "b:1", "c:1", "d:1", "up:1"}, nil, 4 * stagger, true},
		{"the others refuse", []string{"a:1", "b:1", "c:1", "up:1"}, func(n *network) {
			n.errs = map[string]error{"a:1": errRefused, "b:1": errRefused, "c:1": errRefused}
		}, 0, true},
		{"all are silent", []string{"a:1", "b:1", "c:1", "d:1"}, nil, 10 * time.Second, false},
		{"another takes the connection and hangs", []string{"hangs:1", "up:1"}, func(n *network) { n.hangs = []string{"hangs:1"} }, 20 * time.Second, true},
		{"all take the connection and hang", []string{"hangs:1", "stalls:1", "stops:1"}, func(n *network) { n.hangs = []string{"hangs:1", "stalls:1", "stops:1"} }, 40 * time.Second, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 5 { // the order is random
				synctest.Test(t, func(t *testing.T) {
					n := &network{up: start(t, hs2server.Options{Engine: &script{}}), servers: []string{"up:1"}}
					if tt.change != nil {
						tt.change(n)
					}
					began := time.Now()
					client, err := Connect(t.Context(), Options{Hosts: tt.hosts, Dial: n.dial})
					if took := time.Since(began); took > tt.most || (err == nil) != tt.works {
						t.Errorf("after %s: %v", took, err)
					}
					if err == nil {
						if err := client.Close(t.Context()); err != nil {
							t.Error(err)
						}
					}
					for _, host := range tt.hosts {
						if err != nil && !strings.Contains(err.Error(), "connect "+host+": ") {
							t.Errorf("%s is not named: %v", host, err)
						}
					}
					if n.open != 0 {
						t.Errorf("%d connections were left open", n.open)
					}
				})
			}
		})
	}
}

func TestAFailedCoordinatorRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{up: start(t, hs2server.Options{Engine: &script{}}), servers: []string{"up:1"}, errs: map[string]error{"down:1": errRefused}}
		var health Health
		open := func() []string {
			n.dialed = nil
			client, err := Connect(t.Context(), Options{Hosts: []string{"down:1", "up:1"}, Dial: n.dial, Health: &health})
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			return n.dials()
		}
		for range 30 { // until the order had it first
			if slices.Contains(open(), "down:1") {
				break
			}
		}
		for range 10 {
			if dials := open(); slices.Contains(dials, "down:1") {
				t.Fatalf("a coordinator that rests was tried first: %v", dials)
			}
		}
		time.Sleep(firstRest)
		tried := false
		for range 30 {
			tried = tried || slices.Contains(open(), "down:1")
		}
		if !tried {
			t.Error("a coordinator that had rested was not tried again")
		}
	})
}

func TestRestsGrowAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var health Health
		hosts := []string{"a", "b"}
		for _, want := range []time.Duration{5, 10, 20, 40, 80, 160, 300, 300} {
			health.failed("a")
			health.failed("a") // another session meets the same failure
			if got := health.left("a", time.Now()); got != want*time.Second {
				t.Errorf("the rest is %s, want %s", got, want*time.Second)
			}
			if order := health.order(hosts); order[0] != "b" {
				t.Errorf("the order is %v", order)
			}
			time.Sleep(want * time.Second)
		}
		health.failed("a")
		health.failed("b")
		if order := health.order(hosts); order[0] != "b" || len(order) != 2 {
			t.Errorf("all rest, and the order is %v", order)
		}
		health.worked("a")
		health.failed("a")
		if got := health.left("a", time.Now()); got != firstRest {
			t.Errorf("after it had worked the rest is %s", got)
		}
	})
}

func TestANameWithSeveralAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{up: start(t, plainServer(hs2server.Options{Engine: &script{columns: twoColumns, polls: 1 << 30}})), servers: []string{"10.0.0.3:21050", "10.0.0.4:21050"},
			errs: map[string]error{"10.0.0.2:21050": errRefused}}
		var asked []string
		o := Options{Hosts: []string{"impala.example.com:21050"}, Dial: n.dial, Lookup: func(_ context.Context, host string) ([]string, error) {
			asked = append(asked, host)
			return []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"}, nil
		}, Auth: func(_ context.Context, host string) (Mechanism, error) {
			if host != "impala.example.com" {
				t.Errorf("logged in to %s", host)
			}
			return NewPlain("report", "geheim")
		}}
		client, err := Connect(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if client.Coordinator() != "impala.example.com:21050" || !slices.Equal(asked, []string{"impala.example.com"}) {
			t.Errorf("connected to %s, looked up %v", client.Coordinator(), asked)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3300*time.Millisecond) // within a call
		defer cancel()
		n.up.slow = 10 * time.Second
		if _, err := client.Query(ctx, "SELECT"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		want := []string{"10.0.0.1:21050", "10.0.0.2:21050", "10.0.0.3:21050", "10.0.0.3:21050"}
		if got := n.dials(); !slices.Equal(got, want) {
			t.Errorf("dialled %v; the session lives on one of the addresses: want %v", got, want)
		}
		if err := client.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A name may stand for several coordinators, of which one takes connections and hangs.
func TestTheOtherAddressesOfANameAreTriedAfterOneThatHangs(t *testing.T) {
	for _, tt := range []struct {
		name    string
		refuse  []string // addresses
		dials   []string
		trouble string // "" when a session is opened
	}{
		{"the next one works", []string{"10.0.0.1:1"}, []string{"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"}, ""},
		{"each is tried once", []string{"10.0.0.1:1", "10.0.0.3:1"}, []string{"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"},
			"connect name:1: at 10.0.0.2:1: OpenSession: no answer within 20s\nconnect name:1: dial tcp: connection refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &network{up: start(t, hs2server.Options{Engine: &script{}}), servers: []string{"10.0.0.3:1"}, hangs: []string{"10.0.0.2:1"}, errs: map[string]error{}}
				for _, addr := range tt.refuse {
					n.errs[addr] = errRefused
					n.servers = slices.DeleteFunc(n.servers, func(up string) bool { return up == addr })
				}
				client, err := Connect(t.Context(), Options{Hosts: []string{"name:1"}, Dial: n.dial,
					Lookup: func(context.Context, string) ([]string, error) {
						return []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, nil
					}})
				if err == nil {
					defer client.Close(context.Background())
				}
				if text := fmt.Sprint(err); (err == nil) != (tt.trouble == "") || err != nil && text != tt.trouble {
					t.Errorf("got %s, want %s", text, tt.trouble)
				}
				if got := n.dials(); !slices.Equal(got, tt.dials) {
					t.Errorf("dialled %v", got)
				}
			})
		})
	}
}

func TestANameWhoseAddressesAllFail(t *testing.T) {
	n := &network{errs: map[string]error{"10.0.0.1:1": errRefused, "10.0.0.2:1": fmt.Errorf("dial 10.0.0.2: %w", syscall.EHOSTUNREACH)}}
	o := Options{Hosts: []string{"name:1"}, Dial: n.dial, Lookup: func(context.Context, string) ([]string, error) { return []string{"10.0.0.1", "10.0.0.2"}, nil }}
	_, err := Connect(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "refused; dial 10.0.0.2: no route") || fault.ClassOf(err) != fault.Network || fault.Remedy(err) == "" {
		t.Errorf("got %v", err)
	}
	o.Lookup = func(context.Context, string) ([]string, error) { return nil, nil }
	if _, err := Connect(t.Context(), o); err == nil || !strings.Contains(fault.Remedy(err), "does not resolve") {
		t.Errorf("without an address: %v", err)
	}
}

// Failures lock accounts, and the others know the same users.
func TestAWrongPasswordIsShownToOneCoordinator(t *testing.T) {
	c := start(t, plainServer(hs2server.Options{Engine: &script{}}))
	n := &network{up: c, servers: []string{"a:1", "b:1", "c:1"}}
	o := Options{Hosts: n.servers, Dial: n.dial}
	plainAuth("falsch")(&o)
	logins, auth := 0, o.Auth
	o.Auth = func(ctx context.Context, host string) (Mechanism, error) {
		logins++
		return auth(ctx, host)
	}
	if _, err := Connect(t.Context(), o); fault.ClassOf(err) != fault.Authentication || logins != 1 {
		t.Errorf("%d logins, dialled %v: %v", logins, n.dials(), err)
	}
}

func TestTheErrorNamesEachCoordinatorWithItsCause(t *testing.T) {
	certificate := errors.New("unknown authority")
	n := &network{errs: map[string]error{"a:1": certificate, "b:1": errRefused, "c:1": fault.New(fault.Security, fault.Authentication, certificate)}}
	_, err := Connect(t.Context(), Options{Hosts: []string{"c:1", "a:1", "b:1"}, Dial: n.dial})
	want := "connect a:1: unknown authority\nconnect b:1: dial tcp: connection refused\nconnect c:1: unknown authority"
	if err == nil || err.Error() != want || !fault.ClassOf(err).Retry() {
		t.Errorf("got %v (%v)\nwant %s", err, fault.ClassOf(err), want)
	}
}

func TestAStopEndsTheSearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopped := fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by a test")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(stopped) })
		var health Health
		_, err := Connect(ctx, Options{Hosts: []string{"a:1", "b:1"}, Dial: new(network).dial, Health: &health})
		if !errors.Is(err, stopped) || len(health.rests) != 0 {
			t.Errorf("got %v; at rest: %v", err, health.rests)
		}
	})
}

// The stop comes when one coordinator has refused and the next has just taken the connection.
func TestAStopLeavesNoConnectionOpen(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	n := &network{errs: map[string]error{"down:1": errRefused}, hangs: []string{"up:1"}}
	dials := 0
	_, err := Connect(ctx, Options{Hosts: []string{"down:1", "up:1"}, Health: resting("up:1"), Dial: func(ctx context.Context, kind, addr string) (net.Conn, error) {
		dials++
		nc, err := n.dial(ctx, kind, addr)
		if err == nil {
			stop()
		}
		return nc, err
	}})
	if !errors.Is(err, context.Canceled) || dials != 2 || n.open != 0 {
		t.Errorf("%d dials, %d connections were left open: %v", dials, n.open, err)
	}
}

// resting puts hosts last.
func resting(hosts ...string) *Health {
	var h Health
	for _, host := range hosts {
		h.failed(host)
	}
	return &h
}
