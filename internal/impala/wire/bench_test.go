package wire

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// roundBatches is how many batches are read in one way before the other has its turn;
// a multiple of batchCount, so that every round reads the same bytes.
const roundBatches = 64

// BenchmarkDecode reads replies over loopback TCP. Before each round of decoded batches
// the same bytes are read bare, with io.ReadFull into one buffer and off the clock:
// x-bare is the median time of the former rounds over that of the latter. Its part
// "bare" decodes nothing, to show how much of a difference is noise.
func BenchmarkDecode(b *testing.B) {
	b.Run("columns", func(b *testing.B) {
		r := dialReplay(b)
		codec := NewCodec(r.conn, 0)
		var m FetchResultsResp
		againstBare(b, r, func() {
			if err := codec.ReadReply(batchMethod, batchSeq, &m); err != nil || m.Rows != batchRows {
				b.Fatalf("%d rows, %v", m.Rows, err)
			}
		})
	})
	b.Run("bare", func(b *testing.B) {
		r := dialReplay(b)
		againstBare(b, r, r.readBare)
	})
}

// BenchmarkDecodeFromMemory leaves the network out: what remains is one copy and the
// decoder. Over a connection that cost hides behind a server that is slower.
func BenchmarkDecodeFromMemory(b *testing.B) {
	replies, err := batches()
	if err != nil {
		b.Fatal(err)
	}
	all := bytes.Join(replies, nil)
	codec := NewCodec(stream{Reader: &repeat{data: all}}, 0)
	var m FetchResultsResp
	b.ReportAllocs()
	b.SetBytes(int64(len(all) / batchCount))
	for b.Loop() {
		if err := codec.ReadReply(batchMethod, batchSeq, &m); err != nil || m.Rows != batchRows {
			b.Fatalf("%d rows, %v", m.Rows, err)
		}
	}
	b.ReportMetric(float64(b.N)*batchRows/b.Elapsed().Seconds(), "rows/s")
}

// againstBare measures read, which takes one batch, against bare reading.
func againstBare(b *testing.B, r *replay, read func()) {
	var bare, measured []time.Duration
	var start time.Time
	b.ReportAllocs()
	b.SetBytes(int64(sum(r.sizes) / batchCount))
	for i := 0; b.Loop(); i++ {
		if i%roundBatches == 0 {
			b.StopTimer()
			bare = append(bare, r.bareRound())
			r.order(roundBatches)
			b.StartTimer()
			start = time.Now()
		}
		read()
		if i%roundBatches == roundBatches-1 {
			measured = append(measured, time.Since(start))
		}
	}
	b.ReportMetric(float64(b.N)*batchRows/b.Elapsed().Seconds(), "rows/s")
	if len(measured) > 0 {
		b.ReportMetric(float64(median(measured))/float64(median(bare)), "x-bare")
	}
}

func (r *replay) bareRound() time.Duration {
	r.order(roundBatches)
	start := time.Now()
	for range roundBatches {
		r.readBare()
	}
	return time.Since(start)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

func sum(sizes []int) (total int) {
	for _, size := range sizes {
		total += size
	}
	return total
}

// TestReplayedBatches keeps the figures of the benchmark comparable from one release to
// the next.
func TestReplayedBatches(t *testing.T) {
	replies, err := batches()
	if err != nil {
		t.Fatal(err)
	}
	valueBytes, lengths := 0, make(map[int]bool)
	for _, reply := range replies {
		var m FetchResultsResp
		if err := NewCodec(stream{Reader: bytes.NewReader(reply)}, 0).ReadReply(batchMethod, batchSeq, &m); err != nil {
			t.Fatal(err)
		}
		if m.Rows != batchRows || len(m.Columns) != 10 {
			t.Fatalf("%d rows of %d columns", m.Rows, len(m.Columns))
		}
		for i := range m.Columns {
			c := &m.Columns[i]
			valueBytes += kindElements[c.Kind()].width * c.Len()
			for row := range c.Len() {
				if c.Kind() == KindString {
					valueBytes += 4 + len(c.Text(row))
					lengths[len(c.Text(row))] = true
				}
			}
		}
	}
	if mean := float64(valueBytes) / batchRows / batchCount; mean < 132.9 || mean > 133.1 {
		t.Errorf("%.2f bytes a row", mean)
	}
	if len(lengths) != 20 {
		t.Errorf("texts of %d different lengths", len(lengths))
	}
}
