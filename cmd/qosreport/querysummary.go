package main

import (
	"fmt"
	"strings"
	"time"

	"qosreport/internal/impala/wire"
)

// summaryText is what each node of a plan did, as Impala's ExecSummary shows it: receivers
// above their senders, and the further inputs of a join indented. It is "" without nodes.
func summaryText(s *wire.ExecSummary) string {
	if s == nil || len(s.Nodes) == 0 {
		return ""
	}
	d := planDrawing{summary: s, drawn: make([]bool, len(s.Nodes))}
	t := table{{"Operator", "#Hosts", "#Inst", "Avg Time", "Max Time", "#Rows", "Est. #Rows", "Peak Mem", "Est. Peak Mem", "Detail"}}
	t = append(t, d.node(0, 0, false)...)
	for i := range s.Nodes { // of fragments that nothing leads to
		if !d.drawn[i] {
			t = append(t, d.node(i, 0, false)...)
		}
	}
	var p page
	p.table("", t)
	return p.String()
}

// planDrawing walks the nodes once, whatever a server says of their order.
type planDrawing struct {
	summary *wire.ExecSummary
	drawn   []bool
	next    int // the node after the subtree that was drawn last
}

// node draws a node and all below it. First is true for the first line of an input that
// is indented.
func (d *planDrawing) node(i, depth int, first bool) table {
	if i < 0 || i >= len(d.drawn) || d.drawn[i] {
		return nil
	}
	d.drawn[i] = true
	n := &d.summary.Nodes[i]
	t := table{nodeRow(n, depth, first)}
	d.next = i + 1
	var main table
	for child := range max(0, min(int(n.Children), len(d.drawn))) {
		if d.next >= len(d.drawn) || d.drawn[d.next] {
			break
		}
		if child == 0 {
			main = d.node(d.next, depth, false)
		} else {
			t = append(t, d.node(d.next, depth+1, true)...)
		}
	}
	if sender, found := d.summary.Senders[int32(i)]; found {
		after := d.next
		if n.Children > 0 { // a join whose builder is a fragment of its own
			t = append(t, d.node(int(sender), depth+1, true)...)
		} else {
			t = append(t, d.node(int(sender), depth, false)...)
		}
		d.next = after
	}
	return append(t, main...)
}

func nodeRow(n *wire.PlanNode, depth int, first bool) []string {
	label := n.Label
	if depth > 0 {
		join := "  "
		if first {
			join = "--"
		}
		label = "|" + strings.Repeat("  |", depth-1) + join + label
	}
	row := []string{label, fmt.Sprint(n.Hosts), fmt.Sprint(len(n.Stats))}
	var total, longest, rows, memory int64
	for _, s := range n.Stats {
		total += s.LatencyNanos
		longest = max(longest, s.LatencyNanos)
		memory = max(memory, s.MemoryBytes)
		if n.Broadcast {
			rows = max(rows, s.Rows) // each instance received all of them
		} else {
			rows += s.Rows
		}
	}
	if len(n.Stats) == 0 {
		row = append(row, "-", "-", "-")
	} else {
		average := time.Duration(total / int64(len(n.Stats)))
		row = append(row, shortTime(average), shortTime(time.Duration(longest)), scaled(rows, 1000, "", "K", "M", "B"))
	}
	estimate := wire.NodeStats{Rows: -1, MemoryBytes: -1}
	if n.Estimated != nil {
		estimate = *n.Estimated
	}
	bytes := []string{" B", " KB", " MB", " GB"}
	return append(row, scaled(estimate.Rows, 1000, "", "K", "M", "B"), scaled(memory, 1024, bytes...), scaled(estimate.MemoryBytes, 1024, bytes...), n.Detail)
}

// shortTime has about three digits.
func shortTime(d time.Duration) string {
	for unit := time.Second; unit > 1; unit /= 1000 {
		if d >= unit {
			return d.Round(unit / 100).String()
		}
	}
	return d.String()
}

// scaled is a count in the largest unit that it fills; "-" if it is negative, which means
// that nobody knows.
func scaled(n, base int64, units ...string) string {
	if n < 0 {
		return "-"
	}
	v, unit := float64(n), 0
	for ; v >= float64(base) && unit < len(units)-1; unit++ {
		v /= float64(base)
	}
	if unit == 0 {
		return fmt.Sprint(n) + units[0]
	}
	return fmt.Sprintf("%.2f%s", v, units[unit])
}
