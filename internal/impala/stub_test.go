package impala

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"qosreport/internal/impala/wire"
)

// stub is a coordinator whose answers a test chooses. An answer is a [wire.Message], a
// [*wire.Exception], or one of the words below.
type stub struct {
	answers map[string]func(req wire.Message) any // by method; others are unknown to it
	kind    string                                // of transport: sasl or http; "" is a plain socket
	// damage may spoil the nth reply to a method, and says whether it has sent what there is.
	damage func(method string, nth int, nc net.Conn, reply []byte) bool

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
	port, err := s.transport(nc)
	for err == nil {
		var method string
		var seq int32
		if method, seq, err = port.codec.ReadCall(); err != nil {
			return
		}
		requests := map[string]wire.Message{"OpenSession": &wire.OpenSessionReq{}, "ExecuteStatement": &wire.ExecuteStatementReq{}, "FetchResults": &wire.FetchResultsReq{}}
		if err = port.codec.ReadRequest(requests[method]); err != nil {
			return
		}
		s.mu.Lock()
		s.calls = append(s.calls, method)
		nth := countCalls(s.calls, method)
		answer := s.answers[method]
		s.mu.Unlock()
		var what any = &wire.Exception{Kind: wire.ExceptionUnknownMethod, Text: "Invalid method name: '" + method + "'"}
		if answer != nil {
			what = answer(requests[method])
		}
		switch what := what.(type) {
		case wire.Message:
			err = port.codec.WriteReply(method, seq, what)
		case *wire.Exception:
			err = port.codec.WriteException(method, seq, what)
		case hang:
			_, err = nc.Read(make([]byte, 1))
		case hangUp:
			return
		}
		if reply := port.reply(); err == nil && (s.damage == nil || !s.damage(method, nth, nc, reply)) {
			_, err = nc.Write(reply)
		}
	}
}

// stubPort is one connection of a stub: messages in, and the bytes of replies out.
type stubPort struct {
	codec *wire.Codec
	out   *bytes.Buffer
	http  bool
}

func (s *stub) transport(nc net.Conn) (*stubPort, error) {
	port := &stubPort{out: new(bytes.Buffer), http: s.kind == "http"}
	var in io.Reader = nc
	var both io.ReadWriter
	switch s.kind {
	case "sasl":
		for range 2 { // START and the first token
			if _, _, err := wire.ReadNegotiation(nc); err != nil {
				return nil, err
			}
		}
		if _, err := nc.Write(wire.AppendNegotiation(nil, wire.NegotiationComplete, nil)); err != nil {
			return nil, err
		}
		both = wire.NewFrames(stream{nc, port.out}, new(passwords), wire.DefaultLimit)
	case "http":
		in = &bodies{from: bufio.NewReader(nc)}
		fallthrough
	default:
		both = stream{in, port.out}
	}
	port.codec = wire.NewCodec(both, 0)
	return port, nil
}

// reply is what the codec has written, as it crosses the wire.
func (p *stubPort) reply() []byte {
	data := bytes.Clone(p.out.Bytes())
	p.out.Reset()
	if p.http {
		head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/x-thrift\r\nContent-Length: %d\r\n\r\n", len(data))
		return append([]byte(head), data...)
	}
	return data
}

// bodies is the stream of the bodies of requests.
type bodies struct {
	from *bufio.Reader
	body io.Reader
}

func (b *bodies) Read(p []byte) (int, error) {
	for {
		if b.body != nil {
			if n, err := b.body.Read(p); n > 0 || err != io.EOF {
				return n, err
			}
		}
		request, err := http.ReadRequest(b.from)
		if err != nil {
			return 0, err
		}
		b.body = request.Body
	}
}

func countCalls(calls []string, method string) (n int) {
	for _, call := range calls {
		if call == method {
			n++
		}
	}
	return n
}

func (s *stub) called() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// options are those with which the stub is reached.
func (s *stub) options() Options {
	o := Options{Hosts: []string{"coordinator:21050"}, Dial: s.dial}
	switch s.kind {
	case "sasl":
		plainAuth("geheim")(&o)
	case "http":
		o.HTTP = &HTTP{}
	}
	return o
}

// connect opens a session that ends with the test.
func (s *stub) connect(t *testing.T, change func(*Options)) *Client {
	t.Helper()
	o := s.options()
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
