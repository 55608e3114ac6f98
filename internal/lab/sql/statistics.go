package sql

import (
	"math"
	"slices"
)

// A deviation is the state of variances: the mean and the sum of squares of the distances
// from it, kept up to date value by value (Welford; Knuth, volume 2, 4.2.2).
type deviation struct{ mean, squares float64 }

// spread compiles STDDEV and VARIANCE, of a sample or of the whole population. One value
// has a spread of 0, also as a sample (aggregate-functions-ir.cc).
func (a *aggregate) spread(root, sample bool) error {
	if !converts(a.args[0].typ, Type{Kind: Double}) || a.args[0].typ.Kind.text() {
		return noSignature(a.expr, a.args)
	}
	a.args[0] = a.args[0].as(Type{Kind: Double})
	a.typ = Type{Kind: Double}
	a.add = func(_ *execution, t *total, v Value) {
		s := &t.more().deviation
		t.n++
		distance := v.Float() - s.mean
		s.mean += distance / float64(t.n)
		s.squares += distance * (v.Float() - s.mean)
	}
	a.done = func(_ *execution, t *total) Value {
		n := t.n
		switch {
		case n == 0:
			return Value{}
		case n == 1:
			return DoubleOf(0)
		case sample:
			n--
		}
		variance := t.rest.deviation.squares / float64(n)
		if root {
			variance = math.Sqrt(variance)
		}
		return DoubleOf(variance)
	}
	return nil
}

// median compiles APPX_MEDIAN. Impala takes the middle of a sample; here it is the middle
// of all values, which is a sample of the best kind.
func (a *aggregate) median() {
	a.typ = a.args[0].typ
	a.add = func(x *execution, t *total, v Value) {
		if x.keep(1, "AGGREGATION_NODE") {
			t.n++
			t.more().list = append(t.more().list, v)
		}
	}
	a.done = func(_ *execution, t *total) Value {
		if t.n == 0 {
			return Value{}
		}
		list := slices.SortedFunc(slices.Values(t.rest.list), order)
		return list[len(list)/2]
	}
}

// join compiles GROUP_CONCAT(x[, separator]). Its order is that of the rows, which is none.
func (a *aggregate) join() error {
	args := a.args
	for _, arg := range args {
		if !converts(arg.typ, Type{Kind: String}) {
			return noSignature(a.expr, args)
		}
	}
	separator := ", "
	if len(args) == 2 {
		if !args[1].constant {
			return unsupported("group_concat with a separator that is no constant")
		}
		if v := args[1].value(); !v.IsNull() {
			separator = v.s
		}
	}
	a.args = []compiled{args[0].as(Type{Kind: String})}
	a.typ = Type{Kind: String}
	a.add = func(x *execution, t *total, v Value) {
		rest := t.more()
		if len(rest.text)+len(separator)+len(v.s) > maxText {
			tooLong(x, "group_concat")
			return
		}
		if t.n++; t.n > 1 {
			rest.text = append(rest.text, separator...)
		}
		rest.text = append(rest.text, v.s...)
	}
	a.done = func(_ *execution, t *total) Value {
		if t.n == 0 {
			return Value{}
		}
		return StringOf(string(t.rest.text))
	}
	return nil
}
