package query

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
)

// variable is one of impala-shell, like ${var:day}, which knows the older prefix hivevar,
// too. After a backslash it is plain text.
var variable = regexp.MustCompile(`\\?\$\{(?i:var|hivevar):([^{}]*)\}`)

// Replace puts values for the variables ${var:NAME} of the statements of a script, as
// impala-shell does: in quotes and comments, too, as they are, and without regard to the
// case of names. A statement stays one whatever a value holds. All variables without a
// value are told, each with its place.
func Replace(script string, statements []Statement, values map[string]string) error {
	folded := make(map[string]string, len(values))
	for name, value := range values {
		folded[strings.ToLower(name)] = value
	}
	var mistakes []error
	for i := range statements {
		s := &statements[i]
		var out strings.Builder
		end := 0
		for _, m := range variable.FindAllStringSubmatchIndex(s.Text, -1) {
			if s.Text[m[0]] == '\\' {
				continue
			}
			name := s.Text[m[2]:m[3]]
			value, found := folded[strings.ToLower(name)]
			if !found {
				mistakes = append(mistakes, fmt.Errorf("%s: variable %s has no value", place(script, s.at+m[0]), name))
			}
			out.WriteString(s.Text[end:m[0]] + value)
			end = m[1]
		}
		s.Text = out.String() + s.Text[end:]
	}
	return errors.Join(mistakes...)
}

// Fill renders a script as a template of [Templates] is, but for its functions:
// {{.Params.NAME}} is the literal of a parameter, quoted as its type needs it.
func Fill(script string, params map[string]fmt.Stringer) (string, error) {
	t, err := template.New("script").Option("missingkey=error").Parse(script)
	if err != nil {
		return "", scriptError(err)
	}
	var out strings.Builder
	if err := t.Execute(&out, struct{ Params map[string]fmt.Stringer }{params}); err != nil {
		return "", scriptError(err)
	}
	return out.String(), nil
}

// scriptError names the place as the other mistakes of a script do.
func scriptError(err error) error {
	text := templatePlace.ReplaceAllString(err.Error(), "line $1: ")
	return errors.New(strings.Replace(text, `executing "script" at `, "", 1))
}

var templatePlace = regexp.MustCompile(`^template: script:(\d+)(:\d+)?: `)
