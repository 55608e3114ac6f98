package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A plan collects the text of EXPLAIN, inputs before what reads them.
type plan struct{ nodes []string }

// add numbers a node and indents its detail.
func (p *plan) add(name, detail string) {
	text := fmt.Sprintf("%02d:%s", len(p.nodes), name)
	for line := range strings.SplitSeq(detail, "\n") {
		if line != "" {
			text += "\n   " + line
		}
	}
	p.nodes = append(p.nodes, text)
}

// limit adds a line to the last node.
func (p *plan) limit(count int64) {
	if last := len(p.nodes) - 1; last >= 0 && count >= 0 {
		p.nodes[last] += fmt.Sprintf("\n   limit: %d", count)
	}
}

// lines are the plan from the top down, one row each.
func (p *plan) lines() []string {
	lines := []string{"PLAN-ROOT SINK"}
	for _, node := range slices.Backward(p.nodes) {
		lines = append(lines, "|")
		lines = append(lines, strings.Split(node, "\n")...)
	}
	return lines
}

// explain answers EXPLAIN SELECT …: what would be scanned and done.
func (p *planner) explain(ps *parser) (*Statement, error) {
	st, err := p.selectStatement(ps)
	if err != nil {
		return nil, err
	}
	var text plan
	st.root.explain(&text)
	rows := &listing{}
	for _, line := range text.lines() {
		rows.add(StringOf(line))
	}
	return rows.statement("Explain String"), nil
}

// A listing is a small result that is there already.
type listing struct{ rows [][]Value }

func (l *listing) add(row ...Value) { l.rows = append(l.rows, row) }

func (l *listing) prune([]bool) {}

func (l *listing) explain(*plan) {}

func (l *listing) run(_ context.Context, _ *execution, emit func([]Value) bool) error {
	for _, row := range l.rows {
		if !emit(row) {
			break
		}
	}
	return nil
}

// statement gives the listing columns: STRING, or what their values are.
func (l *listing) statement(names ...string) *Statement {
	columns := make([]Column, len(names))
	for i, name := range names {
		columns[i] = Column{Name: name, Type: Type{Kind: String}}
		if len(l.rows) > 0 && l.rows[0][i].kind != Null {
			columns[i].Type.Kind = l.rows[0][i].kind
		}
	}
	return &Statement{columns: columns, root: l}
}
