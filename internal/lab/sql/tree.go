package sql

import "strings"

// A query is what stands in brackets or in a whole statement: one or more blocks
// joined by UNION, or all of them by EXCEPT or by INTERSECT, then ordered and cut.
type query struct {
	with   []commonTable
	blocks []block
	order  []orderItem
	limit  *expr // nil: all rows
	offset *expr
}

// A commonTable is one name of a WITH clause.
type commonTable struct {
	name   string
	labels []string // of its first columns
	query  *query
}

// A setOperator joins a block to those before it.
type setOperator uint8

const (
	unionBlocks setOperator = iota
	exceptBlocks
	intersectBlocks
)

// A block is one operand of UNION and its like: a SELECT, or a query in brackets.
type block struct {
	selects *selection
	nested  *query
	text    string // as it was written
	by      setOperator
	// distinct is set behind a UNION without ALL: of the rows of this block and all
	// before it each is kept once.
	distinct bool
}

// A selection is SELECT … FROM … WHERE … GROUP BY … HAVING.
type selection struct {
	distinct bool
	items    []item
	from     *source // nil: one row without columns
	where    *expr
	group    []*expr
	having   *expr
}

// An item of a select list. A star stands for all columns of table, or of every
// table where that is "".
type item struct {
	expr  *expr
	alias string
	star  bool
	table []string
}

type orderItem struct {
	expr       *expr
	descending bool
	nullsFirst bool // the default is the opposite of descending, or what was written
}

// A source is a table, a sub-select, or a join of two sources.
type source struct {
	path  []string // table, or database and table
	query *query
	alias string

	left, right *source
	join        joinKind
	on          *expr
	using       []string
}

type joinKind uint8

const (
	innerJoin joinKind = iota
	leftJoin
	rightJoin
	fullJoin
	semiJoin
	antiJoin
)

func (k joinKind) String() string {
	return [...]string{"INNER JOIN", "LEFT OUTER JOIN", "RIGHT OUTER JOIN", "FULL OUTER JOIN",
		"LEFT SEMI JOIN", "LEFT ANTI JOIN"}[k]
}

type exprKind uint8

const (
	literalExpr  exprKind = iota
	nameExpr              // a column as written
	columnExpr            // a column that was found
	callExpr              // a function
	operatorExpr          // an operator of one or two arguments
	caseExpr              // [operand] (condition, result)… [otherwise]
	castExpr
	inExpr       // the first argument in the others
	betweenExpr  // the first argument between the others
	isNullExpr   // the argument IS NULL
	intervalExpr // the argument in units of name
	subqueryExpr // sub; the arguments are what it needs from outside
)

// An expr is a node of an expression. One struct serves all kinds, so that what
// walks or rewrites a tree needs no case for each.
type expr struct {
	kind     exprKind
	name     string // function, operator, unit, or the text of a literal
	args     []*expr
	path     []string // of a column: [[database.]table.]column
	negated  bool     // NOT IN, NOT LIKE, NOT BETWEEN, IS NOT NULL
	distinct bool     // COUNT(DISTINCT …)
	star     bool     // COUNT(*)
	operand  bool     // CASE has an operand
	other    bool     // CASE has an ELSE
	brackets bool     // written in brackets
	over     *window

	ignoreNulls bool // FIRST_VALUE(… IGNORE NULLS)
	sub         *subquery

	value Value // of a literal
	typ   Type  // of a literal, a found column, or the target of a cast
	index int   // of a found column in its row
}

// A window is the OVER clause of an analytic function.
type window struct {
	partition []*expr
	order     []orderItem
	frame     *frame // nil: none was written
}

// children calls visit for every expression directly below e.
func (e *expr) children(visit func(*expr)) {
	for _, arg := range e.args {
		visit(arg)
	}
	if e.over == nil {
		return
	}
	for _, key := range e.over.partition {
		visit(key)
	}
	for _, key := range e.over.order {
		visit(key.expr)
	}
}

// any reports whether e or an expression below it has the property.
func (e *expr) any(property func(*expr) bool) bool {
	if property(e) {
		return true
	}
	found := false
	e.children(func(child *expr) { found = found || child.any(property) })
	return found
}

// rewrite returns a copy of e in which change has replaced expressions, outermost
// first. Where change returns nil the expression stays and its parts are rewritten.
func (e *expr) rewrite(change func(*expr) (*expr, error)) (*expr, error) {
	replaced, err := change(e)
	if replaced != nil || err != nil {
		return replaced, err
	}
	replacement := *e
	if replacement.args, err = rewriteAll(e.args, change); err != nil {
		return nil, err
	}
	if e.over == nil {
		return &replacement, nil
	}
	over := &window{order: make([]orderItem, len(e.over.order)), frame: e.over.frame}
	if over.partition, err = rewriteAll(e.over.partition, change); err != nil {
		return nil, err
	}
	for i, key := range e.over.order {
		over.order[i] = key
		if over.order[i].expr, err = key.expr.rewrite(change); err != nil {
			return nil, err
		}
	}
	replacement.over = over
	return &replacement, nil
}

func rewriteAll(list []*expr, change func(*expr) (*expr, error)) ([]*expr, error) {
	result := make([]*expr, len(list))
	for i, e := range list {
		var err error
		if result[i], err = e.rewrite(change); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// conjuncts splits e at its ANDs.
func (e *expr) conjuncts() []*expr {
	if e == nil {
		return nil
	}
	if e.kind == operatorExpr && e.name == "and" {
		return append(e.args[0].conjuncts(), e.args[1].conjuncts()...)
	}
	return []*expr{e}
}

func joinPath(path []string) string { return strings.Join(path, ".") }
