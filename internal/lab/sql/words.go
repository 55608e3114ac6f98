package sql

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// wordFunction are the functions that change characters or compare words. They know
// bytes and ASCII letters, as do all functions on strings.
func wordFunction(name string) []overload {
	switch name {
	case "initcap":
		return []overload{{params: "s", result: String, one: func(_ *execution, v Value) Value { return StringOf(initialCapitals(v.s)) }}}
	case "translate":
		return []overload{{params: "sss", result: String, three: func(_ *execution, s, from, to Value) Value {
			return StringOf(translate(s.s, from.s, to.s))
		}}}
	case "space":
		return []overload{{params: "b", result: String, one: func(x *execution, n Value) Value { return repeat(x, StringOf(" "), n) }}}
	case "chr":
		return []overload{{params: "i", result: String, one: func(_ *execution, n Value) Value {
			if n.n < 0 || n.n > 255 {
				return StringOf("")
			}
			return StringOf(string([]byte{byte(n.n)}))
		}}}
	case "find_in_set":
		return []overload{{params: "ss", result: Int, two: func(_ *execution, s, list Value) Value { return findInSet(s.s, list.s) }}}
	case "levenshtein", "le_dst":
		return []overload{{params: "ss", result: Int, two: levenshtein}}
	case "unhex":
		return []overload{{params: "s", result: String, one: func(_ *execution, v Value) Value {
			raw, err := hex.DecodeString(v.s)
			if err != nil {
				return StringOf("")
			}
			return StringOf(string(raw))
		}}}
	case "base64encode":
		return []overload{{params: "s", result: String, one: func(_ *execution, v Value) Value {
			return StringOf(base64.StdEncoding.EncodeToString([]byte(v.s)))
		}}}
	}
	return nil
}

// initialCapitals begins words, which blanks separate, with a capital letter.
func initialCapitals(s string) string {
	changed := []byte(mapASCII(s, 'A', 'Z'))
	start := true
	for i, c := range changed {
		if start && c >= 'a' && c <= 'z' {
			changed[i] = c ^ 0x20
		}
		start = strings.IndexByte(" \t\n\v\f\r", c) >= 0
	}
	return string(changed)
}

// translate replaces each byte of from by the byte at the same place of to, or by
// nothing where to is too short.
func translate(s, from, to string) string {
	changed := make([]byte, 0, len(s))
	for _, c := range []byte(s) {
		switch at := strings.IndexByte(from, c); {
		case at < 0:
			changed = append(changed, c)
		case at < len(to):
			changed = append(changed, to[at])
		}
	}
	return string(changed)
}

// findInSet is the place of a word in a list with commas, 0 if it is not there.
func findInSet(word, list string) Value {
	if strings.Contains(word, ",") {
		return IntOf(0)
	}
	place := int64(0)
	for part := range strings.SplitSeq(list, ",") {
		place++
		if part == word {
			return IntOf(place)
		}
	}
	return IntOf(0)
}

// maxLevenshtein is the most bytes of each word, as Impala has it.
const maxLevenshtein = 255

// levenshtein is the number of bytes to insert, delete or change to get from one word
// to another.
func levenshtein(x *execution, a, b Value) Value {
	if len(a.s) > maxLevenshtein || len(b.s) > maxLevenshtein {
		return x.fail(failure("UDF ERROR: levenshtein argument exceeds maximum length of %d characters", maxLevenshtein))
	}
	row := make([]int, len(b.s)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a.s) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b.s) {
			change := diagonal
			if a.s[i] != b.s[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return IntOf(int64(row[len(b.s)]))
}
