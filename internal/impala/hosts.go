package impala

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// A coordinator that failed rests, twice as long each time, so that a dead one does not
// cost every session a time-out, and one that was restarted is soon found again.
const (
	firstRest   = 5 * time.Second
	longestRest = 5 * time.Minute
)

// Health remembers which coordinators failed lately. The sessions of a process share one,
// from any number of goroutines; the zero value knows of no failure.
type Health struct {
	mu    sync.Mutex
	rests map[string]rest // by host:port
}

type rest struct {
	until time.Time
	long  time.Duration
}

// order is the hosts in the order in which to try them: those in good health at random,
// so that sessions spread over them, then those that rest, the one that is up next first.
func (h *Health) order(hosts []string) []string {
	order := slices.Clone(hosts)
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	if h == nil {
		return order
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(h.left(a, now), h.left(b, now)) })
	return order
}

// left is how long a host still rests.
func (h *Health) left(host string, now time.Time) time.Duration {
	return max(0, h.rests[host].until.Sub(now))
}

// failed sends a host to rest. Several sessions that meet one failure count once.
func (h *Health) failed(host string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	r := h.rests[host]
	if h.left(host, now) == 0 {
		r.long = min(max(2*r.long, firstRest), longestRest)
	}
	r.until = now.Add(r.long)
	if h.rests == nil {
		h.rests = make(map[string]rest)
	}
	h.rests[host] = r
}

// worked ends the rest of a host and forgets its failures.
func (h *Health) worked(host string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.rests, host)
}
