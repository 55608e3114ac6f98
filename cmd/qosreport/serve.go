package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"qosreport/internal/job"
	"qosreport/internal/planner"
	"qosreport/internal/store"
)

// serveCmd runs reports on their schedules until it is stopped.
type serveCmd struct {
	serviceFlags
}

// daemon is a running serve.
type daemon struct {
	flags   *serviceFlags
	app     *app
	planner *planner.Planner

	mu      sync.Mutex
	service *service // the last valid reading of the configuration
	retired sync.WaitGroup
}

// Run plans and runs until the context ends, and leaves in the ledger how everything that
// it began has ended.
func (s *serveCmd) Run(ctx context.Context, a *app) (err error) {
	svc, err := s.read(a, nil)
	if err != nil {
		return err
	}
	ledger, done, err := openStore(ctx, a, svc.config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	d := &daemon{flags: &s.serviceFlags, app: a}
	svc.ledger, svc.owner = ledger, store.Self()
	d.planner = planner.New(planner.Options{Store: ledger, Owner: svc.owner, Instance: instance(svc.config), Program: version(),
		Start: d.start, Missed: d.missed, Now: a.now, Built: a.built, Logger: svc.log})
	d.use(svc)
	var hangUp <-chan os.Signal
	if a.hangUps != nil {
		signals, stop := a.hangUps()
		defer stop()
		hangUp = signals
	}
	svc.log.InfoContext(ctx, "serving", "instance", instance(svc.config), "program", version(), "schedules", len(svc.schedules), "store", ledger.Path())
	var beside sync.WaitGroup
	besides, stop := context.WithCancel(context.WithoutCancel(ctx))
	beside.Go(func() { d.attend(besides, hangUp) })
	err = d.planner.Run(ctx)
	stop()
	beside.Wait()
	d.retire(d.current())
	d.retired.Wait()
	return errors.Join(err, unknownLeft(context.WithoutCancel(ctx), ledger))
}

// attend does what is to be done beside the plan: it reads the configuration again on
// SIGHUP, and forgets what is old once a day.
func (d *daemon) attend(ctx context.Context, hangUp <-chan os.Signal) {
	daily := time.NewTicker(24 * time.Hour)
	defer daily.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangUp:
			d.reload(ctx)
		case <-daily.C:
			svc := d.current()
			if _, err := svc.ledger.Prune(ctx, retention(svc.config)); err != nil {
				svc.log.ErrorContext(ctx, "ledger not pruned", "error", err.Error())
			}
		}
	}
}

// reload takes a new reading of the configuration in place of the last valid one. An
// invalid one changes nothing.
func (d *daemon) reload(ctx context.Context) {
	old := d.current()
	svc, err := d.flags.read(d.app, nil)
	if err != nil {
		old.log.ErrorContext(ctx, "configuration refused, the old one stays", "error", err.Error())
		return
	}
	svc.ledger, svc.owner = old.ledger, old.owner
	if svc.config.Store.Path != old.config.Store.Path || svc.config.Web.Listen != old.config.Web.Listen {
		svc.log.WarnContext(ctx, "store.path and web.listen change with the next start only")
	}
	d.use(svc)
	d.retire(old)
	svc.log.InfoContext(ctx, "configuration read again", "schedules", len(svc.schedules))
}

func (d *daemon) current() *service {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.service
}

func (d *daemon) use(svc *service) {
	d.mu.Lock()
	d.service = svc
	d.mu.Unlock()
	d.planner.Set(svc.planned())
}

// retire closes a reading once its runs have ended.
func (d *daemon) retire(svc *service) { d.retired.Go(svc.close) }

// start claims a slot for the planner.
func (d *daemon) start(ctx context.Context, slot store.Slot) (func(context.Context), error) {
	d.mu.Lock()
	svc := d.service
	svc.runs.Add(1)
	d.mu.Unlock()
	r, err := svc.claim(ctx, slot)
	if err != nil {
		svc.runs.Done()
		return nil, err
	}
	return func(ctx context.Context) {
		defer svc.runs.Done()
		_ = svc.carryOut(ctx, r) // which logged it, and wrote it down
	}, nil
}

// missed tells the owner of a schedule which slots were missed.
func (d *daemon) missed(ctx context.Context, name string, slots []store.Slot) {
	_ = fmt.Sprint(ctx, name, slots, job.Formats)
}
