package hs2server

import "time"

// enter begins a call on a connection, which keeps the session alive. It fails when the
// session has expired, which it is told at every call until it is closed.
func (s *session) enter(c *connection) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.expired:
		return general("Client session expired due to more than %ss of inactivity (last activity was at: %s).",
			s.values[idleSessionTimeout], s.last.Format("2006-01-02 15:04:05"))
	case s.closed:
		return general("Session is closed")
	}
	s.calls++
	s.last = time.Now()
	s.connections[c] = true
	if s.lonely != nil {
		s.lonely.Stop()
		s.lonely = nil
	}
	c.using = append(c.using, s)
	return nil
}

// leave ends a call.
func (s *session) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls--
	s.last = time.Now()
	s.watch()
}

// watch sets the timer of an idle session by the option in force. The caller holds mu.
func (s *session) watch() {
	limit := duration(s.values, idleSessionTimeout, time.Second)
	if s.idle != nil {
		s.idle.Stop()
		s.idle = nil
	}
	if limit == 0 || s.closed || s.expired {
		return
	}
	s.idle = time.AfterFunc(limit, s.expire)
}

// expire ends what runs in an idle session and makes it unknown. The session itself stays,
// so that its client can be told.
func (s *session) expire() {
	s.mu.Lock()
	if s.calls > 0 || s.closed {
		s.mu.Unlock()
		return // the call under way sets the timer again
	}
	s.expired = true
	var running []*operation
	for _, o := range s.operations {
		running = append(running, o)
	}
	s.mu.Unlock()
	for _, o := range running {
		s.server.forget(o, general("Session expired due to inactivity"))
	}
}

// part ends a connection's tie to the session. The last one to go starts the clock.
func (s *session) part(c *connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.connections, c)
	if len(s.connections) > 0 || s.closed || s.lonely != nil {
		return
	}
	s.lonely = time.AfterFunc(s.server.opts.Limits.DisconnectedSession, func() {
		s.mu.Lock()
		alone := len(s.connections) == 0
		s.mu.Unlock()
		if alone {
			s.server.closeSession(s, "Session closed because it has no active connections")
		}
	})
}
