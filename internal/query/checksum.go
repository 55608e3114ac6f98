package query

import (
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"time"

	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// nullPrinter converts every value and prints what came of it.
type nullPrinter struct {
	out     io.Writer
	started time.Time
	names   []string
	sums    []uint64
	rows    int64
	bytes   int64
	cell    []byte
}

func (p *nullPrinter) Header(columns []wire.ColumnDesc) error {
	for _, c := range columns {
		p.names = append(p.names, c.Name)
	}
	p.sums = make([]uint64, len(columns))
	return nil
}

// Batch adds the CRC-32 of each value's tsv text to the sum of its column, so that the
// order of the rows does not matter. NULL adds 0.
func (p *nullPrinter) Batch(b *impala.Batch, from, to int) error {
	for column := range b.Columns {
		cells := b.Cells(column)
		for row := from; row < to; row++ {
			if cells.Null(row) {
				continue
			}
			if cells.AreTexts() {
				p.cell = AppendTSV(p.cell[:0], cells.Text(row))
			} else {
				p.cell = cells.Append(p.cell[:0], row)
			}
			p.bytes += int64(len(p.cell))
			p.sums[column] += uint64(crc32.ChecksumIEEE(p.cell))
		}
	}
	p.rows += int64(to - from)
	p.cell = kept(p.cell)
	return nil
}

func (p *nullPrinter) Finish() (string, error) {
	var out strings.Builder
	seconds := time.Since(p.started).Seconds()
	fmt.Fprintf(&out, "rows      %d\nbytes     %d\nseconds   %.3f\nrows/s    %.0f\n", p.rows, p.bytes, seconds, float64(p.rows)/seconds)
	for i, name := range p.names {
		fmt.Fprintf(&out, "checksum  %016x  %s\n", p.sums[i], Printable(name))
	}
	_, err := io.WriteString(p.out, out.String())
	return "", err
}
