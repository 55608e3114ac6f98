package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// stream is what a connection carries in one direction.
type stream struct {
	io.Reader
	io.Writer
}

func reader(data []byte) *Codec { return NewCodec(stream{Reader: bytes.NewReader(data)}, 1<<20) }

func encode(t testing.TB, write func(c *Codec) error) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := write(NewCodec(stream{Writer: &out}, 0)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Computed with Apache Thrift's own Go library.
const (
	goldenOpenSession = `80010001 0000000b 4f70656e53657373696f6e 00000001
		0c 0001 08 0001 00000005
		0d 0004 0b 0b 00000001 0000000c 726571756573745f706f6f6c 00000003 65746c 00 00`
	goldenFetchResults = `80010002 0000000c 4665746368526573756c7473 00000007
		0c 0000 0c 0001 08 0001 00000000 00 02 0002 00
		0c 0003 0a 0001 0000000000000000 0f 0002 0c 00000000 0f 0003 0c 00000002
		0c 0004 0f 0001 08 00000003 00000001 00000000 fffffffd 0b 0002 00000001 02 00 00
		0c 0007 0f 0001 0b 00000003 00000001 61 00000000 00000004 312e3530 0b 0002 00000001 02 00 00
		00 00 00`
)

func TestGoldenBytesOfOpenSession(t *testing.T) {
	got := encode(t, func(c *Codec) error {
		return c.WriteCall("OpenSession", 1, &OpenSessionReq{Protocol: ProtocolV6, Configuration: map[string]string{"request_pool": "etl"}})
	})
	if want := unhex(t, goldenOpenSession); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
}

func goldenBatch() *FetchResultsResp {
	ints, texts := ColumnBuilder{Kind: KindI32}, ColumnBuilder{Kind: KindString}
	ints.Int(1)
	ints.Null()
	ints.Int(-3)
	texts.Text("a")
	texts.Null()
	texts.Text("1.50")
	return &FetchResultsResp{HasResults: true, Build: []ColumnBuilder{ints, texts}}
}

func TestGoldenBytesOfFetchResults(t *testing.T) {
	want := unhex(t, goldenFetchResults)
	got := encode(t, func(c *Codec) error { return c.WriteReply("FetchResults", 7, goldenBatch()) })
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	var m FetchResultsResp
	if err := reader(want).ReadReply("FetchResults", 7, &m); err != nil {
		t.Fatal(err)
	}
	if m.Rows != 3 || m.HasMoreRows || !reflect.DeepEqual(m.Columns[0].Ints(), []int64{1, 0, -3}) {
		t.Errorf("got %d rows %v, more %v", m.Rows, m.Columns[0].Ints(), m.HasMoreRows)
	}
	for i, want := range []string{"a", "NULL", "1.50"} {
		got := string(m.Columns[1].Text(i))
		if m.Columns[1].Null(i) {
			got = "NULL"
		}
		if got != want || m.Columns[0].Null(i) != (i == 1) {
			t.Errorf("row %d: text %q, want %q; null %v", i, got, want, m.Columns[0].Null(i))
		}
	}
}

func TestEveryMessageSurvivesTheWire(t *testing.T) {
	handle := Handle{GUID: []byte("0123456789abcdef"), Secret: []byte("fedcba9876543210")}
	session, operation := SessionHandle{handle}, OperationHandle{Handle: handle, HasResultSet: true}
	status := Status{Code: StatusError, Info: []string{"one", "two"}, SQLState: "HY000", Message: "AnalysisException: no"}
	messages := []Message{
		&OpenSessionReq{Protocol: ProtocolV6, Username: "u", Configuration: map[string]string{"a": "1", "b": ""}},
		&OpenSessionResp{Status: status, Protocol: ProtocolV6, Session: session, Configuration: map[string]string{"HTTP_ADDR": "x"}},
		&SessionReq{session}, &StatusResp{status},
		&PingResp{Status: status, Version: "v", WebServer: "w:25000", Timestamp: math.MaxInt64},
		&GetInfoReq{session, InfoDBMSVer}, &GetInfoResp{Status: status, Value: "Impala", IsText: true}, &GetInfoResp{Status: status, IsText: true},
		&GetInfoResp{Status: status, Field: InfoSmall, Number: -2}, &GetInfoResp{Status: status, Field: InfoBitmask, Number: 127}, &GetInfoResp{Status: status, Field: InfoLength, Number: 1 << 40}, &GetInfoResp{Status: status},
		&ExecuteStatementReq{Session: session, Statement: "SELECT 'ž'", ConfOverlay: map[string]string{"mem_limit": "2g"}, Async: true},
		&OperationResp{Status: status, Operation: &operation}, &OperationResp{Status: status},
		&OperationReq{operation},
		&OperationStatusResp{Status: status, State: StatePending, SQLState: "HY000", Message: "m"},
		&LogResp{status, "line\nline"},
		&MetadataResp{Status: status, Columns: []ColumnDesc{{Name: "a", Type: Decimal, Precision: 38, Scale: 2},
			{Name: "b", Type: Varchar, MaxLength: 9, Position: 1}, {Name: "", Type: Null, Position: 2}}},
		&MetadataResp{Status: status},
		&FetchResultsReq{Operation: operation, MaxRows: 8192},
	}
	for _, m := range messages {
		name := reflect.TypeOf(m).Elem().Name()
		t.Run(name, func(t *testing.T) {
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

func TestColumnsOfEveryKind(t *testing.T) {
	numbers := map[Kind][]int64{
		KindBool: {0, 1, 1}, KindByte: {math.MinInt8, 0, math.MaxInt8}, KindI16: {math.MinInt16, -1, math.MaxInt16},
		KindI32: {math.MinInt32, -1, math.MaxInt32}, KindI64: {math.MinInt64, -1, math.MaxInt64},
	}
	doubles := []float64{math.Inf(-1), math.Copysign(0, -1), math.SmallestNonzeroFloat64}
	texts := []string{"", "\xff\x00", strings.Repeat("long ", 100_000)}
	var reply FetchResultsResp
	reply.HasResults = true
	for kind := KindBool; kind <= KindBinary; kind++ {
		b := ColumnBuilder{Kind: kind}
		for i := range 3 {
			switch kind {
			case KindDouble:
				b.Float(doubles[i])
			case KindString, KindBinary:
				b.Text(texts[i])
			default:
				b.Int(numbers[kind][i])
			}
		}
		reply.Build = append(reply.Build, b)
	}
	data := encode(t, func(c *Codec) error { return c.WriteReply("F", 1, &reply) })
	for name, r := range map[string]io.Reader{"whole": bytes.NewReader(data), "byte by byte": iotest.OneByteReader(bytes.NewReader(data))} {
		var m FetchResultsResp
		if err := NewCodec(stream{Reader: r}, 0).ReadReply("F", 1, &m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range m.Columns {
			c := &m.Columns[i]
			switch c.Kind() {
			case KindDouble:
				if !reflect.DeepEqual(c.Floats(), doubles) {
					t.Errorf("%s: doubles %v", name, c.Floats())
				}
			case KindString, KindBinary:
				for i, want := range texts {
					if string(c.Text(i)) != want {
						t.Errorf("%s: text %d differs", name, i)
					}
				}
			default:
				if !reflect.DeepEqual(c.Ints(), numbers[c.Kind()]) {
					t.Errorf("%s: kind %d: %v", name, c.Kind(), c.Ints())
				}
			}
			if c.HasNulls() {
				t.Errorf("%s: kind %d has NULLs", name, c.Kind())
			}
		}
	}
}

// column makes a reply of one INT column whose value list and bitmap are given as hex.
func column(t *testing.T, values, nulls string) []byte {
	return unhex(t, `80010002 00000001 46 00000001 0c0000 0c0003 0f00030c00000001 0c0004 0f0001 08`+values+`0b0002`+nulls+`0000 00 00 00`)
}

func TestShortBitmapsMeanNotNull(t *testing.T) {
	for name, bitmap := range map[string]string{"none": "00000000", "one byte": "0000000101", "all": "000000020101"} {
		var m FetchResultsResp
		values := "00000009" + strings.Repeat("00000005", 9)
		if err := reader(column(t, values, bitmap)).ReadReply("F", 1, &m); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := m.Columns[0].Null(0), name != "none"; got != want {
			t.Errorf("%s: row 0 null %v, want %v", name, got, want)
		}
		if got, want := m.Columns[0].Null(8), name == "all"; got != want {
			t.Errorf("%s: row 8 null %v, want %v", name, got, want)
		}
	}
}

func TestBadRepliesAreRefused(t *testing.T) {
	good := unhex(t, goldenFetchResults)
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, io.EOF},
		{"a count beyond the limit", column(t, "7fffffff", "00000000"), ErrMalformed},
		{"a negative count", column(t, "80000000", "00000000"), ErrMalformed},
		{"a count beyond the bytes", column(t, "00010000", "00000000"), io.ErrUnexpectedEOF},
		{"a bitmap beyond the limit", column(t, "00000000", "7fffffff"), ErrTooLarge},
		{"a bitmap of negative length", column(t, "00000000", "ffffffff"), ErrTooLarge},
		{"another method's reply", encode(t, func(c *Codec) error { return c.WriteReply("X", 7, &StatusResp{}) }), ErrMalformed},
		{"another call's reply", encode(t, func(c *Codec) error { return c.WriteReply("FetchResults", 8, &StatusResp{}) }), ErrMalformed},
		{"no result", unhex(t, "80010002 0000000c 4665746368526573756c7473 00000007 00"), ErrMalformed},
		{"TLS", []byte("\x15\x03\x01\x00\x02\x02\x46"), ErrMalformed},
		{"HTTP", []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), ErrMalformed},
		{"columns of unequal length", bytes.Replace(good, unhex(t, "0f0001 08 00000003 00000001 00000000"), unhex(t, "0f0001 08 00000002 00000001"), 1), ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m FetchResultsResp
			method, seq := "FetchResults", int32(7)
			if bytes.HasPrefix(tt.data, unhex(t, "80010002 00000001 46")) {
				method, seq = "F", 1
			}
			err := reader(tt.data).ReadReply(method, seq, &m)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	for n := 1; n < len(good); n++ {
		var m FetchResultsResp
		if err := reader(good[:n]).ReadReply("FetchResults", 7, &m); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func TestAnExceptionLeavesTheConnectionInOrder(t *testing.T) {
	data := encode(t, func(c *Codec) error {
		return c.WriteException("GetLog", 1, &Exception{ExceptionUnknownMethod, "Invalid method name: 'GetLog'"})
	})
	data = append(data, encode(t, func(c *Codec) error { return c.WriteReply("Next", 2, &StatusResp{}) })...)
	c := reader(data)
	var x *Exception
	if err := c.ReadReply("GetLog", 1, &LogResp{}); !errors.As(err, &x) || x.Kind != ExceptionUnknownMethod || x.Text != "Invalid method name: 'GetLog'" {
		t.Fatalf("got %v", err)
	}
	if err := c.ReadReply("Next", 2, &StatusResp{}); err != nil {
		t.Error(err)
	}
}

func TestCallsAreReadInBothStyles(t *testing.T) {
	strict := encode(t, func(c *Codec) error {
		return c.WriteCall("CloseSession", 3, &SessionReq{SessionHandle{Handle{GUID: []byte("g"), Secret: []byte("s")}}})
	})
	old := append(unhex(t, "0000000c 436c6f736553657373696f6e 01 00000003"), strict[24:]...)
	for name, data := range map[string][]byte{"strict": strict, "without version": old} {
		c := reader(append(data, strict...))
		for range 2 {
			method, seq, err := c.ReadCall()
			var req SessionReq
			if err == nil {
				err = c.ReadRequest(&req)
			}
			if err != nil || method != "CloseSession" || seq != 3 || string(req.Session.Secret) != "s" {
				t.Errorf("%s: got %q %d %v, %v", name, method, seq, req.Session, err)
			}
		}
		if _, _, err := c.ReadCall(); err != io.EOF {
			t.Errorf("%s: after the last call: %v", name, err)
		}
	}
}

func TestHandlesDoNotPrintTheirSecret(t *testing.T) {
	h := OperationHandle{Handle: Handle{GUID: []byte{1}, Secret: []byte("hidden")}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := strings.ToLower(sprint(format, h) + sprint(format, &OperationReq{h})); strings.Contains(text, "hidden") || strings.Contains(text, "104, 105") || strings.Contains(text, "0x68") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}

func TestReusedBatchesDoNotAllocate(t *testing.T) {
	batch := goldenBatch()
	for range 5000 {
		batch.Build[0].Int(7)
		batch.Build[1].Text("some text")
	}
	one := encode(t, func(c *Codec) error { return c.WriteReply("FetchResults", 7, batch) })
	c := NewCodec(stream{Reader: &repeat{data: one}}, 0)
	var m FetchResultsResp
	read := func() {
		if err := c.ReadReply("FetchResults", 7, &m); err != nil || m.Rows != 5003 {
			t.Fatalf("%d rows, %v", m.Rows, err)
		}
	}
	read()
	read()
	// One is the method's name, which Thrift reads as a string.
	if n := testing.AllocsPerRun(50, read); n > 1 {
		t.Errorf("%v allocations a batch", n)
	}
}

// repeat is an endless stream of the same message.
type repeat struct {
	data []byte
	pos  int
}

func (r *repeat) Read(p []byte) (int, error) {
	n := copy(p, r.data[r.pos:])
	r.pos = (r.pos + n) % len(r.data)
	return n, nil
}

func FuzzReadReply(f *testing.F) {
	f.Add(unhex(f, goldenFetchResults))
	f.Add(encode(f, func(c *Codec) error { return c.WriteException("FetchResults", 7, &Exception{1, "x"}) }))
	for _, m := range []Message{
		&MetadataResp{Columns: []ColumnDesc{{Name: "a", Type: Decimal, Precision: 3}}},
		&OpenSessionResp{Configuration: map[string]string{"A": "1"}}, &GetInfoResp{Value: "Impala", IsText: true},
		&CloseImpalaResp{DML: &DMLResult{RowsModified: map[string]int64{"p=1": 2}}},
		&ExecSummaryResp{Summary: &ExecSummary{Nodes: []PlanNode{{ID: 1, Label: "SCAN"}}}},
	} {
		f.Add(encode(f, func(c *Codec) error { return c.WriteReply("FetchResults", 7, m) }))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, m := range []Message{&FetchResultsResp{}, &MetadataResp{}, &OpenSessionResp{}, &OperationResp{}, &OperationStatusResp{}, &LogResp{},
			&StatusResp{}, &PingResp{}, &GetInfoResp{}, &CloseImpalaResp{}, &ExecSummaryResp{}, &ProfileResp{}, &QueryIDResp{}} {
			var err error
			// A text of no bytes is four on the wire and sixteen here, and so are names of columns
			// within theirs; what is appended one by one is copied as it grows.
			if took := memory(t, func() { err = reader(data).ReadReply("FetchResults", 7, m) }); took > 2*readChunk+100*len(data) {
				t.Errorf("%T: %d bytes took %d", m, len(data), took)
			}
			if r, ok := m.(*FetchResultsResp); ok && err == nil {
				touch(r)
				inProportion(t, r, len(data))
			}
		}
	})
}

// touch reads every value of a batch, which must not panic whatever was received.
func touch(m *FetchResultsResp) (bytes int) {
	for i := range m.Columns {
		c := &m.Columns[i]
		for row := range c.Len() {
			if c.Kind() == KindString || c.Kind() == KindBinary {
				bytes += len(c.Text(row))
			}
			if c.Null(row) {
				bytes++
			}
		}
		bytes += len(c.Ints()) + len(c.Floats())
	}
	return bytes
}

func FuzzReadCall(f *testing.F) {
	f.Add(unhex(f, goldenOpenSession))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, m := range []Message{&OpenSessionReq{}, &ExecuteStatementReq{}, &FetchResultsReq{}, &GetInfoReq{}, nil} {
			c := reader(data)
			if _, _, err := c.ReadCall(); err == nil {
				_ = c.ReadRequest(m)
			}
		}
	})
}

func sprint(format string, v any) string { return fmt.Sprintf(format, v) }
