package sql

import (
	"math"
	"strconv"
	"strings"
)

// explicitCast compiles CAST(x AS type).
func explicitCast(e *expr, arg compiled) (compiled, error) {
	if !castable(arg.typ, e.typ) {
		return compiled{}, analysis("Invalid type cast of %s from %s to %s", arg.expr, arg.typ, e.typ)
	}
	c := arg.as(e.typ)
	return compiled{typ: e.typ, eval: c.eval}, nil
}

func castable(from, to Type) bool {
	switch {
	case from.Kind == to.Kind, from.Kind == Null, to.Kind.text():
		return true
	case to.Kind == Date:
		return from.Kind.text() || from.Kind == Timestamp
	case from.Kind == Date:
		return to.Kind == Timestamp
	case to.Kind == Boolean:
		return from.Kind.numeric()
	}
	return true
}

// A cast converts a value that is not NULL.
type cast func(x *execution, v Value) Value

// caster is the conversion between two castable types, nil if values stay as
// they are.
func caster(from, to Type) cast {
	switch {
	case from == to, from.Kind == Null:
		return nil
	case to.Kind.text():
		return textCast(from, to)
	case to.Kind.integer():
		return integerCast(from, to)
	case to.Kind.binary():
		return doubleCast(from, to)
	}
	switch to.Kind {
	case Boolean:
		return booleanCast(from)
	case Decimal:
		return decimalCast(from, to)
	case Timestamp:
		return timestampCast(from)
	case Date:
		return dateCast(from)
	}
	return nil
}

func textCast(from, to Type) cast {
	if from.Kind.text() && to.Kind == String {
		return nil
	}
	return func(_ *execution, v Value) Value {
		text := v.Text()
		if from.Kind == Float {
			text = formatDouble(v.Float(), 32)
		}
		if to.Kind != String && len(text) > to.Length {
			text = text[:to.Length]
		}
		if to.Kind == Char {
			text += strings.Repeat(" ", to.Length-len(text))
		}
		return StringOf(text)
	}
}

func integerCast(from, to Type) cast {
	switch {
	case from.Kind.integer() && from.Kind <= to.Kind:
		return nil // all integers have one form
	case from.Kind == Boolean:
		return func(_ *execution, v Value) Value { return IntOf(v.n) }
	case from.Kind.integer():
		return func(_ *execution, v Value) Value { return IntOf(wrap(v.n, to.Kind)) }
	case from.Kind.binary():
		return func(x *execution, v Value) Value { return truncateDouble(x, v.Float(), from.Kind, to.Kind) }
	case from.Kind == Decimal:
		return func(x *execution, v Value) Value {
			whole, ok := rescale(v, decimalType(maxPrecision, 0))
			if !ok || whole.s != "" || whole.n != wrap(whole.n, to.Kind) {
				return x.fail(failure("UDF ERROR: Decimal expression overflowed"))
			}
			return IntOf(whole.n)
		}
	case from.Kind == Timestamp:
		return func(_ *execution, v Value) Value { return IntOf(wrap(v.n, to.Kind)) }
	}
	return func(_ *execution, v Value) Value {
		n, err := strconv.ParseInt(strings.TrimSpace(v.s), 10, 64)
		if err != nil || n != wrap(n, to.Kind) {
			return Value{}
		}
		return IntOf(n)
	}
}

// truncateDouble fails for what the integer type cannot hold (IMPALA-12035).
func truncateDouble(x *execution, f float64, from, to Kind) Value {
	limit := math.Ldexp(1, map[Kind]int{TinyInt: 7, SmallInt: 15, Int: 31, BigInt: 63}[to])
	switch whole := math.Trunc(f); {
	case math.IsNaN(f):
		return x.fail(failure("UDF ERROR: NaN value of type %s cannot be converted to %s.", from, to))
	case math.IsInf(f, 0):
		return x.fail(failure("UDF ERROR: Non-finite value of type %s cannot be converted to %s.", from, to))
	case whole < -limit || whole >= limit:
		return x.fail(outOfRange(f, from, to))
	default:
		return IntOf(int64(whole))
	}
}

func outOfRange(f float64, from, to Kind) error {
	return failure("UDF ERROR: Converting value %s of type %s to %s failed, value out of range for destination type.",
		formatDouble(f, 64), from, to)
}

func doubleCast(from, to Type) cast {
	narrow := func(f float64) Value {
		if to.Kind == Float {
			f = float64(float32(f))
		}
		return DoubleOf(f)
	}
	switch {
	case from.Kind.binary():
		if to.Kind == Double {
			return nil
		}
		return func(x *execution, v Value) Value {
			if f := v.Float(); math.Abs(f) > math.MaxFloat32 && !math.IsInf(f, 0) {
				return x.fail(outOfRange(f, from.Kind, to.Kind))
			}
			return narrow(v.Float())
		}
	case from.Kind == Decimal:
		return func(_ *execution, v Value) Value { return narrow(v.decimalFloat()) }
	case from.Kind == Timestamp:
		return func(_ *execution, v Value) Value { return narrow(float64(v.n) + float64(v.nanos)/1e9) }
	case from.Kind.text():
		return func(_ *execution, v Value) Value {
			f, ok := parseDouble(v.s)
			if !ok {
				return Value{}
			}
			return narrow(f)
		}
	}
	return func(_ *execution, v Value) Value { return narrow(float64(v.n)) }
}

// parseDouble reads decimal notation and the names of infinity and NaN, but none
// of the other forms that Go knows.
func parseDouble(text string) (float64, bool) {
	text = strings.TrimSpace(text)
	switch strings.ToLower(strings.TrimLeft(text, "+-")) {
	case "nan", "inf", "infinity":
	default:
		if strings.Trim(text, "+-.0123456789eE") != "" || strings.ContainsAny(text, "xXpP_") {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

func booleanCast(from Type) cast {
	switch {
	case from.Kind.binary():
		return func(_ *execution, v Value) Value { return BoolOf(v.Float() != 0) }
	case from.Kind == Decimal:
		return func(_ *execution, v Value) Value { return BoolOf(v.n != 0 || v.s != "") }
	}
	return func(_ *execution, v Value) Value { return BoolOf(v.n != 0) }
}

func decimalCast(from, to Type) cast {
	fit := func(x *execution, v Value) Value {
		fitted, ok := rescale(v, to)
		if !ok {
			return x.fail(failure("UDF ERROR: Decimal expression overflowed"))
		}
		return fitted
	}
	switch {
	case from.Kind == Decimal:
		return fit
	case from.Kind.text():
		return func(x *execution, v Value) Value {
			d, _, ok := parseDecimal(strings.TrimSpace(v.s))
			if !ok {
				return x.fail(failure("UDF ERROR: String to Decimal parse failed"))
			}
			return fit(x, d)
		}
	case from.Kind.binary():
		return func(x *execution, v Value) Value {
			d, ok := decimalOfDouble(v.Float(), to)
			if !ok {
				return x.fail(failure("UDF ERROR: Decimal expression overflowed"))
			}
			return d
		}
	}
	return func(x *execution, v Value) Value { return fit(x, DecimalOf(v.n, 0)) }
}

func timestampCast(from Type) cast {
	switch {
	case from.Kind.text():
		return func(_ *execution, v Value) Value {
			t, ok := parseTimestamp(v.s)
			if !ok {
				return Value{}
			}
			return t
		}
	case from.Kind == Date:
		return func(_ *execution, v Value) Value { return timestampInRange(v.n*secondsPerDay, 0) }
	case from.Kind == Decimal:
		return func(_ *execution, v Value) Value { return v.decimalTimestamp() }
	case from.Kind.binary():
		return func(_ *execution, v Value) Value {
			f := v.Float()
			if !(math.Abs(f) < 1e12) {
				return Value{}
			}
			whole, fraction := math.Modf(f)
			nanos := int64(fraction * 1e9)
			return timestampInRange(int64(whole)+floorDiv(nanos, 1e9), int32(floorMod(nanos, 1e9)))
		}
	}
	return func(_ *execution, v Value) Value { return timestampInRange(v.n, 0) }
}

func dateCast(from Type) cast {
	if from.Kind == Timestamp {
		return func(_ *execution, v Value) Value { return DateOf(floorDiv(v.n, secondsPerDay)) }
	}
	return func(x *execution, v Value) Value {
		days, ok := parseDate(v.s)
		if !ok { // a time of day behind the date does not count
			var t Value
			t, ok = parseTimestamp(v.s)
			days = floorDiv(t.n, secondsPerDay)
		}
		if !ok {
			return x.fail(failure("UDF ERROR: String to Date parse failed. Invalid string val: '%s'", v.s))
		}
		return DateOf(days)
	}
}
