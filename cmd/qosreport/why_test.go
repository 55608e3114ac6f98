package main

import (
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/store"
)

const sixOClock = "daily@2026-03-30T06:00"

// story is a slot whose first attempt failed, whose second sent one mail and lost another,
// and that a person then resolved.
func story(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, daily)
	d.sight("daily")
	d.after(time.Minute)
	l := d.claim("run-1", d.plan("daily", store.Due, ""))
	d.ok(l.AddQuery(t.Context(), store.Query{Dataset: "calls", ID: "a1:b2", Coordinator: "impalad-1:21050"}))
	d.after(2 * time.Second)
	d.ok(l.EndAttempt(t.Context(), store.AttemptEnd{Result: store.AttemptFailed, Err: fault.Errorf(fault.Impala, fault.Capacity, "queue is full\nfor now"), Rows: 7}))
	_, err := l.StartAttempt(t.Context())
	d.ok(err)
	d.ok(l.Phase(t.Context(), "delivery"))
	d.ok(l.AddArtefact(t.Context(), store.Artefact{Name: "daily.xlsx", Path: "out/daily.xlsx", Bytes: 1234, SHA256: [32]byte{0xab, 0xcd}}))
	d.mail(l, store.Sent, "queued as 77", "noc@example.com", "boss@example.com")
	list, err := d.ledger.Deliveries(t.Context(), store.DeliveryFilter{Recipients: []string{"boss@example.com"}})
	d.ok(err)
	d.ok(l.Sending(t.Context(), list[0].ID))
	d.ok(l.Settle(t.Context(), store.Settlement{ID: list[0].ID, State: store.Unknown}))
	d.after(time.Second)
	d.end(l, store.RunFailed, "delivery unknown: nobody knows")
	return d
}

func TestWhyIsTheWholeStory(t *testing.T) {
	d := story(t)
	d.want(0, "why "+sixOClock,
		"slot "+sixOClock+" is failed: delivery unknown: nobody knows",
		"nominal 2026-03-30T06:00 Europe/Bratislava",
		"due 2026-03-30 06:00+02:00, 2026-03-30 04:00Z",
		"start by 2026-03-30 18:00+02:00",
		"window 2026-03-29 Europe/Bratislava, 2026-03-28 23:00Z to 2026-03-29 22:00Z",
		"what happened",
		"2026-03-30 06:00:00+02:00 schedule planned due",
		"schedule claimed run run-1 due → running",
		"schedule settled run run-1, delivery 1 sending → sent queued as 77",
		"run run-1 is failed: delivery unknown",
		"kind slot, asked for by schedule",
		"process", "v1",
		"when 2026-03-30 06:00:00+02:00 to 2026-03-30 06:00:03+02:00",
		"attempt 1 failed (capacity) in phase query, 2026-03-30 06:00:00+02:00 to 2026-03-30 06:00:02+02:00, 7 rows",
		"queue is full; for now",
		"query calls a1:b2 at impalad-1:21050",
		"attempt 2 failed in phase delivery",
		"file out/daily.xlsx 1234 bytes, SHA-256 abcd00",
		"mail",
		"delivery 1 noc@example.com sent since 2026-03-30 06:00:02+02:00 Message-ID noc.1@example.com 250 queued as 77",
		"delivery 2 boss@example.com unknown",
		"what can be done",
		"whether boss@example.com got it, Message-ID boss.1@example.com",
		"qosreport resolve 2 --sent", "qosreport resolve 2 --not-sent")
	_, err := d.ledger.Resolve(t.Context(), 2, true, "eva@host")
	d.ok(err)
	d.want(0, "why "+sixOClock, "slot "+sixOClock+" is done", "eva@host resolved", "what can be done", "nothing is to be done")
}

func TestWhySaysWhatCanBeDone(t *testing.T) {
	tests := []struct {
		name, old, new string
		arrange        func(d *desk)
		want           string
	}{
		{"missed", "", "", func(d *desk) { d.plan("daily", store.Missed, "down: for long") },
			"who surely do not have it: qosreport run --schedule daily --slot " + sixOClock},
		{"failed", "", "", func(d *desk) {
			d.end(d.claim("r", d.plan("daily", store.Due, "")), store.RunFailed, "sql: wrong")
		}, "qosreport run --schedule daily --slot " + sixOClock},
		{"of a schedule that is no more", "", "", func(d *desk) {
			d.plan("daily", store.Missed, "down: for long")
			d.rewrite("  daily:", "  other:")
		},
			"nothing: the configuration has no schedule daily any more"},
		{"some got it", "", "", func(d *desk) {
			l := d.claim("r", d.plan("daily", store.Due, ""))
			d.mail(l, store.Sent, "", "noc@example.com", "boss@example.com")
			d.end(l, store.RunFailed, "deferred: later")
		}, "make the report again and send it to boss@example.com: qosreport resolve 2 --not-sent"},
		{"due", "", "", func(d *desk) { d.plan("daily", store.Due, "") }, "nothing: serve, or the next qosreport run --schedule daily, goes on with it"},
		{"done", "", "", func(d *desk) { d.done("daily") }, "nothing is to be done"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, strings.Replace(daily, tt.old, tt.new, 1))
			d.sight("daily")
			d.after(time.Minute)
			tt.arrange(d)
			d.want(0, "why "+sixOClock, "what can be done", tt.want)
		})
	}
}

func TestASlotThatIsNotThere(t *testing.T) {
	d := newDesk(t, daily+strings.Replace(daily, "schedules:\n  daily", "  other", 1))
	d.want(2, "why daily@2026-03-30T06:00", "explain slot daily@2026-03-30T06:00: daily@2026-03-30T06:00: not in the ledger", "try: the ledger has no slots yet: is serve running")
	d.sight("daily")
	d.after(time.Minute)
	for range 6 {
		d.plan("daily", store.Due, "")
		d.after(24 * time.Hour)
	}
	for key, want := range map[string]string{
		"daily@2026-04-01T07:00":  "daily@2026-03-30T06:00, daily@2026-03-31T06:00, daily@2026-04-01T06:00, daily@2026-04-02T06:00, daily@2026-04-03T06:00, daily@2026-04-04T06:00",
		"daily@2026-04-01T04:01Z": "daily@2026-03-30T06:00, daily@2026-03-31T06:00, daily@2026-04-01T06:00, daily@2026-04-02T06:00",
		"daily@2026-03-01":        "daily@2026-04-02T06:00, daily@2026-04-03T06:00, daily@2026-04-04T06:00",
		"daily@2027-01-01T06:00":  "daily@2026-04-02T06:00, daily@2026-04-03T06:00, daily@2026-04-04T06:00",
		"daily":                   "daily@2026-04-02T06:00, daily@2026-04-03T06:00, daily@2026-04-04T06:00",
		"dayly@2026-04-01T07:00":  "daily@2026-04-02T06:00, daily@2026-04-03T06:00, daily@2026-04-04T06:00",
	} {
		d.want(2, "why "+key, "not in the ledger", "try: slots that are there: "+want)
		d.want(2, "history --slot "+key, "not in the ledger", "try: slots that are there: "+want)
	}
}

func TestHistoryIsWhoDidWhat(t *testing.T) {
	d := story(t)
	_, err := d.ledger.Resolve(t.Context(), 2, false, "eva@host")
	d.ok(err)
	d.after(24 * time.Hour)
	d.plan("daily", store.Missed, "down: service was down 07:00 to 06:00")
	all := d.want(0, "history",
		"2026-03-30 05:59:00+02:00 schedule first seen daily",
		"2026-03-30 06:00:00+02:00 schedule planned "+sixOClock+" due",
		"2026-03-30 06:00:02+02:00 schedule sending "+sixOClock+", run run-1, delivery 1 pending → sending",
		"2026-03-30 06:00:03+02:00 eva@host resolved "+sixOClock+", run run-1, delivery 2 unknown → pending resolved as not sent by eva@host",
		"2026-03-31 06:00:03+02:00 schedule planned daily@2026-03-31T06:00 missed down: service was down 07:00 to 06:00").stdout
	tests := []struct {
		args        string
		want, least string
	}{
		{"--count 1", "", "daily@2026-03-31T06:00"},
		{"--schedule daily", all, ""},
		{"--delivery 2 --count 1", "", "eva@host"},
		{"--run run-1 --count 1", "", "eva@host"},
		{"--slot " + sixOClock + " --count 1", "", sixOClock},
		{"--from 2026-03-31", "", "missed"},
		{"--from 2026-03-31 --to 2026-03-31", "", "missed"},
		{"--to 2026-03-29", "nothing happened\n", ""},
		{"--from 2026-04-01", "nothing happened\n", ""},
	}
	for _, tt := range tests {
		r := d.want(0, "history "+tt.args, tt.least)
		if tt.want != "" && r.stdout != tt.want || tt.least != "" && strings.Count(r.stdout, "\n") != 1 {
			t.Errorf("%s: got\n%s", tt.args, r.stdout)
		}
	}
}

func TestHistoryMistakes(t *testing.T) {
	d := newDesk(t, daily)
	d.want(0, "history", "nothing happened")
	for args, want := range map[string]string{
		"--schedule dayly":                  `there is no schedule "dayly" try: the schedules of the configuration are: daily`,
		"--run nope":                        "nope: not in the ledger",
		"--delivery 9":                      "delivery 9 is not in the ledger",
		"--from yesterday":                  `--from: "yesterday" is no date`,
		"--from 2026-03-02 --to 2026-03-01": "--to 2026-03-01 is before --from 2026-03-02",
		"--count 0":                         "--count 0: write 1 or more",
	} {
		d.want(2, "history "+args, want)
	}
	d.sight("daily")
	d.rewrite("  daily:", "  renamed:")
	d.want(0, "history --schedule daily", "first seen")
}
