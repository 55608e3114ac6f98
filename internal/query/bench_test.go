package query

import (
	"context"
	"fmt"
	"io"
	"testing"

	"qosreport/internal/impala"
	"qosreport/internal/impala/replay"
	"qosreport/internal/impala/wire"
)

// benchRows is a batch as long as batches become.
const benchRows = 8192

// measured is a batch of the rows for which every speed is told.
func measured(t testing.TB, rounded bool) *impala.Batch {
	t.Helper()
	addr := replay.Calls(t, benchRows, rounded).Start(t)
	client, err := impala.Connect(t.Context(), impala.Options{Hosts: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(context.Background()) })
	rows, err := client.Query(t.Context(), "SELECT")
	if err != nil {
		t.Fatal(err)
	}
	batch, err := rows.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return batch
}

func TestFormattingTakesNoMemory(t *testing.T) {
	batch := measured(t, true)
	for _, format := range []string{"csv", "tsv", "json", "null"} {
		p, err := NewPrinter(format, io.Discard)
		if err == nil {
			err = p.Header(columns(make([]wire.TypeID, len(batch.Columns))...))
		}
		if err != nil {
			t.Fatal(err)
		}
		allocations := testing.AllocsPerRun(20, func() {
			if err := p.Batch(batch, 0, batch.Rows); err != nil {
				t.Error(err)
			}
		})
		if allocations > 0 {
			t.Errorf("%s: %.0f allocations a batch", format, allocations)
		}
	}
}

// BenchmarkPrinters formats one batch over and over, without a network.
func BenchmarkPrinters(b *testing.B) {
	for _, rounded := range []bool{true, false} {
		batch := measured(b, rounded)
		doubles := map[bool]string{true: "rounded", false: "random"}[rounded]
		for _, format := range []string{"csv", "tsv", "json", "null", "table"} {
			b.Run(fmt.Sprintf("%s-%s", format, doubles), func(b *testing.B) {
				p, err := NewPrinter(format, io.Discard)
				if err == nil {
					err = p.Header(columns(make([]wire.TypeID, len(batch.Columns))...))
				}
				b.ReportAllocs()
				for b.Loop() && err == nil {
					err = p.Batch(batch, 0, batch.Rows)
				}
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(b.N)*float64(batch.Rows)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
