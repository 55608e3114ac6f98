package impalad

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/impala/wire"
	"qosreport/internal/lab/sample"
	"qosreport/internal/lab/sql"
)

// prepared is a statement on two days of data that has not begun to run.
func prepared(t *testing.T, statement string) *result {
	t.Helper()
	catalog, err := sample.New(sample.Options{Days: 2, LegsPerDay: 200})
	if err != nil {
		t.Fatal(err)
	}
	st, err := sql.New(catalog).Prepare(t.Context(), sql.Session{}, statement)
	if err != nil {
		t.Fatal(err)
	}
	return newResult(st, time.Now())
}

// In a bubble computing takes no time, so that the text is always the same.
func TestProfile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepared(t, "SELECT count(*) FROM acme WHERE dt = '2017-09-12' AND sleep(2)")
		time.Sleep(3 * time.Millisecond)
		r.note("Planning finished")
		r.run(t.Context())
		want := `    Plan: 
----------------
WARNING: The following tables are missing relevant table and/or column statistics.
default.acme

PLAN-ROOT SINK
|
02:AGGREGATE [FINALIZE]
|  output: count(*)
|
01:SELECT
|  predicates: sleep(2)
|
00:SCAN HDFS [default.acme]
   partition predicates: dt = '2017-09-12'
   HDFS partitions=1/2 files=1 size=0B
----------------
    ExecSummary: 
Operator      #Hosts  #Inst  Avg Time  Max Time  #Rows  Est. #Rows  Peak Mem  Est. Peak Mem  Detail        
-----------------------------------------------------------------------------------------------------------
F00:ROOT           1      1   0.000ns   0.000ns                            0        -1.00 B                
02:AGGREGATE       1      1   0.000ns   0.000ns      1          -1         0        -1.00 B  FINALIZE      
01:SELECT          1      1   0.000ns   0.000ns  1.00K          -1         0        -1.00 B                
00:SCAN HDFS       1      1   2s000ms   2s000ms  1.00K          -1         0        -1.00 B  default.acme  
    Query Timeline: 2s003ms
       - Query submitted: 0.000ns (0.000ns)
       - Planning finished: 3.000ms (3.000ms)
       - Rows available: 2s003ms (2s000ms)
       - Execution finished: 2s003ms (0.000ns)
`
		if got := r.Profile(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func TestProfileOfAListing(t *testing.T) {
	r := prepared(t, "SHOW TABLES")
	r.run(t.Context())
	if got := r.Profile(); strings.Contains(got, "Plan:") || strings.Contains(got, "ExecSummary") || !strings.Contains(got, "- Rows available: ") {
		t.Errorf("got\n%s", got)
	}
	if s := r.Summary(); s.Nodes != nil || s.Progress != nil {
		t.Errorf("a listing has nodes: %+v", s)
	}
}

func TestSummaryFollowsTheRun(t *testing.T) {
	r := prepared(t, "SELECT a.id FROM acme a JOIN qos.call_quality b ON a.id = b.jitter_max_ms")
	before := r.Summary()
	if p := before.Progress; p == nil || *p != (wire.ExecProgress{ScanRanges: 4, Instances: 1}) {
		t.Errorf("before it runs: %+v", before.Progress)
	}
	r.run(t.Context())
	after := r.Summary()
	if p := after.Progress; *p != (wire.ExecProgress{ScanRanges: 4, ScanRangesDone: 4, Instances: 1, InstancesDone: 1}) {
		t.Errorf("after it ran: %+v", p)
	}
	var labels []string
	for _, n := range after.Nodes {
		labels = append(labels, n.Label)
		if n.Estimated == nil || len(n.Stats) != 1 || n.Hosts != 1 {
			t.Errorf("%s has no numbers: %+v", n.Label, n)
		}
	}
	if got := strings.Join(labels, " "); got != "F00:ROOT 02:HASH JOIN 00:SCAN HDFS 01:SCAN HDFS" {
		t.Errorf("nodes %s", got)
	}
	if n := after.Nodes; n[0].ID != -1 || n[0].Children != 1 || n[1].Children != 2 || n[2].Detail != "default.acme a" || n[2].Stats[0].Rows != 2000 {
		t.Errorf("nodes %+v", n)
	}
}

// A statement that a client gave up is over, too.
func TestSummaryOfACancelledStatement(t *testing.T) {
	r := prepared(t, "SELECT sleep(1000000)")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.run(ctx)
	if s := r.Summary(); s.Progress.InstancesDone != 1 {
		t.Errorf("%+v", s.Progress)
	}
	if _, err := r.Poll(); !errors.Is(err, refusal("Cancelled")) {
		t.Errorf("%v", err)
	}
}

func TestSummaryTableOfJoins(t *testing.T) {
	r := prepared(t, "SELECT 1 FROM acme a, (SELECT b.id FROM acme b, acme c) d, acme e LIMIT 1")
	var operators []string
	for _, line := range summaryTable(r.watch.Measures()) {
		operators = append(operators, strings.TrimRight(line[:22], " "))
	}
	want := `Operator
----------------------
F00:ROOT
06:NESTED LOOP JOIN
|--05:SCAN HDFS
04:NESTED LOOP JOIN
|--03:NESTED LOOP JOIN
|  |--02:SCAN HDFS
|  01:SCAN HDFS
00:SCAN HDFS`
	if got := strings.Join(operators, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCountsAreShort(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1.00K", 1234567: "1.23M", 5e9: "5.00B"} {
		if got := units(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
