package wire

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/thrift/lib/go/thrift"
)

// encoder writes fields; the first error stays.
type encoder struct {
	p   *thrift.TBinaryProtocol
	err error
}

func (e *encoder) do(err error) {
	if e.err == nil {
		e.err = err
	}
}

func (e *encoder) field(typ thrift.TType, id int16) {
	e.do(e.p.WriteFieldBegin(noContext, "", typ, id))
}

// begin opens a struct as field id; end closes it.
func (e *encoder) begin(id int16) { e.field(thrift.STRUCT, id) }
func (e *encoder) end()           { e.stop() }
func (e *encoder) stop()          { e.do(e.p.WriteFieldStop(noContext)) }

func (e *encoder) boolean(id int16, v bool) {
	e.field(thrift.BOOL, id)
	e.do(e.p.WriteBool(noContext, v))
}

func (e *encoder) i16(id int16, v int16) {
	e.field(thrift.I16, id)
	e.do(e.p.WriteI16(noContext, v))
}

func (e *encoder) i32(id int16, v int32) {
	e.field(thrift.I32, id)
	e.do(e.p.WriteI32(noContext, v))
}

func (e *encoder) i64(id int16, v int64) {
	e.field(thrift.I64, id)
	e.do(e.p.WriteI64(noContext, v))
}

func (e *encoder) text(id int16, v string) {
	e.field(thrift.STRING, id)
	e.do(e.p.WriteString(noContext, v))
}

// optionalText leaves out an empty text, as the C++ and Java writers leave out what is unset.
func (e *encoder) optionalText(id int16, v string) {
	if v != "" {
		e.text(id, v)
	}
}

func (e *encoder) bytes(id int16, v []byte) {
	e.field(thrift.STRING, id)
	e.do(e.p.WriteBinary(noContext, v))
}

func (e *encoder) list(id int16, elem thrift.TType, n int) {
	e.field(thrift.LIST, id)
	e.do(e.p.WriteListBegin(noContext, elem, n))
}

// texts writes a map of strings in a fixed order, so that equal messages are equal bytes.
func (e *encoder) texts(id int16, m map[string]string) {
	e.field(thrift.MAP, id)
	e.do(e.p.WriteMapBegin(noContext, thrift.STRING, thrift.STRING, len(m)))
	for _, k := range sortedKeys(m) {
		e.do(e.p.WriteString(noContext, k))
		e.do(e.p.WriteString(noContext, m[k]))
	}
}

// decoder reads fields; the first error stays and ends every loop.
type decoder struct {
	p   *thrift.TBinaryProtocol
	t   *transport
	typ thrift.TType // of the field that next found
	id  int16
	err error

	planned int // nodes and instances that the message has announced
}

// next moves to the next field of the current struct and reports whether there is one.
// The field must then be read or skipped.
func (d *decoder) next() bool {
	if d.err != nil {
		return false
	}
	_, d.typ, d.id, d.err = d.p.ReadFieldBegin(noContext)
	return d.err == nil && d.typ != thrift.STOP
}

// is reports whether the current field has this id and type. A known field of another
// type is skipped like an unknown one.
func (d *decoder) is(id int16, typ thrift.TType) bool { return d.id == id && d.typ == typ }

func (d *decoder) skip() {
	if d.err == nil {
		d.err = d.p.Skip(noContext, d.typ)
	}
}

func (d *decoder) boolean() (v bool) {
	if d.err == nil {
		v, d.err = d.p.ReadBool(noContext)
	}
	return v
}

func (d *decoder) i16() (v int16) {
	if d.err == nil {
		v, d.err = d.p.ReadI16(noContext)
	}
	return v
}

func (d *decoder) i32() (v int32) {
	if d.err == nil {
		v, d.err = d.p.ReadI32(noContext)
	}
	return v
}

func (d *decoder) i64() (v int64) {
	if d.err == nil {
		v, d.err = d.p.ReadI64(noContext)
	}
	return v
}

func (d *decoder) text() (v string) {
	if d.err == nil {
		v, d.err = d.p.ReadString(noContext)
	}
	return v
}

func (d *decoder) bytes() (v []byte) {
	if d.err == nil {
		v, d.err = d.p.ReadBinary(noContext)
	}
	return v
}

// list reads the head of a list and checks the type of its elements; an empty list may
// claim any type.
func (d *decoder) list(elem thrift.TType) int {
	if d.err != nil {
		return 0
	}
	got, n, err := d.p.ReadListBegin(noContext)
	if err == nil && n > 0 && got != elem {
		err = fmt.Errorf("%w: list of type %d where type %d was due", ErrMalformed, got, elem)
	}
	if d.err = err; err != nil {
		return 0
	}
	return n
}

// maxColumns bounds a result's width, since a column takes far more memory than the
// few bytes that announce it.
const maxColumns = 1 << 16

// columns reads the head of a list of columns.
func (d *decoder) columns() int {
	n := d.list(thrift.STRUCT)
	if n > maxColumns {
		d.err = fmt.Errorf("%w: %d columns", ErrMalformed, n)
		return 0
	}
	return n
}

// stringMap reads map<string,string>; of equal keys the last counts.
func (d *decoder) stringMap() map[string]string {
	if d.err != nil {
		return nil
	}
	key, value, n, err := d.p.ReadMapBegin(noContext)
	if err == nil && n > 0 && (key != thrift.STRING || value != thrift.STRING) {
		err = fmt.Errorf("%w: map of types %d and %d where texts were due", ErrMalformed, key, value)
	}
	if d.err = err; err != nil {
		return nil
	}
	m := make(map[string]string)
	for ; n > 0 && d.err == nil; n-- {
		k := d.text()
		m[k] = d.text()
	}
	return m
}

// exception reads a TApplicationException; the result is never nil.
func (d *decoder) exception() error {
	var x Exception
	for d.next() {
		switch {
		case d.is(1, thrift.STRING):
			x.Text = d.text()
		case d.is(2, thrift.I32):
			x.Kind = d.i32()
		default:
			d.skip()
		}
	}
	if d.err != nil {
		return d.failure()
	}
	return &x
}

// failure is what stopped the decoder: the error of the connection as it was, or
// anything else as a malformed message. Thrift's own types do not leave this package.
func (d *decoder) failure() error {
	switch {
	case d.err == nil:
		return nil
	case d.t.err != nil:
		if errors.Is(d.t.err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		return d.t.err
	case errors.Is(d.err, ErrMalformed):
		return d.err
	}
	return fmt.Errorf("%w: %v", ErrMalformed, brief(d.err.Error()))
}
