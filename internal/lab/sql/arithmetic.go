package sql

import "math"

// arithmetic compiles + - * / % DIV and the unary minus.
func arithmetic(e *expr, args []compiled) (compiled, error) {
	for _, arg := range args {
		if !arg.typ.Kind.numeric() && arg.typ.Kind != Null {
			return compiled{}, analysis("Arithmetic operation requires numeric operands: %s", e)
		}
	}
	if len(args) == 1 {
		zero := compiled{expr: e.args[0], typ: Type{Kind: TinyInt}, constant: true,
			eval: func(*execution, []Value) Value { return IntOf(0) }}
		return negate(zero, args[0])
	}
	a, b := args[0], args[1]
	switch {
	case e.name == "div":
		return integerDivision(e, a, b)
	case a.typ.Kind == Null && b.typ.Kind == Null:
		return compiled{typ: Type{Kind: Double}, eval: func(*execution, []Value) Value { return Value{} }}, nil
	case a.typ.Kind.binary() || b.typ.Kind.binary():
		return doubleArithmetic(e.name, a, b), nil
	case a.typ.Kind == Decimal || b.typ.Kind == Decimal:
		return decimalExpr(e.name, a, b), nil
	case e.name == "/":
		return doubleArithmetic(e.name, a, b), nil
	}
	return integerArithmetic(e.name, a, b), nil
}

// negate is 0 - a, but keeps the type of a number and the sign of zero.
func negate(zero, a compiled) (compiled, error) {
	arg := a.eval
	switch {
	case a.typ.Kind.binary():
		return compiled{typ: a.typ, eval: func(x *execution, row []Value) Value {
			v := arg(x, row)
			if v.IsNull() {
				return v
			}
			return DoubleOf(-v.Float())
		}}, nil
	case a.typ.Kind == Decimal:
		c := decimalExpr("-", zero, a).as(a.typ)
		return c, nil
	}
	return compiled{typ: a.typ, eval: func(x *execution, row []Value) Value {
		v := arg(x, row)
		if v.IsNull() {
			return v
		}
		return IntOf(wrap(-v.n, a.typ.Kind))
	}}, nil
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
	case "/":
		compute = func(l, r float64) float64 { return l / r }
	default:
		compute = math.Mod
	}
	return compiled{typ: double, eval: func(x *execution, row []Value) Value {
		l, r := left(x, row), right(x, row)
		if l.kind == Null || r.kind == Null {
			return Value{}
		}
		return DoubleOf(compute(l.Float(), r.Float()))
	}}
}

// decimalExpr compiles an operation of which at least one side is a DECIMAL and
// none is a FLOAT or DOUBLE.
func decimalExpr(op string, a, b compiled) compiled {
	if a.typ.Kind == Null {
		a.typ = b.typ
	}
	if b.typ.Kind == Null {
		b.typ = a.typ
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
