// Package impalad is a small Impala for the demo and for tests: the protocol of
// hs2server before the SELECT engine of lab/sql. It knows sessions, options and
// databases; what it cannot do is an error that says so.
package impalad

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"regexp"
	"slices"
	"strings"
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
		Engine:       e,
		Logins:       o.Logins,
		QueryOptions: queryOptions,
		Version:      Version,
		Observe:      o.Observe,
		Logger:       o.Logger,
	})}
}

// Serve takes connections until the context ends, and returns when no statement runs
// any more.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	err := s.Server.Serve(ctx, l)
	s.engine.running.Wait()
	return err
}

// queryOptions are the options that a client can set, with Impala's defaults. Those that
// have no meaning here are taken and kept.
var queryOptions = map[string]string{
	"ABORT_ON_ERROR": "0", "APPX_COUNT_DISTINCT": "0", "BATCH_SIZE": "0", "CLIENT_IDENTIFIER": "", "DECIMAL_V2": "1",
	"EXEC_TIME_LIMIT_S": "0", "FETCH_ROWS_TIMEOUT_MS": "10000", "IDLE_SESSION_TIMEOUT": "0", "MAX_ROW_SIZE": "524288",
	"MAX_STATEMENT_LENGTH_BYTES": "16777216", "MEM_LIMIT": "0", "NUM_ROWS_PRODUCED_LIMIT": "0", "QUERY_TIMEOUT_S": "0",
	"REQUEST_POOL": "", "SCAN_BYTES_LIMIT": "0", "SPOOL_QUERY_RESULTS": "1", "TIMEZONE": "", "UTF8_MODE": "0",
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

var (
	setOption = regexp.MustCompile(`(?is)^set\s+([a-z_0-9]+)\s*=\s*(.*)$`)
	setList   = regexp.MustCompile(`(?is)^set(\s+all)?$`)
	use       = regexp.MustCompile("(?is)^use\\s+`?([a-z_0-9]+)`?$")
)

// Execute answers SET and USE itself; everything else is the engine's.
func (e *engine) Execute(ctx context.Context, s *hs2server.Session, statement string) (hs2server.Result, error) {
	text := strings.TrimRight(withoutComments(statement), "; \t\r\n")
	if m := setOption.FindStringSubmatch(text); m != nil {
		if !s.Set(m[1], strings.Trim(m[2], `'"`)) {
			return nil, refusal("Invalid query option: " + m[1])
		}
		return &fixed{columns: settingColumns}, nil
	}
	if setList.MatchString(text) {
		return settings(s.Options()), nil
	}
	if m := use.FindStringSubmatch(text); m != nil {
		database := strings.ToLower(m[1])
		if names, _ := sql.Databases(e.catalog); !slices.Contains(names, database) {
			return nil, refusal("AnalysisException: Database does not exist: " + database)
		}
		s.Use(database)
		return &fixed{}, nil
	}
	return e.run(ctx, s, statement)
}

// withoutComments cuts off blanks and comments before the first word.
func withoutComments(statement string) string {
	for {
		statement = strings.TrimSpace(statement)
		end := ""
		switch {
		case strings.HasPrefix(statement, "--"):
			end = "\n"
		case strings.HasPrefix(statement, "/*"):
			end = "*/"
		default:
			return statement
		}
		_, rest, found := strings.Cut(statement, end)
		if !found {
			return statement
		}
		statement = rest
	}
}

func (e *engine) run(ctx context.Context, s *hs2server.Session, statement string) (hs2server.Result, error) {
	zone := time.UTC
	if name := s.Options()["TIMEZONE"]; name != "" {
		var err error
		if zone, err = time.LoadLocation(name); err != nil {
			return nil, refusal("Invalid timezone name '" + name + "'.")
		}
	}
	submitted := time.Now()
	st, err := e.sql.Prepare(ctx, sql.Session{Database: s.Database(), User: s.User(), Version: Version, Zone: zone, Now: e.now(), Seed: rand.Uint64()}, statement)
	if err != nil {
		return nil, err
	}
	r := newResult(st, submitted)
	r.note("Planning finished")
	e.running.Go(func() { r.run(ctx) })
	return r, nil
}

var settingColumns = []wire.ColumnDesc{
	{Name: "option", Type: wire.String}, {Name: "value", Type: wire.String, Position: 1}, {Name: "level", Type: wire.String, Position: 2},
}

func settings(options map[string]string) *fixed {
	f := &fixed{columns: settingColumns}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		f.rows = append(f.rows, []string{name, options[name], "REGULAR"})
	}
	return f
}

// fixed is a result that is there at once.
type fixed struct {
	columns []wire.ColumnDesc
	rows    [][]string
}

func (f *fixed) Columns() []wire.ColumnDesc { return f.columns }
func (f *fixed) Poll() (bool, error)        { return true, nil }
func (f *fixed) Log() string                { return "" }

func (f *fixed) Fetch(_ context.Context, most int, into []wire.ColumnBuilder) (bool, error) {
	n := min(most, len(f.rows))
	for _, row := range f.rows[:n] {
		for i, text := range row {
			into[i].Text(text)
		}
	}
	f.rows = f.rows[n:]
	return len(f.rows) > 0, nil
}
