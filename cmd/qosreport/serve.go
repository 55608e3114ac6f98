package main

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/planner"
	"qosreport/internal/store"
	"qosreport/internal/web"
)

// serveCmd runs reports on their schedules until it is stopped.
type serveCmd struct {
	serviceFlags
}

// daemon is a running serve.
type daemon struct {
	flags   *serviceFlags
	app     *app
	started time.Time
	planner *planner.Planner
	notices sync.WaitGroup // that are on their way to owners
	turns   chan struct{}  // of so many notices at a time

	mu      sync.Mutex
	service *service // the last valid reading of the configuration
	retired sync.WaitGroup
}

// Run plans and runs until the context ends, and leaves in the ledger how everything that
// it began has ended.
func (s *serveCmd) Run(ctx context.Context, a *app) (err error) {
	var hangUp <-chan os.Signal
	if a.hangUps != nil { // before anything that takes time: until then the signal ends the process
		signals, stop := a.hangUps()
		defer stop()
		hangUp = signals
	}
	svc, err := s.read(a, nil)
	if err != nil {
		return err
	}
	ledger, done, err := openStore(ctx, a, svc.config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	svc.open(ledger, store.Self())
	d := &daemon{flags: &s.serviceFlags, app: a, started: a.now(), turns: make(chan struct{}, noticesAtATime)}
	d.planner = planner.New(planner.Options{Store: ledger, Owner: svc.owner, Instance: instance(svc.config), Program: version(),
		Start: d.start, Missed: d.missed, Lost: d.lost, Now: a.now, Built: a.built, Logger: svc.log})
	d.use(svc)
	return d.run(ctx, hangUp)
}

// run plans until the context ends, and then waits for all that was begun.
func (d *daemon) run(ctx context.Context, hangUp <-chan os.Signal) error {
	svc := d.current()
	listener, err := d.listen(ctx, svc)
	if err != nil {
		return err
	}
	svc.log.InfoContext(ctx, "serving", "instance", instance(svc.config), "program", version(), "schedules", len(svc.schedules),
		"store", svc.ledger.Path(), "web", svc.config.Web.Listen)
	// What is beside the plan outlives it: the page shows how the last runs end.
	keep := context.WithoutCancel(ctx)
	besides, stop := context.WithCancel(keep)
	planning, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var beside sync.WaitGroup
	beside.Go(func() { d.attend(besides, hangUp) })
	if listener != nil {
		beside.Go(func() {
			if err := web.Serve(besides, listener, d.site(svc)); err != nil {
				cancel(err)
			}
		})
	}
	beside.Go(func() {
		<-planning.Done() // before the planner's Run returns
		svc.log.InfoContext(keep, "stopping", "cause", context.Cause(planning).Error())
	})
	err = d.planner.Run(planning)
	d.notices.Wait()
	stop()
	beside.Wait()
	d.retire(d.current())
	d.retired.Wait()
	if cause := context.Cause(planning); ctx.Err() == nil && cause != nil {
		err = errors.Join(cause, err)
	}
	return errors.Join(err, unknownLeft(keep, svc.ledger))
}

// listen opens the port of the status page, if there is to be one.
func (d *daemon) listen(ctx context.Context, svc *service) (net.Listener, error) {
	if svc.config.Web.Listen == "" {
		return nil, nil
	}
	return web.Listen(ctx, svc.config.Web.Listen)
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
			if _, err := svc.ledger.Prune(ctx, retention(svc.config)); err != nil && ctx.Err() == nil {
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
		old.log.ErrorContext(ctx, "configuration refused, the old one stays", "error", err.Error(), "try", fault.Remedy(err))
		return
	}
	svc.open(old.ledger, old.owner)
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
	r, err := svc.claim(ctx, slot, false)
	if err != nil {
		svc.runs.Done()
		return nil, err
	}
	return func(ctx context.Context) {
		defer svc.runs.Done()
		_ = r.carryOut(ctx) // which logged it, and wrote it down
	}, nil
}

// noticesAtATime bounds the connections to the mail server: after an outage every schedule
// has something to tell at once, and servers refuse a client that comes so often.
const noticesAtATime = 2

// missed and lost tell owners beside the plan, which waits for no mail server.
func (d *daemon) missed(ctx context.Context, name string, slots []store.Slot) {
	svc := d.current()
	d.tellBeside(ctx, func() { svc.missed(ctx, name, slots) })
}

func (d *daemon) lost(ctx context.Context, run store.LostRun) {
	svc := d.current()
	d.tellBeside(ctx, func() { svc.lost(ctx, run) })
}

// tellBeside tells something when it is its turn. After a stop nothing waits for its turn any
// more, or the stop would wait for all.
func (d *daemon) tellBeside(ctx context.Context, tell func()) {
	d.notices.Go(func() {
		select {
		case d.turns <- struct{}{}:
			defer func() { <-d.turns }()
		case <-ctx.Done():
		}
		tell()
	})
}
