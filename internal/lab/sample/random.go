package sample

import "math"

// mix is one step of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom
// Number Generators, 2014), used as a hash of a counter.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// A draws gives the random numbers of one row. They depend on seed, day, row and
// column alone, so any day can be made without those before it.
type draws uint64

// dayKey is what all rows of a day share.
type dayKey uint64

func keyOf(seed uint64, day int64) dayKey { return dayKey(mix(mix(seed) ^ uint64(day))) }

func (k dayKey) row(row uint64) draws { return draws(mix(uint64(k) ^ row)) }

// uniform is in [0, 1).
func (d draws) uniform(column uint64) float64 {
	return float64(mix(uint64(d)^column)>>11) / (1 << 53)
}

// below is an integer in [0, n).
func (d draws) below(column uint64, n int) int { return int(d.uniform(column) * float64(n)) }

// normal uses two columns (Box and Muller, 1958).
func (d draws) normal(column uint64) float64 {
	radius := math.Sqrt(-2 * math.Log(1-d.uniform(column)))
	return radius * math.Cos(2*math.Pi*d.uniform(column+1))
}

// lognormal has the median and the sigma of the logarithm. It uses two columns.
func (d draws) lognormal(column uint64, median, sigma float64) float64 {
	return median * math.Exp(sigma*d.normal(column))
}

// A weighted list is drawn from by its cumulated weights.
type weighted []float64

func cumulate(weights ...float64) weighted {
	total := 0.0
	list := make(weighted, len(weights))
	for i, w := range weights {
		total += w
		list[i] = total
	}
	return list
}

func (w weighted) total() float64 { return w[len(w)-1] }

// pick is an index for u in [0, 1).
func (w weighted) pick(u float64) int {
	at := u * w.total()
	for i, sum := range w {
		if at < sum {
			return i
		}
	}
	return len(w) - 1
}

// round3 leaves three decimals, so that the last bits of a mathematics library do
// not show.
func round3(f float64) float64 { return math.Round(f*1000) / 1000 }
