package wire

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// largeReply is a reply of texts of so many bytes each, of a column of numbers and of
// bitmaps before and behind them.
func largeReply(t testing.TB, rows, textBytes int) []byte {
	t.Helper()
	columns := []ColumnBuilder{{Kind: KindString}, {Kind: KindI64}, {Kind: KindBinary}}
	for row := range rows {
		for i := range columns {
			switch {
			case row%5 == 4:
				columns[i].Null()
			case i == 1:
				columns[i].Int(int64(row))
			default:
				columns[i].Text(largeText(row, textBytes))
			}
		}
	}
	return encode(t, func(c *Codec) error { return c.WriteReply("F", 1, &FetchResultsResp{HasResults: true, Build: columns}) })
}

func largeText(row, textBytes int) string {
	head := fmt.Sprintf("%d:", row)
	return head + strings.Repeat(string(rune('a'+row%26)), textBytes-len(head))
}

// A message that takes many buffers reads like one that takes one, and what follows it is
// not lost. Texts of all lengths about the size of a read, of a buffer and of several.
func TestMessagesOfManyBuffers(t *testing.T) {
	for _, shape := range []struct{ rows, textBytes int }{{20, 1 << 20}, {3, 5 << 20}, {100, readChunk - 4}, {41, 200_003}, {60_000, 100}} {
		t.Run(fmt.Sprintf("%d texts of %d bytes", shape.rows, shape.textBytes), func(t *testing.T) {
			large, small := largeReply(t, shape.rows, shape.textBytes), unhex(t, goldenFetchResults)
			c := NewCodec(stream{Reader: bytes.NewReader(bytes.Join([][]byte{small, large, small, large, small}, nil))}, 0)
			var m FetchResultsResp
			for i := range 5 {
				if i%2 == 0 {
					if err := c.ReadReply("FetchResults", 7, &m); err != nil || m.Rows != 3 || string(m.Columns[1].Text(2)) != "1.50" {
						t.Fatalf("message %d: %d rows, %v", i, m.Rows, err)
					}
					continue
				}
				if err := c.ReadReply("F", 1, &m); err != nil || m.Rows != shape.rows || c.MessageSize() != len(large) {
					t.Fatalf("message %d: %d rows, %d bytes, %v", i, m.Rows, c.MessageSize(), err)
				}
				checkLarge(t, &m, shape.textBytes)
			}
		})
	}
}

func checkLarge(t *testing.T, m *FetchResultsResp, textBytes int) {
	t.Helper()
	for row := range m.Rows {
		null, want := row%5 == 4, largeText(row, textBytes)
		for i := range m.Columns {
			c := &m.Columns[i]
			if c.Null(row) != null || i == 1 && !null && c.Ints()[row] != int64(row) || i != 1 && !null && string(c.Text(row)) != want {
				t.Fatalf("row %d of column %d differs", row, i)
			}
		}
	}
}

// memory is how much a read leaves allocated at the most, garbage included.
func memory(t *testing.T, read func()) int {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	read()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

func TestMemoryFollowsTheMessage(t *testing.T) {
	wide, narrow := largeReply(t, 16, 1<<20), largeReply(t, 16, 100)
	long := largeReply(t, 1, 12<<20)
	var in bytes.Buffer
	c := NewCodec(stream{Reader: &in}, 0)
	var m FetchResultsResp
	read := func(data []byte) {
		in.Write(data)
		if err := c.ReadReply("F", 1, &m); err != nil {
			t.Fatal(err)
		}
	}
	in.Grow(len(long) + len(wide))
	if got := memory(t, func() { read(wide) }); got > len(wide)*3/2+segmentSize {
		t.Errorf("a message of %d bytes took %d", len(wide), got)
	}
	if read(narrow); c.t.retired != nil || len(c.t.in) > segmentSize {
		t.Errorf("%d bytes and %d pieces are kept for %d", len(c.t.in), len(c.t.retired), len(narrow))
	}
	if got := memory(t, func() { read(narrow) }); got > 1000 {
		t.Errorf("the next message took %d bytes", got)
	}
	read(long)
	if read(narrow); len(c.t.in) < 12<<20 {
		t.Errorf("%d bytes: the buffer is given away although messages may be long", len(c.t.in))
	}
	if read(narrow); len(c.t.in) > segmentSize {
		t.Errorf("%d bytes are kept for %d", len(c.t.in), len(narrow))
	}
}

func TestColumnsOfOneHugeBatchAreGivenBack(t *testing.T) {
	var in bytes.Buffer
	c := NewCodec(stream{Reader: &in}, 0)
	var m FetchResultsResp
	for _, rows := range []int{10, 400_000, 10, 10} {
		in.Write(largeReply(t, rows, 10))
		if err := c.ReadReply("F", 1, &m); err != nil || m.Rows != rows {
			t.Fatalf("%d rows, %v", m.Rows, err)
		}
	}
	for i := range m.Columns {
		if c := &m.Columns[i]; cap(c.ints) > keptValues || cap(c.off) > keptValues {
			t.Errorf("column %d keeps %d numbers and %d offsets for 10 rows", i, cap(c.ints), cap(c.off))
		}
	}
}

// What was pinned stays as it is while further messages are read, whole ones and the
// beginning of the next that arrived with them, until another is pinned.
func TestAPinnedMessageStays(t *testing.T) {
	small := unhex(t, goldenFetchResults)
	for _, shape := range []struct{ rows, textBytes int }{{7, 300}, {20, 1 << 20}, {60_000, 100}} {
		t.Run(fmt.Sprintf("%d texts of %d bytes", shape.rows, shape.textBytes), func(t *testing.T) {
			large := largeReply(t, shape.rows, shape.textBytes)
			c := NewCodec(stream{Reader: bytes.NewReader(bytes.Repeat(append(large, small...), 3))}, 0)
			var pinned, m FetchResultsResp
			for round := range 3 {
				if err := c.ReadReply("F", 1, &pinned); err != nil {
					t.Fatal(err)
				}
				c.Pin()
				if err := c.ReadReply("FetchResults", 7, &m); err != nil || m.Rows != 3 || string(m.Columns[1].Text(2)) != "1.50" {
					t.Fatalf("round %d: %d rows, %v", round, m.Rows, err)
				}
				checkLarge(t, &pinned, shape.textBytes)
			}
		})
	}
}

func TestPinningTakesTwoBuffersAndNoMore(t *testing.T) {
	wide, narrow := largeReply(t, 1, 12<<20), largeReply(t, 16, 100)
	var in bytes.Buffer
	in.Grow(len(wide))
	c := NewCodec(stream{Reader: &in}, 0)
	var replies [2]FetchResultsResp
	read := func(i int, data []byte) {
		in.Write(data)
		if err := c.ReadReply("F", 1, &replies[i%2]); err != nil {
			t.Fatal(err)
		}
		c.Pin()
	}
	for i, data := range [][]byte{wide, wide, narrow, narrow, narrow} {
		read(i, data)
	}
	if len(c.t.in) > segmentSize || len(c.t.pinned) > segmentSize {
		t.Errorf("%d and %d bytes are kept for %d", len(c.t.in), len(c.t.pinned), len(narrow))
	}
	if got := memory(t, func() { read(1, narrow) }); got > 1000 {
		t.Errorf("the next message took %d bytes", got)
	}
}
