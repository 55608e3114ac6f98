package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"qosreport/internal/definition"
	"qosreport/internal/qos"
)

// found is what one rule found in the window.
type found struct {
	items          []Finding
	tested, tooFew int
}

// find runs every rule, day by day, so that each day has the baseline of its weekday.
func (b *builder) find() error {
	b.found = make(map[string]found)
	for _, name := range b.def.FindingOrder {
		f, err := b.rule(name)
		if err != nil {
			return fmt.Errorf("finding %s: %w", name, err)
		}
		b.found[name] = f
	}
	return nil
}

// search is one rule on one day.
type search struct {
	name string
	rule *definition.Finding
	m    *definition.Measure
	day  string
	now  *qos.Table
	base *qos.Table
	of   float64 // bad items of the whole window
}

func (b *builder) rule(name string) (found, error) {
	f := b.def.Findings[name]
	m := b.def.Measures[f.Rate]
	window, err := b.states(m.Dataset(), b.days)
	if err != nil {
		return found{}, err
	}
	of, _ := m.QoS().Bad(window, window.Total())
	var all found
	for _, day := range b.days {
		s := search{name: name, rule: f, m: m, day: day, of: of}
		if s.now, err = b.states(m.Dataset(), []string{day}); err != nil {
			return found{}, err
		}
		days, kind := b.baselineDays(m.Dataset(), day)
		if s.base, err = b.states(m.Dataset(), days); err != nil {
			return found{}, err
		}
		odd := b.Window.oddHours(day)
		rule := qos.RateRule{Measure: m.QoS(), Z: f.Z.Value, MinExcess: f.MinExcess.Value}
		result, err := rule.Find(s.now, s.base, kind, f.By, func(hour int) bool { _, is := odd[hour]; return is })
		if err != nil {
			return found{}, err
		}
		all.tested, all.tooFew = all.tested+result.Tested, all.tooFew+result.TooFew
		for _, in := range result.Incidents {
			item, err := b.finding(s, rule, in)
			if err != nil {
				return found{}, err
			}
			all.items = append(all.items, item)
		}
	}
	return all, nil
}

func (b *builder) finding(s search, rule qos.RateRule, in qos.Incident) (Finding, error) {
	h := b.head(s.rule.Rate)
	f := Finding{
		Rule: s.name, Measure: s.rule.Rate, Label: h.Label, Verdict: in.Verdict(s.of).String(), Day: s.day,
		Bad: in.Bad, N: in.N, Excess: in.Excess, Of: s.of, BaseKind: string(in.BaseKind),
		Rate: badRate(h, in.Rate, in.N, in.Low, in.High), Base: badRate(h, in.BaseRate, in.BaseN, in.BaseLow, in.BaseHigh),
	}
	dims := slices.DeleteFunc(slices.Clone(s.rule.By), func(dim string) bool { return dim == definition.Hour })
	for i, dim := range dims {
		f.Where = append(f.Where, Pair{Dimension: dim, Member: memberText(in.Key[i])})
	}
	if len(in.Hours) > 0 {
		from, to := in.Hours[0], in.Hours[len(in.Hours)-1]+1
		f.FromHour, f.ToHour = &from, &to
		f.Hours = fmt.Sprintf("%02d:00–%02d:00", from, to)
	}
	causes, err := b.causes(&f, s, rule, in)
	if err != nil {
		return f, err
	}
	f.Cause = strings.TrimSpace(causes + " " + b.reasons(&f, s, in))
	f.Title = f.place(len(b.days) > 1) + ": " + h.Label + " " + f.own(h)
	bounds := "99.7 % interval"
	if z := cmp.Or(s.rule.Z.Value, 3); z != 3 {
		bounds = fmt.Sprintf("z = %g", z)
	}
	f.Text = fmt.Sprintf("%s of %s bad, %s (%s); usual %s, at most %s (95 %%, %s); %s more than usual. Rule %s.",
		FormatNumber(f.Bad, 0), FormatNumber(f.N, 0), f.Rate.Interval, bounds, f.Base.Text, f.Base.format(in.BaseHigh, ""), f.BaseKind, FormatNumber(f.Excess, 0), s.name)
	return f, nil
}

// own is the measure's own value: of one that is better when it rises, the rate of the
// items that are not bad.
func (f Finding) own(h Head) string {
	if h.Better == string(qos.Up) {
		return f.Rate.format(1-*f.Rate.Value, "")
	}
	return f.Rate.Text
}

// place is where and when.
func (f Finding) place(withDay bool) string {
	var parts []string
	for _, pair := range f.Where {
		parts = append(parts, pair.Member)
	}
	text := strings.Join(parts, ", ")
	if withDay {
		text += " " + f.Day
	}
	if f.Hours != "" {
		text += " " + f.Hours
	}
	return strings.TrimSpace(text)
}

// badRate is a rate of bad items, which stands in for the measure where that counts the
// good ones.
func badRate(h Head, rate, n, low, high float64) Figure {
	f := Figure{Value: &rate, N: n, Low: &low, High: &high, Percent: true, Decimals: max(h.Decimals, 1)}
	f.Text = f.format(rate, "")
	f.Interval = f.format(low, "") + " – " + f.format(high, "")
	return f
}

// causes says which member of which dimension holds most of the excess.
func (b *builder) causes(f *Finding, s search, rule qos.RateRule, in qos.Incident) (string, error) {
	var sentences, open []string
	for _, dim := range s.rule.ExplainBy {
		shares, err := rule.Explain(s.now, s.base, in, s.rule.By, []string{dim})
		if err != nil {
			return "", err
		}
		for _, share := range shares {
			f.Causes = append(f.Causes, Share{Name: dim, Member: memberText(share.Member), Label: memberText(share.Member), Bad: share.Bad, N: share.N,
				Excess: share.Excess, Part: share.Part, Text: wholePercent(share.Part)})
		}
		if most, found := qos.Confined(shares); found {
			sentences = append(sentences, fmt.Sprintf("%s %s holds %s of the excess.", heading(dim), memberText(most.Member), wholePercent(most.Part)))
		} else {
			open = append(open, strings.ReplaceAll(dim, "_", " "))
		}
	}
	if len(open) > 0 {
		sentences = append(sentences, "Not confined to one "+strings.Join(open, " or ")+".")
	}
	return strings.Join(sentences, " "), nil
}

// largeReason is which part of the excess a reason must have to be named, unless it is
// the largest of all.
const largeReason = 0.25

// reasons says why the items were bad, by ratios of the same whole: each has its own part
// of the excess, and parts overlap. What is usual comes from where the incident's own
// baseline does.
func (b *builder) reasons(f *Finding, s search, in qos.Incident) string {
	inside := insideOf(s.now, s.rule.By, in) // both tables have the columns of one dataset
	now, base := s.now.Where(inside), s.base.Where(inside)
	if in.BaseKind == qos.RestOfDay {
		base = s.now.Where(func(key []qos.Member) bool { return !inside(key) })
	}
	for _, name := range s.rule.Reasons {
		h := b.head(name)
		m := b.def.Measures[name].QoS()
		bad, n := m.Bad(now, now.Total())
		usual := 0.0
		if was, of := m.Bad(base, base.Total()); of > 0 {
			usual = was / of
		}
		share := Share{Name: name, Label: h.Label, Bad: bad, N: n, Excess: bad - usual*n}
		if f.Excess > 0 {
			share.Part = min(max(share.Excess/f.Excess, 0), 1)
		}
		share.Text = wholePercent(share.Part)
		f.Reasons = append(f.Reasons, share)
	}
	slices.SortStableFunc(f.Reasons, func(a, b Share) int { return cmp.Compare(b.Part, a.Part) })
	var named []string
	for i, r := range f.Reasons {
		if r.Part > 0 && (i == 0 || r.Part >= largeReason) {
			named = append(named, r.Label+" in "+r.Text)
		}
	}
	if len(named) == 0 {
		return ""
	}
	return "Of the excess, " + strings.Join(named, ", ") + "."
}

// insideOf tells which keys of a table belong to an incident's cells.
func insideOf(t *qos.Table, cube []string, in qos.Incident) func(key []qos.Member) bool {
	return func(key []qos.Member) bool {
		at := 0
		for _, dim := range cube {
			m := key[slices.Index(t.Dimensions, dim)]
			if dim == definition.Hour {
				if !m.Number || !slices.Contains(in.Hours, int(m.Int)) {
					return false
				}
				continue
			}
			if m != in.Key[at] {
				return false
			}
			at++
		}
		return true
	}
}

func wholePercent(part float64) string { return FormatNumber(part*100, 0) + "\u00a0%" }

// findings are those of the section's rules, the gravest first.
func (b *builder) findings(s *definition.Section) *Findings {
	f := &Findings{Items: []Finding{}}
	for _, rule := range b.def.FindingRules(s) {
		of := b.found[rule]
		f.Items = append(f.Items, of.items...)
		f.Tested, f.TooFew = f.Tested+of.tested, f.TooFew+of.tooFew
	}
	sortFindings(f.Items)
	if limit := s.FindingLimit(); len(f.Items) > limit {
		f.Hidden = len(f.Items) - limit
		f.Items = f.Items[:limit]
	}
	looked := fmt.Sprintf("%s tested, %s had too few data to test.", plural(f.Tested, "cell was", "cells were"), FormatNumber(float64(f.TooFew), 0))
	switch n := len(f.Items) + f.Hidden; {
	case n == 0:
		f.Text = "Nothing unusual was found: " + looked
	case f.Hidden > 0:
		f.Text = fmt.Sprintf("%s, of which the gravest %s shown: %s", plural(n, "finding", "findings"), plural(len(f.Items), "is", "are"), looked)
	default:
		f.Text = plural(n, "finding", "findings") + ": " + looked
	}
	return f
}

func sortFindings(items []Finding) {
	slices.SortStableFunc(items, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(verdictOf(b.Verdict), verdictOf(a.Verdict)), cmp.Compare(b.Excess, a.Excess))
	})
}

// testsHours reports whether one of the rules looks at single hours.
func (b *builder) testsHours(rules []string) bool {
	return slices.ContainsFunc(rules, func(rule string) bool { return slices.Contains(b.def.Findings[rule].By, definition.Hour) })
}

// clockNotes tell of hours that are not one hour long, where sections show hours.
func (b *builder) clockNotes(rules []string) []string {
	untested := ""
	if b.testsHours(rules) {
		untested = "; it is not tested for findings"
	}
	var notes []string
	for _, day := range b.days {
		odd := b.Window.oddHours(day)
		for _, hour := range slices.Sorted(maps.Keys(odd)) {
			notes = append(notes, fmt.Sprintf("On %s the hour %02d:00 %s%s.", day, hour, oddHour(odd[hour]), untested))
		}
	}
	return notes
}

// oddHour says what is odd about an hour of so many minutes.
func oddHour(minutes int) string {
	switch {
	case minutes == 0:
		return "does not exist, since clocks were set forward"
	case minutes < 60:
		return fmt.Sprintf("has only %d minutes, since clocks were set forward", minutes)
	case minutes == 120:
		return "holds two hours of data, since clocks were set back"
	}
	return fmt.Sprintf("holds %d minutes of data, since clocks were set back", minutes)
}
