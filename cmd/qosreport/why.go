package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/job"
	"qosreport/internal/store"
)

// whyCmd tells how a slot came to what it is.
type whyCmd struct {
	Slot string `arg:"" help:"Key of the slot, like voice-daily@2026-03-29T06:00."`
	fileFlags
}

// Run prints the chain of facts, and what can be done.
func (w *whyCmd) Run(ctx context.Context, a *app) (err error) {
	c, err := w.load()
	if err != nil {
		return err
	}
	ledger, err := readLedger(ctx, a, c, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	facts, err := ledger.Why(ctx, w.Slot)
	if errors.Is(err, store.ErrNotFound) {
		return noSlot(ctx, c, ledger, w.Slot, err)
	}
	if err != nil {
		return err
	}
	e := explanation{slot: facts.Slot, config: c, zone: zoneOf(c, facts.Slot.Schedule)}
	e.about()
	e.head("what happened")
	for i := range facts.Events {
		facts.Events[i].Slot, facts.Events[i].Schedule = "", "" // the same in each
	}
	e.events(facts.Events, e.zone, "  ")
	for _, run := range facts.Runs {
		e.run(run)
	}
	e.deliveries(facts.Runs)
	e.remedies(facts.Runs)
	return e.print(a)
}

// zoneOf is the zone in which the times of a schedule are shown, also of one that is
// configured no more.
func zoneOf(c *config.Config, name string) *time.Location {
	zone := zoneNamed(c.Zone, time.UTC)
	if s := c.Schedules[name]; s != nil {
		return zoneNamed(s.Zone, zone)
	}
	return zone
}

// explanation is all that is known about a slot.
type explanation struct {
	page
	slot   store.Slot
	config *config.Config
	zone   *time.Location
}

func (e *explanation) at(t time.Time) string { return t.In(e.zone).Format(secondLayout) }

// about is what was due, and when.
func (e *explanation) about() {
	s := e.slot
	e.line("%s", outcomeText(s))
	w := span(s.Window, e.zone)
	e.table("  ", table{
		{"nominal", s.Nominal + " " + e.zone.String()},
		{"due", stamp(s.Fire, e.zone) + ", " + stamp(s.Fire, time.UTC)},
		{"start by", stamp(s.StartBy, e.zone)},
		{"window", fmt.Sprintf("%s %s, %s to %s", w.Text(), w.Zone, stamp(w.From, time.UTC), stamp(w.To, time.UTC))},
	})
}

// run is one run with its attempts and files.
func (e *explanation) run(f store.RunFacts) {
	r := f.Run
	e.head("run %s is %s", r.ID, reasoned(string(r.State), r.Reason))
	host := r.Owner
	if owner, err := store.ParseOwner(r.Owner); err == nil {
		host = fmt.Sprintf("%s, process %d", owner.Host, owner.PID)
	}
	ended := "at work, lease until " + e.at(r.LeaseUntil)
	if !r.Ended.IsZero() {
		ended = "to " + e.at(r.Ended)
	}
	t := table{{"kind", string(r.Kind) + ", asked for by " + r.Actor}, {"where", host + ", " + r.Program}, {"when", e.at(r.Started) + " " + ended}}
	if r.Verdict != "" {
		t.row("verdict", r.Verdict)
	}
	e.table("  ", t)
	for _, a := range f.Attempts {
		e.attempt(a)
	}
	for _, a := range f.Artefacts {
		e.line("  file %s", a.Path)
		e.line("    %d bytes, SHA-256 %s", a.Bytes, hex.EncodeToString(a.SHA256[:]))
	}
}

func (e *explanation) attempt(a store.Attempt) {
	ended := ""
	if !a.Ended.IsZero() {
		ended = " to " + e.at(a.Ended)
	}
	result := string(a.Result)
	if a.Class != "" {
		result += " (" + a.Class + ")"
	}
	e.line("  attempt %d %s in phase %s, %s%s, %d rows", a.Number, result, cmp.Or(a.Phase, "none"), e.at(a.Started), ended, a.Rows)
	if a.Error != "" {
		e.line("    %s", a.Error)
	}
	var t table
	for _, q := range a.Queries {
		t.row("query", q.Dataset, q.ID, "at "+q.Coordinator)
	}
	e.table("    ", t)
}

// deliveries are those of the mails of all runs, each once.
func (e *explanation) deliveries(runs []store.RunFacts) {
	var t table
	for _, d := range allDeliveries(runs) {
		answer := d.Answer
		if d.Code != 0 {
			answer = fmt.Sprintf("%d %s", d.Code, d.Answer)
		}
		t.row(fmt.Sprintf("delivery %d", d.ID), d.Recipient, string(d.State), "since "+e.at(d.Changed), "Message-ID "+d.MessageID, answer)
	}
	if len(t) > 0 {
		e.head("mail")
		e.table("  ", t)
	}
}

// allDeliveries are those of several runs. Runs of one mail have the same.
func allDeliveries(runs []store.RunFacts) (list []store.Delivery) {
	seen := make(map[int64]bool)
	for _, f := range runs {
		for _, d := range f.Deliveries {
			if !seen[d.ID] {
				seen[d.ID] = true
				list = append(list, d)
			}
		}
	}
	return list
}

// remedies end the explanation with what can be done.
func (e *explanation) remedies(runs []store.RunFacts) {
	e.head("what can be done")
	done := e.resolving(runs)
	switch e.slot.Outcome {
	case store.Due, store.Waiting, store.Running:
		e.line("  nothing: serve, or the next qosreport run --schedule %s, goes on with it", e.slot.Schedule)
	case store.Failed, store.Missed, store.Abandoned, store.Superseded, store.Suspended:
		if !done {
			e.again()
		}
	default:
		if !done {
			e.line("  nothing is to be done")
		}
	}
}

// resolving tells of deliveries that wait for a person.
func (e *explanation) resolving(runs []store.RunFacts) (some bool) {
	ended := e.slot.Outcome != store.Due && e.slot.Outcome != store.Waiting && e.slot.Outcome != store.Running
	for _, d := range allDeliveries(runs) {
		number := fmt.Sprint(d.ID)
		switch {
		case d.State == store.Unknown:
			e.line("  look into the mail server's log whether %s got it, Message-ID %s, then", d.Recipient, d.MessageID)
			e.line("    %s", job.Command("resolve", number, "--sent"))
			e.line("    %s", job.Command("resolve", number, "--not-sent"))
		case d.State == store.Pending && ended:
			e.line("  make the report again and send it to %s:", d.Recipient)
			e.line("    %s", job.Command("resolve", number, "--not-sent"))
		default:
			continue
		}
		some = true
	}
	return some
}

// again tells how the report can be had all the same.
func (e *explanation) again() {
	if e.config.Schedules[e.slot.Schedule] == nil {
		e.line("  nothing: the configuration has no schedule %s any more", e.slot.Schedule)
		return
	}
	e.line("  make the report once more and send its mail to the readers who surely do not have it:")
	e.line("    %s", job.Owned{Schedule: e.slot.Schedule}.ByHand(e.slot.Key))
}

// noSlot is the error for a key that the ledger does not have, with those that are near it.
func noSlot(ctx context.Context, c *config.Config, ledger *store.Store, key string, cause error) error {
	name, nominal, _ := strings.Cut(key, "@")
	of := store.SlotFilter{Schedule: name, Newest: 3}
	tries := []store.SlotFilter{of, {Newest: 3}}
	if at, found := nominalTime(nominal, zoneOf(c, name)); found {
		before, after := of, of
		before.To, after.From, after.To, after.Newest = at.Add(1), at.Add(1), at.Add(nearby), 0
		tries = append([]store.SlotFilter{before, after}, tries...)
	}
	var keys []string
	for i, filter := range tries {
		if len(keys) > 0 && (i > 1 || len(tries) == 2) {
			break // what lies on both sides is told
		}
		slots, err := ledger.Slots(ctx, filter)
		if err != nil {
			return err
		}
		for _, slot := range slots[:min(len(slots), of.Newest)] {
			keys = append(keys, slot.Key)
		}
	}
	if len(keys) == 0 {
		return fault.Advise(cause, "the ledger has no slots yet: %s", isServeRunning)
	}
	return fault.Advise(cause, "slots that are there: %s", strings.Join(keys, ", "))
}

// nearby is how far ahead a slot is still near another: what a weekly schedule needs.
const nearby = 8 * 24 * time.Hour

// nominalTime is about when a slot fires whose key ends so.
func nominalTime(text string, zone *time.Location) (at time.Time, found bool) {
	text, utc := strings.CutSuffix(text, "Z")
	if utc {
		zone = time.UTC
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true
		}
	}
	return at, false
}
