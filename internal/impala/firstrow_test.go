package impala

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// modern is the reply to OpenSession of a coordinator whose fetches wait for rows, and no
// longer than it is told.
func modern() *wire.OpenSessionResp {
	return &wire.OpenSessionResp{Protocol: wire.ProtocolV6, Session: wire.SessionHandle{Handle: handle},
		Configuration: map[string]string{"http_addr": "coordinator:25000", "FETCH_ROWS_TIMEOUT_MS": "10000"}}
}

func TestCallsBeforeTheFirstRow(t *testing.T) {
	stillExecuting := &wire.FetchResultsResp{Status: wire.Status{Code: wire.StatusStillExecuting}, HasMoreRows: true}
	empty := &wire.FetchResultsResp{HasResults: true, HasMoreRows: true, Build: []wire.ColumnBuilder{{Kind: wire.KindI64}, {Kind: wire.KindString}}}
	running := &wire.OperationStatusResp{State: wire.StateRunning}
	tests := []struct {
		name    string
		changes func() map[string]any // anew for each run
		config  map[string]string
		calls   []string // between OpenSession and the first row
		took    time.Duration
	}{
		{"an instant statement takes three calls, and no pause",
			func() map[string]any { return map[string]any{"OpenSession": modern()} }, nil,
			[]string{"ExecuteStatement", "GetResultSetMetadata", "FetchResults"}, 0},
		{"one without rows yet is asked how far it is, as long as it has none",
			func() map[string]any {
				return map[string]any{"OpenSession": modern(), "FetchResults": sequence(stillExecuting, stubRows()),
					"GetOperationStatus": sequence(running, running, &wire.OperationStatusResp{State: wire.StateFinished})}
			}, nil,
			[]string{"ExecuteStatement", "GetResultSetMetadata", "FetchResults", "GetOperationStatus", "GetOperationStatus", "GetOperationStatus", "FetchResults"}, 15 * time.Millisecond},
		{"an empty batch is not the first row",
			func() map[string]any {
				return map[string]any{"OpenSession": modern(), "FetchResults": sequence(empty, stubRows())}
			}, nil,
			[]string{"ExecuteStatement", "GetResultSetMetadata", "FetchResults", "FetchResults"}, 0},
		{"a server before Impala 3.4, whose fetch may wait for ever, is asked for the state first",
			func() map[string]any { return nil }, nil,
			[]string{"ExecuteStatement", "GetOperationStatus", "GetResultSetMetadata", "FetchResults"}, 0},
		{"so is one whose fetches wait as the user says",
			func() map[string]any { return map[string]any{"OpenSession": modern()} }, map[string]string{"fetch_rows_timeout_ms": "10000"},
			[]string{"ExecuteStatement", "GetOperationStatus", "GetResultSetMetadata", "FetchResults"}, 0},
		{"and HiveServer2, which refuses to fetch before the end",
			func() map[string]any {
				return map[string]any{"OpenSession": &wire.OpenSessionResp{Protocol: wire.ProtocolV6, Session: wire.SessionHandle{Handle: handle}}}
			}, nil,
			[]string{"ExecuteStatement", "GetOperationStatus", "GetResultSetMetadata", "FetchResults"}, 0},
	}
	for _, tt := range tests {
		for _, kind := range []string{"", "sasl", "http"} {
			t.Run(strings.TrimSpace(tt.name+" "+kind), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newStub(t, tt.changes())
					s.kind = kind
					client := s.connect(t, func(o *Options) { o.Config = tt.config })
					before, began := len(s.called()), time.Now()
					rows, err := client.Query(t.Context(), "SELECT")
					if err != nil {
						t.Fatal(err)
					}
					batch, err := rows.Next(t.Context())
					if err != nil || batch.Rows != 3 {
						t.Fatal(batch, err)
					}
					if calls := s.called()[before:]; !slices.Equal(calls, tt.calls) || time.Since(began) != tt.took {
						t.Errorf("calls %v in %s", calls, time.Since(began))
					}
					if _, err := rows.Next(t.Context()); err != io.EOF && client.impala {
						t.Errorf("after the rows: %v", err)
					}
				})
			})
		}
	}
}

func TestAFirstFetchThatFailsFailsTheStatement(t *testing.T) {
	refused := &wire.FetchResultsResp{Status: wire.Status{Code: wire.StatusError, SQLState: "HY000", Message: "Memory limit exceeded: Error occurred on backend"}}
	s := newStub(t, map[string]any{"OpenSession": modern(), "FetchResults": refused})
	client := s.connect(t, nil)
	told := 0
	_, err := client.QueryWatched(t.Context(), "SELECT", Watch{Profile: func(p Profile) { told++ }})
	var server *Error
	if !errors.As(err, &server) || fault.ClassOf(err) != fault.Capacity || server.QueryID != handleID {
		t.Errorf("got %v, class %v", err, fault.ClassOf(err))
	}
	if told != 1 || slices.Contains(s.called(), "CancelOperation") || slices.Contains(s.called(), "CloseOperation") {
		t.Errorf("%d profiles, calls %v: Impala has forgotten the statement", told, s.called())
	}
}

// A session that waits longer for rows than a call may take has that time, and some more.
func TestFetchesOutlastTheWaitOfTheServer(t *testing.T) {
	for asked, want := range map[string]time.Duration{"300000": 330 * time.Second, "0": 10 * time.Minute, "1000": time.Minute, "": time.Minute} {
		t.Run("FETCH_ROWS_TIMEOUT_MS "+asked, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				told := modern()
				o := Options{}
				if asked != "" {
					told.Configuration["FETCH_ROWS_TIMEOUT_MS"] = asked
					o.Config = map[string]string{"fetch_rows_timeout_ms": asked}
				}
				began := make(chan time.Time, 1)
				s := newStub(t, map[string]any{"OpenSession": told, "FetchResults": func(wire.Message) any {
					select {
					case began <- time.Now():
					default: // the first fetch counts
					}
					return hang{}
				}})
				client := s.connect(t, func(all *Options) { all.Config = o.Config })
				rows, err := client.Query(t.Context(), "SELECT")
				if err == nil {
					_, err = rows.Next(t.Context())
				}
				if took := time.Since(<-began); fault.ClassOf(err) != fault.Lost || took < want || took > want+cleanupTimeout {
					t.Errorf("gave up after %s, want %s: %v", took, want, err)
				}
			})
		})
	}
}

func TestFetchesAreToldHowLongToWait(t *testing.T) {
	var sent map[string]string
	s := newStub(t, map[string]any{"OpenSession": modern(), "ExecuteStatement": func(req wire.Message) any {
		sent = req.(*wire.ExecuteStatementReq).ConfOverlay
		return &wire.OperationResp{Operation: &wire.OperationHandle{Handle: handle, HasResultSet: true}}
	}})
	client := s.connect(t, nil)
	if _, err := client.Query(t.Context(), "SELECT"); err != nil || sent["FETCH_ROWS_TIMEOUT_MS"] != "1000" {
		t.Errorf("sent %v, %v", sent, err)
	}
}
