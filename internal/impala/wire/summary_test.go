package wire

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/apache/thrift/lib/go/thrift"
)

func TestImpalasOwnMessagesSurviveTheWire(t *testing.T) {
	handle := Handle{GUID: []byte("0123456789abcdef"), Secret: []byte("fedcba9876543210")}
	session, operation := SessionHandle{handle}, OperationHandle{Handle: handle, HasResultSet: true}
	status := Status{Code: StatusError, SQLState: "HY000", Message: "no"}
	node := PlanNode{ID: 1, Fragment: 2, Label: "00:SCAN HDFS", Detail: "voice.legs", Children: 3, Broadcast: true, Hosts: 4,
		Estimated: &NodeStats{Rows: -1, LatencyNanos: -1}, Stats: []NodeStats{{1, 2, 3, math.MaxInt64}, {}}}
	messages := []Message{
		&ExecSummaryReq{Operation: operation, Session: session, Attempts: true},
		&ExecSummaryResp{Status: status}, &ExecSummaryResp{Summary: &ExecSummary{State: ExecQueued, Queued: true, QueuedReason: "full"}},
		&ExecSummaryResp{Summary: &ExecSummary{State: ExecRunning, Nodes: []PlanNode{node, {}}, Senders: map[int32]int32{1: 0, 3: 2}, Progress: &ExecProgress{1, 2, 3, math.MaxInt64}}},
		&ProfileReq{Operation: operation, Session: session, Format: ProfileFormatText, Attempts: true},
		&ProfileResp{Status: status}, &ProfileResp{Profile: "Query (id=1:2):", Failed: []string{"a", ""}},
		&CloseImpalaResp{Status: status},
		&CloseImpalaResp{DML: &DMLResult{RowsModified: map[string]int64{"day=1": 2, "": -1}, RowErrors: 3, RowsDeleted: map[string]int64{"day=2": 4}}},
	}
	for _, m := range messages {
		t.Run(reflect.TypeOf(m).Elem().Name(), func(t *testing.T) {
			data := encode(t, func(c *Codec) error { return c.WriteReply("X", 2, m) })
			got := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
			if err := NewCodec(stream{Reader: iotest.OneByteReader(bytes.NewReader(data))}, 0).ReadReply("X", 2, got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, m) {
				t.Errorf("got  %+v\nwant %+v", got, m)
			}
		})
	}
}

// A transport that repeats calls reads the second reply into the same message.
func TestAReplyIsReadAnewAfterOneThatBrokeOff(t *testing.T) {
	status := Status{Info: []string{"one"}}
	for _, m := range []Message{
		&MetadataResp{Status: status, Columns: []ColumnDesc{{Name: "a"}, {Name: "b", Position: 1}}},
		&ProfileResp{Status: status, Profile: "p", Failed: []string{"q"}},
		&ExecSummaryResp{Status: status, Summary: &ExecSummary{Nodes: []PlanNode{{Label: "x"}}}},
		&CloseImpalaResp{Status: status, DML: &DMLResult{RowsModified: map[string]int64{"": 1}}},
		&OpenSessionResp{Status: status, Configuration: map[string]string{"a": "1"}},
		&LogResp{Status: status, Log: "l"},
		&OperationStatusResp{Status: status, State: StateError, Message: "m"},
	} {
		t.Run(reflect.TypeOf(m).Elem().Name(), func(t *testing.T) {
			data := encode(t, func(c *Codec) error { return c.WriteReply("X", 2, m) })
			got := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
			if err := reader(data[:len(data)-1]).ReadReply("X", 2, got); err == nil {
				t.Fatal("a reply without its end was taken")
			}
			if err := reader(data).ReadReply("X", 2, got); err != nil || !reflect.DeepEqual(got, m) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, m)
			}
		})
	}
}

// rawMessage writes what it is told to.
type rawMessage func(e *encoder)

func (rawMessage) read(*decoder)      {}
func (m rawMessage) write(e *encoder) { m(e) }

func TestSummariesThatPromiseTooMuchAreRefused(t *testing.T) {
	tests := []struct {
		name  string
		write rawMessage
		into  Message
		text  string
	}{
		{"a plan of a million nodes", func(e *encoder) {
			e.begin(2)
			e.list(3, thrift.STRUCT, 1_000_000)
			for range 1_000_000 {
				e.stop()
			}
			e.stop()
		}, &ExecSummaryResp{}, "a plan of 1000000 nodes"},
		{"as many instances at each node as one may have", func(e *encoder) {
			e.begin(2)
			e.list(3, thrift.STRUCT, 100)
			for range 100 {
				e.list(7, thrift.STRUCT, maxNodes)
				for range maxNodes {
					e.stop()
				}
				e.stop()
			}
			e.stop()
		}, &ExecSummaryResp{}, "a plan of 1048676 nodes or instances"},
		{"row counts that are texts", func(e *encoder) {
			e.begin(2)
			e.texts(1, map[string]string{"day=1": "2"})
			e.stop()
		}, &CloseImpalaResp{}, "where texts and numbers were due"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := encode(t, func(c *Codec) error { return c.WriteReply("X", 1, tt.write) })
			err := NewCodec(stream{Reader: bytes.NewReader(data)}, 0).ReadReply("X", 1, tt.into)
			if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzImpalasOwnReplies(f *testing.F) {
	for _, m := range []Message{
		&ExecSummaryResp{Summary: &ExecSummary{Nodes: []PlanNode{{Label: "x", Stats: []NodeStats{{}}}}, Progress: &ExecProgress{1, 2, 3, 4}}},
		&ProfileResp{Profile: "p", Failed: []string{"q"}}, &CloseImpalaResp{DML: &DMLResult{RowsModified: map[string]int64{"": 1}}},
	} {
		f.Add(encode(f, func(c *Codec) error { return c.WriteReply("X", 1, m) }))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, m := range []Message{&ExecSummaryResp{}, &ProfileResp{}, &CloseImpalaResp{}} {
			_ = reader(data).ReadReply("X", 1, m)
		}
	})
}
