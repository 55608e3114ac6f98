// Package compare measures the result path against that of other clients: the same server,
// the same rows, one run. It is a module of its own, so that the product has none of their
// libraries.
package compare

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"qosreport/internal/impala/wire"
)

// columns are those of a voice call: 133 bytes a row with the lengths of texts.
var columns = []wire.ColumnDesc{
	{Name: "id", Type: wire.String}, {Name: "a", Type: wire.String}, {Name: "b", Type: wire.String}, {Name: "c", Type: wire.String},
	{Name: "d", Type: wire.Double}, {Name: "e", Type: wire.Double}, {Name: "f", Type: wire.Double}, {Name: "g", Type: wire.Double},
	{Name: "n", Type: wire.BigInt}, {Name: "s", Type: wire.SmallInt},
}

var settings = []wire.ColumnDesc{{Name: "option", Type: wire.String}, {Name: "value", Type: wire.String}, {Name: "level", Type: wire.String}}

const fetchMethod = "FetchResults"

// replayVariable is set in the process that serves batches instead of running tests: it
// shares neither a scheduler nor a heap with what is measured.
const replayVariable = "QOSREPORT_TEST_REPLAY"

func TestMain(m *testing.M) {
	if os.Getenv(replayVariable) == "" {
		os.Exit(m.Run())
	}
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "replay:", err)
		os.Exit(1)
	}
}

// serve prints its address and serves connections until standard input ends.
func serve() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		l.Close()
	}()
	b := &batches{encoded: make(map[int][][]byte)}
	for {
		nc, err := l.Accept()
		if err != nil {
			return nil
		}
		go func() {
			defer nc.Close()
			nc.SetDeadline(time.Now().Add(10 * time.Minute))
			if err := (&session{batches: b, codec: wire.NewCodec(nc, 0), conn: nc}).run(); err != nil {
				fmt.Fprintln(os.Stderr, "replay:", err)
			}
		}()
	}
}

// session is one connection, whose statements are SELECT and a number of rows.
type session struct {
	*batches
	codec *wire.Codec
	conn  net.Conn

	columns []wire.ColumnDesc
	left    int // rows of the statement
	fetches int
}

func (s *session) run() error {
	handle := wire.Handle{GUID: make([]byte, 16), Secret: make([]byte, 16)}
	answers := map[string]func() wire.Message{
		"OpenSession": func() wire.Message {
			return &wire.OpenSessionResp{Protocol: wire.ProtocolV6, Session: wire.SessionHandle{Handle: handle},
				Configuration: map[string]string{"http_addr": "localhost:25000"}}
		},
		"ExecuteStatement": func() wire.Message {
			return &wire.OperationResp{Operation: &wire.OperationHandle{Handle: handle, HasResultSet: s.columns != nil}}
		},
		"GetOperationStatus":   func() wire.Message { return &wire.OperationStatusResp{State: wire.StateFinished} },
		"GetResultSetMetadata": func() wire.Message { return &wire.MetadataResp{Columns: s.columns} },
		"PingImpalaHS2Service": func() wire.Message { return &wire.PingResp{Version: "replay", WebServer: "localhost:25000"} },
		"GetLog":               func() wire.Message { return &wire.LogResp{} },
	}
	for {
		method, seq, err := s.codec.ReadCall()
		if err != nil {
			return unlessEnded(err)
		}
		var statement wire.ExecuteStatementReq
		var fetch wire.FetchResultsReq
		request := map[string]wire.Message{"ExecuteStatement": &statement, fetchMethod: &fetch}[method]
		if err := s.codec.ReadRequest(request); err != nil {
			return err
		}
		switch answer := answers[method]; {
		case method == fetchMethod:
			err = s.fetch(seq, int(fetch.MaxRows))
		case answer == nil:
			err = s.codec.WriteReply(method, seq, &wire.StatusResp{})
		default:
			if method == "ExecuteStatement" {
				s.begin(statement.Statement)
			}
			err = s.codec.WriteReply(method, seq, answer())
		}
		if err != nil {
			return unlessEnded(err)
		}
	}
}

// unlessEnded passes over the ways in which clients go.
func unlessEnded(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
		return nil
	}
	return err
}

// begin takes a statement. SET lists no option; what is no SELECT has no result.
func (s *session) begin(statement string) {
	s.columns, s.left, s.fetches = nil, 0, 0
	word, rest, _ := strings.Cut(strings.TrimSpace(statement), " ")
	switch strings.ToLower(word) {
	case "select":
		s.columns = columns
		s.left, _ = strconv.Atoi(strings.TrimSpace(rest))
	case "set":
		s.columns = settings
	}
}

// fetch sends the next rows. Like Impala it says with the last that no more come.
func (s *session) fetch(seq int32, most int) error {
	if most <= 0 || s.left <= most {
		reply := batch(rand.New(rand.NewPCG(3, 4)), s.columns, s.left, false)
		s.left = 0
		return s.codec.WriteReply(fetchMethod, seq, reply)
	}
	reply, err := s.of(most, s.fetches)
	if err != nil {
		return err
	}
	s.left -= most
	s.fetches++
	// The number of the call lies behind version, length and name.
	at := 8 + len(fetchMethod)
	head := binary.BigEndian.AppendUint32(bytes.Clone(reply[:at]), uint32(seq))
	_, err = (&net.Buffers{head, reply[at+4:]}).WriteTo(s.conn)
	return err
}
