package impala

import (
	"regexp"
	"strconv"
	"strings"

	"qosreport/internal/fault"
)

// Advice that several texts share.
const (
	adviceVersion   = "see whether the server is Impala 3.4 or HiveServer2 2.0, or later; this is a fault of the client if it is"
	adviceTable     = "see whether database and table are spelt right and the user may see them; a table made outside Impala needs INVALIDATE METADATA"
	adviceColumn    = "see whether the column is spelt right: DESCRIBE lists those of a table"
	adviceSyntax    = "correct the statement at the place that the server names"
	adviceAsk       = "ask the administrator for the privilege that the text names (Ranger)"
	adviceDelegate  = "ask the administrator to allow the delegation (--authorized_proxy_user_config), or see impala.doas_user"
	advicePool      = "run later, or ask for another pool (REQUEST_POOL)"
	advicePlacement = "name a pool that this user may use (REQUEST_POOL in impala.options): the page /admission of the coordinator lists them"
	adviceExecutors = "no executor is up: see the cluster's state"
	adviceLower     = "the pool will never take this statement: lower MEM_LIMIT, or ask for another pool (REQUEST_POOL)"
	adviceProcess   = "the coordinator's or an executor's own memory is full: run when the cluster is quieter"
	adviceMemory    = "raise MEM_LIMIT in impala.options or the pool's limit, or narrow the report"
	adviceLimit     = "a limit of impala.options or of the pool ended the statement: raise it, or narrow the report"
	adviceOther     = "name a second coordinator in impala.hosts"
	adviceSession   = "the server closed the session, as after a restart, a long pause (IDLE_SESSION_TIMEOUT) or behind a balancer that changes the coordinator: run again"
	adviceHandle    = "the coordinator does not know the statement any more: it was restarted, or a balancer led the call to another one"
	adviceRefresh   = "the table was rewritten under the statement: REFRESH it if this comes back"
	adviceMetadata  = "the table is broken, or the metastore was away: DESCRIBE it, and run again"
	adviceDisk      = "see the disks and the scratch space (--scratch_dirs) of the executor that the text names"
)

// classes names what is known of the server's texts; the first that fits counts. "…" stands
// for any text. SQLSTATE does not help: Impala sends HY000 for almost everything. The texts are
// those of Impala's frontend, admission controller, memory trackers and
// common/thrift/generate_error_codes.py, and Spark's error classes in brackets.
var classes = []struct {
	text   string
	class  fault.Class
	remedy string
}{
	{"AuthorizationException", fault.SQL, adviceAsk},
	{"Failed to load metadata for table", fault.Lost, adviceMetadata},
	{"ParseException", fault.SQL, "correct the statement; the line and the caret show where Impala stopped"},
	{"[PARSE_SYNTAX_ERROR]", fault.SQL, adviceSyntax},
	{"Could not resolve table reference", fault.SQL, adviceTable},
	{"Table does not exist", fault.SQL, adviceTable},
	{"[TABLE_OR_VIEW_NOT_FOUND]", fault.SQL, adviceTable},
	{"Database does not exist", fault.SQL, "see whether the database is spelt right (impala.database, or the part before the dot)"},
	{"Could not resolve column/field reference", fault.SQL, adviceColumn},
	{"[UNRESOLVED_COLUMN", fault.SQL, adviceColumn},
	{"Invalid query option", fault.SQL, "correct impala.options"},
	{"Invalid timezone name", fault.SQL, "write an IANA name, like Europe/Bratislava, that the coordinator has: TIMEZONE in impala.options, or the zone in the statement"},
	{"Statement length of … exceeds the maximum", fault.SQL, "shorten the statement, or raise MAX_STATEMENT_LENGTH_BYTES in impala.options"},
	{"is not supported by the demo server", fault.SQL, "the demo knows a part of Impala's SQL; run this statement on a cluster"},
	{"AnalysisException", fault.SQL, ""},

	{"is not authorized to delegate to", fault.Authentication, adviceDelegate},
	{"Unable to delegate using empty doAs username", fault.Authentication, adviceDelegate},
	{"User is not authorized", fault.Authentication, "the server lets in other users only (its LDAP filters): ask its administrator"},
	{"does not match the session username", fault.Authentication, "the login changed in the middle of a session: see who else uses this session"},
	{"is not authorized to access the runtime profile", fault.Authentication, "only the statement's user and administrators may read it"},

	{"queue full, limit=", fault.Capacity, "the pool's queue is full: " + advicePool},
	{"Request from user … denied access to assigned pool", fault.SQL, advicePlacement},
	{"No mapping found for request from user", fault.SQL, advicePlacement},
	{"Rejected query from pool … disabled by", fault.SQL, "the pool is switched off: ask for another one (REQUEST_POOL)"},
	{"Rejected query from pool", fault.SQL, adviceLower},
	{"Admission for query exceeded timeout", fault.Capacity, "the pool was full for too long: " + advicePool},
	{"Cannot schedule query: no registered backends", fault.Capacity, adviceExecutors},
	{"Waiting for executors to start", fault.Capacity, adviceExecutors},
	{`for the "Process" ReservationTracker`, fault.Capacity, adviceProcess},
	{`for the "Query(…" ReservationTracker`, fault.SQL, adviceMemory},
	{"Memory limit exceeded", fault.Capacity, adviceMemory},
	{"could not allocate … without exceeding limit", fault.Capacity, adviceMemory},
	{"Failed to get minimum memory reservation", fault.Capacity, "raise MEM_LIMIT in impala.options or the pool's limit, or run when the cluster is quieter"},
	{"Number of sessions for user", fault.Capacity, "close other sessions of this user, or ask for a higher limit (--max_hs2_sessions_per_user)"},

	{"expired due to execution time limit", fault.SQL, "raise EXEC_TIME_LIMIT_S in impala.options, or narrow the report"},
	{"terminated due to", fault.SQL, adviceLimit},
	{"join rows produced exceeds the limit of", fault.SQL, adviceLimit},
	{"Scratch space limit of", fault.SQL, "raise SCRATCH_LIMIT in impala.options, or narrow the report"},
	{"could not be materialized", fault.SQL, "raise MAX_ROW_SIZE in impala.options"},

	{"Failed due to unreachable impalad", fault.Lost, "an executor went away: run again"},
	{"cancelled due to unresponsive backend", fault.Lost, "an executor went away: run again"},
	{"RPC client failed to connect", fault.Lost, "an executor went away: run again"},
	{"RPC recv timed out", fault.Lost, "an executor went away: run again"},
	{"RPC Error", fault.Lost, "an executor went away: run again"},
	{"Disk I/O error on", fault.Lost, adviceDisk},
	{"appears stale", fault.Lost, adviceRefresh},
	{"Server is being shut down", fault.Lost, adviceOther},
	{"Invalid session id", fault.Lost, adviceSession},
	{"Session is closed", fault.Lost, adviceSession},
	{"Session closed", fault.Lost, adviceSession},
	{"Session has been closed", fault.Lost, adviceSession},
	{"Session expired due to inactivity", fault.Lost, adviceSession},
	{"Client session expired", fault.Lost, adviceSession},
	{"Invalid or unknown query handle", fault.Lost, adviceHandle},
	{"Invalid query handle", fault.Lost, adviceHandle},
	{"Query id … not found", fault.Lost, adviceHandle},

	{"expired due to client inactivity", fault.Cancelled, "the server waited too long for the next fetch: raise QUERY_TIMEOUT_S"},

	{"Malformed THandleIdentifier", fault.Unclassified, adviceVersion},
	{"Client tried to fetch rows on a query that produces no results", fault.Unclassified, adviceVersion},
	{"Not implemented", fault.Unclassified, adviceVersion},
	{"Unsupported operation", fault.Unclassified, adviceVersion},
}

func classify(text string) (fault.Class, string) {
	if cancelled(text) {
		return fault.Cancelled, "somebody ended the statement on the server"
	}
	switch ofProcess, known := fullMemory(text); {
	case known && ofProcess:
		return fault.Capacity, adviceProcess
	case known:
		return fault.SQL, adviceMemory
	}
	for _, known := range classes {
		if fits(text, known.text) {
			return known.class, known.remedy
		}
	}
	return fault.Unclassified, ""
}

// cancelled reports whether the text says so itself; the word also stands in other texts.
func cancelled(text string) bool {
	rest, found := strings.CutPrefix(text, "Cancelled")
	return found && (rest == "" || strings.HasPrefix(rest, " in ") || strings.HasPrefix(rest, " from "))
}

// fits reports whether the parts of a pattern stand in the text, one after the other.
func fits(text, pattern string) bool {
	for part := range strings.SplitSeq(pattern, "…") {
		_, after, found := strings.Cut(text, strings.Trim(part, " "))
		if !found {
			return false
		}
		text = after
	}
	return true
}

var memoryLeft = regexp.MustCompile(`Memory left in (process|query) limit: (-?[0-9.]+) ?([KMGT]?B)`)

// fullMemory tells from what is left of both limits which of them a statement has met:
// that of the process, which others fill too, or its own, which it would meet again.
func fullMemory(text string) (ofProcess, known bool) {
	left := make(map[string]float64)
	for _, m := range memoryLeft.FindAllStringSubmatch(text, 2) {
		value, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return false, false
		}
		left[m[1]] = value * map[string]float64{"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}[m[3]]
	}
	process, known := left["process"]
	query, limited := left["query"]
	return !limited || process < query, known
}
