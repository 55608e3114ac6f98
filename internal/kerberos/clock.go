package kerberos

import (
	"sync"
	"time"
)

// clock is this host's time, put right by what the KDC's messages said.
type clock struct {
	now func() time.Time

	mu     sync.Mutex
	offset time.Duration // what the KDC's clock is ahead
	last   time.Time     // the last stamp
}

func (c *clock) local() time.Time { return c.now() }

// corrected is the KDC's time, as far as it is known.
func (c *clock) corrected() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Add(c.offset)
}

// learn takes the peer's time for the right one, and returns the new offset. Stamps begin
// anew: after one of a clock that was ahead they would all be of that time.
func (c *clock) learn(peer time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset, c.last = peer.Sub(c.now()), time.Time{}
	return c.offset
}

// ahead is what the peer's clock is ahead of the corrected time.
func (c *clock) ahead(peer time.Time) time.Duration { return peer.Sub(c.corrected()) }

// stamp is the corrected time in whole microseconds, each one later than the last: some
// acceptors tell a replay by the time alone, and several contexts begin in one
// microsecond.
func (c *clock) stamp() (whole time.Time, micros int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.now().Add(c.offset).UTC().Truncate(time.Microsecond)
	if !t.After(c.last) {
		t = c.last.Add(time.Microsecond)
	}
	c.last = t
	return t.Truncate(time.Second), t.Nanosecond() / int(time.Microsecond)
}
