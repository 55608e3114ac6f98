package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
)

// Bounds of what a heat map can show; what has the most items is shown.
const (
	maxHeatRows    = 60
	maxHeatColumns = 60
)

func (b *builder) heatmap(s *definition.Section) (*Heatmap, []string, error) {
	m := b.def.Measures[s.Heatmap]
	states, err := b.states(m.Dataset(), b.days)
	if err != nil {
		return nil, nil, err
	}
	merged, err := states.Merge(s.Rows, s.Columns)
	if err != nil {
		return nil, nil, err
	}
	h := &Heatmap{Head: b.head(s.Heatmap), RowDim: s.Rows, ColDim: s.Columns, Columns: []string{}, Rows: []HeatRow{}}
	rows, dropped := largest(merged, 0, m.QoS(), maxHeatRows)
	columns, droppedColumns := largest(merged, 1, m.QoS(), maxHeatColumns)
	if s.Columns == definition.Hour {
		columns, droppedColumns = hours(columns), 0
	}
	at := make(map[[2]qos.Member]qos.State)
	for _, state := range merged.States {
		at[[2]qos.Member{state.Key[0], state.Key[1]}] = state
	}
	for _, c := range columns {
		h.Columns = append(h.Columns, columnName(s.Columns, c))
	}
	for _, r := range rows {
		row := HeatRow{Member: memberText(r)}
		for _, c := range columns {
			state, found := at[[2]qos.Member{r, c}]
			cell := HeatCell{Figure: noFigure(m), Empty: !found}
			if found {
				cell.Figure = newFigure(m, m.QoS().Eval(merged, state))
			}
			row.Cells = append(row.Cells, cell)
		}
		h.Rows = append(h.Rows, row)
	}
	h.level(m.QoS())
	return h, b.heatNotes(s, h, dropped, droppedColumns), nil
}

func (b *builder) heatNotes(s *definition.Section, h *Heatmap, rows, columns int) []string {
	var notes []string
	few := 0
	for _, r := range h.Rows {
		for _, c := range r.Cells {
			if c.Few && !c.Empty {
				few++
			}
		}
	}
	if few > 0 {
		notes = append(notes, plural(few, "cell has", "cells have")+" too few data to show a figure.")
	}
	for _, left := range []struct {
		n   int
		dim string
	}{{rows, s.Rows}, {columns, s.Columns}} {
		if left.n > 0 {
			notes = append(notes, fmt.Sprintf("%s not shown.", plural(left.n, "further member of "+left.dim+" is", "further members of "+left.dim+" are")))
		}
	}
	if s.Rows == definition.Hour || s.Columns == definition.Hour {
		notes = append(notes, b.clockNotes(b.def.FindingOrder)...)
	}
	return notes
}

// largest are the members of a dimension in their order, at most so many; those with the
// fewest items, or the least sum, are left out.
func largest(t *qos.Table, dim int, m qos.Measure, most int) (members []qos.Member, dropped int) {
	weight := make(map[qos.Member]float64)
	for _, s := range t.States {
		f := m.Eval(t, s)
		weight[s.Key[dim]] += 1 + f.N
		if m.Kind == qos.Sum {
			weight[s.Key[dim]] += math.Abs(f.Value)
		}
	}
	for member := range weight {
		members = append(members, member)
	}
	slices.SortFunc(members, func(a, b qos.Member) int { return cmp.Or(cmp.Compare(weight[b], weight[a]), a.Compare(b)) })
	if len(members) > most {
		dropped = len(members) - most
		members = members[:most]
	}
	slices.SortFunc(members, qos.Member.Compare)
	return members, dropped
}

// hours are all hours of a day, and what has none when there is such.
func hours(found []qos.Member) []qos.Member {
	members := make([]qos.Member, 24, 25)
	for i := range members {
		members[i] = qos.Number(int64(i))
	}
	if slices.Contains(found, qos.Null()) {
		members = append(members, qos.Null())
	}
	return members
}

func columnName(dim string, m qos.Member) string {
	if dim == definition.Hour && m.Number {
		return fmt.Sprintf("%02d", m.Int)
	}
	return memberText(m)
}

// level colours the cells. Those of a judged measure by how far beyond acceptable they
// are, in distances from good to acceptable; others by where they lie between the
// smallest and the largest.
func (h *Heatmap) level(m qos.Measure) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, r := range h.Rows {
		for _, c := range r.Cells {
			if c.Shown() {
				low, high = min(low, *c.Value), max(high, *c.Value)
			}
		}
	}
	for _, r := range h.Rows {
		for i := range r.Cells {
			c := &r.Cells[i]
			switch {
			case !c.Shown():
			case m.Better != "":
				c.Level = judgedLevel(m, *c.Value)
			case high > low:
				c.Level = min(int((*c.Value-low)/(high-low)*(MaxLevel+1)), MaxLevel)
			}
		}
	}
}

func judgedLevel(m qos.Measure, v float64) int {
	good, acceptable := m.Good, m.Acceptable
	if m.Better == qos.Up {
		v, good, acceptable = -v, -good, -acceptable
	}
	step := acceptable - good
	switch {
	case v <= good:
		return 0
	case v <= acceptable:
		return 1
	case v <= acceptable+5*step:
		return 2
	case v <= acceptable+20*step:
		return 3
	}
	return MaxLevel
}
