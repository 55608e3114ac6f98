package sql

import (
	"cmp"
	"math"
	"strings"
)

func compareOrdered[T cmp.Ordered](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// order compares two values of one type that are not NULL, for ORDER BY, MIN and
// MAX. NaN comes before every number and is equal to itself.
func order(a, b Value) int {
	switch a.kind {
	case Double:
		return cmp.Compare(a.Float(), b.Float())
	case String:
		return strings.Compare(a.s, b.s)
	case Decimal:
		return compareDecimal(a, b)
	case Timestamp:
		if a.n == b.n {
			return compareOrdered(a.nanos, b.nanos)
		}
	}
	return compareOrdered(a.n, b.n)
}

// comparison compiles a op b as part of e.
func comparison(e *expr, op string, a, b compiled) (compiled, error) {
	typ, ok := common(a.typ, b.typ)
	switch {
	case exact(a.typ, b.typ): // of any digits: order needs no common type
		typ = Type{Kind: Decimal}
		a, b = a.as(a.typ.asDecimal()), b.as(b.typ.asDecimal())
	case !ok:
		return compiled{}, analysis("operands of type %s and %s are not comparable: %s", a.typ, b.typ, e)
	default:
		a, b = a.as(typ), b.as(typ)
	}
	left, right := a.eval, b.eval
	compare := comparator(typ.Kind, answersOf(op), left, right)
	if b.constant && !b.value().IsNull() {
		if s := spanOf(op, a, typ.Kind, b.value()); s != nil {
			return s.predicate(), nil
		}
		compare = comparatorWith(typ.Kind, answersOf(op), left, b.value())
	}
	if op != "<=>" && op != "is distinct from" {
		return predicate(compare), nil
	}
	same := op == "<=>"
	return predicate(func(x *execution, row []Value) truth {
		l, r := left(x, row).IsNull(), right(x, row).IsNull()
		if l || r {
			return truthOf((l && r) == same)
		}
		return compare(x, row)
	}), nil
}

// exact reports whether one type is a DECIMAL and the other a DECIMAL or an integer.
func exact(a, b Type) bool {
	return a.Kind == Decimal && (b.Kind == Decimal || b.Kind.integer()) || b.Kind == Decimal && a.Kind.integer()
}

// answers are what a comparison says of the four relations two values can have.
type answers struct{ less, equal, greater, unordered bool }

func answersOf(op string) answers {
	const yes, no = true, false
	switch op {
	case "=", "<=>":
		return answers{no, yes, no, no}
	case "<":
		return answers{yes, no, no, no}
	case "<=":
		return answers{yes, yes, no, no}
	case ">":
		return answers{no, no, yes, no}
	case ">=":
		return answers{no, yes, yes, no}
	}
	return answers{yes, no, yes, yes} // != and IS DISTINCT FROM, also of NaN
}

func (a *answers) of(relation int) truth {
	switch {
	case relation < 0:
		return truthOf(a.less)
	case relation > 0:
		return truthOf(a.greater)
	}
	return truthOf(a.equal)
}

func (a *answers) ofDoubles(l, r float64) truth {
	switch {
	case l < r:
		return truthOf(a.less)
	case l > r:
		return truthOf(a.greater)
	case l == r:
		return truthOf(a.equal)
	}
	return truthOf(a.unordered)
}

// comparatorWith compares with a constant, as most conditions do.
func comparatorWith(kind Kind, answers answers, left evaluate, right Value) tester {
	switch {
	case kind.binary():
		limit := right.Float()
		return func(x *execution, row []Value) truth {
			l := left(x, row)
			if l.kind == Null {
				return isUnknown
			}
			return answers.ofDoubles(l.Float(), limit)
		}
	case kind.integer(), kind == Boolean, kind == Date:
		return func(x *execution, row []Value) truth {
			l := left(x, row)
			if l.kind == Null {
				return isUnknown
			}
			return answers.of(compareOrdered(l.n, right.n))
		}
	}
	return func(x *execution, row []Value) truth {
		l := left(x, row)
		if l.kind == Null {
			return isUnknown
		}
		return answers.of(order(l, right))
	}
}

// comparator has a form of its own for the two kinds that scans compare most.
func comparator(kind Kind, answers answers, left, right evaluate) tester {
	null := func(l, r Value) bool { return l.kind == Null || r.kind == Null }
	switch {
	case kind.binary():
		return func(x *execution, row []Value) truth {
			l, r := left(x, row), right(x, row)
			if null(l, r) {
				return isUnknown
			}
			return answers.ofDoubles(l.Float(), r.Float())
		}
	case kind.integer(), kind == Boolean, kind == Date:
		return func(x *execution, row []Value) truth {
			l, r := left(x, row), right(x, row)
			if null(l, r) {
				return isUnknown
			}
			return answers.of(compareOrdered(l.n, r.n))
		}
	}
	return func(x *execution, row []Value) truth {
		l, r := left(x, row), right(x, row)
		if null(l, r) {
			return isUnknown
		}
		return answers.of(order(l, r))
	}
}

func between(e *expr, args []compiled) (compiled, error) {
	low, err := comparison(e, ">=", args[0], args[1])
	if err != nil {
		return compiled{}, err
	}
	high, err := comparison(e, "<=", args[0], args[2])
	if err != nil {
		return compiled{}, err
	}
	return negated(both(low, high), e.negated), nil
}

// membership compiles IN. A list of constants becomes a set.
func membership(e *expr, args []compiled) (compiled, error) {
	for _, arg := range args[1:] {
		if _, ok := common(args[0].typ, arg.typ); !ok {
			return compiled{}, analysis("operands of type %s and %s are not comparable: %s", args[0].typ, arg.typ, e)
		}
	}
	typ, err := unify(args)
	if err != nil {
		return compiled{}, err
	}
	if allConstant(args[1:]) && !typ.Kind.binary() {
		return negated(predicate(inSet(args[0].eval, args[1:])), e.negated), nil
	}
	var found *compiled
	for _, arg := range args[1:] {
		equal := predicate(comparator(typ.Kind, answersOf("="), args[0].eval, arg.eval))
		if found != nil {
			equal = decide(found.tester(), equal.tester(), isTrue)
		}
		found = &equal
	}
	return negated(*found, e.negated), nil
}

func inSet(member evaluate, list []compiled) tester {
	set := make(map[Value]bool, len(list))
	null := false
	for _, c := range list {
		v := c.value()
		null = null || v.IsNull()
		set[v] = true
	}
	return func(x *execution, row []Value) truth {
		v := member(x, row)
		switch {
		case v.IsNull():
			return isUnknown
		case set[v]:
			return isTrue
		case null:
			return isUnknown
		}
		return isFalse
	}
}

// appendKey appends a form of v that is the same for equal values only. All NaN
// are one value, and so are both zeros.
func appendKey(key []byte, v Value) []byte {
	n := uint64(v.n)
	if v.kind == Double {
		switch f := v.Float(); {
		case math.IsNaN(f):
			n = math.Float64bits(math.NaN())
		case f == 0:
			n = 0
		}
	}
	key = append(key, byte(v.kind))
	switch v.kind {
	case Null:
		return key
	case String:
		return append(appendNumber(key, uint64(len(v.s))), v.s...)
	case Timestamp:
		key = appendNumber(key, uint64(v.nanos))
	case Decimal:
		key = append(appendNumber(key, uint64(len(v.s))), v.s...)
	}
	return appendNumber(key, n)
}

func appendNumber(key []byte, n uint64) []byte {
	return append(key, byte(n), byte(n>>8), byte(n>>16), byte(n>>24), byte(n>>32), byte(n>>40), byte(n>>48), byte(n>>56))
}
