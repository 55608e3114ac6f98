package report

import (
	"fmt"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
)

func (b *builder) ranking(s *definition.Section) (*Ranking, []string, error) {
	by := b.def.Measures[s.By]
	merged, err := b.merged(by.Dataset(), s.Ranking)
	if err != nil {
		return nil, nil, err
	}
	r := &Ranking{Dimension: s.Ranking, By: b.head(s.By), Rows: []RankRow{}, Members: len(merged.States)}
	var notes []string
	rate := 0.0
	if by.QoS().Kind == qos.Ratio {
		var note string
		if rate, note, err = b.baseRate(r, by); err != nil {
			return nil, nil, err
		}
		notes = append(notes, note)
	}
	ranked := qos.Rank(merged, by.QoS(), rate)
	top, others, count := qos.Top(merged, ranked, s.RankingTop())
	columns, err := b.rankColumns(s)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range columns {
		r.Columns = append(r.Columns, c.head)
	}
	row := func(name string, bad, n float64) RankRow {
		out := RankRow{Member: name}
		if r.BaseRate != nil {
			excess := bad - rate*n
			out.Bad, out.Excess = &bad, &excess
		}
		return out
	}
	shown := make(map[qos.Member]bool)
	for _, one := range top {
		member := one.State.Key[0]
		shown[member] = true
		bad, n := by.QoS().Bad(merged, one.State)
		line := row(member.String(), bad, n)
		for _, c := range columns {
			line.Figures = append(line.Figures, c.figure(func(m qos.Member) bool { return m == member }))
		}
		r.Rows = append(r.Rows, line)
	}
	if count > 0 {
		bad, n := by.QoS().Bad(merged, others)
		line := row(fmt.Sprintf("(%d others)", count), bad, n)
		for _, c := range columns {
			line.Figures = append(line.Figures, c.figure(func(m qos.Member) bool { return !shown[m] }))
		}
		r.Other = &line
	}
	return r, notes, nil
}

// baseRate is the rate of bad items that members are held against: that of the baseline's
// days, or of the window itself.
func (b *builder) baseRate(r *Ranking, by *definition.Measure) (float64, string, error) {
	days, note := b.days, "Excess is the bad items beyond the rate of the whole window."
	if len(b.days) == 1 {
		if base, kind := b.baselineDays(by.Dataset(), b.days[0]); kind != qos.None {
			days = base
			note = fmt.Sprintf("Excess is the bad items beyond the rate of the %d %s before.", len(base), sortOfDay(kind, b.days[0]))
		}
	}
	states, err := b.states(by.Dataset(), days)
	if err != nil {
		return 0, "", err
	}
	bad, n := by.QoS().Bad(states, states.Total())
	rate := 0.0
	if n > 0 {
		rate = bad / n
	}
	low, high := qos.Wilson(rate, n, qos.Z95)
	f := badRate(r.By, rate, n, low, high)
	r.BaseRate = &f
	return rate, note + " It is " + f.Text + ".", nil
}

// merged is a dataset's window at the grain of one dimension.
func (b *builder) merged(dataset, dim string) (*qos.Table, error) {
	states, err := b.states(dataset, b.days)
	if err != nil {
		return nil, err
	}
	return states.Merge(dim)
}

// rankColumn is one measure of a ranking, by member.
type rankColumn struct {
	head    Head
	measure *definition.Measure
	states  *qos.Table
}

// rankColumns are the measure that orders and the further ones; each may come from a
// dataset of its own.
func (b *builder) rankColumns(s *definition.Section) ([]rankColumn, error) {
	names := s.Measures
	if len(names) == 0 {
		names = []string{s.By}
	}
	var columns []rankColumn
	for _, name := range names {
		m := b.def.Measures[name]
		states, err := b.merged(m.Dataset(), s.Ranking)
		if err != nil {
			return nil, err
		}
		columns = append(columns, rankColumn{head: b.head(name), measure: m, states: states})
	}
	return columns, nil
}

// figure is the measure over the members that belong; several are added up as states.
func (c rankColumn) figure(belongs func(qos.Member) bool) Figure {
	part := c.states.Where(func(key []qos.Member) bool { return belongs(key[0]) })
	if len(part.States) == 0 {
		return noFigure(c.measure)
	}
	return newFigure(c.measure, c.measure.QoS().Eval(part, part.Total()))
}
