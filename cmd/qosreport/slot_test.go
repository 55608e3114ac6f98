package main

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/lab/mailbox"
)

// oneShot runs the newest slot, as an outer scheduler has it done.
func (b *bubble) oneShot(code int, says string, more ...string) {
	b.t.Helper()
	r := b.call(b.t.Context(), append([]string{"run", "--schedule", "hourly", "--slot", "last"}, more...)...)
	if r.code != code || !strings.Contains(r.stdout+r.stderr, says) {
		b.t.Errorf("exit code %d, want %d and %q\n%s%s", r.code, code, says, r.stdout, r.stderr)
	}
}

// An outer scheduler may start a slot twice, late, or not at all.
func TestOneSlotForAnotherScheduler(t *testing.T) {
	virtually(t, halfPast, func(t *testing.T, b *bubble) {
		time.Sleep(41 * time.Minute) // 05:31
		b.oneShot(0, "sent to noc@example.com")
		b.oneShot(0, "slot hourly@2017-09-10T05:30Z is already done, by run ")
		time.Sleep(3*time.Hour + 20*time.Minute) // 08:51; nobody started 06:30 and 07:30
		b.oneShot(0, "sent to noc@example.com")
		b.want("10T05:30 done", "10T06:30 missed deadline: nobody ran it 07:31 to 10:51", "10T07:30 missed deadline: nobody ran it 07:31 to 10:51", "10T08:30 done")
		if b.box.Accepted() != 3 { // one is to the owner
			t.Errorf("%d mails", b.box.Accepted())
		}
		r := b.call(t.Context(), "run", "--schedule", "hourly", "--date", "2017-09-09")
		if r.code != 2 || !strings.Contains(r.stderr, "--schedule says which report") {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		if r := b.call(t.Context(), "run", "--schedule", "daily"); r.code != 2 || !strings.Contains(r.stderr, `there is no schedule "daily"`) || !strings.Contains(r.stderr, "are: hourly") {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
	})
}

// A slot that ended without a mail is told as such, and not run once more.
func TestOneSlotThatFailed(t *testing.T) {
	virtually(t, halfPast, func(t *testing.T, b *bubble) {
		time.Sleep(41 * time.Minute)
		b.box.SetFaults(mailbox.Faults{Recipients: map[string]string{"noc@example.com": "550 5.1.1 unknown user"}})
		b.oneShot(7, "550 5.1.1 unknown user")
		b.oneShot(11, "qosreport why hourly@2017-09-10T05:30Z")
		if b.box.Accepted() != 1 { // to the owner
			t.Errorf("%d mails", b.box.Accepted())
		}
	})
}

// A person can have a slot that was missed or failed run once more, and one that is done
// not.
func TestOneSlotByHand(t *testing.T) {
	virtually(t, halfPast, func(t *testing.T, b *bubble) {
		time.Sleep(41 * time.Minute)
		b.oneShot(0, "sent to noc@example.com")
		time.Sleep(3 * time.Hour)
		b.oneShot(0, "sent to noc@example.com") // 08:30; 06:30 and 07:30 are missed
		byHand := func(code int, key, says string) {
			t.Helper()
			r := b.call(t.Context(), "run", "--schedule", "hourly", "--slot", key)
			if r.code != code || !strings.Contains(r.stdout+r.stderr, says) {
				t.Errorf("exit code %d, want %d and %q\n%s%s", r.code, code, says, r.stdout, r.stderr)
			}
		}
		byHand(0, "hourly@2017-09-10T06:30Z", "sent to noc@example.com")
		byHand(0, "hourly@2017-09-10T06:30Z", "is already done")
		byHand(2, "hourly@2017-09-10T06:31Z", "slots that are there: hourly@2017-09-10T05:30Z")
		if !strings.HasPrefix(b.outcomes(), "10T05:30 done\n10T06:30 done\n10T07:30 missed") {
			t.Errorf("slots:\n%s", b.outcomes())
		}
	})
}

// Two that start at once: one runs, the other waits for it, or says that it is at work.
func TestOneSlotTwiceAtOnce(t *testing.T) {
	virtually(t, halfPast, func(t *testing.T, b *bubble) {
		time.Sleep(41 * time.Minute)
		b.box.SetFaults(mailbox.Faults{At: map[mailbox.Step]mailbox.Act{mailbox.Greeting: {Hold: true}}})
		first, second := make(chan bool), make(chan bool)
		go func() {
			b.oneShot(0, "sent to noc@example.com")
			close(first)
		}()
		<-b.box.Held()
		b.oneShot(9, "is running, by another run", "--no-wait")
		go func() {
			b.oneShot(0, "is already done")
			close(second)
		}()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		select {
		case <-second:
			t.Error("the second did not wait")
		default:
		}
		b.box.Release()
		<-first
		<-second
		if b.box.Accepted() != 1 {
			t.Errorf("%d mails", b.box.Accepted())
		}
	})
}

// A local part in quotes stays in quotes on its way to the server and in the ledger.
func TestAnAddressInQuotesGetsItsMail(t *testing.T) {
	virtually(t, strings.Replace(halfPast, "to: [noc@example.com]", `to: ['"a..b"@example.com', "Name <c@example.com>"]`, 1), func(t *testing.T, b *bubble) {
		time.Sleep(41 * time.Minute)
		b.oneShot(0, "sent to \"a..b\"@example.com\n  sent to c@example.com")
		b.oneShot(0, "is already done")
		var to []string
		for _, m := range b.box.Messages() {
			to = append(to, m.To...)
		}
		if !slices.Equal(to, []string{`"a..b"@example.com`, "c@example.com"}) {
			t.Errorf("the server had mail for %q", to)
		}
	})
}

// The environment may have a zone for reports by hand; a schedule has its own.
func TestASlotHasTheZoneOfItsSchedule(t *testing.T) {
	t.Setenv(zoneVariable, "Asia/Tokyo")
	d := newDesk(t, daily)
	d.want(2, "run --schedule daily --slot last", "load queries")
	d.want(2, "run --schedule daily --slot last --zone Europe/Berlin", "--schedule says which report")
}
