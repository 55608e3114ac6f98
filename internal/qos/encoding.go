package qos

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// encodingVersion is the first byte of an encoded table. It changes with the form, and
// what an earlier program has kept is then as if it were not there.
const encodingVersion = 1

// ErrEncoding is in the chain of errors about bytes that are no table of this version.
var ErrEncoding = errors.New("not an encoded table")

// AppendTable appends a table to dst. Equal tables whose states stand in the same order
// give equal bytes.
func AppendTable(dst []byte, t *Table) []byte {
	dst = append(dst, encodingVersion)
	for _, names := range [][]string{t.Dimensions, t.Sums, t.Minima, t.Maxima} {
		dst = binary.AppendUvarint(dst, uint64(len(names)))
		for _, name := range names {
			dst = appendText(dst, name)
		}
	}
	if t.Scale == nil {
		dst = append(dst, 0)
	} else {
		dst = appendText(append(dst, 1), string(t.Scale.Kind))
		dst = appendFloats(dst, []float64{t.Scale.Alpha, t.Scale.Width, t.Scale.Min, t.Scale.Max})
	}
	dst = binary.AppendUvarint(dst, uint64(len(t.States)))
	for _, s := range t.States {
		for _, m := range s.Key {
			dst = appendMember(dst, m)
		}
		dst = appendFloats(appendFloats(appendFloats(dst, s.Sums), s.Minima), s.Maxima)
		dst = binary.AppendUvarint(dst, uint64(len(s.Bins)))
		for _, b := range s.Bins {
			dst = binary.AppendUvarint(binary.AppendVarint(dst, int64(b.Index)), uint64(b.N))
		}
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendFloats(dst []byte, list []float64) []byte {
	for _, v := range list {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return dst
}

// The first byte of a member.
const (
	nullMember = iota
	numberMember
	textMember
)

func appendMember(dst []byte, m Member) []byte {
	switch {
	case m.Null:
		return append(dst, nullMember)
	case m.Number:
		return binary.AppendVarint(append(dst, numberMember), m.Int)
	}
	return appendText(append(dst, textMember), m.Text)
}

// DecodeTable reads a table that [AppendTable] wrote. Bytes that are none give
// [ErrEncoding]; memory is taken in proportion to them, whatever they claim.
func DecodeTable(data []byte) (*Table, error) {
	d := &tableDecoder{rest: data}
	if version := d.byte(); version != encodingVersion {
		return nil, fmt.Errorf("%w: version %d, and this program writes %d", ErrEncoding, version, encodingVersion)
	}
	t := &Table{}
	for _, names := range []*[]string{&t.Dimensions, &t.Sums, &t.Minima, &t.Maxima} {
		for range d.count(1) {
			*names = append(*names, d.text())
		}
	}
	if d.byte() == 1 {
		kind := ScaleKind(d.text())
		list := d.floats(4)
		if d.failed {
			return nil, ErrEncoding
		}
		t.Scale = &Scale{Kind: kind, Alpha: list[0], Width: list[1], Min: list[2], Max: list[3]}
	}
	least := len(t.Dimensions) + 8*(len(t.Sums)+len(t.Minima)+len(t.Maxima)) + 1
	for range d.count(least) {
		s := State{Key: make([]Member, len(t.Dimensions))}
		for i := range s.Key {
			s.Key[i] = d.member()
		}
		s.Sums, s.Minima, s.Maxima = d.floats(len(t.Sums)), d.floats(len(t.Minima)), d.floats(len(t.Maxima))
		for range d.count(2) {
			s.Bins = append(s.Bins, Bin{Index: int32(d.varint()), N: int64(d.uvarint())})
		}
		if d.failed {
			return nil, ErrEncoding
		}
		t.States = append(t.States, s)
	}
	if d.failed || len(d.rest) > 0 {
		return nil, ErrEncoding
	}
	return t, nil
}

// tableDecoder reads until something is missing; then it has failed and reads zeros.
type tableDecoder struct {
	rest   []byte
	failed bool
}

func (d *tableDecoder) take(n int) []byte {
	if n > len(d.rest) {
		d.failed, d.rest = true, nil
		return nil
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *tableDecoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *tableDecoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *tableDecoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count is a number of things of at least so many bytes each, which the rest must hold.
func (d *tableDecoder) count(least int) int {
	v := d.uvarint()
	if v > uint64(len(d.rest)/max(least, 1)) {
		d.failed, d.rest = true, nil
		return 0
	}
	return int(v)
}

func (d *tableDecoder) text() string { return string(d.take(d.count(1))) }

func (d *tableDecoder) floats(n int) []float64 {
	data := d.take(8 * n)
	if data == nil || n == 0 {
		return nil
	}
	list := make([]float64, n)
	for i := range list {
		list[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
	}
	return list
}

func (d *tableDecoder) member() Member {
	switch d.byte() {
	case numberMember:
		return Number(d.varint())
	case textMember:
		return Text(d.text())
	}
	return Null()
}
