package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/definition"
	"qosreport/internal/fault"
	"qosreport/internal/job"
	"qosreport/internal/store"
)

// resolveCmd ends a delivery of which nobody knows whether it was taken.
type resolveCmd struct {
	Delivery int64 `arg:"" help:"Number of the delivery, as run --send and status tell it."`
	Sent     bool  `xor:"how" required:"" help:"The mail arrived."`
	NotSent  bool  `name:"not-sent" xor:"how" required:"" help:"It did not: make the report again and send it now."`
	serviceFlags
}

// Run writes into the ledger what a person found out, and sends what did not arrive. A
// delivery that is pending already, because that went wrong before, is only sent.
func (r *resolveCmd) Run(ctx context.Context, a *app) (err error) {
	c, err := r.load()
	if err != nil {
		return err
	}
	if err := needLedger(c); err != nil {
		return err
	}
	ledger, err := store.Open(ctx, c.Store.Path, store.Options{Now: a.now})
	if err != nil {
		return fmt.Errorf("store.path: %w", err)
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	d, err := delivery(ctx, ledger, r.Delivery)
	if err != nil {
		return err
	}
	if r.Sent || d.State != store.Pending {
		if d, err = ledger.Resolve(ctx, r.Delivery, r.Sent, actor()); err != nil {
			return err
		}
		if _, err = fmt.Fprintf(a.out, "delivery %d to %s is %s\n", d.ID, d.Recipient, d.State); err != nil {
			return outputError(err)
		}
	}
	if r.Sent {
		return nil
	}
	again := &resend{flags: &r.serviceFlags, app: a, config: c, ledger: ledger, delivery: d}
	if err = again.send(ctx); err == nil {
		return nil
	}
	if d, readErr := delivery(context.WithoutCancel(ctx), ledger, r.Delivery); readErr == nil && d.State == store.Pending {
		err = fmt.Errorf("delivery %d stays pending, to be sent later by %s: %w", d.ID, job.Command("resolve", fmt.Sprint(d.ID), "--not-sent"), err)
	}
	return err
}

func delivery(ctx context.Context, ledger *store.Store, id int64) (store.Delivery, error) {
	list, err := ledger.Deliveries(ctx, store.DeliveryFilter{ID: id})
	if err != nil {
		return store.Delivery{}, err
	}
	if id == 0 || len(list) == 0 {
		return store.Delivery{}, fault.Advise(fault.Errorf(fault.Usage, 0, "delivery %d is not in the ledger", id), "qosreport status lists those that wait for a person")
	}
	return list[0], nil
}

// resend makes the report of a pending delivery again, and sends it to those of its mail
// who are still to get it. It goes to nobody who was not to have it at first.
type resend struct {
	flags    *serviceFlags
	app      *app
	config   *config.Config
	ledger   *store.Store
	delivery store.Delivery

	run  store.Run // in whose hands it was; zero when that is forgotten
	slot store.Slot
}

func (s *resend) send(ctx context.Context) error {
	c, d := s.config, s.delivery
	s.flags.apply(c)
	setter{c}.text(&c.Out, s.flags.Out, "out", "--out")
	if err := c.Validate(); err != nil {
		return err
	}
	if d.Revision > 1 {
		return fault.Errorf(fault.Usage, 0, "it is revision %d of the mail, a correction", d.Revision)
	}
	if err := s.remember(ctx); err != nil {
		return err
	}
	one, err := s.report()
	if err != nil {
		return err
	}
	book, err := booking(s.app, c, s.ledger)
	if err != nil {
		return err
	}
	log := newLogger(s.app.err, c.Log)
	if book.Due, err = s.due(ctx, one, &service{app: s.app, config: c, sender: book.Sender, log: log}); err != nil {
		return err
	}
	connector := &connector{config: c, log: log, dial: s.app.dial, now: s.app.now}
	defer connector.close()
	o := s.app.options(c, connector)
	o.Run, o.Name, o.Definition, o.Templates, o.Args = store.NewRunID(s.app.now()), one.name, one.definition, one.templates, one.args
	o.Window, o.Keeper, o.Out, o.Mail = span(d.Window, time.UTC), s.ledger, c.Out, reportMail(c)
	if o.Mail.To, err = s.readers(ctx); err != nil {
		return err
	}
	if err := makeReport(ctx, s.app, c, o, posting{book: book}); err != nil {
		return fmt.Errorf("report %s: %w", one.definition.Name, err)
	}
	return nil
}

// remember finds the run and the slot of the delivery, as far as the ledger still has them.
func (s *resend) remember(ctx context.Context) (err error) {
	if s.run, err = s.ledger.Run(ctx, s.delivery.Run); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if s.run.State == store.RunRunning {
		return fault.Advise(fault.Errorf(fault.Busy, 0, "run %s is at work with it", s.run.ID), "try again when the run has ended: qosreport status shows it")
	}
	if s.run.Slot == "" {
		return nil
	}
	if s.slot, err = s.ledger.Slot(ctx, s.run.Slot); errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// due lets the slot be run once more, so that its outcome will tell; nil when there is none,
// or it is done. The owner who was told of a failure is told when the newest slot is done.
func (s *resend) due(ctx context.Context, one *scheduled, svc *service) (*job.Due, error) {
	if s.slot.Key == "" || s.slot.Outcome == store.Done {
		return nil, nil
	}
	d := &job.Due{Slot: s.slot, ConfigHash: one.hash(s.config), ByHand: true}
	newest, err := s.ledger.Slots(ctx, store.SlotFilter{Schedule: s.slot.Schedule, Newest: 1})
	if err != nil {
		return nil, err
	}
	if one.config != nil && newest[0].Key == s.slot.Key {
		svc.open(s.ledger, store.Self())
		d.Done = func(ctx context.Context) { svc.told(ctx, svc.notifier.Recovered(ctx, one.owned(), s.slot)) }
	}
	return d, nil
}

// report is the variant of the delivery, with the mail of its schedule if that still makes
// this report.
func (s *resend) report() (*scheduled, error) {
	v, err := parseVariant(s.delivery.Variant)
	if err != nil {
		return nil, err
	}
	one := &scheduled{}
	if one.templates, err = s.flags.templates(); err != nil {
		return nil, err
	}
	if one.definition, err = definition.Load(s.flags.files(), reportsDir, v.report, one.templates); err != nil {
		return nil, err
	}
	if plan := s.config.Schedules[s.run.Schedule]; plan != nil && plan.Report == v.report {
		one.name, one.config = s.run.Schedule, plan
		if one.definition, err = one.definition.Mailed(email(plan)); err != nil {
			return nil, err
		}
	}
	one.args, err = one.definition.Args(v.given)
	return one, err
}

// readers are those of the mail who do not have it.
func (s *resend) readers(ctx context.Context) ([]string, error) {
	d := s.delivery
	all, err := s.ledger.Deliveries(ctx, store.DeliveryFilter{Variant: d.Variant, Window: d.Window, Revision: d.Revision})
	var to []string
	for _, other := range all {
		if other.State != store.Sent {
			to = append(to, other.Recipient)
		}
	}
	return to, err
}

// variant is a report with the parameters that differ from its defaults.
type variant struct {
	report string
	given  map[string][]string
}

// parseVariant takes apart what the ledger calls a variant: the report's name, and its
// parameters as JSON where there are any.
func parseVariant(text string) (v variant, err error) {
	name, params, some := strings.Cut(text, " ")
	v.report = name
	if !some {
		return v, nil
	}
	if err := json.Unmarshal([]byte(params), &v.given); err != nil {
		return v, fault.New(fault.Internal, 0, fmt.Errorf("variant %q: %w", text, err))
	}
	return v, nil
}
