package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/store"
)

// desk is an operator's: a configuration, and a ledger that is written through the store,
// at a time that the test moves.
type desk struct {
	t      *testing.T
	dir    string
	now    time.Time
	config *config.Config
	ledger *store.Store
}

// monday is when desks begin: a minute before six in Bratislava, on the day after its clocks
// were put forward.
var monday = time.Date(2026, 3, 30, 3, 59, 0, 0, time.UTC)

// daily is a schedule for the end of a desk's configuration.
const daily = `schedules:
  daily:
    report: one
    cron: "0 6 * * *"
    to: [noc@example.com]
    owner: [admins@example.com]
`

func newDesk(t *testing.T, schedules string) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir(), now: monday}
	write(t, filepath.Join(d.dir, "configs/qosreport.yaml"), `version: 1
instance: prod-1
zone: Europe/Bratislava
impala: {hosts: ["impalad-1.example.com:21050"]}
smtp: {host: "mail.example.com:587", from: qos@example.com}
store: {path: '`+filepath.Join(d.dir, "ledger.db")+`'}
`+schedules)
	var err error
	files := fileFlags{ConfigDir: d.dir}
	if d.config, err = files.load(); err == nil {
		err = d.config.Validate()
	}
	if err != nil {
		t.Fatal(err)
	}
	d.ledger, err = store.Open(context.Background(), d.config.Store.Path, store.Options{Now: func() time.Time { return d.now }})
	d.ok(err)
	t.Cleanup(func() { d.ok(d.ledger.Close()) })
	return d
}

func (d *desk) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) after(span time.Duration) { d.now = d.now.Add(span) }

// call runs a command at the desk's time.
func (d *desk) call(args ...string) result {
	var stdout, stderr bytes.Buffer
	a := &app{now: func() time.Time { return d.now }, stdio: stdio{strings.NewReader(""), &stdout, &stderr}}
	err := a.run(d.t.Context(), append(args, "--config-dir", d.dir))
	if err != nil {
		tell(&stderr, err)
	}
	return result{stdout.String(), stderr.String(), exitCode(err)}
}

// want runs a command, and sees its exit code and that its lines follow each other in what
// it prints, standard output first. Runs of blanks count as one.
func (d *desk) want(code int, args string, lines ...string) result {
	d.t.Helper()
	r := d.call(strings.Fields(args)...)
	if r.code != code {
		d.t.Errorf("%s: exit code %d, want %d\n%s%s", args, r.code, code, r.stdout, r.stderr)
	}
	rest := strings.Join(strings.Fields(r.stdout+r.stderr), " ")
	for _, line := range lines {
		_, after, found := strings.Cut(rest, line)
		if !found {
			d.t.Errorf("%s: no %q in its place in\n%s%s", args, line, r.stdout, r.stderr)
			break
		}
		rest = after
	}
	return r
}

// sight lets a planner see the schedule.
func (d *desk) sight(name string) {
	d.t.Helper()
	_, _, err := d.ledger.Sight(d.t.Context(), store.Sighting{Schedule: name, ExpressionHash: d.config.Schedules[name].Times.Hash(), Suspended: d.config.Schedules[name].Suspend})
	d.ok(err)
}

// plan writes down the newest slot of a schedule that was seen, and returns its key.
func (d *desk) plan(name string, outcome store.Outcome, reason string) string {
	d.t.Helper()
	times := d.config.Schedules[name].Times
	slot := times.Last(d.now)
	w := times.Window(slot)
	_, err := d.ledger.Plan(d.t.Context(), store.Plan{Schedule: name, ExpressionHash: times.Hash(), Until: d.now, Slots: []store.Slot{{
		Key: slot.Key, Nominal: slot.Nominal.String(), Fire: slot.Fire, StartBy: slot.Fire.Add(12 * time.Hour),
		Window: store.Window{From: w.From, To: w.To, Zone: w.Zone}, Outcome: outcome, Reason: reason,
	}}})
	d.ok(err)
	return slot.Key
}

// claim starts a run of a slot, with one attempt in its first phase.
func (d *desk) claim(run, slot string) *store.Lease {
	d.t.Helper()
	l, _, err := d.ledger.Claim(d.t.Context(), store.Claim{ID: run, Kind: store.KindSlot, Slot: slot, Variant: `one {"sites":["Zürich"]}`, Owner: store.Self(), Program: "v1"})
	d.ok(err)
	_, err = l.StartAttempt(d.t.Context())
	d.ok(err)
	d.ok(l.Phase(d.t.Context(), "query"))
	return l
}

// mail plans a mail of the run and sends it to the first recipient, whose delivery comes to
// a state.
func (d *desk) mail(l *store.Lease, state store.DeliveryState, answer string, to ...string) {
	d.t.Helper()
	m := store.Mail{Revision: 1}
	for _, address := range to {
		m.Recipients = append(m.Recipients, store.Recipient{Address: address, MessageID: strings.Replace(address, "@", ".1@", 1)})
	}
	list, err := l.PlanDeliveries(d.t.Context(), m)
	d.ok(err)
	d.ok(l.Sending(d.t.Context(), list[0].ID))
	d.ok(l.Settle(d.t.Context(), store.Settlement{ID: list[0].ID, State: state, Code: 250, Answer: answer}))
}

func (d *desk) end(l *store.Lease, state store.RunState, reason string) {
	d.t.Helper()
	_, err := l.End(d.t.Context(), store.RunEnd{State: state, Reason: reason})
	d.ok(err)
}

// done is a slot that was planned and is done.
func (d *desk) done(name string) {
	d.t.Helper()
	d.end(d.claim("run-"+name, d.plan(name, store.Due, "")), store.RunDone, "")
}
