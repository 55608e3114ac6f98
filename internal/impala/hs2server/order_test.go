package hs2server

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"qosreport/internal/impala/wire"
)

// walker reads TBinaryProtocol without knowing the messages.
type walker struct {
	t *testing.T
	*bytes.Reader
	fields int
}

func (w *walker) number(size int) int {
	var b [8]byte
	if _, err := io.ReadFull(w.Reader, b[8-size:]); err != nil {
		w.t.Fatal(err)
	}
	return int(int64(binary.BigEndian.Uint64(b[:])))
}

// value reads a value by the code of its type.
func (w *walker) value(code int) {
	const (
		boolean, small, double, i16, i32, i64, text = 2, 3, 4, 6, 8, 10, 11
		structure, dictionary, set, list            = 12, 13, 14, 15
	)
	switch code {
	case boolean, small:
		w.number(1)
	case i16:
		w.number(2)
	case i32:
		w.number(4)
	case double, i64:
		w.number(8)
	case text:
		w.Seek(int64(w.number(4)), io.SeekCurrent)
	case structure:
		w.fieldsInOrder()
	case dictionary:
		key, element := w.number(1), w.number(1)
		for range w.number(4) {
			w.value(key)
			w.value(element)
		}
	case set, list:
		element := w.number(1)
		for range w.number(4) {
			w.value(element)
		}
	default:
		w.t.Fatalf("type %d", code)
	}
}

func (w *walker) fieldsInOrder() {
	for last := -1; ; {
		code := w.number(1)
		if code == 0 {
			return
		}
		id := w.number(2)
		if id <= last {
			w.t.Errorf("field %d after field %d", id, last)
		}
		last = id
		w.fields++
		w.value(code)
	}
}

// Impala's generated code writes fields in the order of their ids, which some readers
// have come to rely on.
func TestFieldsGoInTheOrderOfTheirIDs(t *testing.T) {
	var heard bytes.Buffer
	nc := dial(t, New(Options{Engine: everyType{}}))
	c := &client{t: t, nc: nc, bye: nc.bye, codec: wire.NewCodec(struct {
		io.Reader
		io.Writer
	}{io.TeeReader(nc, &heard), nc}, 0)}
	check := func(method string, fields int) {
		t.Helper()
		w := &walker{t: t, Reader: bytes.NewReader(heard.Bytes())}
		w.number(4)
		w.value(11)
		w.number(4)
		w.fieldsInOrder()
		if w.Len() != 0 || w.fields < fields {
			t.Errorf("%s: %d fields, %d bytes are left", method, w.fields, w.Len())
		}
		heard.Reset()
	}
	session := c.open(map[string]string{"mem_limit": "1g"})
	check("OpenSession", 8)
	o := c.execute(session, "SELECT", nil)
	check("ExecuteStatement", 7)
	c.fetch(o, wire.FetchNext, 10)
	check("FetchResults", 50)
	for method, req := range map[string]wire.Message{
		"GetOperationStatus": &wire.OperationReq{Operation: o}, "GetResultSetMetadata": &wire.OperationReq{Operation: o}, "GetLog": &wire.OperationReq{Operation: o},
		"GetQueryId": &wire.OperationReq{Operation: o}, "GetExecSummary": &wire.ExecSummaryReq{Operation: o, Session: session},
		"GetRuntimeProfile": &wire.ProfileReq{Operation: o, Session: session}, "GetInfo": &wire.GetInfoReq{Session: session, Kind: wire.InfoDBMSName},
		"PingImpalaHS2Service": &wire.SessionReq{Session: session}, "GetTypeInfo": &wire.MetadataReq{Session: session}, "SetClientInfo": &wire.SessionReq{Session: session},
		"CloseOperation": &wire.OperationReq{},
	} {
		c.call(method, req, &wire.StatusResp{})
		check(method, 2)
	}
}
