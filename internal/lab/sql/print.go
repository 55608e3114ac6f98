package sql

import (
	"strconv"
	"strings"
)

// label is the name of a column that has no other: the text in small letters, which of an
// analytic expression is the function alone (SelectListItem.java, toColumnLabel).
func (e *expr) label() string {
	if isAnalytic(e) {
		function := *e
		function.over = nil
		return function.String() + " OVER(...)"
	}
	return strings.ToLower(e.String())
}

// String is the expression as Impala prints it.
func (e *expr) String() string {
	p := printer{column: func(e *expr) string { return joinPath(e.path) }}
	p.expr(e)
	return p.String()
}

// key is equal for two expressions that mean the same on the same row.
func (e *expr) key() string {
	p := printer{full: true, column: func(e *expr) string { return "#" + strconv.Itoa(e.index) }}
	p.expr(e)
	return p.String()
}

type printer struct {
	strings.Builder
	column func(*expr) string
	full   bool // brackets round every operand, written or not
}

func (p *printer) expr(e *expr) {
	switch e.kind {
	case literalExpr:
		p.WriteString(e.name)
	case nameExpr:
		p.WriteString(joinPath(e.path))
	case columnExpr:
		p.WriteString(p.column(e))
	case callExpr:
		p.call(e)
	case operatorExpr:
		p.operator(e)
	case caseExpr:
		p.cases(e)
	case castExpr:
		p.words("CAST(", e.args[0], " AS "+e.typ.String()+")")
	case inExpr:
		p.words(e.args[0], not(e, " IN ("))
		p.list(e.args[1:])
		p.WriteByte(')')
	case betweenExpr:
		p.words(e.args[0], not(e, " BETWEEN "), e.args[1], " AND ", e.args[2])
	case isNullExpr:
		verb := " IS NULL"
		if e.negated {
			verb = " IS NOT NULL"
		}
		p.words(e.args[0], verb)
	case intervalExpr:
		p.words("INTERVAL ", e.args[0], " "+e.name)
	case subqueryExpr:
		p.subquery(e)
	}
}

func (p *printer) subquery(e *expr) {
	switch e.sub.kind {
	case existsSubquery:
		p.WriteString("EXISTS ")
	case inSubquery:
		p.words(e.args[0], not(e, " IN "))
	}
	p.WriteString("(" + e.sub.text + ")")
	if p.full { // two that read alike may ask for different columns
		p.list(e.args)
	}
}

func not(e *expr, verb string) string {
	if e.negated {
		return " NOT" + verb
	}
	return verb
}

// words prints strings and expressions one after the other.
func (p *printer) words(parts ...any) {
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			p.WriteString(part)
		case *expr:
			p.nested(part)
		}
	}
}

// nested prints an operand, with the brackets that were written round it.
func (p *printer) nested(e *expr) {
	if e.brackets || p.full {
		p.WriteByte('(')
		defer p.WriteByte(')')
	}
	p.expr(e)
}

func (p *printer) list(args []*expr) {
	for i, arg := range args {
		if i > 0 {
			p.WriteString(", ")
		}
		p.expr(arg)
	}
}

func (p *printer) operator(e *expr) {
	name := strings.ToUpper(e.name)
	switch {
	case len(e.args) == 2:
		p.words(e.args[0], not(e, " "+name+" "), e.args[1])
	default:
		p.words(name+" ", e.args[0])
	}
}

func (p *printer) call(e *expr) {
	p.WriteString(e.name)
	p.WriteByte('(')
	if e.distinct {
		p.WriteString("DISTINCT ")
	}
	if e.star {
		p.WriteByte('*')
	}
	p.list(e.args)
	if e.ignoreNulls {
		p.WriteString(" IGNORE NULLS")
	}
	p.WriteByte(')')
	if e.over != nil {
		p.window(e.over)
	}
}

func (p *printer) window(w *window) {
	p.WriteString(" OVER (")
	if len(w.partition) > 0 {
		p.WriteString("PARTITION BY ")
		p.list(w.partition)
	}
	for i, key := range w.order {
		switch {
		case i > 0:
			p.WriteString(", ")
		case len(w.partition) > 0:
			p.WriteString(" ORDER BY ")
		default:
			p.WriteString("ORDER BY ")
		}
		p.expr(key.expr)
		p.WriteString(key.direction())
	}
	if w.frame != nil {
		if len(w.partition)+len(w.order) > 0 {
			p.WriteByte(' ')
		}
		p.WriteString(w.frame.String())
	}
	p.WriteByte(')')
}

func (o orderItem) direction() string {
	text := " ASC"
	if o.descending {
		text = " DESC"
	}
	if o.nullsFirst != o.descending {
		if o.nullsFirst {
			return text + " NULLS FIRST"
		}
		return text + " NULLS LAST"
	}
	return text
}

func (p *printer) cases(e *expr) {
	p.WriteString("CASE")
	args := e.args
	if e.operand {
		p.words(" ", args[0])
		args = args[1:]
	}
	for ; len(args) > 1; args = args[2:] {
		p.words(" WHEN ")
		p.expr(args[0])
		p.words(" THEN ")
		p.expr(args[1])
	}
	if e.other {
		p.WriteString(" ELSE ")
		p.expr(args[0])
	}
	p.WriteString(" END")
}
