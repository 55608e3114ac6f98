package impala

import (
	"bytes"
	"strconv"

	"qosreport/internal/impala/wire"
)

// Null reports whether the value at column and row is NULL.
func (b *Batch) Null(column, row int) bool { return b.Columns[column].Null(row) }

// Append appends the text of a value that is not NULL: numbers in their shortest form
// that reads back the same, booleans as true and false, everything else as the server
// sent it. The padding of CHAR is cut off.
func (b *Batch) Append(dst []byte, column, row int) []byte {
	c := &b.Columns[column]
	switch c.Kind() {
	case wire.KindBool:
		return strconv.AppendBool(dst, c.Ints()[row] != 0)
	case wire.KindByte, wire.KindI16, wire.KindI32, wire.KindI64:
		return strconv.AppendInt(dst, c.Ints()[row], 10)
	case wire.KindDouble:
		bits := 64
		if b.types[column].Type == wire.Float {
			bits = 32 // sent as the widened float32
		}
		return AppendFloat(dst, c.Floats()[row], bits)
	}
	return append(dst, b.Text(column, row)...)
}

// Text is a value of a column of texts or bytes that is not NULL, as [Batch.Append] has it.
// It is a part of the message and valid until the next call of [Rows.Next].
func (b *Batch) Text(column, row int) []byte {
	text := b.Columns[column].Text(row)
	if b.types[column].Type == wire.Char {
		return bytes.TrimRight(text, " ")
	}
	return text
}
