package mail

import (
	"fmt"
	"strings"

	"qosreport/internal/report"
)

// tile is a measure with its verdict, and what it is compared with.
type tile struct {
	Label, Value string
	Missing      bool // Value is the reason why there is no number
	Verdict      string
	Basis        []string // what it stands on, and its limits
	Compare      []comparison
}

type comparison struct{ Label, Value, Change string }

// finding is an incident in whole sentences.
type finding struct{ Verdict, Title, Day, Text, Cause string }

// drafter makes blocks of sections.
type drafter struct {
	Options
	page   *report.Page
	blocks []block
}

// say adds a sentence; "" adds nothing.
func (d *drafter) say(text string, quiet bool) {
	if text != "" {
		d.blocks = append(d.blocks, block{Text: text, Quiet: quiet})
	}
}

func (d *drafter) section(s report.Section) (section, error) {
	var err error
	switch s.Kind {
	case report.KindKPI:
		d.tiles(s.Tiles)
	case report.KindFindings:
		d.findings(s.Findings)
	case report.KindHeatmap:
		err = d.heatmap(&s)
	case report.KindRanking:
		err = d.ranking(&s)
	case report.KindTrend:
		err = d.trend(&s)
	case report.KindHistogram:
		d.histogram(s.Histogram)
	case report.KindTable:
		err = d.table(&s, "first", maxRows, maxRows)
	case report.KindQuality:
		d.quality(&s)
	case report.KindDefinitions:
		d.terms(s.Terms)
	case report.KindProvenance:
		d.provenance()
	}
	for _, note := range entries(s.Notes) {
		d.say(note, true)
	}
	return section{Title: clean(s.Title, cellLength), Blocks: d.blocks, TooLong: d.tooLong()}, err
}

func (d *drafter) tiles(all []report.Tile) {
	if len(all) == 0 {
		d.say("No measure is shown.", true)
		return
	}
	var tiles []tile
	for _, t := range all[:min(len(all), maxRows)] {
		out := tile{Label: clean(t.Label, cellLength), Value: clean(t.Figure.Text, cellLength), Missing: !t.Figure.Shown(), Verdict: clean(t.Figure.Verdict, cellLength)}
		if t.Counted() {
			out.Basis = append(out.Basis, "n\u00a0=\u00a0"+report.FormatNumber(t.Figure.N, 0))
		}
		if t.Figure.Interval != "" && t.Figure.Shown() {
			out.Basis = append(out.Basis, "95\u00a0%: "+clean(t.Figure.Interval, cellLength))
		}
		if t.Limits != "" {
			out.Basis = append(out.Basis, clean(t.Limits, entryLength))
		}
		for _, c := range t.Compare[:min(len(t.Compare), maxEntries)] {
			one := comparison{Label: clean(c.Label, cellLength), Value: clean(c.Figure.Text, cellLength), Change: clean(c.Text, cellLength)}
			if one.Change == one.Value { // no data, twice
				one.Change = ""
			}
			out.Compare = append(out.Compare, one)
		}
		tiles = append(tiles, out)
	}
	d.blocks = append(d.blocks, block{Tiles: tiles})
	d.say(d.cut("first", len(tiles), len(all), "measures"), true)
}

func (d *drafter) findings(f *report.Findings) {
	d.say(clean(f.Text, sentenceLength), false)
	var items []finding
	for _, i := range f.Items[:min(len(f.Items), maxRows)] {
		items = append(items, finding{
			Verdict: clean(i.Verdict, cellLength), Title: clean(i.Title, entryLength), Day: clean(i.Day, cellLength),
			Text: clean(i.Text, sentenceLength), Cause: clean(i.Cause, sentenceLength),
		})
	}
	if len(items) > 0 {
		d.blocks = append(d.blocks, block{Findings: items})
	}
	d.say(d.cut("first", len(items), len(f.Items), "findings"), true)
	if f.Hidden > 0 {
		d.say("Further findings that are not shown: "+count(f.Hidden)+".", true)
	}
}

// terms explain measures in a few lines each.
func (d *drafter) terms(all []report.Term) {
	if len(all) == 0 {
		d.say("There is no measure.", true)
		return
	}
	var facts []fact
	for _, t := range all[:min(len(all), maxLines)] {
		text := clean(t.Formula, entryLength)
		if t.Percent {
			text += ", in\u00a0%"
		} else if t.Unit != "" {
			text += ", in\u00a0" + clean(t.Unit, cellLength)
		}
		if t.Limits != "" {
			text += "; " + clean(t.Limits, entryLength)
		}
		if t.Source != "" {
			text += " (" + clean(t.Source, entryLength) + ")"
		}
		if t.MinN > 0 {
			text += "; shown from n\u00a0=\u00a0" + count(t.MinN)
		}
		if t.Method != "" {
			text += "; " + clean(t.Method, entryLength)
		}
		facts = append(facts, fact{clean(t.Label, cellLength), text + "."})
		if t.About != "" {
			facts = append(facts, fact{"", clean(t.About, sentenceLength)})
		}
	}
	d.blocks = append(d.blocks, block{Facts: facts})
	d.say(d.cut("first", min(len(all), maxLines), len(all), "measures"), true)
}

// provenance names the statements; their texts are too long for a mail.
func (d *drafter) provenance() {
	of := d.page.Provenance
	var facts []fact
	if of.Principal != "" {
		facts = append(facts, fact{"Principal", clean(of.Principal, entryLength)})
	}
	if len(of.Options) > 0 {
		facts = append(facts, fact{"Query options", clean(params(of.Options), sentenceLength)})
	}
	var warnings []string
	for _, q := range of.Queries[:min(len(of.Queries), maxRows)] {
		name := clean(q.Dataset, cellLength)
		facts = append(facts,
			fact{"Query " + name, fmt.Sprintf("%s rows in %.1f s, started %s, on %s, query id %s; statement SHA-256 %s",
				report.FormatNumber(float64(q.Rows), 0), q.Seconds, instant(q.Started), clean(q.Coordinator, cellLength), clean(q.QueryID, cellLength), short(q.SHA256))})
		if q.Days != "" {
			facts = append(facts, fact{"", "Days: " + clean(q.Days, entryLength)})
		}
		for _, w := range q.Warnings {
			warnings = append(warnings, name+": the server warned: "+w)
		}
	}
	if len(facts) == 0 {
		d.say("No query was run.", true)
		return
	}
	d.blocks = append(d.blocks, block{Facts: facts})
	for _, w := range entries(warnings) {
		d.blocks = append(d.blocks, block{Text: w, Warning: true})
	}
	d.say(d.cut("first", min(len(of.Queries), maxRows), len(of.Queries), "queries"), true)
}

// join makes one line of texts, without the empty ones.
func join(texts ...string) string {
	var out []string
	for _, text := range texts {
		if text != "" {
			out = append(out, text)
		}
	}
	return strings.Join(out, " ")
}
