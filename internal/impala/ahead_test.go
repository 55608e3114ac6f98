package impala

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// batchOf is a batch of three rows from a row on.
func batchOf(from int64, more bool) *wire.FetchResultsResp {
	m := stubRows()
	m.StartRow, m.HasMoreRows = from, more
	return m
}

// aheadOf runs a statement that was told to fetch ahead, and reads its first batch.
func aheadOf(t *testing.T, ctx context.Context, s *stub) (*Client, *Rows) {
	t.Helper()
	client := s.connect(t, func(o *Options) { o.FetchAhead = true })
	rows, err := client.Query(ctx, "SELECT")
	if err != nil {
		t.Fatal(err)
	}
	if batch, err := rows.Next(ctx); err != nil || batch.Rows != 3 {
		t.Fatal(batch, err)
	}
	synctest.Wait() // until the server has what was sent
	return client, rows
}

func TestTheNextBatchIsAskedForBeforeItIsWanted(t *testing.T) {
	hive := &wire.OpenSessionResp{Protocol: wire.ProtocolV6, Session: wire.SessionHandle{Handle: handle}}
	tests := []struct {
		name    string
		kind    string
		changes map[string]any
		early   int // fetches when the first batch was given out
		all     int // fetches in the end
	}{
		{"of Impala on a plain socket", "", nil, 2, 3},
		{"of Impala behind a login", "sasl", nil, 2, 3},
		{"with the first fetch", "", map[string]any{"OpenSession": modern()}, 2, 3},
		{"not over HTTP", "http", nil, 1, 3},
		{"not of HiveServer2", "", map[string]any{"OpenSession": hive}, 1, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub(t, tt.changes)
				s.kind = tt.kind
				batches := sequence(batchOf(0, true), batchOf(3, true), batchOf(6, false), &wire.FetchResultsResp{HasResults: true})
				s.answers["FetchResults"] = batches
				client, rows := aheadOf(t, t.Context(), s)
				if early := countCalls(s.called(), "FetchResults"); early != tt.early {
					t.Errorf("%d fetches before the second batch is wanted", early)
				}
				n, err := 3, error(nil)
				for err == nil {
					var batch *Batch
					if batch, err = rows.Next(t.Context()); err == nil {
						n += batch.Rows
					}
				}
				if all := countCalls(s.called(), "FetchResults"); err != io.EOF || n != 9 || all != tt.all {
					t.Errorf("%d rows by %d fetches, %v", n, all, err)
				}
				if err := errors.Join(rows.Close(t.Context()), client.Close(t.Context())); err != nil || s.conns != 1 {
					t.Errorf("%d connections, %v", s.conns, err)
				}
			})
		})
	}
}

// What is closed without the batch that could not be asked for runs on, unless it is ended
// elsewhere.
func TestAFetchThatCannotBeSentAheadLeavesNoStatement(t *testing.T) {
	first := stubRows()
	first.HasMoreRows = true
	s := newStub(t, map[string]any{"FetchResults": first})
	s.damage = func(method string, _ int, nc net.Conn, reply []byte) bool {
		if method == "FetchResults" {
			nc.Write(reply)
			nc.Close()
		}
		return method == "FetchResults"
	}
	client := s.connect(t, func(o *Options) { o.FetchAhead = true })
	rows, err := client.Query(t.Context(), "SELECT")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Next(t.Context()); err != nil || client.conn.broken() == nil {
		t.Fatalf("%v; the connection: %v", err, client.conn.broken())
	}
	want := []string{"CancelOperation", "CloseOperation", "CloseSession"}
	if err := rows.Close(t.Context()); err != nil || !slices.Equal(lastOf(s.called(), 3), want) || s.conns != 2 {
		t.Errorf("%v; calls %v", err, s.called())
	}
}

func TestAFetchOnItsWay(t *testing.T) {
	stopped := fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by a test")
	lost := &wire.FetchResultsResp{Status: wire.Status{Code: wire.StatusError, Message: "Failed due to unreachable impalad(s): exec-3:27000"}}
	ended := []string{"CancelOperation", "CloseOperation", "CloseSession"}
	tests := []struct {
		name   string
		second any // answer to the second fetch
		run    func(t *testing.T, ctx context.Context, stop func(error), client *Client, rows *Rows) error
		class  fault.Class
		last   []string // calls
		conns  int
	}{
		{"is not taken for the reply to another call", batchOf(3, false), func(t *testing.T, ctx context.Context, _ func(error), client *Client, rows *Rows) error {
			if _, err := rows.Summary(ctx); !errors.Is(err, errBusy) {
				t.Errorf("a call in between: %v", err)
			}
			batch, err := rows.Next(ctx)
			if err == nil && batch.Rows == 3 {
				err = rows.Close(ctx)
			}
			return err
		}, 0, []string{"FetchResults", "GetLog", "CloseImpalaOperation"}, 1},
		{"is read when the statement is closed before its end", batchOf(3, true), func(t *testing.T, ctx context.Context, _ func(error), client *Client, rows *Rows) error {
			if err := rows.Close(ctx); err != nil {
				return err
			}
			_, err := client.Query(ctx, "SELECT") // on the same connection
			return err
		}, 0, []string{"CancelOperation", "CloseOperation", "ExecuteStatement", "GetOperationStatus", "GetResultSetMetadata"}, 1},
		{"is left behind with its connection when the context ends", batchOf(3, true), func(t *testing.T, ctx context.Context, stop func(error), client *Client, rows *Rows) error {
			stop(stopped)
			_, err := rows.Next(ctx)
			if !errors.Is(err, stopped) {
				t.Errorf("got %v", err)
			}
			if _, err := client.Query(context.WithoutCancel(ctx), "SELECT"); fault.ClassOf(err) != fault.Lost {
				t.Errorf("the connection was used again: %v", err)
			}
			return err
		}, fault.Cancelled, ended, 2},
		{"is left behind when the context ends while it is waited for", hang{}, func(t *testing.T, ctx context.Context, stop func(error), client *Client, rows *Rows) error {
			go func() {
				synctest.Wait()
				stop(stopped)
			}()
			_, err := rows.Next(ctx)
			return err
		}, fault.Cancelled, ended, 2},
		{"has its time from the moment on when it is waited for", hang{}, func(t *testing.T, ctx context.Context, _ func(error), client *Client, rows *Rows) error {
			_, err := rows.Next(ctx)
			return err
		}, fault.Lost, ended, 2},
		{"fails where its rows are due", lost, func(t *testing.T, ctx context.Context, _ func(error), client *Client, rows *Rows) error {
			_, err := rows.Next(ctx)
			return err
		}, fault.Lost, []string{"FetchResults"}, 1},
		{"is lost with its connection", hangUp{}, func(t *testing.T, ctx context.Context, _ func(error), client *Client, rows *Rows) error {
			_, err := rows.Next(ctx)
			return err
		}, fault.Lost, ended, 2},
		{"is no end of the rows when it is lost", hangUp{}, func(t *testing.T, ctx context.Context, _ func(error), client *Client, rows *Rows) error {
			return rows.Close(ctx)
		}, fault.Lost, ended, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub(t, map[string]any{"FetchResults": sequence(batchOf(0, true), tt.second)})
				ctx, stop := context.WithCancelCause(t.Context())
				defer stop(nil)
				client, rows := aheadOf(t, ctx, s)
				err := tt.run(t, ctx, stop, client, rows)
				if (err == nil) != (tt.class == 0) || err != nil && fault.ClassOf(err) != tt.class || errors.Is(err, io.EOF) {
					t.Errorf("got %v, class %v", err, fault.ClassOf(err))
				}
				if calls := s.called(); !slices.Equal(lastOf(calls, len(tt.last)), tt.last) || s.conns != tt.conns {
					t.Errorf("%d connections, calls %v", s.conns, calls)
				}
			})
		})
	}
}
