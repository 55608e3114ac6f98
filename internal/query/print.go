package query

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// Printer writes the rows of one result as text. The order is Header, any number of
// Batch, Finish; after an error nothing more may be written.
type Printer interface {
	Header(columns []wire.ColumnDesc) error
	Batch(b *impala.Batch) error
	Finish() error
}

// Formats are the names that [NewPrinter] knows.
var Formats = []string{"table", "csv", "tsv", "json", "null"}

// NewPrinter writes to w in one of the [Formats]. NULL is NULL in a table, \N in tsv,
// nothing in csv (where an empty text is ""), null in json, which is one object a line.
// The format null prints no rows, but how many there were, how fast they came, and a
// checksum of each column.
func NewPrinter(format string, w io.Writer) (Printer, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	switch format {
	case "table":
		return &tablePrinter{out: out}, nil
	case "csv":
		return &linePrinter{out: out, separator: ',', null: "", appendText: AppendCSV, appendName: AppendCSV}, nil
	case "tsv":
		return &linePrinter{out: out, separator: '\t', null: `\N`, appendText: AppendTSV, appendName: AppendTSV}, nil
	case "json":
		return &jsonPrinter{out: out}, nil
	case "null":
		return &nullPrinter{out: out, started: time.Now()}, nil
	}
	return nil, fmt.Errorf("unknown format %q: write %s", format, strings.Join(Formats, ", "))
}

// AppendCSV appends a field as in RFC 4180. An empty text is quoted, so that it differs
// from NULL, which is nothing at all.
func AppendCSV(dst, text []byte) []byte {
	quote := len(text) == 0
	for _, b := range text {
		if b == ',' || b == '"' || b == '\r' || b == '\n' {
			quote = true
			break
		}
	}
	if !quote {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for _, b := range text {
		if b == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}

// AppendTSV appends a field in which tab, line ends and backslash are escaped by a
// backslash, so that every row is one line and \N is NULL alone.
func AppendTSV(dst, text []byte) []byte {
	for _, b := range text {
		switch b {
		case '\t':
			dst = append(dst, `\t`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\\':
			dst = append(dst, `\\`...)
		default:
			dst = append(dst, b)
		}
	}
	return dst
}

// linePrinter is csv and tsv.
type linePrinter struct {
	out        *bufio.Writer
	separator  byte
	null       string
	appendText func(dst, text []byte) []byte
	appendName func(dst, text []byte) []byte
	line, cell []byte
}

func (p *linePrinter) Header(columns []wire.ColumnDesc) error {
	p.line = p.line[:0]
	for i, c := range columns {
		if i > 0 {
			p.line = append(p.line, p.separator)
		}
		p.line = p.appendName(p.line, []byte(c.Name))
	}
	return p.flushLine()
}

func (p *linePrinter) Batch(b *impala.Batch) error {
	for row := range b.Rows {
		p.line = p.line[:0]
		for column := range b.Columns {
			if column > 0 {
				p.line = append(p.line, p.separator)
			}
			switch {
			case b.Null(column, row):
				p.line = append(p.line, p.null...)
			case textual(b.Columns[column].Kind()):
				p.cell = b.Append(p.cell[:0], column, row)
				p.line = p.appendText(p.line, p.cell)
			default:
				p.line = b.Append(p.line, column, row)
			}
		}
		if err := p.flushLine(); err != nil {
			return err
		}
	}
	return p.out.Flush() // rows of a slow statement are seen when they are there
}

func (p *linePrinter) flushLine() error {
	_, err := p.out.Write(append(p.line, '\n'))
	return err
}

func (p *linePrinter) Finish() error { return p.out.Flush() }

func textual(k wire.Kind) bool { return k == wire.KindString || k == wire.KindBinary }

// jsonPrinter writes one object a row. Numbers that JSON does not know are texts.
type jsonPrinter struct {
	out        *bufio.Writer
	names      [][]byte
	line, cell []byte
}

func (p *jsonPrinter) Header(columns []wire.ColumnDesc) error {
	for _, c := range columns {
		name, err := json.Marshal(c.Name)
		if err != nil {
			return err
		}
		p.names = append(p.names, append(name, ':'))
	}
	return nil
}

func (p *jsonPrinter) Batch(b *impala.Batch) error {
	for row := range b.Rows {
		p.line = append(p.line[:0], '{')
		for column := range b.Columns {
			if column > 0 {
				p.line = append(p.line, ',')
			}
			p.line = append(p.line, p.names[column]...)
			if err := p.value(b, column, row); err != nil {
				return err
			}
		}
		if _, err := p.out.Write(append(p.line, '}', '\n')); err != nil {
			return err
		}
	}
	return p.out.Flush()
}

func (p *jsonPrinter) value(b *impala.Batch, column, row int) error {
	if b.Null(column, row) {
		p.line = append(p.line, "null"...)
		return nil
	}
	kind := b.Columns[column].Kind()
	finite := kind != wire.KindDouble || !math.IsNaN(b.Columns[column].Floats()[row]) && !math.IsInf(b.Columns[column].Floats()[row], 0)
	if !textual(kind) && finite {
		p.line = b.Append(p.line, column, row)
		return nil
	}
	p.cell = b.Append(p.cell[:0], column, row)
	quoted, err := json.Marshal(string(p.cell))
	p.line = append(p.line, quoted...)
	return err
}

func (p *jsonPrinter) Finish() error { return p.out.Flush() }

// nullPrinter converts every value and prints what came of it.
type nullPrinter struct {
	out     *bufio.Writer
	started time.Time
	names   []string
	sums    []uint64
	rows    int64
	bytes   int64
	cell    []byte
	escaped []byte
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
func (p *nullPrinter) Batch(b *impala.Batch) error {
	for column := range b.Columns {
		text := textual(b.Columns[column].Kind())
		for row := range b.Rows {
			if b.Null(column, row) {
				continue
			}
			p.cell = b.Append(p.cell[:0], column, row)
			value := p.cell
			if text {
				p.escaped = AppendTSV(p.escaped[:0], p.cell)
				value = p.escaped
			}
			p.bytes += int64(len(value))
			p.sums[column] += uint64(crc32.ChecksumIEEE(value))
		}
	}
	p.rows += int64(b.Rows)
	return nil
}

func (p *nullPrinter) Finish() error {
	seconds := time.Since(p.started).Seconds()
	fmt.Fprintf(p.out, "rows      %d\nbytes     %d\nseconds   %.3f\nrows/s    %.0f\n", p.rows, p.bytes, seconds, float64(p.rows)/seconds)
	for i, name := range p.names {
		fmt.Fprintf(p.out, "checksum  %016x  %s\n", p.sums[i], Printable(name))
	}
	return p.out.Flush()
}

// Printable makes a text fit for a terminal: one line, nothing that moves the cursor
// or turns the direction of writing, and no bytes that are not UTF-8.
func Printable(text string) string {
	plain := true
	for _, r := range text {
		if r == utf8.RuneError || unprintable(r) {
			plain = false
			break
		}
	}
	if plain {
		return text
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && text[i] >= utf8.RuneSelf && !strings.HasPrefix(text[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unprintable(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unprintable holds control characters, and format characters such as the marks that
// turn the direction of writing.
func unprintable(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0xad || r >= 0x200b && r <= 0x200f ||
		r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff
}
