package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab/mailbox"
	"qosreport/internal/store"
)

const halfPastFive = "hourly@2017-09-10T05:30Z"

// lostMail is a bubble in which nobody knows whether the mail of a slot was taken, which is
// delivery 1. The owner of the schedule knows.
func lostMail(t *testing.T, schedules string, test func(b *bubble)) {
	virtually(t, schedules, func(t *testing.T, b *bubble) {
		b.box.SetFaults(mailbox.Faults{At: map[mailbox.Step]mailbox.Act{mailbox.Kept: {Cut: true}}})
		s := b.serve()
		time.Sleep(time.Hour)
		s.end()
		b.box.SetFaults(mailbox.Faults{})
		b.ledger(func(ledger *store.Store) { // what the owner was told was lost, too
			n, _, err := ledger.Failure(b.t.Context(), store.Failing{Schedule: "hourly", Class: store.ReasonUnknown, Slot: halfPastFive})
			if err = errors.Join(err, ledger.Told(b.t.Context(), n)); err != nil {
				b.t.Fatal(err)
			}
		})
		b.wants(11, "status", "nobody knows whether noc@example.com got delivery 1")
		test(b)
	})
}

// wants runs a command, and sees its exit code and what it says.
func (b *bubble) wants(code int, args string, says ...string) result {
	b.t.Helper()
	r := b.call(b.t.Context(), strings.Fields(args)...)
	for _, want := range says {
		if !strings.Contains(r.stdout+r.stderr, want) {
			b.t.Errorf("%s: nothing says %q", args, want)
		}
	}
	if r.code != code || b.t.Failed() {
		b.t.Fatalf("%s: exit code %d, want %d\n%s%s", args, r.code, code, r.stdout, r.stderr)
	}
	return r
}

// to are the addresses that mails went to since so many.
func (b *bubble) to(since int) []string {
	var all []string
	for _, m := range b.box.Messages()[since:] {
		all = append(all, m.To...)
	}
	return all
}

func TestWhatDidNotArriveIsSentAtOnce(t *testing.T) {
	lostMail(t, halfPast, func(b *bubble) {
		before := b.box.Accepted()
		b.wants(0, "resolve 1 --not-sent", "delivery 1 to noc@example.com is pending", "sent to noc@example.com", "out/hourly_")
		if got := b.to(before); !slices.Equal(got, []string{"noc@example.com", "admins@example.com"}) { // who is told that it succeeds again
			b.t.Errorf("mails went to %v", got)
		}
		b.want("10T05:30 done")
		b.wants(0, "status")
		b.wants(0, "why "+halfPastFive, "kind     by hand, asked for by ", "what can be done\n  nothing is to be done")
		b.wants(9, "resolve 1 --not-sent", "delivery 1 is sent and cannot become pending")
	})
}

// An old slot that is done at last is no end of what fails now.
func TestTheOwnerIsNotToldOfAnOldSlot(t *testing.T) {
	lostMail(t, halfPast, func(b *bubble) {
		b.box.SetFaults(mailbox.Faults{Recipients: map[string]string{"noc@example.com": "550 5.1.1 unknown user"}})
		s := b.serve()
		time.Sleep(time.Hour)
		s.end()
		b.box.SetFaults(mailbox.Faults{})
		before := b.box.Accepted()
		b.wants(0, "resolve 1 --not-sent", "sent to noc@example.com")
		if got := b.to(before); !slices.Equal(got, []string{"noc@example.com"}) {
			b.t.Errorf("mails went to %v", got)
		}
		b.wants(11, "status", "slot hourly@2017-09-10T06:30Z is failed: refused")
	})
}

func TestWhatArrivedIsNotSent(t *testing.T) {
	lostMail(t, halfPast, func(b *bubble) {
		before := b.box.Accepted()
		b.wants(0, "resolve 1 --sent", "delivery 1 to noc@example.com is sent")
		b.want("10T05:30 done")
		if b.box.Accepted() != before {
			b.t.Error("a mail left")
		}
	})
}

// What cannot be sent now waits, and the same command sends it later, to nobody but those
// who were to have it.
func TestAResolvedDeliveryIsSentLater(t *testing.T) {
	tests := []struct {
		name, old, new string // of the configuration
		code           int
		says           string
	}{
		{"no cluster", "impala: {hosts: ['", "impala: {hosts: ['nowhere:1'], tls: {enabled: false}}\n# '", 5, "nowhere:1"},
		{"no mail server", "smtp: {host: '127.0.0.1", "smtp: {host: 'nowhere", 7, "nowhere"},
		{"a configuration that is wrong", "hourly:\n    report: one\n", "hourly:\n", 2, "schedules.hourly.report is missing"},
	}
	for _, tt := range tests {
		lostMail(t, strings.Replace(halfPast, "owner:", "run_timeout: 10m\n    owner:", 1), func(b *bubble) {
			b.rewrite(tt.old, tt.new)
			b.wants(tt.code, "resolve 1 --not-sent", "delivery 1 to noc@example.com is pending",
				"delivery 1 stays pending, to be sent later by qosreport resolve 1 --not-sent: ", tt.says)
			b.rewrite(tt.new, tt.old)
			b.rewrite("to: [noc@example.com]", "to: [new@example.com, noc@example.com]")
			before := b.box.Accepted()
			r := b.wants(0, "resolve 1 --not-sent", "sent to noc@example.com")
			if got := b.to(before); strings.Contains(r.stdout, "pending") || !slices.Equal(got, []string{"noc@example.com", "admins@example.com"}) {
				b.t.Errorf("%s: mails went to %v\n%s", tt.name, got, r.stdout)
			}
			b.want("10T05:30 done")
		})
	}
}

// Attempts that failed are no reason against one that a person asks for, and a schedule that
// the configuration has no more is none either.
func TestAResolvedDeliveryOutlivesItsSchedule(t *testing.T) {
	lostMail(t, halfPast, func(b *bubble) {
		b.ledger(func(ledger *store.Store) {
			for i := range 5 {
				l, _, err := ledger.Claim(b.t.Context(), store.Claim{ID: fmt.Sprint("run-", i), Kind: store.KindByHand, Slot: halfPastFive, Variant: "one", Owner: store.Self()})
				if err == nil {
					_, err = l.StartAttempt(b.t.Context())
				}
				if err == nil {
					err = l.EndAttempt(b.t.Context(), store.AttemptEnd{Result: store.AttemptFailed, Err: fault.Errorf(fault.Impala, fault.Network, "refused")})
				}
				if err == nil {
					_, err = l.End(b.t.Context(), store.RunEnd{State: store.RunFailed, Reason: "network: refused"})
				}
				if err != nil {
					b.t.Fatal(err)
				}
			}
		})
		b.rewrite("hourly:", "renamed:")
		b.wants(0, "resolve 1 --not-sent", "sent to noc@example.com", "out/one_")
		b.want("10T05:30 done")
	})
}

func TestResolveMistakes(t *testing.T) {
	d := newDesk(t, daily)
	d.want(2, "resolve 0 --sent", "delivery 0 is not in the ledger")
	d.want(2, "resolve 7 --not-sent", "delivery 7 is not in the ledger", "try: qosreport status lists")
	d.want(2, "resolve 7", "missing flags")
	d.sight("daily")
	d.after(time.Minute)
	l := d.claim("run-1", d.plan("daily", store.Due, ""))
	d.mail(l, store.Unknown, "", "noc@example.com", "boss@example.com")
	d.want(9, "resolve 1 --not-sent", "delivery 1 to noc@example.com is pending", "delivery 1 stays pending", "run run-1 is at work with it", "try: try again when the run has ended")
	d.want(9, "resolve 2 --sent", "delivery 2 is pending and cannot become sent")
	d.end(l, store.RunFailed, "sql: wrong")
	d.want(2, "resolve 1 --not-sent", "delivery 1 stays pending", "load queries: ")
}

func TestVariants(t *testing.T) {
	for text, want := range map[string]string{
		"voice-daily":                       "voice-daily map[]",
		`voice-daily {"sites":["a b","c"]}`: "voice-daily map[sites:[a b c]]",
		"voice-daily {":                     "error",
	} {
		got := "error"
		if v, err := parseVariant(text); err == nil {
			got = fmt.Sprint(v.report, " ", v.given)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
