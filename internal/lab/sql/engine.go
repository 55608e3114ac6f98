// Package sql runs SELECT statements in the dialect of Apache Impala over the
// columns of a [Catalog].
//
// A statement is parsed to a tree, its names are found and its types worked out,
// and it becomes operators that push rows to each other. All of that happens in
// [Engine.Prepare], so that columns have types before there are rows; the work of
// [Statement.Run] is rows alone. Scans read only the columns and the partitions
// that a statement needs.
//
// The engine answers as Impala does or not at all: what it lacks is an
// AnalysisException that says so, never a guess.
package sql

import (
	"context"
	"time"
)

// An Engine runs statements on one catalog. It is safe for concurrent use.
type Engine struct {
	catalog Catalog
}

// New makes an engine.
func New(catalog Catalog) *Engine { return &Engine{catalog: catalog} }

// Session is what a statement sees of its surroundings.
type Session struct {
	Database string         // of names without one; "" means default
	User     string         // for user() and its like
	Version  string         // for version()
	Zone     *time.Location // of now(); nil means UTC
	Now      time.Time      // of now(); one instant for the whole statement
	Explain  ExplainLevel   // of EXPLAIN
	// Seed turns the order of groups, as that order is not defined; 0 keeps the
	// order in which they were met.
	Seed uint64
	// RowLimit bounds the rows and groups that a statement keeps in memory at
	// once; 0 means 4 000 000. Beyond it the statement fails for lack of memory.
	RowLimit int
}

const defaultRowLimit = 4_000_000

// A Statement is ready to run, as often as wanted and from any goroutine.
type Statement struct {
	columns []Column
	root    operator
	limits  execution
}

// Prepare reads a statement and works out its columns. Errors are of type
// [*Error] with Impala's text.
func (e *Engine) Prepare(ctx context.Context, session Session, text string) (*Statement, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if session.Database == "" {
		session.Database = "default"
	}
	if session.Zone == nil {
		session.Zone = time.UTC
	}
	if session.RowLimit == 0 {
		session.RowLimit = defaultRowLimit
	}
	p := &planner{catalog: e.catalog, compiler: compiler{session}}
	limits := execution{left: session.RowLimit, limit: session.RowLimit, seed: session.Seed}
	st, err := p.statement(text)
	if err != nil {
		return nil, err
	}
	st.limits = limits
	return st, nil
}

// Columns are the columns of the result. A NULL literal has type BOOLEAN.
func (s *Statement) Columns() []Column { return s.columns }

// Run computes the rows and gives each to emit, which must not keep the slice
// and returns false to have no more. It returns the error of the context when
// that ends, and an [*Error] for a failure of the statement itself.
func (s *Statement) Run(ctx context.Context, emit func(row []Value) bool) error {
	return s.execute(ctx, nil, emit)
}

func (s *Statement) execute(ctx context.Context, w *Watch, emit func(row []Value) bool) error {
	x := s.limits
	x.watch, x.done = w, ctx.Done()
	x.start = func(root operator, emit func([]Value) bool) error { return root.run(ctx, &x, emit) }
	if err := x.run(ctx, s.root, emit); err != nil {
		return err
	}
	return x.err
}
