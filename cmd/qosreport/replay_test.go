package main

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

// replayServer answers any statement with batches that were encoded before, in turn, until
// so many were fetched. It does not look at how many rows a fetch asks for.
type replayServer struct {
	columns []wire.ColumnDesc
	replies [][]byte // of FetchResults
	batches int
}

// addBatch encodes a batch.
func (s *replayServer) addBatch(tb testing.TB, rows int, fill func(into []wire.ColumnBuilder)) {
	tb.Helper()
	m := &wire.FetchResultsResp{HasResults: true, HasMoreRows: true, Build: make([]wire.ColumnBuilder, len(s.columns))}
	for i, c := range s.columns {
		m.Build[i].Kind = hs2server.KindOf(c.Type)
	}
	for range rows {
		fill(m.Build)
	}
	var out bytes.Buffer
	if err := wire.NewCodec(struct {
		io.Reader
		io.Writer
	}{nil, &out}, 0).WriteReply("FetchResults", 0, m); err != nil {
		tb.Fatal(err)
	}
	s.replies = append(s.replies, out.Bytes())
}

// start listens on loopback until the test ends, for one connection after the other.
func (s *replayServer) start(tb testing.TB) (addr string) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
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

func (s *replayServer) serve(nc net.Conn) error {
	handle := wire.Handle{GUID: make([]byte, 16), Secret: make([]byte, 16)}
	answers := map[string]wire.Message{
		"OpenSession": &wire.OpenSessionResp{Protocol: wire.ProtocolV6, Session: wire.SessionHandle{Handle: handle},
			Configuration: map[string]string{"http_addr": "localhost:25000"}},
		"ExecuteStatement":     &wire.OperationResp{Operation: &wire.OperationHandle{Handle: handle, HasResultSet: true}},
		"GetOperationStatus":   &wire.OperationStatusResp{State: wire.StateFinished},
		"GetResultSetMetadata": &wire.MetadataResp{Columns: s.columns},
		"GetLog":               &wire.LogResp{},
	}
	codec := wire.NewCodec(nc, 0)
	for sent := 0; ; {
		method, seq, err := codec.ReadCall()
		if err == nil {
			err = codec.ReadRequest(nil)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err == nil && method == "FetchResults" && sent < s.batches:
			// The number of the call lies behind version, length and name.
			reply := s.replies[sent%len(s.replies)]
			binary.BigEndian.PutUint32(reply[8+len(method):], uint32(seq))
			_, err = nc.Write(reply)
			sent++
		case err == nil && method == "FetchResults":
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
