package report

import (
	"fmt"
	"strings"

	"qosreport/internal/qos"
)

// verdict is the worst of the headline measures and the findings; the sentence says which
// of them decided. Limits of data quality that were passed stand beside it, or the days
// that headline measures lack.
func (b *builder) verdict(sections []Section) Verdict {
	v := b.judged()
	for _, s := range sections {
		if s.Quality == nil {
			continue
		}
		for _, c := range s.Quality.Checks {
			if c.Failed {
				v.Incomplete = append(v.Incomplete, c.sentence())
			}
		}
	}
	if len(v.Incomplete) == 0 {
		v.Incomplete = b.gaps()
	}
	return v
}

// gaps says which headline measures stand on a part of the window's days. One without any
// day is not judged, which the verdict itself tells.
func (b *builder) gaps() []string {
	var texts []string
	for _, name := range b.def.MeasureOrder {
		m := b.def.Measures[name]
		if !m.Headline {
			continue
		}
		missing := 0
		for _, day := range b.days {
			if b.total[m.Dataset()][day] == nil {
				missing++
			}
		}
		if missing > 0 && missing < len(b.days) {
			texts = append(texts, fmt.Sprintf("%s: no data on %d of %d days", b.head(name).Label, missing, len(b.days)))
		}
	}
	return texts
}

func (c Check) sentence() string {
	text := c.Label
	if c.Column != "" {
		text = c.Column + " " + text
	}
	return strings.TrimSpace(fmt.Sprintf("%s: %s (%s)", text, c.Text, c.Bound))
}

func (b *builder) judged() Verdict {
	worst, decided, all := qos.NotJudged, Tile{}, []Tile(nil)
	var silent *Tile // without any data; nothing is good that nobody saw
	for _, name := range b.def.MeasureOrder {
		m := b.def.Measures[name]
		if !m.Headline {
			continue
		}
		f, _ := b.figure(m, b.days) // the same tables went together before
		t := Tile{Head: b.head(name), Figure: newFigure(m, f)}
		all = append(all, t)
		if v := verdictOf(t.Figure.Verdict); v > worst {
			worst, decided = v, t
		}
		if silent == nil && t.Figure.noData() {
			silent = &t
		}
	}
	if silent != nil && worst <= qos.Good {
		worst, decided = qos.TooFew, *silent
	}
	var items []Finding
	for _, name := range b.def.FindingOrder {
		items = append(items, b.found[name].items...)
	}
	sortFindings(items)
	if len(items) > 0 && verdictOf(items[0].Verdict) >= max(worst, qos.Watch) {
		return Verdict{Word: items[0].Verdict, Sentence: b.incidentSentence(items[0])}
	}
	switch worst {
	case qos.NotJudged:
		return Verdict{Word: worst.String(), Sentence: "No measure of this report is judged."}
	case qos.Good:
		return Verdict{Word: worst.String(), Sentence: b.goodSentence(all)}
	}
	return Verdict{Word: worst.String(), Sentence: decided.decidedSentence(worst)}
}

// noData reports whether there was nothing to make the figure of, not even too little.
func (f Figure) noData() bool { return f.Value == nil && f.N == 0 }

// decidedSentence says how the tile that decided stands.
func (t Tile) decidedSentence(v qos.Verdict) string {
	f, n := t.Figure, ""
	if v == qos.TooFew && f.N == 0 {
		return fmt.Sprintf("There are no data to judge %s by.", t.Label)
	}
	if t.Counted() {
		n = "; n = " + FormatNumber(f.N, 0)
	}
	return fmt.Sprintf("%s at %s (%s%s).", t.Label, f.Text, t.Limits, n)
}

// incidentSentence names the incident that decided, and how it stands in the whole.
func (b *builder) incidentSentence(f Finding) string {
	m := b.def.Measures[f.Measure]
	whole, _ := b.figure(m, b.days)
	h := b.head(f.Measure)
	what := h.Label
	if h.Better == string(qos.Up) {
		what = "failures of " + h.Label
	}
	return fmt.Sprintf("%s caused %s of %s (%s); the whole window is at %s (%s).",
		f.place(len(b.days) > 1), FormatNumber(f.Bad, 0), FormatNumber(f.Of, 0), what, newFigure(m, whole).Text, h.Limits)
}

func (b *builder) goodSentence(tiles []Tile) string {
	var parts []string
	for _, t := range tiles {
		if t.Figure.Verdict == qos.Good.String() {
			parts = append(parts, t.Label+" "+t.Figure.Text)
		}
	}
	within := strings.Join(parts, ", ") + ": within the limits"
	if len(b.def.FindingOrder) == 0 { // nobody looked
		return within + "."
	}
	return within + ", and nothing unusual was found."
}

func verdictOf(word string) qos.Verdict {
	for v := qos.NotJudged; v <= qos.Breach; v++ {
		if v.String() == word {
			return v
		}
	}
	return qos.NotJudged
}
