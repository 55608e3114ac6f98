package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
	"qosreport/internal/query"
)

// Input is what a page is built of.
type Input struct {
	Definition *definition.Definition
	Args       definition.Args
	Window     Window                  // made by [Day]
	States     map[string]*qos.Table   // by dataset, of the window and of the days before that sections look back to
	Rows       map[string]*query.Spool // by dataset
	Provenance Provenance
}

// Build makes the page. It reads no clock: equal inputs give equal pages, in whatever
// order the states come. States that break what their measures mean, like a part that is
// more than its whole, are an error: a figure made of them would look like any other.
func Build(in Input) (*Page, error) {
	b := &builder{Input: in, def: in.Definition, days: in.Window.Dates(0)}
	for _, step := range []func() error{b.split, b.check, b.find} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	p := &Page{Schema: Schema, Report: b.def.Name, Title: b.def.Title, Window: in.Window, Provenance: in.Provenance}
	for _, name := range slices.Sorted(maps.Keys(in.Args.Given)) {
		p.Params = append(p.Params, Param{Name: name, Values: in.Args.Given[name]})
	}
	for _, name := range b.def.SectionOrder {
		s, err := b.section(name)
		if err != nil {
			return nil, fmt.Errorf("section %s: %w", name, err)
		}
		p.Sections = append(p.Sections, s)
	}
	p.Verdict = b.verdict(p.Sections)
	return p, nil
}

// builder is a page in the making.
type builder struct {
	Input
	def   *definition.Definition
	days  []string                         // of the window
	byDay map[string]map[string]*qos.Table // states by dataset and day
	total map[string]map[string]*qos.Table // one state a day, by dataset
	found map[string]found                 // by rule
}

// split sorts the states into days, and adds up each day once.
func (b *builder) split() error {
	b.byDay, b.total = make(map[string]map[string]*qos.Table), make(map[string]map[string]*qos.Table)
	for name, t := range b.States {
		if t == nil || !slices.Contains(t.Dimensions, definition.Day) {
			continue // check tells it
		}
		b.byDay[name], b.total[name] = make(map[string]*qos.Table), make(map[string]*qos.Table)
		for day, table := range t.Split(definition.Day) {
			total, err := table.Merge()
			if err != nil {
				return err
			}
			b.byDay[name][day.Text], b.total[name][day.Text] = table, total
		}
	}
	return nil
}

// states are those of a dataset on the days that there are.
func (b *builder) states(dataset string, days []string) (*qos.Table, error) {
	tables := []*qos.Table{b.shape(dataset)}
	for _, day := range days {
		tables = append(tables, b.byDay[dataset][day])
	}
	return qos.Union(tables...)
}

// shape is the dataset's table without states, so that a union of no day has its columns.
func (b *builder) shape(dataset string) *qos.Table {
	t := b.States[dataset]
	if t == nil {
		return nil
	}
	empty := *t
	empty.States = nil
	return &empty
}

// figure is a measure over whole days.
func (b *builder) figure(m *definition.Measure, days []string) (qos.Figure, error) {
	tables := []*qos.Table{}
	for _, day := range days {
		tables = append(tables, b.total[m.Dataset()][day])
	}
	t, err := qos.Union(tables...)
	if err != nil {
		return qos.Figure{}, err
	}
	if len(t.States) == 0 {
		return qos.Figure{}, nil
	}
	return m.QoS().Eval(t, t.Total()), nil
}

func (b *builder) section(name string) (Section, error) {
	out := Section{Name: name, Title: heading(name)}
	s := b.def.Sections[name]
	if s == nil {
		out.Kind = Kind(name)
		if name == definition.Definitions {
			out.Terms = b.terms()
		} else {
			out.Notes = b.Provenance.keptNotes()
		}
		return out, nil
	}
	if s.Title != "" {
		out.Title = s.Title
	}
	var err error
	switch {
	case len(s.KPI) > 0:
		out.Kind = KindKPI
		out.Tiles, err = b.tiles(s)
	case s.Findings.Written():
		out.Kind, out.Findings = KindFindings, b.findings(s)
		if rules := b.def.FindingRules(s); b.testsHours(rules) {
			out.Notes = b.clockNotes(rules)
		}
	case s.Heatmap != "":
		out.Kind = KindHeatmap
		out.Heatmap, out.Notes, err = b.heatmap(s)
	case s.Ranking != "":
		out.Kind = KindRanking
		out.Ranking, out.Notes, err = b.ranking(s)
	case len(s.Trend) > 0:
		out.Kind = KindTrend
		out.Trend, out.Notes, err = b.trend(s)
	case s.Histogram != "":
		out.Kind = KindHistogram
		out.Histogram, err = b.histogram(s.Histogram)
	case s.Quality != "":
		out.Kind = KindQuality
		out.Quality, err = b.quality(s.Quality)
	default:
		out.Kind, out.Table = KindTable, table(b.Rows[s.Table])
		if hashed := b.def.Datasets[s.Table].Hash; len(hashed) > 0 {
			out.Notes = []string{"Personal data are shown as hashes: " + strings.Join(hashed, ", ") + "."}
		}
	}
	return out, err
}

func table(spool *query.Spool) *Table {
	t := &Table{Rows: spool}
	for _, c := range spool.Columns {
		t.Columns = append(t.Columns, Column{Name: c.Name, Type: c.TypeName(), ID: c.Type})
	}
	return t
}

// heading makes a title of a name: worst_calls reads Worst calls.
func heading(name string) string { return Sentence(strings.ReplaceAll(name, "_", " ")) }
