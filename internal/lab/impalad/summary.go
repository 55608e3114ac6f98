package impalad

import (
	"strings"
	"unicode/utf8"

	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
	"qosreport/internal/lab/sql"
)

// rootFragment stands above the plan in execution summaries; no node has the number.
const (
	rootFragment = "F00:ROOT"
	noNode       = -1
)

// Summary tells what the nodes of the plan have done so far. Nothing is estimated, as
// there are no statistics, and memory is not measured.
func (r *result) Summary() wire.ExecSummary {
	var s wire.ExecSummary
	unknown := func() *wire.NodeStats {
		return &wire.NodeStats{LatencyNanos: -1, CPUNanos: -1, Rows: -1, MemoryBytes: -1}
	}
	measures := r.watch.Measures()
	if len(measures) == 0 {
		return s
	}
	s.Nodes = append(s.Nodes, wire.PlanNode{ID: noNode, Label: rootFragment, Children: 1, Estimated: unknown(), Stats: make([]wire.NodeStats, 1), Hosts: 1})
	for _, m := range measures {
		took := m.Elapsed.Nanoseconds()
		s.Nodes = append(s.Nodes, wire.PlanNode{
			ID: int32(m.ID), Label: m.Label(), Detail: m.Detail, Children: int32(len(m.Children)), Hosts: 1,
			Estimated: unknown(), Stats: []wire.NodeStats{{LatencyNanos: took, CPUNanos: took, Rows: m.Rows}},
		})
	}
	total, done := r.watch.Ranges()
	s.Progress = &wire.ExecProgress{ScanRanges: total, ScanRangesDone: done, Instances: 1}
	if r.over() {
		s.Progress.InstancesDone = 1
	}
	return s
}

// summaryTable draws the nodes as impala-shell draws a summary and Impala's TablePrinter
// does in profiles: two blanks behind each column, numbers to the right.
func summaryTable(measures []sql.Measure) []string {
	rows := [][]string{
		{"Operator", "#Hosts", "#Inst", "Avg Time", "Max Time", "#Rows", "Est. #Rows", "Peak Mem", "Est. Peak Mem", "Detail"},
		{rootFragment, "1", "1", hs2server.PrettyTime(0), hs2server.PrettyTime(0), "", "", "0", "-1.00 B", ""},
	}
	below, _ := summaryRows(measures, 0, false)
	rows = append(rows, below...)
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var lines []string
	for i, row := range rows {
		line := ""
		for j, cell := range row {
			pad := strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell))
			if j == 0 || j == len(row)-1 {
				line += cell + pad + "  "
			} else {
				line += pad + cell + "  "
			}
		}
		lines = append(lines, line)
		if i == 0 {
			lines = append(lines, strings.Repeat("-", utf8.RuneCountInString(line)))
		}
	}
	return lines
}

// summaryRows are the rows of the first node with all below it, and the nodes that follow.
// The first child stands below what branches off, at the level of its parent.
func summaryRows(measures []sql.Measure, level int, branches bool) (rows [][]string, rest []sql.Measure) {
	m, rest := measures[0], measures[1:]
	prefix := ""
	if level > 0 {
		prefix = strings.Repeat("|  ", level-1) + "|"
		if branches {
			prefix += "--"
		} else {
			prefix += "  "
		}
	}
	took := hs2server.PrettyTime(m.Elapsed)
	rows = append(rows, []string{prefix + m.Label(), "1", "1", took, took, units(m.Rows), "-1", "0", "-1.00 B", m.Detail})
	var first, others [][]string
	for i := range m.Children {
		var child [][]string
		if i == 0 {
			first, rest = summaryRows(rest, level, false)
		} else {
			child, rest = summaryRows(rest, level+1, true)
			others = append(others, child...)
		}
	}
	return append(append(rows, others...), first...), rest
}
