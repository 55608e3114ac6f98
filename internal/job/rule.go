package job

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
	"qosreport/internal/report"
)

// facts are what decides whether the mail of a report is sent.
type facts struct {
	rows     int // days of the window with rows, and plain rows
	findings int
	figures  string // hash of the figures in the mail's body
}

// factsOf looks at a page whose mail shows the sections of body.
func factsOf(page *report.Page, d *data, body []string) facts {
	f := facts{rows: d.days, figures: figures(page.Pick(body))}
	for _, spool := range d.rows {
		f.rows += spool.Len()
	}
	for _, s := range page.Sections {
		if s.Findings != nil {
			f.findings += len(s.Findings.Items) + s.Findings.Hidden
		}
	}
	return f
}

// daysWithRows are the days of the window for which there is a state.
func daysWithRows(states map[string]*qos.Table, w report.Window) int {
	found := make(map[string]bool)
	for _, table := range states {
		byDay := table.Split(definition.Day)
		for _, day := range w.Dates(0) {
			if part := byDay[qos.Text(day)]; part != nil && len(part.States) > 0 {
				found[day] = true
			}
		}
	}
	return len(found)
}

// figures is a hash of what the sections say in numbers. Dates and hours of the same
// figures are another day's report of them.
func figures(sections []report.Section) string {
	h := sha256.New()
	for _, s := range sections {
		fmt.Fprintf(h, "%q ", s.Name)
		for _, t := range s.Tiles {
			fmt.Fprintf(h, "%q %q ", t.Measure, t.Figure.Text)
		}
		if s.Findings != nil {
			for _, f := range s.Findings.Items {
				fmt.Fprintf(h, "%q %q %v %g %g ", f.Measure, f.Verdict, f.Where, f.Bad, f.N)
			}
		}
		if s.Tiles != nil || s.Findings != nil {
			continue
		}
		// What cannot be written as JSON has no figures that could be compared.
		if text, err := json.Marshal(s); err == nil {
			h.Write(text)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// The words of a schedule's rule for sending.
const (
	sendRows     = "rows"
	sendWatch    = "watch"
	sendBreach   = "breach"
	sendFindings = "findings"
	sendChanged  = "changed"
)

// holds reports whether a rule lets the mail be sent, and the values that decided. A
// report whose data are incomplete is always sent: its silence would be taken for good
// news.
func (o *Outcome) holds(rule, lastFigures string) (send bool, decided string) {
	v := o.Verdict
	switch rule {
	case sendRows:
		send, decided = o.facts.rows > 0, fmt.Sprintf("%d rows", o.facts.rows)
	case sendWatch:
		send, decided = v.Word == qos.Watch.String() || v.Word == qos.Breach.String(), "verdict "+v.Word
	case sendBreach:
		send, decided = v.Word == qos.Breach.String(), "verdict "+v.Word
	case sendFindings:
		send, decided = o.facts.findings > 0, fmt.Sprintf("%d findings", o.facts.findings)
	case sendChanged:
		send, decided = o.facts.figures != lastFigures, "figures "+o.facts.figures
		if !send {
			decided += ", the same as in the last mail"
		}
	default:
		return true, ""
	}
	return send || len(v.Incomplete) > 0, decided
}
