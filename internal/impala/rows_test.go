package impala

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
)

// readAll counts the rows and checks that they come whole and in order.
func readAll(t *testing.T, ctx context.Context, rows *Rows) (int64, error) {
	t.Helper()
	var n int64
	for {
		batch, err := rows.Next(ctx)
		if err != nil {
			return n, err
		}
		for i, v := range batch.Columns[0].Ints() {
			if v != n || string(batch.Columns[1].Text(i)) != "text" {
				t.Fatalf("row %d is %d %q", n, v, batch.Columns[1].Text(i))
			}
			n++
		}
	}
}

func TestAllRowsAreRead(t *testing.T) {
	tests := []struct {
		name  string
		hive  bool
		steps []step
		want  int64
	}{
		{"no row at all", false, nil, 0},
		{"Impala: hasMoreRows false comes with the last rows", false, []step{{rows: 5}}, 5},
		{"Impala: hasMoreRows false comes with an empty batch", false, []step{{rows: 5, more: true}, {}}, 5},
		{"Impala: rows that are not ready are no end", false, []step{{more: true}, {rows: 3, more: true}, {more: true}, {more: true}, {rows: 2}}, 5},
		{"Impala: short batches are no end", false, []step{{rows: 1, more: true}, {rows: 1, more: true}, {rows: 1}}, 3},
		{"Impala: many batches", false, []step{{rows: 100_000}}, 100_000},
		{"HiveServer2: hasMoreRows is false on every batch", true, []step{{rows: 100_000}}, 100_000},
		{"HiveServer2: short batches are no end", true, []step{{rows: 1, more: true}, {rows: 1, more: true}, {rows: 1}}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, hs2server.Options{Engine: &script{columns: twoColumns, steps: tt.steps, polls: 2}, HiveFlags: tt.hive})
			client := connect(t, c, nil)
			rows, err := client.Query(t.Context(), "SELECT")
			if err != nil {
				t.Fatal(err)
			}
			if n, err := readAll(t, t.Context(), rows); n != tt.want || err != io.EOF {
				t.Errorf("%d rows, %v; want %d", n, err, tt.want)
			}
			if _, err := rows.Next(t.Context()); err != io.EOF {
				t.Errorf("after the end: %v", err)
			}
			if err := rows.Close(t.Context()); err != nil {
				t.Error(err)
			}
			last := map[bool]string{false: "CloseImpalaOperation", true: "CloseOperation"}[tt.hive]
			if calls := c.called(); slices.Contains(calls, "CancelOperation") || calls[len(calls)-1] != last {
				t.Errorf("calls %v", calls)
			}
		})
	}
}

func TestAStatementWithoutResultHasNoRows(t *testing.T) {
	client := connect(t, start(t, hs2server.Options{Engine: &script{}}), nil)
	rows, err := client.Query(t.Context(), "USE x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(t.Context()); err != io.EOF || rows.Columns() != nil {
		t.Errorf("got %v, columns %v", err, rows.Columns())
	}
}

func TestFailuresOfStatements(t *testing.T) {
	lost := errors.New("Failed due to unreachable impalad(s): exec-3:27000")
	tests := []struct {
		name      string
		engine    *script
		statement string
		text      string
		class     fault.Class
	}{
		{"while planning", &script{columns: twoColumns}, "bad", "Could not resolve table reference", fault.SQL},
		{"while running", &script{columns: twoColumns, polls: 2, failing: errors.New("Query 1:2 failed:\nMemory limit exceeded: Error occurred on backend")}, "SELECT", ": Memory limit exceeded: Error occurred", fault.Capacity},
		{"in the middle of the fetch", &script{columns: twoColumns, steps: []step{{rows: 40, more: true}, {err: lost}}}, "SELECT", "unreachable impalad", fault.Lost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, hs2server.Options{Engine: tt.engine})
			client := connect(t, c, nil)
			rows, err := client.Query(t.Context(), tt.statement)
			if err == nil {
				_, err = readAll(t, t.Context(), rows)
			}
			var server *Error
			if !errors.As(err, &server) || !strings.Contains(err.Error(), tt.text) || fault.ClassOf(err) != tt.class || fault.AreaOf(err) != fault.Impala {
				t.Errorf("got %v (%v)", err, fault.ClassOf(err))
			}
			if slices.Contains(c.called(), "CancelOperation") {
				t.Error("a statement that had failed was cancelled")
			}
			// The connection is in order: the next statement runs.
			if _, err := client.Query(t.Context(), "bad"); !strings.Contains(err.Error(), "Could not resolve") {
				t.Errorf("next statement: %v", err)
			}
		})
	}
}

func TestAServerThatGoesAwayInTheMiddleIsLost(t *testing.T) {
	c := start(t, hs2server.Options{Engine: &script{columns: twoColumns, steps: []step{{rows: 1000}}}})
	client := connect(t, c, nil)
	rows, err := client.Query(t.Context(), "SELECT")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.hangUp()
	_, err = rows.Next(t.Context())
	if errors.Is(err, io.EOF) {
		t.Errorf("a lost connection looks like the end of the rows: %v", err)
	}
	if fault.ClassOf(err) != fault.Lost || !strings.Contains(fault.Remedy(err), "coordinator was restarted") {
		t.Errorf("got %v, class %v", err, fault.ClassOf(err))
	}
	if _, err := client.Query(t.Context(), "SELECT"); fault.AreaOf(err) == 0 || !strings.Contains(err.Error(), "lost before") {
		t.Errorf("the broken connection was used again: %v", err)
	}
	if want := []string{"CancelOperation", "CloseOperation", "CloseSession"}; !reflect.DeepEqual(lastOf(c.called(), 3), want) {
		t.Errorf("calls %v", c.called())
	}
}

// A busy coordinator may take long to close what was read to its end. One that takes longer
// spoils nothing but for the warnings, which are a part of the result.
func TestClosingHasTheTimeOfACall(t *testing.T) {
	for _, method := range []string{"GetLog", "CloseImpalaOperation", "CloseSession"} {
		for pause, late := range map[time.Duration]bool{50 * time.Second: false, 70 * time.Second: true} {
			lost := late && method == "GetLog"
			t.Run(fmt.Sprintf("%s after %s", method, pause), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := start(t, hs2server.Options{
						Engine:       &script{columns: twoColumns, steps: []step{{rows: 3}}},
						QueryOptions: map[string]string{"HTTP_ADDR": "h:25000"},
						Observe: func(called string) {
							if called == method {
								time.Sleep(pause)
							}
						},
					})
					client := connect(t, c, nil)
					rows, err := client.Query(t.Context(), "SELECT")
					for err == nil {
						_, err = rows.Next(t.Context())
					}
					if err != io.EOF {
						t.Fatal(err)
					}
					began := time.Now()
					if err = rows.Close(t.Context()); err == nil {
						err = client.Close(t.Context())
					}
					if lost && (fault.ClassOf(err) != fault.Lost || !strings.Contains(err.Error(), method+": no answer within 1m0s")) || !lost && err != nil {
						t.Errorf("got %v, class %v", err, fault.ClassOf(err))
					}
					if took := time.Since(began); took < min(pause, time.Minute) || took > time.Minute+cleanupTimeout {
						t.Errorf("took %s", took)
					}
				})
			})
		}
	}
}

func lastOf(s []string, n int) []string { return s[max(0, len(s)-n):] }

func TestACancelledContextCancelsOnTheServer(t *testing.T) {
	stopped := fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by a test")
	tests := []struct {
		name   string
		engine *script
		until  string // the call in which the context ends
	}{
		{"while the statement runs", &script{columns: twoColumns, polls: 1 << 30}, "GetOperationStatus"},
		{"while a fetch waits", &script{columns: twoColumns, steps: []step{{wait: true}}}, "FetchResults"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			c := start(t, hs2server.Options{Engine: &cancelling{tt.engine, tt.until, func() { cancel(stopped) }}})
			client := connect(t, c, nil)
			rows, err := client.Query(ctx, "SELECT")
			if err == nil {
				_, err = rows.Next(ctx)
			}
			if !errors.Is(err, stopped) || fault.AreaOf(err) != fault.Stopped {
				t.Fatalf("got %v", err)
			}
			calls := c.called()
			at := slices.Index(calls, "CancelOperation")
			if at < 0 || calls[at+1] != "CloseOperation" {
				t.Errorf("calls %v", calls)
			}
		})
	}
}

// cancelling ends the client's context from inside the call that it names.
type cancelling struct {
	*script
	during string
	cancel func()
}

func (e *cancelling) Execute(ctx context.Context, s *hs2server.Session, statement string) (hs2server.Result, error) {
	r, err := e.script.Execute(ctx, s, statement)
	return &cancellingResult{r, e}, err
}

type cancellingResult struct {
	hs2server.Result
	engine *cancelling
}

func (r *cancellingResult) Poll() (bool, error) {
	if r.engine.during == "GetOperationStatus" {
		r.engine.cancel()
	}
	return r.Result.Poll()
}

func (r *cancellingResult) Fetch(ctx context.Context, most int, into []wire.ColumnBuilder) (bool, error) {
	if r.engine.during == "FetchResults" {
		r.engine.cancel()
	}
	return r.Result.Fetch(ctx, most, into)
}

func TestALostBatchIsAnError(t *testing.T) {
	r := &Rows{client: &Client{impala: true}, columns: twoColumns, rows: 32}
	r.reply = wire.FetchResultsResp{HasResults: true, StartRow: 64, Rows: 32, Columns: make([]wire.Column, 2)}
	if err := r.verify(); fault.ClassOf(err) != fault.Lost || !strings.Contains(err.Error(), "row 64 where row 32") {
		t.Errorf("got %v", err)
	}
	r.reply.StartRow, r.counts = 0, false // Apache Hive never counts
	r.reply.Rows = 0
	if err := r.verify(); err != nil {
		t.Errorf("a server that does not count: %v", err)
	}
}

func TestWarningsAreTheLogWithoutProgress(t *testing.T) {
	log := "Query 1:2: 100% Complete (3 out of 3)\nAdmission result : Queued\n\nError converting column: 2 to INT\n"
	c := start(t, hs2server.Options{Engine: &script{columns: twoColumns, log: log}})
	rows, err := connect(t, c, nil).Query(t.Context(), "SELECT")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(t.Context()); err != io.EOF {
		t.Fatal(err)
	}
	if err := rows.Close(t.Context()); err != nil || !reflect.DeepEqual(rows.Warnings(), []string{"Error converting column: 2 to INT"}) {
		t.Errorf("got %q, %v", rows.Warnings(), err)
	}
}

func TestQueryIDs(t *testing.T) {
	guid := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	if got := queryID(guid, true); got != "0807060504030201:100f0e0d0c0b0a09" {
		t.Errorf("Impala: %s", got)
	}
	if got := queryID(guid, false); got != "01020304-0506-0708-090a-0b0c0d0e0f10" {
		t.Errorf("HiveServer2: %s", got)
	}
}
