package sql

import "math/bits"

// bitFunctions are the names of the functions that the operators & | ^ stand for.
var bitFunctions = map[string]string{"&": "bitand", "|": "bitor", "^": "bitxor"}

// buildBits compiles bitand, bitor and bitxor: the wider type of two integers.
func buildBits(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 2, 2); err != nil {
		return compiled{}, err
	}
	for _, arg := range args {
		if !arg.typ.Kind.integer() && arg.typ.Kind != Null {
			if bitFunctions[e.name] != "" {
				return compiled{}, analysis("Invalid non-integer argument to operation '%s': %s", e.name, e)
			}
			return compiled{}, noSignature(e, args)
		}
	}
	compute := func(a, b int64) int64 { return a & b }
	switch e.name {
	case "|", "bitor":
		compute = func(a, b int64) int64 { return a | b }
	case "^", "bitxor":
		compute = func(a, b int64) int64 { return a ^ b }
	}
	o := overload{two: func(_ *execution, a, b Value) Value { return IntOf(compute(a.n, b.n)) }}
	return compiled{typ: Type{Kind: larger(args[0].typ, args[1].typ)}, eval: o.bind(evals(args))}, nil
}

// buildBitNot compiles bitnot, which keeps the type.
func buildBitNot(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 1, 1); err != nil {
		return compiled{}, err
	}
	if !args[0].typ.Kind.integer() {
		return compiled{}, noSignature(e, args)
	}
	return strict(args[0], args[0].typ, func(_ *execution, v Value) Value { return IntOf(^v.n) }), nil
}

// buildShift compiles shiftleft and shiftright; the latter fills with zeros, from the
// width of the type.
func buildShift(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 2, 2); err != nil {
		return compiled{}, err
	}
	if !args[0].typ.Kind.integer() || !converts(args[1].typ, Type{Kind: Int}) {
		return compiled{}, noSignature(e, args)
	}
	kind, left := args[0].typ.Kind, e.name == "shiftleft"
	width := widthOf(kind)
	o := overload{two: func(_ *execution, v, by Value) Value {
		shift, leftward := by.n, left
		if shift < 0 {
			shift, leftward = -shift, !left
		}
		low := uint64(v.n) & (1<<width - 1)
		if leftward {
			return IntOf(wrap(int64(low<<shift), kind))
		}
		return IntOf(wrap(int64(low>>shift), kind))
	}}
	return compiled{typ: args[0].typ, eval: o.bind(evals(args))}, nil
}

// widthOf is the number of bits of an integer type.
func widthOf(kind Kind) int {
	return map[Kind]int{TinyInt: 8, SmallInt: 16, Int: 32, BigInt: 64}[kind]
}

// buildCountSet compiles countset(x), the number of one bits, of the width of the type.
func buildCountSet(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 1, 1); err != nil {
		return compiled{}, err
	}
	if !args[0].typ.Kind.integer() {
		return compiled{}, noSignature(e, args)
	}
	width := widthOf(args[0].typ.Kind)
	return strict(args[0], Type{Kind: Int}, func(_ *execution, v Value) Value {
		return IntOf(int64(bits.OnesCount64(uint64(v.n) & (1<<width - 1))))
	}), nil
}
