package impala

import (
	"errors"
	"strings"
	"testing"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

const (
	queryMemory = "Memory limit exceeded: Failed to allocate row batch\nEXCHANGE_NODE (id=5) could not allocate 864.14 KB without exceeding limit.\n" +
		"Error occurred on backend exec-1:27000 by fragment 1:2\nMemory left in process limit: 116.53 GB\nMemory left in query limit: 640.67 KB\nQuery(1:2): Limit=2.00 GB"
	processMemory = "Memory limit exceeded: Failed to allocate row batch\nMemory left in process limit: 12.00 MB\nMemory left in query limit: 1.50 GB\nProcess: Limit=40.00 GB"
	reservation   = `Failed to get minimum memory reservation of 100.00 MB on daemon exec-1:27000 for query 1:2 due to following error: Failed to increase reservation by 100.00 MB because it would exceed the applicable reservation limit for the "%" ReservationTracker: reservation_limit=1 GB`
)

// texts are what servers say, with what it means.
var texts = []struct {
	text   string
	class  fault.Class
	remedy string
}{
	{"ParseException: Syntax error in line 1:\nSELEC 1\n^\nEncountered: IDENTIFIER\nExpected: ALTER", fault.SQL, "the line and the caret"},
	{"AnalysisException: Could not resolve column/field reference: 'sitte'", fault.SQL, "DESCRIBE"},
	{"AnalysisException: Could not resolve table reference: 'voice.legz'", fault.SQL, "INVALIDATE METADATA"},
	{"AnalysisException: Database does not exist: voise", fault.SQL, "impala.database"},
	{"AnalysisException: Table does not exist: voice.legz", fault.SQL, "INVALIDATE METADATA"},
	{"AnalysisException: Cannot divide", fault.SQL, ""},
	{"Invalid query option: MEM_LIMITT", fault.SQL, "impala.options"},
	{"Invalid timezone name 'Mars/Base'.", fault.SQL, "IANA"},
	{"Statement length of 17000000 bytes exceeds the maximum statement length (16777216 bytes)", fault.SQL, "MAX_STATEMENT_LENGTH_BYTES"},
	{"AnalysisException: Failed to load metadata for table: 'voice.legs'\nCAUSED BY: TableLoadingException: x", fault.Lost, "metastore"},
	{"Metadata for file 'hdfs://x' appears stale. Try running \"refresh voice.legs\" to reload the file metadata.", fault.Lost, "REFRESH"},

	{"AuthorizationException: User 'report' does not have privileges to execute 'SELECT' on: voice.legs", fault.SQL, "privilege"},
	{"AuthorizationException: User 'report' does not have privileges to access: voice", fault.SQL, "privilege"},
	{"User 'report' is not authorized to delegate to 'alice'. User/group delegation is disabled.", fault.Authentication, "--authorized_proxy_user_config"},
	{"Unable to delegate using empty doAs username.", fault.Authentication, "impala.doas_user"},
	{"User is not authorized.", fault.Authentication, "LDAP"},
	{"The user authorized on the connection 'a' does not match the session username 'b'", fault.Authentication, "session"},
	{"User a is not authorized to access the runtime profile or execution summary.", fault.Authentication, "administrators"},

	{"Rejected query from pool root.reports: queue full, limit=10, num_queued=10.", fault.Capacity, "REQUEST_POOL"},
	{"Rejected query from pool root.reports: disabled by requests limit set to 0", fault.SQL, "switched off"},
	{"Rejected query from pool root.reports: disabled by pool max mem resources set to 0", fault.SQL, "switched off"},
	{"Rejected query from pool root.reports: request memory needed 40.00 GB is greater than pool max mem resources 10.00 GB", fault.SQL, "lower MEM_LIMIT"},
	{"Rejected query from pool root.reports: request memory needed 40 GB per node is greater than memory available for admission 30 GB", fault.SQL, "lower MEM_LIMIT"},
	{"Rejected query from pool root.reports: minimum memory reservation is greater than memory available to the query", fault.SQL, "lower MEM_LIMIT"},
	{"Rejected query from pool root.reports: number of admission control slots needed (9) on backend 'x' is greater than total slots available 8", fault.SQL, "REQUEST_POOL"},
	{"Rejected query from pool root.reports: thread reservation on backend 'x' is greater than the THREAD_RESERVATION_LIMIT query option value", fault.SQL, "REQUEST_POOL"},
	{"Rejected query from pool root.reports: Invalid pool config: x", fault.SQL, "REQUEST_POOL"},
	{"Request from user 'report' with requested pool 'root.etl' denied access to assigned pool ''", fault.SQL, "REQUEST_POOL"},
	{"No mapping found for request from user 'report' with requested pool ''", fault.SQL, "REQUEST_POOL"},
	{"Admission for query exceeded timeout 60000ms in pool root.reports. Queued reason: number of running queries 10 is at or over limit 10.", fault.Capacity, "run later"},
	{"Admission for query exceeded timeout 60000ms in pool root.reports. Queued reason: queue is not empty (size 3); queued queries are executed first.", fault.Capacity, "run later"},
	{"Admission for query exceeded timeout 60000ms in pool root.reports. Queued reason: Not enough aggregate memory available in pool", fault.Capacity, "run later"},
	{"Admission for query exceeded timeout 60000ms in pool root.reports. Queued reason: Not enough memory available on host exec-1", fault.Capacity, "run later"},
	{"Admission for query exceeded timeout 60000ms in pool root.reports. Queued reason: Waiting for executors to start.", fault.Capacity, "run later"},
	{"Cannot schedule query: no registered backends available.", fault.Capacity, "executor"},

	{queryMemory, fault.SQL, "raise MEM_LIMIT"},
	{processMemory, fault.Capacity, "quieter"},
	{"Memory limit exceeded: Error occurred on backend exec-1", fault.Capacity, "MEM_LIMIT"},
	{"Sort node could not allocate 8 MB without exceeding limit.", fault.Capacity, "MEM_LIMIT"},
	{strings.Replace(reservation, "%", "Process", 1), fault.Capacity, "quieter"},
	{strings.Replace(reservation, "%", "Query(1:2)", 1), fault.SQL, "raise MEM_LIMIT"},
	{"Failed to get minimum memory reservation of 1 GB", fault.Capacity, "MEM_LIMIT"},

	{"Query 1:2 expired due to execution time limit of 25m", fault.SQL, "EXEC_TIME_LIMIT_S"},
	{"Query 1:2 terminated due to CPU limit of 1h", fault.SQL, "limit"},
	{"Query 1:2 terminated due to scan bytes limit of 1 TB. Scanned 2 TB.", fault.SQL, "limit"},
	{"Query 1:2 terminated due to rows produced limit of 1000000. Rows produced: 1000001.", fault.SQL, "limit"},
	{"Query 1:2 terminated due to join rows produced exceeds the limit of 100 at node 3 with actual 101.", fault.SQL, "limit"},
	{"Scratch space limit of 10 GB reached.", fault.SQL, "SCRATCH_LIMIT"},
	{"Row of size 1.00 MB could not be materialized in plan node with id 1. Increase the max_row_size query option (currently 512.00 KB)", fault.SQL, "MAX_ROW_SIZE"},

	{"Failed due to unreachable impalad(s): exec-3:27000", fault.Lost, "executor"},
	{"Query 1:2 cancelled due to unresponsive backend: exec-3", fault.Lost, "executor"},
	{"RPC client failed to connect: exec-3", fault.Lost, "executor"},
	{"RPC recv timed out: exec-3", fault.Lost, "executor"},
	{"RPC Error: Client for exec-3", fault.Lost, "executor"},
	{"Disk I/O error on exec-3:27000: Failed to open HDFS file", fault.Lost, "disks"},
	{"Server is being shut down: startup grace period left: 1m.", fault.Lost, "second coordinator"},
	{"Invalid session id: 1:2", fault.Lost, "run again"},
	{"Session is closed", fault.Lost, "run again"},
	{"Session closed", fault.Lost, "run again"},
	{"Session has been closed, ignoring query.", fault.Lost, "run again"},
	{"Session expired due to inactivity", fault.Lost, "IDLE_SESSION_TIMEOUT"},
	{"Client session expired due to more than 60s of inactivity (last activity was at: x).", fault.Lost, "IDLE_SESSION_TIMEOUT"},
	{"Session closed because it has no active connections", fault.Lost, "run again"},
	{"Invalid or unknown query handle: 1:2.", fault.Lost, "restarted"},
	{"Invalid query handle: 1:2", fault.Lost, "restarted"},
	{"Query id 1:2 not found.", fault.Lost, "restarted"},
	{"Number of sessions for user report exceeds coordinator limit 10", fault.Capacity, "--max_hs2_sessions_per_user"},

	{"Cancelled", fault.Cancelled, "somebody"},
	{"Cancelled in HdfsScanNode", fault.Cancelled, "somebody"},
	{"Cancelled from Impala's debug web interface by user: 'admin' at exec-1", fault.Cancelled, "somebody"},
	{"Query 1:2 expired due to client inactivity (timeout is 5m)", fault.Cancelled, "QUERY_TIMEOUT_S"},

	{"Malformed THandleIdentifier (guid size: 3, expected 16, secret size: 16, expected 16)", fault.Unclassified, "fault of the client"},
	{"Client tried to fetch rows on a query that produces no results.", fault.Unclassified, "fault of the client"},
	{"Not implemented", fault.Unclassified, "Impala 3.4"},
	{"Unsupported operation", fault.Unclassified, "Impala 3.4"},

	{"[TABLE_OR_VIEW_NOT_FOUND] The table or view `x` cannot be found.", fault.SQL, "spelt right"},
	{"UDF ERROR: Decimal expression overflowed", fault.Unclassified, ""},
	{"Order was Cancelled by the customer", fault.Unclassified, ""},
	{"", fault.Unclassified, ""},
}

func TestTextsOfServersHaveAMeaning(t *testing.T) {
	for _, tt := range texts {
		t.Run(tt.text, func(t *testing.T) {
			for _, framed := range []string{tt.text, "Query " + handleID + " failed:\n" + tt.text + "\n"} {
				err := (&Client{addr: "coordinator:21050"}).failed("GetOperationStatus", framed, "HY000", handleID)
				var server *Error
				if !errors.As(err, &server) || server.Text != tt.text || server.QueryID != handleID || server.Coordinator != "coordinator:21050" || server.SQLState != "HY000" {
					t.Fatalf("got %#v", err)
				}
				if server.Class != tt.class || fault.ClassOf(err) != tt.class || fault.AreaOf(err) != fault.Impala {
					t.Errorf("class %v, want %v", fault.ClassOf(err), tt.class)
				}
				if !strings.Contains(fault.Remedy(err), tt.remedy) || tt.remedy == "" && fault.Remedy(err) != "" {
					t.Errorf("remedy %q, want %q", fault.Remedy(err), tt.remedy)
				}
				if want := "query " + handleID + " on coordinator:21050: " + tt.text; err.Error() != want {
					t.Errorf("reads %q, want %q", err, want)
				}
			}
		})
	}
}

// The frame may come before the client knows the id.
func TestTheFrameGivesTheQueryID(t *testing.T) {
	err := (&Client{}).failed("ExecuteStatement", "Query 1:2 failed:\nCancelled\n\tat Foo.bar(Foo.java:1)\n\tat x", "", "")
	var server *Error
	if !errors.As(err, &server) || server.QueryID != "1:2" || server.Text != "Cancelled" {
		t.Errorf("got %#v", err)
	}
	if id, text := withoutFrame("Query 1:2 expired\nfailed:"); id != "" || text != "Query 1:2 expired\nfailed:" {
		t.Errorf("got %q, %q", id, text)
	}
}

// HTTP and binary transports hand the server's exceptions up as they are.
func TestExceptionsOfTheServerAreErrorsOfTheServer(t *testing.T) {
	for method, class := range map[string]fault.Class{"ExecuteStatement": fault.Unclassified, "GetOperationStatus": fault.Unclassified, "FetchResults": fault.Unclassified} {
		t.Run(method, func(t *testing.T) {
			s := newStub(t, map[string]any{method: &wire.Exception{Kind: wire.ExceptionProtocol, Text: "no such field"}})
			client := s.connect(t, nil)
			rows, err := client.Query(t.Context(), "SELECT")
			if err == nil {
				_, err = rows.Next(t.Context())
			}
			var server *Error
			if !errors.As(err, &server) || server.Method != method || server.Text != "no such field" || fault.ClassOf(err) != class || fault.AreaOf(err) != fault.Impala {
				t.Errorf("got %v", err)
			}
			if client.conn.broken() != nil {
				t.Error("an exception broke the connection")
			}
		})
	}
}

func FuzzErrorTexts(f *testing.F) {
	for _, tt := range texts {
		f.Add("Query 1:2 failed:\n" + tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := (&Client{}).failed("GetLog", text, "", "")
		if err.Error() == "" || fault.AreaOf(err) != fault.Impala {
			t.Errorf("got %v", err)
		}
	})
}
