package main

import (
	"fmt"
	"strings"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/schedule"
)

// nextCmd shows when schedules are due, from the configuration alone: it is the way to
// review a change.
type nextCmd struct {
	Schedule []string `placeholder:"NAME" help:"Schedule to show; may be repeated; default all."`
	Count    int      `default:"10" help:"How many slots of each."`
	fileFlags
	connectionFlags
}

// mostSlots bounds what one call lists of a schedule.
const mostSlots = 1000

// Run asks neither the store nor a server.
func (n *nextCmd) Run(a *app) error {
	if n.Count < 1 || n.Count > mostSlots {
		return fault.Errorf(fault.Usage, 0, "--count %d: write 1 to %d", n.Count, mostSlots)
	}
	c, err := n.load()
	if err != nil {
		return err
	}
	n.apply(c)
	if err := c.Validate(); err != nil {
		return err
	}
	names, err := schedulesNamed(c, n.Schedule)
	if err != nil {
		return err
	}
	warnSchedules(a, c, names)
	var p page
	for _, name := range names {
		p.coming(name, c.Schedules[name], upcoming(c.Schedules[name].Times, a.now(), n.Count))
	}
	return p.print(a)
}

// upcoming are the next slots after an instant, up to a number.
func upcoming(s *schedule.Schedule, after time.Time, count int) []schedule.Slot {
	var slots []schedule.Slot
	for len(slots) < count {
		slot := s.Next(after)
		if slot.Key == "" {
			break
		}
		slots = append(slots, slot)
		after = slot.Fire
	}
	return slots
}

// coming lists slots to come.
func (p *page) coming(name string, s *config.Schedule, slots []schedule.Slot) {
	zone := s.Times.Zone()
	about := fmt.Sprintf("%s: %s, %s", name, when(s), zone)
	if delay := schedule.Delay(name, s.Spread.Duration); delay > 0 {
		about += fmt.Sprintf(", starts %s later", shortest(delay))
	}
	p.head("%s", about)
	if len(slots) == 0 {
		p.line("  no slot is to come: until is %s", s.Until)
		return
	}
	t := table{{"nominal", "fires", "UTC", "window from", "to", ""}}
	for _, slot := range slots {
		w := s.Times.Window(slot)
		in := zoneNamed(w.Zone, zone)
		t.row(slot.Nominal.String(), stamp(slot.Fire, zone), stamp(slot.Fire, time.UTC), stamp(w.From, in), stamp(w.To, in), strings.Join(remarks(s, slot, w), "; "))
	}
	p.table("  ", t)
}

// remarks are what is unusual about a slot and its window.
func remarks(s *config.Schedule, slot schedule.Slot, w schedule.Window) []string {
	var list []string
	switch {
	case !w.From.Before(w.To):
		return []string{"calendar: the zone has no " + w.FirstDate}
	case slot.Skip != "":
		list = append(list, "calendar: "+slot.Skip)
	case s.Suspend:
		list = append(list, "suspended")
	}
	zone := zoneNamed(w.Zone, s.Times.Zone())
	_, first := w.From.In(zone).Zone()
	_, last := w.To.In(zone).Zone()
	if first != last || zone.String() != s.Times.Zone().String() {
		list = append(list, fmt.Sprintf("%g h, %s to %s", w.To.Sub(w.From).Hours(), stamp(w.From, time.UTC), stamp(w.To, time.UTC)))
	}
	return list
}
