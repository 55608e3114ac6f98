package query

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// benchRows is a batch as long as batches become.
const benchRows = 8192

// measured is a batch of ten columns with 133 bytes of values a row: 4 texts, 4 doubles,
// a bigint and a smallint. Rounded doubles have three decimals, six times in seven.
func measured(t testing.TB, rounded bool) *impala.Batch {
	t.Helper()
	r := &table{columns: columns(wire.String, wire.String, wire.String, wire.String, wire.Double, wire.Double, wire.Double, wire.Double, wire.BigInt, wire.SmallInt)}
	random := rand.New(rand.NewPCG(1, 2))
	text := strings.Repeat("0123456789abcdef", 3)
	double := func() float64 {
		if v := float64(random.IntN(1_000_000)) / 1000; rounded && random.IntN(7) > 0 {
			return v
		}
		return random.Float64()
	}
	for range 2 * benchRows {
		row := []any{text[:36]}
		for range 3 {
			row = append(row, text[:4+random.IntN(19)])
		}
		r.rows = append(r.rows, append(row, double(), double(), double(), double(), int(random.Int64()), random.IntN(1<<15)))
	}
	rows := open(t, r)
	for {
		batch, err := rows.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if batch.Rows >= benchRows/2 {
			return batch
		}
	}
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
