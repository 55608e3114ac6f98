package query

import (
	"io"
	"sync"
	"sync/atomic"

	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// rowFormat makes lines of rows. Two goroutines use it at the same time, for other rows.
type rowFormat interface {
	// header appends what stands before the rows, and learns the columns.
	header(dst []byte, columns []wire.ColumnDesc) ([]byte, error)
	// begin looks at a batch before its rows are asked for.
	begin(b *impala.Batch)
	// row appends one row of the batch with its line end.
	row(dst []byte, row int) []byte
	// finish is the warning of [Printer.Finish].
	finish() string
}

const (
	// chunkSize is how many bytes of text are gathered before they are written.
	chunkSize = 256 << 10
	// keptSize is the buffer that is kept for the next rows. One that wide rows made larger
	// is given back.
	keptSize = 512 << 10
	// blockRows is how many rows a goroutine takes at once.
	blockRows = 256
	// splitRows is how many rows are worth a second goroutine.
	splitRows = 2 * blockRows
)

// rowsPrinter writes each row by itself. Formatting takes several times as long as the
// fetch of the rows, so two goroutines share a large batch: each takes the next block of
// rows, until all are formatted, and then they are written.
type rowsPrinter struct {
	w      io.Writer
	format rowFormat

	from, to int          // the rows that are being formatted
	texts    [][]byte     // of the blocks
	taken    atomic.Int64 // blocks
	size     atomic.Int64 // of the texts
	helping  sync.WaitGroup
	help     func() // p.formatToo, made once: a method value takes memory each time
}

func newRowsPrinter(w io.Writer, format rowFormat) *rowsPrinter {
	p := &rowsPrinter{w: w, format: format, texts: make([][]byte, 1)}
	p.help = p.formatToo
	return p
}

func (p *rowsPrinter) Header(columns []wire.ColumnDesc) (err error) {
	if p.texts[0], err = p.format.header(p.texts[0], columns); err != nil {
		return err
	}
	return p.write(0)
}

// Batch writes all rows that it is given: those of a slow statement are seen when they
// are there.
func (p *rowsPrinter) Batch(b *impala.Batch, from, to int) error {
	p.format.begin(b)
	p.from, p.to = from, to
	for p.to-p.from >= splitRows {
		if err := p.share(); err != nil {
			return err
		}
	}
	return p.rest()
}

// share formats rows in two goroutines, until their texts are a few chunks, and writes them.
func (p *rowsPrinter) share() error {
	for len(p.texts) < (p.to-p.from+blockRows-1)/blockRows {
		p.texts = append(p.texts, nil)
	}
	p.taken.Store(0)
	p.size.Store(0)
	p.helping.Add(1)
	go p.help()
	p.blocks()
	p.helping.Wait()
	for i := range p.taken.Load() {
		if p.from >= p.to { // taken, but there were no more
			break
		}
		if err := p.write(int(i)); err != nil {
			return err
		}
		p.from += blockRows
	}
	return nil
}

func (p *rowsPrinter) formatToo() {
	defer p.helping.Done()
	p.blocks()
}

// blocks formats one block after the other.
func (p *rowsPrinter) blocks() {
	for p.size.Load() < 8*chunkSize {
		i := int(p.taken.Add(1)) - 1
		from := p.from + i*blockRows
		if from >= p.to {
			return
		}
		text := p.texts[i]
		for row := from; row < min(p.to, from+blockRows); row++ {
			text = p.format.row(text, row)
		}
		p.texts[i] = text
		p.size.Add(int64(len(text)))
	}
}

// rest formats and writes rows that are few or wide.
func (p *rowsPrinter) rest() error {
	for ; p.from < p.to; p.from++ {
		p.texts[0] = p.format.row(p.texts[0], p.from)
		if len(p.texts[0]) >= chunkSize {
			if err := p.write(0); err != nil {
				return err
			}
		}
	}
	return p.write(0)
}

func (p *rowsPrinter) write(block int) error {
	text := p.texts[block]
	if len(text) == 0 {
		return nil
	}
	_, err := p.w.Write(text)
	p.texts[block] = kept(text)
	return err
}

func (p *rowsPrinter) Finish() (warning string, err error) { return p.format.finish(), nil }

// cellsOf are the columns of a batch, in the memory of others.
func cellsOf(b *impala.Batch, memory []impala.Cells) []impala.Cells {
	memory = memory[:0]
	for column := range b.Columns {
		memory = append(memory, b.Cells(column))
	}
	return memory
}

// kept is an empty buffer with the memory of another, unless that is unusually much.
func kept(buffer []byte) []byte {
	if cap(buffer) > keptSize {
		return nil
	}
	return buffer[:0]
}
