package hs2server

import (
	"context"
	"sync"
	"time"

	"qosreport/internal/impala/wire"
)

// operation is a statement of a session, or a metadata call.
type operation struct {
	handle    wire.OperationHandle
	id        string // as texts have it
	session   *session
	statement string
	kind      string // QUERY, DML, DDL and so on (TStmtType)
	options   map[string]string
	started   time.Time
	framed    bool // errors begin with the query id
	script    Script
	result    Result
	cancel    context.CancelFunc
	pool      *pool // nil without admission control

	busy  sync.Mutex // keeps fetches of two connections apart
	rows  int64      // fetched so far
	cache resultCache

	mu       sync.Mutex
	reason   error // why it ended, if not by itself
	ended    time.Time
	admitted bool
	placed   bool          // has a place of its pool
	queued   string        // why it waits for admission
	ready    chan struct{} // closed once it was admitted and has run as long as its script says
	isReady  bool
	fetching context.CancelFunc
	timers   []*time.Timer
	idle     *time.Timer // runs while nobody fetches
}

// begin sends the statement through admission. What it returns refuses the statement.
func (o *operation) begin() error {
	switch {
	case o.script.Queue > 0:
		o.wait(o.script.QueuedReason)
		o.after(o.script.Queue, o.admit)
	case o.pool != nil:
		err := o.pool.admit(o)
		if o.over() { // it was closed on the way, when it had no place to give back
			o.pool.release(o)
		}
		return err
	default:
		o.admit()
	}
	return nil
}

// wait shows the statement as queued.
func (o *operation) wait(reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queued = reason
}

func (o *operation) markAdmitted() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.admitted, o.queued = true, ""
}

// admit starts the clocks that do not run while a statement is queued.
func (o *operation) admit() {
	o.markAdmitted()
	if limit := duration(o.options, execTimeLimit, time.Second); limit > 0 {
		o.after(limit, func() {
			o.end(general("Query %s expired due to execution time limit of %s", o.id, PrettyTime(limit)))
		})
	}
	if o.script.Run > 0 {
		o.after(o.script.Run, o.run)
		return
	}
	o.run()
}

// run is when rows may be there, unless the script has something else in mind.
func (o *operation) run() {
	limit := duration(o.options, memLimit, 1)
	switch {
	case o.script.Fail != "":
		o.end(general("%s", o.script.Fail))
	case o.script.Memory > 0 && (o.script.ProcessLimit || limit > 0 && int64(limit) < o.script.Memory):
		if o.script.ProcessLimit {
			limit = processMemory
		}
		o.end(general("%s", memoryExceeded(o.id, o.script.Memory, int64(limit), o.script.ProcessLimit)))
	}
	o.mu.Lock()
	if !o.isReady {
		o.isReady = true
		close(o.ready)
	}
	o.mu.Unlock()
	o.watch()
}

// watch ends the statement when nobody has fetched for QUERY_TIMEOUT_S.
func (o *operation) watch() {
	limit := duration(o.options, queryTimeout, time.Second)
	if limit == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.idle != nil {
		o.idle.Stop()
	}
	if !o.ended.IsZero() || o.fetching != nil {
		return
	}
	o.idle = time.AfterFunc(limit, func() {
		if ready, _ := o.result.Poll(); !ready {
			o.watch() // the client waits for the server
			return
		}
		o.end(general("Query %s expired due to client inactivity (timeout is %s)", o.id, PrettyTime(limit)))
	})
}

// after does something later unless the statement has ended by then.
func (o *operation) after(d time.Duration, do func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended.IsZero() {
		o.timers = append(o.timers, time.AfterFunc(d, do))
	}
}

// end stops the statement; the first reason stays. A nil reason closes one that has none.
func (o *operation) end(why error) {
	o.mu.Lock()
	if o.reason == nil {
		o.reason = why
	}
	if o.fetching != nil {
		o.fetching()
	}
	o.mu.Unlock()
	o.finish()
	o.cancel()
}

// finish stops the clocks and leaves the pool, which happens when the last row was read
// at the latest.
func (o *operation) finish() {
	o.mu.Lock()
	first := o.ended.IsZero()
	if first {
		o.ended = time.Now()
	}
	for _, timer := range o.timers {
		timer.Stop()
	}
	o.timers = nil
	if o.idle != nil {
		o.idle.Stop()
	}
	o.mu.Unlock()
	if first && o.pool != nil {
		o.pool.release(o)
	}
}

// over tells whether the statement was read to its end, has failed or is closed.
func (o *operation) over() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.ended.IsZero()
}

// leavePlace tells, once, that the statement had a place of its pool.
func (o *operation) leavePlace() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	had := o.placed
	o.placed = false
	return had
}

// failure is why the statement ended, in the words for the client; nil while all is well.
func (o *operation) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reason == nil {
		return nil
	}
	return o.frame(o.reason)
}

// frame puts the query id before an error, as Impala does since 4.5.
func (o *operation) frame(err error) error {
	if !o.framed {
		return err
	}
	told := status(err)
	return &serverError{"Query " + o.id + " failed:\n" + told.Message + "\n", told.SQLState}
}

// state is what GetOperationStatus answers. Impala has no states for what was cancelled,
// closed or timed out: all of it is an error.
func (o *operation) state() (wire.State, error) {
	if err := o.failure(); err != nil {
		return wire.StateError, err
	}
	o.mu.Lock()
	admitted, ready := o.admitted, o.isReady
	o.mu.Unlock()
	switch {
	case !admitted:
		return wire.StatePending, nil
	case !ready:
		return wire.StateRunning, nil
	}
	done, err := o.result.Poll()
	if err != nil {
		o.end(err)
		return wire.StateError, o.failure()
	}
	if !done {
		return wire.StateRunning, nil
	}
	return wire.StateFinished, nil
}
