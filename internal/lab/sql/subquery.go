package sql

// An answerSet is what a sub-query gave, by the inner sides of its equalities; without any
// there is one answer under the empty key.
type answerSet map[string]*answer

type answer struct {
	rows   int
	value  Value               // of the only row, for a scalar
	values map[string]struct{} // of IN
	null   bool                // IN has met NULL
}

// subquery compiles a sub-query: its arguments are the left side of IN, then the outer
// sides of its equalities.
func (k *compiler) subquery(e *expr, args []compiled) (compiled, error) {
	sub := e.sub
	if sub.root == nil {
		return compiled{}, unsupported("a sub-query in this clause")
	}
	var member *compiled
	if sub.kind == inSubquery {
		member, args = &args[0], args[1:]
	}
	lookup := &lookup{sub: sub}
	for i, outer := range args {
		typ, ok := common(outer.typ, sub.keys[i])
		if !ok {
			return compiled{}, analysis("operands of type %s and %s are not comparable: %s", sub.keys[i], outer.typ, sub.text)
		}
		lookup.outer = append(lookup.outer, outer.as(typ))
		lookup.convert = append(lookup.convert, caster(sub.keys[i], typ))
	}
	switch sub.kind {
	case existsSubquery:
		return predicate(func(x *execution, row []Value) truth { return truthOf(lookup.find(x, row) != nil) }), nil
	case inSubquery:
		return lookup.membership(e, *member)
	}
	return compiled{typ: sub.value, eval: func(x *execution, row []Value) Value {
		a := lookup.find(x, row)
		switch {
		case a == nil:
			return sub.empty
		case a.rows == 1:
			return a.value
		}
		return x.fail(failure("Subquery must not return more than one row: %s", sub.text))
	}}, nil
}

// A lookup asks a sub-query for the answer of a row.
type lookup struct {
	sub     *subquery
	outer   []compiled
	convert []cast // inner keys to the types of the outer ones; nil where they are equal
	member  cast   // values to the type in which IN compares
}

// membership compiles IN: unknown if the left side is NULL, or not found among values
// with a NULL.
func (l *lookup) membership(e *expr, member compiled) (compiled, error) {
	typ, ok := common(member.typ, l.sub.value)
	if !ok {
		return compiled{}, analysis("Incompatible return types '%s' and '%s' of exprs '%s' and '%s'.", member.typ, l.sub.value, member.expr, l.sub.first)
	}
	l.member = caster(l.sub.value, typ)
	left := member.as(typ).eval
	return negated(predicate(func(x *execution, row []Value) truth {
		a := l.find(x, row)
		if a == nil {
			return isFalse
		}
		v := left(x, row)
		if v.kind == Null {
			return isUnknown
		}
		if _, found := a.values[string(appendKey(nil, v))]; found && !isNaN(v) {
			return isTrue
		}
		if a.null {
			return isUnknown
		}
		return isFalse
	}), e.negated), nil
}

func isNaN(v Value) bool { return v.kind == Double && v.Float() != v.Float() }

// find gives the answer for a row, nil if no row of the sub-query belongs to it.
func (l *lookup) find(x *execution, row []Value) *answer {
	all := x.answers[l]
	if all == nil {
		all = l.run(x)
		if x.answers == nil {
			x.answers = make(map[*lookup]answerSet)
		}
		x.answers[l] = all
	}
	key, whole := joinKey(x, l.outer, row, nil)
	if !whole {
		return nil
	}
	return all[string(key)]
}

// run makes all answers, once in an execution.
func (l *lookup) run(x *execution) answerSet {
	all := make(answerSet)
	values := 1
	if l.sub.kind == existsSubquery {
		values = 0
	}
	var key []byte
	err := x.start(l.sub.root, func(row []Value) bool {
		key = key[:0]
		for i, convert := range l.convert {
			v := row[values+i]
			if v.kind != Null && convert != nil {
				v = convert(x, v)
			}
			if v.kind == Null || isNaN(v) {
				return x.err == nil // is equal to nothing
			}
			key = appendKey(key, v)
		}
		a := all[string(key)]
		if a == nil {
			a = &answer{}
			all[string(key)] = a
		}
		l.take(x, a, row)
		// One row is enough of an EXISTS that asks for nothing.
		return x.err == nil && (l.sub.kind != existsSubquery || len(l.convert) > 0)
	})
	if err != nil {
		x.fail(err)
	}
	return all
}

// take adds a row to its answer.
func (l *lookup) take(x *execution, a *answer, row []Value) {
	a.rows++
	switch l.sub.kind {
	case scalarSubquery:
		a.value = row[0]
	case inSubquery:
		v := row[0]
		if v.kind != Null && l.member != nil {
			v = l.member(x, v)
		}
		if v.kind == Null {
			a.null = true
			return
		}
		if a.values == nil {
			a.values = make(map[string]struct{})
		}
		key := string(appendKey(nil, v))
		if _, known := a.values[key]; !known && x.keep(1, "HASH_JOIN_NODE") {
			a.values[key] = struct{}{}
		}
	}
}
