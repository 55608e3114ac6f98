package query

import (
	"io"
	"sync"

	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// rowFormat makes lines of rows. Two goroutines use it at the same time, for other rows.
type rowFormat interface {
	// header appends what stands before the rows, and learns the columns.
	header(dst []byte, columns []wire.ColumnDesc) ([]byte, error)
	// row appends one row with its line end.
	row(dst []byte, b *impala.Batch, row int) []byte
	// finish is the warning of [Printer.Finish].
	finish() string
}

const (
	// chunkSize is how many bytes of text are gathered before they are written.
	chunkSize = 256 << 10
	// keptSize is the buffer that is kept for the next rows. One that a single wide row
	// made larger is given back.
	keptSize = 2 << 20
	// splitRows is how many rows are worth a second goroutine.
	splitRows = 512
)

// rowsPrinter writes each row by itself. Formatting takes several times as long as the
// fetch of the rows, so a large batch is cut into two ranges of rows that are formatted at
// the same time. The second range is kept until the first is written.
type rowsPrinter struct {
	w      io.Writer
	format rowFormat
	first  []byte

	second  []byte
	batch   *impala.Batch // of the second goroutine, while it runs
	from    int           // its next row
	to      int           // and where it ends
	running sync.WaitGroup
	ahead   func() // p.formatAhead, made once: a method value takes memory each time
}

func newRowsPrinter(w io.Writer, format rowFormat) *rowsPrinter {
	p := &rowsPrinter{w: w, format: format}
	p.ahead = p.formatAhead
	return p
}

func (p *rowsPrinter) Header(columns []wire.ColumnDesc) (err error) {
	if p.first, err = p.format.header(p.first[:0], columns); err != nil {
		return err
	}
	return p.flush()
}

func (p *rowsPrinter) Batch(b *impala.Batch, from, to int) error {
	middle := to
	if to-from >= splitRows {
		middle = from + (to-from)/2
		p.batch, p.from, p.to = b, middle, to
		p.running.Add(1)
		go p.ahead()
	}
	err := p.write(b, from, middle)
	p.running.Wait() // also after an error: the batch is the caller's again
	if err != nil || middle == to {
		return err
	}
	p.batch = nil
	if _, err := p.w.Write(p.second); err != nil {
		return err
	}
	p.second = kept(p.second)
	return p.write(b, p.from, to)
}

// formatAhead formats rows of the second range until they are a chunk or two.
func (p *rowsPrinter) formatAhead() {
	defer p.running.Done()
	for p.from < p.to && len(p.second) < 4*chunkSize {
		p.second = p.format.row(p.second, p.batch, p.from)
		p.from++
	}
}

// write formats rows and writes them, all of them: rows of a slow statement are seen when
// they are there.
func (p *rowsPrinter) write(b *impala.Batch, from, to int) error {
	for row := from; row < to; row++ {
		p.first = p.format.row(p.first, b, row)
		if len(p.first) >= chunkSize {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return p.flush()
}

func (p *rowsPrinter) flush() error {
	if len(p.first) == 0 {
		return nil
	}
	_, err := p.w.Write(p.first)
	p.first = kept(p.first)
	return err
}

func (p *rowsPrinter) Finish() (warning string, err error) { return p.format.finish(), nil }

// kept is an empty buffer with the memory of another, unless that is unusually much.
func kept(buffer []byte) []byte {
	if cap(buffer) > keptSize {
		return nil
	}
	return buffer[:0]
}
