package impala

import (
	"bytes"
	"strconv"

	"qosreport/internal/impala/wire"
)

// Cells is a column of a batch from which texts are made. What its rows have in common is
// looked up once. It is valid as long as the batch.
type Cells struct {
	column *wire.Column
	form   form
	nulls  bool // some row may be NULL
	ints   []int64
	floats []float64
}

// form is how the values of a column become text.
type form uint8

const (
	asIs form = iota
	withoutPadding
	asInteger
	asBoolean
	asDouble
	asFloat // which was sent as a double
)

// Cells prepares a column.
func (b *Batch) Cells(column int) Cells {
	c := b.cells(column)
	c.nulls = c.column.HasNulls()
	return c
}

// cells prepares a column, but for nulls.
func (b *Batch) cells(column int) Cells {
	c := &b.Columns[column]
	return Cells{column: c, form: formOf(c.Kind(), b.types[column].Type), ints: c.Ints(), floats: c.Floats()}
}

func formOf(kind wire.Kind, t wire.TypeID) form {
	switch kind {
	case wire.KindBool:
		return asBoolean
	case wire.KindByte, wire.KindI16, wire.KindI32, wire.KindI64:
		return asInteger
	case wire.KindDouble:
		if t == wire.Float {
			return asFloat
		}
		return asDouble
	}
	if t == wire.Char {
		return withoutPadding
	}
	return asIs
}

// AreTexts reports whether the values are texts or bytes, which may need quoting.
func (c *Cells) AreTexts() bool { return c.form <= withoutPadding }

// Null reports whether the value of a row is NULL.
func (c *Cells) Null(row int) bool { return c.nulls && c.column.Null(row) }

// Append appends the text of a value that is not NULL: numbers in their shortest form
// that reads back the same, booleans as true and false, everything else as the server
// sent it. The padding of CHAR is cut off.
func (c *Cells) Append(dst []byte, row int) []byte {
	switch c.form {
	case asInteger:
		return strconv.AppendInt(dst, c.ints[row], 10)
	case asBoolean:
		return strconv.AppendBool(dst, c.ints[row] != 0)
	case asDouble:
		return AppendFloat(dst, c.floats[row], 64)
	case asFloat:
		return AppendFloat(dst, c.floats[row], 32)
	}
	return append(dst, c.Text(row)...)
}

// Text is the value of a row that is not NULL of a column of texts or bytes, as
// [Cells.Append] has it. It is a part of the message and valid as long as the batch.
func (c *Cells) Text(row int) []byte {
	text := c.column.Text(row)
	if c.form == withoutPadding {
		return bytes.TrimRight(text, " ")
	}
	return text
}

// Null reports whether the value at column and row is NULL.
func (b *Batch) Null(column, row int) bool { return b.Columns[column].Null(row) }

// Append is [Cells.Append] for a single value.
func (b *Batch) Append(dst []byte, column, row int) []byte {
	c := b.cells(column)
	return c.Append(dst, row)
}
