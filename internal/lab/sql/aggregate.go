package sql

import (
	"math"
	"math/big"
)

// aggregateName reports whether a function makes one value of many rows.
func aggregateName(name string) bool {
	switch name {
	case "count", "sum", "avg", "min", "max", "ndv", "appx_median", "group_concat",
		"stddev", "stddev_samp", "stddev_pop", "variance", "variance_samp", "var_samp", "variance_pop", "var_pop":
		return true
	}
	return false
}

// A total is the state of one aggregate in one group. Kept small: there may be
// millions.
type total struct {
	n    int64 // values seen
	bits int64 // sum or extreme, where it fits: an integer or the bits of a double
	rest *totalRest
}

// totalRest is what few aggregates need.
type totalRest struct {
	value     Value               // extreme
	sum       *big.Int            // of DECIMAL
	seen      map[string]struct{} // of DISTINCT
	sketch    *sketch
	deviation deviation // of variances
	list      []Value   // of APPX_MEDIAN
	text      []byte    // of GROUP_CONCAT
}

func (t *total) more() *totalRest {
	if t.rest == nil {
		t.rest = &totalRest{}
	}
	return t.rest
}

// An aggregate is one call of an aggregate function.
type aggregate struct {
	expr     *expr
	args     []compiled
	typ      Type
	distinct bool
	chosen   *choice // SUM of one of two integers
	add      func(x *execution, t *total, v Value)
	done     func(x *execution, t *total) Value
}

// aggregate compiles a call whose arguments are expressions on the input rows.
func (k *compiler) aggregate(e *expr) (*aggregate, error) {
	for _, arg := range e.args {
		if arg.any(isAggregate) {
			return nil, analysis("aggregate function must not contain aggregate parameters: %s", e)
		}
		if arg.any(isAnalytic) {
			return nil, analysis("aggregate function must not contain analytic parameters: %s", e)
		}
	}
	args, err := k.compileAll(e.args)
	if err != nil {
		return nil, err
	}
	a := &aggregate{expr: e, args: args, distinct: e.distinct && e.name != "min" && e.name != "max"}
	switch {
	case e.star && e.name == "count":
		a.args = nil
	case e.star:
		return nil, analysis("'*' can only be used in conjunction with COUNT: %s", e)
	case len(args) == 0, len(args) > 1 && !(e.name == "count" && e.distinct) && e.name != "group_concat", len(args) > 2 && e.name == "group_concat":
		return nil, noSignature(e, args)
	}
	return a, a.choose()
}

func isAggregate(e *expr) bool {
	return e.kind == callExpr && e.over == nil && aggregateName(e.name)
}

// choose finds the type and the arithmetic.
func (a *aggregate) choose() error {
	switch a.expr.name {
	case "count":
		a.typ = Type{Kind: BigInt}
		a.add = func(_ *execution, t *total, _ Value) { t.n++ }
		a.done = func(_ *execution, t *total) Value { return IntOf(t.n) }
	case "ndv":
		a.typ = Type{Kind: BigInt}
		a.add = addSketch
		a.done = func(_ *execution, t *total) Value { return IntOf(t.more().sketch.estimate()) }
	case "min", "max":
		a.typ = a.args[0].typ
		a.extreme(a.expr.name == "max")
	case "appx_median":
		a.median()
	case "group_concat":
		return a.join()
	case "sum", "avg":
		return a.sum(a.expr.name == "avg")
	case "variance_pop", "var_pop", "stddev_pop":
		return a.spread(a.expr.name == "stddev_pop", false)
	default:
		return a.spread(a.expr.name == "stddev" || a.expr.name == "stddev_samp", true)
	}
	return nil
}

// sum compiles SUM and AVG.
func (a *aggregate) sum(mean bool) error {
	typ := a.args[0].typ
	switch {
	case typ.Kind == Decimal:
		a.sumDecimal(typ, mean)
		return nil
	case typ.Kind == Timestamp && mean:
		return unsupported("avg of a TIMESTAMP")
	case !typ.Kind.numeric() && typ.Kind != Null:
		return noSignature(a.expr, a.args)
	case mean || typ.Kind.binary():
		a.args[0] = a.args[0].as(Type{Kind: Double})
		a.typ = Type{Kind: Double}
		a.add = func(_ *execution, t *total, v Value) {
			t.n++
			t.bits = int64(math.Float64bits(math.Float64frombits(uint64(t.bits)) + v.Float()))
		}
	default:
		a.typ = Type{Kind: BigInt}
		a.add = func(_ *execution, t *total, v Value) { t.n++; t.bits += v.n }
		if !a.distinct {
			a.chosen = a.args[0].choice
		}
	}
	kind := a.typ.Kind
	a.done = func(_ *execution, t *total) Value {
		sum := math.Float64frombits(uint64(t.bits))
		switch {
		case t.n == 0:
			return Value{}
		case mean:
			return DoubleOf(sum / float64(t.n))
		case kind == Double:
			return DoubleOf(sum)
		}
		return IntOf(t.bits)
	}
	return nil
}

// sumDecimal: SUM is DECIMAL(38, s), AVG has six digits after the point or more.
func (a *aggregate) sumDecimal(typ Type, mean bool) {
	a.typ = decimalType(maxPrecision, typ.Scale)
	if mean {
		a.typ.Scale = max(6, typ.Scale)
	}
	a.add = func(_ *execution, t *total, v Value) {
		t.n++
		if t.rest == nil || t.rest.sum == nil {
			t.more().sum = new(big.Int)
		}
		t.rest.sum.Add(t.rest.sum, v.unscaled())
	}
	to := a.typ
	a.done = func(x *execution, t *total) Value {
		if t.n == 0 {
			return Value{}
		}
		sum, scale := t.rest.sum, typ.Scale
		if mean {
			shifted := new(big.Int).Mul(sum, powerOfTen(to.Scale-scale))
			sum, scale = divideRounded(shifted, big.NewInt(t.n)), to.Scale
		}
		v, ok := fitDecimal(sum, scale, to)
		if !ok {
			return x.fail(failure("UDF ERROR: Sum computation overflowed"))
		}
		return v
	}
}

// extreme compiles MIN and MAX. One NaN makes the result NaN (IMPALA-6295).
func (a *aggregate) extreme(largest bool) {
	if a.typ.Kind.binary() {
		a.add = func(_ *execution, t *total, v Value) {
			f, best := v.Float(), math.Float64frombits(uint64(t.bits))
			t.n++
			if t.n == 1 || math.IsNaN(f) || largest && f > best || !largest && f < best {
				if t.n == 1 || !math.IsNaN(best) {
					t.bits = v.n
				}
			}
		}
		a.done = func(_ *execution, t *total) Value {
			if t.n == 0 {
				return Value{}
			}
			return DoubleOf(math.Float64frombits(uint64(t.bits)))
		}
		return
	}
	a.add = func(_ *execution, t *total, v Value) {
		t.n++
		best := t.more()
		if t.n == 1 || (order(v, best.value) > 0) == largest && order(v, best.value) != 0 {
			best.value = v
		}
	}
	a.done = func(_ *execution, t *total) Value { return t.more().value }
}

// take adds one row. Rows on which an argument is NULL do not count.
func (a *aggregate) take(x *execution, t *total, row []Value, key []byte) []byte {
	if a.chosen != nil {
		v := &a.chosen.no
		if a.chosen.condition(x, row) == isTrue {
			v = &a.chosen.yes
		}
		if v.kind != Null {
			t.n++
			t.bits += v.n
		}
		return key
	}
	var v Value
	key = key[:0]
	for i := range a.args {
		if v = a.args[i].eval(x, row); v.kind == Null {
			return key
		}
		if a.distinct {
			key = appendKey(key, v)
		}
	}
	if a.distinct && !t.fresh(x, key) {
		return key
	}
	a.add(x, t, v)
	return key
}

// fresh reports whether the group meets a value for the first time.
func (t *total) fresh(x *execution, key []byte) bool {
	rest := t.more()
	if _, known := rest.seen[string(key)]; known {
		return false
	}
	if rest.seen == nil {
		rest.seen = make(map[string]struct{})
	}
	rest.seen[string(key)] = struct{}{}
	return x.keep(1, "AGGREGATION_NODE")
}
