package query

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Statement is one statement of a script.
type Statement struct {
	Text string // without blanks around it and the semicolon
	Line int    // where it begins, from 1
	at   int    // the same in bytes, from 0
}

// ParseScript reads a script as UTF-8, with or without a byte order mark.
func ParseScript(data []byte) (string, error) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return "", fmt.Errorf("the script begins like UTF-16: save it as UTF-8")
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return "", fmt.Errorf("%s: byte %#02x is not UTF-8", place(string(data), i), data[i])
		}
		i += size
	}
	return string(data), nil
}

// Split cuts a script into its statements at the semicolons that stand outside of
// quotes, backticks and comments. The last one needs none. Statements of blanks and
// comments alone are left out. Comments inside a statement are kept: some are hints to
// the optimiser. A quote, name or comment that is not closed is an error with its place.
func Split(script string) ([]Statement, error) {
	var statements []Statement
	start, meaning := 0, false
	line, counted := 1, 0 // the line of byte counted
	add := func(end int) {
		if meaning {
			text := strings.TrimLeft(script[start:end], blanks)
			line += strings.Count(script[counted:end-len(text)], "\n")
			counted = end - len(text)
			statements = append(statements, Statement{strings.TrimRight(text, blanks), line, counted})
		}
	}
	for i := 0; i < len(script); {
		n, unclosed := skipQuoted(script[i:])
		switch {
		case unclosed != "":
			return nil, fmt.Errorf("%s: %s is not closed", place(script, i), unclosed)
		case n > 0:
			meaning = meaning || script[i] != '-' && script[i] != '/'
			i += n
		case script[i] == ';':
			add(i)
			i++
			start, meaning = i, false
		default:
			meaning = meaning || !strings.ContainsRune(blanks, rune(script[i]))
			i++
		}
	}
	add(len(script))
	return statements, nil
}

// blanks are what Impala's scanner takes for white space.
const blanks = " \t\r\n\f"

// skipQuoted is the length of the literal, quoted name or comment at the start of s, or 0.
// Unclosed names one that does not end.
func skipQuoted(s string) (n int, unclosed string) {
	switch {
	case s[0] == '\'' || s[0] == '"':
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case s[0]:
				return i + 1, ""
			}
		}
		return 0, "the quote " + s[:1]
	case s[0] == '`':
		return through(s, 1, "`", "the backtick")
	case strings.HasPrefix(s, "--"):
		if n, unclosed = through(s, 2, "\n", "the line"); unclosed != "" {
			return len(s), ""
		}
		return n, ""
	case strings.HasPrefix(s, "/*"):
		return through(s, 2, "*/", "the comment /*")
	}
	return 0, ""
}

// through is the length of s up to and with the first end after from bytes.
func through(s string, from int, end, name string) (n int, unclosed string) {
	if i := strings.Index(s[from:], end); i >= 0 {
		return from + i + len(end), ""
	}
	return 0, name
}

// place is where byte at lies in a text, as editors count: both from 1, and columns in
// characters.
func place(text string, at int) string {
	before := text[:at]
	start := strings.LastIndexByte(before, '\n') + 1
	return fmt.Sprintf("line %d, column %d", strings.Count(before, "\n")+1, utf8.RuneCountInString(before[start:])+1)
}
