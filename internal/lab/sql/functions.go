package sql

import (
	"fmt"
	"strings"
)

// An overload is one signature of a function. NULL in gives NULL out; the call
// sees no NULL.
type overload struct {
	// params has a letter for each parameter: B boolean, i INT, b BIGINT,
	// d DOUBLE, s STRING, t TIMESTAMP, D DATE. A star repeats the last one.
	params string
	result Kind
	// One of these is set, by the number of arguments.
	zero  func(x *execution) Value
	one   func(x *execution, a Value) Value
	two   func(x *execution, a, b Value) Value
	three func(x *execution, a, b, c Value) Value
	many  func(x *execution, args []Value) Value
}

func parameterType(letter byte) Type {
	return Type{Kind: map[byte]Kind{'B': Boolean, 'i': Int, 'b': BigInt, 'd': Double, 's': String, 't': Timestamp, 'D': Date}[letter]}
}

// call compiles a function: one whose type follows its arguments, else the
// overload that fits best.
func (k *compiler) call(e *expr, args []compiled) (compiled, error) {
	switch {
	case e.over != nil:
		return compiled{}, analysis("analytic expression not allowed here: %s", e)
	case aggregateName(e.name):
		return compiled{}, analysis("aggregate function not allowed here: %s", e)
	case e.star || e.distinct:
		return compiled{}, analysis("'*' and DISTINCT can only be used in conjunction with an aggregate function: %s", e)
	}
	if build := polymorphic(e.name); build != nil {
		return build(k, e, args)
	}
	overloads := k.overloads(e.name)
	if overloads == nil {
		return compiled{}, k.unknown(e)
	}
	chosen, ok := choose(overloads, args)
	if !ok {
		return compiled{}, noSignature(e, args)
	}
	return chosen.compile(args), nil
}

func noSignature(e *expr, args []compiled) error {
	types := make([]string, len(args))
	for i, arg := range args {
		types[i] = arg.typ.String()
	}
	return analysis("No matching function with signature: %s(%s).", e.name, strings.Join(types, ", "))
}

// choose takes the overload whose parameters are nearest to the arguments, the
// first of equals.
func choose(overloads []overload, args []compiled) (overload, bool) {
	best, least := -1, 0
	for i, o := range overloads {
		distance, ok := o.distance(args)
		if ok && (best < 0 || distance < least) {
			best, least = i, distance
		}
	}
	if best < 0 {
		return overload{}, false
	}
	return overloads[best], true
}

// distance is the number of arguments that have to be converted.
func (o overload) distance(args []compiled) (int, bool) {
	params := o.expand(len(args))
	if len(params) != len(args) {
		return 0, false
	}
	distance := 0
	for i, arg := range args {
		to := parameterType(params[i])
		if !converts(arg.typ, to) {
			return 0, false
		}
		if arg.typ.Kind != to.Kind {
			distance++
		}
	}
	return distance, true
}

// expand writes a starred signature out for n arguments.
func (o overload) expand(n int) string {
	params, starred := strings.CutSuffix(o.params, "*")
	if starred && n > len(params) {
		params += strings.Repeat(params[len(params)-1:], n-len(params))
	}
	return params
}

func (o overload) compile(args []compiled) compiled {
	params := o.expand(len(args))
	for i := range args {
		args[i] = args[i].as(parameterType(params[i]))
	}
	return compiled{typ: Type{Kind: o.result}, eval: o.bind(evals(args))}
}

func (o overload) bind(args []evaluate) evaluate {
	switch {
	case o.zero != nil:
		return func(x *execution, _ []Value) Value { return o.zero(x) }
	case o.one != nil:
		return func(x *execution, row []Value) Value {
			a := args[0](x, row)
			if a.kind == Null {
				return Value{}
			}
			return o.one(x, a)
		}
	case o.two != nil:
		return func(x *execution, row []Value) Value {
			a, b := args[0](x, row), args[1](x, row)
			if a.kind == Null || b.kind == Null {
				return Value{}
			}
			return o.two(x, a, b)
		}
	case o.three != nil:
		return func(x *execution, row []Value) Value {
			a, b, c := args[0](x, row), args[1](x, row), args[2](x, row)
			if a.kind == Null || b.kind == Null || c.kind == Null {
				return Value{}
			}
			return o.three(x, a, b, c)
		}
	}
	return func(x *execution, row []Value) Value {
		values := make([]Value, len(args))
		for i, arg := range args {
			if values[i] = arg(x, row); values[i].kind == Null {
				return Value{}
			}
		}
		return o.many(x, values)
	}
}

// overloads are the signatures of a function, nil if there is none of the name.
func (k *compiler) overloads(name string) []overload {
	for _, find := range []func(string) []overload{mathFunction, stringFunction, wordFunction, calendarFunction, k.timeFunction, k.sessionFunction} {
		if found := find(name); found != nil {
			return found
		}
	}
	return nil
}

// A builder compiles a function whose type depends on its arguments.
type builder func(k *compiler, e *expr, args []compiled) (compiled, error)

func polymorphic(name string) builder {
	switch name {
	case "if":
		return buildIf
	case "coalesce", "nvl", "ifnull":
		return buildCoalesce
	case "isnull":
		return buildIsNull
	case "nvl2":
		return buildNvl2
	case "nullif":
		return buildNullIf
	case "zeroifnull", "nullifzero":
		return buildZeroNull
	case "least", "greatest":
		return buildLeast
	case "decode":
		return buildDecode
	case "width_bucket":
		return buildWidthBucket
	case "typeof":
		return buildTypeOf
	case "bitand", "bitor", "bitxor":
		return buildBits
	case "bitnot":
		return buildBitNot
	case "shiftleft", "shiftright":
		return buildShift
	case "countset":
		return buildCountSet
	case "istrue", "isfalse", "isnottrue", "isnotfalse", "isunknown", "isnotunknown":
		return buildTruth
	case "abs":
		return buildAbs
	case "mod":
		return buildMod
	case "ceil", "ceiling", "dceil", "floor", "dfloor", "round", "dround", "truncate", "dtrunc":
		return buildRound
	case "trunc":
		return buildTrunc
	case "concat_ws":
		return buildConcatWS
	case "fnv_hash":
		return buildFnvHash
	case "date_add", "adddate", "days_add", "date_sub", "subdate", "days_sub":
		return buildDateAdd
	case "add_months", "months_add", "months_sub", "years_add", "years_sub", "weeks_add", "weeks_sub",
		"hours_add", "hours_sub", "minutes_add", "minutes_sub", "seconds_add", "seconds_sub",
		"milliseconds_add", "milliseconds_sub", "microseconds_add", "microseconds_sub",
		"nanoseconds_add", "nanoseconds_sub":
		return buildUnitsAdd
	case "from_utc_timestamp", "to_utc_timestamp":
		return buildZone
	case "date_trunc":
		return buildDateTrunc
	case "extract", "date_part":
		return buildExtract
	}
	return nil
}

// arity checks the number of arguments; most < 0 is no limit.
func arity(e *expr, args []compiled, least, most int) error {
	if len(args) < least || most >= 0 && len(args) > most {
		return noSignature(e, args)
	}
	return nil
}

// strict compiles a function of one argument, NULL for NULL.
func strict(arg compiled, typ Type, call func(x *execution, v Value) Value) compiled {
	eval := arg.eval
	return compiled{typ: typ, eval: func(x *execution, row []Value) Value {
		v := eval(x, row)
		if v.kind == Null {
			return v
		}
		return call(x, v)
	}}
}

// text is the value of an argument that must be a constant string.
func constantText(e *expr, arg compiled) (string, error) {
	if !arg.constant || !arg.typ.Kind.text() {
		return "", unsupported(fmt.Sprintf("%s with an argument that is no string constant: %s", e.name, arg.expr))
	}
	return arg.value().s, nil
}
