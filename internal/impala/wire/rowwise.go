package wire

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/apache/thrift/lib/go/thrift"
)

// Servers that agreed on a protocol below V6 send a list of TRow, each a list of
// TColumnValue. They are rare and slow, so that values pass one by one here, into the
// columns that newer servers send themselves.

// readRows appends the rows of a list.
func (m *FetchResultsResp) readRows(d *decoder) {
	n := d.list(thrift.STRUCT)
	if n > 0 && len(m.Columns) > 0 {
		d.err = fmt.Errorf("%w: rows come twice", ErrMalformed)
	}
	m.ByRow = n > 0
	for row := 0; row < n && d.err == nil; row++ {
		width := 0
		for d.next() {
			if width == 0 && d.is(1, thrift.LIST) {
				width = m.readRow(d, row)
				continue
			}
			d.skip()
		}
		if d.err == nil && (width == 0 || width != len(m.Columns)) {
			d.err = fmt.Errorf("%w: row %d has %d values, the first has %d", ErrMalformed, row+1, width, len(m.Columns))
		}
	}
}

// readRow appends a row, and returns how many values it has. The first row tells how many
// columns there are.
func (m *FetchResultsResp) readRow(d *decoder, row int) int {
	width := d.columns()
	for i := 0; i < width && d.err == nil; i++ {
		if row == 0 {
			c := m.addColumn()
			c.reset()
			c.rowwise = true
		}
		if i >= len(m.Columns) {
			break
		}
		if m.Columns[i].readValue(d); d.err == nil && m.Columns[i].rows != row+1 {
			d.err = fmt.Errorf("%w: column %d of row %d holds a value of no kind or of another one", ErrMalformed, i+1, row+1)
		}
	}
	if width > len(m.Columns) && d.err == nil {
		d.err = fmt.Errorf("%w: row %d has %d values, the first has %d", ErrMalformed, row+1, width, len(m.Columns))
	}
	return width
}

// readValue appends one TColumnValue, whose value is NULL where it is not set. The first
// tells the kind of the column; of another kind, NULL alone is taken.
func (c *Column) readValue(d *decoder) {
	seen, null := false, true
	for d.next() {
		kind := Kind(d.id)
		element := kindElements[kind]
		if seen || element.elem == 0 || kind > KindString || d.typ != thrift.STRUCT {
			d.skip()
			continue
		}
		seen = true
		if c.kind == 0 {
			c.kind = kind
		}
		for d.next() {
			if null && kind == c.kind && d.is(1, element.elem) {
				c.appendValue(d, element.width)
				null = false
				continue
			}
			null = null && d.id != 1 // a value of another kind is one too many
			d.skip()
		}
		if null {
			c.appendNull()
		}
	}
}

// appendValue takes the value from the message.
func (c *Column) appendValue(d *decoder, width int) {
	if width == 0 {
		width = int(d.i32())
	}
	if d.err == nil {
		d.err = d.t.need(width)
	}
	if d.err != nil {
		return
	}
	value := d.t.in[d.t.pos : d.t.pos+width]
	d.t.pos += width
	switch c.kind {
	case KindBool:
		c.ints = append(c.ints, int64(min(value[0], 1)))
	case KindByte:
		c.ints = append(c.ints, int64(int8(value[0])))
	case KindI16:
		c.ints = append(c.ints, int64(int16(binary.BigEndian.Uint16(value))))
	case KindI32:
		c.ints = append(c.ints, int64(int32(binary.BigEndian.Uint32(value))))
	case KindI64:
		c.ints = append(c.ints, int64(binary.BigEndian.Uint64(value)))
	case KindDouble:
		c.floats = append(c.floats, math.Float64frombits(binary.BigEndian.Uint64(value)))
	default:
		c.appendText(value)
	}
	c.rows++
}

// appendNull keeps the place of a value.
func (c *Column) appendNull() {
	switch c.kind {
	case KindDouble:
		c.floats = append(c.floats, 0)
	case KindString:
		c.appendText(nil)
	default:
		c.ints = append(c.ints, 0)
	}
	for len(c.ownNull) <= c.rows>>3 {
		c.ownNull = append(c.ownNull, 0)
	}
	c.ownNull[c.rows>>3] |= 1 << (c.rows & 7)
	c.rows++
}

func (c *Column) appendText(text []byte) {
	c.off = append(c.off, uint32(len(c.own)))
	c.own = binary.BigEndian.AppendUint32(c.own, uint32(len(text)))
	c.own = append(c.own, text...)
}
