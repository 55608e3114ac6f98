package wire

import (
	"encoding/binary"
	"math"

	"github.com/apache/thrift/lib/go/thrift"
)

// ColumnBuilder collects the values of a column that is to be sent, in the form in
// which they cross the wire. The zero value with a Kind is an empty column.
type ColumnBuilder struct {
	Kind   Kind
	rows   int
	values []byte
	nulls  []byte // one bit a row, the least significant first
}

// Len is the number of rows.
func (b *ColumnBuilder) Len() int { return b.rows }

// Null appends NULL: a bit, and a default value that keeps its place.
func (b *ColumnBuilder) Null() {
	switch b.Kind {
	case KindDouble:
		b.Float(0)
	case KindString, KindBinary:
		b.Text("")
	default:
		b.Int(0)
	}
	b.nulls[(b.rows-1)>>3] |= 1 << ((b.rows - 1) & 7)
}

// Int appends a value to a column of booleans or integers; it must fit.
func (b *ColumnBuilder) Int(v int64) {
	b.row()
	switch b.Kind {
	case KindBool, KindByte:
		b.values = append(b.values, byte(v))
	case KindI16:
		b.values = binary.BigEndian.AppendUint16(b.values, uint16(v))
	case KindI32:
		b.values = binary.BigEndian.AppendUint32(b.values, uint32(v))
	default:
		b.values = binary.BigEndian.AppendUint64(b.values, uint64(v))
	}
}

// Float appends a value to a column of doubles.
func (b *ColumnBuilder) Float(v float64) {
	b.row()
	b.values = binary.BigEndian.AppendUint64(b.values, math.Float64bits(v))
}

// Text appends a value to a column of strings or bytes.
func (b *ColumnBuilder) Text(v string) {
	b.row()
	b.values = binary.BigEndian.AppendUint32(b.values, uint32(len(v)))
	b.values = append(b.values, v...)
}

func (b *ColumnBuilder) row() {
	if b.rows&7 == 0 {
		b.nulls = append(b.nulls, 0)
	}
	b.rows++
}

func (b *ColumnBuilder) write(e *encoder) {
	e.begin(int16(b.Kind))
	e.list(1, kindElements[b.Kind].elem, b.rows)
	e.raw(b.values)
	e.field(thrift.STRING, 2)
	e.do(e.p.WriteBinary(noContext, b.nulls))
	e.end()
	e.stop()
}
