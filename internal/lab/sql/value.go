package sql

import (
	"math"
	"strconv"
	"time"
)

// Value is one cell. The zero Value is NULL.
//
// All integer types share one form, as do FLOAT and DOUBLE and the three string
// types; a [Type] says which of them a column has.
type Value struct {
	kind  Kind  // Null, Boolean, BigInt, Double, Decimal, String, Timestamp or Date
	scale uint8 // of a Decimal
	nanos int32 // of a Timestamp
	n     int64 // integer, bits of a double, seconds or days since 1970, or unscaled decimal
	s     string
}

// BoolOf is a BOOLEAN.
func BoolOf(b bool) Value {
	if b {
		return Value{kind: Boolean, n: 1}
	}
	return Value{kind: Boolean}
}

// IntOf is a value of any integer type.
func IntOf(n int64) Value { return Value{kind: BigInt, n: n} }

// DoubleOf is a FLOAT or DOUBLE.
func DoubleOf(f float64) Value { return Value{kind: Double, n: int64(math.Float64bits(f))} }

// StringOf is a STRING, VARCHAR or CHAR of raw bytes.
func StringOf(s string) Value { return Value{kind: String, s: s} }

// TimestampOf is a TIMESTAMP: seconds since 1970-01-01 00:00:00 and nanoseconds of the second.
func TimestampOf(seconds int64, nanos int32) Value {
	return Value{kind: Timestamp, n: seconds, nanos: nanos}
}

// DateOf is a DATE, in days since 1970-01-01.
func DateOf(days int64) Value { return Value{kind: Date, n: days} }

// DecimalOf is the DECIMAL unscaled / 10^scale.
func DecimalOf(unscaled int64, scale int) Value {
	return Value{kind: Decimal, scale: uint8(scale), n: unscaled}
}

// IsNull reports whether there is no value.
func (v Value) IsNull() bool { return v.kind == Null }

// Bool is the value of a BOOLEAN and false for NULL.
func (v Value) Bool() bool { return v.n != 0 }

// Int is the value of an integer, the days of a DATE, and 0 for NULL.
func (v Value) Int() int64 { return v.n }

// Float is the value of a FLOAT or DOUBLE and 0 for NULL.
func (v Value) Float() float64 { return math.Float64frombits(uint64(v.n)) }

// Bytes is the raw content of a STRING, VARCHAR or CHAR and empty for NULL.
func (v Value) Bytes() string {
	if v.kind != String {
		return ""
	}
	return v.s
}

// Text is what the value is as a string: the wire text of a TIMESTAMP
// (`2017-09-12 14:00:00`, with nine digits of fraction unless it is zero), a DATE
// or a DECIMAL, the content of a string, and what CAST to STRING gives for the
// rest. NULL gives the empty string.
func (v Value) Text() string {
	switch v.kind {
	case Boolean, BigInt:
		return strconv.FormatInt(v.n, 10)
	case Double:
		return formatDouble(v.Float(), 64)
	case Decimal:
		return v.decimalText()
	case String:
		return v.s
	case Timestamp:
		return formatTimestamp(v)
	case Date:
		return string(appendDate(nil, v.n))
	}
	return ""
}

// formatDouble prints like Impala: 15 digits where they are enough to read the
// same number back, else 17; nan and inf in small letters.
func formatDouble(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	short, long := 15, 17
	if bits == 32 {
		short, long = 6, 9
	}
	text := strconv.FormatFloat(f, 'g', short, 64)
	if back, err := strconv.ParseFloat(text, bits); err == nil && back == f {
		return text
	}
	return strconv.FormatFloat(f, 'g', long, 64)
}

func formatTimestamp(v Value) string {
	days, second := floorDiv(v.n, secondsPerDay), floorMod(v.n, secondsPerDay)
	text := appendDate(make([]byte, 0, 29), days)
	text = append(text, ' ')
	text = appendPadded(text, second/3600, 2)
	text = appendPadded(append(text, ':'), second/60%60, 2)
	text = appendPadded(append(text, ':'), second%60, 2)
	if v.nanos != 0 {
		text = appendPadded(append(text, '.'), int64(v.nanos), 9)
	}
	return string(text)
}

func appendDate(text []byte, days int64) []byte {
	year, month, day := time.Unix(days*secondsPerDay, 0).UTC().Date()
	text = appendPadded(text, int64(year), 4)
	text = appendPadded(append(text, '-'), int64(month), 2)
	return appendPadded(append(text, '-'), int64(day), 2)
}

// appendPadded appends n >= 0 with at least width digits.
func appendPadded(text []byte, n int64, width int) []byte {
	for bound := int64(10); width > 1; width-- {
		if n < bound {
			text = append(text, zeros[:width-1]...)
			break
		}
		bound *= 10
	}
	return strconv.AppendInt(text, n, 10)
}

const zeros = "000000000"
