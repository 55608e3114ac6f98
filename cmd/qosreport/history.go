package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/query"
	"qosreport/internal/report"
	"qosreport/internal/store"
)

// historyCmd lists who ran, sent, resolved or missed what, and when.
type historyCmd struct {
	Schedule string `placeholder:"NAME" help:"Only of this schedule."`
	Slot     string `placeholder:"KEY" help:"Only of this slot."`
	RunID    string `name:"run" placeholder:"ID" help:"Only of this run."`
	Delivery int64  `placeholder:"NUMBER" help:"Only of this delivery."`
	From     string `placeholder:"DATE" help:"First day."`
	To       string `placeholder:"DATE" help:"Last day, inclusive."`
	Count    int    `default:"50" help:"How many events, the newest."`
	fileFlags
}

// Run prints an event a line, the newest last.
func (h *historyCmd) Run(ctx context.Context, a *app) (err error) {
	if h.Count < 1 {
		return fault.Errorf(fault.Usage, 0, "--count %d: write 1 or more", h.Count)
	}
	c, err := h.load()
	if err != nil {
		return err
	}
	zone, err := c.Location()
	if err != nil {
		return fault.New(fault.Usage, 0, err)
	}
	filter, err := h.filter(zone)
	if err != nil {
		return err
	}
	ledger, err := readLedger(ctx, a, c, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	events, err := ledger.History(ctx, filter)
	if err != nil {
		return err
	}
	if len(events) == 0 {
		if err := h.unknown(ctx, c, ledger); err != nil {
			return err
		}
	}
	var p page
	p.events(events, zone, "")
	if len(events) == 0 {
		p.line("nothing happened")
	}
	return p.print(a)
}

// filter is what was asked for, with days of a zone.
func (h *historyCmd) filter(zone *time.Location) (store.EventFilter, error) {
	f := store.EventFilter{Schedule: h.Schedule, Slot: h.Slot, Run: h.RunID, Delivery: h.Delivery, Newest: h.Count}
	for _, bound := range []struct {
		flag, date string
		set        func(day report.Window)
	}{
		{"--from", h.From, func(day report.Window) { f.From = day.From }},
		{"--to", h.To, func(day report.Window) { f.To = day.To }},
	} {
		if bound.date == "" {
			continue
		}
		day, err := query.ParseDate(bound.date)
		if err != nil {
			return f, fault.New(fault.Usage, 0, fmt.Errorf("%s: %w", bound.flag, err))
		}
		bound.set(report.Day(time.Time(day), time.Time(day), zone))
	}
	if h.From != "" && h.To != "" && !f.From.Before(f.To) {
		return f, fault.Errorf(fault.Usage, 0, "--to %s is before --from %s", h.To, h.From)
	}
	return f, nil
}

// unknown is an error when nothing happened because there is no such thing.
func (h *historyCmd) unknown(ctx context.Context, c *config.Config, ledger *store.Store) error {
	if h.Slot != "" {
		if _, err := ledger.Slot(ctx, h.Slot); err != nil {
			return noSlot(ctx, c, ledger, h.Slot, err)
		}
	}
	if h.RunID != "" {
		if _, err := ledger.Run(ctx, h.RunID); err != nil {
			return err
		}
	}
	if h.Delivery != 0 {
		if list, err := ledger.Deliveries(ctx, store.DeliveryFilter{ID: h.Delivery}); err != nil || len(list) == 0 {
			return errors.Join(err, fault.Errorf(fault.Usage, 0, "delivery %d is not in the ledger", h.Delivery))
		}
	}
	if h.Schedule == "" || c.Schedules[h.Schedule] != nil {
		return nil
	}
	// It may be one that the configuration had once.
	known, err := ledger.Schedules(ctx)
	if err != nil || slices.ContainsFunc(known, func(s store.ScheduleState) bool { return s.Schedule == h.Schedule }) {
		return err
	}
	return noSchedule(c, h.Schedule)
}

// events are lines of who did what, and what came of it.
func (p *page) events(list []store.Event, zone *time.Location, indent string) {
	var t table
	for _, e := range list {
		t.row(e.At.In(zone).Format(secondLayout), e.Actor, e.Action, subject(e), change(e.From, e.To), e.Reason)
	}
	p.table(indent, t)
}

// subject is what an event is about, the whole before its part.
func subject(e store.Event) string {
	var about []string
	switch {
	case e.Slot != "":
		about = append(about, e.Slot)
	case e.Schedule != "":
		about = append(about, e.Schedule)
	}
	if e.Run != "" {
		about = append(about, "run "+e.Run)
	}
	if e.Delivery != 0 {
		about = append(about, fmt.Sprintf("delivery %d", e.Delivery))
	}
	return strings.Join(about, ", ")
}

// change is from which state to which something came.
func change(from, to string) string {
	if from == "" {
		return to
	}
	return from + " → " + to
}
