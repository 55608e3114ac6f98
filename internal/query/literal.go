package query

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The literals. Each prints itself as SQL; an empty list and an empty text are false in
// a template's {{if}}.
type (
	String     string    // '…'
	Strings    []String  // '…', '…'; each element is a literal of its own in {{range}}
	Int        int64     // 42
	Ints       []Int     // 1, 2
	Double     float64   // CAST(0.5 AS DOUBLE)
	Date       time.Time // '2017-09-12'; the clock part is ignored
	Timestamp  time.Time // CAST('2017-09-11 22:00:00' AS TIMESTAMP), in UTC
	Bool       bool      // TRUE, FALSE
	Identifier string    // `db`.`table`
)

// DateLayout is how dates are written everywhere.
const DateLayout = "2006-01-02"

func (s String) String() string { return quote(string(s)) }

func (s Strings) String() string { return join(s) }

func (i Int) String() string {
	if i < 0 {
		return "(" + strconv.FormatInt(int64(i), 10) + ")" // "- -1" would begin a comment
	}
	return strconv.FormatInt(int64(i), 10)
}

func (l Ints) String() string { return join(l) }

func join[T fmt.Stringer](list []T) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = v.String()
	}
	return strings.Join(parts, ", ")
}

// A bare fraction would be a DECIMAL.
func (d Double) String() string {
	return "CAST(" + strconv.FormatFloat(float64(d), 'g', -1, 64) + " AS DOUBLE)"
}

func (d Date) String() string { return quote(time.Time(d).Format(DateLayout)) }

func (t Timestamp) String() string {
	return "CAST(" + quote(time.Time(t).UTC().Format("2006-01-02 15:04:05.999999999")) + " AS TIMESTAMP)"
}

func (b Bool) String() string { return strings.ToUpper(strconv.FormatBool(bool(b))) }

// Each part stands in backticks of its own, so that no word is reserved.
func (n Identifier) String() string {
	parts := strings.Split(string(n), ".")
	for i, part := range parts {
		parts[i] = "`" + part + "`"
	}
	return strings.Join(parts, ".")
}

// quote writes an Impala string literal. A backslash escapes; a doubled quote does not:
// 'it”s' is two literals side by side. What looks like a variable, ${…}, stays text when
// [Replace] or impala-shell comes over it.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for i, r := range text {
		switch r {
		case '$':
			if strings.HasPrefix(text[i:], "${") {
				b.WriteByte('\\')
			}
			b.WriteByte('$')
		case '\\', '\'':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case 0x1a:
			b.WriteString(`\Z`)
		case 0:
			b.WriteString(`\000`)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// ParseString checks that a text can be written as a literal: Impala has none for bytes
// that are not UTF-8.
func ParseString(text string) (String, error) {
	if !utf8.ValidString(text) {
		return "", fmt.Errorf("%q is not valid UTF-8", text)
	}
	return String(text), nil
}

// identifierPart is what a name may hold: no escape exists for a backtick, and blanks at
// the ends would be cut off.
var identifierPart = regexp.MustCompile("^[^`\\\\.\\pC\\pZ]([^`\\\\.\\pC]{0,126}[^`\\\\.\\pC\\pZ])?$")

// ParseIdentifier reads a name of up to three parts, like db.table.
func ParseIdentifier(text string) (Identifier, error) {
	parts := strings.Split(text, ".")
	if len(parts) > 3 {
		return "", fmt.Errorf("%q has more than three parts", text)
	}
	for _, part := range parts {
		if !identifierPart.MatchString(part) || strings.Contains(part, "${") { // which Replace would take for a variable
			return "", fmt.Errorf("%q is no name of a table or column", text)
		}
	}
	return Identifier(text), nil
}

// ParseDate reads a date as 2017-09-12 and refuses days that do not exist.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(DateLayout, text)
	if err != nil {
		return Date{}, fmt.Errorf("%q is no date: write year-month-day, like 2017-09-12", text)
	}
	return Date(t), nil
}
