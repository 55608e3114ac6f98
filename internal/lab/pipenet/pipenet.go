// Package pipenet is a network in memory: listeners at host:port, and connections to them
// that carry bytes as TCP does.
//
// No system call is made, so that a bubble of testing/synctest sees when everybody waits,
// and days pass at once. What programs tell apart stays apart: a port where nobody
// listens refuses, a host that is away does not answer, a connection that was cut is
// reset, and what was written before a close still arrives.
package pipenet

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
)

// Network has one host, which all names and addresses lead to. It is for any number of
// goroutines; one that lives in a bubble has to be made there.
type Network struct {
	mu        sync.Mutex
	listeners map[int]*listener
	away      map[int]Outage
	dials     map[int]int
	conns     map[*conn]bool // of servers
	lastPort  int            // that was given to somebody who asked for any
}

// Outage is how a port is away.
type Outage int

// The outages: of a program that has ended, and of a host that has.
const (
	Refusing Outage = iota + 1 // dials are refused at once
	Silent                     // dials get no answer until their context ends
)

// New makes a network where nobody listens.
func New() *Network {
	return &Network{listeners: map[int]*listener{}, away: map[int]Outage{}, dials: map[int]int{}, conns: map[*conn]bool{},
		lastPort: firstPort - 1}
}

// firstPort begins the range of ports that belong to nobody (RFC 6335 section 6).
const firstPort = 49152

// backlog is how many connections wait for Accept before dials wait, too.
const backlog = 128

// Listen opens a port; 0 means any that is free. The host is not looked at, and the
// address of the listener is on loopback.
func (n *Network) Listen(_ context.Context, address string) (net.Listener, error) {
	port, err := portOf(address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Err: err}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if port == 0 {
		port = n.freePort()
	}
	if n.listeners[port] != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: at(port), Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}
	}
	l := &listener{network: n, port: port, waiting: make(chan *conn, backlog), closed: make(chan struct{})}
	n.listeners[port] = l
	return l, nil
}

// DialContext connects to a port, whatever the host is called. There is nothing but TCP:
// a dial of another network is refused.
func (n *Network) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	port, err := portOf(address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	c, err := n.dial(ctx, network, port)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: at(port), Err: err}
	}
	return c, nil
}

// freePort is a port that nobody listens on. The mutex is held.
func (n *Network) freePort() int {
	for {
		if n.lastPort++; n.lastPort > 1<<16-1 {
			n.lastPort = firstPort
		}
		if n.listeners[n.lastPort] == nil {
			return n.lastPort
		}
	}
}

var errRefused = os.NewSyscallError("connect", syscall.ECONNREFUSED)

func (n *Network) dial(ctx context.Context, network string, port int) (*conn, error) {
	err := ctx.Err()
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	n.dials[port]++
	l, away := n.listeners[port], n.away[port]
	if network != "tcp" || away == Refusing || away == 0 && l == nil {
		n.mu.Unlock()
		return nil, errRefused
	}
	if away == Silent {
		n.mu.Unlock()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	client, server := connect(n, at(n.freePort()), at(port))
	n.conns[server] = true
	n.mu.Unlock()
	select {
	case l.waiting <- server:
		return client, nil
	case <-l.closed:
		err = errRefused
	case <-ctx.Done():
		err = ctx.Err()
	}
	server.Close()
	return nil, err
}

// Cut takes a port away until Restore: its connections are reset and dials fail as the
// outage says. Its listener stays.
func (n *Network) Cut(address string, how Outage) error {
	port, err := portOf(address)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.away[port] = how
	var cut []*conn
	for c := range n.conns {
		if c.local.Port == port {
			cut = append(cut, c)
		}
	}
	n.mu.Unlock()
	for _, c := range cut {
		c.reset()
	}
	return nil
}

// Restore ends an outage.
func (n *Network) Restore(address string) error {
	port, err := portOf(address)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.away, port)
	return nil
}

// Dials is how often somebody dialled a port, with or without success.
func (n *Network) Dials(address string) int {
	port, err := portOf(address)
	if err != nil {
		return 0
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials[port]
}

// Open is how many connections the servers have not closed.
func (n *Network) Open() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.conns)
}

func portOf(address string) (int, error) {
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, &net.AddrError{Err: "invalid port", Addr: address}
	}
	return int(port), nil
}

func at(port int) *net.TCPAddr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port} }

// listener hands out the connections to one port.
type listener struct {
	network *Network
	port    int
	waiting chan *conn
	once    sync.Once
	closed  chan struct{}
}

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
	default:
		select {
		case c := <-l.waiting:
			return c, nil
		case <-l.closed:
		}
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
}

// Close frees the port and resets the connections that nobody accepted.
func (l *listener) Close() error {
	err := error(&net.OpError{Op: "close", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed})
	l.once.Do(func() {
		l.network.mu.Lock()
		delete(l.network.listeners, l.port)
		l.network.mu.Unlock()
		close(l.closed)
		err = l.drain()
	})
	return err
}

func (l *listener) drain() error {
	var errs []error
	for {
		select {
		case c := <-l.waiting:
			c.reset()
			errs = append(errs, c.Close())
		default:
			return errors.Join(errs...)
		}
	}
}

// Addr is 127.0.0.1 with the port.
func (l *listener) Addr() net.Addr { return at(l.port) }
