package sql

import "fmt"

// Error is a failure in Impala's words.
type Error struct {
	Class string // ParseException or AnalysisException; "" for a failure at run time
	Text  string
}

func (e *Error) Error() string {
	if e.Class == "" {
		return e.Text
	}
	return e.Class + ": " + e.Text
}

// analysis is the error of a statement that parses but means nothing.
func analysis(format string, args ...any) error {
	return &Error{Class: "AnalysisException", Text: fmt.Sprintf(format, args...)}
}

// unsupported is the error of what Impala has and this engine has not.
func unsupported(what string) error {
	return analysis("%s is not supported by the demo server", what)
}

// failure is an error while rows are made.
func failure(format string, args ...any) error {
	return &Error{Text: fmt.Sprintf(format, args...)}
}
