package sql

import (
	"slices"
	"strconv"
	"strings"
)

func (p *parser) primary() (*expr, error) {
	t := p.tok
	switch t.kind {
	case integerToken, decimalToken:
		p.next()
		return numberLiteral(t.text)
	case stringToken:
		p.next()
		return literal(p.sql[t.start:t.end], StringOf(t.text), String), nil
	case symbolToken:
		if t.text == "(" {
			return p.brackets()
		}
	case wordToken:
		return p.wordPrimary()
	case quotedToken:
		return p.column()
	}
	p.expected = append(p.expected, "IDENTIFIER", "CASE", "CAST", "NULL", "LITERAL")
	return nil, p.unexpected()
}

func (p *parser) brackets() (*expr, error) {
	if p.opensQuery() {
		return p.subquery(scalarSubquery)
	}
	p.next()
	e, err := p.expr()
	if err != nil {
		return nil, err
	}
	marked := *e
	marked.brackets = true
	return &marked, p.need(")")
}

// opensQuery reports whether a query in brackets stands here.
func (p *parser) opensQuery() bool {
	after := lex(p.sql, p.tok.end)
	return p.tok.kind == symbolToken && p.tok.text == "(" && after.kind == wordToken && (after.text == "select" || after.text == "values" || after.text == "with")
}

// subquery reads a query in brackets.
func (p *parser) subquery(kind subqueryKind, args ...*expr) (*expr, error) {
	start := p.tok.end
	if err := p.need("("); err != nil {
		return nil, err
	}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	text := strings.TrimSpace(p.sql[start:p.tok.start])
	return &expr{kind: subqueryExpr, args: args, sub: &subquery{kind: kind, query: q, text: text}}, p.need(")")
}

// callableWords are reserved words that are also names of functions.
var callableWords = []string{"char", "date", "grouping", "if", "left", "replace", "right", "truncate", "uuid"}

func (p *parser) wordPrimary() (*expr, error) {
	word := p.tok.text
	switch {
	case p.word("null"):
		return literal("NULL", Value{}, Null), nil
	case p.word("true"):
		return literal("TRUE", BoolOf(true), Boolean), nil
	case p.word("false"):
		return literal("FALSE", BoolOf(false), Boolean), nil
	case p.word("case"):
		return p.cases()
	case p.word("interval"):
		return p.interval()
	case word == "cast" && p.follows("("):
		return p.cast()
	case word == "date" && !p.follows("("):
		return p.dateLiteral()
	case p.follows("(") && (!reserved(word) || slices.Contains(callableWords, word)):
		p.next()
		p.next()
		if word == "extract" {
			return p.extract()
		}
		return p.call(word)
	}
	return p.column()
}

func (p *parser) column() (*expr, error) {
	path, err := p.path()
	return &expr{kind: nameExpr, path: path}, err
}

// dateLiteral reads DATE '2017-09-12'.
func (p *parser) dateLiteral() (*expr, error) {
	p.next()
	if p.tok.kind != stringToken {
		return nil, p.unexpected()
	}
	days, ok := parseDate(p.tok.text)
	if !ok {
		return nil, analysis("Invalid date literal: '%s'", p.tok.text)
	}
	text := "DATE " + p.sql[p.tok.start:p.tok.end]
	p.next()
	return literal(text, DateOf(days), Date), nil
}

func (p *parser) interval() (*expr, error) {
	count, err := p.unary()
	if err != nil {
		return nil, err
	}
	unit := p.tok.text
	if p.tok.kind != wordToken {
		p.expected = append(p.expected, "IDENTIFIER")
		return nil, p.unexpected()
	}
	p.next()
	return &expr{kind: intervalExpr, name: unit, args: []*expr{count}}, nil
}

// cases reads CASE after its first word.
func (p *parser) cases() (*expr, error) {
	e := &expr{kind: caseExpr}
	add := func() error {
		arg, err := p.expr()
		e.args = append(e.args, arg)
		return err
	}
	if !p.at("when") {
		e.operand = true
		if err := add(); err != nil {
			return nil, err
		}
	}
	if !p.at("when") {
		p.word("when")
		return nil, p.unexpected()
	}
	for p.word("when") {
		if err := add(); err != nil {
			return nil, err
		}
		if !p.word("then") {
			return nil, p.unexpected()
		}
		if err := add(); err != nil {
			return nil, err
		}
	}
	if e.other = p.word("else"); e.other {
		if err := add(); err != nil {
			return nil, err
		}
	}
	if !p.word("end") {
		return nil, p.unexpected()
	}
	return e, nil
}

func (p *parser) cast() (*expr, error) {
	p.next()
	p.next()
	arg, err := p.expr()
	if err != nil {
		return nil, err
	}
	if !p.word("as") {
		return nil, p.unexpected()
	}
	e := &expr{kind: castExpr, args: []*expr{arg}}
	if e.typ, err = p.typeName(); err != nil {
		return nil, err
	}
	if p.at("format") {
		return nil, unsupported("CAST … FORMAT")
	}
	return e, p.need(")")
}

var typeNames = map[string]Kind{
	"boolean": Boolean, "tinyint": TinyInt, "smallint": SmallInt, "int": Int, "integer": Int, "bigint": BigInt,
	"float": Float, "double": Double, "real": Double, "decimal": Decimal, "string": String, "varchar": Varchar,
	"char": Char, "timestamp": Timestamp, "date": Date,
}

func (p *parser) typeName() (Type, error) {
	kind, found := typeNames[p.tok.text]
	if p.at("array", "binary", "datetime", "map", "struct") {
		return Type{}, unsupported("type " + strings.ToUpper(p.tok.text))
	}
	if p.tok.kind != wordToken || !found {
		for name := range typeNames {
			p.expected = append(p.expected, strings.ToUpper(name))
		}
		return Type{}, p.unexpected()
	}
	p.next()
	t := Type{Kind: kind}
	if kind == Decimal {
		t.Precision = 9
	}
	if kind != Decimal && !(kind.text() && kind != String) || !p.symbol("(") {
		if kind == Char {
			t.Length = 1
		}
		if kind == Varchar {
			t.Kind = String
		}
		return t, nil
	}
	first, err := p.typeNumber()
	if err != nil {
		return Type{}, err
	}
	if kind != Decimal {
		t.Length = first
		if first < 1 || first > 65535 || kind == Char && first > 255 {
			return Type{}, analysis("%s size is out of range: %d", kind, first)
		}
		return t, p.need(")")
	}
	t.Precision = first
	if p.symbol(",") {
		if t.Scale, err = p.typeNumber(); err != nil {
			return Type{}, err
		}
	}
	if first < 1 || first > maxPrecision {
		return Type{}, analysis("Decimal precision must be > 0 and <= 38: %d", first)
	}
	if t.Scale > first {
		return Type{}, analysis("Decimal scale (%d) must be <= precision (%d)", t.Scale, first)
	}
	return t, p.need(")")
}

func (p *parser) typeNumber() (int, error) {
	n, err := strconv.Atoi(p.tok.text)
	if p.tok.kind != integerToken || err != nil {
		p.expected = append(p.expected, "INTEGER LITERAL")
		return 0, p.unexpected()
	}
	p.next()
	return n, nil
}

// extract reads EXTRACT(unit FROM x) or EXTRACT(x, 'unit') after the bracket.
func (p *parser) extract() (*expr, error) {
	unit := p.tok
	if unit.kind == wordToken && !p.follows(",") && !p.follows("(") && !p.follows(".") {
		p.next()
		if !p.word("from") {
			return nil, p.unexpected()
		}
		arg, err := p.expr()
		if err != nil {
			return nil, err
		}
		args := []*expr{arg, literal("'"+unit.text+"'", StringOf(unit.text), String)}
		return &expr{kind: callExpr, name: "extract", args: args}, p.need(")")
	}
	return p.call("extract")
}

// call reads the arguments of a function after the bracket, and OVER.
func (p *parser) call(name string) (*expr, error) {
	e := &expr{kind: callExpr, name: name}
	switch {
	case p.symbol("*"):
		e.star = true
	case p.tok.kind == symbolToken && p.tok.text == ")":
	default:
		e.distinct = p.word("distinct")
		if !e.distinct {
			p.word("all")
		}
		var err error
		if e.args, err = p.exprs(); err != nil {
			return nil, err
		}
		if e.ignoreNulls, err = p.words("ignore", "nulls"); err != nil {
			return nil, err
		}
	}
	if err := p.need(")"); err != nil {
		return nil, err
	}
	if !p.word("over") {
		return e, nil
	}
	over, err := p.window()
	e.over = over
	return e, err
}

func (p *parser) window() (*window, error) {
	w := &window{}
	if err := p.need("("); err != nil {
		return nil, err
	}
	found, err := p.words("partition", "by")
	if err != nil {
		return nil, err
	}
	if found {
		if w.partition, err = p.exprs(); err != nil {
			return nil, err
		}
	}
	if found, err = p.words("order", "by"); err != nil {
		return nil, err
	}
	if found {
		if w.order, err = p.orderItems(); err != nil {
			return nil, err
		}
	}
	if p.at("rows", "range") {
		if w.frame, err = p.frame(); err != nil {
			return nil, err
		}
	}
	return w, p.need(")")
}

// frame reads ROWS or RANGE, then a bound or BETWEEN and two of them.
func (p *parser) frame() (*frame, error) {
	f := &frame{rows: p.tok.text == "rows", end: bound{kind: currentRow}}
	p.next()
	f.between = p.word("between")
	var err error
	if f.start, err = p.bound(); err != nil || !f.between {
		return f, err
	}
	if !p.word("and") {
		return nil, p.unexpected()
	}
	f.end, err = p.bound()
	return f, err
}

func (p *parser) bound() (bound, error) {
	if found, err := p.words("current", "row"); found || err != nil {
		return bound{kind: currentRow}, err
	}
	b := bound{}
	unbounded := p.word("unbounded")
	if !unbounded {
		var err error
		if b.expr, err = p.comparison(); err != nil {
			return b, err
		}
	}
	switch {
	case p.word("preceding"):
		b.kind = preceding
		if unbounded {
			b.kind = unboundedPreceding
		}
	case p.word("following"):
		b.kind = following
		if unbounded {
			b.kind = unboundedFollowing
		}
	default:
		return b, p.unexpected()
	}
	return b, nil
}
