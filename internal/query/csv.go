package query

import (
	"encoding/binary"

	"qosreport/internal/impala"
	"qosreport/internal/impala/wire"
)

// csvRows is RFC 4180: lines end in CR LF, the first one has the names. NULL is nothing,
// and an empty text is "".
type csvRows struct{}

func (csvRows) header(dst []byte, columns []wire.ColumnDesc) ([]byte, error) {
	for i, c := range columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendCSV(dst, []byte(c.Name))
	}
	return append(dst, '\r', '\n'), nil
}

func (csvRows) row(dst []byte, b *impala.Batch, row int) []byte {
	for column := range b.Columns {
		if column > 0 {
			dst = append(dst, ',')
		}
		c := &b.Columns[column]
		switch {
		case c.Null(row):
		case holdsText(c.Kind()):
			dst = AppendCSV(dst, b.Text(column, row))
		default:
			dst = b.Append(dst, column, row)
		}
	}
	return append(dst, '\r', '\n')
}

func (csvRows) finish() string { return "" }

// tsvRows has one line a row, whatever the texts hold, and \N for NULL.
type tsvRows struct{}

func (tsvRows) header(dst []byte, columns []wire.ColumnDesc) ([]byte, error) {
	for i, c := range columns {
		if i > 0 {
			dst = append(dst, '\t')
		}
		dst = AppendTSV(dst, []byte(c.Name))
	}
	return append(dst, '\n'), nil
}

func (tsvRows) row(dst []byte, b *impala.Batch, row int) []byte {
	for column := range b.Columns {
		if column > 0 {
			dst = append(dst, '\t')
		}
		switch {
		case b.Null(column, row):
			dst = append(dst, `\N`...)
		case holdsText(b.Columns[column].Kind()):
			dst = AppendTSV(dst, b.Text(column, row))
		default:
			dst = b.Append(dst, column, row)
		}
	}
	return append(dst, '\n')
}

func (tsvRows) finish() string { return "" }

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

// needsQuotes reports whether a text has a byte of quotedInCSV. All of them are below '-',
// and words of eight bytes without such a one are passed over in one step. The last word
// reaches back over the one before.
func needsQuotes(text []byte) bool {
	if len(text) < 8 {
		return anyQuoted(text)
	}
	for i := 0; i < len(text); i += 8 {
		word := text[min(i, len(text)-8):][:8]
		if anyBelowDash(binary.LittleEndian.Uint64(word)) && anyQuoted(word) {
			return true
		}
	}
	return false
}

// anyBelowDash may also be true of a word without a byte below '-', and is never false of
// one with it.
func anyBelowDash(word uint64) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	return (word-'-'*ones)&^word&high != 0
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
