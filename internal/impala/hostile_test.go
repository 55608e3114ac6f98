package impala

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// A server that never has rows is asked again and again, but not in a tight loop, and no
// longer than the context lasts.
func TestAServerThatNeverHasRows(t *testing.T) {
	for name, answer := range map[string]*wire.FetchResultsResp{
		"empty batches":       {HasMoreRows: true, HasResults: true},
		"rows that come soon": {Status: wire.Status{Code: wire.StatusStillExecuting}, HasMoreRows: true},
	} {
		for _, kind := range []string{"", "sasl", "http"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newStub(t, map[string]any{"FetchResults": answer})
					s.kind = kind
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					began := time.Now()
					rows, whole, err := damagedRun(ctx, s.options())
					if rows != 0 || whole || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Minute+cleanupTimeout {
						t.Errorf("%d rows after %s, whole %t: %v", rows, time.Since(began), whole, err)
					}
					if n := countCalls(s.called(), "FetchResults"); n > 700 {
						t.Errorf("%d fetches in a minute", n)
					}
					if countCalls(s.called(), "CancelOperation") != 1 {
						t.Errorf("the statement was not cancelled: %v", lastOf(s.called(), 5))
					}
				})
			})
		}
	}
}

// rowOf has a row of the columns that stub announces, or of others.
func rowOf(start int64, kinds ...wire.Kind) *wire.FetchResultsResp {
	m := &wire.FetchResultsResp{HasResults: true, HasMoreRows: true, StartRow: start}
	for _, kind := range kinds {
		column := wire.ColumnBuilder{Kind: kind}
		switch kind {
		case wire.KindString, wire.KindBinary:
			column.Text("text")
		case wire.KindDouble:
			column.Float(1)
		default:
			column.Int(1)
		}
		m.Build = append(m.Build, column)
	}
	return m
}

// No batch that contradicts what came before is delivered, and what was is not the result.
func TestBatchesThatContradict(t *testing.T) {
	uneven := rowOf(3, wire.KindI64, wire.KindString)
	uneven.Build[1].Text("one more")
	early := rowOf(3, wire.KindI64, wire.KindString)
	early.Status.Code = wire.StatusStillExecuting
	tests := []struct {
		name   string
		second wire.Message
		text   string
		class  fault.Class
	}{
		{"a column less", rowOf(3, wire.KindI64), "1 columns where 2 were announced", 0},
		{"a column more", rowOf(3, wire.KindI64, wire.KindString, wire.KindI64), "3 columns where 2 were announced", 0},
		{"columns in another order", rowOf(3, wire.KindString, wire.KindI64), "arrives in field 7", 0},
		{"another kind", rowOf(3, wire.KindDouble, wire.KindString), "arrives in field 6", 0},
		{"columns of unequal length", uneven, "column 2 has 2 rows, the first has 1", 0},
		{"rows that were there before", rowOf(1, wire.KindI64, wire.KindString), "at row 1 where row 3 was due", fault.Lost},
		{"a gap", rowOf(4, wire.KindI64, wire.KindString), "at row 4 where row 3 was due", fault.Lost},
		{"a row before the first", rowOf(-9, wire.KindI64, wire.KindString), "at row -9 where row 3 was due", fault.Lost},
		{"rows that are not there yet", early, "says that there are none yet", 0},
		{"no status", &wire.QueryIDResp{}, "a reply without a status", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first := stubRows()
			first.HasMoreRows = true
			s := newStub(t, map[string]any{"FetchResults": sequence(first, tt.second)})
			rows, whole, err := damagedRun(t.Context(), s.options())
			if rows != 3 || whole || err == nil || !strings.Contains(err.Error(), tt.text) || fault.ClassOf(err) != tt.class || fault.AreaOf(err) != fault.Impala {
				t.Errorf("%d rows, whole %t: %v (%v)", rows, whole, err, fault.ClassOf(err))
			}
		})
	}
}

// An empty reply must not pass for a statement without a result.
func TestAResultWithoutADescription(t *testing.T) {
	err := readStub(t, newStub(t, map[string]any{"GetResultSetMetadata": &wire.QueryIDResp{}}))
	if want := "GetResultSetMetadata: query " + handleID + " on coordinator:21050: a reply without a status"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestHandlesOfOtherLengths(t *testing.T) {
	for name, h := range map[string]wire.Handle{
		"no id":           {Secret: handle.Secret},
		"a short id":      {GUID: handle.GUID[:15], Secret: handle.Secret},
		"a secret of 1 M": {GUID: handle.GUID, Secret: make([]byte, 1<<20)},
	} {
		t.Run(name, func(t *testing.T) {
			session := newStub(t, map[string]any{"OpenSession": &wire.OpenSessionResp{Session: wire.SessionHandle{Handle: h}}})
			if _, err := Connect(t.Context(), session.options()); err == nil || !strings.Contains(err.Error(), "OpenSession: malformed message: a handle") || len(err.Error()) > 300 {
				t.Errorf("session: %.400v", err)
			}
			statement := newStub(t, map[string]any{"ExecuteStatement": &wire.OperationResp{Operation: &wire.OperationHandle{Handle: h, HasResultSet: true}}})
			err := readStub(t, statement)
			if err == nil || !strings.Contains(err.Error(), "ExecuteStatement: malformed message: a handle") || len(err.Error()) > 300 {
				t.Errorf("statement: %.400v", err)
			}
			if countCalls(statement.called(), "CloseSession") != 1 {
				t.Errorf("the session was left open: %v", statement.called())
			}
		})
	}
}

// A server's words are kept as far as they can help, its frame only if it holds an id.
func TestTextsOfServersAreBounded(t *testing.T) {
	long := strings.Repeat("ž", 4<<20)
	tests := []struct {
		name  string
		reply any
		want  string
	}{
		{"a status", &wire.OperationResp{Status: wire.Status{Code: wire.StatusError, SQLState: long, Message: "AnalysisException: " + long}}, "AnalysisException: žž"},
		{"an exception", &wire.Exception{Kind: wire.ExceptionProtocol, Text: "Protocol: " + long}, "Protocol: žž"},
		{"a frame", &wire.OperationResp{Status: wire.Status{Code: wire.StatusError, Message: "Query \x1b[2J" + long + " failed:\nx"}}, "Query \x1b[2Jžž"},
		{"a frame that is none", &wire.OperationResp{Status: wire.Status{Code: wire.StatusError, Message: "Query of mine failed:\nx"}}, "Query of mine failed:\nx"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := readStub(t, newStub(t, map[string]any{"ExecuteStatement": tt.reply}))
			var server *Error
			if !errors.As(err, &server) || len(server.Error()) > mostText+100 || len(server.SQLState) > 10 || !strings.HasPrefix(server.Text, tt.want) || server.QueryID != "" {
				t.Errorf("got %.200v", err)
			}
		})
	}
}

func TestWarningsAreBounded(t *testing.T) {
	log := "Query 1:2: 100% Complete\n" + strings.Repeat("x", 1<<20) + "\n" + strings.Repeat("skipped a file\n", 2*mostWarnings)
	got := warnings(log)
	if len(got) != mostWarnings+1 || len(got[0]) > mostWarning+len("…") || got[mostWarnings] != "… and 1001 lines more" {
		t.Errorf("%d warnings, the first of %d bytes, the last is %q", len(got), len(got[0]), got[len(got)-1])
	}
}

// A port of the binary transport resets connections that speak HTTP, when it has not read
// all of them.
func TestAResetInTheFirstCallOverHTTP(t *testing.T) {
	for _, end := range []error{io.EOF, syscall.ECONNRESET, syscall.EPIPE} {
		err := adviseOpen(callFailure(t.Context(), end, "OpenSession", time.Second), Options{HTTP: &HTTP{}})
		if remedy := fault.Remedy(err); !strings.Contains(remedy, "21050") || fault.ClassOf(err) != fault.Lost {
			t.Errorf("%v: %v, remedy %q", end, err, remedy)
		}
	}
}
