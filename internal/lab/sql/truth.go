package sql

// A truth is the value of a condition in three-valued logic. Conditions are asked for it
// rather than for a [Value], which is larger than what the processor hands over at once.
type truth uint8

const (
	isFalse truth = iota
	isTrue
	isUnknown
)

// A tester computes a condition on a row.
type tester func(x *execution, row []Value) truth

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

func (t truth) value() Value {
	if t == isUnknown {
		return Value{}
	}
	return BoolOf(t == isTrue)
}

func (t truth) not() truth {
	switch t {
	case isTrue:
		return isFalse
	case isFalse:
		return isTrue
	}
	return isUnknown
}

// predicate is a condition as an expression.
func predicate(test tester) compiled {
	return compiled{typ: Type{Kind: Boolean}, test: test, eval: func(x *execution, row []Value) Value { return test(x, row).value() }}
}

// truth is the value of a BOOLEAN expression.
func (c *compiled) truth(x *execution, row []Value) truth {
	if c.test != nil {
		return c.test(x, row)
	}
	v := c.eval(x, row)
	if v.kind == Null {
		return isUnknown
	}
	return truthOf(v.n != 0)
}

func (c compiled) tester() tester {
	if c.test != nil {
		return c.test
	}
	return c.truth
}

// negated turns a predicate round if it was written with NOT.
func negated(c compiled, not bool) compiled {
	if !not {
		return c
	}
	test := c.tester()
	return predicate(func(x *execution, row []Value) truth { return test(x, row).not() })
}

// both is AND. Two ranges of one column are one range.
func both(a, b compiled) compiled {
	if s, ok := a.within.and(b.within); ok {
		return s.predicate()
	}
	return decide(a.tester(), b.tester(), isFalse)
}

// decide is AND (decisive isFalse) or OR (decisive isTrue): a decisive side decides, else
// what is unknown wins.
func decide(left, right tester, decisive truth) compiled {
	return predicate(func(x *execution, row []Value) truth {
		l := left(x, row)
		if l == decisive {
			return l
		}
		r := right(x, row)
		if l == isUnknown && r != decisive {
			return l
		}
		return r
	})
}
