package impala

import (
	"bytes"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"qosreport/internal/impala/replay"
	"qosreport/internal/impala/wire"
)

const (
	replayRows   = 8192
	replayMethod = "FetchResults"
	roundBatches = 64 // batches read in one way before the other has its turn
)

type stream struct {
	io.Reader
	io.Writer
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
	bare := dialBare(b)
	rows := replayedRows(b, Options{}, 0)
	var bareRounds, rounds []time.Duration
	var start time.Time
	b.ReportAllocs()
	b.SetBytes(int64(bare.sizes[0]))
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
	server := replay.Calls(b, replayRows, false)
	server.Work = work
	o.Hosts = []string{server.Start(b)}
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
	b      *testing.B
	conn   net.Conn
	call   []byte
	sizes  [roundBatches]int // of the replies of a round
	buffer []byte
}

func dialBare(b *testing.B) *bareCaller {
	b.Helper()
	c := &bareCaller{b: b}
	server := replay.Calls(b, replayRows, false)
	for i := range c.sizes {
		c.sizes[i] = len(server.Reply(i, 0))
	}
	c.buffer = make([]byte, slices.Max(c.sizes[:]))
	var call bytes.Buffer
	err := wire.NewCodec(stream{Writer: &call}, 0).WriteCall(replayMethod, 0, &wire.FetchResultsReq{})
	if err != nil {
		b.Fatal(err)
	}
	c.call = call.Bytes()
	if c.conn, err = net.DialTimeout("tcp", server.Start(b), 10*time.Second); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.conn.Close() })
	return c
}

// round makes so many calls that the next round begins with the first reply again.
func (c *bareCaller) round() time.Duration {
	c.conn.SetDeadline(time.Now().Add(time.Minute))
	start := time.Now()
	for _, size := range c.sizes {
		if _, err := c.conn.Write(c.call); err != nil {
			c.b.Fatal(err)
		}
		if _, err := io.ReadFull(c.conn, c.buffer[:size]); err != nil {
			c.b.Fatal(err)
		}
	}
	return time.Since(start)
}
