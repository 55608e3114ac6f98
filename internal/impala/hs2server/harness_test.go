package hs2server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"qosreport/internal/impala/wire"
)

// fixed is an engine that knows a few words: a number gives so many rows, "wait" never has
// any, and others do as they say.
type fixed struct{ columns []wire.ColumnDesc }

func (e *fixed) Execute(ctx context.Context, s *Session, statement string) (Result, error) {
	a := &answer{columns: e.columns, left: 3, ctx: ctx}
	switch statement {
	case "bad":
		return nil, errors.New("AnalysisException: bad")
	case "USE qos":
		s.Use("qos")
		a.columns = nil
	case "INSERT":
		a.columns = nil
		return &insertion{*a}, nil
	case "wait":
		a.wait = true
	default:
		if n, err := fmt.Sscanf(statement, "SELECT %d", &a.left); n == 1 && err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (e *fixed) Databases(context.Context, *Session) ([]Database, error) {
	return []Database{{Name: "voice"}, {Name: "default"}}, nil
}

func (e *fixed) Tables(_ context.Context, _ *Session, database string) ([]Table, error) {
	if database != "voice" {
		return nil, nil
	}
	columns := []Column{{wire.ColumnDesc{Name: "id", Type: wire.BigInt}, "key"}, {wire.ColumnDesc{Name: "price", Type: wire.Decimal, Precision: 10, Scale: 2}, ""}}
	return []Table{{Name: "legs", Columns: columns, Comment: "calls"}, {Name: "days", View: true}}, nil
}

func (e *fixed) Functions(context.Context, *Session, string) ([]Function, error) {
	return []Function{{"count", "count(BIGINT)"}}, nil
}

type answer struct {
	columns []wire.ColumnDesc
	left    int
	wait    bool
	ctx     context.Context
}

func (a *answer) Columns() []wire.ColumnDesc { return a.columns }
func (a *answer) Log() string                { return "a warning" }
func (a *answer) Poll() (bool, error)        { return !a.wait, nil }
func (a *answer) Profile() string            { return "    Plan: none\n" }
func (a *answer) Summary() wire.ExecSummary {
	return wire.ExecSummary{Progress: &wire.ExecProgress{ScanRanges: 8, ScanRangesDone: 2}, Nodes: []wire.PlanNode{{Label: "00:SCAN HDFS"}}}
}

func (a *answer) Fetch(ctx context.Context, most int, into []wire.ColumnBuilder) (bool, error) {
	if a.wait {
		select {
		case <-ctx.Done():
			return true, nil
		case <-a.ctx.Done():
			return false, errors.New("the statement's context has ended")
		}
	}
	for ; most > 0 && a.left > 0; most-- {
		into[0].Int(int64(a.left))
		a.left--
	}
	return a.left > 0, nil
}

type insertion struct{ answer }

func (*insertion) Modified() wire.DMLResult {
	return wire.DMLResult{RowsModified: map[string]int64{"day=1": 2, "day=2": 3}}
}

var oneColumn = []wire.ColumnDesc{{Name: "n", Type: wire.BigInt}}

func server() *Server { return New(Options{Engine: &fixed{oneColumn}, Version: "v"}) }

// client makes calls without a client's good manners.
type client struct {
	t     *testing.T
	codec *wire.Codec
	nc    net.Conn
	seq   int32
	bye   func() // ends the connection and waits for the server
}

func connect(t *testing.T, s *Server) *client {
	t.Helper()
	near := dial(t, s)
	return &client{t: t, codec: wire.NewCodec(near, 0), nc: near, bye: near.bye}
}

// served is a connection whose end at the server is waited for.
type served struct {
	net.Conn
	bye func()
}

func dial(t *testing.T, s *Server) *served {
	t.Helper()
	near, far := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.ServeConn(context.Background(), far)
	}()
	bye := func() {
		near.Close()
		<-ended
	}
	t.Cleanup(bye)
	return &served{near, bye}
}

func (c *client) call(method string, req, reply wire.Message) error {
	c.t.Helper()
	c.seq++
	if err := c.codec.WriteCall(method, c.seq, req); err != nil {
		c.t.Fatal(err)
	}
	return c.codec.ReadReply(method, c.seq, reply)
}

// must is a call whose reply arrives.
func (c *client) must(method string, req, reply wire.Message) {
	c.t.Helper()
	if err := c.call(method, req, reply); err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
}

func (c *client) tryOpen(user string, configuration map[string]string) *wire.OpenSessionResp {
	c.t.Helper()
	reply := new(wire.OpenSessionResp)
	c.must("OpenSession", &wire.OpenSessionReq{Protocol: wire.ProtocolV6, Username: user, Configuration: configuration}, reply)
	return reply
}

func (c *client) open(configuration map[string]string) wire.SessionHandle {
	c.t.Helper()
	reply := c.tryOpen("me", configuration)
	if reply.Status.Code != wire.StatusSuccess {
		c.t.Fatalf("open: %+v", reply.Status)
	}
	return reply.Session
}

func (c *client) tryExecute(session wire.SessionHandle, statement string, options map[string]string) *wire.OperationResp {
	c.t.Helper()
	reply := new(wire.OperationResp)
	c.must("ExecuteStatement", &wire.ExecuteStatementReq{Session: session, Statement: statement, ConfOverlay: options}, reply)
	return reply
}

func (c *client) execute(session wire.SessionHandle, statement string, options map[string]string) wire.OperationHandle {
	c.t.Helper()
	reply := c.tryExecute(session, statement, options)
	if reply.Operation == nil {
		c.t.Fatalf("%s: %+v", statement, reply.Status)
	}
	return *reply.Operation
}

func (c *client) fetch(o wire.OperationHandle, orientation int32, most int64) *wire.FetchResultsResp {
	c.t.Helper()
	reply := new(wire.FetchResultsResp)
	c.must("FetchResults", &wire.FetchResultsReq{Operation: o, Orientation: orientation, MaxRows: most}, reply)
	return reply
}

// status is the reply of a method that tells one.
func (c *client) status(method string, req wire.Message) wire.Status {
	c.t.Helper()
	var reply wire.StatusResp
	c.must(method, req, &reply)
	return reply.Status
}

func (c *client) state(o wire.OperationHandle) *wire.OperationStatusResp {
	c.t.Helper()
	reply := new(wire.OperationStatusResp)
	c.must("GetOperationStatus", &wire.OperationReq{Operation: o}, reply)
	return reply
}

func (c *client) log(o wire.OperationHandle) string {
	c.t.Helper()
	var reply wire.LogResp
	c.must("GetLog", &wire.OperationReq{Operation: o}, &reply)
	return reply.Log
}

// refused checks a status for an error in these words.
func refused(t *testing.T, got wire.Status, text, sqlState string) {
	t.Helper()
	if got.Code != wire.StatusError || got.Message != text || got.SQLState != sqlState {
		t.Errorf("got  %d %q %s\nwant %q %s", got.Code, got.Message, got.SQLState, text, sqlState)
	}
}
