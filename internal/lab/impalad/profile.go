package impalad

import (
	"fmt"
	"strings"
	"time"

	"qosreport/internal/impala/hs2server"
	"qosreport/internal/lab/sql"
)

// An event is a moment of a statement's life, since it was submitted.
type event struct {
	name string
	at   time.Duration
}

// note adds an event to the timeline.
func (r *result) note(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timeline = append(r.timeline, event{name, time.Since(r.submitted)})
}

// Profile is the rest of a runtime profile: the plan, what its nodes did, and when.
func (r *result) Profile() string {
	var b strings.Builder
	if plan := r.statement.Explain(sql.ExplainStandard); plan != nil {
		const rule = "----------------\n"
		b.WriteString("    Plan: \n" + rule + strings.Join(plan, "\n") + "\n" + rule)
	}
	if measures := r.watch.Measures(); len(measures) > 0 {
		b.WriteString("    ExecSummary: \n" + strings.Join(summaryTable(measures), "\n") + "\n")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	last := time.Duration(0)
	fmt.Fprintf(&b, "    Query Timeline: %s\n", hs2server.PrettyTime(r.timeline[len(r.timeline)-1].at))
	for _, e := range r.timeline {
		fmt.Fprintf(&b, "       - %s: %s (%s)\n", e.name, hs2server.PrettyTime(e.at), hs2server.PrettyTime(e.at-last))
		last = e.at
	}
	return b.String()
}

// units writes a count as PrettyPrinter does (TUnit::UNIT).
func units(n int64) string {
	for _, unit := range []struct {
		letter string
		size   int64
	}{{"B", 1e9}, {"M", 1e6}, {"K", 1e3}} {
		if n >= unit.size {
			return fmt.Sprintf("%.2f%s", float64(n)/float64(unit.size), unit.letter)
		}
	}
	return fmt.Sprint(n)
}
