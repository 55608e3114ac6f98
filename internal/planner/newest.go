package planner

import (
	"context"
	"errors"

	"qosreport/internal/fault"
	"qosreport/internal/schedule"
	"qosreport/internal/store"
)

// Newest writes down the newest slot of a schedule, and those before it that nobody saw as
// missed, and gives it back as the ledger has it. It is for a process that another
// scheduler starts: a slot is then due whatever the catch-up policy says, unless it is too
// late to start it.
func (p *Planner) Newest(ctx context.Context, s Schedule) (store.Slot, error) {
	now := p.Now()
	if err := p.clock(now); err != nil {
		return store.Slot{}, err
	}
	if err := p.reap(ctx); err != nil {
		return store.Slot{}, err
	}
	last := s.Times.Last(now)
	if last.Key == "" {
		return store.Slot{}, fault.Advise(fault.Errorf(fault.Usage, 0, "schedule %s has had no slot yet", s.Times.ID()), "qosreport next shows when it is due")
	}
	state, _, err := p.Store.Sight(ctx, store.Sighting{Schedule: s.Times.ID(), ExpressionHash: s.Times.Hash(), Suspended: s.Suspended})
	if err != nil {
		return store.Slot{}, err
	}
	found, unlisted := p.fired(s.Times, state.Considered, now)
	if len(found) == 0 {
		found = []schedule.Slot{last} // of before the schedule was first seen, if it is not known
	}
	plan := store.Plan{Schedule: s.Times.ID(), ExpressionHash: s.Times.Hash(), Until: now, Unlisted: unlisted}
	late := "nobody ran it " + between(state.Considered, now, s.Times.Zone())
	for i, slot := range found {
		d := schedule.Decision{Slot: slot, Outcome: schedule.MissedDown}
		switch {
		case slot.Skip != "":
			d.Outcome = schedule.Calendar
		case s.Policy.Expired(slot, now):
			d.Outcome = schedule.MissedDeadline
		case i == len(found)-1:
			d.Outcome = schedule.Due
		}
		plan.Slots = append(plan.Slots, s.slot(d, late))
	}
	added, err := p.Store.Plan(ctx, plan)
	if err != nil {
		return store.Slot{}, err
	}
	p.tellPlanned(ctx, s, plan.Slots, added)
	due, err := p.Store.Slots(ctx, store.SlotFilter{Schedule: s.Times.ID(), Outcomes: []store.Outcome{store.Due, store.Waiting}})
	if err != nil {
		return store.Slot{}, err
	}
	if _, err := p.expire(ctx, due, now); err != nil {
		return store.Slot{}, err
	}
	slot, err := p.Store.Slot(ctx, last.Key)
	if errors.Is(err, store.ErrNotFound) {
		return slot, fault.Errorf(fault.Internal, 0, "slot %s was not written down", last.Key)
	}
	return slot, err
}
