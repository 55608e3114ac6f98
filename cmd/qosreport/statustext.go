package main

import (
	"cmp"
	"fmt"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/job"
	"qosreport/internal/store"
)

// state draws what status found.
func (p *page) state(s *state, c *config.Config) {
	zone := zoneNamed(c.Zone, time.UTC)
	p.line("%s at %s", s.Instance, stamp(s.Now, zone))
	p.schedules(s, c)
	if len(s.Running) > 0 {
		p.head("running")
		t := table{{"run", "of", "window", "phase", "since", ""}}
		for _, r := range s.Running {
			phase := cmp.Or(r.Phase, "begins")
			if r.Attempt > 1 {
				phase += fmt.Sprintf(", attempt %d", r.Attempt)
			}
			note := ""
			if r.Lost {
				note = "its process is lost"
			}
			t.row(r.ID, cmp.Or(r.Slot, r.Variant), windowText(store.Window(r.Window), zone), phase, stamp(r.Since, zone)+", for "+spell(s.Now.Sub(r.Since)), note)
		}
		p.table("  ", t)
	}
	p.deliveries("unknown deliveries: look into the mail server's log, then", s.Unknown, zone, resolveText)
	p.deliveries("pending deliveries that nobody sends by himself", s.Stranded, zone, func(id int64) string {
		return job.Command("resolve", fmt.Sprint(id), "--not-sent") + " sends it"
	})
	p.head("heart-beats")
	if len(s.HeartBeats) == 0 {
		p.line("  none")
	}
	var t table
	for _, b := range s.HeartBeats {
		since := "since " + stamp(b.Started, zone)
		if !b.Alive {
			since += ", not seen for " + spell(s.Now.Sub(b.At))
		}
		t.row(b.Instance, fmt.Sprintf("%s, process %d", b.Host, b.PID), b.Program, "last "+stamp(b.At, zone), since)
	}
	p.table("  ", t)
}

// maxReason bounds what a table shows of a reason; why tells all.
const maxReason = 80

func (p *page) schedules(s *state, c *config.Config) {
	if len(s.Schedules) == 0 {
		p.head("there are no schedules")
		return
	}
	p.head("schedules")
	t := table{{"name", "last slot", "outcome", "window", "next slot", "reason"}}
	for _, one := range s.Schedules {
		zone := zoneNamed(one.Zone, time.UTC)
		last, outcome, window, reason, next := "none yet", "", "", "", "none"
		if one.Last != nil {
			last, outcome = stamp(one.Last.Due, zone), one.Last.Outcome
			window, reason = windowText(store.Window(one.Last.Window), zone), one.Last.Reason
		}
		if one.Next != nil {
			next = stamp(one.Next.Due, zone)
		}
		if one.Suspended {
			next = "suspended"
		}
		t.row(one.Name, last, outcome, window, next, shortened(reason, maxReason))
	}
	p.table("  ", t)
}

func (p *page) deliveries(head string, list []deliveryState, zone *time.Location, command func(id int64) string) {
	if len(list) == 0 {
		return
	}
	p.head("%s", head)
	t := table{{"number", "to", "of", "window", "since", ""}}
	for _, d := range list {
		t.row(fmt.Sprint(d.ID), d.Recipient, d.Variant, windowText(store.Window(d.Window), zone), stamp(d.Since, zone), command(d.ID))
	}
	p.table("  ", t)
}

// shortened is the beginning of a text, up to so many characters.
func shortened(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
