package sql

import (
	"context"
	"hash/maphash"
)

// A row that is alone in its partition has the first rank, whatever the order, and need
// not be kept. Most rows are where ROW_NUMBER drops copies. So the partition keys are
// read once before the rows are, and only rows whose key was met twice are sorted.

// hashSeed is one for the process: hashes of different runs are never compared.
var hashSeed = maphash.MakeSeed()

func hashOf(key []byte) uint64 { return maphash.Bytes(hashSeed, key) }

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

// repeats reads the partition keys, nil if that has no use.
func (o *windowing) repeats(ctx context.Context, x *execution) (*repeats, error) {
	if o.once == nil {
		return nil, nil
	}
	r := &repeats{slots: make([]uint64, 1<<10)}
	var key []byte
	err := o.once.run(ctx, x, func(row []Value) bool {
		key = o.partitionKey(x, row, key)
		return x.err == nil && (!r.add(hashOf(key)) || x.keep(1, "ANALYTIC_EVAL_NODE"))
	})
	return r, err
}

// repeats is a set of hashes that knows which were added twice. Two keys of one hash
// count as a repetition, which costs time but is not wrong.
type repeats struct {
	slots []uint64 // open addressing; 0 is free, the lowest bit says twice
	count int
}

const twiceBit = 1

// slot is where a hash is, or the free place for it.
func (r *repeats) slot(hash uint64) int {
	mask := len(r.slots) - 1
	i := int(hash>>32) & mask
	for r.slots[i] != 0 && r.slots[i]&^twiceBit != hash {
		i = (i + 1) & mask
	}
	return i
}

// stored is the form in which a hash is kept: not 0, without the lowest bit.
func stored(hash uint64) uint64 { return hash&^twiceBit | 2 }

// add reports whether the hash is new.
func (r *repeats) add(hash uint64) bool {
	hash = stored(hash)
	i := r.slot(hash)
	if r.slots[i] != 0 {
		r.slots[i] |= twiceBit
		return false
	}
	r.slots[i] = hash
	if r.count++; r.count > len(r.slots)/2 {
		r.grow()
	}
	return true
}

func (r *repeats) grow() {
	old := r.slots
	r.slots = make([]uint64, 2*len(old))
	for _, hash := range old {
		if hash != 0 {
			r.slots[r.slot(hash&^twiceBit)] = hash
		}
	}
}

func (r *repeats) twice(hash uint64) bool { return r.slots[r.slot(stored(hash))]&twiceBit != 0 }
