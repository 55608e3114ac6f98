package sql

import (
	"strconv"
	"strings"
)

// An operator level of the grammar (sql-parser.cup): symbols and words that bind
// equally strong and associate to the left.
type level struct {
	symbols, words []string
}

var levels = []level{
	{symbols: []string{"||"}, words: []string{"or"}},
	{symbols: []string{"&&"}, words: []string{"and"}},
}

var arithmeticLevels = []level{
	{symbols: []string{"+", "-"}},
	{symbols: []string{"*", "/", "%"}, words: []string{"div"}},
	{symbols: []string{"&", "|", "^"}},
}

func (p *parser) exprs() ([]*expr, error) {
	var list []*expr
	for {
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		if !p.symbol(",") {
			return list, nil
		}
	}
}

func (p *parser) expr() (*expr, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer p.higher()
	return p.chain(levels, p.negation)
}

// chain reads operands of the first level, which are chains of the next one.
func (p *parser) chain(levels []level, operand func() (*expr, error)) (*expr, error) {
	if len(levels) == 0 {
		return operand()
	}
	left, err := p.chain(levels[1:], operand)
	for n := 0; err == nil; n++ {
		op := p.operatorOf(levels[0])
		if op == "" {
			return left, nil
		}
		if n == maxDepth {
			return nil, analysis("Exceeded the maximum depth of an expression tree: %d", maxDepth)
		}
		var right *expr
		if right, err = p.chain(levels[1:], operand); err != nil {
			return nil, err
		}
		left = &expr{kind: operatorExpr, name: op, args: []*expr{left, right}}
	}
	return nil, err
}

func (p *parser) operatorOf(l level) string {
	for _, symbol := range l.symbols {
		if p.symbol(symbol) {
			if symbol == "&&" {
				return "and"
			}
			return symbol
		}
	}
	for _, word := range l.words {
		if p.word(word) {
			return word
		}
	}
	return ""
}

func (p *parser) negation() (*expr, error) {
	negations := 0
	for p.word("not") || p.symbol("!") {
		if negations++; negations > maxDepth {
			return nil, analysis("Exceeded the maximum depth of an expression tree: %d", maxDepth)
		}
	}
	var e *expr
	var err error
	if p.at("exists") {
		p.next()
		e, err = p.subquery(existsSubquery)
	} else {
		e, err = p.predicate()
	}
	for ; negations > 0 && err == nil; negations-- {
		e = &expr{kind: operatorExpr, name: "not", args: []*expr{e}}
	}
	return e, err
}

// predicate reads an arithmetic expression and the comparisons after it.
func (p *parser) predicate() (*expr, error) {
	left, err := p.comparison()
	for n := 0; err == nil && n < maxDepth; n++ {
		if p.word("is") {
			left, err = p.is(left)
			continue
		}
		negated := p.word("not")
		switch {
		case p.word("between"):
			left, err = p.between(left, negated)
		case p.word("in"):
			left, err = p.in(left, negated)
		case p.at("like", "ilike", "rlike", "regexp", "iregexp"):
			left, err = p.like(left, negated)
		case negated:
			return nil, p.unexpected()
		default:
			return left, nil
		}
	}
	return left, err
}

func (p *parser) comparison() (*expr, error) {
	left, err := p.chain(arithmeticLevels, p.unary)
	comparisons := level{symbols: []string{"=", "<=>", "<>", "!=", "<=", ">=", "<", ">"}}
	for n := 0; err == nil && n < maxDepth; n++ {
		op := p.operatorOf(comparisons)
		if op == "" {
			return left, nil
		}
		if op == "<>" {
			op = "!="
		}
		var right *expr
		if right, err = p.chain(arithmeticLevels, p.unary); err != nil {
			return nil, err
		}
		left = &expr{kind: operatorExpr, name: op, args: []*expr{left, right}}
	}
	return left, err
}

// is reads what follows IS: [NOT] NULL, TRUE, FALSE or DISTINCT FROM.
func (p *parser) is(left *expr) (*expr, error) {
	negated := p.word("not")
	switch {
	case p.word("null"):
		return &expr{kind: isNullExpr, args: []*expr{left}, negated: negated}, nil
	case p.at("true", "false"), p.at("unknown"):
		name := "is" + p.tok.text
		if negated {
			name = "isnot" + p.tok.text
		}
		p.next()
		return &expr{kind: callExpr, name: name, args: []*expr{left}}, nil
	case p.word("distinct"):
		if !p.word("from") {
			return nil, p.unexpected()
		}
		right, err := p.comparison()
		op := "is distinct from"
		if negated {
			op = "<=>"
		}
		return &expr{kind: operatorExpr, name: op, args: []*expr{left, right}}, err
	}
	return nil, p.unexpected()
}

func (p *parser) between(left *expr, negated bool) (*expr, error) {
	low, err := p.comparison()
	if err != nil {
		return nil, err
	}
	if !p.word("and") {
		return nil, p.unexpected()
	}
	high, err := p.comparison()
	return &expr{kind: betweenExpr, args: []*expr{left, low, high}, negated: negated}, err
}

func (p *parser) in(left *expr, negated bool) (*expr, error) {
	if p.opensQuery() {
		e, err := p.subquery(inSubquery, left)
		if err == nil {
			e.negated = negated
		}
		return e, err
	}
	if err := p.need("("); err != nil {
		return nil, err
	}
	list, err := p.exprs()
	if err != nil {
		return nil, err
	}
	return &expr{kind: inExpr, args: append([]*expr{left}, list...), negated: negated}, p.need(")")
}

func (p *parser) like(left *expr, negated bool) (*expr, error) {
	op := p.tok.text
	p.next()
	right, err := p.comparison()
	return &expr{kind: operatorExpr, name: op, args: []*expr{left, right}, negated: negated}, err
}

// unary reads signs. A minus before a number belongs to the number.
func (p *parser) unary() (*expr, error) {
	if p.symbol("+") {
		return p.signed("+")
	}
	if p.symbol("-") {
		return p.signed("-")
	}
	if p.symbol("~") {
		return p.bitNot()
	}
	return p.primary()
}

func (p *parser) bitNot() (*expr, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer p.higher()
	e, err := p.unary()
	return &expr{kind: operatorExpr, name: "~", args: []*expr{e}}, err
}

func (p *parser) signed(sign string) (*expr, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer p.higher()
	number := p.tok.kind == integerToken || p.tok.kind == decimalToken
	if number && sign == "-" {
		text := "-" + p.tok.text
		p.next()
		return numberLiteral(text)
	}
	e, err := p.unary()
	switch {
	case sign == "+" || err != nil:
		return e, err
	case e.kind == literalExpr && e.typ.Kind.numeric():
		positive, negative := strings.CutPrefix(e.name, "-")
		if !negative {
			positive = "-" + positive
		}
		return numberLiteral(positive)
	}
	// Impala makes this product too, and so its type and its name.
	return &expr{kind: operatorExpr, name: "*", args: []*expr{literal("-1", IntOf(-1), TinyInt), e}}, nil
}

// numberLiteral has the smallest type that holds the number.
func numberLiteral(text string) (*expr, error) {
	e := &expr{kind: literalExpr, name: text}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		e.value, e.typ = IntOf(n), Type{Kind: smallestInteger(n)}
		return e, nil
	}
	if value, typ, ok := parseDecimal(text); ok {
		e.value, e.typ = value, typ
		return e, nil
	}
	f, err := strconv.ParseFloat(text, 64) // the lexer admits numbers only
	if err != nil {
		return nil, analysis("Numeric literal '%s' exceeds maximum range of doubles.", text)
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(text), "e")
	if f == 0 && strings.ContainsAny(mantissa, "123456789") {
		return nil, analysis("Numeric literal '%s' underflows minimum resolution of doubles.", text)
	}
	e.value, e.typ = DoubleOf(f), Type{Kind: Double}
	return e, nil
}

func smallestInteger(n int64) Kind {
	switch {
	case n == int64(int8(n)):
		return TinyInt
	case n == int64(int16(n)):
		return SmallInt
	case n == int64(int32(n)):
		return Int
	}
	return BigInt
}

func literal(text string, value Value, kind Kind) *expr {
	return &expr{kind: literalExpr, name: text, value: value, typ: Type{Kind: kind}}
}
