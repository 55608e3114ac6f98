package hs2server

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/impala/wire"
)

// scripted is a server whose statements all follow a script.
func scripted(script Script, frame bool) *Server {
	return New(Options{Engine: &fixed{oneColumn}, QueryFrame: frame, Script: func(string) *Script { return &script }})
}

func TestStatesOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, scripted(Script{Plan: 2 * time.Second, Queue: 3 * time.Second, QueuedReason: "queue is not empty", Run: 4 * time.Second}, false))
		session := c.open(nil)
		began := time.Now()
		o := c.execute(session, "SELECT", nil)
		if took := time.Since(began); took != 2*time.Second || !o.HasResultSet {
			t.Errorf("planned for %s, has a result: %t", took, o.HasResultSet)
		}
		for _, tt := range []struct {
			after time.Duration
			state wire.State
			exec  wire.ExecState
			log   string
		}{
			{0, wire.StatePending, wire.ExecQueued, "Admission result : Queued\nLatest admission queue reason : queue is not empty"},
			{2999 * time.Millisecond, wire.StatePending, wire.ExecQueued, "Admission result : Queued"},
			{2 * time.Millisecond, wire.StateRunning, wire.ExecRunning, ": 25% Complete (2 out of 8)\na warning"},
			{3998 * time.Millisecond, wire.StateRunning, wire.ExecRunning, ""},
			{2 * time.Millisecond, wire.StateFinished, wire.ExecFinished, "a warning"},
		} {
			time.Sleep(tt.after)
			if got := c.state(o); got.State != tt.state || got.Status.Code != wire.StatusSuccess || got.Message != "" {
				t.Errorf("after %s: %+v", time.Since(began), got)
			}
			var summary wire.ExecSummaryResp
			c.must("GetExecSummary", &wire.ExecSummaryReq{Operation: o, Session: session}, &summary)
			if s := summary.Summary; s == nil || s.State != tt.exec || s.Queued != (tt.exec == wire.ExecQueued) || s.Progress.ScanRanges != 8 || s.Nodes[0].Label != "00:SCAN HDFS" {
				t.Errorf("after %s: %+v", time.Since(began), s)
			}
			if log := c.log(o); !strings.Contains(log, tt.log) {
				t.Errorf("after %s: log %q", time.Since(began), log)
			}
		}
	})
}

func TestLongPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, scripted(Script{Run: 300 * time.Millisecond}, false))
		session := c.open(map[string]string{"long_polling_time_ms": "200"})
		o := c.execute(session, "SELECT", nil)
		for i, tt := range []struct {
			state wire.State
			took  time.Duration
		}{{wire.StateRunning, 200 * time.Millisecond}, {wire.StateFinished, 100 * time.Millisecond}, {wire.StateFinished, 0}} {
			began := time.Now()
			if got := c.state(o); got.State != tt.state || time.Since(began) < tt.took || time.Since(began) > tt.took+5*time.Millisecond {
				t.Errorf("poll %d: state %d after %s", i, got.State, time.Since(began))
			}
		}
	})
}

func TestFailures(t *testing.T) {
	tests := []struct {
		name   string
		script Script
		opts   map[string]string
		text   string // %s stands for the query id
	}{
		{"a statement that fails while it runs", Script{Run: time.Second, Fail: "Disk I/O error on impala-2"}, nil, "Disk I/O error on impala-2"},
		{"a statement that needs more memory than it may", Script{Memory: 3 << 30}, map[string]string{"mem_limit": "2g"},
			"Memory limit exceeded: Failed to allocate row batch\nEXCHANGE_NODE (id=1) could not allocate 3.00 GB without exceeding limit.\n" +
				"Error occurred on backend localhost:27000 by fragment %s\nMemory left in query limit: 2.00 GB\nQuery(%s): memory limit exceeded. Limit=2.00 GB Total=3.00 GB Peak=3.00 GB\n"},
		{"a statement that meets the limit of the process", Script{Memory: 1, ProcessLimit: true}, nil,
			"Memory limit exceeded: Failed to allocate row batch\nEXCHANGE_NODE (id=1) could not allocate 1 B without exceeding limit.\n" +
				"Error occurred on backend localhost:27000 by fragment %s\nMemory left in process limit: 16.00 GB\nProcess: memory limit exceeded. Limit=16.00 GB Total=1 B Peak=1 B\n"},
		{"a statement that runs too long", Script{Run: time.Hour}, map[string]string{"exec_time_limit_s": "1"}, "Query %s expired due to execution time limit of 1s000ms"},
		{"a statement whose rows nobody fetches", Script{}, map[string]string{"query_timeout_s": "1"}, "Query %s expired due to client inactivity (timeout is 1s000ms)"},
	}
	for _, tt := range tests {
		for _, frame := range []bool{false, true} {
			name := tt.name
			if frame {
				name += ", told with its query id"
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := connect(t, scripted(tt.script, frame))
					o := c.execute(c.open(nil), "SELECT", tt.opts)
					time.Sleep(1001 * time.Millisecond)
					id := wire.ImpalaID(o.GUID)
					want := strings.ReplaceAll(tt.text, "%s", id)
					if frame {
						want = "Query " + id + " failed:\n" + want + "\n"
					}
					got := c.state(o)
					if got.Status.Code != wire.StatusSuccess || got.State != wire.StateError || got.Message != want || got.SQLState != "HY000" {
						t.Errorf("got %+v, want %q", got, want)
					}
					if log := c.log(o); !strings.Contains(log, want) {
						t.Errorf("log %q", log)
					}
					refused(t, c.fetch(o, wire.FetchNext, 1).Status, want, "HY000")
					refused(t, c.state(o).Status, "Invalid or unknown query handle: "+id+".", "HY000")
				})
			})
		}
	}
}

func TestPlanningErrors(t *testing.T) {
	c := connect(t, server())
	session := c.open(nil)
	refused(t, c.tryExecute(session, "bad", nil).Status, "AnalysisException: bad", "HY000")
	refused(t, c.tryExecute(session, "SELECT '"+strings.Repeat("x", 100)+"'", map[string]string{"max_statement_length_bytes": "50"}).Status,
		"Statement length of 109 bytes exceeds the maximum statement length (50 bytes)", "HY000")
	framed := connect(t, scripted(Script{Refuse: "AuthorizationException: User 'me' does not have privileges to execute 'SELECT' on: db.t"}, true))
	got := framed.tryExecute(framed.open(nil), "SELECT", nil).Status.Message
	if !strings.HasPrefix(got, "Query ") || !strings.HasSuffix(got, " failed:\nAuthorizationException: User 'me' does not have privileges to execute 'SELECT' on: db.t\n") {
		t.Errorf("got %q", got)
	}
}

func TestAdmissionByPools(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pools := map[string]Pool{"etl": {Running: 1, Queued: 2, Timeout: 10 * time.Second}, "off": {}, "": {Running: 5}}
		c := connect(t, New(Options{Engine: &fixed{oneColumn}, Limits: Limits{Pools: pools}}))
		session := c.open(map[string]string{"request_pool": "etl"})
		first, second, third := c.execute(session, "SELECT 1", nil), c.execute(session, "SELECT 2", nil), c.execute(session, "SELECT 3", nil)
		for i, o := range []wire.OperationHandle{first, second, third} {
			if got, want := c.state(o).State, []wire.State{wire.StateFinished, wire.StatePending, wire.StatePending}[i]; got != want {
				t.Errorf("statement %d: state %d", i, got)
			}
		}
		refused(t, c.tryExecute(session, "SELECT 4", nil).Status, "Rejected query from pool etl: queue full, limit=2, num_queued=2.", "HY000")
		refused(t, c.tryExecute(session, "SELECT 4", map[string]string{"request_pool": "off"}).Status, "Rejected query from pool off: disabled by requests limit set to 0", "HY000")
		refused(t, c.tryExecute(session, "SELECT 4", map[string]string{"request_pool": "nosuch"}).Status, "Request from user 'me' with requested pool 'nosuch' denied access to assigned pool ''", "HY000")
		c.execute(session, "SET mem_limit=1g", nil) // needs no admission
		if log := c.log(third); !strings.Contains(log, "Latest admission queue reason : queue is not empty (size 1); queued queries are executed first.") {
			t.Errorf("log %q", log)
		}
		time.Sleep(9 * time.Second)
		if got := c.fetch(first, wire.FetchNext, 10); got.HasMoreRows { // the last row frees the place
			t.Error("more rows")
		}
		if a, b := c.state(second).State, c.state(third).State; a != wire.StateFinished || b != wire.StatePending {
			t.Errorf("states %d, %d", a, b)
		}
		time.Sleep(1001 * time.Millisecond)
		if got := c.state(third); got.State != wire.StateError || got.Message != "Admission for query exceeded timeout 10000ms in pool etl. Queued reason: queue is not empty (size 1); queued queries are executed first." {
			t.Errorf("after the time: %+v", got)
		}
		c.status("CloseOperation", &wire.OperationReq{Operation: second})
		if o := c.execute(session, "SELECT 5", nil); c.state(o).State != wire.StateFinished {
			t.Error("the pool did not get its place back")
		}
	})
}

func TestRefusalsByPoolsToldWithTheirQueryID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pools := map[string]Pool{"": {Running: 1, Queued: 1, Timeout: time.Second}}
		c := connect(t, New(Options{Engine: &fixed{oneColumn}, QueryFrame: true, Limits: Limits{Pools: pools}}))
		session := c.open(nil)
		c.execute(session, "SELECT 1", nil)
		waiting := c.execute(session, "SELECT 2", map[string]string{"request_pool": "etl"}) // where there is one pool alone, names do not matter
		got := c.tryExecute(session, "SELECT 3", nil).Status.Message
		if !strings.HasPrefix(got, "Query ") || !strings.HasSuffix(got, " failed:\nRejected query from pool default-pool: queue full, limit=1, num_queued=1.\n") {
			t.Errorf("a full queue: %q", got)
		}
		time.Sleep(1001 * time.Millisecond)
		want := "Query " + wire.ImpalaID(waiting.GUID) + " failed:\nAdmission for query exceeded timeout 1000ms in pool default-pool. Queued reason: number of running queries 1 is at or over limit 1.\n"
		if got := c.state(waiting).Message; got != want {
			t.Errorf("after the time: %q", got)
		}
	})
}

func TestShutdownRefusesWhatIsNew(t *testing.T) {
	s := server()
	c := connect(t, s)
	session := c.open(nil)
	o := c.execute(session, "SELECT 2", nil)
	s.Shutdown()
	for method, got := range map[string]wire.Status{
		"OpenSession": c.tryOpen("me", nil).Status, "ExecuteStatement": c.tryExecute(session, "SELECT", nil).Status,
		"GetInfo": c.status("GetInfo", &wire.GetInfoReq{Session: session, Kind: wire.InfoDBMSName}), "GetTables": c.status("GetTables", &wire.MetadataReq{Session: session}),
	} {
		if got.Code != wire.StatusError || !strings.HasPrefix(got.Message, "Server is being shut down: ") {
			t.Errorf("%s: %+v", method, got)
		}
	}
	if got := c.fetch(o, wire.FetchNext, 10); c.state(o).State != wire.StateFinished || got.Rows != 2 {
		t.Errorf("what runs is not read to its end: %+v", got)
	}
}

func TestClosing(t *testing.T) {
	t.Run("DML tells its rows when it has finished", func(t *testing.T) {
		c := connect(t, server())
		o := c.execute(c.open(nil), "INSERT", nil)
		if o.HasResultSet {
			t.Error("DML has a result")
		}
		refused(t, c.fetch(o, wire.FetchNext, 1).Status, "Client tried to fetch rows on a query that produces no results.", "HY000")
		var closed wire.CloseImpalaResp
		c.must("CloseImpalaOperation", &wire.OperationReq{Operation: o}, &closed)
		if closed.DML == nil || !reflect.DeepEqual(closed.DML.RowsModified, map[string]int64{"day=1": 2, "day=2": 3}) {
			t.Errorf("got %+v", closed)
		}
	})
	t.Run("DML that has not finished is cancelled", func(t *testing.T) {
		s := scripted(Script{Run: time.Hour}, false)
		c := connect(t, s)
		session := c.open(nil)
		o := c.execute(session, "INSERT", nil)
		var closed wire.CloseImpalaResp
		c.must("CloseImpalaOperation", &wire.OperationReq{Operation: o}, &closed)
		var profile wire.ProfileResp
		c.must("GetRuntimeProfile", &wire.ProfileReq{Operation: o, Session: session}, &profile)
		if closed.DML != nil || closed.Status.Code != wire.StatusSuccess || !strings.Contains(profile.Profile, "Query Status: Cancelled\n") {
			t.Errorf("got %+v, profile %q", closed, profile.Profile)
		}
	})
	t.Run("a query has no counts", func(t *testing.T) {
		c := connect(t, server())
		var closed wire.CloseImpalaResp
		c.must("CloseImpalaOperation", &wire.OperationReq{Operation: c.execute(c.open(nil), "SELECT", nil)}, &closed)
		if closed.DML != nil || closed.Status.Code != wire.StatusSuccess {
			t.Errorf("got %+v", closed)
		}
	})
	t.Run("closing the session ends what runs", func(t *testing.T) {
		c := connect(t, New(Options{Engine: &fixed{oneColumn}, QueryFrame: true})) // which profiles do not have
		session := c.open(nil)
		o := c.execute(session, "wait", nil)
		c.status("CloseSession", &wire.SessionReq{Session: session})
		var profile wire.ProfileResp
		c.must("GetRuntimeProfile", &wire.ProfileReq{Operation: o, Session: c.open(nil)}, &profile)
		if !strings.Contains(profile.Profile, "Query State: EXCEPTION\n    Query Status: Session closed\n") {
			t.Errorf("got %+v", profile)
		}
	})
}

func TestReportsOutliveTheStatement(t *testing.T) {
	s := server()
	c := connect(t, s)
	session := c.open(map[string]string{"request_pool": "etl"})
	o := c.execute(session, "SELECT 7", nil)
	var id wire.QueryIDResp
	c.must("GetQueryId", &wire.OperationReq{Operation: o}, &id)
	if id.QueryID != wire.ImpalaID(o.GUID) {
		t.Errorf("query id %q", id.QueryID)
	}
	for _, closed := range []bool{false, true} {
		var profile wire.ProfileResp
		var summary wire.ExecSummaryResp
		c.must("GetRuntimeProfile", &wire.ProfileReq{Operation: o, Session: session, Attempts: true}, &profile)
		c.must("GetExecSummary", &wire.ExecSummaryReq{Operation: o, Session: session}, &summary)
		for _, line := range []string{"Query (id=" + id.QueryID + "):\n  Summary:\n    Session ID: " + wire.ImpalaID(session.GUID) + "\n", "    Query Type: QUERY\n    Query State: FINISHED\n    Query Status: OK\n    Impala Version: v\n",
			"    User: me\n    Connected User: me\n", "    Default Db: default\n    Sql Statement: SELECT 7\n", "    Query Options (set by configuration): REQUEST_POOL=etl\n    Plan: none\n"} {
			if !strings.Contains(profile.Profile, line) {
				t.Errorf("closed %t: no %q in %s", closed, line, profile.Profile)
			}
		}
		if summary.Summary == nil || summary.Summary.State != wire.ExecFinished || len(summary.Summary.Nodes) != 1 {
			t.Errorf("closed %t: %+v", closed, summary)
		}
		c.status("CloseOperation", &wire.OperationReq{Operation: o})
	}
	refused(t, c.status("GetRuntimeProfile", &wire.ProfileReq{Operation: o, Session: session, Format: 3}), "Unsupported operation", "HYC00")
	var profile wire.ProfileResp
	other := connect(t, s)
	c.must("GetRuntimeProfile", &wire.ProfileReq{Operation: o, Session: other.tryOpen("you", nil).Session}, &profile)
	refused(t, profile.Status, "User you is not authorized to access the runtime profile or execution summary.", "HY000")
	h := wire.OperationHandle{Handle: altered(o.Handle, otherID, "")}
	refused(t, c.status("GetExecSummary", &wire.ExecSummaryReq{Operation: h, Session: session}), "Query id 3736353433323130:6665646362613938 not found.", "HY000")
}

func TestTheQueryLogIsBounded(t *testing.T) {
	var log archive
	for range maxKept + 1 {
		log.keep(&kept{profile: "short"})
	}
	if n := len(log.last); n != maxKept {
		t.Errorf("%d statements are kept", n)
	}
	long := strings.Repeat("x", maxKeptBytes/2)
	for range 3 {
		log.keep(&kept{profile: long})
	}
	if n := len(log.last); n != 2 || log.bytes != maxKeptBytes {
		t.Errorf("%d long statements are kept, %d bytes", n, log.bytes)
	}
}

func TestKindsOfStatements(t *testing.T) {
	for statement, want := range map[string]string{
		"SELECT 1": "QUERY", "-- why\n(select/* x */1)": "QUERY", "with a as (select 1) select * from a": "QUERY", "VALUES(1)": "QUERY",
		"insert into t values (1)": "DML", "UPSERT\tINTO t": "DML", "explain select 1": "EXPLAIN", "show tables": "DDL", "USE qos;": "DDL", "": "N/A", "/* open": "N/A",
	} {
		if got := kindOf(statement); got != want {
			t.Errorf("%q is %s", statement, got)
		}
	}
}

func TestProgressAloneEndsItsLine(t *testing.T) {
	c := connect(t, New(Options{Engine: quiet{}}))
	o := c.execute(c.open(nil), "SELECT", nil)
	if got, want := c.log(o), "Query "+wire.ImpalaID(o.GUID)+": 100% Complete (3 out of 3)\n"; got != want {
		t.Errorf("got %q", got)
	}
}

// quiet has read all and has nothing to warn of.
type quiet struct{ everyType }

func (q quiet) Execute(context.Context, *Session, string) (Result, error) { return q, nil }
func (quiet) Summary() wire.ExecSummary {
	return wire.ExecSummary{Progress: &wire.ExecProgress{ScanRanges: 3, ScanRangesDone: 3}}
}
