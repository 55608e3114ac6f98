package query

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestLiteralsAreSafeSQL(t *testing.T) {
	at := time.Date(2017, 9, 11, 22, 0, 0, 0, time.UTC)
	tests := []struct {
		literal fmt.Stringer
		want    string
	}{
		{String("Zürich"), `'Zürich'`},
		{String(`O'Brien \ "q"`), `'O\'Brien \\ "q"'`},
		{String("a\nb\rc\td\x1ae\x00f"), "'a\\nb\\rc\td\\Ze\\000f'"},
		{String(`\`), `'\\'`},
		{String("'; DROP TABLE x --"), `'\'; DROP TABLE x --'`},
		{String(`$5 ${var:x} \${hivevar:y}`), `'$5 \${var:x} \\\${hivevar:y}'`},
		{Strings{"a", "b'"}, `'a', 'b\''`},
		{Strings(nil), ``},
		{Int(-1), "(-1)"},
		{Int(math.MaxInt64), "9223372036854775807"},
		{Ints{1, -2}, "1, (-2)"},
		{Double(0.1), "CAST(0.1 AS DOUBLE)"},
		{Date(at), "'2017-09-11'"},
		{Timestamp(at.In(time.FixedZone("", 7200))), "CAST('2017-09-11 22:00:00' AS TIMESTAMP)"},
		{Bool(true), "TRUE"},
		{Identifier("qos.call_quality"), "`qos`.`call_quality`"},
	}
	for _, tt := range tests {
		if got := tt.literal.String(); got != tt.want {
			t.Errorf("%T: got %s, want %s", tt.literal, got, tt.want)
		}
	}
}

func TestBadLiteralsAreRefused(t *testing.T) {
	for _, name := range []string{"", "a`b", `a\b`, "a..b", "a.b.c.d", " a", "a ", "a\x00", "a\nb", "${var:a}", strings.Repeat("x", 129)} {
		if id, err := ParseIdentifier(name); err == nil {
			t.Errorf("identifier %q was taken as %s", name, id)
		}
	}
	for _, name := range []string{"a", "db.tbl", "Ünï_1", "a b", "$a", strings.Repeat("x", 128)} {
		if _, err := ParseIdentifier(name); err != nil {
			t.Error(err)
		}
	}
	if _, err := ParseString("\xff"); err == nil {
		t.Error("bytes that are not UTF-8 were taken")
	}
	for _, date := range []string{"2017-02-30", "2017-9-12", "", "yesterday", "2017-09-12 "} {
		if _, err := ParseDate(date); err == nil {
			t.Errorf("date %q was taken", date)
		}
	}
}

// unquote reads an Impala string literal back, by the rules of its own lexer.
func unquote(literal string) string {
	var b strings.Builder
	body := literal[1 : len(literal)-1]
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			b.WriteByte(body[i])
			continue
		}
		i++
		switch c := body[i]; {
		case c == 'n':
			b.WriteByte('\n')
		case c == 'r':
			b.WriteByte('\r')
		case c == 'Z':
			b.WriteByte(0x1a)
		case c == '0':
			b.WriteByte(0)
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func FuzzQuotedTextReadsBack(f *testing.F) {
	f.Add("O'Brien \\ \"q\"\n\x00\x1a")
	f.Add("\\${var:x} ${HiveVar:y}")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseString(text)
		if err != nil {
			return
		}
		literal := s.String()
		if unquote(literal) != text {
			t.Errorf("%q became %s", text, literal)
		}
		script := "SELECT " + literal + "; x"
		statements, err := Split(script)
		if err != nil || len(statements) != 2 {
			t.Fatalf("%s does not end where it should: %q, %v", literal, texts(statements), err)
		}
		if err := Replace(script, statements, nil); err != nil || statements[0].Text != "SELECT "+literal {
			t.Errorf("%s is taken for a variable: %q, %v", literal, statements[0].Text, err)
		}
	})
}
