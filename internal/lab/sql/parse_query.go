package sql

import "strings"

// query reads [WITH …] block [UNION [ALL | DISTINCT] block]… [ORDER BY …] [LIMIT …] [OFFSET …],
// where EXCEPT, MINUS or INTERSECT can stand for UNION.
func (p *parser) query() (*query, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer p.higher()
	q := &query{}
	var err error
	if p.word("with") {
		if q.with, err = p.commonTables(); err != nil {
			return nil, err
		}
	}
	var next block
	for more := true; more; {
		start := p.tok.start
		b, err := p.block()
		if err != nil {
			return nil, err
		}
		b.text = strings.TrimSpace(p.sql[start:p.tok.start])
		b.by, b.distinct = next.by, next.distinct
		q.blocks = append(q.blocks, b)
		if next, more, err = p.setOperator(); err != nil {
			return nil, err
		}
		if more && len(q.blocks) > 1 && next.by != q.blocks[1].by {
			return nil, unsupported("UNION beside EXCEPT or INTERSECT without brackets")
		}
	}
	return q, p.tail(q)
}

// setOperator reads what joins the next block to those before it, if there is one.
func (p *parser) setOperator() (next block, found bool, err error) {
	switch {
	case p.word("union"):
		if next.distinct = !p.word("all"); next.distinct {
			p.word("distinct")
		}
		return next, true, nil
	case p.word("except"), p.word("minus"):
		next.by = exceptBlocks
	case p.word("intersect"):
		next.by = intersectBlocks
	default:
		return next, false, nil
	}
	if p.at("all") {
		return next, false, unsupported("EXCEPT ALL and INTERSECT ALL")
	}
	p.word("distinct")
	return next, true, nil
}

func (p *parser) commonTables() ([]commonTable, error) {
	var tables []commonTable
	for {
		name, err := p.identifier()
		if err != nil {
			return nil, err
		}
		table := commonTable{name: name}
		if p.symbol("(") {
			if table.labels, err = p.labels(); err != nil {
				return nil, err
			}
		}
		if !p.word("as") {
			return nil, p.unexpected()
		}
		if table.query, err = p.bracketed(); err != nil {
			return nil, err
		}
		tables = append(tables, table)
		if !p.symbol(",") {
			return tables, nil
		}
	}
}

// labels reads names up to a bracket.
func (p *parser) labels() ([]string, error) {
	var names []string
	for {
		name, err := p.identifier()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		if !p.symbol(",") {
			return names, p.need(")")
		}
	}
}

func (p *parser) bracketed() (*query, error) {
	if err := p.need("("); err != nil {
		return nil, err
	}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	return q, p.need(")")
}

func (p *parser) block() (block, error) {
	if p.tok.kind == symbolToken && p.tok.text == "(" {
		nested, err := p.bracketed()
		return block{nested: nested}, err
	}
	if p.word("values") {
		q, err := p.values()
		return block{nested: q}, err
	}
	s, err := p.selection()
	return block{selects: s}, err
}

// values reads the rows behind VALUES, which are a UNION ALL of select lists.
func (p *parser) values() (*query, error) {
	q := &query{}
	for {
		start := p.tok.start
		if err := p.need("("); err != nil {
			return nil, err
		}
		items, err := p.items()
		if err != nil {
			return nil, err
		}
		if err := p.need(")"); err != nil {
			return nil, err
		}
		q.blocks = append(q.blocks, block{selects: &selection{items: items}, text: strings.TrimSpace(p.sql[start:p.tok.start])})
		if !p.symbol(",") {
			return q, nil
		}
	}
}

// tail reads ORDER BY, LIMIT and OFFSET.
func (p *parser) tail(q *query) error {
	if found, err := p.words("order", "by"); err != nil {
		return err
	} else if found {
		if q.order, err = p.orderItems(); err != nil {
			return err
		}
	}
	var err error
	if p.word("limit") {
		if q.limit, err = p.expr(); err != nil {
			return err
		}
	}
	if p.word("offset") {
		if q.offset, err = p.expr(); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) orderItems() ([]orderItem, error) {
	var items []orderItem
	for {
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		item := orderItem{expr: e}
		if p.word("desc") {
			item.descending = true
		} else {
			p.word("asc")
		}
		item.nullsFirst = item.descending
		if p.word("nulls") {
			item.nullsFirst = p.word("first")
			if !item.nullsFirst && !p.word("last") {
				return nil, p.unexpected()
			}
		}
		items = append(items, item)
		if !p.symbol(",") {
			return items, nil
		}
	}
}
