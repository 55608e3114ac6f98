package impala

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/impala/replay"
	"qosreport/internal/impala/wire"
)

// supplier answers fetches with rows of the widths that it is told, as many as are asked for.
type supplier struct {
	width func(row int) int // bytes of a row's text
	rows  int               // that there are
	given int
	asked []int64
}

func (s *supplier) answer(req wire.Message) any {
	asked := req.(*wire.FetchResultsReq).MaxRows
	s.asked = append(s.asked, asked)
	m := &wire.FetchResultsResp{HasResults: true, StartRow: int64(s.given), Build: []wire.ColumnBuilder{{Kind: wire.KindI64}, {Kind: wire.KindString}}}
	for range min(int(asked), s.rows-s.given) {
		m.Build[0].Int(int64(s.given))
		m.Build[1].Text(strings.Repeat("x", s.width(s.given)))
		s.given++
	}
	m.HasMoreRows = s.given < s.rows
	return m
}

// drain reads all rows, and shows each batch.
func drain(t *testing.T, client *Client, see func(*Batch)) (n int) {
	t.Helper()
	rows, err := client.Query(t.Context(), "SELECT")
	if err != nil {
		t.Fatal(err)
	}
	for {
		batch, err := rows.Next(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n += batch.Rows
		see(batch)
	}
	if err := rows.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFetchesAskForAsManyRowsAsAreSafe(t *testing.T) {
	always := func(bytes int) func(int) int { return func(int) int { return bytes } }
	from := func(row, before, after int) func(int) int {
		return func(at int) int {
			if at < row {
				return before
			}
			return after
		}
	}
	tests := []struct {
		name  string
		rows  int
		width func(int) int
		most  int // rows a fetch, an option
		want  []int64
	}{
		{"few at first, then twice as many each time, up to a limit", 30_000, always(10), 0, []int64{32, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 8192, 8192}},
		{"no more than the options say", 200, always(10), 50, []int64{32, 32, 50, 50, 50}},
		{"about a megabyte when rows are wide", 500, always(10_000), 0, []int64{32, 32, 64, 104, 104, 104, 104}},
		{"one by one when a row is a megabyte", 35, always(1 << 20), 0, []int64{32, 1, 1, 1}},
		{"no more than came before, since the next may be a megabyte each", 66, from(32, 10, 1<<20), 0, []int64{32, 32, 1, 1}},
		{"carefully for a while after wide rows, although narrow ones follow", 200, from(32, 1<<20, 10), 0, []int64{32, 1, 17, 18, 19, 20, 22, 23, 25, 26}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &supplier{width: tt.width, rows: tt.rows}
			client := newStub(t, map[string]any{"FetchResults": s.answer}).connect(t, func(o *Options) { o.BatchRows = tt.most })
			if n := drain(t, client, func(*Batch) {}); n != tt.rows || !reflect.DeepEqual(s.asked, tt.want) {
				t.Errorf("%d rows, asked for %v, want %v", n, s.asked, tt.want)
			}
		})
	}
}

// A client that reads rows of a megabyte, the first fetch of which brings 32, holds no more
// than 64 MiB, what waits for collection included.
func TestRowsOfAMegabyteStayWithinMemory(t *testing.T) {
	row := strings.Repeat("x", 1<<20)
	encoded := make(map[int64][]byte) // by rows: replies are made beforehand, so that the server takes nothing
	for _, rows := range []int64{1, firstFetchRows} {
		m := &wire.FetchResultsResp{HasResults: true, HasMoreRows: true, Build: []wire.ColumnBuilder{{Kind: wire.KindI64}, {Kind: wire.KindString}}}
		for range rows {
			m.Build[0].Int(1)
			m.Build[1].Text(row)
		}
		var out bytes.Buffer
		if err := wire.NewCodec(stream{Writer: &out}, 0).WriteReply("FetchResults", 4, m); err != nil {
			t.Fatal(err)
		}
		encoded[rows] = out.Bytes()
	}
	for _, retain := range []bool{false, true} {
		var before, now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		in := new(bytes.Reader)
		codec := wire.NewCodec(stream{Reader: in}, 0)
		client := &Client{impala: true, opts: Options{}.withDefaults(), conn: &binaryConn{codec: codec}}
		r := &Rows{client: client, columns: twoColumns, fetchRows: firstFetchRows, retain: retain}
		for fetch := range 200 {
			r.pin()
			in.Reset(encoded[int64(r.fetchRows)])
			if err := codec.ReadReply("FetchResults", 4, &r.reply); err != nil {
				t.Fatal(err)
			}
			if err := r.accept(codec.MessageSize()); err != nil {
				t.Fatal(err)
			}
			r.given = true
			runtime.ReadMemStats(&now)
			if grown := int64(now.HeapInuse) - int64(before.HeapInuse); grown > 64<<20 || r.fetchRows != 1 {
				t.Fatalf("retain %t, after fetch %d: %d MiB, and %d rows are asked for", retain, fetch, grown>>20, r.fetchRows)
			}
		}
	}
}

// What the rows of a batch hold.
func contents(b *Batch) (texts []string) {
	for row := range b.Rows {
		texts = append(texts, fmt.Sprintf("%s %s", b.Append(nil, 0, row), b.Append(nil, 1, row)))
	}
	return texts
}

// A result that is closed before its end leaves the two batches that were given out last.
func TestRetainedBatchesStayWhenTheirResultIsClosed(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		s := &supplier{width: func(row int) int { return 1 + row%50 }, rows: 700}
		rows, err := newStub(t, map[string]any{"FetchResults": s.answer}).connect(t, func(o *Options) { o.FetchAhead = ahead }).Query(t.Context(), "SELECT")
		if err != nil {
			t.Fatal(err)
		}
		rows.Retain()
		var held []*Batch
		var want []string
		for range 2 {
			batch, err := rows.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			held, want = append(held, batch), append(want, contents(batch)...)
		}
		if err := rows.Close(t.Context()); err != nil || !slices.Equal(append(contents(held[0]), contents(held[1])...), want) {
			t.Errorf("fetch ahead %t: a batch changed, %v", ahead, err)
		}
	}
}

// Rows that were told to retain batches leave each as it is while the next one is fetched,
// whatever comes in between.
func TestRetainedBatchesStayUntilTheNextIsThere(t *testing.T) {
	for _, kind := range []string{"", "sasl", "http"} {
		for _, ahead := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, fetch ahead %t", kind, ahead), func(t *testing.T) {
				numbers := &supplier{width: func(row int) int { return 1 + row%50 }, rows: 700}
				fetches := 0
				server := newStub(t, map[string]any{"FetchResults": func(req wire.Message) any {
					if fetches++; fetches%3 == 2 {
						return &wire.FetchResultsResp{Status: wire.Status{Code: wire.StatusStillExecuting}}
					}
					return numbers.answer(req)
				}})
				server.kind = kind
				rows, err := server.connect(t, func(o *Options) { o.FetchAhead = ahead }).Query(t.Context(), "SELECT")
				if err != nil {
					t.Fatal(err)
				}
				rows.Retain()
				var last *Batch
				var held, all []string
				for {
					batch, err := rows.Next(t.Context())
					if last != nil && !slices.Equal(contents(last), held) {
						t.Fatalf("a batch of %d rows changed while the next was fetched", last.Rows)
					}
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					last, held = batch, contents(batch)
					all = append(all, held...)
				}
				if err := rows.Close(t.Context()); err != nil || len(all) != 700 || !strings.HasPrefix(all[699], "699 ") {
					t.Errorf("%d rows, %v", len(all), err)
				}
			})
		}
	}
}

// The number of rows makes no difference to memory: once the buffers have grown, a batch
// costs a call and nothing else.
func TestABatchCostsNoMemory(t *testing.T) {
	server := replay.Calls(t, replayRows, false)
	calls := &replayConn{server: server}
	client := &Client{impala: true, opts: Options{}.withDefaults(), conn: &binaryConn{net: calls, codec: wire.NewCodec(calls, 0)}}
	rows := &Rows{client: client, columns: server.Columns, fetchRows: firstFetchRows}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	next := func() {
		if batch, err := rows.Next(ctx); err != nil || batch.Rows != replayRows {
			t.Fatal(batch, err)
		}
	}
	for range 20 {
		next()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	allocations := testing.AllocsPerRun(200, next)
	runtime.ReadMemStats(&after)
	if bytes := (after.TotalAlloc - before.TotalAlloc) / 201; allocations > 1 || bytes > 64 {
		t.Errorf("a batch of %d rows costs %v allocations, %d bytes", replayRows, allocations, bytes)
	}
}

func TestRowsBelowV6AreRead(t *testing.T) {
	m := stubRows()
	m.ByRow, m.HasMoreRows = true, true
	last := stubRows()
	last.ByRow, last.StartRow = true, 3
	client := newStub(t, map[string]any{"FetchResults": sequence(m, last)}).connect(t, nil)
	var texts []string
	drain(t, client, func(b *Batch) {
		for row := range b.Rows {
			texts = append(texts, fmt.Sprintf("%s %s", b.Append(nil, 0, row), b.Append(nil, 1, row)))
		}
	})
	if want := []string{"0 text", "1 text", "2 text", "0 text", "1 text", "2 text"}; !reflect.DeepEqual(texts, want) {
		t.Errorf("got %q", texts)
	}
}

// oneColumn is a batch of one value, NULL if there is none.
func oneColumn(t wire.TypeID, kind wire.Kind, value any) (wire.ColumnDesc, *wire.FetchResultsResp) {
	b := wire.ColumnBuilder{Kind: kind}
	switch value := value.(type) {
	case int:
		b.Int(int64(value))
	case float64:
		b.Float(value)
	case string:
		b.Text(value)
	default:
		b.Null()
	}
	return wire.ColumnDesc{Name: "c", Type: t}, &wire.FetchResultsResp{HasResults: true, Build: []wire.ColumnBuilder{b}}
}

func TestValuesOfEveryType(t *testing.T) {
	tests := []struct {
		name  string
		typ   wire.TypeID
		kind  wire.Kind
		value any
		want  string // "malformed" for a column that cannot be of the type
	}{
		{"a truth value", wire.Boolean, wire.KindBool, 1, "true"},
		{"the least TINYINT", wire.TinyInt, wire.KindByte, -128, "-128"},
		{"the least BIGINT", wire.BigInt, wire.KindI64, -1 << 63, "-9223372036854775808"},
		{"a FLOAT, which is sent widened", wire.Float, wire.KindDouble, float64(float32(1.1)), "1.1"},
		{"a DOUBLE", wire.Double, wire.KindDouble, float64(float32(1.1)), "1.100000023841858"},
		{"a DECIMAL beyond 64 bits, exact", wire.Decimal, wire.KindString, "-12345678901234567890123456789012345678.10", "-12345678901234567890123456789012345678.10"},
		{"a TIMESTAMP with nanoseconds", wire.Timestamp, wire.KindString, "2017-09-12 06:00:00.000000001", "2017-09-12 06:00:00.000000001"},
		{"a DATE", wire.Date, wire.KindString, "0001-01-01", "0001-01-01"},
		{"text that is not UTF-8", wire.String, wire.KindString, "\xff\x00\xfe", "\xff\x00\xfe"},
		{"a CHAR without its padding", wire.Char, wire.KindString, "ab  ", "ab"},
		{"a VARCHAR with its blanks", wire.Varchar, wire.KindString, "ab  ", "ab  "},
		{"BINARY", wire.Binary, wire.KindBinary, "\x00\xff", "\x00\xff"},
		{"BINARY below V6", wire.Binary, wire.KindString, "\x00\xff", "\x00\xff"},
		{"an ARRAY as text", wire.Array, wire.KindString, "[1,NULL]", "[1,NULL]"},
		{"a NULL literal, declared BOOLEAN", wire.Boolean, wire.KindBool, nil, "NULL"},
		{"a NULL literal, declared BOOLEAN and sent as text", wire.Boolean, wire.KindString, nil, "NULL"},
		{"a NULL literal, declared NULL", wire.Null, wire.KindString, nil, "NULL"},
		{"a NULL literal that is none", wire.Null, wire.KindString, "x", "malformed"},
		{"a truth value that is a text", wire.Boolean, wire.KindString, "true", "malformed"},
		{"a number that is a text", wire.Int, wire.KindString, "1", "malformed"},
		{"a DECIMAL that is a double", wire.Decimal, wire.KindDouble, 1.5, "malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			column, reply := oneColumn(tt.typ, tt.kind, tt.value)
			client := newStub(t, map[string]any{"FetchResults": reply, "GetResultSetMetadata": &wire.MetadataResp{Columns: []wire.ColumnDesc{column}}}).connect(t, nil)
			var batch *Batch
			rows, err := client.Query(t.Context(), "SELECT")
			if err == nil {
				batch, err = rows.Next(t.Context())
			}
			got := ""
			switch {
			case errors.Is(err, wire.ErrMalformed):
				got = "malformed"
			case err != nil:
				t.Fatal(err)
			case batch.Null(0, 0):
				got = "NULL"
			default:
				got = string(batch.Append(nil, 0, 0))
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// replayConn answers calls with one batch after the other, in memory. The calls must be
// fetches, numbered from one on.
type replayConn struct {
	net.Conn
	server *replay.Server
	calls  int
	rest   []byte
}

func (c *replayConn) Write(p []byte) (int, error) {
	c.calls++
	c.rest = c.server.Reply(c.calls, int32(c.calls))
	return len(p), nil
}

func (c *replayConn) Read(p []byte) (int, error) {
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *replayConn) SetDeadline(time.Time) error { return nil }
