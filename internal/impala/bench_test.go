package impala

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/impala/wire"
)

const (
	replayRows   = 8192
	replayCount  = 8 // different batches
	replayMethod = "FetchResults"
	roundBatches = 64 // batches read in one way before the other has its turn
)

var replayColumns = []wire.ColumnDesc{
	{Name: "id", Type: wire.String}, {Name: "a", Type: wire.String}, {Name: "b", Type: wire.String}, {Name: "c", Type: wire.String},
	{Name: "d", Type: wire.Double}, {Name: "e", Type: wire.Double}, {Name: "f", Type: wire.Double}, {Name: "g", Type: wire.Double},
	{Name: "n", Type: wire.BigInt}, {Name: "s", Type: wire.SmallInt},
}

// replayedBatches are replies of 133 bytes of values a row: an id of 36 bytes, three
// texts of 4 to 22, and numbers.
func replayedBatches(b testing.TB) (replies [][]byte) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	text := strings.Repeat("0123456789abcdef", 3)
	for range replayCount {
		m := &wire.FetchResultsResp{HasResults: true, HasMoreRows: true, Build: make([]wire.ColumnBuilder, len(replayColumns))}
		for i, column := range replayColumns {
			m.Build[i].Kind = map[wire.TypeID]wire.Kind{wire.String: wire.KindString, wire.Double: wire.KindDouble,
				wire.BigInt: wire.KindI64, wire.SmallInt: wire.KindI16}[column.Type]
			for range replayRows {
				switch {
				case i == 0:
					m.Build[i].Text(text[:36])
				case column.Type == wire.String:
					m.Build[i].Text(text[:4+random.IntN(19)])
				case column.Type == wire.Double:
					m.Build[i].Float(random.Float64())
				default:
					m.Build[i].Int(random.Int64())
				}
			}
		}
		var out bytes.Buffer
		if err := wire.NewCodec(stream{Writer: &out}, 0).WriteReply(replayMethod, 0, m); err != nil {
			b.Fatal(err)
		}
		replies = append(replies, out.Bytes())
	}
	return replies
}

type stream struct {
	io.Reader
	io.Writer
}

// replayTo answers the calls of one connection as a coordinator does whose result has no
// end; a fetch is answered with the next batch, encoded long before, after a time.
func replayTo(nc net.Conn, replies [][]byte, work time.Duration) error {
	handle := wire.Handle{GUID: make([]byte, 16), Secret: make([]byte, 16)}
	answers := map[string]wire.Message{
		"OpenSession": &wire.OpenSessionResp{Protocol: wire.ProtocolV6, Session: wire.SessionHandle{Handle: handle},
			Configuration: map[string]string{"http_addr": "localhost:25000"}},
		"ExecuteStatement":     &wire.OperationResp{Operation: &wire.OperationHandle{Handle: handle, HasResultSet: true}},
		"GetOperationStatus":   &wire.OperationStatusResp{State: wire.StateFinished},
		"GetResultSetMetadata": &wire.MetadataResp{Columns: replayColumns},
	}
	codec := wire.NewCodec(nc, 0)
	for next := 0; ; {
		method, seq, err := codec.ReadCall()
		if err == nil {
			err = codec.ReadRequest(nil)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err == nil && method == replayMethod:
			time.Sleep(work)
			// The number of the call lies behind version, length and name.
			binary.BigEndian.PutUint32(replies[next][8+len(replayMethod):], uint32(seq))
			_, err = nc.Write(replies[next])
			next = (next + 1) % len(replies)
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

// replayServer listens on loopback until the benchmark ends. It works on each batch for a time.
func replayServer(b *testing.B, replies [][]byte, work time.Duration) (addr string) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		nc, err := l.Accept()
		if err == nil {
			nc.SetDeadline(time.Now().Add(10 * time.Minute))
			err = replayTo(nc, replies, work)
			nc.Close()
		}
		ended <- err
	}()
	b.Cleanup(func() {
		l.Close()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return l.Addr().String()
}

// BenchmarkFetch reads batches through [Rows.Next], over loopback TCP. Before each round
// the same calls are made bare on another connection, off the clock: a call written, its
// reply read into one buffer. x-bare is the ratio of the medians.
func BenchmarkFetch(b *testing.B) {
	b.Run("columns", func(b *testing.B) { fetchAgainstBare(b, func(*Batch) {}) })
	b.Run("every-value", func(b *testing.B) {
		r := reading{seed: maphash.MakeSeed()}
		fetchAgainstBare(b, r.add)
		if r.total == 0 || r.hash == 0 {
			b.Error("nothing was read")
		}
	})
}

// reading is what a caller does at least who looks at each value.
type reading struct {
	seed  maphash.Seed
	total float64
	hash  uint64
}

func (r *reading) add(batch *Batch) {
	for i := range batch.Columns {
		c := &batch.Columns[i]
		for _, v := range c.Ints() {
			r.total += float64(v)
		}
		for _, v := range c.Floats() {
			r.total += v
		}
		if c.Kind() == wire.KindString {
			for row := range batch.Rows {
				r.hash += maphash.Bytes(r.seed, c.Text(row))
			}
		}
	}
}

func fetchAgainstBare(b *testing.B, use func(*Batch)) {
	replies := replayedBatches(b)
	bare := dialBare(b, replies)
	rows := replayedRows(b, Options{}, 0)
	var bareRounds, rounds []time.Duration
	var start time.Time
	b.ReportAllocs()
	b.SetBytes(int64(len(replies[0])))
	for i := 0; b.Loop(); i++ {
		if i%roundBatches == 0 {
			b.StopTimer()
			bareRounds = append(bareRounds, bare.round())
			b.StartTimer()
			start = time.Now()
		}
		batch, err := rows.Next(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		use(batch)
		if i%roundBatches == roundBatches-1 {
			rounds = append(rounds, time.Since(start))
		}
	}
	b.ReportMetric(float64(b.N)*replayRows/b.Elapsed().Seconds(), "rows/s")
	if len(rounds) > 0 {
		b.ReportMetric(float64(median(rounds))/float64(median(bareRounds)), "x-bare")
	}
}

// replayedRows is a result without end.
func replayedRows(b *testing.B, o Options, work time.Duration) *Rows {
	b.Helper()
	o.Hosts = []string{replayServer(b, replayedBatches(b), work)}
	client, err := Connect(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	rows, err := client.Query(b.Context(), "SELECT")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(rows.Close(context.Background()), client.Close(context.Background())); err != nil {
			b.Error(err)
		}
	})
	return rows
}

// BenchmarkFetchAhead reads batches on each of which the server works for 2 ms, by turns with
// and without asking for the next batch before the last is read. x-plain is the ratio of the
// medians: the time of a batch goes from the sum of both sides' to nearly the larger one, so
// that it pays the more the caller does.
func BenchmarkFetchAhead(b *testing.B) {
	r := reading{seed: maphash.MakeSeed()}
	b.Run("every-value", func(b *testing.B) { aheadAgainstPlain(b, r.add) })
	var text []byte
	b.Run("every-value-as-text", func(b *testing.B) {
		aheadAgainstPlain(b, func(batch *Batch) {
			text = text[:0]
			for row := range batch.Rows {
				for column := range batch.Columns {
					text = batch.Append(text, column, row)
				}
			}
		})
	})
}

func aheadAgainstPlain(b *testing.B, use func(*Batch)) {
	const work, batches = 2 * time.Millisecond, roundBatches / 4
	round := func(rows *Rows) time.Duration {
		start := time.Now()
		for range batches {
			batch, err := rows.Next(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			use(batch)
		}
		return time.Since(start)
	}
	plain, ahead := replayedRows(b, Options{}, work), replayedRows(b, Options{FetchAhead: true}, work)
	var plainRounds, aheadRounds []time.Duration
	for b.Loop() {
		plainRounds = append(plainRounds, round(plain))
		aheadRounds = append(aheadRounds, round(ahead))
	}
	b.ReportMetric(batches*replayRows/median(plainRounds).Seconds(), "plain-rows/s")
	b.ReportMetric(batches*replayRows/median(aheadRounds).Seconds(), "ahead-rows/s")
	b.ReportMetric(float64(median(aheadRounds))/float64(median(plainRounds)), "x-plain")
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// bareCaller makes calls and looks at nothing that comes back.
type bareCaller struct {
	b       *testing.B
	conn    net.Conn
	call    []byte
	replies [][]byte // for their lengths
	buffer  []byte
}

func dialBare(b *testing.B, replies [][]byte) *bareCaller {
	b.Helper()
	var call bytes.Buffer
	if err := wire.NewCodec(stream{Writer: &call}, 0).WriteCall(replayMethod, 0, &wire.FetchResultsReq{}); err != nil {
		b.Fatal(err)
	}
	nc, err := net.DialTimeout("tcp", replayServer(b, replies, 0), 10*time.Second)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { nc.Close() })
	c := &bareCaller{b: b, conn: nc, call: call.Bytes(), replies: replies}
	for _, reply := range replies {
		c.buffer = make([]byte, max(len(c.buffer), len(reply)))
	}
	return c
}

func (c *bareCaller) round() time.Duration {
	c.conn.SetDeadline(time.Now().Add(time.Minute))
	start := time.Now()
	for i := range roundBatches {
		if _, err := c.conn.Write(c.call); err != nil {
			c.b.Fatal(err)
		}
		if _, err := io.ReadFull(c.conn, c.buffer[:len(c.replies[i%replayCount])]); err != nil {
			c.b.Fatal(err)
		}
	}
	return time.Since(start)
}
