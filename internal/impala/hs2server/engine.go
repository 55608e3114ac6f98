package hs2server

import (
	"context"

	"qosreport/internal/impala/wire"
)

// Engine answers statements. One that is a [Catalog], too, answers metadata calls.
//
// SET in all its forms is the server's own: an engine never sees it.
type Engine interface {
	// Execute plans a statement and starts it; clients wait for its return, as they do
	// while Impala plans. An error is told to the client in its own words. The context
	// ends when the statement is cancelled, has failed or is closed.
	Execute(ctx context.Context, s *Session, statement string) (Result, error)
}

// Result is a statement that runs or has run. Poll and Log may be called while Fetch
// runs. What it can tell beyond this is in interfaces of their own: [Summarizer],
// [Profiler] and [Modifier].
type Result interface {
	// Columns describe the rows; nil means that there is no result, as after USE.
	Columns() []wire.ColumnDesc
	// Poll tells without waiting whether rows can be fetched, or why they never will be.
	// A statement without rows is ready when it has done its work.
	Poll() (ready bool, err error)
	// Fetch appends up to most rows, waiting for the first until the context ends, which
	// is no error. More says whether another fetch may bring rows.
	Fetch(ctx context.Context, most int, into []wire.ColumnBuilder) (more bool, err error)
	// Log is what GetLog answers beside progress and admission: warnings, a line each.
	Log() string
}

// Summarizer is a [Result] that knows how far it is.
type Summarizer interface {
	// Summary is the answer to GetExecSummary: progress, and the nodes of the plan in
	// depth-first order with what they have done so far. The server adds state and
	// queue. It may be called at any time.
	Summary() wire.ExecSummary
}

// Profiler is a [Result] with a runtime profile.
type Profiler interface {
	// Profile is what follows the section Summary of a profile, such as "    Plan: …",
	// indented as it is to appear and ended by a line feed. It may be called at any time.
	Profile() string
}

// Modifier is the [Result] of a statement that changes rows. Its Columns are nil.
type Modifier interface {
	// Modified counts the rows changed. It is called once Poll said ready.
	Modified() wire.DMLResult
}

// Catalog is an [Engine] that knows what there is to query. The server matches the
// patterns of metadata calls and makes their results.
type Catalog interface {
	Databases(ctx context.Context, s *Session) ([]Database, error)
	Tables(ctx context.Context, s *Session, database string) ([]Table, error)
	Functions(ctx context.Context, s *Session, database string) ([]Function, error)
}

// Database is one of a [Catalog].
type Database struct{ Name, Comment string }

// Table is a table or view of a [Catalog].
type Table struct {
	Name    string
	View    bool
	Comment string
	Columns []Column
}

// Column is a column of a [Table] as a metadata call tells of it.
type Column struct {
	wire.ColumnDesc // without its position, which is that in the table
	Comment         string
}

// Function is a function of a [Catalog].
type Function struct {
	Name      string
	Signature string // as in count(BIGINT)
}
