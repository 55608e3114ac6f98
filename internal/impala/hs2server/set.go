package hs2server

import (
	"context"
	"maps"
	"slices"
	"strings"

	"qosreport/internal/impala/wire"
)

// setStatement is a SET, read: the name is empty in one that lists.
type setStatement struct {
	name, value string
	all         bool
}

// parseSet reads SET, SET ALL, SET name=value and UNSET name. Impala's sessions answer these
// without planning anything.
func parseSet(statement string) (setStatement, bool) {
	text := strings.TrimRight(withoutComments(statement), "; \t\r\n")
	if words := strings.Fields(text); len(words) == 2 && strings.EqualFold(words[0], "unset") {
		return setStatement{name: strings.Trim(words[1], "`")}, true
	}
	if len(text) < len("set") || !strings.EqualFold(text[:len("set")], "set") {
		return setStatement{}, false
	}
	rest := text[len("set"):]
	if rest == "" {
		return setStatement{}, true
	}
	if !strings.ContainsAny(rest[:1], " \t\r\n/-") {
		return setStatement{}, false
	}
	rest = withoutComments(rest)
	if strings.EqualFold(rest, "all") {
		return setStatement{all: true}, true
	}
	name, value, found := strings.Cut(rest, "=")
	name = strings.Trim(name, " \t\r\n`")
	if !found || name == "" || strings.ContainsAny(name, " \t\r\n") {
		return setStatement{}, rest == ""
	}
	return setStatement{name: name, value: unquote(strings.TrimSpace(value))}, true
}

func unquote(value string) string {
	if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '\'' || value[0] == '"') {
		return value[1 : n-1]
	}
	return value
}

// withoutComments cuts off blanks and comments before the first word.
func withoutComments(statement string) string {
	for {
		statement = strings.TrimLeft(statement, " \t\r\n")
		end := ""
		switch {
		case strings.HasPrefix(statement, "--"):
			end = "\n"
		case strings.HasPrefix(statement, "/*"):
			end = "*/"
		default:
			return statement
		}
		_, rest, found := strings.Cut(statement, end)
		if !found {
			return ""
		}
		statement = rest
	}
}

// set answers a SET.
func (s *Server) set(session *session, statement setStatement) (Result, error) {
	result := &listing{columns: textColumns("option", "value", "level")}
	if statement.name != "" {
		return result, s.setOption(session, statement.name, statement.value)
	}
	options := session.options()
	for _, name := range slices.Sorted(maps.Keys(options)) {
		level := lookUp(name).level
		if statement.all || level == regular || level == advanced {
			result.add(name, options[name], string(level))
		}
	}
	return result, nil
}

// listing is a result that is there at once. Its cells are texts, integers or nil.
type listing struct {
	columns []wire.ColumnDesc
	rows    [][]any
}

func (l *listing) add(cells ...any) { l.rows = append(l.rows, cells) }

func textColumns(names ...string) []wire.ColumnDesc {
	columns := make([]wire.ColumnDesc, len(names))
	for i, name := range names {
		columns[i] = wire.ColumnDesc{Name: name, Type: wire.String, Position: int32(i)}
	}
	return columns
}

func (l *listing) Columns() []wire.ColumnDesc { return l.columns }
func (l *listing) Poll() (bool, error)        { return true, nil }
func (l *listing) Log() string                { return "" }

func (l *listing) Fetch(_ context.Context, most int, into []wire.ColumnBuilder) (bool, error) {
	n := min(most, len(l.rows))
	for _, row := range l.rows[:n] {
		for i, cell := range row {
			switch cell := cell.(type) {
			case nil:
				into[i].Null()
			case string:
				into[i].Text(cell)
			case int:
				into[i].Int(int64(cell))
			}
		}
	}
	l.rows = l.rows[n:]
	return len(l.rows) > 0, nil
}
