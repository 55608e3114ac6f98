package web

import (
	"crypto/sha256"
	_ "embed" // the page's sources
	"encoding/base64"
	"fmt"
	"html/template"
	"time"

	"qosreport/internal/store"
)

//go:embed page.css
var style string

//go:embed page.tmpl
var source string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"style":   func() template.CSS { return template.CSS(style) },
	"text":    text,
	"columns": func(names ...string) []string { return names },
}).Parse(source))

// policy lets a browser use nothing but the one style of the page, which its hash names
// (Content Security Policy Level 3, section 2.3.1).
var policy = func() string {
	hash := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// state is all that a page is made of.
type state struct {
	Overview
	unread error // why the overview is not whole
	sick   error // of Healthy
	checks []Check
}

// view is what the template is given. What the template shows of texts of others in it
// went through the function text, here or there.
type view struct {
	Instance, Program string
	Zone              string
	UTC               string // now; "" when Zone is that
	Now, Started      moment
	Problems          []problem
	More              int // problems that are not drawn
	Unread            bool
	Coming            *coming
	Running           []running
	Schedules         []schedule

	clock
	zoneNames map[string]string // by name of the schedule
}

// coming is the next slot of all that will run.
type coming struct {
	Schedule string
	Due      moment
}

// running is a run at work.
type running struct {
	Name, ID, Kind, Phase, Window string
	Since, Started                moment
}

// schedule is a schedule with the slots around now.
type schedule struct {
	Schedule
	ID    string // of its part of the page
	Slots []slot // to come, soonest first
	Ended []slot // newest first
}

// slot is a row of a table of slots.
type slot struct {
	mark
	Nominal, Window, Reason, Run, Why string
	Due                               moment
}

func (s *site) view(from state) *view {
	now := s.Now()
	v := &view{
		Instance: s.Instance, Program: s.Program, Zone: s.Zone.String(), Unread: from.unread != nil,
		clock: clock{now, s.Zone, make(map[string]*time.Location)}, zoneNames: make(map[string]string),
	}
	v.Now, v.Started = v.moment(now, s.Zone), v.moment(s.Started, s.Zone)
	if s.Zone != time.UTC {
		v.UTC = now.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	for _, sched := range from.Schedules {
		v.zoneNames[sched.Name] = sched.Zone
	}
	v.Problems = v.problems(from)
	if v.More = max(0, len(v.Problems)-maxProblems); v.More > 0 {
		v.Problems = v.Problems[:maxProblems]
	}
	for _, r := range from.Running {
		v.Running = append(v.Running, v.run(r))
	}
	for i, sched := range from.Schedules {
		v.Schedules = append(v.Schedules, v.schedule(fmt.Sprintf("s%d", i+1), sched))
	}
	v.Coming = v.coming(from.Schedules)
	return v
}

// Verdict is the page in a few words, for the title and the first line.
func (v *view) Verdict() mark {
	n := len(v.Problems) + v.More
	if n == 0 {
		return mark{"good", "✔", "all well"}
	}
	worst := v.Problems[0].mark
	worst.Word = fmt.Sprintf("%d things to look at", n)
	if n == 1 {
		worst.Word = "1 thing to look at"
	}
	return worst
}

// zoneOf is the zone in which the times of a schedule are shown, also of one that is
// configured no more.
func (v *view) zoneOf(schedule string) *time.Location {
	if name, ok := v.zoneNames[schedule]; ok {
		return v.in(name)
	}
	return v.zone
}

func (v *view) run(r Running) running {
	shown := running{
		Name: r.Schedule, ID: r.ID, Kind: string(r.Kind), Phase: r.Phase, Window: v.window(r.Window, ""),
		Since: v.moment(r.Since, v.zone), Started: v.moment(r.Started, v.zone),
	}
	if shown.Name == "" {
		shown.Name = r.Variant
	}
	if shown.Phase == "" {
		shown.Phase = "not begun"
	}
	if r.Attempt > 1 {
		shown.Phase = fmt.Sprintf("%s, attempt %d", shown.Phase, r.Attempt)
	}
	return shown
}

func (v *view) schedule(id string, s Schedule) schedule {
	zone := v.in(s.Zone)
	shown := schedule{Schedule: s, ID: id}
	for _, n := range s.Next {
		row := slot{Nominal: n.Nominal, Window: v.window(n.Window, s.Zone), Due: v.moment(n.Fire, zone), mark: mark{"none", "○", "to come"}}
		switch {
		case s.Suspended:
			row.mark = marked(store.Suspended)
		case n.Skip != "":
			row.mark, row.Reason = marked(store.Skipped), n.Skip
		}
		shown.Slots = append(shown.Slots, row)
	}
	for _, l := range s.Last {
		shown.Ended = append(shown.Ended, slot{
			mark: marked(l.Outcome), Window: v.window(l.Window, s.Zone), Reason: l.Reason,
			Run: l.Run, Why: command("why", l.Key), Due: v.moment(l.Fire, zone),
		})
	}
	return shown
}

// coming finds the next slot that will run, or nil.
func (v *view) coming(schedules []Schedule) *coming {
	var found *coming
	var at time.Time
	for _, s := range schedules {
		for _, n := range s.Next {
			if s.Suspended || n.Skip != "" {
				continue
			}
			if found == nil || n.Fire.Before(at) {
				at = n.Fire
				found = &coming{s.Name, v.moment(n.Fire, v.in(s.Zone))}
			}
			break
		}
	}
	return found
}
