package query

import "strings"

// Split cuts a script into its statements at the semicolons that stand outside of
// quotes, backticks and comments. Statements of blanks and comments alone are left out.
// Comments inside a statement are kept: some are hints to the optimiser.
func Split(script string) []string {
	var statements []string
	start, meaning := 0, false
	add := func(end int) {
		if meaning {
			statements = append(statements, strings.TrimSpace(script[start:end]))
		}
	}
	for i := 0; i < len(script); {
		switch n := skipQuoted(script[i:]); {
		case n > 0:
			meaning = meaning || script[i] != '-' && script[i] != '/'
			i += n
		case script[i] == ';':
			add(i)
			i++
			start, meaning = i, false
		default:
			meaning = meaning || !strings.ContainsRune(" \t\r\n\f", rune(script[i]))
			i++
		}
	}
	add(len(script))
	return statements
}

// skipQuoted is the length of the literal, quoted name or comment at the start of s, or 0.
// What is not closed reaches to the end: the server will say what is wrong with it.
func skipQuoted(s string) int {
	switch {
	case s[0] == '\'' || s[0] == '"':
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case s[0]:
				return i + 1
			}
		}
		return len(s)
	case s[0] == '`':
		return through(s, 1, "`")
	case strings.HasPrefix(s, "--"):
		return through(s, 2, "\n")
	case strings.HasPrefix(s, "/*"):
		return through(s, 2, "*/")
	}
	return 0
}

// through is the length of s up to and with the first end after from bytes.
func through(s string, from int, end string) int {
	if i := strings.Index(s[from:], end); i >= 0 {
		return from + i + len(end)
	}
	return len(s)
}
