package hs2server

import (
	"context"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/impala/wire"
)

// fixed answers every statement with three rows, or waits for ever.
type fixed struct{ columns []wire.ColumnDesc }

func (e *fixed) Execute(ctx context.Context, s *Session, statement string) (Result, error) {
	switch statement {
	case "bad":
		return nil, errors.New("AnalysisException: bad")
	case "use":
		s.Use("qos")
		return &answer{}, nil
	}
	return &answer{columns: e.columns, left: 3, ctx: ctx, wait: statement == "wait"}, nil
}

type answer struct {
	columns []wire.ColumnDesc
	left    int
	wait    bool
	ctx     context.Context
}

func (a *answer) Columns() []wire.ColumnDesc { return a.columns }
func (a *answer) Log() string                { return "log" }
func (a *answer) Poll() (bool, error)        { return !a.wait, nil }
func (a *answer) Fetch(ctx context.Context, most int, into []wire.ColumnBuilder) (bool, error) {
	if a.wait {
		select {
		case <-ctx.Done():
			return true, nil
		case <-a.ctx.Done():
			return false, errors.New("Cancelled")
		}
	}
	for ; most > 0 && a.left > 0; most-- {
		into[0].Int(int64(a.left))
		a.left--
	}
	return a.left > 0, nil
}

var oneColumn = []wire.ColumnDesc{{Name: "n", Type: wire.BigInt}}

// client makes calls without a client's good manners.
type client struct {
	t     *testing.T
	codec *wire.Codec
	seq   int32
}

func connect(t *testing.T, s *Server) *client {
	t.Helper()
	near, far := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.ServeConn(context.Background(), far)
	}()
	t.Cleanup(func() {
		near.Close()
		<-ended
	})
	return &client{t: t, codec: wire.NewCodec(near, 0)}
}

func (c *client) call(method string, req, reply wire.Message) error {
	c.t.Helper()
	c.seq++
	if err := c.codec.WriteCall(method, c.seq, req); err != nil {
		c.t.Fatal(err)
	}
	return c.codec.ReadReply(method, c.seq, reply)
}

func (c *client) open(user string) wire.SessionHandle {
	c.t.Helper()
	var reply wire.OpenSessionResp
	if err := c.call("OpenSession", &wire.OpenSessionReq{Protocol: 10, Username: user, Configuration: map[string]string{"mem_limit": "2g", "nope": "1"}}, &reply); err != nil {
		c.t.Fatal(err)
	}
	if reply.Protocol != wire.ProtocolV6 || reply.Configuration["MEM_LIMIT"] != "2147483648" || reply.Configuration["NOPE"] != "" || reply.Configuration["http_addr"] == "" {
		c.t.Errorf("opened with %+v", reply)
	}
	return reply.Session
}

func (c *client) execute(session wire.SessionHandle, statement string) (wire.OperationHandle, wire.Status) {
	c.t.Helper()
	var reply wire.OperationResp
	if err := c.call("ExecuteStatement", &wire.ExecuteStatementReq{Session: session, Statement: statement}, &reply); err != nil {
		c.t.Fatal(err)
	}
	if reply.Operation == nil {
		return wire.OperationHandle{}, reply.Status
	}
	return *reply.Operation, reply.Status
}

func (c *client) fetch(o wire.OperationHandle, orientation int32, most int64) *wire.FetchResultsResp {
	c.t.Helper()
	reply := new(wire.FetchResultsResp)
	if err := c.call("FetchResults", &wire.FetchResultsReq{Operation: o, Orientation: orientation, MaxRows: most}, reply); err != nil {
		c.t.Fatal(err)
	}
	return reply
}

func server() *Server {
	return New(Options{Engine: &fixed{oneColumn}, QueryOptions: map[string]string{"MEM_LIMIT": "0"}, Version: "v"})
}

func TestAStatementFromStartToEnd(t *testing.T) {
	c := connect(t, server())
	session := c.open("me")
	o, _ := c.execute(session, "SELECT")
	var state wire.OperationStatusResp
	if err := c.call("GetOperationStatus", &wire.OperationReq{Operation: o}, &state); err != nil || state.State != wire.StateFinished {
		t.Errorf("state %v, %v", state.State, err)
	}
	first := c.fetch(o, wire.FetchNext, 2)
	if !reflect.DeepEqual(first.Columns[0].Ints(), []int64{3, 2}) || !first.HasMoreRows || first.StartRow != 0 {
		t.Errorf("first fetch %+v", first)
	}
	if last := c.fetch(o, wire.FetchNext, 0); last.Rows != 1 || last.HasMoreRows || last.StartRow != 2 {
		t.Errorf("last fetch %+v", last)
	}
	var log wire.LogResp
	if err := c.call("GetLog", &wire.OperationReq{Operation: o}, &log); err != nil || log.Log != "log" {
		t.Errorf("log %q, %v", log.Log, err)
	}
	var closed wire.StatusResp
	if err := c.call("CloseImpalaOperation", &wire.OperationReq{Operation: o}, &closed); err != nil || closed.Status.Code != wire.StatusSuccess {
		t.Errorf("close %+v, %v", closed, err)
	}
	if again := c.fetch(o, wire.FetchNext, 1); !strings.HasPrefix(again.Status.Message, "Invalid or unknown query handle: ") {
		t.Errorf("after close: %+v", again.Status)
	}
}

func TestWhatIsRefused(t *testing.T) {
	c := connect(t, server())
	session := c.open("me")
	o, _ := c.execute(session, "SELECT")
	wrong := func(h wire.Handle, guid, secret string) wire.Handle {
		if guid != "" {
			h.GUID = []byte(guid)
		}
		if secret != "" {
			h.Secret = []byte(secret)
		}
		return h
	}
	const other = "0123456789abcdef"
	tests := []struct {
		name string
		call func() wire.Status
		text string
		sql  string
	}{
		{"a bad statement", func() wire.Status { _, s := c.execute(session, "bad"); return s }, "AnalysisException: bad", "HY000"},
		{"an unknown session", func() wire.Status {
			_, s := c.execute(wire.SessionHandle{Handle: wrong(session.Handle, other, "")}, "x")
			return s
		}, "Invalid session id: ", "HY000"},
		{"a wrong secret", func() wire.Status {
			_, s := c.execute(wire.SessionHandle{Handle: wrong(session.Handle, "", other)}, "x")
			return s
		}, "Invalid session id: ", "HY000"},
		{"a short handle", func() wire.Status {
			_, s := c.execute(wire.SessionHandle{Handle: wrong(session.Handle, "short", "")}, "x")
			return s
		}, "Malformed THandleIdentifier (guid size: 5, expected 16, secret size: 16, expected 16)", "HY000"},
		{"an operation's wrong secret", func() wire.Status {
			return c.fetch(wire.OperationHandle{Handle: wrong(o.Handle, "", other)}, wire.FetchNext, 1).Status
		}, "Invalid or unknown query handle: ", "HY000"},
		{"another orientation", func() wire.Status { return c.fetch(o, 1, 1).Status }, "Unsupported operation", "HYC00"},
		{"rows of a statement without a result", func() wire.Status {
			used, _ := c.execute(session, "use")
			return c.fetch(used, wire.FetchNext, 1).Status
		}, "Client tried to fetch rows on a query that produces no results.", "HY000"},
		{"an unknown option of a statement", func() wire.Status {
			var reply wire.OperationResp
			if err := c.call("ExecuteStatement", &wire.ExecuteStatementReq{Session: session, Statement: "x", ConfOverlay: map[string]string{"nope": "1"}}, &reply); err != nil {
				t.Fatal(err)
			}
			return reply.Status
		}, "Invalid query option: nope", "HY000"},
		{"unsupported information", func() wire.Status {
			var reply wire.GetInfoResp
			if err := c.call("GetInfo", &wire.GetInfoReq{Session: session, Kind: 999}, &reply); err != nil {
				t.Fatal(err)
			}
			return reply.Status
		}, "Unsupported operation", "HYC00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.call(); got.Code != wire.StatusError || !strings.HasPrefix(got.Message, tt.text) || got.SQLState != tt.sql {
				t.Errorf("got %+v", got)
			}
		})
	}
	var exception *wire.Exception
	if err := c.call("GetNothing", &wire.SessionReq{Session: session}, &wire.StatusResp{}); !errors.As(err, &exception) || exception.Kind != wire.ExceptionUnknownMethod || exception.Text != "Invalid method name: 'GetNothing'" {
		t.Errorf("unknown method: %v", err)
	}
	var info wire.GetInfoResp
	if err := c.call("GetInfo", &wire.GetInfoReq{Session: session, Kind: wire.InfoDBMSName}, &info); err != nil || info.Value != "Impala" {
		t.Errorf("the connection is not in order any more: %+v, %v", info, err)
	}
}

func TestSessionsOutliveConnections(t *testing.T) {
	s := server()
	first := connect(t, s)
	session := first.open("me")
	o, _ := first.execute(session, "wait")
	second := connect(t, s)
	var cancelled wire.StatusResp
	if err := second.call("CancelOperation", &wire.OperationReq{Operation: o}, &cancelled); err != nil || cancelled.Status.Code != wire.StatusSuccess {
		t.Fatalf("cancel: %+v, %v", cancelled, err)
	}
	var state wire.OperationStatusResp
	if err := first.call("GetOperationStatus", &wire.OperationReq{Operation: o}, &state); err != nil || state.State != wire.StateError || state.Message != "Cancelled" || state.Status.Code != wire.StatusSuccess {
		t.Errorf("after cancel: %+v, %v", state, err)
	}
	var closed wire.StatusResp
	if err := second.call("CloseSession", &wire.SessionReq{Session: session}, &closed); err != nil || closed.Status.Code != wire.StatusSuccess {
		t.Errorf("close: %+v, %v", closed, err)
	}
	if _, status := first.execute(session, "x"); !strings.HasPrefix(status.Message, "Invalid session id: ") {
		t.Errorf("after close: %+v", status)
	}
}

func TestRowsThatAreNotReadyInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, server())
		o, _ := c.execute(c.open("me"), "wait")
		began := time.Now()
		reply := c.fetch(o, wire.FetchNext, 10)
		if reply.Status.Code != wire.StatusStillExecuting || reply.HasResults || !reply.HasMoreRows || time.Since(began) != 10*time.Second {
			t.Errorf("after %s: %+v", time.Since(began), reply)
		}
	})
}

// impostor logs in as whoever it says.
type impostor struct{ user string }

func (i *impostor) Step(response []byte) ([]byte, bool, error) {
	if len(response) == 0 {
		return nil, false, errors.New("no name")
	}
	i.user = string(response)
	return nil, true, nil
}
func (i *impostor) User() string                   { return i.user }
func (*impostor) Chunk() int                       { return 0 }
func (*impostor) Wrap(_, _ []byte) ([]byte, error) { return nil, nil }
func (*impostor) Unwrap(_ []byte) ([]byte, error)  { return nil, nil }

func login(t *testing.T, s *Server, messages ...[]byte) (net.Conn, []byte) {
	t.Helper()
	near, far := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.ServeConn(context.Background(), far)
	}()
	t.Cleanup(func() {
		near.Close()
		<-ended
	})
	written := make(chan struct{})
	go func() {
		defer close(written)
		for _, m := range messages {
			near.Write(m)
		}
	}()
	answer := make([]byte, 5)
	n, _ := io.ReadFull(near, answer)
	if n < 5 {
		<-written
	}
	return near, answer[:n]
}

func TestLogins(t *testing.T) {
	s := New(Options{Engine: &fixed{oneColumn}, Logins: Logins{"X": func() Login { return &impostor{} }}})
	hello := wire.AppendNegotiation(nil, wire.NegotiationStart, []byte("X"))
	name := func(user string) []byte { return wire.AppendNegotiation(nil, wire.NegotiationOK, []byte(user)) }
	if _, got := login(t, s, hello, name("alice")); !reflect.DeepEqual(got, []byte{5, 0, 0, 0, 0}) {
		t.Errorf("good login: %v", got)
	}
	if _, got := login(t, s, hello, name("")); len(got) != 0 {
		t.Errorf("a bad login is answered with %v, not with a closed connection", got)
	}
	if _, got := login(t, s, wire.AppendNegotiation(nil, wire.NegotiationStart, []byte("Y")), name("alice")); len(got) != 5 || got[0] != byte(wire.NegotiationBad) {
		t.Errorf("unknown mechanism: %v", got)
	}
	if _, got := login(t, s, name("alice")); len(got) != 5 || got[0] != byte(wire.NegotiationError) {
		t.Errorf("no START: %v", got)
	}
	// A session belongs to the user of the connection that opened it.
	open := func(user string) *client {
		nc, _ := login(t, s, hello, name(user))
		return &client{t: t, codec: wire.NewCodec(wire.NewFrames(nc, &impostor{}, 1<<20), 0)}
	}
	alice, bob := open("alice"), open("bob")
	var reply wire.OpenSessionResp
	if err := alice.call("OpenSession", &wire.OpenSessionReq{Protocol: wire.ProtocolV6, Username: "ignored"}, &reply); err != nil {
		t.Fatal(err)
	}
	if _, status := bob.execute(reply.Session, "x"); status.Message != "The user authorized on the connection 'bob' does not match the session username 'alice'" {
		t.Errorf("another user's session: %+v", status)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- server().Serve(ctx, l) }()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, codec: wire.NewCodec(nc, 0)}
	c.execute(c.open("me"), "wait")
	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if _, err := nc.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
}

func FuzzServeConn(f *testing.F) {
	f.Add([]byte("\x80\x01\x00\x01\x00\x00\x00\x0bOpenSession\x00\x00\x00\x01\x0c\x00\x01\x08\x00\x01\x00\x00\x00\x05\x00\x00"))
	f.Add([]byte("\x01\x00\x00\x00\x01X\x02\x00\x00\x00\x01u"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, o := range []Options{{Engine: &fixed{oneColumn}}, {Engine: &fixed{oneColumn}, Logins: Logins{"X": func() Login { return &impostor{} }}}} {
			near, far := net.Pipe()
			go func() {
				near.Write(data)
				near.Close()
			}()
			go io.Copy(io.Discard, near)
			New(o).ServeConn(context.Background(), far)
		}
	})
}
