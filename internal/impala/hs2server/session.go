package hs2server

import (
	"maps"
	"strings"
	"sync"
	"time"

	"qosreport/internal/impala/wire"
)

// Session is a client's session as one of its statements sees it.
type Session struct {
	*session
	overlay map[string]string // the statement's own options
	queryID string
}

// QueryID is the id of the statement, as in profiles and errors.
func (s *Session) QueryID() string { return s.queryID }

// Options are the query options of the statement, a copy: those of the session and on top
// of them the statement's own.
func (s *Session) Options() map[string]string {
	options := s.session.options()
	maps.Copy(options, s.overlay)
	return options
}

// session is one client's session. It belongs to the server, not to a connection.
type session struct {
	server    *Server
	handle    wire.Handle
	connected string // who logged in, or who the client said it is on a plain socket
	user      string // whom it acts for, usually itself
	remote    string
	protocol  int32 // TProtocolVersion

	mu          sync.Mutex
	database    string
	values      map[string]string // of the options, by upper-case names
	operations  map[string]*operation
	closed      bool
	expired     bool
	calls       int // under way
	last        time.Time
	idle        *time.Timer
	connections map[*connection]bool
	lonely      *time.Timer // runs while there is no connection
}

// User is whom the session acts for: who logged in, unless it is delegated. On a plain
// socket it is who the client says it is.
func (s *session) User() string { return s.user }

// ConnectedUser is who logged in.
func (s *session) ConnectedUser() string { return s.connected }

// Database is where names without a database are looked for.
func (s *session) Database() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.database
}

// Use changes the database.
func (s *session) Use(database string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.database = database
}

func (s *session) options() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.values)
}

// openSession makes a session. Options that are unknown or bad are dropped without a
// word, as Impala does; the client sees it in the reply.
func (s *Server) openSession(c *connection, req *wire.OpenSessionReq) (*session, error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	session := &session{server: s, handle: newHandle(nil), connected: c.user, remote: c.remote, protocol: min(req.Protocol, wire.ProtocolV6),
		database: "default", values: maps.Clone(s.defaults), operations: make(map[string]*operation),
		last: time.Now(), connections: make(map[*connection]bool)}
	if session.connected == "" {
		session.connected = req.Username
	}
	if session.connected == "" {
		session.connected = anonymous
	}
	session.user = session.connected
	doAs, delegated := property(req.Configuration, doAsUser)
	if c.doAs != nil {
		if delegated {
			return nil, general("Cannot set '" + doAsUser + "' configuration property when 'doAs' query parameter is set.")
		}
		doAs, delegated = *c.doAs, true
	}
	if delegated {
		if err := s.delegate(session.connected, doAs); err != nil {
			return nil, err
		}
		session.user = doAs
	}
	if database, asked := property(req.Configuration, useDatabase); asked {
		session.database = database // not looked up before the first statement needs it
	}
	for name, value := range req.Configuration {
		s.setOption(session, strings.TrimPrefix(name, "set:hiveconf:"), value)
	}
	return session, s.register(session, c)
}

// The properties of OpenSession that are no query options.
const (
	doAsUser    = "impala.doas.user"
	useDatabase = "use:database"
)

// anonymous is who did not say on a plain socket, as by --anonymous_user_name.
const anonymous = "anonymous"

// property finds a property by its name in any case.
func property(configuration map[string]string, name string) (value string, found bool) {
	for key, value := range configuration {
		if strings.EqualFold(key, name) {
			return value, true
		}
	}
	return "", false
}

func (s *Server) register(session *session, c *connection) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit, have := maxSessions, len(s.sessions)
	if s.opts.Limits.SessionsPerUser > 0 {
		limit, have = s.opts.Limits.SessionsPerUser, 0
		for _, other := range s.sessions {
			if other.connected == session.connected {
				have++
			}
		}
	}
	if have >= limit || len(s.sessions) >= maxSessions {
		return general("Number of sessions for user %s exceeds coordinator limit %d", session.connected, limit)
	}
	s.sessions[string(session.handle.GUID)] = session
	session.enter(c)
	return nil
}

// delegate checks whether a user may act for another (impala-server.cc, AuthorizeProxyUser).
func (s *Server) delegate(user, doAs string) error {
	if doAs == "" {
		return general("Unable to delegate using empty doAs username.")
	}
	refusal := "User '%s' is not authorized to delegate to '%s'."
	if s.opts.Proxies == nil {
		return general(refusal+" User/group delegation is disabled.", user, doAs)
	}
	for _, allowed := range s.opts.Proxies[short(user)] {
		if allowed == "*" || allowed == doAs {
			return nil
		}
	}
	return general(refusal, user, doAs)
}

// session finds the session of a handle and begins a call of it. A connection of another
// user has no right to it.
func (s *Server) session(h wire.Handle, c *connection) (*session, error) {
	if err := malformed(h); err != nil {
		return nil, err
	}
	s.mu.Lock()
	session := s.sessions[string(h.GUID)]
	s.mu.Unlock()
	if session == nil || !sameSecret(session.handle, h) {
		return nil, invalidSession(h)
	}
	if err := session.permits(c); err != nil {
		return nil, err
	}
	return session, session.enter(c)
}

func (s *session) permits(c *connection) error {
	if c.user != "" && c.user != s.connected {
		return general("The user authorized on the connection '%s' does not match the session username '%s'", c.user, s.connected)
	}
	return nil
}

// closeSession ends a session and what still runs in it.
func (s *Server) closeSession(session *session, why string) {
	s.mu.Lock()
	delete(s.sessions, string(session.handle.GUID))
	s.mu.Unlock()
	session.mu.Lock()
	session.closed = true
	operations := session.operations
	session.operations = make(map[string]*operation)
	for _, timer := range []*time.Timer{session.idle, session.lonely} {
		if timer != nil {
			timer.Stop()
		}
	}
	session.mu.Unlock()
	for _, o := range operations {
		s.forget(o, general("%s", why))
	}
}
