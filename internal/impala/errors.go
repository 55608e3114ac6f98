package impala

import (
	"fmt"
	"strings"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// Error is a failure that the server reported.
type Error struct {
	Method   string // the call that it answered; "" when the statement failed by itself
	Text     string // the server's words, without the line that repeats the query id
	SQLState string
	QueryID  string // "" before a statement has one
}

func (e *Error) Error() string {
	text := e.Text
	if e.QueryID != "" {
		text = fmt.Sprintf("query %s: %s", e.QueryID, text)
	}
	if e.Method != "" {
		text = e.Method + ": " + text
	}
	return text
}

// check turns a status that is no success into an error.
func (c *Client) check(method string, s wire.Status, queryID string) error {
	switch s.Code {
	case wire.StatusSuccess, wire.StatusSuccessWithInfo:
		return nil
	}
	text := s.Message
	if text == "" {
		text = fmt.Sprintf("status %d without a text", s.Code)
	}
	return c.failed(method, text, s.SQLState, queryID)
}

func (c *Client) failed(method, text, sqlState, queryID string) error {
	if method == "ExecuteStatement" || method == "GetOperationStatus" || method == "FetchResults" {
		method = "" // the statement's own failure; which call met it says nothing
	}
	text = withoutFrame(text)
	var err error = &Error{Method: method, Text: text, SQLState: sqlState, QueryID: queryID}
	class, remedy := classify(text)
	if remedy != "" {
		err = fault.Advise(err, "%s", remedy)
	}
	return fault.New(fault.Impala, class, err)
}

// withoutFrame drops the line "Query <id> failed:" that Impala 4.5 and later put first,
// and the stack trace that HiveServer2 puts last.
func withoutFrame(text string) string {
	if first, rest, found := strings.Cut(text, "\n"); found && strings.HasPrefix(first, "Query ") && strings.HasSuffix(first, " failed:") {
		text = rest
	}
	text, _, _ = strings.Cut(text, "\n\tat ") // a Java server adds its stack
	return strings.TrimSpace(text)
}

// classes names what is known of the server's texts; the first that fits counts. sqlState
// does not help: Impala sends HY000 for almost everything. The texts are those of Impala's
// frontend, admission controller and common/thrift/generate_error_codes.py, and Spark's
// error classes in brackets.
var classes = []struct {
	text   string
	class  fault.Class
	remedy string
}{
	{"ParseException", fault.SQL, "correct the statement; the line and the caret show where Impala stopped"},
	{"[PARSE_SYNTAX_ERROR]", fault.SQL, "correct the statement at the place that the server names"},
	{"Could not resolve table reference", fault.SQL, "see whether database and table are spelt right and the user may see them; a table made outside Impala needs INVALIDATE METADATA"},
	{"Table does not exist", fault.SQL, "see whether database and table are spelt right; a table made outside Impala needs INVALIDATE METADATA"},
	{"Database does not exist", fault.SQL, "see whether the database is spelt right (impala.database, or the part before the dot)"},
	{"[TABLE_OR_VIEW_NOT_FOUND]", fault.SQL, "see whether database and table are spelt right and the user may see them"},
	{"Could not resolve column/field reference", fault.SQL, "see whether the column is spelt right: DESCRIBE lists those of a table"},
	{"[UNRESOLVED_COLUMN", fault.SQL, "see whether the column is spelt right: DESCRIBE lists those of a table"},
	{"AuthorizationException", fault.SQL, "ask the administrator for the privilege that the text names (Ranger)"},
	{"is not authorized to delegate", fault.SQL, "ask the administrator to allow the delegation (--authorized_proxy_user_config)"},
	{"Invalid query option", fault.SQL, "correct impala.options"},
	{"is not supported by the demo server", fault.SQL, "the demo knows a part of Impala's SQL; run this statement on a cluster"},
	{"AnalysisException", fault.SQL, ""},
	{"queue full, limit=", fault.Capacity, "the pool's queue is full: run later, or ask for another pool (REQUEST_POOL)"},
	{"Rejected query from pool", fault.SQL, "the pool will never take this statement: lower MEM_LIMIT or ask for another pool (REQUEST_POOL)"},
	{"Admission for query exceeded timeout", fault.Capacity, "the pool was full for too long: run later, or ask for another pool (REQUEST_POOL)"},
	{"Cannot schedule query: no registered backends", fault.Capacity, "no executor is up: see the cluster's state"},
	{"Waiting for executors to start", fault.Capacity, "no executor is up: see the cluster's state"},
	{"Memory limit exceeded", fault.Capacity, "raise MEM_LIMIT in impala.options or the pool's limit, or narrow the report"},
	{"Failed to get minimum memory reservation", fault.Capacity, "raise MEM_LIMIT in impala.options or the pool's limit, or run when the cluster is quieter"},
	{"expired due to execution time limit", fault.SQL, "raise EXEC_TIME_LIMIT_S in impala.options, or narrow the report"},
	{"terminated due to", fault.SQL, "a limit of impala.options or of the pool ended the statement: raise it, or narrow the report"},
	{"could not be materialized", fault.SQL, "raise MAX_ROW_SIZE in impala.options"},
	{"Failed due to unreachable impalad", fault.Lost, ""},
	{"cancelled due to unresponsive backend", fault.Lost, ""},
	{"RPC client failed to connect", fault.Lost, ""},
	{"RPC recv timed out", fault.Lost, ""},
	{"RPC Error", fault.Lost, ""},
	{"Disk I/O error on", fault.Lost, ""},
	{"appears stale", fault.Lost, "the table was rewritten under the statement: REFRESH it if this comes back"},
	{"Server is being shut down", fault.Lost, "name a second coordinator in impala.hosts"},
	{"Number of sessions for user", fault.Capacity, "close other sessions of this user, or ask for a higher limit (--max_hs2_sessions_per_user)"},
	{"Invalid session id", fault.Lost, ""},
	{"Session is closed", fault.Lost, ""},
	{"Session closed", fault.Lost, ""},
	{"Session has been closed", fault.Lost, ""},
	{"Session expired due to inactivity", fault.Lost, ""},
	{"Client session expired", fault.Lost, ""},
	{"Invalid or unknown query handle", fault.Lost, ""},
	{"Invalid query handle", fault.Lost, ""},
	{"expired due to client inactivity", fault.Cancelled, "the server waited too long for the next fetch: raise QUERY_TIMEOUT_S"},
	{"Cancelled", fault.Cancelled, "somebody ended the statement on the server"},
}

func classify(text string) (fault.Class, string) {
	for _, known := range classes {
		if strings.Contains(text, known.text) {
			return known.class, known.remedy
		}
	}
	return fault.Unclassified, ""
}
