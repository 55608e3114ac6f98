package acceptor

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxReplays bounds the memory of one generation: 65,536 logins take about 6 MB.
const maxReplays = 1 << 16

// replayCache remembers requests for as long as their times would still be accepted, in
// two generations, so that nothing has to run in the background.
type replayCache struct {
	keep time.Duration

	mu    sync.Mutex
	born  time.Time // of the younger generation
	young map[[sha256.Size]byte]struct{}
	old   map[[sha256.Size]byte]struct{}
}

// fresh reports whether a request comes for the first time, and remembers it. A cache
// that is full takes nobody, since it could not tell.
func (r *replayCache) fresh(request []byte, now time.Time) bool {
	id := sha256.Sum256(request)
	r.mu.Lock()
	defer r.mu.Unlock()
	if age := now.Sub(r.born); r.young == nil || age >= r.keep {
		r.old = r.young
		if age >= 2*r.keep {
			r.old = nil
		}
		r.young = map[[sha256.Size]byte]struct{}{}
		r.born = now
	}
	_, young := r.young[id]
	_, old := r.old[id]
	if young || old || len(r.young) >= maxReplays {
		return false
	}
	r.young[id] = struct{}{}
	return true
}
