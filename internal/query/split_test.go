package query

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func texts(statements []Statement) (list []string) {
	for _, s := range statements {
		list = append(list, s.Text)
	}
	return list
}

func TestSplit(t *testing.T) {
	tests := []struct {
		name, script string
		want         []string
	}{
		{"one without a semicolon", "SELECT 1", []string{"SELECT 1"}},
		{"the last one needs none", "SELECT 1;\nSELECT 2\n", []string{"SELECT 1", "SELECT 2"}},
		{"empty ones are left out", ";; SELECT 1;;\n ; ", []string{"SELECT 1"}},
		{"a semicolon in quotes", `SELECT ';', ";", 'it\';s', "\\"; SELECT 2`, []string{`SELECT ';', ";", 'it\';s', "\\"`, "SELECT 2"}},
		{"a semicolon in backticks", "SELECT `a;b\\`; SELECT 2", []string{"SELECT `a;b\\`", "SELECT 2"}},
		{"a semicolon in comments", "SELECT 1 -- ; '\n, 2 /* ; \" */; -- end", []string{"SELECT 1 -- ; '\n, 2 /* ; \" */"}},
		{"comments do not nest", "SELECT /* /* */ 1; SELECT 2", []string{"SELECT /* /* */ 1", "SELECT 2"}},
		{"hints are kept", "SELECT /* +straight_join */ 1; INSERT INTO t -- +shuffle\nSELECT 1", []string{"SELECT /* +straight_join */ 1", "INSERT INTO t -- +shuffle\nSELECT 1"}},
		{"a comment before a statement belongs to it", "-- why\nSELECT 1;-- all", []string{"-- why\nSELECT 1"}},
		{"quotes in comments and comments in quotes", "SELECT '--', '/*' -- it's\n;SELECT 2", []string{"SELECT '--', '/*' -- it's", "SELECT 2"}},
		{"minus and slash are no comments", "SELECT 1 - 2 / 3;-SELECT", []string{"SELECT 1 - 2 / 3", "-SELECT"}},
		{"comments alone are none", "-- a\n/* b */ ;\n", nil},
		{"nothing", "", nil},
		{"a line comment may end the script", "SELECT 1 -- done", []string{"SELECT 1 -- done"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Split(tt.script)
			if err != nil || !slices.Equal(texts(got), tt.want) {
				t.Errorf("got %q, %v; want %q", texts(got), err, tt.want)
			}
			for _, s := range got {
				if !strings.HasPrefix(tt.script[s.at:], s.Text) {
					t.Errorf("%q is not at byte %d", s.Text, s.at)
				}
			}
		})
	}
}

func TestWhatIsNotClosedIsToldWithItsPlace(t *testing.T) {
	for script, want := range map[string]string{
		"SELECT 1;\nSELECT 'Zürich; SELECT 2": "line 2, column 8: the quote ' is not closed",
		"/* Zürich */ SELECT \"a\\\"":         `line 1, column 21: the quote " is not closed`,
		"SELECT `a":                           "line 1, column 8: the backtick is not closed",
		"SELECT 1;\n\n  /* end":               "line 3, column 3: the comment /* is not closed",
		"SELECT 'a\\'":                        "line 1, column 8: the quote ' is not closed",
		"/*/":                                 "line 1, column 1: the comment /* is not closed",
	} {
		if _, err := Split(script); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", script, err, want)
		}
	}
}

func TestParseScript(t *testing.T) {
	for data, want := range map[string]string{"SELECT 'ü'": "SELECT 'ü'", "\uFEFFSELECT 1": "SELECT 1", "": "", "SELECT '\uFFFD\uFEFF'": "SELECT '\uFFFD\uFEFF'"} {
		if got, err := ParseScript([]byte(data)); err != nil || got != want {
			t.Errorf("%q: %q, %v", data, got, err)
		}
	}
	for data, want := range map[string]string{
		"SELECT 1;\nSELECT 'Z\xfcrich'": "line 2, column 10: byte 0xfc is not UTF-8",
		"\uFEFF\xff":                    "line 1, column 1: byte 0xff is not UTF-8",
		"\xff\xfeS\x00":                 "UTF-16",
		"\xfe\xff\x00S":                 "UTF-16",
	} {
		if _, err := ParseScript([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", data, err, want)
		}
	}
}

func TestReplace(t *testing.T) {
	values := map[string]string{"day": "2017-09-12", "Odd": "x'; DROP TABLE t; ${var:day} $1", "empty": ""}
	tests := []struct{ name, script, want string }{
		{"in quotes, as it is", "SELECT '${var:day}'", "SELECT '2017-09-12'"},
		{"names in any case, and the older prefix", "SELECT '${VAR:DAY}${hivevar:Day}'", "SELECT '2017-09-122017-09-12'"},
		{"a value is no script and no variable", "SELECT '${var:odd}'", "SELECT 'x'; DROP TABLE t; ${var:day} $1'"},
		{"after a backslash it is text", `SELECT '\${var:day}'`, `SELECT '\${var:day}'`},
		{"what is no variable stays", "SELECT '${1}', '${x}', '$var', '${var:empty}'", "SELECT '${1}', '${x}', '$var', ''"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			statements, err := Split(tt.script)
			if err == nil {
				err = Replace(tt.script, statements, values)
			}
			if err != nil || len(statements) != 1 || statements[0].Text != tt.want {
				t.Errorf("got %q, %v", texts(statements), err)
			}
		})
	}
}

func TestVariablesWithoutAValueAreAllTold(t *testing.T) {
	script := "SELECT 1;\n  SELECT '${var:day}',\n '${var:site}'"
	statements, err := Split(script)
	if err == nil {
		err = Replace(script, statements, map[string]string{"days": "1"})
	}
	want := "line 2, column 11: variable day has no value\nline 3, column 3: variable site has no value"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestFill(t *testing.T) {
	params := map[string]fmt.Stringer{"site": String(`O'Brien; \`), "days": Ints{1, -2}, "none": Strings(nil)}
	got, err := Fill("SELECT 1 WHERE a = {{.Params.site}} AND b IN ({{.Params.days}}){{if .Params.none}} AND c{{end}}", params)
	if want := `SELECT 1 WHERE a = 'O\'Brien; \\' AND b IN (1, (-2))`; err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
	for script, want := range map[string]string{
		"SELECT\n{{.Params.dya}}":   `line 2: <.Params.dya>: map has no entry for key "dya"`,
		"SELECT {{.Params.site":     "line 1: unclosed action",
		"SELECT {{window \"seen\"}": `line 1: function "window" not defined`,
	} {
		if _, err := Fill(script, params); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", script, err, want)
		}
	}
}

// Whatever is split, no statement is lost, none is cut inside quotes, and none changes
// when it is split again.
func FuzzSplit(f *testing.F) {
	for _, script := range []string{"SELECT 1; SELECT ';'", "-- a\n;/* b */", "'\\';'`\"", "SELECT ${var:x}", "\uFEFF;;", "a;b--;\nc"} {
		f.Add([]byte(script))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		script, err := ParseScript(data)
		if err != nil {
			if utf8.Valid(data) {
				t.Errorf("%q is refused: %v", data, err)
			}
			return
		}
		statements, err := Split(script)
		if err != nil {
			return
		}
		for _, s := range statements {
			again, err := Split(s.Text)
			if err != nil || len(again) != 1 || again[0].Text != s.Text {
				t.Errorf("%q of %q is %q, %v", s.Text, script, texts(again), err)
			}
		}
		if err := Replace(script, statements, map[string]string{"x": "1"}); err == nil && strings.Contains(strings.Join(texts(statements), ""), "${var:x}") && !strings.Contains(script, `\${var:x}`) {
			t.Errorf("%q: not replaced in %q", script, texts(statements))
		}
	})
}
