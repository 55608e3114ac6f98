package impala

import (
	"bytes"
	"math"
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
	text := c.Text(row)
	if b.types[column].Type == wire.Char {
		text = bytes.TrimRight(text, " ")
	}
	return append(dst, text...)
}

// AppendFloat appends the shortest text that reads back as v, which has the given size
// in bits. Only very large and very small numbers have an exponent; the values that are
// no numbers are NaN, Infinity and -Infinity.
func AppendFloat(dst []byte, v float64, bits int) []byte {
	switch size := math.Abs(v); {
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	case size != 0 && (size < 1e-6 || size >= 1e21):
		return strconv.AppendFloat(dst, v, 'e', -1, bits)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, bits)
}
