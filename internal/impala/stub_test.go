package impala

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"

	"qosreport/internal/impala/wire"
)

// stub is a coordinator whose answers a test chooses. An answer is a [wire.Message], a
// [*wire.Exception], or one of the words below.
type stub struct {
	answers map[string]func(req wire.Message) any // by method; others are unknown to it

	mu      sync.Mutex
	running sync.WaitGroup
	calls   []string
	conns   int
	down    bool // takes no more connections
}

// What a stub does in place of an answer.
type (
	hang   struct{} // say nothing until the client closes
	hangUp struct{} // close
)

var handle = wire.Handle{GUID: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, Secret: make([]byte, 16)}

// handleID is the text of handle.
const handleID = "0807060504030201:100f0e0d0c0b0a09"

// newStub answers a statement with three rows, as Impala does.
func newStub(t *testing.T, changes map[string]any) *stub {
	t.Helper()
	s := &stub{answers: map[string]func(wire.Message) any{}}
	for method, message := range map[string]any{
		"OpenSession": &wire.OpenSessionResp{Protocol: wire.ProtocolV6, Session: wire.SessionHandle{Handle: handle},
			Configuration: map[string]string{"http_addr": "coordinator:25000", "MEM_LIMIT": "", "REQUEST_POOL": "", "CLIENT_IDENTIFIER": ""}},
		"ExecuteStatement":     &wire.OperationResp{Operation: &wire.OperationHandle{Handle: handle, HasResultSet: true}},
		"GetOperationStatus":   &wire.OperationStatusResp{State: wire.StateFinished},
		"GetResultSetMetadata": &wire.MetadataResp{Columns: twoColumns},
		"FetchResults":         stubRows(),
		"GetLog":               &wire.LogResp{},
		"GetExecSummary":       &wire.ExecSummaryResp{},
		"GetRuntimeProfile":    &wire.ProfileResp{Profile: "Query (id=" + handleID + "):"},
		"CloseImpalaOperation": &wire.CloseImpalaResp{},
		"CloseOperation":       &wire.StatusResp{},
		"CancelOperation":      &wire.StatusResp{},
		"CloseSession":         &wire.StatusResp{},
	} {
		s.answers[method] = func(wire.Message) any { return message }
	}
	for method, change := range changes {
		switch change := change.(type) {
		case func(wire.Message) any:
			s.answers[method] = change
		case nil:
			delete(s.answers, method)
		default:
			s.answers[method] = func(wire.Message) any { return change }
		}
	}
	t.Cleanup(s.running.Wait)
	return s
}

func stubRows() *wire.FetchResultsResp {
	m := &wire.FetchResultsResp{HasResults: true, Build: []wire.ColumnBuilder{{Kind: wire.KindI64}, {Kind: wire.KindString}}}
	for i := range 3 {
		m.Build[0].Int(int64(i))
		m.Build[1].Text("text")
	}
	return m
}

func (s *stub) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errRefused
	}
	s.conns++
	client, server := net.Pipe()
	s.running.Go(func() { s.serve(server) })
	return client, nil
}

func (s *stub) serve(nc net.Conn) {
	defer nc.Close()
	codec := wire.NewCodec(nc, 0)
	for {
		method, seq, err := codec.ReadCall()
		if err != nil {
			return
		}
		requests := map[string]wire.Message{"OpenSession": &wire.OpenSessionReq{}, "ExecuteStatement": &wire.ExecuteStatementReq{}, "FetchResults": &wire.FetchResultsReq{}}
		if err := codec.ReadRequest(requests[method]); err != nil {
			return
		}
		s.mu.Lock()
		s.calls = append(s.calls, method)
		answer := s.answers[method]
		s.mu.Unlock()
		var what any = &wire.Exception{Kind: wire.ExceptionUnknownMethod, Text: "Invalid method name: '" + method + "'"}
		if answer != nil {
			what = answer(requests[method])
		}
		switch what := what.(type) {
		case wire.Message:
			err = codec.WriteReply(method, seq, what)
		case *wire.Exception:
			err = codec.WriteException(method, seq, what)
		case hang:
			_, err = nc.Read(make([]byte, 1))
		case hangUp:
			return
		}
		if err != nil {
			return
		}
	}
}

func (s *stub) called() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// connect opens a session that ends with the test.
func (s *stub) connect(t *testing.T, change func(*Options)) *Client {
	t.Helper()
	o := Options{Hosts: []string{"coordinator:21050"}, Dial: s.dial}
	if change != nil {
		change(&o)
	}
	client, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(context.Background()) })
	return client
}

// sequence answers with one message after the other, and with the last for ever.
func sequence(messages ...any) func(wire.Message) any {
	next := 0
	return func(wire.Message) any {
		m := messages[min(next, len(messages)-1)]
		next++
		return m
	}
}
