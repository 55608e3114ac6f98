package impala

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"qosreport/internal/fault"
)

// search looks for a coordinator that opens a session.
type search struct {
	opts   Options
	left   []string            // in the order in which to try them
	addrs  map[string][]string // that are left of a host; without any all are
	end    time.Time
	failed []failedHost
}

type failedHost struct {
	addr string
	err  error
}

// next tries those that are left until one connects, and opens a session with it. Without
// a client and an error others are left, or all have failed. An error is one that another
// coordinator would not spare us.
func (s *search) next(ctx context.Context) (*Client, error) {
	hosts, o := s.left, s.opts
	dialing, stop := context.WithTimeout(ctx, min(o.DialTimeout, time.Until(s.end)))
	won, l, errs := race(dialing, len(hosts), func(ctx context.Context, i int) (*link, error) { return dialHost(ctx, o, hosts[i], s.addrs[hosts[i]]) })
	stop()
	if l != nil {
		pin := &pinned{host: hosts[won], addr: l.addr, dial: o.Dial, first: l.Conn}
		defer pin.close()
		o.Dial = pin.Dial
	}
	s.left = nil
	for i, host := range hosts {
		switch {
		case l != nil && i == won:
		case errs[i] == nil || errors.Is(errs[i], errOutrun):
			s.left = append(s.left, host)
			if i < won {
				o.Health.failed(host)
			}
		default:
			if err := s.fail(ctx, host, dialFailure(ctx, errs[i], o.DialTimeout)); err != nil {
				return nil, err
			}
		}
	}
	if l == nil {
		return nil, nil
	}
	host := hosts[won]
	several := s.addrs[host] != nil || len(l.others) > 0
	if several {
		s.addrs[host] = l.others
	}
	if len(l.others) > 0 { // a name may stand for several coordinators
		s.left = append(s.left, host)
	}
	c, err := s.open(ctx, o, host)
	if err != nil && several {
		err = fmt.Errorf("at %s: %w", l.addr, err)
	}
	if err != nil {
		return nil, s.fail(ctx, host, err)
	}
	o.Health.worked(host)
	return c, nil
}

// open gives a coordinator at most half of the time that is left when there are others, so
// that one that hangs leaves some to them.
func (s *search) open(ctx context.Context, o Options, host string) (*Client, error) {
	c := &Client{opts: o, addr: host, log: o.Logger.With("coordinator", host)}
	within := min(o.SessionTimeout, time.Until(s.end))
	if len(s.left) > 0 {
		within = min(within, time.Until(s.end)/2)
	}
	if err := c.open(ctx, within); err != nil {
		return nil, err
	}
	return c, nil
}

// fail notes why a host is none, and returns what ends the search.
func (s *search) fail(ctx context.Context, host string, err error) error {
	err = fmt.Errorf("connect %s: %w", host, err)
	if ctx.Err() != nil {
		return err
	}
	s.failed = append(s.failed, failedHost{host, err})
	if everywhere(err) {
		return s.failure()
	}
	s.opts.Health.failed(host)
	s.opts.Logger.DebugContext(ctx, "coordinator failed", "coordinator", host, "reason", err)
	return nil
}

// everywhere reports whether other coordinators would fail in the same way: they share
// KDCs, users, what a user may, and query options. A wrong password above all must not be
// shown to each of them, since failures lock accounts.
func everywhere(err error) bool {
	switch fault.ClassOf(err) {
	case fault.SQL, fault.KDC:
		return true
	case fault.Authentication:
		return fault.AreaOf(err) == fault.Impala || wrongPassword(err)
	}
	return false
}

// failure is the causes of all coordinators, those first that may pass by themselves:
// another attempt is worth while when it is for one of them.
func (s *search) failure() error {
	slices.SortStableFunc(s.failed, func(a, b failedHost) int {
		switch again := fault.ClassOf(a.err).Retry(); {
		case again == fault.ClassOf(b.err).Retry():
			return slices.Index(s.opts.Hosts, a.addr) - slices.Index(s.opts.Hosts, b.addr)
		case again:
			return -1
		}
		return 1
	})
	if len(s.failed) == 1 {
		return s.failed[0].err
	}
	errs := make([]error, len(s.failed))
	for i, f := range s.failed {
		errs[i] = f.err
	}
	return errors.Join(errs...)
}
