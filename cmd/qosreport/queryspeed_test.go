package main

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"qosreport/internal/impala/replay"
)

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
		server := replay.Calls(b, batchRows, doubles == "rounded")
		server.Batches = rows / batchRows
		addr := server.Start(b)
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
