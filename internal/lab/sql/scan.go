package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// scan reads a table. Conditions on partition keys alone choose partitions before
// anything is read; the others are tried on their own columns before the rest of
// a row is filled.
type scan struct {
	name       string // database.table
	alias      string // the table's name if it has no other
	table      Table
	columns    []Column
	conditions []compiled

	chosen []int // partitions; set by prune
	first  []int // columns that the conditions need
	rest   []int // the other columns that are needed
	// readsKeys says that rows are made with partition keys, or tried on them.
	readsKeys bool
	keys      []compiled
	rows      []compiled
}

// firstKey is the index of the first partition key among the columns.
func (o *scan) firstKey() int { return len(o.columns) - o.table.Keys() }

func (o *scan) prune(need []bool) {
	o.keys, o.rows = nil, nil
	for _, c := range o.conditions {
		if c.least() >= o.firstKey() && !c.expr.any(isSubquery) && !c.expr.any(isSleep) {
			o.keys = append(o.keys, c)
		} else {
			o.rows = append(o.rows, c)
		}
	}
	o.choose()
	used := make([]bool, len(o.columns))
	for _, c := range o.rows {
		c.mark(used)
	}
	o.first, o.rest = nil, nil
	o.readsKeys = len(o.keys) > 0 || slices.Contains(used[o.firstKey():], true) || slices.Contains(need[o.firstKey():], true)
	for i := range o.firstKey() {
		if used[i] {
			o.first = append(o.first, i)
		} else if need[i] {
			o.rest = append(o.rest, i)
		}
	}
}

// choose tries the conditions on the keys of each partition. A condition that
// fails to compute keeps the partition, and fails again when rows are read.
func (o *scan) choose() {
	row := make([]Value, len(o.columns))
	o.chosen = nil
	failed := false
	for i, values := range o.table.Partitions() {
		copy(row[o.firstKey():], values)
		var x execution
		if allTrue(o.keys, &x, row) || x.err != nil {
			o.chosen = append(o.chosen, i)
		}
		failed = failed || x.err != nil
	}
	if failed {
		o.rows = append(o.rows, o.keys...)
	}
}

func (o *scan) run(ctx context.Context, x *execution, emit func([]Value) bool) error {
	row := make([]Value, len(o.columns))
	partitions := o.table.Partitions()
	for _, i := range o.chosen {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, err := o.table.Scan(ctx, i, slices.Concat(o.first, o.rest))
		if err != nil {
			return err
		}
		copy(row[o.firstKey():], partitions[i])
		more, err := o.partition(ctx, x, rows, row, emit)
		x.scanned(o)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// partition pushes the rows of one partition. It reports false when no more
// rows are wanted.
func (o *scan) partition(ctx context.Context, x *execution, rows Rows, row []Value, emit func([]Value) bool) (bool, error) {
	first, rest := rows.Read[:len(o.first)], rows.Read[len(o.first):]
	for r := range rows.Count {
		if r%checkEvery == checkEvery-1 {
			if err := ctx.Err(); err != nil {
				return false, err
			}
		}
		for j, read := range first {
			row[o.first[j]] = read(r)
		}
		if !allTrue(o.rows, x, row) {
			if x.err != nil {
				return false, nil
			}
			continue
		}
		for j, read := range rest {
			row[o.rest[j]] = read(r)
		}
		if !emit(row) || x.err != nil {
			return false, nil
		}
	}
	return true, nil
}

func (o *scan) explain(p *plan) *Node {
	p.scans(o.name)
	total := len(o.table.Partitions())
	detail := fmt.Sprintf("HDFS partitions=%d/%d files=%d size=0B", len(o.chosen), total, len(o.chosen))
	if len(o.keys) > 0 {
		detail = "partition predicates: " + printAll(o.keys) + "\n" + detail
	}
	if len(o.rows) > 0 {
		detail += "\npredicates: " + printAll(o.rows)
	}
	name := o.name
	if !strings.HasSuffix(name, "."+o.alias) {
		name += " " + o.alias
	}
	n := p.add(o, "SCAN HDFS", name, detail)
	n.Statistics = o.statistics()
	return n
}

// statistics say what is known of the table without a look at its rows: nothing but the
// values of the partition keys (HdfsScanNode.java, getStatsExplainString).
func (o *scan) statistics() []string {
	read := len(o.first) + len(o.rest)
	columns := "columns: unavailable"
	switch {
	case read == 0:
		columns = "columns: all"
	case o.readsKeys:
		var missing []string
		for _, i := range slices.Sorted(slices.Values(slices.Concat(o.first, o.rest))) {
			missing = append(missing, o.columns[i].Name)
		}
		columns = "columns missing stats: " + strings.Join(missing, ", ")
	}
	return []string{"stored statistics:", "  table: rows=unavailable size=unavailable",
		fmt.Sprintf("  partitions: 0/%d rows=unavailable", len(o.chosen)), "  " + columns,
		"extrapolated-rows=disabled max-scan-range-rows=unavailable"}
}
