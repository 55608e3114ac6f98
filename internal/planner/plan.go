package planner

import (
	"context"
	"time"

	"qosreport/internal/schedule"
	"qosreport/internal/store"
)

// held is what this planner saw of a schedule at its last look.
type held struct {
	hash string // of the times
	at   time.Time
}

// sight tells the ledger of a schedule, and gives back since when its slots are due. When
// another process plans it by other times, the ledger sees a change at each look of either,
// and each goes by what it saw itself, or the slots between would be nobody's.
func (p *Planner) sight(ctx context.Context, s Schedule) (considered time.Time, err error) {
	name, hash := s.Times.ID(), s.Times.Hash()
	state, fresh, err := p.Store.Sight(ctx, store.Sighting{Schedule: name, ExpressionHash: hash, Suspended: s.Suspended})
	if err != nil || !fresh {
		return state.Considered, err
	}
	if last := p.held[name]; last.hash == hash {
		p.Logger.WarnContext(ctx, "another process plans the schedule by other times", "schedule", name, "try", "give every process on this store the same configuration")
		return last.at, nil
	}
	p.Logger.InfoContext(ctx, "schedule takes effect", "schedule", name, "next", s.Times.Next(p.Now()).Fire)
	return state.Considered, nil
}

// plan writes down the slots of one schedule that fired since the last look.
func (p *Planner) plan(ctx context.Context, s Schedule, now time.Time) error {
	considered, err := p.sight(ctx, s)
	if err != nil {
		return err
	}
	hash := s.Times.Hash()
	found, unlisted := p.fired(s.Times, considered, now)
	if len(found) == 0 && now.Sub(considered) < longestSleep {
		p.held[s.Times.ID()] = held{hash, now}
		return nil // a new last instant alone is worth no write each time
	}
	plan := store.Plan{Schedule: s.Times.ID(), ExpressionHash: hash, Until: now, Unlisted: unlisted}
	down := "service was down " + between(considered, now, s.Times.Zone())
	for _, d := range s.Policy.Plan(found, now) {
		slot := s.slot(d, down)
		if slot.Outcome == store.Due && now.Sub(slot.Fire) > schedule.Punctual {
			slot.Reason = down
		}
		plan.Slots = append(plan.Slots, slot)
	}
	added, err := p.Store.Plan(ctx, plan)
	if err != nil {
		return err
	}
	p.held[s.Times.ID()] = held{hash, now}
	p.tellPlanned(ctx, s, plan.Slots, added)
	return nil
}

// fired are the slots after an instant until now. Of very many only the newest are listed.
func (p *Planner) fired(s *schedule.Schedule, after, now time.Time) (slots []schedule.Slot, unlisted int) {
	slots, more := s.Between(after, now, schedule.MaxSlots)
	if !more {
		return slots, 0
	}
	slots = nil
	for at := now; len(slots) < catchUpMax; {
		slot := s.Last(at)
		slots = append([]schedule.Slot{slot}, slots...)
		at = slot.Fire.Add(-1)
	}
	return slots, schedule.MaxSlots
}

// slot is a decision as the ledger keeps it; why is how a missed one came to be.
func (s Schedule) slot(d schedule.Decision, why string) store.Slot {
	w := s.Times.Window(d.Slot)
	slot := store.Slot{
		Key:      d.Slot.Key,
		Schedule: s.Times.ID(),
		Nominal:  d.Slot.Nominal.String(),
		Fire:     d.Slot.Fire,
		StartBy:  d.Slot.Fire.Add(s.Policy.StartDeadline),
		Window:   store.Window{From: w.From, To: w.To, Zone: w.Zone},
	}
	switch {
	case !w.From.Before(w.To):
		// A zone left the date out. The ledger knows no empty windows; this one is not read.
		slot.Window.To = w.From.Add(time.Millisecond)
		slot.Outcome, slot.Reason = store.Skipped, "calendar: the zone has no "+w.FirstDate
	case d.Outcome == schedule.Calendar:
		slot.Outcome, slot.Reason = store.Skipped, "calendar: "+d.Slot.Skip
	case s.Suspended:
		slot.Outcome, slot.Reason = store.Suspended, "the schedule is suspended"
	case d.Outcome == schedule.MissedDown:
		slot.Outcome, slot.Reason = store.Missed, "down: "+why
	case d.Outcome == schedule.MissedDeadline:
		slot.Outcome, slot.Reason = store.Missed, "deadline: "+why
	default:
		slot.Outcome = store.Due
	}
	return slot
}

// between is a span of local times, with dates when it began on another day than it ends.
func between(from, to time.Time, zone *time.Location) string {
	from, to = from.In(zone), to.In(zone)
	layout := "2006-01-02 15:04"
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		layout = "15:04"
	}
	return from.Format(layout) + " to " + to.Format(layout)
}

// tellPlanned tells what was missed at once.
func (p *Planner) tellPlanned(ctx context.Context, s Schedule, slots []store.Slot, added []string) {
	isNew := make(map[string]bool, len(added))
	for _, key := range added {
		isNew[key] = true
	}
	var missed []store.Slot
	for _, slot := range slots {
		if !isNew[slot.Key] {
			continue
		}
		p.Logger.DebugContext(ctx, "slot planned", "slot", slot.Key, "outcome", slot.Outcome, "reason", slot.Reason)
		if slot.Outcome == store.Missed {
			missed = append(missed, slot)
		}
	}
	p.tellMissed(ctx, s.Times.ID(), missed)
}

func (p *Planner) tellMissed(ctx context.Context, name string, missed []store.Slot) {
	if len(missed) == 0 {
		return
	}
	p.Logger.WarnContext(ctx, "slots missed", "schedule", name, "slots", len(missed), "first", missed[0].Key, "last", missed[len(missed)-1].Key, "reason", missed[0].Reason)
	if p.Missed != nil {
		p.Missed(ctx, name, missed)
	}
}
