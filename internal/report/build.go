package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
	"qosreport/internal/query"
)

// Input is what a page is built of.
type Input struct {
	Definition *definition.Definition
	Args       definition.Args
	Window     Window
	States     map[string]*qos.Table   // by dataset
	Rows       map[string]*query.Spool // by dataset
	Provenance Provenance
}

// Build makes the page. It reads no clock: equal inputs give equal pages.
func Build(in Input) *Page {
	d := in.Definition
	totals := make(map[string]qos.State, len(in.States))
	for name, table := range in.States {
		totals[name] = table.Total()
	}
	tile := func(name string) Tile {
		m := d.Measures[name]
		return newTile(name, m, m.QoS().Eval(in.States[m.Dataset()], totals[m.Dataset()]))
	}
	p := &Page{
		Schema:     Schema,
		Report:     d.Name,
		Title:      d.Title,
		Window:     in.Window,
		Verdict:    verdict(d, tile),
		Provenance: in.Provenance,
	}
	for _, name := range slices.Sorted(maps.Keys(in.Args.Given)) {
		p.Params = append(p.Params, Param{Name: name, Values: in.Args.Given[name]})
	}
	for _, name := range d.SectionOrder {
		p.Sections = append(p.Sections, section(name, d.Sections[name], tile, in.Rows))
	}
	return p
}

func section(name string, s *definition.Section, tile func(string) Tile, rows map[string]*query.Spool) Section {
	out := Section{Name: name, Title: s.Title}
	if out.Title == "" {
		out.Title = heading(name)
	}
	if s.Table == "" {
		out.Kind = KindKPI
		for _, measure := range s.KPI {
			out.Tiles = append(out.Tiles, tile(measure))
		}
		return out
	}
	out.Kind = KindTable
	spool := rows[s.Table]
	out.Table = &Table{Rows: spool}
	for _, c := range spool.Columns {
		out.Table.Columns = append(out.Table.Columns, Column{Name: c.Name, Type: c.TypeName(), ID: c.Type})
	}
	return out
}

// heading makes a title of a name: worst_calls reads Worst calls.
func heading(name string) string {
	text := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// newHead is a measure as the head of its figures.
func newHead(name string, m *definition.Measure) Head {
	q := m.QoS()
	h := Head{Measure: name, Kind: string(q.Kind), Label: m.Label, Unit: m.Unit, Percent: q.Kind == qos.Ratio, Decimals: decimals(m, q.Kind)}
	if h.Label == "" {
		h.Label = heading(name)
	}
	if m.Better == "" {
		return h
	}
	h.Better = string(m.Better)
	h.Good, h.Acceptable = &q.Good, &q.Acceptable
	sign := "≤"
	if m.Better == qos.Up {
		sign = "≥"
	}
	h.Limits = fmt.Sprintf("good %s %s, acceptable %s %s", sign, limitText(m, q.Good), sign, limitText(m, q.Acceptable))
	return h
}

func newTile(name string, m *definition.Measure, f qos.Figure) Tile {
	return Tile{Head: newHead(name, m), Figure: newFigure(m, f)}
}

// verdict is the worst of the headline measures, with the first of them that decided.
func verdict(d *definition.Definition, tile func(string) Tile) Verdict {
	worst, sentence := qos.NotJudged, "No measure of this report is judged."
	for _, name := range slices.Sorted(maps.Keys(d.Measures)) {
		m := d.Measures[name]
		if !m.Headline {
			continue
		}
		t := tile(name)
		if v := verdictOf(t.Figure.Verdict); v > worst {
			worst = v
			sentence = fmt.Sprintf("%s at %s (%s; n = %s).", t.Label, t.Figure.Text, t.Limits, FormatNumber(t.Figure.N, 0))
		}
	}
	return Verdict{Word: worst.String(), Sentence: sentence}
}

func verdictOf(word string) qos.Verdict {
	for v := qos.NotJudged; v <= qos.Breach; v++ {
		if v.String() == word {
			return v
		}
	}
	return qos.NotJudged
}

// Day is the window of the report days from and to, inclusive, in a zone. A day whose
// midnight does not exist begins at the first moment that does.
func Day(from, to time.Time, zone *time.Location) Window {
	return Window{
		FromDate: from.Format(query.DateLayout),
		ToDate:   to.Format(query.DateLayout),
		From:     startOfDay(from, zone).UTC(),
		To:       startOfDay(to.AddDate(0, 0, 1), zone).UTC(),
		Zone:     zone.String(),
	}
}

// startOfDay is the first instant whose local date is that of day. Clocks that jump over
// midnight make time.Date answer with an instant of the day before or an hour later.
func startOfDay(day time.Time, zone *time.Location) time.Time {
	t := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone)
	if _, before := t.Add(-time.Second).Zone(); t.Day() == day.Day() && t.Hour() == 0 && before == offset(t) {
		return t
	}
	// A change of clocks is near: look for the first second of the date.
	for low, high := t.Add(-26*time.Hour), t.Add(26*time.Hour); ; {
		if high.Sub(low) <= time.Second {
			return high
		}
		middle := low.Add(high.Sub(low) / 2).Truncate(time.Second)
		if middle.In(zone).Format(query.DateLayout) < day.Format(query.DateLayout) {
			low = middle
		} else {
			high = middle
		}
	}
}

func offset(t time.Time) int {
	_, seconds := t.Zone()
	return seconds
}
