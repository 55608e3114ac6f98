package sql

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// pattern compiles LIKE, RLIKE and REGEXP, and ILIKE and IREGEXP, for which small and
// capital letters are the same.
func pattern(e *expr, args []compiled) (compiled, error) {
	for i, side := range []string{"left", "right"} {
		if !args[i].typ.Kind.text() && args[i].typ.Kind != Null {
			return compiled{}, analysis("%s operand of %s must be of type STRING: %s", side, strings.ToUpper(e.name), e)
		}
		args[i] = args[i].as(Type{Kind: String})
	}
	flags := ""
	switch e.name {
	case "like":
		o := overload{two: func(_ *execution, s, p Value) Value { return BoolOf(like(s.s, p.s)) }}
		return negated(compiled{typ: Type{Kind: Boolean}, eval: o.bind(evals(args))}, e.negated), nil
	case "ilike":
		o := overload{two: func(_ *execution, s, p Value) Value { return BoolOf(like(strings.ToLower(s.s), strings.ToLower(p.s))) }}
		return negated(compiled{typ: Type{Kind: Boolean}, eval: o.bind(evals(args))}, e.negated), nil
	case "iregexp":
		flags = "(?i)"
	}
	if args[1].constant && !args[1].value().IsNull() {
		re, err := regexp.Compile(flags + args[1].value().s) // where a match ends is not asked
		if err != nil {
			return compiled{}, analysis("invalid regular expression in '%s'", e)
		}
		matches := strict(args[0], Type{Kind: Boolean}, func(_ *execution, v Value) Value { return BoolOf(re.MatchString(v.s)) })
		return negated(matches, e.negated), nil
	}
	o := overload{two: func(x *execution, s, p Value) Value { return matchRegexp(x, s, StringOf(flags+p.s)) }}
	return negated(compiled{typ: Type{Kind: Boolean}, eval: o.bind(evals(args))}, e.negated), nil
}

// like matches the whole of s: % is any text, _ one character, a backslash
// takes the next character as it is.
func like(s, pattern string) bool {
	// After a % everything before it is settled: on a mismatch only the text that
	// the last % covers can grow.
	retryText, retryPattern := -1, 0
	i, j := 0, 0
	for i < len(s) {
		if j < len(pattern) && pattern[j] == '%' {
			j++
			retryText, retryPattern = i, j
			continue
		}
		if text, step := likeOne(s[i:], pattern[j:]); step > 0 {
			i, j = i+text, j+step
			continue
		}
		if retryText < 0 {
			return false
		}
		retryText++
		i, j = retryText, retryPattern
	}
	return strings.Trim(pattern[j:], "%") == ""
}

// likeOne matches one character of the pattern and returns how many bytes of the
// text and of the pattern it took, 0 for none.
func likeOne(s, pattern string) (text, step int) {
	switch {
	case pattern == "":
		return 0, 0
	case pattern[0] == '_':
		_, size := utf8.DecodeRuneInString(s)
		return size, 1
	case pattern[0] == '\\' && len(pattern) > 1:
		if s[0] == pattern[1] {
			return 1, 2
		}
	case s[0] == pattern[0]:
		return 1, 1
	}
	return 0, 0
}

// compileRegexp takes the longest of the leftmost matches, as Impala tells RE2 to.
func compileRegexp(x *execution, text string) *regexp.Regexp {
	re, err := regexp.Compile(text)
	if err != nil {
		x.fail(failure("UDF ERROR: Could not compile regexp pattern: %s", text))
		return nil
	}
	re.Longest()
	return re
}

func matchRegexp(x *execution, s, p Value) Value {
	re := compileRegexp(x, p.s)
	return BoolOf(re != nil && re.MatchString(s.s))
}

func regexpOverloads(name string) []overload {
	switch name {
	case "regexp_like":
		return []overload{{params: "ss", result: Boolean, two: matchRegexp}}
	case "regexp_extract":
		return []overload{{params: "ssb", result: String, three: regexpExtract}}
	}
	return []overload{{params: "sss", result: String, three: regexpReplace}}
}

// regexpExtract is a group of the first match, the empty string if there is none.
func regexpExtract(x *execution, s, p, group Value) Value {
	re := compileRegexp(x, p.s)
	if re == nil {
		return Value{}
	}
	match := re.FindStringSubmatch(s.s)
	if group.n < 0 || group.n >= int64(len(match)) {
		return StringOf("")
	}
	return StringOf(match[group.n])
}

// regexpReplace replaces every match. In the replacement \1 is the first group and
// \\ a backslash.
func regexpReplace(x *execution, s, p, with Value) Value {
	re := compileRegexp(x, p.s)
	if re == nil {
		return Value{}
	}
	var template strings.Builder
	for i := 0; i < len(with.s); i++ {
		switch c := with.s[i]; {
		case c == '$':
			template.WriteString("$$")
		case c == '\\' && i+1 < len(with.s):
			i++
			if isDigit(with.s[i]) {
				template.WriteString("${" + with.s[i:i+1] + "}")
			} else {
				template.WriteByte(with.s[i])
			}
		default:
			template.WriteByte(c)
		}
	}
	return StringOf(re.ReplaceAllString(s.s, template.String()))
}
