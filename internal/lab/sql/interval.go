package sql

import (
	"slices"
	"strings"
	"time"
)

// A unit of an INTERVAL is a number of months or of nanoseconds.
type unit struct {
	months  int64
	nanos   int64
	lastDay bool // the last day of a month moves to the last day of another
}

// unitOf reads a unit, singular or plural.
func unitOf(name string) (unit, bool) {
	switch strings.TrimSuffix(strings.ToLower(name), "s") {
	case "year":
		return unit{months: 12}, true
	case "month":
		return unit{months: 1}, true
	case "week":
		return unit{nanos: 7 * secondsPerDay * 1e9}, true
	case "day":
		return unit{nanos: secondsPerDay * 1e9}, true
	case "hour":
		return unit{nanos: 3600e9}, true
	case "minute":
		return unit{nanos: 60e9}, true
	case "second":
		return unit{nanos: 1e9}, true
	case "millisecond":
		return unit{nanos: 1e6}, true
	case "microsecond":
		return unit{nanos: 1e3}, true
	case "nanosecond":
		return unit{nanos: 1}, true
	}
	return unit{}, false
}

// add moves a timestamp or a date by count units. Beyond the range it is NULL.
func (u unit) add(v Value, count int64) Value {
	const most = 4_000_000_000_000_000 // above any count that stays in range, but of nanoseconds
	if u.months > 0 {
		if count > 200_000 || count < -200_000 {
			return Value{}
		}
		return u.addMonths(v, int(count*u.months))
	}
	if v.kind == Date {
		if count > most/secondsPerDay || count < -most/secondsPerDay {
			return Value{}
		}
		return dateInRange(v.n + count*(u.nanos/(secondsPerDay*1e9)))
	}
	if u.nanos >= 1e9 {
		if count > most/(u.nanos/1e9) || count < -most/(u.nanos/1e9) {
			return Value{}
		}
		return timestampInRange(v.n+count*(u.nanos/1e9), v.nanos)
	}
	perSecond := 1e9 / u.nanos
	nanos := int64(v.nanos) + floorMod(count, perSecond)*u.nanos
	return timestampInRange(v.n+floorDiv(count, perSecond)+nanos/1e9, int32(nanos%1e9))
}

func (u unit) addMonths(v Value, months int) Value {
	start := v.utc()
	if v.kind == Date {
		start = time.Unix(v.n*secondsPerDay, 0).UTC()
	}
	t := addMonths(start, months)
	if u.lastDay && start.AddDate(0, 0, 1).Day() == 1 {
		t = addMonths(t.AddDate(0, 0, 1-t.Day()), 1).AddDate(0, 0, -1)
	}
	if v.kind == Date {
		return dateInRange(floorDiv(t.Unix(), secondsPerDay))
	}
	return timestampInRange(t.Unix(), int32(t.Nanosecond()))
}

// takesInterval reports whether an argument of e may be an INTERVAL.
func takesInterval(e *expr) bool {
	switch e.kind {
	case operatorExpr:
		return len(e.args) == 2 && (e.name == "+" || e.name == "-")
	case callExpr:
		return len(e.args) == 2 && (e.name == "date_add" || e.name == "date_sub")
	}
	return false
}

// operands are the arguments of e, an INTERVAL as its number where there may be one.
func operands(e *expr) []*expr {
	if !takesInterval(e) || e.args[0].kind != intervalExpr && e.args[1].kind != intervalExpr {
		return e.args
	}
	list := slices.Clone(e.args)
	for i, arg := range list {
		if arg.kind == intervalExpr {
			list[i] = arg.args[0]
		}
	}
	return list
}

// intervalArithmetic compiles x + INTERVAL n unit, x - INTERVAL n unit and
// INTERVAL n unit + x. On a DATE the unit must be a day or longer.
func intervalArithmetic(e *expr, args []compiled) (compiled, error) {
	moved, count, interval := args[0], args[1], e.args[1]
	if e.args[0].kind == intervalExpr {
		moved, count, interval = args[1], args[0], e.args[0]
		if e.name == "-" {
			return compiled{}, analysis("Left operand of '-' must not be an interval: %s", e)
		}
	}
	if e.args[0].kind == e.args[1].kind {
		return compiled{}, analysis("An interval can only be added to or subtracted from a timestamp or date: %s", e)
	}
	return moveByInterval(e, moved, count, interval, e.name == "-")
}

// moveByInterval compiles moved ± INTERVAL count unit, which takes no string for a time
// (TimestampArithmeticExpr.java).
func moveByInterval(e *expr, moved, count compiled, interval *expr, back bool) (compiled, error) {
	text := e.String()
	if e.kind == callExpr {
		text = strings.ToUpper(e.name) + text[len(e.name):]
	}
	u, ok := unitOf(interval.name)
	switch {
	case !ok:
		return compiled{}, analysis("Invalid time unit '%s' in timestamp/date arithmetic expression '%s'.", interval.name, text)
	case moved.typ.Kind != Timestamp && moved.typ.Kind != Date && moved.typ.Kind != Null:
		return compiled{}, analysis("Operand '%s' of timestamp/date arithmetic expression '%s' returns type '%s'. Expected type 'TIMESTAMP' or 'DATE'.",
			moved.expr, text, moved.typ)
	case moved.typ.Kind == Date && u.belowDay():
		name := strings.ToUpper(strings.TrimSuffix(interval.name, "s"))
		return compiled{}, analysis("'%s' intervals are not allowed in date arithmetic expressions", name)
	case !count.typ.Kind.integer() && count.typ.Kind != Null:
		return compiled{}, analysis("Operand '%s' of timestamp/date arithmetic expression '%s' returns type '%s'. Expected an integer type.",
			count.expr, text, count.typ)
	}
	return moveTime(moved, count, u, back), nil
}

// moveByFunction compiles functions like hours_add, which take a string as a timestamp,
// and a date too where the unit is less than a day.
func moveByFunction(e *expr, args []compiled, name string, back bool) (compiled, error) {
	u, _ := unitOf(name) // the names of the functions have units
	u.lastDay = name == "months"
	moved := args[0]
	if moved.typ.Kind != Date || u.belowDay() {
		var err error
		if moved, err = implicit(moved, Type{Kind: Timestamp}, e); err != nil {
			return compiled{}, err
		}
	}
	if !args[1].typ.Kind.integer() && args[1].typ.Kind != Null {
		return compiled{}, noSignature(e, args)
	}
	return moveTime(moved, args[1], u, back), nil
}

func (u unit) belowDay() bool { return u.months == 0 && u.nanos < secondsPerDay*1e9 }

func moveTime(moved, count compiled, u unit, back bool) compiled {
	start, steps, typ := moved.eval, count.as(Type{Kind: BigInt}).eval, moved.typ
	if typ.Kind == Null {
		typ.Kind = Timestamp
	}
	return compiled{typ: typ, eval: func(x *execution, row []Value) Value {
		v, n := start(x, row), steps(x, row)
		switch {
		case v.IsNull() || n.IsNull():
			return Value{}
		case back:
			return u.add(v, -n.n)
		}
		return u.add(v, n.n)
	}}
}
