package query

import (
	"encoding/binary"

	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// delimitedRows are lines of fields, with the names in the first one.
type delimitedRows struct {
	separator byte
	end       string
	null      string
	text      func(dst, text []byte) []byte // appends a field that may need quoting
	cells     []impala.Cells
}

// newCSVRows is RFC 4180: lines end in CR LF. NULL is nothing, and an empty text is "".
func newCSVRows() *delimitedRows {
	return &delimitedRows{separator: ',', end: "\r\n", text: AppendCSV}
}

// newTSVRows has one line a row, whatever the texts hold, and \N for NULL.
func newTSVRows() *delimitedRows {
	return &delimitedRows{separator: '\t', end: "\n", null: `\N`, text: AppendTSV}
}

func (f *delimitedRows) header(dst []byte, columns []wire.ColumnDesc) ([]byte, error) {
	for i, c := range columns {
		if i > 0 {
			dst = append(dst, f.separator)
		}
		dst = f.text(dst, []byte(c.Name))
	}
	return append(dst, f.end...), nil
}

func (f *delimitedRows) begin(b *impala.Batch) {
	f.cells = cellsOf(b, f.cells)
}

func (f *delimitedRows) row(dst []byte, row int) []byte {
	for i := range f.cells {
		if i > 0 {
			dst = append(dst, f.separator)
		}
		c := &f.cells[i]
		switch {
		case c.Null(row):
			dst = append(dst, f.null...)
		case c.AreTexts():
			dst = f.text(dst, c.Text(row))
		default:
			dst = c.Append(dst, row)
		}
	}
	return append(dst, f.end...)
}

func (f *delimitedRows) finish() string { return "" }

// The bytes that a field cannot hold as they are.
var (
	quotedInCSV  = [256]bool{',': true, '"': true, '\r': true, '\n': true}
	escapedInTSV = [256]byte{'\t': 't', '\n': 'n', '\r': 'r', '\\': '\\'}
)

// AppendCSV appends a field as in RFC 4180. An empty text is quoted, so that it differs
// from NULL, which is nothing at all.
func AppendCSV(dst, text []byte) []byte {
	if len(text) > 0 && !needsQuotes(text) {
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

// needsQuotes reports whether a text has a byte of quotedInCSV. It looks at eight bytes in
// one step; the last ones reach back over those before.
func needsQuotes(text []byte) bool {
	n := len(text)
	if n < 8 {
		return anyQuoted(text)
	}
	found := suspects(binary.LittleEndian.Uint64(text[n-8:]))
	for i := 0; i < n-8; i += 8 {
		found |= suspects(binary.LittleEndian.Uint64(text[i : i+8]))
	}
	return found != 0 && anyQuoted(text)
}

// suspects is not 0 if one of the eight bytes of a word is a quote, a comma or a control
// character. It may be so, too, where none is.
func suspects(word uint64) uint64 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	quote, comma := word^'"'*ones, word^','*ones
	return ((word-' '*ones)&^word | (quote-ones)&^quote | (comma-ones)&^comma) & high
}

func anyQuoted(text []byte) bool {
	for _, b := range text {
		if quotedInCSV[b] {
			return true
		}
	}
	return false
}

// AppendTSV appends a field in which tab, line ends and backslash are escaped by a
// backslash, so that every row is one line and \N is NULL alone.
func AppendTSV(dst, text []byte) []byte {
	plain := 0 // from where on nothing was appended
	for i, b := range text {
		if letter := escapedInTSV[b]; letter != 0 {
			dst = append(append(dst, text[plain:i]...), '\\', letter)
			plain = i + 1
		}
	}
	return append(dst, text[plain:]...)
}
