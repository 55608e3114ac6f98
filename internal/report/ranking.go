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
		if rate, notes, err = b.baseRate(r, by); err != nil {
			return nil, nil, err
		}
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
		line := row(memberText(member), bad, n)
		for _, c := range columns {
			line.Figures = append(line.Figures, c.figure(member))
		}
		r.Rows = append(r.Rows, line)
	}
	if count > 0 {
		bad, n := by.QoS().Bad(merged, others)
		line := row("("+plural(count, "other", "others")+")", bad, n)
		for _, c := range columns {
			line.Figures = append(line.Figures, c.others(shown))
		}
		r.Other = &line
	}
	return r, notes, nil
}

// baseRate is the rate of bad items that members are held against: that of the baseline's
// days, or of the window itself where those have no items. The notes say which it is;
// without any items there is no rate.
func (b *builder) baseRate(r *Ranking, by *definition.Measure) (rate float64, notes []string, err error) {
	type choice struct {
		days []string
		of   string
	}
	choices := []choice{{b.days, "whole window"}}
	if len(b.days) == 1 {
		if base, kind := b.baselineDays(by.Dataset(), b.days[0]); kind != qos.None {
			before := choice{base, fmt.Sprintf("%d %s before", len(base), sortOfDay(kind, b.days[0]))}
			choices = []choice{before, choices[0]}
		}
	}
	for _, c := range choices {
		states, err := b.states(by.Dataset(), c.days)
		if err != nil {
			return 0, nil, err
		}
		bad, n := by.QoS().Bad(states, states.Total())
		if n == 0 {
			continue
		}
		rate = bad / n
		low, high := qos.Wilson(rate, n, qos.Z95)
		f := badRate(r.By, rate, n, low, high)
		r.BaseRate = &f
		return rate, []string{fmt.Sprintf("Excess is the bad items beyond the rate of the %s. It is %s.", c.of, f.Text)}, nil
	}
	return 0, nil, nil
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
	at      map[qos.Member]qos.State
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
		c := rankColumn{head: b.head(name), measure: m, states: states, at: make(map[qos.Member]qos.State, len(states.States))}
		for _, state := range states.States {
			c.at[state.Key[0]] = state
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// figure is the measure of a member, which the column's dataset may lack.
func (c rankColumn) figure(member qos.Member) Figure {
	state, found := c.at[member]
	if !found {
		return noFigure(c.measure)
	}
	return newFigure(c.measure, c.measure.QoS().Eval(c.states, state))
}

// others is the measure over all further members, added up as states.
func (c rankColumn) others(shown map[qos.Member]bool) Figure {
	part := c.states.Where(func(key []qos.Member) bool { return !shown[key[0]] })
	if len(part.States) == 0 {
		return noFigure(c.measure)
	}
	return newFigure(c.measure, c.measure.QoS().Eval(part, part.Total()))
}
