package impala

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// states answers GetOperationStatus as the time goes.
func states(steps map[time.Duration]wire.State) func(wire.Message) any {
	began := time.Now()
	return func(wire.Message) any {
		state, latest := wire.StateInitialized, time.Duration(-1)
		for at, s := range steps {
			if at > latest && time.Since(began) >= at {
				state, latest = s, at
			}
		}
		return &wire.OperationStatusResp{State: state}
	}
}

func TestProgressIsToldOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		summaries := sequence(
			&wire.ExecSummaryResp{},
			&wire.ExecSummaryResp{Summary: &wire.ExecSummary{Queued: true, QueuedReason: "queue is not empty (size 2); queued queries are executed first."}},
			&wire.ExecSummaryResp{Summary: &wire.ExecSummary{Queued: true, QueuedReason: "number of running queries 10 is at or over limit 10."}},
			&wire.ExecSummaryResp{Summary: &wire.ExecSummary{Progress: &wire.ExecProgress{ScanRanges: 120, ScanRangesDone: 37}}},
		)
		s := newStub(t, map[string]any{
			"GetOperationStatus": states(map[time.Duration]wire.State{0: wire.StatePending, 4 * time.Second: wire.StateRunning, 5900 * time.Millisecond: wire.StateFinished}),
			"GetExecSummary":     summaries,
		})
		client := s.connect(t, func(o *Options) { o.Config = map[string]string{"request_pool": "reports"} })
		var told []string
		var id, link string
		rows, err := client.QueryWatched(t.Context(), "SELECT", Watch{
			Started:  func(queryID, page string) { id, link = queryID, page },
			Progress: func(p Progress) { told = append(told, time.Since(began).Round(time.Second).String()+" "+p.String()) },
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"2s queued in pool reports: 2 ahead", "3s queued in pool reports: number of running queries 10 is at or over limit 10.", "4s 37 of 120 scan ranges"}
		if len(told) < 3 || !reflect.DeepEqual(told[:3], want) {
			t.Errorf("told %q", told)
		}
		if n := countCalls(s.called(), "GetExecSummary"); n > 6 {
			t.Errorf("asked %d times in 6 seconds", n)
		}
		if id != handleID || link != "http://coordinator:25000/query_plan?query_id=0807060504030201%3A100f0e0d0c0b0a09" {
			t.Errorf("started as %s, %s", id, link)
		}
		if err := rows.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAServerThatTellsNoProgressIsAskedOnce(t *testing.T) {
	for name, answer := range map[string]any{
		"an unknown method": nil,
		"not authorised":    &wire.ExecSummaryResp{Status: wire.Status{Code: wire.StatusError, Message: "User a is not authorized to access the runtime profile or execution summary."}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub(t, map[string]any{"GetExecSummary": answer, "GetOperationStatus": states(map[time.Duration]wire.State{9 * time.Second: wire.StateFinished})})
				client := s.connect(t, nil)
				rows, err := client.QueryWatched(t.Context(), "SELECT", Watch{Progress: func(p Progress) { t.Errorf("told %s", p) }})
				if err != nil {
					t.Fatal(err)
				}
				if n := countCalls(s.called(), "GetExecSummary"); n != 1 {
					t.Errorf("asked %d times", n)
				}
				if err := rows.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestProgressInWords(t *testing.T) {
	for want, p := range map[string]Progress{
		"running":                    {},
		"queued":                     {Queued: true},
		"queued in pool a b":         {Queued: true, Pool: "a\nb"},
		"queued: Waiting for x":      {Queued: true, Reason: "Waiting\nfor\tx"},
		"queued in pool p: 12 ahead": {Queued: true, Pool: "p", Reason: "queue is not empty (size 12); x"},
		"3 of 4 scan ranges":         {ScanRanges: 4, ScanRangesDone: 3, Instances: 9},
		"1 of 2 instances":           {Instances: 2, InstancesDone: 1},
	} {
		if got := p.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestProfilesOfFailedAndSlowStatements(t *testing.T) {
	memory := &wire.OperationStatusResp{State: wire.StateError, Message: "Memory limit exceeded", SQLState: "HY000"}
	fetch := &wire.FetchResultsResp{Status: wire.Status{Code: wire.StatusError, Message: "Disk I/O error on x"}}
	tests := []struct {
		name    string
		changes map[string]any
		slow    time.Duration
		told    bool
		failed  bool
	}{
		{"a quick statement has none", nil, time.Minute, false, false},
		{"nothing is slow unless it is said what is", map[string]any{"GetOperationStatus": states(map[time.Duration]wire.State{time.Hour: wire.StateFinished})}, 0, false, false},
		{"a slow statement", nil, time.Nanosecond, true, false},
		{"a statement that failed", map[string]any{"GetOperationStatus": memory}, time.Minute, true, true},
		{"a fetch that failed", map[string]any{"FetchResults": fetch}, time.Minute, true, true},
		{"a statement that failed on a server without profiles", map[string]any{"GetOperationStatus": memory, "GetRuntimeProfile": nil}, time.Minute, false, true},
		{"a statement that was refused has no id and no profile", map[string]any{"ExecuteStatement": &wire.OperationResp{Status: wire.Status{Code: wire.StatusError, Message: "ParseException: x"}}}, time.Minute, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tt.slow == 0 {
					tt.changes = map[string]any{"GetOperationStatus": states(map[time.Duration]wire.State{time.Hour: wire.StateFinished})}
				}
				s := newStub(t, tt.changes)
				client := s.connect(t, nil)
				var told []Profile
				rows, err := client.QueryWatched(t.Context(), "SELECT", Watch{Slow: tt.slow, Profile: func(p Profile) { told = append(told, p) }})
				if err == nil {
					if _, err = readAll(t, t.Context(), rows); err == io.EOF {
						time.Sleep(time.Millisecond)
						err = rows.Close(t.Context())
					}
				}
				if (err != nil) != tt.failed || (len(told) == 1) != tt.told {
					t.Fatalf("%d profiles, %v", len(told), err)
				}
				if tt.told && (told[0].QueryID != handleID || !strings.HasPrefix(told[0].Text, "Query (id=") || told[0].Coordinator != "coordinator:21050" || !errors.Is(told[0].Err, err)) {
					t.Errorf("told %+v", told[0])
				}
				if client.conn.broken() != nil {
					t.Error("the connection is broken")
				}
			})
		})
	}
}

func TestDMLCountsItsRows(t *testing.T) {
	dml := &wire.DMLResult{RowsModified: map[string]int64{"day=1": 40, "day=2": 2}, RowErrors: 3, RowsDeleted: map[string]int64{"": 1}}
	noRows := &wire.OperationResp{Operation: &wire.OperationHandle{Handle: handle}}
	tests := []struct {
		name    string
		changes map[string]any
		rows    int64
		known   bool
		text    string
	}{
		{"summed over partitions", map[string]any{"CloseImpalaOperation": &wire.CloseImpalaResp{DML: dml}}, 43, true, ""},
		{"not told", nil, 0, false, ""},
		{"a server without the method", map[string]any{"CloseImpalaOperation": nil}, 0, false, ""},
		{"what the server took back at the end", map[string]any{"CloseImpalaOperation": &wire.CloseImpalaResp{Status: wire.Status{Code: wire.StatusError, Message: "could not commit"}}}, 0, false, "could not commit"},
		{"closed already", map[string]any{"CloseImpalaOperation": &wire.CloseImpalaResp{Status: wire.Status{Code: wire.StatusError, Message: "Invalid or unknown query handle: x."}}}, 0, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			changes := map[string]any{"ExecuteStatement": noRows}
			for method, answer := range tt.changes {
				changes[method] = answer
			}
			s := newStub(t, changes)
			client := s.connect(t, nil)
			for range 2 {
				rows, err := client.Query(t.Context(), "INSERT")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := rows.Next(t.Context()); err != io.EOF {
					t.Fatal(err)
				}
				err = rows.Close(t.Context())
				if (err == nil) != (tt.text == "") || err != nil && !strings.Contains(err.Error(), tt.text) {
					t.Errorf("closed with %v", err)
				}
				if n, failed, known := rows.Modified(); n != tt.rows || known != tt.known || known && failed != 3 {
					t.Errorf("%d rows, %d failed, %v", n, failed, known)
				}
			}
			if tt.changes != nil && tt.changes["CloseImpalaOperation"] == nil && countCalls(s.called(), "CloseImpalaOperation") != 1 {
				t.Errorf("a method that the server lacks was called again: %v", s.called())
			}
		})
	}
}

// A statement is stopped on a second connection, in a time that is short whatever happens.
func TestAStopIsToldToTheServer(t *testing.T) {
	running := &wire.OperationStatusResp{State: wire.StateRunning}
	tests := []struct {
		name    string
		changes map[string]any
		calls   []string // after the one in which the context ended
		conns   int
		takes   time.Duration
	}{
		{"between two polls: on the same connection", map[string]any{"GetOperationStatus": running}, []string{"CancelOperation", "CloseOperation"}, 1, 0},
		{"within a call: on a second connection", map[string]any{"GetOperationStatus": hang{}}, []string{"CancelOperation", "CloseOperation", "CloseSession"}, 2, 0},
		{"while planning, without a handle: by closing the session", map[string]any{"ExecuteStatement": hang{}}, []string{"CloseSession"}, 2, 0},
		{"the statement is unknown by then", map[string]any{"GetOperationStatus": hang{}, "CancelOperation": &wire.StatusResp{Status: wire.Status{Code: wire.StatusError, Message: "Invalid or unknown query handle: x."}}},
			[]string{"CancelOperation", "CloseOperation", "CloseSession"}, 2, 0},
		{"cancelling hangs: by closing the session", map[string]any{"GetOperationStatus": hang{}, "CancelOperation": hang{}}, []string{"CancelOperation", "CloseSession"}, 3, cancelTimeout},
		{"the cancelling connection breaks: by closing the session", map[string]any{"GetOperationStatus": hang{}, "CancelOperation": hangUp{}}, []string{"CancelOperation", "CloseSession"}, 3, 0},
		{"all hangs: given up", map[string]any{"GetOperationStatus": hang{}, "CancelOperation": hang{}, "CloseSession": hang{}}, []string{"CancelOperation", "CloseSession"}, 3, cleanupTimeout},
		{"the first connection hangs over the cancelling: on a second one", map[string]any{"GetOperationStatus": running, "CancelOperation": sequence(hangUp{}, &wire.StatusResp{})},
			[]string{"CancelOperation", "CancelOperation", "CloseOperation", "CloseSession"}, 2, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub(t, tt.changes)
				client := s.connect(t, nil)
				stopped := fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by a test")
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(10*time.Second, func() { cancel(stopped) })
				began := time.Now()
				_, err := client.Query(ctx, "SELECT")
				if !errors.Is(err, stopped) || fault.AreaOf(err) != fault.Stopped {
					t.Errorf("got %v", err)
				}
				if took := time.Since(began) - 10*time.Second; took != tt.takes {
					t.Errorf("stopping took %s, want %s", took, tt.takes)
				}
				calls := s.called()
				for i, call := range calls {
					if call == "CancelOperation" || call == "CloseSession" {
						calls = calls[i:]
						break
					}
				}
				if !slices.Equal(calls, tt.calls) || s.conns != tt.conns {
					t.Errorf("calls %v on %d connections, want %v on %d", calls, s.conns, tt.calls, tt.conns)
				}
			})
		})
	}
}

// Behind a balancer the second connection may end at another coordinator.
func TestACancelThatReachesAnotherCoordinatorIsToldSo(t *testing.T) {
	unknown := func(text string) *wire.StatusResp {
		return &wire.StatusResp{Status: wire.Status{Code: wire.StatusError, Message: text}}
	}
	for _, tt := range []struct {
		name    string
		changes map[string]any
		logged  []string // in the order of the log
	}{
		{"the same", nil, []string{"statement cancelled on the coordinator"}},
		{"another", map[string]any{"CancelOperation": unknown("Invalid or unknown query handle: 1:2."), "CloseOperation": unknown("Invalid or unknown query handle: 1:2."),
			"CloseSession": unknown("Invalid session id: 1:2")}, []string{"statement may still run on the coordinator", "Invalid session id"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				changes := map[string]any{"GetOperationStatus": hang{}}
				maps.Copy(changes, tt.changes)
				client := newStub(t, changes).connect(t, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := client.Query(ctx, "SELECT"); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				for _, want := range tt.logged {
					if !strings.Contains(log.String(), want) || strings.Count(log.String(), "level=") != 1 {
						t.Errorf("logged %s, want %s", &log, want)
					}
				}
			})
		})
	}
}

// Without an id the statement is known by its coordinator alone.
func TestAStatementThatIsLostBeforeItHasAnIDNamesTheCoordinator(t *testing.T) {
	s := newStub(t, map[string]any{"ExecuteStatement": hangUp{}})
	client := s.connect(t, nil)
	for _, want := range []string{"on coordinator:21050: ExecuteStatement: the server closed the connection", "on coordinator:21050: the connection was lost before"} {
		if _, err := client.Query(t.Context(), "SELECT"); fault.ClassOf(err) != fault.Lost || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestADeadlineCancelsLikeAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub(t, map[string]any{"FetchResults": hang{}})
		client := s.connect(t, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		rows, err := client.Query(ctx, "SELECT")
		if err == nil {
			_, err = rows.Next(ctx)
		}
		if !errors.Is(err, context.DeadlineExceeded) || countCalls(s.called(), "CancelOperation") != 1 || countCalls(s.called(), "CloseSession") != 1 {
			t.Errorf("got %v, calls %v", err, s.called())
		}
	})
}
