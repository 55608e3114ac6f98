package main

import (
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"qosreport/internal/impala/wire"
)

// The rows of every speed that is claimed: ten columns, 133 bytes of values a row.
var speedColumns = []wire.ColumnDesc{
	{Name: "id", Type: wire.String}, {Name: "a", Type: wire.String}, {Name: "b", Type: wire.String}, {Name: "c", Type: wire.String},
	{Name: "d", Type: wire.Double}, {Name: "e", Type: wire.Double}, {Name: "f", Type: wire.Double}, {Name: "g", Type: wire.Double},
	{Name: "n", Type: wire.BigInt}, {Name: "s", Type: wire.SmallInt},
}

// speedServer replays rows. Rounded doubles have three decimals, six times in seven; the
// others are random to the last bit.
func speedServer(b *testing.B, rounded bool, batchRows, rows int) string {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	text := strings.Repeat("0123456789abcdef", 3)
	s := &replayServer{columns: speedColumns, batches: rows / batchRows}
	for range 8 {
		s.addBatch(b, batchRows, func(into []wire.ColumnBuilder) {
			into[0].Text(text[:36])
			for i := 1; i < 4; i++ {
				into[i].Text(text[:4+random.IntN(19)])
			}
			for i := 4; i < 8; i++ {
				v := random.Float64()
				if rounded && random.IntN(7) > 0 {
					v = float64(random.IntN(1_000_000)) / 1000
				}
				into[i].Float(v)
			}
			into[8].Int(random.Int64())
			into[9].Int(int64(random.IntN(1 << 15)))
		})
	}
	return s.start(b)
}

// processorTime is what this process has used, the replay server with it: on a busy machine
// it says more than the time that passed.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkQuery is the whole command on 5 million rows from loopback, written to /dev/null:
// login, statement, fetch, text.
func BenchmarkQuery(b *testing.B) {
	const batchRows, rows = 8192, 5_000_000 / 8192 * 8192
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	for _, doubles := range []string{"rounded", "random"} {
		addr := speedServer(b, doubles == "rounded", batchRows, rows)
		for _, format := range []string{"csv", "tsv", "json", "null"} {
			b.Run(format+"-"+doubles, func(b *testing.B) {
				before := processorTime(b)
				for b.Loop() {
					args := []string{"query", "SELECT", "--format", format, "--impala-host", addr, "--impala-transport", "plain-socket", "--impala-auth", "none", "--no-impala-tls", "--log-level", "warn"}
					if err := run(b.Context(), args, stdio{strings.NewReader(""), null, io.Discard}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
				b.ReportMetric(float64(processorTime(b)-before)/float64(b.N)/rows, "cpu-ns/row")
			})
		}
	}
}
