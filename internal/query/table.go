package query

import (
	"bufio"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// Widths are measured on the first rows, which wait for that; what comes later is shown
// whole and may stand out, so that a result of any length is streamed.
const (
	measuredRows  = 200
	measuredBytes = 1 << 20 // wide rows do not wait until there are so many
	maxWidth      = 60
)

// tablePrinter aligns columns for people.
type tablePrinter struct {
	out     *bufio.Writer
	columns []wire.ColumnDesc
	widths  []int
	waiting [][]string // rows until the widths are known
	bytes   int        // of the waiting rows
	shown   bool       // the header is printed, and no row waits any more
}

func newTablePrinter(w io.Writer) *tablePrinter {
	return &tablePrinter{out: bufio.NewWriterSize(w, 64<<10)}
}

func (p *tablePrinter) Header(columns []wire.ColumnDesc) error {
	p.columns = columns
	p.widths = make([]int, len(columns))
	for i, c := range columns {
		p.widths[i] = DisplayWidth(Printable(c.Name))
	}
	return nil
}

func (p *tablePrinter) Batch(b *impala.Batch, from, to int) error {
	for row := from; row < to; row++ {
		cells := make([]string, len(b.Columns))
		for column := range b.Columns {
			cells[column] = "NULL"
			if !b.Null(column, row) {
				cells[column] = Printable(string(b.Append(nil, column, row)))
			}
		}
		if p.shown {
			p.line(cells)
			continue
		}
		p.measure(cells)
		if len(p.waiting) == measuredRows || p.bytes >= measuredBytes {
			p.release()
		}
	}
	return p.out.Flush()
}

// measure lets a row wait.
func (p *tablePrinter) measure(cells []string) {
	for i, cell := range cells {
		p.bytes += len(cell)
		p.widths[i] = max(p.widths[i], min(DisplayWidth(cell), maxWidth))
	}
	p.waiting = append(p.waiting, cells)
}

// release prints the header and the rows that waited for it.
func (p *tablePrinter) release() {
	names := make([]string, len(p.columns))
	rules := make([]string, len(p.columns))
	for i, c := range p.columns {
		names[i] = Printable(c.Name)
		rules[i] = strings.Repeat("-", p.widths[i])
	}
	p.line(names)
	p.line(rules)
	for _, cells := range p.waiting {
		p.line(cells)
	}
	p.waiting, p.shown = nil, true
}

func (p *tablePrinter) line(cells []string) {
	var b strings.Builder
	for i, cell := range cells {
		if i > 0 {
			b.WriteString("  ")
		}
		padding := strings.Repeat(" ", max(0, p.widths[i]-DisplayWidth(cell)))
		if numeric(p.columns[i].Type) {
			b.WriteString(padding + cell)
		} else {
			b.WriteString(cell + padding)
		}
	}
	p.out.WriteString(strings.TrimRight(b.String(), " ") + "\n") // a bufio.Writer keeps its error for Flush
}

func (p *tablePrinter) Finish() (string, error) {
	if !p.shown {
		p.release()
	}
	return "", p.out.Flush()
}

func numeric(t wire.TypeID) bool {
	switch t {
	case wire.TinyInt, wire.SmallInt, wire.Int, wire.BigInt, wire.Float, wire.Double, wire.Decimal:
		return true
	}
	return false
}

// DisplayWidth is the number of terminal cells: East Asian wide characters take two,
// combining marks none.
func DisplayWidth(s string) int {
	n := utf8.RuneCountInString(s)
	if n == len(s) {
		return n
	}
	for _, r := range s {
		if unicode.In(r, unicode.Mn, unicode.Me) {
			n--
			continue
		}
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n++
		}
	}
	return n
}
