package web

import (
	"fmt"
	"slices"
	"strings"

	"qosreport/internal/store"
)

// problem is one thing that somebody has to look at.
type problem struct {
	mark
	Title    string
	Reason   string
	Try      string
	Facts    []fact
	Commands []hint
}

// fact has a text or a moment.
type fact struct {
	Name, Text string
	Moment     moment
}

// hint is a command and when to give it.
type hint struct{ When, Command string }

// maxProblems bounds how many are drawn.
const maxProblems = 50

// problems are what is wrong, the worst first, and of that what stops everything.
func (v *view) problems(s state) []problem {
	var list []problem
	add := func(word, title string, err error) {
		if err != nil {
			list = append(list, problem{mark: mark{"breach", "✖", word}, Title: title, Reason: reason(err), Try: remedy(err)})
		}
	}
	add("stalled", "Planning", s.sick)
	for _, c := range s.checks {
		add("not ready", text(c.Name), c.Err)
	}
	add("not known", "Schedules and deliveries", s.unread)
	for _, d := range s.Unknown {
		list = append(list, v.unknown(d))
	}
	for _, group := range grouped(troubles(s.Overview)) {
		list = append(list, v.trouble(group))
	}
	slices.SortStableFunc(list, func(a, b problem) int { return strings.Compare(a.Class, b.Class) }) // breach before watch
	return list
}

func (v *view) unknown(d store.Delivery) problem {
	variant := d.Variant
	if d.Revision > 1 {
		variant = fmt.Sprintf("%s, revision %d", variant, d.Revision)
	}
	p := problem{
		mark:   mark{"breach", "✖", "unknown"},
		Title:  fmt.Sprintf("Delivery %d to %s", d.ID, text(d.Recipient)),
		Reason: "Nobody knows whether the mail arrived; it is not sent again by itself.",
		Facts: []fact{
			{Name: "Report", Text: text(variant)},
			{Name: "Data window", Text: v.window(d.Window, "")},
			{Name: "Since", Moment: v.moment(d.Changed, v.zone)},
		},
	}
	if d.Answer != "" {
		p.Facts = append(p.Facts, fact{Name: "The server said", Text: text(d.Answer)})
	}
	if d.Run != "" {
		p.Facts = append(p.Facts, fact{Name: "Run", Text: text(d.Run)})
	}
	number := fmt.Sprint(d.ID)
	p.Commands = []hint{
		{"It arrived:", command("resolve", number, "--sent")},
		{"It did not, and is to be sent:", command("resolve", number, "--not-sent")},
	}
	return p
}

// troubles are the slots that ended badly, each once. One that failed for nothing but an
// unknown delivery is left to that.
func troubles(o Overview) []store.Slot {
	all := slices.Clone(o.Trouble)
	for _, s := range o.Schedules {
		if i := slices.IndexFunc(s.Last, func(slot store.Slot) bool { return ended(slot.Outcome) }); i >= 0 {
			all = append(all, s.Last[i])
		}
	}
	unresolved := make(map[string]bool)
	for _, d := range o.Unknown {
		unresolved[d.Run] = true
	}
	seen := make(map[string]bool)
	return slices.DeleteFunc(all, func(slot store.Slot) bool {
		told := seen[slot.Key] || strings.HasPrefix(slot.Reason, store.ReasonUnknown) && unresolved[slot.Run]
		seen[slot.Key] = true
		return told || !bad(slot.Outcome)
	})
}

// grouped puts slots together that one cause ended: an hour without the service may be
// sixty slots.
func grouped(slots []store.Slot) [][]store.Slot {
	type cause struct {
		schedule string
		outcome  store.Outcome
		reason   string
	}
	index := make(map[cause]int)
	var groups [][]store.Slot
	for _, slot := range slots {
		c := cause{slot.Schedule, slot.Outcome, slot.Reason}
		i, ok := index[c]
		if !ok {
			i, index[c] = len(groups), len(groups)
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], slot)
	}
	return groups
}

// trouble tells of slots of one cause, newest first.
func (v *view) trouble(slots []store.Slot) problem {
	newest, oldest := slots[0], slots[len(slots)-1]
	zone := v.zoneOf(newest.Schedule)
	p := problem{mark: marked(newest.Outcome), Title: text(newest.Key), Reason: text(newest.Reason)}
	due := "Due"
	if len(slots) > 1 {
		p.Title = fmt.Sprintf("%d slots of %s", len(slots), text(newest.Schedule))
		p.Facts = append(p.Facts, fact{Name: "First due", Moment: v.moment(oldest.Fire, zone)})
		due = "Last due"
	}
	p.Facts = append(p.Facts, fact{Name: due, Moment: v.moment(newest.Fire, zone)},
		fact{Name: "Data window", Text: v.window(newest.Window, "")})
	if newest.Run != "" {
		p.Facts = append(p.Facts, fact{Name: "Run", Text: text(newest.Run)})
	}
	p.Commands = []hint{{"All that is known:", command("why", newest.Key)}}
	return p
}
