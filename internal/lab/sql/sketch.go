package sql

import (
	"hash/fnv"
	"math"
	"math/bits"
)

// sketch is a HyperLogLog with 2^10 registers, as NDV without a scale uses: its
// standard error is 1.04/sqrt(1024), 3.25 %. (Flajolet, Fusy, Gandouet, Meunier:
// HyperLogLog, 2007; the correction for small counts is linear counting.)
type sketch [1 << sketchBits]uint8

const sketchBits = 10

func addSketch(_ *execution, t *total, v Value) {
	rest := t.more()
	if rest.sketch == nil {
		rest.sketch = new(sketch)
	}
	t.n++
	h := fnv.New64a()
	h.Write(appendKey(nil, v)) // a hash never fails to write
	rest.sketch.add(spread(h.Sum64()))
}

// spread mixes the bits of a hash, since FNV leaves the high ones poor
// (the finalizer of MurmurHash3).
func spread(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (s *sketch) add(hash uint64) {
	register := hash >> (64 - sketchBits)
	rank := uint8(bits.LeadingZeros64(hash<<sketchBits|1<<(sketchBits-1))) + 1
	s[register] = max(s[register], rank)
}

func (s *sketch) estimate() int64 {
	if s == nil {
		return 0
	}
	const m = float64(len(s))
	sum, empty := 0.0, 0
	for _, rank := range s {
		sum += math.Ldexp(1, -int(rank))
		if rank == 0 {
			empty++
		}
	}
	estimate := 0.7213 / (1 + 1.079/m) * m * m / sum
	if estimate <= 2.5*m && empty > 0 {
		estimate = m * math.Log(m/float64(empty))
	}
	return int64(math.Round(estimate))
}
