package sql

import (
	"context"
	"hash/maphash"
)

// A row that is alone in its partition has the first rank, whatever the order, and need
// not be kept. Most rows are where ROW_NUMBER drops copies. So the partition keys are
// read once before the rows are, and only rows whose key was met twice are sorted.

// A repeater is an operator that can read its rows twice: it makes a copy of itself,
// which is pruned and run on its own and gives the same rows.
type repeater interface{ again() operator }

func (o *scan) again() operator {
	c := *o
	return &c
}

func (o *filter) again() operator {
	input, ok := o.input.(repeater)
	if !ok {
		return nil
	}
	below := input.again()
	if below == nil {
		return nil
	}
	return &filter{input: below, conditions: o.conditions}
}

func (o *project) again() operator {
	input, ok := o.input.(repeater)
	if !ok {
		return nil
	}
	below := input.again()
	if below == nil {
		return nil
	}
	return &project{input: below, exprs: o.exprs, columns: o.columns}
}

// again is a pruned copy of the input for the partition keys, nil if the calls are not
// all ranks or the input can be read once only.
func (o *windowing) again() operator {
	input, ok := o.input.(repeater)
	if !ok || o.partition == 0 {
		return nil
	}
	for _, call := range o.calls {
		if !call.firstAlone() {
			return nil
		}
	}
	once := input.again()
	if once == nil {
		return nil
	}
	keys := make([]bool, o.columns)
	for _, key := range o.keys[:o.partition] {
		key.mark(keys)
	}
	once.prune(keys)
	return once
}

func (o *windowing) partitionKey(x *execution, row []Value, key []byte) []byte {
	key = key[:0]
	for i := range o.partition {
		key = appendKey(key, o.keys[i].eval(x, row))
	}
	return key
}

// repeated reads the partition keys and tells of each row whether another one has its key;
// nil if that has no use.
func (o *windowing) repeated(ctx context.Context, x *execution) (*bitmap, error) {
	if o.once == nil {
		return nil, nil
	}
	met, seed := &meetings{slots: make([]uint32, 1<<12)}, maphash.MakeSeed()
	var rows []uint32 // the hash of each
	var key []byte
	err := o.once.run(ctx, x, func(row []Value) bool {
		key = o.partitionKey(x, row, key)
		hash := uint32(maphash.Bytes(seed, key))
		rows = append(rows, hash)
		return x.err == nil && (!met.add(hash) || x.keep(1, "ANALYTIC_EVAL_NODE"))
	})
	if err != nil || x.err != nil {
		return nil, err
	}
	repeated := &bitmap{bits: make([]uint64, len(rows)/64+1)}
	for i, hash := range rows {
		if met.twice(hash) {
			repeated.bits[i/64] |= 1 << (i % 64)
		}
	}
	return repeated, nil
}

// A bitmap has a bit for each row, in the order in which rows come.
type bitmap struct {
	bits []uint64
	next int
}

// take gives the bit of the next row.
func (b *bitmap) take() bool {
	i := b.next
	b.next++
	if i/64 >= len(b.bits) { // a table that grew in between
		return true
	}
	return b.bits[i/64]&(1<<(i%64)) != 0
}

// meetings is a set of hashes that knows which were added twice. Two keys of one hash
// count as a repetition, which costs time but is not wrong; so 31 bits are enough, and
// the set is small.
type meetings struct {
	slots []uint32 // open addressing; 0 is free, the lowest bit says twice
	count int
}

const twiceBit = 1

// kept is the form in which a hash is kept: not 0, without the lowest bit.
func kept(hash uint32) uint32 { return max(hash&^twiceBit, 2) }

// slot is where a kept hash is, or the free place for it.
func (m *meetings) slot(hash uint32) int {
	mask := len(m.slots) - 1
	i := int(hash>>1) & mask
	for m.slots[i] != 0 && m.slots[i]&^twiceBit != hash {
		i = (i + 1) & mask
	}
	return i
}

// add reports whether the hash is new.
func (m *meetings) add(hash uint32) bool {
	hash = kept(hash)
	i := m.slot(hash)
	if m.slots[i] != 0 {
		m.slots[i] |= twiceBit
		return false
	}
	m.slots[i] = hash
	if m.count++; m.count > len(m.slots)/2 {
		m.grow()
	}
	return true
}

func (m *meetings) grow() {
	old := m.slots
	m.slots = make([]uint32, 4*len(old))
	for _, hash := range old {
		if hash != 0 {
			m.slots[m.slot(hash&^twiceBit)] = hash
		}
	}
}

func (m *meetings) twice(hash uint32) bool { return m.slots[m.slot(kept(hash))]&twiceBit != 0 }
