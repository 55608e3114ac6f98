package hs2server

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Pool is a pool of the admission control.
type Pool struct {
	Running int           // statements at once; 0 admits none
	Queued  int           // statements that may wait
	Timeout time.Duration // of the wait; 0 means 60s
}

const queueTimeout = time.Minute // of --queue_wait_timeout_ms

// pool admits statements in the order in which they came.
type pool struct {
	Pool
	name string

	mu      sync.Mutex
	running int
	queue   []*operation
}

// resolvePool is the pool in which a statement goes (be/src/scheduling/request-pool-service.cc);
// nil where all are admitted. A server with the default pool alone takes no other name amiss.
func (s *Server) resolvePool(user, asked string) (*pool, error) {
	p, found := s.pools[asked]
	only, single := s.pools[""]
	switch {
	case found, asked == "", len(s.pools) == 0:
		return p, nil
	case single && len(s.pools) == 1:
		return only, nil
	}
	return nil, general("Request from user '%s' with requested pool '%s' denied access to assigned pool ''", user, asked)
}

// label is the name that texts have for the pool.
func (p *pool) label() string {
	if p.name == "" {
		return "default-pool"
	}
	return p.name
}

// admit lets the statement in, lets it wait or refuses it (admission-controller.cc).
func (p *pool) admit(o *operation) error {
	p.mu.Lock()
	if p.running < p.Running {
		p.take(o)
		p.mu.Unlock()
		o.admit()
		return nil
	}
	defer p.mu.Unlock()
	if p.Running <= 0 {
		return general("Rejected query from pool %s: disabled by requests limit set to 0", p.label())
	}
	if len(p.queue) >= p.Queued {
		return general("Rejected query from pool %s: queue full, limit=%d, num_queued=%d.", p.label(), p.Queued, len(p.queue))
	}
	p.queue = append(p.queue, o)
	reason := fmt.Sprintf("number of running queries %d is at or over limit %d", p.running, p.Running)
	if len(p.queue) > 1 {
		reason = fmt.Sprintf("queue is not empty (size %d); queued queries are executed first", len(p.queue)-1)
	}
	o.wait(reason + ".")
	timeout := p.Timeout
	if timeout == 0 {
		timeout = queueTimeout
	}
	o.after(timeout, func() {
		if p.withdraw(o) {
			o.end(general("Admission for query exceeded timeout %dms in pool %s. Queued reason: %s.", timeout.Milliseconds(), p.label(), reason))
		}
	})
	return nil
}

// withdraw takes a statement out of the queue, if it is there.
func (p *pool) withdraw(o *operation) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.queue, o)
	if i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
	}
	return i >= 0
}

// release gives the place of a statement to the next one that waits.
func (p *pool) release(o *operation) {
	if p.withdraw(o) || !o.leavePlace() {
		return
	}
	var next *operation
	p.mu.Lock()
	p.running--
	if len(p.queue) > 0 {
		next = p.queue[0]
		p.queue = p.queue[1:]
		p.take(next)
	}
	p.mu.Unlock()
	if next != nil {
		next.admit()
	}
}

// take counts a statement in before anybody can end it. The caller holds mu.
func (p *pool) take(o *operation) {
	p.running++
	o.mu.Lock()
	o.placed = true
	o.mu.Unlock()
	o.markAdmitted()
}
