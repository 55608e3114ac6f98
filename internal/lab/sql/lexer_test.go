package sql

import (
	"slices"
	"strings"
	"testing"
)

func TestLex(t *testing.T) {
	tests := []struct {
		name, sql string
		want      []string // kind and text of each token
	}{
		{"words are lower case", "SELECT Foo_1", []string{"word select", "word foo_1"}},
		{"words may have other letters", "Ž1", []string{"word ž1"}},
		{"names in backticks keep blanks inside only", "` a b `", []string{"quoted a b"}},
		{"numbers", "1 2.5 .5 1e3 1.5E-2 3.", []string{"integer 1", "decimal 2.5", "decimal .5", "decimal 1e3", "decimal 1.5E-2", "decimal 3."}},
		{"an exponent needs digits", "1e+x", []string{"word 1e", "symbol +", "word x"}},
		{"names may begin with digits", "2g 0x1F 1.5day 3ex", []string{"word 2g", "word 0x1f", "decimal 1.5", "word day", "word 3ex"}},
		{"symbols take the longest form", "<=><=<>!=||&&<", []string{"symbol <=>", "symbol <=", "symbol <>", "symbol !=", "symbol ||", "symbol &&", "symbol <"}},
		{"both quotes are strings", `'a"b' "c'd"`, []string{`string a"b`, "string c'd"}},
		{"escapes", `'\\ \' \" \b\n\r\t\Z\0 \q'`, []string{"string \\ ' \" \b\n\r\t\x1a\x00 q"}},
		{"octal and hexadecimal escapes", `'\101\u0159\u20ac'`, []string{"string Ař€"}},
		{"escapes for like stay", `'\%\_'`, []string{`string \%\_`}},
		{"a zero before other digits", `'\09'`, []string{"string \x009"}},
		{"control characters are no digits", "'\\1\x11\x12'", []string{"string 1\x11\x12"}},
		{"an unfinished string", "'abc", []string{"bad 'abc"}},
		{"a backslash at the end of a line", "'a\\\nb'", []string{"bad 'a\\\nb'"}},
		{"an unfinished name", "`abc", []string{"bad `abc"}},
		{"an empty name", "`` 1", []string{"bad ``", "integer 1"}},
		{"comments", "1 -- x\n/* y\n*/ 2 --", []string{"integer 1", "integer 2"}},
		{"an unfinished comment", "1 /* x", []string{"integer 1", "bad /* x"}},
		{"other characters", "#?", []string{"bad #", "bad ?"}},
	}
	kinds := []string{"end", "word", "quoted", "string", "integer", "decimal", "symbol", "bad"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for tok := lex(tt.sql, 0); tok.kind != endToken; tok = lex(tt.sql, tok.end) {
				got = append(got, kinds[tok.kind]+" "+tok.text)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q; want %q", got, tt.want)
			}
		})
	}
}

func TestReservedWordsAreSorted(t *testing.T) {
	if !slices.IsSorted(reservedWords) || !reserved("select") || reserved("day") {
		t.Error("words are out of order")
	}
	if strings.Join(reservedWords, " ") != strings.ToLower(strings.Join(reservedWords, " ")) {
		t.Error("a word is not lower case")
	}
}

// TestPrintedExpressionsParseToThemselves prints a tree and reads it back.
func TestPrintedExpressionsParseToThemselves(t *testing.T) {
	for _, text := range []string{
		"a + b * c - d", "(a + b) * c", "NOT a = b", "NOT (a AND b OR c)", "a IS NOT NULL", "a IS DISTINCT FROM b", "x NOT IN (1, 2)",
		"x BETWEEN 1 AND 2 + 3", "x NOT BETWEEN 'a' AND 'b'", "CASE a WHEN 1 THEN 2 ELSE 3 END", "CASE WHEN a THEN b END",
		"CAST(a AS DECIMAL(10,2))", "t.a LIKE 'x%' || 'y'", "count(DISTINCT a, b)", "rank() OVER (PARTITION BY a ORDER BY b DESC NULLS LAST, c ASC NULLS FIRST)",
		"a + INTERVAL 3 days", "-a", "if(a, -1, 1.50)", "a <=> b", "a % 2 DIV b",
	} {
		first, err := parseExpr(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		second, err := parseExpr(first.String())
		if err != nil || second.key() != first.key() {
			t.Errorf("%s\nprints as %s\n%v", text, first, err)
		}
	}
}

func parseExpr(text string) (*expr, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	e, err := p.expr()
	if err != nil {
		return nil, err
	}
	return e, p.finish()
}
