package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/job"
	"qosreport/internal/planner"
	"qosreport/internal/store"
)

// slot runs the newest slot of a schedule, for a scheduler outside that may start it twice,
// late, or not at all: the ledger decides whether there is something to do.
func (r *runCmd) slot(ctx context.Context, a *app) (err error) {
	if err := r.slotFlags(); err != nil {
		return err
	}
	flags := serviceFlags{Out: r.Out, fileFlags: r.fileFlags, connectionFlags: r.connectionFlags}
	svc, err := flags.read(a, []string{r.Schedule})
	if err != nil {
		return err
	}
	defer svc.close()
	ledger, done, err := openStore(ctx, a, svc.config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	svc.open(ledger, store.Self())
	s := &oneSlot{app: a, service: svc, schedule: svc.schedules[r.Schedule].planned(), noWait: r.NoWait}
	s.planner = planner.New(planner.Options{Store: ledger, Owner: svc.owner, Instance: instance(svc.config), Program: version(),
		Start: s.start, Missed: svc.missed, Lost: svc.lost, Now: a.now, Built: a.built, Logger: svc.log})
	slot, err := s.find(ctx, r.Slot)
	if err != nil {
		return err
	}
	return s.follow(ctx, slot)
}

// newest is the word for the slot that is due.
const newest = "last"

// find gives the newest slot, or that of a key, which the ledger has to know.
func (s *oneSlot) find(ctx context.Context, key string) (store.Slot, error) {
	if key == "" || key == newest {
		return s.planner.Newest(ctx, s.schedule)
	}
	s.byHand = true
	ledger := s.service.ledger
	if _, err := ledger.Reap(ctx); err != nil {
		return store.Slot{}, err
	}
	slot, err := ledger.Slot(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return slot, noSlot(ctx, s.service.config, ledger, key, err)
	}
	if name := s.schedule.Times.ID(); err == nil && slot.Schedule != name {
		err = fault.Advise(fault.Errorf(fault.Usage, 0, "slot %s is none of schedule %s", key, name), "%s", job.Owned{Schedule: slot.Schedule}.ByHand(key))
	}
	return slot, err
}

// slotFlags refuses what a schedule says itself. The zone of the environment is that of
// reports by hand, as it is for serve.
func (r *runCmd) slotFlags() error {
	switch {
	case r.Schedule == "":
		return fault.Advise(fault.Errorf(fault.Usage, 0, "--slot and --no-wait go with --schedule"), "qosreport run --schedule NAME --slot last")
	case len(r.Report) > 0 || r.Send || r.NoCache || r.DryRun || r.Profile || len(r.Format) > 0 || r.Date != "" || r.From != "" || r.To != "" || len(r.Param) > 0 || r.Zone != os.Getenv(zoneVariable):
		return fault.Advise(fault.Errorf(fault.Usage, 0, "--schedule says which report, window and mail it is"), "leave out the flags of the group Report but --slot, --no-wait and --out")
	}
	return nil
}

// oneSlot is the run of one slot by a process that ends with it.
type oneSlot struct {
	app      *app
	service  *service
	planner  *planner.Planner
	schedule planner.Schedule
	noWait   bool
	byHand   bool // a person named the slot: it is run also when it ended without success

	run *claimed // once the slot is ours
	err error    // of that run
}

func (s *oneSlot) start(ctx context.Context, slot store.Slot) (func(context.Context), error) {
	var err error
	if s.run, err = s.service.claim(ctx, slot, s.byHand); err != nil {
		return nil, err
	}
	return func(ctx context.Context) { s.err = s.run.carryOut(ctx) }, nil
}

// again is how often the slot of another process is looked at.
const again = time.Second

// once runs a slot that ended, because a person wants it.
func (s *oneSlot) once(ctx context.Context, slot store.Slot) error {
	run, err := s.start(ctx, slot)
	if err != nil {
		return err
	}
	run(ctx)
	return s.told()
}

// follow runs the slot, or waits for the process that does, until it has ended.
func (s *oneSlot) follow(ctx context.Context, slot store.Slot) error {
	for {
		switch slot.Outcome {
		case store.Due, store.Waiting:
			ran, err := s.planner.RunNow(ctx, s.schedule, slot)
			if ran {
				return s.told()
			}
			if err != nil && !errors.Is(err, store.ErrLimit) {
				return err
			}
		case store.Running:
		case store.Done:
			return s.ended(slot)
		default:
			if s.byHand {
				return s.once(ctx, slot)
			}
			return s.ended(slot)
		}
		var err error
		if slot, err = s.service.ledger.Slot(ctx, slot.Key); err != nil {
			return err
		}
		working := slot.Outcome == store.Running || slot.Outcome == store.Due || slot.Outcome == store.Waiting
		if working && s.noWait {
			return fault.Advise(fault.Errorf(fault.Busy, 0, "slot %s is %s, by another run or behind others", slot.Key, slot.Outcome), "qosreport status shows what is at work")
		}
		if working {
			if slot, err = s.wait(ctx, slot); err != nil {
				return err
			}
		}
	}
}

// wait looks at the slot again after a while. The run of a process that was lost meanwhile
// is ended.
func (s *oneSlot) wait(ctx context.Context, slot store.Slot) (store.Slot, error) {
	timer := time.NewTimer(again)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return slot, context.Cause(ctx)
	case <-timer.C:
	}
	if _, err := s.service.ledger.Reap(ctx); err != nil {
		return slot, err
	}
	return s.service.ledger.Slot(ctx, slot.Key)
}

// told prints what the run came to.
func (s *oneSlot) told() error {
	if outcome := s.run.Outcome(); outcome != nil {
		s.app.tell(outcome, s.run.Sent())
	}
	if why := s.run.Skipped(); why != "" {
		fmt.Fprintf(s.app.out, "  no mail: %s\n", why)
	}
	return s.err
}

// ended tells how a slot ended that this process did not run.
func (s *oneSlot) ended(slot store.Slot) error {
	switch slot.Outcome {
	case store.Done:
		_, err := fmt.Fprintf(s.app.out, "slot %s is already done, by run %s\n", slot.Key, slot.Run)
		return outputError(err)
	case store.Skipped, store.Suspended:
		_, err := fmt.Fprintf(s.app.out, "slot %s is %s: %s\n", slot.Key, slot.Outcome, slot.Reason)
		return outputError(err)
	}
	area := fault.Status
	if strings.HasPrefix(slot.Reason, store.ReasonUnknown) {
		area = fault.DeliveryUnknown
	}
	return fault.Advise(fault.Errorf(area, 0, "slot %s is %s: %s", slot.Key, slot.Outcome, slot.Reason), "%s tells how it came to that, and what can be done", job.Command("why", slot.Key))
}
