package query

import (
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// jsonRows is one object a line (RFC 8259), in the order of the columns. What a JSON
// number cannot keep is a text: DECIMAL with all its digits, NaN and the infinities.
// BINARY is base64. JSON is UTF-8, so other bytes in a text are shown as U+FFFD, and
// finish tells of it.
type jsonRows struct {
	names   []string
	types   []wire.TypeID
	keys    [][]byte       // each with what stands before it, as in ,"n":
	spoiled []atomic.Int64 // values of each column that were not UTF-8
	batch   *impala.Batch
	cells   []impala.Cells // its columns
}

func (f *jsonRows) header(dst []byte, columns []wire.ColumnDesc) ([]byte, error) {
	f.spoiled = make([]atomic.Int64, len(columns))
	seen := make(map[string]bool)
	for i, c := range columns {
		// A reader would keep one of two values with the same name.
		name := c.Name
		for again := 2; seen[name]; again++ {
			name = fmt.Sprintf("%s_%d", c.Name, again)
		}
		seen[name] = true
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		key, _ := appendJSON([]byte{separator}, []byte(name))
		f.names, f.types, f.keys = append(f.names, name), append(f.types, c.Type), append(f.keys, append(key, ':'))
	}
	return dst, nil
}

func (f *jsonRows) begin(b *impala.Batch) {
	f.batch, f.cells = b, cellsOf(b, f.cells)
}

func (f *jsonRows) row(dst []byte, row int) []byte {
	for column := range f.cells {
		dst = append(dst, f.keys[column]...)
		if f.cells[column].Null(row) {
			dst = append(dst, "null"...)
			continue
		}
		dst = f.value(dst, column, row)
	}
	return append(dst, '}', '\n')
}

func (f *jsonRows) value(dst []byte, column, row int) []byte {
	c, cells := &f.batch.Columns[column], &f.cells[column]
	switch kind := c.Kind(); {
	case kind == wire.KindBinary || f.types[column] == wire.Binary:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, cells.Text(row))
		return append(dst, '"')
	case cells.AreTexts():
		dst, whole := appendJSON(dst, cells.Text(row))
		if !whole {
			f.spoiled[column].Add(1)
		}
		return dst
	case kind == wire.KindDouble && (math.IsNaN(c.Floats()[row]) || math.IsInf(c.Floats()[row], 0)):
		dst = append(dst, '"')
		dst = cells.Append(dst, row)
		return append(dst, '"')
	}
	return cells.Append(dst, row)
}

func (f *jsonRows) finish() (warning string) {
	var columns []string
	for i := range f.spoiled {
		if n := f.spoiled[i].Load(); n > 0 {
			columns = append(columns, fmt.Sprintf("%s (%d values)", f.names[i], n))
		}
	}
	if columns == nil {
		return ""
	}
	return "bytes that are not UTF-8 are shown as U+FFFD in " + strings.Join(columns, ", ")
}

// appendJSON appends a text as a JSON string. Whole is false if bytes were replaced.
func appendJSON(dst, text []byte) (_ []byte, whole bool) {
	dst, whole = append(dst, '"'), true
	plain := 0 // from where on nothing was appended
	for i := 0; i < len(text); {
		b := text[i]
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && size == 1 {
				dst, whole = append(append(dst, text[plain:i]...), "\uFFFD"...), false
				plain = i + 1
			}
			i += size
			continue
		}
		if b < ' ' || b == '"' || b == '\\' {
			dst = appendEscape(append(dst, text[plain:i]...), b)
			plain = i + 1
		}
		i++
	}
	return append(append(dst, text[plain:]...), '"'), whole
}

// appendEscape appends one character that a JSON string cannot hold as it is.
func appendEscape(dst []byte, b byte) []byte {
	switch b {
	case '"', '\\':
		return append(dst, '\\', b)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
}
