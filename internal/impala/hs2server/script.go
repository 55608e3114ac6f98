package hs2server

import (
	"time"

	"qosreport/internal/impala/wire"
)

// Script is what becomes of one statement, for tests that need a coordinator in trouble.
// The rows are still the engine's. The zero value changes nothing.
type Script struct {
	Plan         time.Duration // ExecuteStatement blocks so long
	Refuse       string        // and then fails with this text
	Queue        time.Duration // the statement waits for admission
	QueuedReason string        // as GetExecSummary and GetLog tell it
	Run          time.Duration // and then runs before there are rows
	Fail         string        // and then fails with this text
	Memory       int64         // bytes it needs: above MEM_LIMIT it fails
	ProcessLimit bool          // and the limit that it hits is that of the process
	Fetches      []Fetch       // the first fetches, one each; then the engine goes on
	DML          *wire.DMLResult
	Warnings     []string // lines of GetLog
}

// Fetch is the answer to one FetchResults.
type Fetch struct {
	Wait   time.Duration // before the answer
	Rows   int           // at most so many
	More   bool          // hasMoreRows
	Still  bool          // the rows are not ready: STILL_EXECUTING, without results
	Refuse string        // fail with this text, after which the statement is unknown
}

// memoryExceeded is what a statement says that needs more memory than there is
// (mem-tracker.cc).
func memoryExceeded(queryID string, need, limit int64, process bool) string {
	tracker, left := "Query("+queryID+")", "Memory left in query limit: "
	if process {
		tracker, left = "Process", "Memory left in process limit: "
	}
	return "Memory limit exceeded: Failed to allocate row batch\n" +
		"EXCHANGE_NODE (id=1) could not allocate " + prettyBytes(need) + " without exceeding limit.\n" +
		"Error occurred on backend localhost:27000 by fragment " + queryID + "\n" + left + prettyBytes(limit) + "\n" +
		tracker + ": memory limit exceeded. Limit=" + prettyBytes(limit) + " Total=" + prettyBytes(need) + " Peak=" + prettyBytes(need) + "\n"
}
