package sql

import "math"

// arithmetic compiles + - * / % and DIV.
func arithmetic(e *expr, args []compiled) (compiled, error) {
	for _, arg := range args {
		if !arg.typ.Kind.numeric() && arg.typ.Kind != Null {
			return compiled{}, analysis("Arithmetic operation requires numeric operands: %s", e)
		}
	}
	a, b := args[0], args[1]
	switch {
	case e.name == "div":
		return integerDivision(e, a, b)
	case a.typ.Kind == Null && b.typ.Kind == Null:
		return compiled{typ: Type{Kind: Double}, eval: func(*execution, []Value) Value { return Value{} }}, nil
	case isDecimalOperation(e.name, a.typ, b.typ):
		return decimalExpr(e.name, a, b), nil
	case a.typ.Kind.binary() || b.typ.Kind.binary() || e.name == "/":
		return doubleArithmetic(e.name, a, b), nil
	}
	return integerArithmetic(e.name, a, b), nil
}

// isDecimalOperation: with DECIMAL_V2 a DECIMAL beside a FLOAT or DOUBLE makes the
// operation one of DECIMAL, but for a product (TypesUtil.java). A literal like 0.5 is a
// DECIMAL, so this meets statements that never name the type.
func isDecimalOperation(op string, a, b Type) bool {
	if a.Kind != Decimal && b.Kind != Decimal {
		return false
	}
	return op != "*" || !a.Kind.binary() && !b.Kind.binary()
}

// wrap keeps the low bits that an integer type has.
func wrap(n int64, kind Kind) int64 {
	switch kind {
	case TinyInt:
		return int64(int8(n))
	case SmallInt:
		return int64(int16(n))
	case Int:
		return int64(int32(n))
	}
	return n
}

// larger is the wider of two integer types; NULL has none.
func larger(a, b Type) Kind { return max(a.Kind, b.Kind, TinyInt) }

func integerArithmetic(op string, a, b compiled) compiled {
	kind := larger(a.typ, b.typ)
	if op != "%" && kind < BigInt {
		kind++
	}
	left, right := a.eval, b.eval
	var compute func(l, r int64) Value
	switch op {
	case "+":
		compute = func(l, r int64) Value { return IntOf(wrap(l+r, kind)) }
	case "-":
		compute = func(l, r int64) Value { return IntOf(wrap(l-r, kind)) }
	case "*":
		compute = func(l, r int64) Value { return IntOf(wrap(l*r, kind)) }
	default:
		compute = func(l, r int64) Value {
			if r == 0 {
				return Value{}
			}
			if r == -1 { // math.MinInt64 % -1
				return IntOf(0)
			}
			return IntOf(l % r)
		}
	}
	return compiled{typ: Type{Kind: kind}, eval: func(x *execution, row []Value) Value {
		l, r := left(x, row), right(x, row)
		if l.kind == Null || r.kind == Null {
			return Value{}
		}
		return compute(l.n, r.n)
	}}
}

// integerDivision is DIV, which truncates. Dividing by zero is NULL.
func integerDivision(e *expr, a, b compiled) (compiled, error) {
	for _, c := range []compiled{a, b} {
		if !c.typ.Kind.integer() && c.typ.Kind != Null {
			return compiled{}, analysis("Invalid non-integer argument to operation 'DIV': %s", e)
		}
	}
	kind := larger(a.typ, b.typ)
	if a.typ.Kind == Null && b.typ.Kind == Null {
		kind = Int
	}
	left, right := a.eval, b.eval
	return compiled{typ: Type{Kind: kind}, eval: func(x *execution, row []Value) Value {
		l, r := left(x, row), right(x, row)
		if l.kind == Null || r.kind == Null || r.n == 0 {
			return Value{}
		}
		if r.n == -1 {
			return IntOf(wrap(-l.n, kind))
		}
		return IntOf(l.n / r.n)
	}}, nil
}

func doubleArithmetic(op string, a, b compiled) compiled {
	if op == "%" {
		return remainder(a, b)
	}
	double := Type{Kind: Double}
	left, right := a.as(double).eval, b.as(double).eval
	var compute func(l, r float64) float64
	switch op {
	case "+":
		compute = func(l, r float64) float64 { return l + r }
	case "-":
		compute = func(l, r float64) float64 { return l - r }
	case "*":
		compute = func(l, r float64) float64 { return l * r }
	default:
		compute = func(l, r float64) float64 { return l / r }
	}
	return compiled{typ: double, eval: func(x *execution, row []Value) Value {
		l, r := left(x, row), right(x, row)
		if l.kind == Null || r.kind == Null {
			return Value{}
		}
		return DoubleOf(compute(l.Float(), r.Float()))
	}}
}

// remainder is % of floating-point numbers, which keeps the type of its operands. The
// remainder by zero is NULL.
func remainder(a, b compiled) compiled {
	typ, _ := common(a.typ, b.typ) // two numbers have one
	left, right := a.as(typ).eval, b.as(typ).eval
	return compiled{typ: typ, eval: func(x *execution, row []Value) Value {
		l, r := left(x, row), right(x, row)
		if l.kind == Null || r.kind == Null || r.Float() == 0 {
			return Value{}
		}
		return DoubleOf(math.Mod(l.Float(), r.Float()))
	}}
}

// decimalExpr compiles an operation of which at least one side is a DECIMAL. Beside
// NULL it has the type of that side.
func decimalExpr(op string, a, b compiled) compiled {
	if a.typ.Kind == Null || b.typ.Kind == Null {
		typ, _ := common(a.typ, b.typ)
		return compiled{typ: typ, eval: func(*execution, []Value) Value { return Value{} }}
	}
	a, b = a.as(a.typ.asDecimal()), b.as(b.typ.asDecimal())
	typ := decimalArithmetic(op, a.typ, b.typ)
	left, right := a.eval, b.eval
	return compiled{typ: typ, eval: func(x *execution, row []Value) Value {
		l, r := left(x, row), right(x, row)
		if l.kind == Null || r.kind == Null {
			return Value{}
		}
		if (op == "/" || op == "%") && r.n == 0 && r.s == "" {
			return x.fail(failure("UDF ERROR: Cannot divide decimal by zero"))
		}
		v, ok := decimalOp(op, l, r, typ)
		if !ok {
			return x.fail(failure("UDF ERROR: Decimal expression overflowed"))
		}
		return v
	}}
}
