package sql

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// A DECIMAL whose unscaled number fits 64 bits keeps it in Value.n. A larger one
// keeps the digits, with sign, in Value.s. Each number has one form only, so that
// equal values have equal keys.

var powersOfTen = func() (p [maxPrecision*2 + 2]*big.Int) {
	for i := range p {
		p[i] = new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(i)), nil)
	}
	return p
}()

func (v Value) unscaled() *big.Int {
	if v.s == "" {
		return big.NewInt(v.n)
	}
	b, _ := new(big.Int).SetString(v.s, 10) // v.s was written by decimalFromBig
	return b
}

func decimalFromBig(b *big.Int, scale int) Value {
	if b.IsInt64() {
		return DecimalOf(b.Int64(), scale)
	}
	return Value{kind: Decimal, scale: uint8(scale), s: b.String()}
}

func (v Value) decimalText() string {
	digits := v.s
	if digits == "" {
		digits = strconv.FormatInt(v.n, 10)
	}
	scale := int(v.scale)
	if scale == 0 {
		return digits
	}
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - scale
	return sign + digits[:point] + "." + digits[point:]
}

func (v Value) decimalFloat() float64 {
	f, err := strconv.ParseFloat(v.decimalText(), 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// decimalTimestamp is that many seconds after 1970-01-01, NULL out of range.
func (v Value) decimalTimestamp() Value {
	fitted, ok := rescale(v, decimalType(maxPrecision, 9))
	if !ok {
		return Value{}
	}
	seconds, nanos := new(big.Int).DivMod(fitted.unscaled(), big.NewInt(1e9), new(big.Int))
	if !seconds.IsInt64() {
		return Value{}
	}
	return timestampInRange(seconds.Int64(), int32(nanos.Int64()))
}

// decimalOfDouble multiplies in binary and rounds once, so it shows the digits that a
// double really has (decimal-value.inline.h). It reports false for what t cannot hold.
func decimalOfDouble(f float64, t Type) (Value, bool) {
	f = math.Round(f * math.Pow10(t.Scale))
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Value{}, false
	}
	unscaled, _ := big.NewFloat(f).Int(nil)
	return fitDecimal(unscaled, t.Scale, t)
}

// rescale changes the scale and rounds half away from zero.
// It reports false if the result has more digits than t can hold.
func rescale(v Value, t Type) (Value, bool) {
	if int(v.scale) == t.Scale && v.s == "" && t.Precision > 18 {
		return v, true
	}
	return fitDecimal(v.unscaled(), int(v.scale), t)
}

// fitDecimal brings unscaled / 10^scale to the scale and precision of t.
func fitDecimal(unscaled *big.Int, scale int, t Type) (Value, bool) {
	switch {
	case scale < t.Scale:
		unscaled = new(big.Int).Mul(unscaled, powersOfTen[t.Scale-scale])
	case scale > t.Scale:
		unscaled = divideRounded(unscaled, powerOfTen(scale-t.Scale))
	}
	if unscaled.CmpAbs(powersOfTen[t.Precision]) >= 0 {
		return Value{}, false
	}
	return decimalFromBig(unscaled, t.Scale), true
}

func powerOfTen(n int) *big.Int {
	if n < len(powersOfTen) {
		return powersOfTen[n]
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// divideRounded is a/b, rounded half away from zero.
func divideRounded(a, b *big.Int) *big.Int {
	quotient, rest := new(big.Int).QuoRem(a, b, new(big.Int))
	if rest.Lsh(rest.Abs(rest), 1).CmpAbs(b) >= 0 {
		step := int64(a.Sign() * b.Sign())
		quotient.Add(quotient, big.NewInt(step))
	}
	return quotient
}

func compareDecimal(a, b Value) int {
	if a.scale == b.scale && a.s == "" && b.s == "" {
		return compareOrdered(a.n, b.n)
	}
	x, y := a.unscaled(), b.unscaled()
	switch {
	case a.scale < b.scale:
		x.Mul(x, powersOfTen[b.scale-a.scale])
	case a.scale > b.scale:
		y.Mul(y, powersOfTen[a.scale-b.scale])
	}
	return x.Cmp(y)
}

// decimalArithmetic is the type of a DECIMAL operation, as with DECIMAL_V2.
func decimalArithmetic(op string, a, b Type) Type {
	switch op {
	case "*":
		return adjusted(a.Precision+b.Precision+1, a.Scale+b.Scale)
	case "/":
		scale := max(6, a.Scale+b.Precision+1)
		return adjusted(a.Precision-a.Scale+b.Scale+scale, scale)
	case "%":
		scale := max(a.Scale, b.Scale)
		return adjusted(min(a.Precision-a.Scale, b.Precision-b.Scale)+scale, scale)
	}
	scale := max(a.Scale, b.Scale)
	return adjusted(max(a.Precision-a.Scale, b.Precision-b.Scale)+scale+1, scale)
}

// decimalOp computes a op b exactly, then rounds to t. It reports false if the
// result does not fit t. The divisor must not be zero.
func decimalOp(op string, a, b Value, t Type) (Value, bool) {
	x, y := a.unscaled(), b.unscaled()
	switch op {
	case "*":
		return fitDecimal(x.Mul(x, y), int(a.scale)+int(b.scale), t)
	case "/":
		shift := t.Scale + int(b.scale) - int(a.scale)
		if shift >= 0 {
			x.Mul(x, powerOfTen(shift))
		} else {
			y.Mul(y, powerOfTen(-shift))
		}
		return fitDecimal(divideRounded(x, y), t.Scale, t)
	}
	scale := max(a.scale, b.scale)
	x.Mul(x, powersOfTen[scale-a.scale])
	y.Mul(y, powersOfTen[scale-b.scale])
	switch op {
	case "+":
		x.Add(x, y)
	case "-":
		x.Sub(x, y)
	case "%":
		x.Rem(x, y)
	}
	return fitDecimal(x, int(scale), t)
}

// parseDecimal reads digits with an optional point, sign and exponent. The type
// has just as many digits as the text; it reports false beyond 38 of them.
func parseDecimal(text string) (Value, Type, bool) {
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.Atoi(text[i+1:])
		if err != nil || e > 2*maxPrecision || e < -2*maxPrecision {
			return Value{}, Type{}, false
		}
		mantissa, exponent = text[:i], e
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	scale := len(fraction) - exponent
	if len(whole)+len(fraction) > 4*maxPrecision {
		return Value{}, Type{}, false
	}
	unscaled, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok || strings.HasPrefix(fraction, "-") || strings.HasPrefix(fraction, "+") {
		return Value{}, Type{}, false
	}
	if scale < 0 {
		unscaled.Mul(unscaled, powerOfTen(-scale))
		scale = 0
	}
	digits := len(new(big.Int).Abs(unscaled).String())
	precision := max(digits, scale, 1)
	if unscaled.Sign() == 0 {
		precision = max(scale, 1)
	}
	if precision > maxPrecision {
		return Value{}, Type{}, false
	}
	return decimalFromBig(unscaled, scale), decimalType(precision, scale), true
}
