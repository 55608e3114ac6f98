package sql

// A frame is the ROWS or RANGE clause of a window: which rows around the current one a
// function sees.
type frame struct {
	rows       bool // ROWS; else RANGE, whose bounds take the peers of a row in
	start, end bound
	between    bool // written with BETWEEN
}

type boundKind uint8

const (
	unboundedPreceding boundKind = iota
	preceding
	currentRow
	following
	unboundedFollowing
)

func (k boundKind) String() string {
	return [...]string{"UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW", "FOLLOWING", "UNBOUNDED FOLLOWING"}[k]
}

func (k boundKind) offset() bool { return k == preceding || k == following }

type bound struct {
	kind  boundKind
	expr  *expr // of PRECEDING and FOLLOWING
	count int   // its value, once it was checked
}

func (b bound) String() string {
	if b.expr != nil {
		return b.expr.String() + " " + b.kind.String()
	}
	return b.kind.String()
}

func (f *frame) String() string {
	text := "RANGE "
	if f.rows {
		text = "ROWS "
	}
	if !f.between {
		return text + f.start.String()
	}
	return text + "BETWEEN " + f.start.String() + " AND " + f.end.String()
}

// wholePartition is the frame of a window without ORDER BY, upToPeers of one with it.
func wholePartition() *frame {
	return &frame{start: bound{kind: unboundedPreceding}, end: bound{kind: unboundedFollowing}}
}

func upToPeers() *frame {
	return &frame{start: bound{kind: unboundedPreceding}, end: bound{kind: currentRow}}
}

// check finds the mistakes that Impala finds (AnalyticWindow.java) and the values of the
// offsets.
func (f *frame) check(k *compiler) error {
	start, end := &f.start, &f.end
	switch {
	case start.kind == unboundedFollowing:
		return analysis("UNBOUNDED FOLLOWING is only allowed for upper bound of BETWEEN")
	case f.between && end.kind == unboundedPreceding:
		return analysis("UNBOUNDED PRECEDING is only allowed for lower bound of BETWEEN")
	case !f.rows && (start.kind.offset() || end.kind.offset() || start.kind == currentRow && end.kind == currentRow):
		return analysis("RANGE is only supported with both the lower and upper bounds UNBOUNDED or one UNBOUNDED and the other CURRENT ROW.")
	case !f.between && start.kind == following:
		return analysis("FOLLOWING requires a BETWEEN clause")
	}
	for _, b := range []*bound{start, end} {
		if b.kind.offset() {
			if err := b.check(k); err != nil {
				return err
			}
		}
	}
	switch {
	case start.kind == following && end.kind < following:
		return analysis("A lower window bound of FOLLOWING requires that the upper bound also be FOLLOWING")
	case end.kind == preceding && start.kind > preceding:
		return analysis("An upper window bound of PRECEDING requires that the lower bound also be PRECEDING")
	case start.kind == following && end.kind == following && start.count > end.count,
		start.kind == preceding && end.kind == preceding && start.count < end.count:
		return analysis("Offset boundaries are in the wrong order: %s", f)
	}
	return nil
}

// maxOffset is the largest offset: no partition has more rows.
const maxOffset = 1 << 40

func (b *bound) check(k *compiler) error {
	mistake := analysis("For ROWS window, the value of a PRECEDING/FOLLOWING offset must be a constant positive integer: %s", b)
	bound, err := bind(b.expr, nil)
	if err != nil {
		return mistake
	}
	c, err := k.compile(bound)
	if err != nil {
		return err
	}
	if !c.constant || !c.typ.Kind.integer() || c.value().n <= 0 {
		return mistake
	}
	b.count = int(min(c.value().n, maxOffset))
	return nil
}

// extents gives for each row of a partition the first row of its frame and the row
// behind the last one. The frame is empty where the first is not before the other.
func (f *frame) extents(p *partition) func(row int) (first, end int) {
	n := len(p.order)
	if f.rows {
		return func(row int) (int, int) {
			return min(n, max(0, f.start.place(row, n))), max(0, min(n, f.end.place(row, n)+1))
		}
	}
	if f.start.kind == unboundedPreceding && f.end.kind == unboundedFollowing {
		return func(int) (int, int) { return 0, n }
	}
	firsts, ends := p.peerGroups()
	return func(row int) (int, int) {
		first, end := 0, n
		if f.start.kind == currentRow {
			first = firsts[row]
		}
		if f.end.kind == currentRow {
			end = ends[row]
		}
		return first, end
	}
}

// place is the row at which a bound of ROWS lies.
func (b bound) place(row, n int) int {
	switch b.kind {
	case unboundedPreceding:
		return 0
	case preceding:
		return row - b.count
	case following:
		return row + b.count
	case unboundedFollowing:
		return n - 1
	}
	return row
}
