package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/store"
	"qosreport/internal/web"
)

const (
	shownNext = 3
	shownLast = 5
	// troubleFor is how long a slot that went wrong is shown among what is to be looked at.
	troubleFor = 72 * time.Hour
)

// site is what the status page shows of the daemon.
func (d *daemon) site(svc *service) web.Options {
	zone, err := svc.config.Location()
	if err != nil { // it was valid
		zone = time.UTC
	}
	return web.Options{
		Instance: instance(svc.config),
		Program:  version(),
		Started:  d.started,
		Zone:     zone,
		Now:      d.app.now,
		Overview: func(ctx context.Context) (web.Overview, error) { return d.current().overview(ctx) },
		Healthy:  d.planner.Healthy,
		Ready:    d.ready,
		Logger:   svc.log,
	}
}

// ready is what stands in the way of the next run, as far as it can be seen from here.
func (d *daemon) ready(context.Context) []web.Check {
	return []web.Check{{Name: "planner", Err: d.planner.Ready()}, {Name: "keytab", Err: d.current().keytab()}}
}

// keytab sees whether the keytab that the configuration names can be read.
func (s *service) keytab() error {
	file := s.config.Kerberos.Keytab
	if s.config.Impala.Auth != "kerberos" || file == "" {
		return nil
	}
	f, err := os.Open(file)
	if err != nil {
		return fault.Advise(fault.New(fault.Security, fault.Authentication, fmt.Errorf("kerberos.keytab: %w", err)), "mount the keytab, readable for the user of this process")
	}
	return f.Close()
}

// overview is the state of the ledger and what comes next.
func (s *service) overview(ctx context.Context) (o web.Overview, err error) {
	now := s.app.now()
	var errs []error
	for _, name := range s.config.ScheduleNames() {
		shown, err := s.shown(ctx, s.schedules[name], now)
		o.Schedules, errs = append(o.Schedules, shown), append(errs, err)
	}
	running, err := s.ledger.Runs(ctx, store.RunFilter{States: []store.RunState{store.RunRunning}})
	errs = append(errs, err)
	for _, run := range running {
		one := web.Running{Run: run}
		facts, err := s.ledger.Facts(ctx, run.ID)
		if n := len(facts.Attempts); err == nil && n > 0 {
			last := facts.Attempts[n-1]
			one.Attempt, one.Phase, one.Since = last.Number, last.Phase, last.Started
		}
		o.Running = append(o.Running, one)
	}
	o.Unknown, err = s.ledger.Deliveries(ctx, store.DeliveryFilter{States: []store.DeliveryState{store.Unknown}})
	errs = append(errs, err)
	o.Trouble, err = s.ledger.Slots(ctx, store.SlotFilter{Outcomes: []store.Outcome{store.Failed, store.Abandoned, store.Missed}, From: now.Add(-troubleFor)})
	slices.Reverse(o.Trouble)
	return o, errors.Join(append(errs, err)...)
}

func (s *service) shown(ctx context.Context, one *scheduled, now time.Time) (web.Schedule, error) {
	times := one.config.Times
	shown := web.Schedule{Name: one.name, Report: one.config.Report, When: when(one.config), Zone: times.Zone().String(), Window: one.config.Window, Suspended: one.config.Suspend}
	if shown.Window == "" {
		shown.Window = "previous_day"
	}
	for _, next := range upcoming(times, now, shownNext) {
		w := times.Window(next)
		shown.Next = append(shown.Next, web.Next{Nominal: next.Nominal.String(), Fire: next.Fire, Skip: next.Skip, Window: store.Window{From: w.From, To: w.To, Zone: w.Zone}})
	}
	var err error
	shown.Last, err = s.ledger.Slots(ctx, store.SlotFilter{Schedule: one.name, Newest: shownLast})
	slices.Reverse(shown.Last)
	return shown, err
}
