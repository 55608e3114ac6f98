package sql

import (
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	endToken tokenKind = iota
	wordToken
	quotedToken // an identifier in backticks
	stringToken
	integerToken
	decimalToken // a number with a point or an exponent
	symbolToken
	badToken // text that does not lex
)

// A token is a piece of a statement. Text is the content: unescaped for a string,
// without backticks for an identifier, lower case for a word.
type token struct {
	kind       tokenKind
	text       string
	start, end int // bytes of the statement
}

// lex reads the token that begins at or after offset at. Comments are blank;
// so are hints, which this engine has no use for.
func lex(sql string, at int) token {
	at = skipBlank(sql, at)
	if at >= len(sql) {
		return token{kind: endToken, start: len(sql), end: len(sql)}
	}
	if strings.HasPrefix(sql[at:], "/*") { // a comment without an end
		return token{badToken, sql[at:], at, len(sql)}
	}
	switch c := sql[at]; {
	case c == '\'' || c == '"':
		return lexString(sql, at)
	case c == '`':
		return lexQuoted(sql, at)
	case isDigit(c), c == '.' && at+1 < len(sql) && isDigit(sql[at+1]):
		return lexNumber(sql, at)
	case isLetter(c):
		return lexWord(sql, at)
	}
	for _, symbol := range []string{"<=>", "<=", ">=", "<>", "!=", "||", "&&"} {
		if strings.HasPrefix(sql[at:], symbol) {
			return token{symbolToken, symbol, at, at + len(symbol)}
		}
	}
	if strings.IndexByte("()+-*/%,.;=<>![]&|^~", sql[at]) >= 0 {
		return token{symbolToken, sql[at : at+1], at, at + 1}
	}
	_, size := utf8.DecodeRuneInString(sql[at:])
	return token{badToken, sql[at : at+size], at, at + size}
}

func skipBlank(sql string, at int) int {
	for at < len(sql) {
		rest := sql[at:]
		switch {
		case strings.IndexByte(" \t\r\n\f", rest[0]) >= 0:
			at++
		case strings.HasPrefix(rest, "--"):
			length := strings.IndexByte(rest, '\n')
			if length < 0 {
				return len(sql)
			}
			at += length
		case strings.HasPrefix(rest, "/*"):
			length := strings.Index(rest[2:], "*/")
			if length < 0 {
				return at
			}
			at += length + 4
		default:
			return at
		}
	}
	return at
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

func lexWord(sql string, at int) token {
	end := at
	for end < len(sql) && (isLetter(sql[end]) || isDigit(sql[end])) {
		end++
	}
	return token{wordToken, strings.ToLower(sql[at:end]), at, end}
}

// lexNumber reads a number, or a name that begins with digits if that is longer, such as 2g.
func lexNumber(sql string, at int) token {
	kind, end := integerToken, at
	digits := func() {
		for end < len(sql) && isDigit(sql[end]) {
			end++
		}
	}
	digits()
	if end < len(sql) && sql[end] == '.' {
		kind = decimalToken
		end++
		digits()
	}
	if end < len(sql) && sql[end]|0x20 == 'e' {
		exponent := end + 1
		if exponent < len(sql) && (sql[exponent] == '+' || sql[exponent] == '-') {
			exponent++
		}
		if exponent < len(sql) && isDigit(sql[exponent]) {
			kind, end = decimalToken, exponent
			digits()
		}
	}
	if word := lexWord(sql, at); word.end > end {
		return word
	}
	return token{kind, sql[at:end], at, end}
}

// lexQuoted reads an identifier in backticks. Blanks at its ends do not count.
func lexQuoted(sql string, at int) token {
	length := strings.IndexByte(sql[at+1:], '`')
	if length < 0 {
		return token{badToken, sql[at:], at, len(sql)}
	}
	end := at + 1 + length
	name := strings.TrimSpace(sql[at+1 : end])
	if name == "" {
		return token{badToken, sql[at : end+1], at, end + 1}
	}
	return token{quotedToken, strings.ToLower(name), at, end + 1}
}

// lexString reads a string in single or double quotes. A backslash escapes;
// a doubled quote ends one string and begins another.
func lexString(sql string, at int) token {
	quote := sql[at]
	var text strings.Builder
	for i := at + 1; i < len(sql); {
		switch c := sql[i]; {
		case c == quote:
			return token{stringToken, text.String(), at, i + 1}
		case c != '\\':
			text.WriteByte(c)
			i++
		default:
			size := unescape(&text, sql[i+1:])
			if size == 0 {
				return token{badToken, sql[at:], at, len(sql)}
			}
			i += 1 + size
		}
	}
	return token{badToken, sql[at:], at, len(sql)}
}

// unescape writes what the escape sequence at the start of rest stands for and
// returns its length without the backslash, 0 if it does not lex.
func unescape(text *strings.Builder, rest string) int {
	if rest == "" || rest[0] == '\n' || rest[0] == '\r' {
		return 0
	}
	if octal := octalEscape(rest); octal >= 0 {
		text.WriteByte(byte(octal))
		return 3
	}
	if point := hexEscape(rest); point >= 0 {
		text.WriteRune(rune(point))
		return 5
	}
	switch c := rest[0]; c {
	case '0':
		text.WriteByte(0)
	case 'b':
		text.WriteByte('\b')
	case 'n':
		text.WriteByte('\n')
	case 'r':
		text.WriteByte('\r')
	case 't':
		text.WriteByte('\t')
	case 'Z':
		text.WriteByte(0x1A)
	case '%', '_': // stay escaped, for LIKE
		text.WriteByte('\\')
		text.WriteByte(c)
	default:
		text.WriteByte(c)
	}
	return 1
}

// octalEscape is the byte of three octal digits, the first 0 or 1, else -1.
func octalEscape(rest string) int {
	if len(rest) < 3 || rest[0] > '1' {
		return -1
	}
	return parseDigits(rest[:3], 8)
}

// hexEscape is the code point of u and four hexadecimal digits, else -1.
func hexEscape(rest string) int {
	if len(rest) < 5 || rest[0] != 'u' {
		return -1
	}
	return parseDigits(rest[1:5], 16)
}

func parseDigits(text string, base int) int {
	n := 0
	for _, c := range []byte(text) {
		digit := base
		switch {
		case isDigit(c):
			digit = int(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			digit = int(c|0x20-'a') + 10
		}
		if digit >= base {
			return -1
		}
		n = n*base + digit
	}
	return n
}
