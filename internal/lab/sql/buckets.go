package sql

import "math/big"

// buildWidthBucket compiles width_bucket(x, low, high, n): the number of the one of n
// equal parts of [low, high) that holds x, 0 below and n+1 above. It computes with
// DECIMAL, as Impala does.
func buildWidthBucket(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 4, 4); err != nil {
		return compiled{}, err
	}
	for i := range 3 {
		typ := args[i].typ
		if !typ.Kind.numeric() && typ.Kind != Null {
			return compiled{}, noSignature(e, args)
		}
		if typ.Kind != Null {
			args[i] = args[i].as(typ.asDecimal())
		}
	}
	if !converts(args[3].typ, Type{Kind: Int}) {
		return compiled{}, noSignature(e, args)
	}
	o := overload{many: widthBucket}
	return compiled{typ: Type{Kind: BigInt}, eval: o.bind(evals(args))}, nil
}

func widthBucket(x *execution, args []Value) Value {
	value, low, high, n := args[0], args[1], args[2], args[3].n
	switch {
	case n <= 0:
		return x.fail(failure("UDF ERROR: Number of buckets should be greater than zero:%d", n))
	case compareDecimal(low, high) >= 0:
		return x.fail(failure("UDF ERROR: Lower bound cannot be greater than or equal to the upper bound"))
	case compareDecimal(value, low) < 0:
		return IntOf(0)
	case compareDecimal(value, high) >= 0:
		return IntOf(n + 1)
	}
	part := new(big.Rat).Sub(high.rational(), low.rational())
	place := new(big.Rat).Sub(value.rational(), low.rational())
	place.Mul(place, big.NewRat(n, 1)).Quo(place, part)
	return IntOf(new(big.Int).Quo(place.Num(), place.Denom()).Int64() + 1)
}

// rational is the value of a DECIMAL.
func (v Value) rational() *big.Rat { return new(big.Rat).SetFrac(v.unscaled(), powersOfTen[v.scale]) }
