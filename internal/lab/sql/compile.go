package sql

import (
	"math"
	"strings"
)

// An evaluate function computes an expression on a row. A failure goes to the
// execution; the value is NULL then.
type evaluate func(x *execution, row []Value) Value

// compiled is an expression with its type and its function.
type compiled struct {
	expr     *expr
	typ      Type
	eval     evaluate
	constant bool // the same value on every row

	test   tester  // of a condition; may be nil
	column int     // 1 + the column whose value it is, 0 if it is computed
	within *span   // the condition that a column lies in a span
	choice *choice // CASE WHEN … THEN constant ELSE constant END
}

// mark sets need for the columns that c reads.
func (c compiled) mark(need []bool) {
	c.expr.any(func(e *expr) bool {
		if e.kind == columnExpr {
			need[e.index] = true
		}
		return false
	})
}

// least is the smallest column that c reads, and very large if it reads none.
func (c compiled) least() int {
	least := math.MaxInt
	c.expr.any(func(e *expr) bool {
		if e.kind == columnExpr {
			least = min(least, e.index)
		}
		return false
	})
	return least
}

func printAll(list []compiled) string {
	texts := make([]string, len(list))
	for i, c := range list {
		texts[i] = c.expr.String()
	}
	return strings.Join(texts, ", ")
}

// value is the value of a constant.
func (c compiled) value() Value {
	var x execution
	return c.eval(&x, nil)
}

// A compiler turns trees, whose columns have been found, into functions.
type compiler struct{ session Session }

func (k *compiler) compile(e *expr) (compiled, error) {
	args, err := k.compileAll(operands(e))
	if err != nil {
		return compiled{}, err
	}
	c, err := k.build(e, args)
	if err != nil {
		return compiled{}, err
	}
	c.expr = e
	c.constant = e.kind != columnExpr && e.kind != subqueryExpr && !isSleep(e) && allConstant(args)
	return c.fold(), nil
}

func (k *compiler) compileAll(list []*expr) ([]compiled, error) {
	result := make([]compiled, len(list))
	for i, e := range list {
		var err error
		if result[i], err = k.compile(e); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func allConstant(args []compiled) bool {
	for _, arg := range args {
		if !arg.constant {
			return false
		}
	}
	return true
}

// fold computes a constant once. One that fails is left to fail when a row asks.
func (c compiled) fold() compiled {
	if !c.constant {
		return c
	}
	var x execution
	value := c.eval(&x, nil)
	if x.err != nil {
		c.constant = false
		return c
	}
	c.eval = func(*execution, []Value) Value { return value }
	return c
}

func (k *compiler) build(e *expr, args []compiled) (compiled, error) {
	switch e.kind {
	case literalExpr:
		return compiled{typ: e.typ, eval: func(*execution, []Value) Value { return e.value }}, nil
	case columnExpr:
		index := e.index
		return compiled{typ: e.typ, column: index + 1, eval: func(_ *execution, row []Value) Value { return row[index] }}, nil
	case operatorExpr:
		return k.operator(e, args)
	case callExpr:
		return k.call(e, args)
	case caseExpr:
		return cases(e, args)
	case castExpr:
		return explicitCast(e, args[0])
	case inExpr:
		return membership(e, args)
	case betweenExpr:
		return between(e, args)
	case isNullExpr:
		return isNull(args[0], e.negated), nil
	case subqueryExpr:
		return k.subquery(e, args)
	case intervalExpr:
		return compiled{}, analysis("An interval can only be added to or subtracted from a timestamp or date: %s", e)
	}
	return compiled{}, analysis("Could not resolve column/field reference: '%s'", e)
}

func (k *compiler) operator(e *expr, args []compiled) (compiled, error) {
	switch e.name {
	case "and", "or", "not":
		return logic(e, args)
	case "||":
		return k.verticalBars(e, args)
	case "=", "!=", "<", "<=", ">", ">=", "<=>", "is distinct from":
		return comparison(e, e.name, args[0], args[1])
	case "like", "ilike", "rlike", "regexp", "iregexp":
		return pattern(e, args)
	case "&", "|", "^":
		return buildBits(k, e, args)
	case "~":
		return buildBitNot(k, e, args)
	}
	if len(args) == 2 && (e.args[0].kind == intervalExpr || e.args[1].kind == intervalExpr) {
		return intervalArithmetic(e, args)
	}
	return arithmetic(e, args)
}

// verticalBars joins strings or is the OR of booleans, by the types of both sides.
func (k *compiler) verticalBars(e *expr, args []compiled) (compiled, error) {
	boolean := func(t Type) bool { return t.Kind == Boolean || t.Kind == Null }
	text := func(t Type) bool { return t.Kind.text() || t.Kind == Null }
	left, right := args[0].typ, args[1].typ
	switch {
	case boolean(left) && boolean(right):
		return logic(&expr{kind: operatorExpr, name: "or", args: e.args}, args)
	case text(left) && text(right):
		return k.call(&expr{kind: callExpr, name: "concat", args: e.args}, args)
	}
	return compiled{}, analysis("|| operator requires operands of type BOOLEAN or STRING: %s", e)
}

// implicit converts without a CAST, or says that e cannot take the argument.
func implicit(c compiled, to Type, e *expr) (compiled, error) {
	if !converts(c.typ, to) {
		return compiled{}, analysis("Incompatible type '%s' of expression '%s' in '%s': '%s' is needed", c.typ, c.expr, e, to)
	}
	return c.as(to), nil
}

// as converts a value to a type to which it is known to convert.
func (c compiled) as(to Type) compiled {
	convert := caster(c.typ, to)
	if convert != nil {
		inner := c.eval
		c.eval = func(x *execution, row []Value) Value {
			v := inner(x, row)
			if v.kind == Null {
				return v
			}
			return convert(x, v)
		}
		c.test, c.column, c.within, c.choice = nil, 0, nil, nil
	}
	c.typ = to
	return c.fold()
}

func logic(e *expr, args []compiled) (compiled, error) {
	for _, arg := range args {
		if arg.typ.Kind != Boolean && arg.typ.Kind != Null {
			return compiled{}, analysis("Operand '%s' part of predicate '%s' should return type 'BOOLEAN' but returns type '%s'.",
				arg.expr, e, arg.typ)
		}
	}
	switch e.name {
	case "not":
		return negated(args[0], true), nil
	case "and":
		return both(args[0], args[1]), nil
	}
	return decide(args[0].tester(), args[1].tester(), isTrue), nil
}

func isNull(arg compiled, negated bool) compiled {
	if index := arg.column - 1; index >= 0 {
		return predicate(func(_ *execution, row []Value) truth { return truthOf((row[index].kind == Null) != negated) })
	}
	eval := arg.eval
	return predicate(func(x *execution, row []Value) truth { return truthOf(eval(x, row).IsNull() != negated) })
}

// cases compiles CASE.
func cases(e *expr, args []compiled) (compiled, error) {
	var operand *compiled
	if e.operand {
		operand, args = &args[0], args[1:]
	}
	var conditions []tester
	var results []compiled
	for ; len(args) > 1; args = args[2:] {
		condition, err := caseCondition(e, operand, args[0])
		if err != nil {
			return compiled{}, err
		}
		conditions = append(conditions, condition)
		results = append(results, args[1])
	}
	if e.other {
		results = append(results, args[0])
	}
	return decided(conditions, results)
}

// decided is the result of the first condition that is true, else the one that is left
// over, else NULL. All results take one common type.
func decided(conditions []tester, results []compiled) (compiled, error) {
	typ, err := unify(results)
	if err != nil {
		return compiled{}, err
	}
	if len(conditions) == 1 {
		return oneCase(conditions[0], results), nil
	}
	branches := evals(results)
	return compiled{typ: typ, eval: func(x *execution, row []Value) Value {
		for i, condition := range conditions {
			if condition(x, row) == isTrue {
				return branches[i](x, row)
			}
		}
		if len(branches) > len(conditions) {
			return branches[len(conditions)](x, row)
		}
		return Value{}
	}}, nil
}

// A choice is one of two constants, by a condition. Sums and counts are made of them.
type choice struct {
	condition tester
	yes, no   Value
}

// oneCase is CASE WHEN condition THEN … [ELSE …] END.
func oneCase(condition tester, results []compiled) compiled {
	c := compiled{typ: results[0].typ}
	otherwise := compiled{constant: true, eval: func(*execution, []Value) Value { return Value{} }}
	if len(results) > 1 {
		otherwise = results[1]
	}
	yes, no := results[0].eval, otherwise.eval
	c.eval = func(x *execution, row []Value) Value {
		if condition(x, row) == isTrue {
			return yes(x, row)
		}
		return no(x, row)
	}
	if results[0].constant && otherwise.constant {
		c.choice = &choice{condition, results[0].value(), otherwise.value()}
	}
	return c
}

func caseCondition(e *expr, operand *compiled, when compiled) (tester, error) {
	if operand != nil {
		equal, err := comparison(e, "=", *operand, when)
		return equal.tester(), err
	}
	if when.typ.Kind != Boolean && when.typ.Kind != Null {
		return nil, analysis("When expr '%s' is not of type boolean and not castable to type boolean.", when.expr)
	}
	return when.tester(), nil
}

// unify converts all expressions to their common type, in place.
func unify(list []compiled) (Type, error) {
	typ := list[0].typ
	last := list[0]
	for _, c := range list[1:] {
		wider, ok := common(typ, c.typ)
		if !ok {
			return Type{}, analysis("Incompatible return types '%s' and '%s' of exprs '%s' and '%s'.", typ, c.typ, last.expr, c.expr)
		}
		typ, last = wider, c
	}
	for i := range list {
		list[i] = list[i].as(typ)
	}
	return typ, nil
}

func evals(list []compiled) []evaluate {
	functions := make([]evaluate, len(list))
	for i, c := range list {
		functions[i] = c.eval
	}
	return functions
}
