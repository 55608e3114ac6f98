package sql

func (p *parser) selection() (*selection, error) {
	if !p.word("select") {
		return nil, p.unexpected()
	}
	s := &selection{distinct: p.word("distinct")}
	if !s.distinct {
		p.word("all")
	}
	p.word("straight_join")
	var err error
	if s.items, err = p.items(); err != nil {
		return nil, err
	}
	if p.word("from") {
		if s.from, err = p.sources(); err != nil {
			return nil, err
		}
	}
	if p.word("where") {
		if s.where, err = p.expr(); err != nil {
			return nil, err
		}
	}
	return s, p.grouping(s)
}

func (p *parser) grouping(s *selection) error {
	found, err := p.words("group", "by")
	if err != nil {
		return err
	}
	if found {
		if p.at("rollup", "cube", "grouping") {
			return unsupported("GROUP BY ROLLUP, CUBE and GROUPING SETS")
		}
		if s.group, err = p.exprs(); err != nil {
			return err
		}
		if p.at("with") {
			return unsupported("GROUP BY … WITH ROLLUP")
		}
	}
	if p.word("having") {
		s.having, err = p.expr()
	}
	return err
}

func (p *parser) items() ([]item, error) {
	var items []item
	for {
		i, err := p.item()
		if err != nil {
			return nil, err
		}
		items = append(items, i)
		if !p.symbol(",") {
			return items, nil
		}
	}
}

func (p *parser) item() (item, error) {
	if p.symbol("*") {
		return item{star: true}, nil
	}
	if table, ok := p.qualifiedStar(); ok {
		return item{star: true, table: table}, nil
	}
	e, err := p.expr()
	if err != nil {
		return item{}, err
	}
	alias, err := p.alias(true)
	return item{expr: e, alias: alias}, err
}

// qualifiedStar takes `table.*` and leaves anything else.
func (p *parser) qualifiedStar() ([]string, bool) {
	saved := *p
	var table []string
	for p.tok.kind == quotedToken || p.tok.kind == wordToken && !reserved(p.tok.text) {
		table = append(table, p.tok.text)
		p.next()
		if !p.symbol(".") {
			break
		}
		if p.symbol("*") {
			return table, true
		}
	}
	*p = saved
	return nil, false
}

// alias takes [AS] name. After AS a select item may also be named by a string.
func (p *parser) alias(text bool) (string, error) {
	if p.word("as") {
		if text && p.tok.kind == stringToken {
			name := p.tok.text
			p.next()
			return name, nil
		}
		return p.identifier()
	}
	if p.tok.kind == quotedToken || p.tok.kind == wordToken && !reserved(p.tok.text) {
		return p.identifier()
	}
	return "", nil
}

// sources reads a FROM clause. A comma is a join without a condition.
func (p *parser) sources() (*source, error) {
	left, err := p.source()
	for err == nil {
		var kind joinKind
		var found bool
		if p.symbol(",") {
			found = true
		} else if kind, found, err = p.joinWords(); err != nil {
			return nil, err
		}
		if !found {
			return left, nil
		}
		left, err = p.joined(left, kind)
	}
	return nil, err
}

func (p *parser) joined(left *source, kind joinKind) (*source, error) {
	right, err := p.source()
	if err != nil {
		return nil, err
	}
	join := &source{left: left, right: right, join: kind}
	if p.word("on") {
		join.on, err = p.expr()
		return join, err
	}
	if !p.word("using") {
		return join, nil
	}
	if err = p.need("("); err != nil {
		return nil, err
	}
	for {
		name, err := p.identifier()
		if err != nil {
			return nil, err
		}
		join.using = append(join.using, name)
		if !p.symbol(",") {
			return join, p.need(")")
		}
	}
}

// joinWords takes the words that join two tables.
func (p *parser) joinWords() (joinKind, bool, error) {
	kind, found := innerJoin, true
	switch {
	case p.word("cross"), p.word("inner"):
	case p.word("left"):
		kind = leftJoin
		if p.word("semi") {
			kind = semiJoin
		} else if p.word("anti") {
			kind = antiJoin
		} else {
			p.word("outer")
		}
	case p.word("right"):
		kind = rightJoin
		if p.at("semi", "anti") {
			return 0, false, unsupported("RIGHT SEMI JOIN and RIGHT ANTI JOIN")
		}
		p.word("outer")
	case p.word("full"):
		kind = fullJoin
		p.word("outer")
	default:
		found = false
	}
	if p.word("join") {
		return kind, true, nil
	}
	if found {
		return 0, false, p.unexpected()
	}
	return 0, false, nil
}

func (p *parser) source() (*source, error) {
	s := &source{}
	var err error
	if p.tok.kind == symbolToken && p.tok.text == "(" {
		if s.query, err = p.bracketed(); err != nil {
			return nil, err
		}
	} else if s.path, err = p.path(); err != nil {
		return nil, err
	}
	switch {
	case p.at("tablesample"):
		return nil, unsupported("TABLESAMPLE")
	case p.at("for"):
		return nil, unsupported("FOR SYSTEM_TIME")
	}
	s.alias, err = p.alias(false)
	if err == nil && s.alias == "" && s.path != nil {
		s.alias = s.path[len(s.path)-1]
	}
	return s, err
}
