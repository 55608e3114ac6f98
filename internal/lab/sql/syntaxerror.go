package sql

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unexpected is the error of a text that does not parse (sql-parser.cup, getErrorMsg): the
// line, a caret under the token, what stands there and what could have stood there instead.
func (p *parser) unexpected() error {
	what, told := "Syntax error", true
	if p.tok.unmatched() {
		what, told = "Unmatched string literal", false
	}
	before := p.sql[:p.tok.start]
	number := 1 + strings.Count(before, "\n")
	lineStart := strings.LastIndexByte(before, '\n') + 1
	line, _, _ := strings.Cut(p.sql[lineStart:], "\n")
	shown, caret := excerpt(strings.TrimSuffix(line, "\r"), 1+utf8.RuneCountInString(p.sql[lineStart:p.tok.start]))
	text := what + " in line " + strconv.Itoa(number) + ":\n" + shown + "\n" + strings.Repeat(" ", caret) + "^\n"
	if told {
		text += "Encountered: " + p.tok.String() + "\nExpected: " + strings.Join(expectations(p.expected), ", ") + "\n"
	}
	return &Error{Class: "ParseException", Text: text + "\nCAUSED BY: Exception: " + what}
}

// unmatched tells a quote that begins no string.
func (t token) unmatched() bool {
	return t.kind == badToken && (t.text[0] == '\'' || t.text[0] == '"')
}

// excerpt is a line as errors show it, around the column at, which counts from 1: whole if
// it has at most 60 characters. The caret stands behind as many characters.
func excerpt(line string, at int) (shown string, caret int) {
	const (
		most    = 60
		context = most/2 - 3
	)
	text := []rune(line)
	if len(text) <= most {
		return line, at - 1
	}
	end := min(at, len(text))
	left := string(text[:end])
	caret = end - 1
	if at > most/2 {
		left = "..." + string(text[at-context:end])
		caret = 3 + end - (at - context) - 1
	}
	if len(text)-at > most/2 {
		return left + string(text[at:at+context]) + "...", caret
	}
	return left + string(text[end:]), caret
}

// expectations are what an error says could have stood in a place: keywords in order, then
// the comma and names. Impala keeps the other symbols to itself, unless there is one alone.
func expectations(all []string) []string {
	all = slices.Compact(slices.Sorted(slices.Values(all)))
	var words, others []string
	for _, name := range all {
		switch {
		case name == ",":
			others = append([]string{"COMMA"}, others...)
		case name == "IDENTIFIER":
			others = append(others, name)
		case reserved(strings.ToLower(name)):
			words = append(words, name)
		}
	}
	if len(all) == 1 && len(words)+len(others) == 0 {
		return all
	}
	return append(words, others...)
}

// String names a token the way Impala's syntax errors do.
func (t token) String() string {
	switch t.kind {
	case endToken:
		return "EOF"
	case wordToken:
		if reserved(t.text) {
			return strings.ToUpper(t.text)
		}
		return "IDENTIFIER"
	case quotedToken:
		return "IDENTIFIER"
	case stringToken:
		return "STRING LITERAL"
	case integerToken:
		return "INTEGER LITERAL"
	case decimalToken:
		return "DECIMAL LITERAL"
	case symbolToken:
		if t.text == "," {
			return "COMMA"
		}
		return t.text
	}
	if strings.HasPrefix(t.text, "`") && strings.HasSuffix(t.text[1:], "`") {
		return "EMPTY IDENTIFIER"
	}
	return "Unexpected character"
}
