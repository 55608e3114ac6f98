package main

import (
	"context"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/schedule"
	"qosreport/internal/store"
)

// readState reads the ledger and finds what is not as it should be.
func readState(ctx context.Context, a *app, c *config.Config, ledger *store.Store) (*state, error) {
	status, err := ledger.Status(ctx)
	if err != nil {
		return nil, err
	}
	// Empty lists and not null: who reads JSON need not ask.
	s := &state{Instance: instance(c), Now: a.now().UTC(), OK: true, Problems: []string{}, Schedules: []scheduleState{},
		Running: []runState{}, Unknown: deliveryStates(status.Unknown), Stranded: deliveryStates(status.Stranded), HeartBeats: []heartBeatState{}}
	e := &expectation{ledger: ledger, now: s.Now, keep: retention(c).Runs, lost: make(map[string]store.Run)}
	for _, b := range status.Beats {
		e.alive = e.alive || lately(b, s.Now)
	}
	for _, run := range status.Lost {
		e.lost[run.ID] = run
	}
	s.beats(status.Beats)
	if err := s.schedules(ctx, c, e, status.Schedules); err != nil {
		return nil, err
	}
	for _, run := range status.Running {
		_, lost := e.lost[run.ID]
		facts, err := ledger.Facts(ctx, run.ID)
		if err != nil {
			return nil, err
		}
		s.Running = append(s.Running, runStateOf(facts, lost))
	}
	for _, d := range status.Unknown {
		s.problem(fault.Advise(fault.Errorf(fault.Status, 0, "nobody knows whether %s got delivery %d", d.Recipient, d.ID),
			"look into the mail server's log, then: %s", resolveText(d.ID)))
	}
	return s, nil
}

// beats shows the loops that are alive, or else the newest sign of one.
func (s *state) beats(list []store.Beat) {
	for i, b := range list { // newest first
		alive := lately(b, s.Now)
		owner, err := store.ParseOwner(b.Owner)
		if err != nil || !alive && i > 0 {
			continue
		}
		s.HeartBeats = append(s.HeartBeats, heartBeatState{owner.Host, owner.PID, b.Instance, b.Program, b.Started, b.At, alive})
	}
}

// schedules are those of the configuration, in their order.
func (s *state) schedules(ctx context.Context, c *config.Config, e *expectation, known []store.ScheduleStatus) error {
	seen := make(map[string]*store.ScheduleStatus)
	for i := range known {
		seen[known[i].Schedule] = &known[i]
	}
	for _, name := range c.ScheduleNames() {
		times := c.Schedules[name]
		one := scheduleState{Name: name, Zone: times.Times.Zone().String(), Suspended: times.Suspend, Next: nextState(name, times, s.Now)}
		var remembered *store.ScheduleState
		if found := seen[name]; found != nil {
			remembered = &found.ScheduleState
			one.Last, one.LastDone = slotStateOf(found.Newest), slotStateOf(found.Done)
		}
		switch err := e.check(ctx, name, times, remembered); {
		case err != nil && fault.AreaOf(err) != fault.Status:
			return err
		case err != nil:
			one.Problem = err.Error()
			s.problem(err)
		}
		s.Schedules = append(s.Schedules, one)
	}
	return nil
}

// nextState is the next slot that is to run, or nil when there is none or the schedule is
// suspended.
func nextState(name string, s *config.Schedule, now time.Time) *slotState {
	if s.Suspend {
		return nil
	}
	at := now
	for range schedule.MaxSlots { // a calendar may leave none
		slot := s.Times.Next(at)
		if slot.Key == "" {
			break
		}
		at = slot.Fire
		w := s.Times.Window(slot)
		if slot.Skip != "" || !w.From.Before(w.To) {
			continue
		}
		starts := slot.Fire.Add(schedule.Delay(name, s.Spread.Duration)).UTC()
		return &slotState{Key: slot.Key, Due: slot.Fire.UTC(), Starts: &starts, Window: windowState{w.From, w.To, w.Zone}}
	}
	return nil
}

func slotStateOf(slot *store.Slot) *slotState {
	if slot == nil {
		return nil
	}
	return &slotState{Key: slot.Key, Due: slot.Fire, Outcome: string(slot.Outcome), Reason: slot.Reason, Run: slot.Run, Window: windowState(slot.Window)}
}

func runStateOf(f store.RunFacts, lost bool) runState {
	r := f.Run
	s := runState{ID: r.ID, Kind: string(r.Kind), Schedule: r.Schedule, Slot: r.Slot, Variant: r.Variant, Window: windowState(r.Window),
		Started: r.Started, Since: r.Started, Lost: lost}
	if len(f.Attempts) > 0 {
		last := f.Attempts[len(f.Attempts)-1]
		s.Attempt, s.Phase, s.Since = last.Number, last.Phase, last.Started
		if last.Result != store.AttemptRunning {
			s.Phase, s.Since = "between attempts", last.Ended
		}
	}
	return s
}

func deliveryStates(list []store.Delivery) []deliveryState {
	states := []deliveryState{}
	for _, d := range list {
		states = append(states, deliveryState{d.ID, d.Variant, d.Recipient, windowState(d.Window), string(d.State), d.Changed, d.MessageID, d.Run})
	}
	return states
}
