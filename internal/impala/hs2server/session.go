package hs2server

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"maps"
	"strings"
	"sync"

	"qosreport/internal/impala/wire"
)

// Session is one client's session. It belongs to the server, not to a connection.
type Session struct {
	handle wire.Handle
	user   string

	mu         sync.Mutex
	database   string
	options    map[string]string // upper-case names
	operations map[string]*operation
}

// User is who logged in, or who the client said it is on a plain socket.
func (s *Session) User() string { return s.user }

// Database is where names without a database are looked for.
func (s *Session) Database() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.database
}

// Use changes the database.
func (s *Session) Use(database string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.database = database
}

// Options are the session's query options, a copy.
func (s *Session) Options() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.options)
}

// Set changes a query option and reports whether there is one of this name.
func (s *Session) Set(name, value string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = strings.ToUpper(name)
	if _, known := s.options[name]; !known {
		return false
	}
	s.options[name] = value
	return true
}

// operation is a statement of a session.
type operation struct {
	handle wire.OperationHandle
	result Result
	cancel context.CancelFunc

	// busy keeps fetches of two connections apart.
	busy sync.Mutex
	rows int64
	ends error // set when it was cancelled or a fetch failed

	mu sync.Mutex
}

func (o *operation) end(why error) {
	o.mu.Lock()
	if o.ends == nil {
		o.ends = why
	}
	o.mu.Unlock()
	o.cancel()
}

func (o *operation) ended() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ends
}

// serverError is an error in Impala's words with its SQLSTATE.
type serverError struct {
	text  string
	state string
}

func (e *serverError) Error() string { return e.text }

func general(format string, args ...any) error {
	return &serverError{fmt.Sprintf(format, args...), "HY000"}
}

var errCancelled = general("Cancelled")

const handleBytes = 16

func newHandle(secret []byte) wire.Handle {
	guid := make([]byte, handleBytes)
	rand.Read(guid)
	if secret == nil {
		secret = make([]byte, handleBytes)
		rand.Read(secret)
	}
	return wire.Handle{GUID: guid, Secret: secret}
}

func malformed(h wire.Handle) error {
	if len(h.GUID) == handleBytes && len(h.Secret) == handleBytes {
		return nil
	}
	return general("Malformed THandleIdentifier (guid size: %d, expected %d, secret size: %d, expected %d)",
		len(h.GUID), handleBytes, len(h.Secret), handleBytes)
}

func sameSecret(a, b wire.Handle) bool { return subtle.ConstantTimeCompare(a.Secret, b.Secret) == 1 }

func (s *Server) openSession(user string, req *wire.OpenSessionReq) (*Session, error) {
	session := &Session{handle: newHandle(nil), user: user, database: "default",
		options: maps.Clone(s.opts.QueryOptions), operations: make(map[string]*operation)}
	for name, value := range req.Configuration {
		if database, found := strings.CutPrefix(name, "use:"); found && database == "database" {
			session.database = value
			continue
		}
		session.Set(name, value) // unknown ones are dropped without a word, as Impala does
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sessions) >= maxSessions {
		return nil, general("Number of sessions for user %s exceeds coordinator limit %d", user, maxSessions)
	}
	s.sessions[string(session.handle.GUID)] = session
	return session, nil
}

// session finds the session of a handle. A connection of another user has no right to it.
func (s *Server) session(h wire.Handle, user string) (*Session, error) {
	if err := malformed(h); err != nil {
		return nil, err
	}
	s.mu.Lock()
	session := s.sessions[string(h.GUID)]
	s.mu.Unlock()
	if session == nil || !sameSecret(session.handle, h) {
		return nil, general("Invalid session id: %s", wire.ImpalaID(h.GUID))
	}
	if user != "" && user != session.user {
		return nil, general("The user authorized on the connection '%s' does not match the session username '%s'", user, session.user)
	}
	return session, nil
}

func (s *Server) closeSession(session *Session) {
	s.mu.Lock()
	delete(s.sessions, string(session.handle.GUID))
	s.mu.Unlock()
	session.mu.Lock()
	defer session.mu.Unlock()
	for id, o := range session.operations {
		o.end(general("Session closed"))
		delete(session.operations, id)
	}
}

func (s *Server) closeSessions() {
	s.mu.Lock()
	var all []*Session
	for _, session := range s.sessions {
		all = append(all, session)
	}
	s.mu.Unlock()
	for _, session := range all {
		s.closeSession(session)
	}
}

// operation finds an operation in the sessions that the user may see. Its secret is
// that of its session.
func (s *Server) operation(h wire.Handle, user string) (*Session, *operation, error) {
	if err := malformed(h); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		session.mu.Lock()
		o := session.operations[string(h.GUID)]
		session.mu.Unlock()
		if o != nil && sameSecret(session.handle, h) && (user == "" || user == session.user) {
			return session, o, nil
		}
	}
	return nil, nil, general("Invalid or unknown query handle: %s.", wire.ImpalaID(h.GUID))
}

func (session *Session) add(o *operation) error {
	session.mu.Lock()
	defer session.mu.Unlock()
	if len(session.operations) >= maxOperations {
		return general("too many open statements in one session: %d", maxOperations)
	}
	session.operations[string(o.handle.GUID)] = o
	return nil
}

func (session *Session) remove(o *operation) {
	session.mu.Lock()
	delete(session.operations, string(o.handle.GUID))
	session.mu.Unlock()
}
