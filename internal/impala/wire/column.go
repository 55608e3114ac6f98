package wire

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/apache/thrift/lib/go/thrift"
)

// Kind is the field of the TColumn union that holds the values.
type Kind int16

// The kinds of columns, numbered as the fields of TColumn.
const (
	KindBool   Kind = 1
	KindByte   Kind = 2
	KindI16    Kind = 3
	KindI32    Kind = 4
	KindI64    Kind = 5
	KindDouble Kind = 6
	KindString Kind = 7
	KindBinary Kind = 8
)

// element is how a value of a kind lies in a list.
type element struct {
	elem  thrift.TType // 0 for what is no kind
	width int          // bytes of a value, 0 where it varies
}

var kindElements = map[Kind]element{
	KindBool: {thrift.BOOL, 1}, KindByte: {thrift.BYTE, 1}, KindI16: {thrift.I16, 2}, KindI32: {thrift.I32, 4},
	KindI64: {thrift.I64, 8}, KindDouble: {thrift.DOUBLE, 8}, KindString: {thrift.STRING, 0}, KindBinary: {thrift.STRING, 0},
}

// Column is one column of a batch. Numbers are converted into slices, which the next batch
// reuses if it is read into the same [FetchResultsResp]; texts stay in the message that the
// connection's buffer holds, until the next one is read or as long as [Codec.Pin] and
// [Codec.Release] say.
//
// Columns of rows that came in the form before protocol V6 look the same, and their texts
// are copies (see rowwise.go).
//
// A row that is NULL has some value too, usually 0 or "": ask [Column.Null] first.
type Column struct {
	kind   Kind
	rows   int
	ints   []int64
	floats []float64
	off    []uint32 // text i lies from off[i]+4 to off[i+1]
	nulls  []byte
	msg    []byte   // where the texts lie
	far    [][]byte // the texts, when the message takes several buffers

	nullsAt, nullsLen int // where the bitmap lies while the message is still being read

	rowwise bool   // values came one by one
	own     []byte // their texts, each behind its length
	ownNull []byte // and their bitmap
}

// Kind tells which of the accessors holds the values.
func (c *Column) Kind() Kind { return c.kind }

// Len is the number of rows.
func (c *Column) Len() int { return c.rows }

// Null reports whether row i is NULL. Bits beyond the end of a bitmap are not NULL:
// HiveServer2 cuts off trailing zeros.
func (c *Column) Null(i int) bool {
	return i>>3 < len(c.nulls) && c.nulls[i>>3]>>(i&7)&1 != 0
}

// HasNulls reports whether any row may be NULL.
func (c *Column) HasNulls() bool {
	for _, b := range c.nulls {
		if b != 0 {
			return true
		}
	}
	return false
}

// AllNull reports whether every row is NULL.
func (c *Column) AllNull() bool {
	for i := range c.rows {
		if !c.Null(i) {
			return false
		}
	}
	return true
}

// Ints are the values of a column of booleans (0 and 1) or integers, one a row.
func (c *Column) Ints() []int64 { return c.ints }

// Floats are the values of a column of doubles, one a row.
func (c *Column) Floats() []float64 { return c.floats }

// Text is row i of a column of strings or bytes. It is a part of the message.
func (c *Column) Text(i int) []byte {
	if c.far != nil {
		return c.far[i]
	}
	return c.msg[c.off[i]+4 : c.off[i+1]]
}

// reset makes the column empty. It keeps its memory, unless that was for a batch far larger
// than the last.
func (c *Column) reset() {
	*c = Column{ints: emptied(c.ints, c.rows), floats: emptied(c.floats, c.rows), off: emptied(c.off, c.rows),
		own: emptied(c.own, len(c.own)), ownNull: c.ownNull[:0]}
}

func (c *Column) read(d *decoder) {
	c.reset()
	for d.next() {
		if d.typ == thrift.STRUCT && kindElements[Kind(d.id)].elem != 0 && c.kind == 0 {
			c.kind = Kind(d.id)
			c.readBody(d)
			continue
		}
		d.skip()
	}
	if d.err == nil && c.kind == 0 {
		d.err = fmt.Errorf("%w: column of an unknown kind", ErrMalformed)
	}
}

func (c *Column) readBody(d *decoder) {
	element := kindElements[c.kind]
	for d.next() {
		switch {
		case d.is(1, thrift.LIST):
			c.rows = d.list(element.elem)
			if d.err == nil && element.width > 0 {
				d.err = c.readNumbers(d.t, element.width)
			} else if d.err == nil {
				d.err = c.readTexts(d.t)
			}
		case d.is(2, thrift.STRING):
			n := int(d.i32())
			if d.err == nil {
				d.err = d.t.need(n)
			}
			if d.err == nil {
				c.nullsAt, c.nullsLen = d.t.size(), n
				d.t.pos += n
			}
		default:
			d.skip()
		}
	}
}

// readNumbers waits for the whole column and converts it. Slices are taken after the
// bytes are there, so a false count takes no memory.
func (c *Column) readNumbers(t *transport, width int) error {
	if err := t.need(c.rows * width); err != nil {
		return err
	}
	src := t.in[t.pos : t.pos+c.rows*width]
	t.pos += len(src)
	if c.kind == KindDouble {
		c.floats = sized(c.floats, c.rows)
		convertDoubles(c.floats, src)
		return nil
	}
	c.ints = sized(c.ints, c.rows)
	switch c.kind {
	case KindBool:
		for i := range c.ints {
			c.ints[i] = 0
			if src[i] != 0 {
				c.ints[i] = 1
			}
		}
	case KindByte:
		for i := range c.ints {
			c.ints[i] = int64(int8(src[i]))
		}
	case KindI16:
		for i := range c.ints {
			c.ints[i] = int64(int16(binary.BigEndian.Uint16(src[2*i : 2*i+2])))
		}
	case KindI32:
		for i := range c.ints {
			c.ints[i] = int64(int32(binary.BigEndian.Uint32(src[4*i : 4*i+4])))
		}
	case KindI64:
		for i := range c.ints {
			c.ints[i] = int64(binary.BigEndian.Uint64(src[8*i : 8*i+8]))
		}
	}
	return nil
}

func convertDoubles(dst []float64, src []byte) {
	for i := range dst {
		dst[i] = math.Float64frombits(binary.BigEndian.Uint64(src[8*i : 8*i+8]))
	}
}

// readTexts notes where each text lies. It works on what has arrived and reads on when
// that ends in the middle of a text.
func (c *Column) readTexts(t *transport) error {
	c.off = c.off[:0]
	for len(c.off) < c.rows {
		if err := t.need(4); err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(t.in[t.pos : t.pos+4]))
		if err := t.need(4 + n); err != nil {
			return err
		}
		have := len(c.off)
		fits := min(c.rows-have, (t.end-t.pos)/4) // a text takes at least its length
		c.off = sized(c.off, have+fits)
		found, next := scanTexts(t.in[:t.end], t.pos, c.off[have:])
		c.off = c.off[:have+found]
		if t.base > 0 { // rarely, and apart: the loop of scanTexts is what decoding takes
			for i := range c.off[have:] {
				c.off[have+i] += uint32(t.base)
			}
		}
		t.pos = next
	}
	c.off = append(c.off, uint32(t.size()))
	return nil
}

// scanTexts fills off with the positions of the texts that lie whole in b from position
// p on. It returns how many it found and where the next one begins.
//
// The chain from a length to the next position bounds this loop, hence two things: the
// bytes are taken after a test of its own, and a text is guessed to be as long as the
// one before, in a branch of its own, so that the next position need not wait for the load.
func scanTexts(b []byte, p int, off []uint32) (found, next int) {
	prev, step := uint32(math.MaxUint32), 0
	for i := range off {
		if p > len(b)-4 {
			return i, p
		}
		head := b[p : p+4]
		n := uint32(head[0])<<24 | uint32(head[1])<<16 | uint32(head[2])<<8 | uint32(head[3])
		off[i] = uint32(p)
		if n == prev {
			if p+step > len(b) {
				return i, p
			}
			p += step
			continue
		}
		if uint64(n) > uint64(len(b)-p-4) {
			return i, p
		}
		prev, step = n, int(n)+4
		p += step
	}
	return len(off), p
}

// settle takes the bytes that the column refers to, which lie still from now on.
func (c *Column) settle(msg []byte, pieces []segment) {
	texts := c.kind == KindString || c.kind == KindBinary
	switch {
	case c.rowwise:
		c.nulls, c.msg = c.ownNull, c.own
		if texts {
			c.off = append(c.off, uint32(len(c.own)))
		}
		return
	case pieces == nil:
		c.nulls = msg[c.nullsAt : c.nullsAt+c.nullsLen]
	case c.nullsLen > 0:
		c.nulls = between(pieces, c.nullsAt, c.nullsAt+c.nullsLen)
	}
	switch {
	case texts && pieces == nil:
		c.msg = msg
	case texts:
		c.far = make([][]byte, c.rows)
		for i := range c.far {
			c.far[i] = between(pieces, int(c.off[i])+4, int(c.off[i+1]))
		}
	}
}

// sized returns s with length n, keeping its values where it has room.
func sized[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	bigger := make([]T, n, max(n, 2*cap(s)))
	copy(bigger, s)
	return bigger
}

// keptValues is how long a slice may stay in memory although it is hardly used.
const keptValues = 64 << 10

// emptied returns s without values, and without memory if it held far more than the last
// used values.
func emptied[T any](s []T, used int) []T {
	if cap(s) > keptValues && used < cap(s)/4 {
		return nil
	}
	return s[:0]
}
