package sql

// buildIf compiles if(condition, then, otherwise).
func buildIf(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 3, 3); err != nil {
		return compiled{}, err
	}
	condition, err := caseCondition(e, nil, args[0])
	if err != nil {
		return compiled{}, noSignature(e, args)
	}
	return decided([]tester{condition}, args[1:])
}

// buildNvl2 compiles nvl2(x, then, otherwise).
func buildNvl2(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 3, 3); err != nil {
		return compiled{}, err
	}
	tested := args[0].eval
	condition := func(x *execution, row []Value) truth { return truthOf(!tested(x, row).IsNull()) }
	return decided([]tester{condition}, args[1:])
}

func buildCoalesce(_ *compiler, e *expr, args []compiled) (compiled, error) {
	least, most := 1, -1
	if e.name != "coalesce" {
		least, most = 2, 2
	}
	if err := arity(e, args, least, most); err != nil {
		return compiled{}, err
	}
	typ, err := unify(args)
	if err != nil {
		return compiled{}, err
	}
	list := evals(args)
	return compiled{typ: typ, eval: func(x *execution, row []Value) Value {
		for _, eval := range list {
			if v := eval(x, row); v.kind != Null {
				return v
			}
		}
		return Value{}
	}}, nil
}

// buildIsNull compiles isnull(x, otherwise), which is nvl.
func buildIsNull(k *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 2, 2); err != nil {
		return compiled{}, err
	}
	return buildCoalesce(k, e, args)
}

func buildNullIf(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 2, 2); err != nil {
		return compiled{}, err
	}
	equal, err := comparison(e, "=", args[0], args[1])
	if err != nil {
		return compiled{}, err
	}
	kept, same := args[0].eval, equal.tester()
	return compiled{typ: args[0].typ, eval: func(x *execution, row []Value) Value {
		if same(x, row) == isTrue {
			return Value{}
		}
		return kept(x, row)
	}}, nil
}

// buildZeroNull compiles zeroifnull and nullifzero.
func buildZeroNull(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 1, 1); err != nil {
		return compiled{}, err
	}
	typ := args[0].typ
	if !typ.Kind.numeric() && typ.Kind != Null {
		return compiled{}, noSignature(e, args)
	}
	zero := IntOf(0)
	switch {
	case typ.Kind.binary():
		zero = DoubleOf(0)
	case typ.Kind == Decimal:
		zero = DecimalOf(0, typ.Scale)
	}
	arg := args[0].eval
	if e.name == "zeroifnull" {
		return compiled{typ: typ, eval: func(x *execution, row []Value) Value {
			if v := arg(x, row); v.kind != Null {
				return v
			}
			return zero
		}}, nil
	}
	return strict(args[0], typ, func(_ *execution, v Value) Value {
		if order(v, zero) == 0 {
			return Value{}
		}
		return v
	}), nil
}

// buildLeast compiles least and greatest, which are NULL if any argument is.
func buildLeast(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 1, -1); err != nil {
		return compiled{}, err
	}
	typ, err := unify(args)
	if err != nil {
		return compiled{}, err
	}
	wanted := -1
	if e.name == "greatest" {
		wanted = 1
	}
	list := evals(args)
	return compiled{typ: typ, eval: func(x *execution, row []Value) Value {
		best := list[0](x, row)
		for _, eval := range list[1:] {
			v := eval(x, row)
			if v.kind == Null || best.kind == Null {
				return Value{}
			}
			if order(v, best) == wanted {
				best = v
			}
		}
		return best
	}}, nil
}

// buildDecode compiles decode(x, search, result, …, otherwise), in which NULL is equal to
// NULL.
func buildDecode(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 3, -1); err != nil {
		return compiled{}, err
	}
	var conditions []tester
	var results []compiled
	rest := args[1:]
	for ; len(rest) > 1; rest = rest[2:] {
		equal, err := comparison(e, "<=>", args[0], rest[0])
		if err != nil {
			return compiled{}, err
		}
		conditions = append(conditions, equal.tester())
		results = append(results, rest[1])
	}
	return decided(conditions, append(results, rest...))
}

// buildTypeOf compiles typeof(x), which is known before any row.
func buildTypeOf(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 1, 1); err != nil {
		return compiled{}, err
	}
	typ := args[0].typ
	if typ.Kind == Null {
		typ.Kind = Boolean
	}
	name := StringOf(typ.String())
	return compiled{typ: Type{Kind: String}, eval: func(*execution, []Value) Value { return name }}, nil
}

// buildTruth compiles x IS [NOT] TRUE, FALSE or UNKNOWN, which are never NULL.
func buildTruth(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 1, 1); err != nil {
		return compiled{}, err
	}
	if args[0].typ.Kind != Boolean && args[0].typ.Kind != Null {
		return compiled{}, noSignature(e, args)
	}
	arg := args[0].eval
	return compiled{typ: Type{Kind: Boolean}, eval: func(x *execution, row []Value) Value {
		v := arg(x, row)
		switch e.name {
		case "istrue":
			return BoolOf(v.n != 0)
		case "isnottrue":
			return BoolOf(v.n == 0)
		case "isfalse":
			return BoolOf(v.kind != Null && v.n == 0)
		case "isnotfalse":
			return BoolOf(v.kind == Null || v.n != 0)
		}
		return BoolOf((v.kind == Null) == (e.name == "isunknown"))
	}}, nil
}
