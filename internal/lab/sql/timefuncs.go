package sql

import (
	"strings"
	"time"
)

// timeFunction are the overloads of a function on timestamps and dates.
func (k *compiler) timeFunction(name string) []overload {
	if part := clockPart(name); part != nil {
		return []overload{{params: "t", result: Int, one: func(_ *execution, v Value) Value { return IntOf(part(v)) }}}
	}
	switch name {
	case "now", "current_timestamp":
		now := timestampOfClock(k.session.Now.In(k.session.Zone))
		return []overload{{result: Timestamp, zero: func(*execution) Value { return now }}}
	case "utc_timestamp":
		now := timestampOfClock(k.session.Now.UTC())
		return []overload{{result: Timestamp, zero: func(*execution) Value { return now }}}
	case "current_date":
		today := floorDiv(timestampOfClock(k.session.Now.In(k.session.Zone)).n, secondsPerDay)
		return []overload{{result: Date, zero: func(*execution) Value { return DateOf(today) }}}
	case "unix_timestamp":
		return k.unixOverloads()
	case "to_date":
		dates := &dater{}
		return []overload{{params: "t", result: String, one: func(_ *execution, v Value) Value { return dates.text(dayOf(v)) }}}
	case "from_unixtime":
		return []overload{
			{params: "b", result: String, one: func(_ *execution, v Value) Value { return textOf(timestampInRange(v.n, 0)) }},
			{params: "bs", result: String, two: func(x *execution, v, layout Value) Value {
				return formatLayout(x, timestampInRange(v.n, 0), layout.s)
			}},
		}
	case "from_timestamp":
		return []overload{{params: "ts", result: String, two: func(x *execution, v, layout Value) Value {
			return formatLayout(x, v, layout.s)
		}}}
	case "to_timestamp":
		return []overload{
			{params: "b", result: Timestamp, one: func(_ *execution, v Value) Value { return timestampInRange(v.n, 0) }},
			{params: "ss", result: Timestamp, two: func(x *execution, v, layout Value) Value { return parseLayout(x, v.s, layout.s) }},
		}
	}
	return nil
}

func textOf(v Value) Value {
	if v.IsNull() {
		return v
	}
	return StringOf(v.Text())
}

// clockPart reads one field of a timestamp.
func clockPart(name string) func(v Value) int64 {
	date := func(part func(t time.Time) int) func(Value) int64 {
		return func(v Value) int64 { return int64(part(v.utc())) }
	}
	switch name {
	case "hour":
		return func(v Value) int64 { return floorMod(v.n, secondsPerDay) / 3600 }
	case "minute":
		return func(v Value) int64 { return floorMod(v.n, 3600) / 60 }
	case "second":
		return func(v Value) int64 { return floorMod(v.n, 60) }
	case "millisecond":
		return func(v Value) int64 { return int64(v.nanos) / 1e6 }
	case "year":
		return date(time.Time.Year)
	case "quarter":
		return date(func(t time.Time) int { return (int(t.Month()) + 2) / 3 })
	case "month":
		return date(func(t time.Time) int { return int(t.Month()) })
	case "day", "dayofmonth":
		return date(time.Time.Day)
	case "dayofyear":
		return date(time.Time.YearDay)
	case "weekofyear":
		return date(func(t time.Time) int { _, week := t.ISOWeek(); return week })
	case "dayofweek": // Sunday is 1; 1970-01-01 was a Thursday
		return func(v Value) int64 { return floorMod(floorDiv(v.n, secondsPerDay)+4, 7) + 1 }
	}
	return nil
}

func (k *compiler) unixOverloads() []overload {
	now := timestampOfClock(k.session.Now.UTC())
	return []overload{
		{result: BigInt, zero: func(*execution) Value { return IntOf(now.n) }},
		{params: "t", result: BigInt, one: func(_ *execution, v Value) Value { return IntOf(v.n) }},
		{params: "s", result: BigInt, one: func(_ *execution, v Value) Value {
			t, ok := parseTimestamp(v.s)
			if !ok {
				return Value{}
			}
			return IntOf(t.n)
		}},
		{params: "ss", result: BigInt, two: func(x *execution, v, layout Value) Value {
			t := parseLayout(x, v.s, layout.s)
			if t.IsNull() {
				return t
			}
			return IntOf(t.n)
		}},
	}
}

// buildZone compiles from_utc_timestamp and to_utc_timestamp. Impala lets an
// unknown zone pass with a warning that clients do not see; here it is refused.
func buildZone(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 2, 2); err != nil {
		return compiled{}, err
	}
	moment, err := implicit(args[0], Type{Kind: Timestamp}, e)
	if err != nil {
		return compiled{}, err
	}
	name, err := constantText(e, args[1])
	if err != nil {
		return compiled{}, err
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return compiled{}, unsupported("timezone '" + name + "'")
	}
	if e.name == "from_utc_timestamp" {
		offsets := &offsetter{zone: zone}
		return strict(moment, moment.typ, func(_ *execution, v Value) Value { return timestampInRange(v.n+offsets.east(v.n), v.nanos) }), nil
	}
	return strict(moment, moment.typ, func(_ *execution, v Value) Value { return instantOf(v, zone) }), nil
}

// instantOf is when the clocks of a zone show a time: NULL if they never do, or twice.
func instantOf(v Value, zone *time.Location) Value {
	offset := func(seconds int64) int64 {
		_, east := time.Unix(seconds, 0).In(zone).Zone()
		return int64(east)
	}
	// Around a change of clocks one of the two offsets is that of the day before.
	before, after := offset(v.n-secondsPerDay), offset(v.n+secondsPerDay)
	early, late := v.n-before, v.n-after
	isEarly, isLate := offset(early) == before, offset(late) == after
	switch {
	case isEarly && (!isLate || early == late):
		return timestampInRange(early, v.nanos)
	case isLate && !isEarly:
		return timestampInRange(late, v.nanos)
	}
	return Value{}
}

// buildDateAdd compiles date_add(x, n), date_add(x, INTERVAL n unit) and their opposites.
func buildDateAdd(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 2, 2); err != nil {
		return compiled{}, err
	}
	back := strings.Contains(e.name, "sub")
	if e.args[1].kind == intervalExpr {
		return moveByInterval(e, args[0], args[1], e.args[1], back)
	}
	return moveByFunction(e, args, "days", back)
}

// buildUnitsAdd compiles add_months, hours_sub and the like.
func buildUnitsAdd(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 2, 2); err != nil {
		return compiled{}, err
	}
	unit, operation, _ := strings.Cut(e.name, "_")
	if e.name == "add_months" {
		unit, operation = "months", "add"
	}
	return moveByFunction(e, args, unit, operation == "sub")
}

// buildExtract compiles extract(x, 'unit') and date_part('unit', x).
func buildExtract(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 2, 2); err != nil {
		return compiled{}, err
	}
	moment, name := args[0], args[1]
	if e.name == "date_part" {
		moment, name = args[1], args[0]
	}
	unit, err := constantText(e, name)
	if err != nil {
		return compiled{}, err
	}
	unit = strings.ToLower(unit)
	if moment, err = implicit(moment, Type{Kind: Timestamp}, e); err != nil {
		return compiled{}, err
	}
	part := clockPart(unit)
	switch unit {
	case "epoch":
		part = func(v Value) int64 { return v.n }
	case "millisecond": // of the minute, with its seconds
		part = func(v Value) int64 { return floorMod(v.n, 60)*1000 + int64(v.nanos)/1e6 }
	case "dayofmonth", "dayofweek", "dayofyear", "weekofyear":
		part = nil
	}
	if part == nil {
		return compiled{}, analysis("invalid extract field: %s", unit)
	}
	return strict(moment, Type{Kind: BigInt}, func(_ *execution, v Value) Value { return IntOf(part(v)) }), nil
}

// buildDateTrunc compiles date_trunc('unit', x).
func buildDateTrunc(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 2, 2); err != nil {
		return compiled{}, err
	}
	unit, err := constantText(e, args[0])
	if err != nil {
		return compiled{}, err
	}
	return truncateTime(e, args[1], strings.ToLower(unit))
}

// buildTrunc compiles trunc(x, 'unit') of a timestamp, else trunc of a number.
func buildTrunc(k *compiler, e *expr, args []compiled) (compiled, error) {
	if len(args) == 0 || args[0].typ.Kind.numeric() {
		return buildRound(k, e, args)
	}
	if err := arity(e, args, 2, 2); err != nil {
		return compiled{}, err
	}
	unit, err := constantText(e, args[1])
	if err != nil {
		return compiled{}, err
	}
	units := map[string]string{
		"SYYYY": "year", "YYYY": "year", "YEAR": "year", "SYEAR": "year", "YYY": "year", "YY": "year", "Y": "year",
		"Q": "quarter", "MONTH": "month", "MON": "month", "MM": "month", "RM": "month",
		"DDD": "day", "DD": "day", "J": "day", "DAY": "week", "DY": "week", "D": "week",
		"HH": "hour", "HH12": "hour", "HH24": "hour", "MI": "minute",
	}
	name, found := units[strings.ToUpper(unit)]
	if !found {
		return compiled{}, unsupported("trunc to unit '" + unit + "'")
	}
	return truncateTime(e, args[0], name)
}

func truncateTime(e *expr, arg compiled, unit string) (compiled, error) {
	typ := Type{Kind: Timestamp}
	if arg.typ.Kind == Date {
		typ.Kind = Date
	}
	arg, err := implicit(arg, Type{Kind: Timestamp}, e)
	if err != nil {
		return compiled{}, err
	}
	truncate := truncator(unit)
	if truncate == nil {
		return compiled{}, analysis("Invalid Date Trunc Unit: %s", unit)
	}
	return strict(arg, typ, func(_ *execution, v Value) Value {
		start := truncate(v)
		if typ.Kind == Date {
			return DateOf(floorDiv(start.n, secondsPerDay))
		}
		return start
	}), nil
}

// truncator moves a timestamp back to the start of its unit.
func truncator(unit string) func(v Value) Value {
	seconds := map[string]int64{"second": 1, "minute": 60, "hour": 3600, "day": secondsPerDay}[unit]
	fraction := map[string]int32{"millisecond": 1e6, "milliseconds": 1e6, "microsecond": 1e3, "microseconds": 1e3}[unit]
	switch {
	case seconds > 0:
		return func(v Value) Value { return TimestampOf(v.n-floorMod(v.n, seconds), 0) }
	case fraction > 0:
		return func(v Value) Value { return TimestampOf(v.n, v.nanos-v.nanos%fraction) }
	case unit == "week": // Monday; 1970-01-01 was a Thursday
		return func(v Value) Value {
			day := floorDiv(v.n, secondsPerDay)
			return timestampInRange((day-floorMod(day+3, 7))*secondsPerDay, 0)
		}
	case unit == "month" || unit == "quarter" || unit == "year":
		return func(v Value) Value {
			year, month, _ := v.utc().Date()
			months := map[string]time.Month{"month": 1, "quarter": 3, "year": 12}[unit]
			month -= (month - 1) % months
			return timestampInRange(time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Unix(), 0)
		}
	}
	return nil
}
