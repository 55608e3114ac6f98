package sql

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// mathFunction are the overloads of a function on numbers.
func mathFunction(name string) []overload {
	if f := realFunction(name); f != nil {
		return []overload{{params: "d", result: Double, one: func(_ *execution, v Value) Value { return DoubleOf(f(v.Float())) }}}
	}
	double := func(f func(a, b float64) float64) []overload {
		return []overload{{params: "dd", result: Double, two: func(_ *execution, a, b Value) Value {
			return DoubleOf(f(a.Float(), b.Float()))
		}}}
	}
	switch name {
	case "pow", "power", "dpow", "fpow":
		return double(math.Pow)
	case "log":
		return double(func(base, x float64) float64 { return math.Log(x) / math.Log(base) })
	case "atan2":
		return double(math.Atan2)
	case "fmod":
		return []overload{{params: "dd", result: Double, two: func(_ *execution, a, b Value) Value {
			if b.Float() == 0 {
				return Value{}
			}
			return DoubleOf(math.Mod(a.Float(), b.Float()))
		}}}
	case "pi":
		return []overload{{result: Double, zero: func(*execution) Value { return DoubleOf(math.Pi) }}}
	case "e":
		return []overload{{result: Double, zero: func(*execution) Value { return DoubleOf(math.E) }}}
	case "sign":
		return []overload{{params: "d", result: Float, one: func(_ *execution, v Value) Value { return DoubleOf(sign(v.Float())) }}}
	case "is_nan":
		return []overload{{params: "d", result: Boolean, one: func(_ *execution, v Value) Value { return BoolOf(math.IsNaN(v.Float())) }}}
	case "is_inf":
		return []overload{{params: "d", result: Boolean, one: func(_ *execution, v Value) Value { return BoolOf(math.IsInf(v.Float(), 0)) }}}
	case "pmod":
		return pmodOverloads
	case "hex":
		return hexOverloads
	case "bin":
		return []overload{{params: "b", result: String, one: func(_ *execution, v Value) Value {
			return StringOf(strconv.FormatUint(uint64(v.n), 2))
		}}}
	case "factorial":
		return []overload{{params: "b", result: BigInt, one: factorial}}
	case "quotient":
		return []overload{
			{params: "bb", result: BigInt, two: quotient},
			{params: "dd", result: BigInt, two: func(x *execution, a, b Value) Value {
				return quotient(x, IntOf(int64(a.Float())), IntOf(int64(b.Float())))
			}},
		}
	}
	return nil
}

func realFunction(name string) func(float64) float64 {
	switch name {
	case "exp", "dexp":
		return math.Exp
	case "ln", "dlog1":
		return math.Log
	case "log2":
		return math.Log2
	case "log10", "dlog10":
		return math.Log10
	case "sqrt", "dsqrt":
		return math.Sqrt
	case "sin":
		return math.Sin
	case "cos":
		return math.Cos
	case "tan":
		return math.Tan
	case "asin":
		return math.Asin
	case "acos":
		return math.Acos
	case "atan":
		return math.Atan
	case "sinh":
		return math.Sinh
	case "cosh":
		return math.Cosh
	case "tanh":
		return math.Tanh
	case "cot":
		return func(f float64) float64 { return math.Tan(math.Pi/2 - f) }
	case "radians":
		return func(degrees float64) float64 { return degrees * math.Pi / 180 }
	case "degrees":
		return func(radians float64) float64 { return radians * 180 / math.Pi }
	}
	return nil
}

// factorial is 1 of numbers below 1, and fails above 20, which is the last that fits.
func factorial(x *execution, v Value) Value {
	if v.n > 20 {
		return x.fail(failure("UDF ERROR: factorial 20! is the largest representable number in Int64"))
	}
	product := int64(1)
	for n := int64(2); n <= v.n; n++ {
		product *= n
	}
	return IntOf(product)
}

// quotient divides whole numbers; by zero is NULL.
func quotient(_ *execution, a, b Value) Value {
	switch b.n {
	case 0:
		return Value{}
	case -1:
		return IntOf(-a.n)
	}
	return IntOf(a.n / b.n)
}

func sign(f float64) float64 {
	switch {
	case f > 0:
		return 1
	case f < 0:
		return -1
	}
	return 0 // of NaN too
}

// pmod has the sign of the divisor; a divisor of zero gives NULL for integers.
var pmodOverloads = []overload{
	{params: "bb", result: BigInt, two: func(_ *execution, a, b Value) Value {
		if b.n == 0 {
			return Value{}
		}
		if b.n == -1 {
			return IntOf(0)
		}
		return IntOf((a.n%b.n + b.n) % b.n)
	}},
	{params: "dd", result: Double, two: func(_ *execution, a, b Value) Value {
		m := b.Float()
		return DoubleOf(math.Mod(math.Mod(a.Float(), m)+m, m))
	}},
}

var hexOverloads = []overload{
	{params: "b", result: String, one: func(_ *execution, v Value) Value {
		return StringOf(strings.ToUpper(strconv.FormatUint(uint64(v.n), 16)))
	}},
	{params: "s", result: String, one: func(_ *execution, v Value) Value {
		const digits = "0123456789ABCDEF"
		text := make([]byte, 0, 2*len(v.s))
		for _, c := range []byte(v.s) {
			text = append(text, digits[c>>4], digits[c&15])
		}
		return StringOf(string(text))
	}},
}

// buildAbs gives integers the next wider type, which holds the smallest one's opposite.
// There is none for BIGINT, whose smallest gives NULL.
func buildAbs(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 1, 1); err != nil {
		return compiled{}, err
	}
	typ := args[0].typ
	switch {
	case typ.Kind.binary():
		return strict(args[0], typ, func(_ *execution, v Value) Value { return DoubleOf(math.Abs(v.Float())) }), nil
	case typ.Kind == Decimal:
		return strict(args[0], typ, func(_ *execution, v Value) Value {
			b := v.unscaled()
			return decimalFromBig(b.Abs(b), typ.Scale)
		}), nil
	case !typ.Kind.integer() && typ.Kind != Null:
		return compiled{}, noSignature(e, args)
	}
	wider := min(max(typ.Kind, TinyInt)+1, BigInt)
	return strict(args[0], Type{Kind: wider}, func(_ *execution, v Value) Value {
		switch {
		case v.n == math.MinInt64:
			return Value{}
		case v.n < 0:
			return IntOf(-v.n)
		}
		return v
	}), nil
}

// buildMod compiles mod(a, b), which is a % b.
func buildMod(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 2, 2); err != nil {
		return compiled{}, err
	}
	return arithmetic(&expr{kind: operatorExpr, name: "%", args: e.args}, args)
}

// buildRound compiles ceil, floor, round and truncate: DOUBLE for everything but
// a DECIMAL, which stays one.
func buildRound(k *compiler, e *expr, args []compiled) (compiled, error) {
	name := strings.TrimPrefix(e.name, "d")
	switch name {
	case "ceiling":
		name = "ceil"
	case "trunc":
		name = "truncate"
	}
	most := 1
	if name == "round" || name == "truncate" {
		most = 2
	}
	if err := arity(e, args, 1, most); err != nil {
		return compiled{}, err
	}
	if args[0].typ.Kind == Decimal {
		return roundDecimal(e, name, args)
	}
	if !converts(args[0].typ, Type{Kind: Double}) || args[0].typ.Kind.text() {
		return compiled{}, noSignature(e, args)
	}
	arg := args[0].as(Type{Kind: Double})
	if len(args) == 2 {
		if name == "truncate" || !converts(args[1].typ, Type{Kind: Int}) {
			return compiled{}, noSignature(e, args)
		}
		o := overload{params: "di", result: Double, two: func(_ *execution, v, digits Value) Value {
			return DoubleOf(roundTo(v.Float(), int(digits.n)))
		}}
		return o.compile(args), nil
	}
	round := map[string]func(float64) float64{"ceil": math.Ceil, "floor": math.Floor, "round": math.Round, "truncate": math.Trunc}[name]
	return strict(arg, Type{Kind: Double}, func(_ *execution, v Value) Value { return DoubleOf(round(v.Float())) }), nil
}

// roundTo rounds to digits after the point, or before it if negative.
func roundTo(f float64, digits int) float64 {
	factor := math.Pow(10, math.Abs(float64(digits)))
	var result float64
	if digits < 0 {
		result = math.Round(f/factor) * factor
	} else {
		result = math.Round(f*factor) / factor
	}
	if math.IsNaN(result) || math.IsInf(result, 0) {
		return f
	}
	return result
}

// roundDecimal has a digit more before the point than its argument when a carry
// can need it (FunctionCallExpr.java).
func roundDecimal(e *expr, name string, args []compiled) (compiled, error) {
	from, digits := args[0].typ, 0
	if len(args) == 2 {
		if !args[1].constant || !args[1].typ.Kind.integer() {
			return compiled{}, analysis("%s() must be called with a constant second argument.", e.name)
		}
		digits = int(max(-maxPrecision, min(args[1].value().n, maxPrecision)))
	}
	whole, scale := from.Precision-from.Scale, min(max(digits, 0), from.Scale)
	if name != "truncate" && digits < from.Scale {
		whole++
	}
	typ := decimalType(max(1, min(whole+scale, maxPrecision)), scale)
	return strict(args[0], typ, func(x *execution, v Value) Value {
		result, ok := fitDecimal(roundBig(name, v.unscaled(), from.Scale-digits), min(digits, from.Scale), typ)
		if !ok {
			return x.fail(failure("UDF ERROR: Decimal expression overflowed"))
		}
		return result
	}), nil
}

// roundBig drops the last digits of b, if drop is positive.
func roundBig(name string, b *big.Int, drop int) *big.Int {
	if drop <= 0 {
		return b
	}
	unit := powerOfTen(drop)
	if name == "round" {
		return divideRounded(b, unit)
	}
	quotient, rest := new(big.Int).QuoRem(b, unit, new(big.Int))
	switch {
	case name == "ceil" && rest.Sign() > 0:
		quotient.Add(quotient, big.NewInt(1))
	case name == "floor" && rest.Sign() < 0:
		quotient.Sub(quotient, big.NewInt(1))
	}
	return quotient
}

// buildFnvHash compiles fnv_hash: FNV-1a of the bytes that a value has in memory,
// with Impala's own seed (hash-util.h).
func buildFnvHash(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 1, 1); err != nil {
		return compiled{}, err
	}
	typ := args[0].typ
	width := map[Kind]int{Boolean: 1, TinyInt: 1, SmallInt: 2, Int: 4, BigInt: 8, Double: 8}[typ.Kind]
	if width == 0 && !typ.Kind.text() {
		return compiled{}, unsupported("fnv_hash of a " + typ.String())
	}
	return strict(args[0], Type{Kind: BigInt}, func(_ *execution, v Value) Value {
		hash := uint64(0x811C9DC5)
		for _, c := range []byte(v.s) {
			hash = (hash ^ uint64(c)) * 1099511628211
		}
		for i := range width {
			hash = (hash ^ uint64(byte(v.n>>(8*i)))) * 1099511628211
		}
		return IntOf(int64(hash))
	}), nil
}
