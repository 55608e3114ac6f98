// Package replay serves results whose batches were encoded before, so that what is measured
// is the client and not whoever makes the rows. It is for tests alone.
package replay

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
)

// fetch is the method whose replies are replayed.
const fetch = "FetchResults"

// Server answers each statement with its batches in turn, as Impala does on the binary
// transport without a login. It looks neither at the statement nor at how many rows a fetch
// asks for. It serves one connection after the other.
type Server struct {
	Columns []wire.ColumnDesc
	Batches int           // of a result; 0 means that it has no end
	Work    time.Duration // that each batch takes

	replies [][]byte
}

// Add encodes a batch of rows, each of which fill appends to the builders of the columns.
func (s *Server) Add(tb testing.TB, rows int, fill func(into []wire.ColumnBuilder)) {
	tb.Helper()
	m := &wire.FetchResultsResp{HasResults: true, HasMoreRows: true, Build: make([]wire.ColumnBuilder, len(s.Columns))}
	for i, c := range s.Columns {
		m.Build[i].Kind = hs2server.KindOf(c.Type)
	}
	for range rows {
		fill(m.Build)
	}
	var out bytes.Buffer
	if err := wire.NewCodec(writer{Writer: &out}, 0).WriteReply(fetch, 0, m); err != nil {
		tb.Fatal(err)
	}
	s.replies = append(s.replies, out.Bytes())
}

type writer struct {
	io.Reader // none
	io.Writer
}

// Reply is the nth batch as it crosses the wire, in answer to the call of a number. Its
// memory is that of all replies with this batch.
func (s *Server) Reply(n int, seq int32) []byte {
	reply := s.replies[n%len(s.replies)]
	// The number of the call lies behind version, length and name.
	binary.BigEndian.PutUint32(reply[8+len(fetch):], uint32(seq))
	return reply
}

// Start listens on loopback until the test ends.
func (s *Server) Start(tb testing.TB) (addr string) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context())) // clients are closed after that one
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			release := context.AfterFunc(ctx, func() { nc.Close() })
			nc.SetDeadline(time.Now().Add(10 * time.Minute))
			if err := s.serve(nc); err != nil && ctx.Err() == nil {
				tb.Error(err)
			}
			release()
			nc.Close()
		}
	}()
	tb.Cleanup(func() {
		stop()
		l.Close()
		<-ended
	})
	return l.Addr().String()
}

func (s *Server) serve(nc net.Conn) error {
	handle := wire.Handle{GUID: make([]byte, 16), Secret: make([]byte, 16)}
	answers := map[string]wire.Message{
		"OpenSession": &wire.OpenSessionResp{Protocol: wire.ProtocolV6, Session: wire.SessionHandle{Handle: handle},
			Configuration: map[string]string{"http_addr": "localhost:25000"}},
		"ExecuteStatement":     &wire.OperationResp{Operation: &wire.OperationHandle{Handle: handle, HasResultSet: true}},
		"GetOperationStatus":   &wire.OperationStatusResp{State: wire.StateFinished},
		"GetResultSetMetadata": &wire.MetadataResp{Columns: s.Columns},
		"GetLog":               &wire.LogResp{},
	}
	codec := wire.NewCodec(nc, 0)
	for sent := 0; ; {
		method, seq, err := codec.ReadCall()
		if err == nil {
			err = codec.ReadRequest(nil)
		}
		if method == "ExecuteStatement" {
			sent = 0
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err == nil && method == fetch && (s.Batches == 0 || sent < s.Batches):
			time.Sleep(s.Work)
			_, err = nc.Write(s.Reply(sent, seq))
			sent++
		case err == nil && method == fetch:
			err = codec.WriteReply(method, seq, &wire.FetchResultsResp{HasResults: true, Build: make([]wire.ColumnBuilder, 0)})
		case err == nil && answers[method] != nil:
			err = codec.WriteReply(method, seq, answers[method])
		case err == nil:
			err = codec.WriteReply(method, seq, &wire.StatusResp{})
		}
		if err != nil {
			return err
		}
	}
}
