package sql

import "strings"

// stringFunction are the overloads of a function on strings. Lengths and positions
// count bytes; upper and lower know ASCII letters.
func stringFunction(name string) []overload {
	text := func(f func(s string) string) []overload {
		return []overload{{params: "s", result: String, one: func(_ *execution, v Value) Value { return StringOf(f(v.s)) }}}
	}
	number := func(f func(s string) int) []overload {
		return []overload{{params: "s", result: Int, one: func(_ *execution, v Value) Value { return IntOf(int64(f(v.s))) }}}
	}
	switch name {
	case "length", "char_length", "character_length":
		return number(func(s string) int { return len(s) })
	case "ascii":
		return number(func(s string) int {
			if s == "" {
				return 0
			}
			return int(s[0])
		})
	case "upper", "ucase":
		return text(func(s string) string { return mapASCII(s, 'a', 'z') })
	case "lower", "lcase":
		return text(func(s string) string { return mapASCII(s, 'A', 'Z') })
	case "reverse":
		return text(reverse)
	case "trim", "ltrim", "rtrim", "btrim":
		return trimOverloads(name)
	case "concat":
		return []overload{{params: "s*", result: String, many: concatenate}}
	case "replace":
		return []overload{{params: "sss", result: String, three: replaceAll}}
	case "split_part":
		return []overload{{params: "ssb", result: String, three: splitPart}}
	case "regexp_replace", "regexp_extract", "regexp_like":
		return regexpOverloads(name)
	}
	return positionFunction(name)
}

// positionFunction are the functions that take a position or a length.
func positionFunction(name string) []overload {
	switch name {
	case "substr", "substring":
		return []overload{
			{params: "sb", result: String, two: func(_ *execution, s, from Value) Value {
				return StringOf(substring(s.s, from.n, int64(len(s.s))))
			}},
			{params: "sbb", result: String, three: func(_ *execution, s, from, length Value) Value {
				return StringOf(substring(s.s, from.n, length.n))
			}},
		}
	case "left", "strleft":
		return []overload{{params: "sb", result: String, two: func(_ *execution, s, n Value) Value {
			return StringOf(substring(s.s, 1, n.n))
		}}}
	case "right", "strright":
		return []overload{{params: "sb", result: String, two: func(_ *execution, s, n Value) Value {
			if n.n >= int64(len(s.s)) {
				return s
			}
			return StringOf(substring(s.s, -n.n, n.n))
		}}}
	case "lpad", "rpad":
		left := name == "lpad"
		return []overload{{params: "sbs", result: String, three: func(x *execution, s, width, fill Value) Value {
			return pad(x, s.s, width.n, fill.s, left)
		}}}
	case "instr":
		return instrOverloads
	case "locate":
		return []overload{
			{params: "ss", result: Int, two: func(_ *execution, part, s Value) Value { return find(s.s, part.s, 1) }},
			{params: "ssb", result: Int, three: func(_ *execution, part, s, from Value) Value { return find(s.s, part.s, from.n) }},
		}
	case "repeat":
		return []overload{{params: "sb", result: String, two: repeat}}
	}
	return nil
}

// maxText bounds the strings that functions make.
const maxText = 1 << 26

func tooLong(x *execution, who string) Value {
	return x.fail(failure("Memory limit exceeded: %s() could not allocate a string without exceeding limit of %d bytes.", who, maxText))
}

// mapASCII changes the case of letters between first and last.
func mapASCII(s string, first, last byte) string {
	changed := []byte(s)
	for i, c := range changed {
		if c >= first && c <= last {
			changed[i] = c ^ 0x20
		}
	}
	return string(changed)
}

func reverse(s string) string {
	turned := make([]byte, len(s))
	for i := range len(s) {
		turned[len(s)-1-i] = s[i]
	}
	return string(turned)
}

func trimOverloads(name string) []overload {
	trim := strings.Trim
	switch name {
	case "ltrim":
		trim = strings.TrimLeft
	case "rtrim":
		trim = strings.TrimRight
	}
	overloads := []overload{{params: "s", result: String, one: func(_ *execution, v Value) Value { return StringOf(trim(v.s, " ")) }}}
	if name == "trim" {
		return overloads
	}
	return append(overloads, overload{params: "ss", result: String, two: func(_ *execution, s, set Value) Value {
		return StringOf(trim(s.s, set.s))
	}})
}

func concatenate(x *execution, args []Value) Value {
	total := 0
	for _, arg := range args {
		total += len(arg.s)
	}
	if total > maxText {
		return tooLong(x, "concat")
	}
	var text strings.Builder
	text.Grow(total)
	for _, arg := range args {
		text.WriteString(arg.s)
	}
	return StringOf(text.String())
}

// buildConcatWS compiles concat_ws, which leaves NULL arguments out.
func buildConcatWS(_ *compiler, e *expr, args []compiled) (compiled, error) {
	if err := arity(e, args, 2, -1); err != nil {
		return compiled{}, err
	}
	for i, arg := range args {
		if !converts(arg.typ, Type{Kind: String}) {
			return compiled{}, noSignature(e, args)
		}
		args[i] = arg.as(Type{Kind: String})
	}
	separator, list := args[0].eval, evals(args[1:])
	return compiled{typ: Type{Kind: String}, eval: func(x *execution, row []Value) Value {
		between := separator(x, row)
		if between.IsNull() {
			return between
		}
		var parts []string
		total := 0
		for _, eval := range list {
			if v := eval(x, row); !v.IsNull() {
				parts = append(parts, v.s)
				total += len(v.s) + len(between.s)
			}
		}
		if total > maxText {
			return tooLong(x, "concat_ws")
		}
		return StringOf(strings.Join(parts, between.s))
	}}, nil
}

func replaceAll(x *execution, s, part, with Value) Value {
	if part.s == "" {
		return s
	}
	if strings.Count(s.s, part.s)*len(with.s) > maxText {
		return tooLong(x, "replace")
	}
	return StringOf(strings.ReplaceAll(s.s, part.s, with.s))
}

// splitPart is a field counted from 1, or from the end if negative.
func splitPart(x *execution, s, separator, field Value) Value {
	if field.n == 0 {
		return x.fail(failure("UDF ERROR: Invalid field position: 0"))
	}
	parts := []string{s.s}
	if separator.s != "" {
		parts = strings.Split(s.s, separator.s)
	}
	index := field.n - 1
	if field.n < 0 {
		index = int64(len(parts)) + field.n
	}
	if index < 0 || index >= int64(len(parts)) {
		return StringOf("")
	}
	return StringOf(parts[index])
}

// substring counts from 1, or from the end if from is negative.
func substring(s string, from, length int64) string {
	size := int64(len(s))
	if from < 0 {
		from += size + 1
	}
	if from < 1 || from > size || length <= 0 {
		return ""
	}
	return s[from-1 : min(size, from-1+min(length, size))]
}

func pad(x *execution, s string, width int64, fill string, left bool) Value {
	size := int64(len(s))
	switch {
	case width < 0:
		return Value{}
	case width <= size:
		return StringOf(s[:width])
	case fill == "":
		return StringOf(s)
	case width > maxText:
		return tooLong(x, "pad")
	}
	missing := int(width - size)
	padding := strings.Repeat(fill, missing/len(fill)+1)[:missing]
	if left {
		return StringOf(padding + s)
	}
	return StringOf(s + padding)
}

// find is the position of part in s, counted from 1, at or after from; 0 if there
// is none. Nothing is found of an empty part.
func find(s, part string, from int64) Value {
	if part == "" || from < 1 || from > int64(len(s)) {
		return IntOf(0)
	}
	at := strings.Index(s[from-1:], part)
	if at < 0 {
		return IntOf(0)
	}
	return IntOf(int64(at) + from)
}

var instrOverloads = []overload{
	{params: "ss", result: Int, two: func(_ *execution, s, part Value) Value { return find(s.s, part.s, 1) }},
	{params: "ssb", result: Int, three: func(_ *execution, s, part, from Value) Value { return findNth(s.s, part.s, from.n, 1) }},
	{params: "ssbb", result: Int, many: func(x *execution, args []Value) Value {
		if args[3].n <= 0 {
			return x.fail(failure("UDF ERROR: Invalid occurrence parameter to instr function: %d", args[3].n))
		}
		return findNth(args[0].s, args[1].s, args[2].n, args[3].n)
	}},
}

// findNth is the position of the nth part from a place on, or back from one that is
// counted from the end. Parts may overlap.
func findNth(s, part string, from, nth int64) Value {
	if from > 0 {
		found := find(s, part, from)
		for ; nth > 1 && found.n > 0; nth-- {
			found = find(s, part, found.n+1)
		}
		return found
	}
	size := int64(len(s))
	if part == "" || from == 0 || from < -size {
		return IntOf(0)
	}
	at := int(size + from)
	for ; nth > 0; nth-- {
		if at = strings.LastIndex(s[:min(len(s), at+len(part))], part); at < 0 {
			return IntOf(0)
		}
		at--
	}
	return IntOf(int64(at) + 2)
}

func repeat(x *execution, s, count Value) Value {
	if count.n <= 0 || s.s == "" {
		return StringOf("")
	}
	if count.n > maxText/int64(len(s.s)) {
		return tooLong(x, "repeat")
	}
	return StringOf(strings.Repeat(s.s, int(count.n)))
}
