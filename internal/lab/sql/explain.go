package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A Node is one node of a statement's plan. A node reads its children.
type Node struct {
	ID         int
	Name       string   // like "SCAN HDFS"
	Detail     string   // what stands in brackets behind the name, like "default.acme"; may be ""
	Attributes []string // lines below the name, like "predicates: id > 3"
	Statistics []string // further lines, of what was known when the plan was made
	Children   []*Node
}

// Label is how EXPLAIN and execution summaries name the node, without the detail.
func (n *Node) Label() string { return fmt.Sprintf("%02d:%s", n.ID, n.Name) }

// flat lists the nodes depth first, each before its children.
func (n *Node) flat() []*Node {
	all := []*Node{n}
	for _, child := range n.Children {
		all = append(all, child.flat()...)
	}
	return all
}

// lines draws the tree as Impala does (PlanNode.java, getExplainString): the first child
// goes on below its parent, the others branch off before it. The least level has neither
// attributes nor the lines between nodes.
func (n *Node) lines(level ExplainLevel, lead, prefix string) []string {
	head := lead + n.Label()
	if n.Detail != "" {
		head += " [" + n.Detail + "]"
	}
	lines := []string{head}
	below := prefix + "   "
	if len(n.Children) > 0 {
		below = prefix + "|  "
	}
	for _, attribute := range n.told(level) {
		lines = append(lines, below+attribute)
	}
	for i, child := range slices.Backward(n.Children) {
		if level > ExplainMinimal {
			lines = append(lines, prefix+"|")
		}
		if i == 0 {
			lines = append(lines, child.lines(level, prefix, prefix)...)
		} else {
			lines = append(lines, child.lines(level, prefix+"|--", prefix+"|  ")...)
		}
	}
	return lines
}

// told are the lines below the head of the node.
func (n *Node) told(level ExplainLevel) []string {
	switch {
	case level <= ExplainMinimal:
		return nil
	case level < ExplainExtended:
		return n.Attributes
	}
	return slices.Concat(n.Attributes, n.Statistics)
}

// A plan numbers nodes, inputs before what reads them.
type plan struct {
	next   int
	of     map[operator]*Node // which node stands for an operator
	tables []string           // that are scanned
}

// add makes the node of an operator. Each line of the attributes is one.
func (p *plan) add(o operator, name, detail, attributes string, children ...*Node) *Node {
	n := &Node{ID: p.next, Name: name, Detail: detail, Children: children}
	p.next++
	for line := range strings.SplitSeq(attributes, "\n") {
		if line != "" {
			n.Attributes = append(n.Attributes, line)
		}
	}
	if p.of == nil {
		p.of = make(map[operator]*Node)
	}
	p.of[o] = n
	return n
}

// scans notes a table.
func (p *plan) scans(table string) {
	if !slices.Contains(p.tables, table) {
		p.tables = append(p.tables, table)
	}
}

// Plan is the root of the statement's plan, nil for a statement that only lists what is
// known, as SHOW does.
func (s *Statement) Plan() *Node { return s.root.explain(&plan{}) }

// An ExplainLevel is how much EXPLAIN tells, as the query option EXPLAIN_LEVEL says
// (TExplainLevel). Zero is Impala's default.
type ExplainLevel int

// The levels, from the least to the most.
const (
	ExplainMinimal  ExplainLevel = iota - 1 // the tree of nodes alone
	ExplainStandard                         // with what each node does
	ExplainExtended                         // with the fragment and what statistics there are
	ExplainVerbose                          // fragment by fragment
)

// fragment is the head of the only fragment, which runs on the only host.
const fragment = "F00:PLAN FRAGMENT [UNPARTITIONED] hosts=1 instances=1"

// Explain is the text of EXPLAIN for the statement, nil for one that only lists what is
// known. Tables have no statistics here, which Impala warns of at any level.
func (s *Statement) Explain(level ExplainLevel) []string {
	var p plan
	root := s.root.explain(&p)
	if root == nil {
		return nil
	}
	var lines []string
	if len(p.tables) > 0 {
		slices.Sort(p.tables)
		lines = append(lines, "WARNING: The following tables are missing relevant table and/or column statistics.", strings.Join(p.tables, ", "), "")
	}
	indent := ""
	if level >= ExplainExtended {
		lines = append(lines, fragment)
	}
	if level >= ExplainVerbose {
		indent = "  "
	}
	lines = append(lines, indent+"PLAN-ROOT SINK")
	if level > ExplainMinimal {
		lines = append(lines, indent+"|")
	}
	return append(lines, root.lines(level, indent, indent)...)
}

// explain answers EXPLAIN SELECT …: what would be scanned and done.
func (p *planner) explain(ps *parser) (*Statement, error) {
	for _, word := range []string{"create", "delete", "insert", "merge", "update", "upsert"} {
		if ps.word(word) {
			return nil, unsupported("EXPLAIN " + strings.ToUpper(word))
		}
	}
	st, err := p.selectStatement(ps)
	if err != nil {
		return nil, err
	}
	rows := &listing{}
	for _, line := range st.Explain(p.session.Explain) {
		rows.add(StringOf(line))
	}
	return rows.statement("Explain String"), nil
}

// A listing is a small result that is there already.
type listing struct{ rows [][]Value }

func (l *listing) add(row ...Value) { l.rows = append(l.rows, row) }

// texts adds a row of strings.
func (l *listing) texts(cells ...string) {
	row := make([]Value, len(cells))
	for i, cell := range cells {
		row[i] = StringOf(cell)
	}
	l.add(row...)
}

func (l *listing) prune([]bool) {}

func (l *listing) explain(*plan) *Node { return nil }

func (l *listing) run(_ context.Context, _ *execution, emit func([]Value) bool) error {
	for _, row := range l.rows {
		if !emit(row) {
			break
		}
	}
	return nil
}

// statement gives the listing columns: STRING, or what the values of its first row are.
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
