package wire

import (
	"encoding/binary"

	"github.com/apache/thrift/lib/go/thrift"
)

// rowCursor walks over the rows of a column that is to be sent.
type rowCursor struct {
	b   *ColumnBuilder
	row int
	pos int // of the row's value
}

// next gives the value of the row, in the form in which it crosses the wire.
func (c *rowCursor) next() (value []byte, null bool) {
	width := kindElements[c.b.Kind].width
	if width == 0 {
		width = 4 + int(binary.BigEndian.Uint32(c.b.values[c.pos:]))
	}
	value = c.b.values[c.pos : c.pos+width]
	null = c.b.nulls[c.row>>3]>>(c.row&7)&1 != 0
	c.pos += width
	c.row++
	return value, null
}

// AppendRows appends n rows of a column of the same kind, from a row on. They must be there.
func (b *ColumnBuilder) AppendRows(src *ColumnBuilder, from, n int) {
	cursor := rowCursor{b: src}
	for range from {
		cursor.next()
	}
	for range n {
		value, null := cursor.next()
		b.row()
		b.values = append(b.values, value...)
		if null {
			b.nulls[(b.rows-1)>>3] |= 1 << ((b.rows - 1) & 7)
		}
	}
}

// writeRows sends the columns as a list of TRow, the form of protocols below V6. NULL is a
// value that is not set; bytes travel as text there.
func writeRows(e *encoder, columns []ColumnBuilder) {
	cursors := make([]rowCursor, len(columns))
	rows := 0
	for i := range columns {
		cursors[i].b = &columns[i]
		rows = columns[i].rows
	}
	e.list(2, thrift.STRUCT, rows)
	for range rows {
		e.list(1, thrift.STRUCT, len(cursors))
		for i := range cursors {
			kind := min(columns[i].Kind, KindString)
			value, null := cursors[i].next()
			e.begin(int16(kind))
			if !null {
				e.field(kindElements[kind].elem, 1)
				e.raw(value)
			}
			e.stop()
			e.stop()
		}
		e.stop()
	}
}

// raw writes what has its final form already.
func (e *encoder) raw(value []byte) {
	if e.err == nil {
		_, err := e.p.Transport().Write(value)
		e.do(err)
	}
}
