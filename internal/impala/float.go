package impala

import (
	"math"
	"strconv"
)

// AppendFloat appends the shortest text that reads back as v, which has the given size
// in bits. Only very large and very small numbers have an exponent; the values that are
// no numbers are NaN, Infinity and -Infinity.
func AppendFloat(dst []byte, v float64, bits int) []byte {
	size := math.Abs(v)
	switch {
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	case size == 0:
		if math.Signbit(v) {
			return append(dst, "-0"...)
		}
		return append(dst, '0')
	case size < 1e-6 || size >= 1e21:
		return strconv.AppendFloat(dst, v, 'e', -1, bits)
	}
	for _, scale := range [...]uint64{1e3, 1e6} {
		if thousandths, ok := decimal(size, scale, bits); ok {
			if v < 0 {
				dst = append(dst, '-')
			}
			return appendScaled(dst, thousandths, scale)
		}
	}
	return strconv.AppendFloat(dst, v, 'f', -1, bits)
}

// decimal is v as a whole number of parts of 1/scale, if that reads back as v and is short
// enough to be the only one: no two decimals of up to 15 digits (6 with 32 bits) are the
// same float, so that none can be shorter. Most figures that were measured or rounded are
// such numbers, and take half the time of the general search.
func decimal(v float64, scale uint64, bits int) (parts uint64, ok bool) {
	most := 1e15
	if bits == 32 {
		most = 1e6
	}
	r := math.Round(v * float64(scale))
	if r >= most {
		return 0, false
	}
	back := r / float64(scale)
	if bits == 32 {
		return uint64(r), float32(back) == float32(v)
	}
	return uint64(r), back == v
}

// appendScaled appends parts of 1/scale, a power of ten, without zeros at the end.
func appendScaled(dst []byte, parts, scale uint64) []byte {
	dst = strconv.AppendUint(dst, parts/scale, 10)
	rest := parts % scale
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.')
	for rest > 0 {
		scale /= 10
		dst = append(dst, '0'+byte(rest/scale))
		rest %= scale
	}
	return dst
}
