package impala

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"
)

// stagger is how long an address may be silent before the next one is tried beside it, as
// in RFC 8305, section 5. Time-outs of dead addresses pass together that way.
const stagger = 300 * time.Millisecond

// link is a connection to an address of a coordinator, before anything was said on it.
type link struct {
	net.Conn
	addr   string   // that was dialled, with an IP address where the name was looked up
	others []string // addresses of the same name that may answer, too
}

// errOutrun is what became of an address that was silent until another answered.
var errOutrun = errors.New("another was quicker")

// race calls try for one of n after the other, the next one when the last has failed or
// has been silent for a while, until one succeeds or all have failed. The rest are
// stopped and waited for, and their connections closed. The errors are those of each try;
// nil where there was none.
func race(ctx context.Context, n int, try func(ctx context.Context, i int) (*link, error)) (won int, l *link, errs []error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		i   int
		l   *link
		err error
	}
	answers, errs := make(chan answer, n), make([]error, n)
	begun, pending := 0, 0
	timer := time.NewTimer(stagger)
	defer timer.Stop()
	begin := func() {
		if begun == n {
			return
		}
		i := begun
		begun, pending = begun+1, pending+1
		timer.Reset(stagger)
		go func() {
			l, err := try(ctx, i)
			answers <- answer{i, l, err}
		}()
	}
	for begin(); l == nil && pending > 0; {
		select {
		case a := <-answers:
			pending--
			won, l, errs[a.i] = a.i, a.l, a.err
			if a.err != nil {
				l = nil
				begin()
			}
		case <-timer.C:
			begin()
		}
	}
	cancel()
	for ; pending > 0; pending-- {
		a := <-answers
		errs[a.i] = errOutrun
		if a.err == nil {
			a.l.Close()
		}
	}
	return won, l, errs
}

// dialHost connects to one of the addresses that a host has, or of those that are left of
// them.
func dialHost(ctx context.Context, o Options, hostPort string, left []string) (*link, error) {
	addrs := left
	if addrs == nil {
		var err error
		if addrs, err = addresses(ctx, o, hostPort); err != nil {
			return nil, err
		}
	}
	won, l, errs := race(ctx, len(addrs), func(ctx context.Context, i int) (*link, error) {
		nc, err := o.Dial(ctx, "tcp", addrs[i])
		if err != nil {
			return nil, err
		}
		return &link{Conn: nc, addr: addrs[i]}, nil
	})
	switch {
	case l != nil:
		for i, err := range errs {
			if i != won && (err == nil || errors.Is(err, errOutrun)) {
				l.others = append(l.others, addrs[i])
			}
		}
		return l, nil
	case len(errs) == 1:
		return nil, errs[0]
	}
	return nil, unreachable(errs)
}

// addresses are those that a name stands for, or the host itself where nobody looks it up.
func addresses(ctx context.Context, o Options, hostPort string) ([]string, error) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil || o.Lookup == nil || net.ParseIP(host) != nil {
		return []string{hostPort}, nil
	}
	found, err := o.Lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	addrs := make([]string, len(found))
	for i, address := range found {
		addrs[i] = net.JoinHostPort(address, port)
	}
	return addrs, nil
}

// unreachable is why none of the addresses of a host answered.
type unreachable []error

func (u unreachable) Error() string {
	texts := make([]string, len(u))
	for i, err := range u {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the causes.
func (u unreachable) Unwrap() []error { return u }

// pinned dials the address at which a coordinator was found, since a name may stand for
// several coordinators and a session lives on one of them.
type pinned struct {
	host string // host:port as configured
	addr string
	dial func(ctx context.Context, network, addr string) (net.Conn, error)

	mu    sync.Mutex
	first net.Conn // that nobody has taken yet
}

// Dial gives the connection that was made already, and others to its address.
func (p *pinned) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if addr != p.host {
		return p.dial(ctx, network, addr)
	}
	p.mu.Lock()
	first := p.first
	p.first = nil
	p.mu.Unlock()
	if first != nil {
		return first, nil
	}
	return p.dial(ctx, network, p.addr)
}

// close closes the connection that nobody has taken.
func (p *pinned) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first != nil {
		p.first.Close()
		p.first = nil
	}
}
