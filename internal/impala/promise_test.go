package impala

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// What a client owes a server and its users, a test for each rule.
func TestPromisesOfSessions(t *testing.T) {
	t.Run("asks for V6, and takes states and fields that it does not know", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStub(t, map[string]any{"GetOperationStatus": sequence(&wire.OperationStatusResp{State: 99}, &wire.OperationStatusResp{State: wire.StatePending},
				&wire.OperationStatusResp{State: wire.StateUnknown}, &wire.OperationStatusResp{State: wire.StateFinished})})
			var asked int32
			open := s.answers["OpenSession"]
			s.answers["OpenSession"] = func(req wire.Message) any {
				asked = req.(*wire.OpenSessionReq).Protocol
				return open(req)
			}
			if err := readStub(t, s); err != nil || asked != wire.ProtocolV6 {
				t.Errorf("asked for %d: %v", asked, err)
			}
		})
	})
	t.Run("fails on an option that the server dropped", func(t *testing.T) {
		s := newStub(t, nil)
		o := s.options()
		o.Config = map[string]string{"MEM_LIMITT": "8g"}
		if _, err := Connect(t.Context(), o); fault.ClassOf(err) != fault.SQL || !strings.Contains(err.Error(), "MEM_LIMITT") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("logs the query id as soon as ExecuteStatement has returned", func(t *testing.T) {
		var log bytes.Buffer
		s := newStub(t, map[string]any{"GetOperationStatus": hangUp{}})
		client := s.connect(t, func(o *Options) {
			o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		if _, err := client.Query(t.Context(), "SELECT"); err == nil || !strings.Contains(log.String(), handleID) {
			t.Errorf("%v; logged %s", err, &log)
		}
	})
}

func TestPromisesOnFailures(t *testing.T) {
	t.Run("takes the text of a failed statement from its own field", func(t *testing.T) {
		s := newStub(t, map[string]any{"GetOperationStatus": &wire.OperationStatusResp{State: wire.StateError, SQLState: "HY000", Message: "Query " + handleID + " failed:\nScratch space limit of 1 GB"}})
		var server *Error
		if err := readStub(t, s); !errors.As(err, &server) || server.Text != "Scratch space limit of 1 GB" || server.SQLState != "HY000" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("takes any status that is no success for an error", func(t *testing.T) {
		for _, code := range []int32{wire.StatusError, wire.StatusInvalidHandle, 77} {
			for _, method := range []string{"OpenSession", "ExecuteStatement", "GetOperationStatus", "GetResultSetMetadata", "FetchResults"} {
				status := wire.Status{Code: code, Message: "no"}
				replies := map[string]any{"OpenSession": &wire.OpenSessionResp{Status: status}, "ExecuteStatement": &wire.OperationResp{Status: status},
					"GetOperationStatus": &wire.OperationStatusResp{Status: status, State: wire.StateFinished}, "GetResultSetMetadata": &wire.MetadataResp{Status: status},
					"FetchResults": &wire.FetchResultsResp{Status: status}}
				var server *Error
				if err := readStub(t, newStub(t, map[string]any{method: replies[method]})); !errors.As(err, &server) || server.Text != "no" {
					t.Errorf("%s with status %d: %v", method, code, err)
				}
			}
		}
	})
}

func TestPromisesWhileWaiting(t *testing.T) {
	t.Run("polls after 5 ms first, and at least once a second", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var polls []time.Duration
			began := time.Now()
			done := states(map[time.Duration]wire.State{10 * time.Second: wire.StateFinished})
			s := newStub(t, map[string]any{"GetOperationStatus": func(req wire.Message) any {
				polls = append(polls, time.Since(began))
				return done(req)
			}})
			if err := readStub(t, s); err != nil {
				t.Fatal(err)
			}
			if polls[0] != 0 || polls[1] != 5*time.Millisecond || len(polls) > 20 {
				t.Errorf("polled after %v", polls)
			}
			for i := 1; i < len(polls); i++ {
				if pause := polls[i] - polls[i-1]; pause > time.Second || i > 1 && pause < polls[i-1]-polls[i-2] {
					t.Errorf("the pause before poll %d is %s", i, pause)
				}
			}
		})
	})
	t.Run("stops polling at once when its context ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStub(t, map[string]any{"GetOperationStatus": &wire.OperationStatusResp{State: wire.StateRunning}})
			client := s.connect(t, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 5500*time.Millisecond)
			defer cancel()
			began := time.Now()
			if _, err := client.Query(ctx, "SELECT"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 5500*time.Millisecond {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
		})
	})
	t.Run("cancels with a context of its own", func(t *testing.T) {
		s := newStub(t, map[string]any{"GetOperationStatus": &wire.OperationStatusResp{State: wire.StateRunning}})
		client := s.connect(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := client.QueryWatched(ctx, "SELECT", Watch{Started: func(string, string) { cancel() }})
		if !errors.Is(err, context.Canceled) || !slices.Equal(lastOf(s.called(), 2), []string{"CancelOperation", "CloseOperation"}) {
			t.Errorf("%v; calls %v", err, s.called())
		}
	})
}

// What a client owes at the end of a statement and of a session.
func TestPromisesOnClosing(t *testing.T) {
	t.Run("reads the log before it closes", func(t *testing.T) {
		s := newStub(t, map[string]any{"GetLog": &wire.LogResp{Log: "Query 1:2: 100% Complete\nskipped a file\n"}})
		client := s.connect(t, nil)
		rows, err := client.Query(t.Context(), "SELECT")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(t, t.Context(), rows); err != io.EOF {
			t.Fatal(err)
		}
		if err := rows.Close(t.Context()); err != nil || !reflect.DeepEqual(rows.Warnings(), []string{"skipped a file"}) {
			t.Errorf("%v, warnings %q", err, rows.Warnings())
		}
		if calls := s.called(); slices.Index(calls, "GetLog") > slices.Index(calls, "CloseImpalaOperation") {
			t.Errorf("calls %v", calls)
		}
	})
	t.Run("closes statement, session and socket in this order, whatever the server says to it", func(t *testing.T) {
		unknown := wire.Status{Code: wire.StatusError, Message: "Invalid or unknown query handle: 1:2."}
		s := newStub(t, map[string]any{"CloseImpalaOperation": &wire.CloseImpalaResp{Status: unknown},
			"CloseSession": &wire.StatusResp{Status: wire.Status{Code: wire.StatusError, Message: "Invalid session id: 1:2"}}})
		var socket *notedSocket
		o := s.options()
		o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := s.dial(ctx, network, addr)
			socket = &notedSocket{Conn: nc, stub: s}
			return socket, err
		}
		if err := readWith(t, o); err != nil {
			t.Error(err)
		}
		if want := []string{"CloseImpalaOperation", "CloseSession"}; !slices.Equal(lastOf(s.called(), 2), want) || !slices.Equal(lastOf(socket.before, 2), want) {
			t.Errorf("calls %v, before the socket was closed %v", s.called(), socket.before)
		}
	})
	t.Run("closes the socket also when the session cannot be closed", func(t *testing.T) {
		s := newStub(t, map[string]any{"CloseSession": &wire.StatusResp{Status: wire.Status{Code: wire.StatusError, Message: "no"}}})
		client := s.connect(t, nil)
		if err := client.Close(t.Context()); err == nil || !errors.Is(client.conn.broken(), net.ErrClosed) {
			t.Errorf("%v; %v", err, client.conn.broken())
		}
	})
}

func TestPromisesOfConnections(t *testing.T) {
	t.Run("repeats no statement, and no fetch", func(t *testing.T) {
		for _, method := range []string{"ExecuteStatement", "FetchResults"} {
			s := newStub(t, map[string]any{method: hangUp{}})
			if err := readStub(t, s); fault.ClassOf(err) != fault.Lost || countCalls(s.called(), method) != 1 {
				t.Errorf("%v; calls %v", err, s.called())
			}
		}
	})
	t.Run("sends a statement as it is, in one call", func(t *testing.T) {
		var sent []string
		s := newStub(t, nil)
		execute := s.answers["ExecuteStatement"]
		s.answers["ExecuteStatement"] = func(req wire.Message) any {
			sent = append(sent, req.(*wire.ExecuteStatementReq).Statement)
			return execute(req)
		}
		text := "SELECT 'it\\'s; ž' -- +hint\n"
		client := s.connect(t, nil)
		rows, err := client.Query(t.Context(), text)
		if err != nil || !reflect.DeepEqual(sent, []string{text}) {
			t.Fatalf("sent %q, %v", sent, err)
		}
		if err := rows.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestPromisesAfterDamage(t *testing.T) {
	t.Run("never uses a connection again after an error within a message", func(t *testing.T) {
		s := newStub(t, nil)
		s.damage = func(method string, _ int, nc net.Conn, reply []byte) bool {
			if method != "GetLog" {
				return false
			}
			nc.Write(append(bytes.Clone(reply[:len(reply)-2]), 0x7f))
			nc.Write([]byte{1, 2, 3})
			return true
		}
		client := s.connect(t, nil)
		rows, err := client.Query(t.Context(), "SELECT")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readAll(t, t.Context(), rows); err != io.EOF {
			t.Fatal(err)
		}
		if err := rows.Close(t.Context()); err == nil {
			t.Fatal("a damaged reply was taken")
		}
		calls := len(s.called())
		if _, err := client.Query(t.Context(), "SELECT"); fault.ClassOf(err) != fault.Lost || len(s.called()) != calls {
			t.Errorf("%v; calls %v", err, s.called()[calls:])
		}
	})
	t.Run("shows no secret of a handle", func(t *testing.T) {
		h := wire.Handle{GUID: []byte("0123456789abcdef"), Secret: []byte("fedcba9876543210")}
		for _, text := range []string{fmt.Sprint(h), fmt.Sprintf("%+v %#v", h, h), fmt.Sprintf("%v", wire.OperationReq{Operation: wire.OperationHandle{Handle: h}})} {
			if strings.Contains(text, "fedcba") || strings.Contains(text, "66656463626139") {
				t.Errorf("shown: %s", text)
			}
		}
	})
}

// notedSocket notes which calls had been made when a socket was closed.
type notedSocket struct {
	net.Conn
	stub   *stub
	before []string
}

func (c *notedSocket) Close() error {
	if c.before == nil {
		c.before = c.stub.called()
	}
	return c.Conn.Close()
}

// readStub runs a statement to its end.
func readStub(t *testing.T, s *stub) error {
	t.Helper()
	return readWith(t, s.options())
}

func readWith(t *testing.T, o Options) error {
	t.Helper()
	_, whole, err := damagedRun(t.Context(), o)
	if err == nil && !whole {
		t.Error("the result is not whole")
	}
	return err
}
