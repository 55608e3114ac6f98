// Package impalad is a small Impala for the demo and for tests: the protocol of
// hs2server before the SELECT engine of lab/sql. It knows sessions, options and
// databases; what it cannot do is an error that says so.
package impalad

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"

	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
	"qosreport/internal/lab/sql"
)

// Options of a server. Catalog is required.
type Options struct {
	Catalog sql.Catalog
	Now     func() time.Time    // nil means time.Now
	Logins  hs2server.Logins    // nil serves a plain socket
	Observe func(method string) // called for each call; nil for none
	Logger  *slog.Logger        // nil discards
}

// Server is one coordinator.
type Server struct {
	*hs2server.Server
	engine *engine
}

// Version is what clients are told.
const Version = "impalad version 4.5.0-demo RELEASE (qosreport lab)"

// New makes a server.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	e := &engine{sql: sql.New(o.Catalog), catalog: o.Catalog, now: o.Now}
	return &Server{engine: e, Server: hs2server.New(hs2server.Options{
		Engine:     e,
		Logins:     o.Logins,
		Version:    Version,
		QueryFrame: true, // as of that version
		Observe:    o.Observe,
		Logger:     o.Logger,
	})}
}

// Port serves one more port of a server until the context ends.
type Port func(ctx context.Context, s *hs2server.Server) error

// Serve takes connections at the listener and the ports until the context ends, and
// returns when no statement runs any more.
func (s *Server) Serve(ctx context.Context, l net.Listener, ports ...Port) error {
	ended := make(chan error)
	for _, port := range ports {
		go func() { ended <- port(ctx, s.Server) }()
	}
	err := s.Server.Serve(ctx, l)
	for range ports {
		err = errors.Join(err, <-ended)
	}
	s.engine.running.Wait()
	return err
}

// refusal is an error in Impala's own words.
type refusal string

func (r refusal) Error() string { return string(r) }

// engine runs statements in goroutines of their own.
type engine struct {
	sql     *sql.Engine
	catalog sql.Catalog
	now     func() time.Time
	running sync.WaitGroup
}

// Execute answers what has no rows itself; everything else is the SQL engine's.
func (e *engine) Execute(ctx context.Context, s *hs2server.Session, statement string) (hs2server.Result, error) {
	database, found, err := e.sql.Use(statement)
	if found && err == nil {
		s.Use(database)
	}
	if !found {
		found, err = e.sql.Reload(statement, s.Database())
	}
	switch {
	case err != nil:
		return nil, err
	case found:
		return done{}, nil
	}
	return e.run(ctx, s, statement)
}

func (e *engine) run(ctx context.Context, s *hs2server.Session, statement string) (hs2server.Result, error) {
	options := s.Options()
	zone := time.UTC
	if name := options["TIMEZONE"]; name != "" {
		var err error
		if zone, err = time.LoadLocation(name); err != nil {
			return nil, refusal("Invalid timezone name '" + name + "'.")
		}
	}
	submitted := time.Now()
	st, err := e.sql.Prepare(ctx, sql.Session{Database: s.Database(), User: s.User(), Version: Version, Zone: zone, Now: e.now(), Seed: rand.Uint64(),
		Explain: explainLevels[options["EXPLAIN_LEVEL"]]}, statement)
	if err != nil {
		return nil, err
	}
	r := newResult(st, submitted)
	if r.limit, err = rowLimit(options, s.QueryID(), st); err != nil {
		return nil, err
	}
	r.note("Planning finished")
	e.running.Go(func() { r.run(ctx) })
	return r, nil
}

// explainLevels are the values of EXPLAIN_LEVEL.
var explainLevels = map[string]sql.ExplainLevel{"MINIMAL": sql.ExplainMinimal, "EXTENDED": sql.ExplainExtended, "VERBOSE": sql.ExplainVerbose}

// rowLimit is NUM_ROWS_PRODUCED_LIMIT of a statement with a plan.
func rowLimit(options map[string]string, queryID string, st *sql.Statement) (produced, error) {
	const name = "NUM_ROWS_PRODUCED_LIMIT"
	if options[name] == "" || st.Plan() == nil {
		return produced{}, nil
	}
	most, err := strconv.ParseInt(options[name], 10, 64)
	if err != nil {
		return produced{}, refusal("Invalid value for query option " + name + ": '" + options[name] + "'.")
	}
	return produced{queryID: queryID, most: most}, nil
}

// done is the result of a statement that has none, as USE.
type done struct{}

func (done) Columns() []wire.ColumnDesc { return nil }
func (done) Poll() (bool, error)        { return true, nil }
func (done) Log() string                { return "" }

func (done) Fetch(context.Context, int, []wire.ColumnBuilder) (bool, error) { return false, nil }
