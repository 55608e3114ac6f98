package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/impala"
	"qosreport/internal/job"
	"qosreport/internal/planner"
	"qosreport/internal/query"
	"qosreport/internal/schedule"
	"qosreport/internal/store"
)

// service is one reading of the configuration with what its runs share. A new reading makes
// a new one; runs keep that with which they began.
type service struct {
	app       *app
	config    *config.Config
	schedules map[string]*scheduled
	ledger    *store.Store
	owner     store.Owner
	sender    job.Sender
	notifier  *job.Notifier
	connector *connector
	log       *slog.Logger
	runs      sync.WaitGroup // that use the connector
}

// serviceFlags say where the configuration of a service comes from.
type serviceFlags struct {
	Out string `env:"QOSREPORT_OUT" placeholder:"DIR" help:"Folder of the files; default that of the configuration."`
	fileFlags
	connectionFlags
}

// read reads and checks everything that a service of the named schedules needs, of all when
// none is named. It is still to be opened.
func (f *serviceFlags) read(a *app, names []string) (*service, error) {
	c, err := f.load()
	if err != nil {
		return nil, err
	}
	f.connectionFlags.apply(c)
	setter{c}.text(&c.Out, f.Out, "out", "--out")
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Store.Path == "" {
		return nil, fault.Advise(fault.Errorf(fault.Usage, 0, "schedules need a ledger, or the same mail could leave twice"), "write store.path into configs/qosreport.yaml, on a disk that lasts")
	}
	s := &service{app: a, config: c, log: newLogger(a.err, c.Log)}
	if s.schedules, err = f.scheduled(c, names, a.now()); err != nil {
		return nil, err
	}
	if len(s.schedules) == 0 {
		return nil, fault.Advise(fault.Errorf(fault.Usage, 0, "the configuration has no schedules"), "write them into configs/qosreport.yaml; the embedded one shows every key")
	}
	if s.sender, err = newSender(c, a.dial); err != nil {
		return nil, err
	}
	s.connector = &connector{config: c, log: s.log, dial: a.dial, now: a.now}
	return s, nil
}

// open gives the service its ledger.
func (s *service) open(ledger *store.Store, owner store.Owner) {
	s.ledger, s.owner = ledger, owner
	s.notifier = &job.Notifier{Store: ledger, Sender: s.sender, From: s.config.SMTP.From, Instance: instance(s.config), Program: version(),
		Allowed: s.config.SMTP.Allowed, Grace: s.app.grace(s.config), Now: s.app.now, Logger: s.log}
}

// planned are the schedules as the planner takes them.
func (s *service) planned() []planner.Schedule {
	var all []planner.Schedule
	for _, one := range s.schedules {
		all = append(all, one.planned())
	}
	return all
}

// claimed is a run of this process that is still to be carried out.
type claimed struct {
	*job.Booked
	progress *progress
	log      *slog.Logger
}

// claim takes a slot for a run of this process. By hand it may have ended, but not be done.
func (s *service) claim(ctx context.Context, slot store.Slot, byHand bool) (*claimed, error) {
	one := s.schedules[slot.Schedule]
	if one == nil {
		return nil, fault.Errorf(fault.Internal, 0, "slot %s: there is no such schedule", slot.Key)
	}
	o := s.options(one, slot)
	log := s.log.With("run", o.Run, "slot", slot.Key)
	r := &claimed{progress: newProgress(nil, log), log: log}
	o.Progress = r.progress
	due := &job.Due{Slot: slot, ConfigHash: one.hash(s.config), MaxRuns: s.config.MaxRuns, SendWhen: one.config.SendWhen, ByHand: byHand,
		Alone: one.config.Policy.Admit(1) != schedule.Due}
	due.Failed = func(ctx context.Context, f job.Failed) { s.told(ctx, s.notifier.Failed(ctx, one.owned(), slot, f)) }
	due.Done = func(ctx context.Context) { s.told(ctx, s.notifier.Recovered(ctx, one.owned(), slot)) }
	var err error
	r.Booked, err = job.Claim(ctx, o, job.Booking{Store: s.ledger, Owner: s.owner, Sender: s.sender, Grace: s.app.grace(s.config), Logger: log, Due: due})
	if err != nil {
		return nil, err
	}
	log.InfoContext(ctx, "run started", "window", o.Window.Text())
	return r, nil
}

// options are those of a run for a slot.
func (s *service) options(one *scheduled, slot store.Slot) job.Options {
	now := s.app.now()
	o := s.app.options(s.config, s.connector)
	o.Run, o.Name, o.Definition, o.Templates, o.Args = store.NewRunID(now), one.name, one.definition, one.templates, one.args
	o.Window = span(slot.Window, one.config.Times.Zone())
	o.Keeper, o.Out, o.Budget = s.ledger, s.config.Out, one.config.RunTimeout.Duration
	o.Mail = reportMail(s.config)
	if late := one.late(slot, now); late != "" {
		o.Mail.Remarks = []string{late}
	}
	return o
}

// told logs that the ledger could not take what the owner was told; a run is as good
// without.
func (s *service) told(ctx context.Context, err error) {
	if err != nil {
		s.log.ErrorContext(ctx, "notice not in the ledger", "error", err.Error())
	}
}

// carryOut runs a claimed slot and tells how it ended.
func (r *claimed) carryOut(ctx context.Context) error {
	err := r.Run(ctx)
	r.progress.Done(err)
	switch {
	case err == nil && r.Skipped() != "":
		r.log.InfoContext(ctx, "run ended", "outcome", "skipped", "reason", r.Skipped())
	case err == nil:
		r.log.InfoContext(ctx, "run ended", "outcome", "done", "verdict", r.Outcome().Verdict.Word, "mails", len(r.Sent()))
	case fault.AreaOf(err) == fault.Stopped:
		r.log.WarnContext(ctx, "run ended", "outcome", "interrupted", "reason", err.Error())
	default:
		r.log.ErrorContext(ctx, "run ended", "outcome", fault.Word(err), "error", err.Error(), "try", fault.Remedy(err))
	}
	return err
}

// missed tells the owner of a schedule which slots were missed.
func (s *service) missed(ctx context.Context, name string, slots []store.Slot) {
	if one := s.schedules[name]; one != nil {
		s.told(ctx, s.notifier.Missed(ctx, one.owned(), slots))
	}
}

// lost tells the owner of a schedule of a run that was lost, if its slot is not to be run
// once more.
func (s *service) lost(ctx context.Context, run store.LostRun) {
	one := s.schedules[run.Run.Schedule]
	if one == nil || run.Outcome != store.Failed && run.Outcome != store.Abandoned {
		return
	}
	slot, err := s.ledger.Slot(ctx, run.Run.Slot)
	if err == nil {
		err = s.notifier.Failed(ctx, one.owned(), slot, job.Failed{Run: run.Run.ID})
	}
	s.told(ctx, err)
}

// close forgets the credentials when no run uses them any more.
func (s *service) close() {
	s.runs.Wait()
	s.connector.close()
}

// grace is how long mail on its way may take after a stop.
func (a *app) grace(c *config.Config) job.Grace {
	return job.Grace{Time: c.ShutdownGrace.Duration, Over: a.over}
}

// options are those that every run of this process shares.
func (a *app) options(c *config.Config, connector *connector) job.Options {
	return job.Options{
		Program:  version(),
		Instance: instance(c),
		Sessions: c.Impala.MaxSessions,
		Settings: c.Impala.Options,
		Source:   source(c),
		Now:      a.now,
		Connect: func(ctx context.Context, report string) (job.Coordinator, error) {
			client, err := connector.connect(ctx, report)
			if err != nil {
				return nil, err
			}
			return session{client, connector.principal()}, nil
		},
	}
}

// session lets a job use a client.
type session struct {
	*impala.Client
	principal string
}

// Principal is who logged in.
func (s session) Principal() string { return s.principal }

// Query hands on rows as the job knows them.
func (s session) Query(ctx context.Context, statement string, w query.Watch) (job.Result, error) {
	rows, err := s.QueryWatched(ctx, statement, w)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// unknownLeft is an error when the ledger has deliveries of which nobody knows whether they
// were taken.
func unknownLeft(ctx context.Context, ledger *store.Store) error {
	unknown, err := ledger.Deliveries(ctx, store.DeliveryFilter{States: []store.DeliveryState{store.Unknown}})
	if err != nil || len(unknown) == 0 {
		return err
	}
	var errs []error
	for _, d := range unknown {
		errs = append(errs, fault.Errorf(fault.DeliveryUnknown, fault.Refused, "nobody knows whether %s got delivery %d", d.Recipient, d.ID))
	}
	return fault.Advise(errors.Join(errs...), "look into the mail server's log, then: qosreport resolve NUMBER --sent, or --not-sent")
}
