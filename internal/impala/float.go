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
	if !(size >= 1e-6 && size < 1e21) {
		return appendExtreme(dst, v, bits)
	}
	// Each product is checked by reading it back, so how it is rounded does not matter.
	most := 1e15
	if bits == 32 {
		most = 1e6
	}
	if r := float64(int64(min(size*1e3, most) + 0.5)); r < most && readsBack(r/1e3, size, bits) {
		return appendThousandths(appendSign(dst, v), uint64(r))
	}
	if r := float64(int64(min(size*1e6, most) + 0.5)); r < most && readsBack(r/1e6, size, bits) {
		dst = appendSign(dst, v)
		whole, rest := uint64(r)/1e6, uint64(r)%1e6
		high := rest / 1000
		dst = strconv.AppendUint(dst, whole, 10)
		dst = append(dst, '.', '0'+byte(high/100), '0'+byte(high/10%10), '0'+byte(high%10))
		return appendDigits(dst, rest%1000)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, bits)
}

// appendExtreme appends what is no number, 0, and what has an exponent.
func appendExtreme(dst []byte, v float64, bits int) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, "NaN"...)
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...)
	case v == 0 && math.Signbit(v):
		return append(dst, "-0"...)
	case v == 0:
		return append(dst, '0')
	}
	return strconv.AppendFloat(dst, v, 'e', -1, bits)
}

// readsBack reports whether decimal, the float next to a decimal of up to 15 digits (6
// with 32 bits), is v. Then that decimal is the shortest text: no two decimals of so few
// digits are the same float. Most figures that were measured or rounded have such a one,
// and it takes half the time of the general search.
func readsBack(decimal, v float64, bits int) bool {
	if bits == 32 {
		return float32(decimal) == float32(v)
	}
	return decimal == v
}

func appendSign(dst []byte, v float64) []byte {
	if v < 0 {
		return append(dst, '-')
	}
	return dst
}

func appendThousandths(dst []byte, n uint64) []byte {
	if whole := n / 1000; whole < 1000 {
		dst = appendShort(dst, whole)
	} else {
		dst = strconv.AppendUint(dst, whole, 10)
	}
	if n%1000 == 0 {
		return dst
	}
	return appendDigits(append(dst, '.'), n%1000)
}

// appendShort appends a number below 1000, as most figures are.
func appendShort(dst []byte, n uint64) []byte {
	switch {
	case n >= 100:
		return append(dst, '0'+byte(n/100), '0'+byte(n/10%10), '0'+byte(n%10))
	case n >= 10:
		return append(dst, '0'+byte(n/10), '0'+byte(n%10))
	}
	return append(dst, '0'+byte(n))
}

// appendDigits appends three digits but for zeros at the end. They are not all zero.
func appendDigits(dst []byte, n uint64) []byte {
	switch {
	case n%10 != 0:
		return append(dst, '0'+byte(n/100), '0'+byte(n/10%10), '0'+byte(n%10))
	case n%100 != 0:
		return append(dst, '0'+byte(n/100), '0'+byte(n/10%10))
	}
	return append(dst, '0'+byte(n/100))
}
