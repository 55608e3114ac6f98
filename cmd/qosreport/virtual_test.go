package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/lab/kdc"
	"qosreport/internal/lab/pipenet"
	"qosreport/internal/store"
)

// everyHour is a schedule that fires at each full hour and reports on the one before.
const everyHour = `
web: {listen: ""}
log: {level: warn, format: text}
schedules:
  hourly: {report: one, cron: "0 * * * *", window: previous_hour, owner: [owner@example.com]}
`

// everyQuarter is four schedules with readers of their own, since nobody gets the report on
// an hour twice.
var everyQuarter = everyHour + quarter(15) + quarter(30) + quarter(45)

func quarter(minute int) string {
	return fmt.Sprintf(`  q%[1]d: {report: one, cron: "%[1]d * * * *", window: previous_hour, to: [a%[1]d@example.com, b%[1]d@example.com], owner: [owner@example.com]}
`, minute)
}

// whys are the facts about all slots, the oldest first.
func (b *bubble) whys() (all []store.Why) {
	b.t.Helper()
	b.ledger(func(ledger *store.Store) {
		slots, err := ledger.Slots(b.t.Context(), store.SlotFilter{})
		if err != nil {
			b.t.Fatal(err)
		}
		for _, slot := range slots {
			why, err := ledger.Why(b.t.Context(), slot.Key)
			if err != nil {
				b.t.Fatal(err)
			}
			all = append(all, why)
		}
	})
	return all
}

// attempts are those of all runs of a slot.
func attempts(w store.Why) (all []store.Attempt) {
	for _, run := range w.Runs {
		all = append(all, run.Attempts...)
	}
	return all
}

// mailed checks that so many reports were mailed, each once to both of its readers. What
// the owner of the schedule is told is left out.
func (b *bubble) mailed(reports int) {
	b.t.Helper()
	counts := make(map[string]int)
	for _, m := range b.box.Messages() {
		if slices.Contains(m.To, "owner@example.com") {
			continue
		}
		content, err := m.Content()
		if err != nil {
			b.t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			if name, id, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Message-ID") {
				counts[id+m.To[0]]++
			}
		}
	}
	for mail, n := range counts {
		if n != 1 {
			b.t.Errorf("mail %s was accepted %d times", mail, n)
		}
	}
	if len(counts) != 2*reports {
		b.t.Errorf("%d mails for %d reports with two readers", len(counts), reports)
	}
}

// allDone checks that there are so many slots, each done at the first attempt and mailed.
func (b *bubble) allDone(slots int) {
	b.t.Helper()
	all := b.whys()
	for _, w := range all {
		if w.Slot.Outcome != store.Done || len(attempts(w)) != 1 {
			b.t.Errorf("slot %s is %s: %s; %d attempts", w.Slot.Key, w.Slot.Outcome, w.Slot.Reason, len(attempts(w)))
		}
	}
	if len(all) != slots {
		b.t.Errorf("%d slots, want %d", len(all), slots)
	}
	b.mailed(slots)
}

// ticketsOf shortens the lives of tickets, by what the client asks for.
func (b *bubble) ticketsOf(life string) {
	b.t.Helper()
	conf, err := os.ReadFile(b.lab.KRB5Conf)
	if err != nil {
		b.t.Fatal(err)
	}
	write(b.t, b.lab.KRB5Conf, strings.Replace(string(conf), "[libdefaults]", "[libdefaults]\n    ticket_lifetime = "+life, 1))
}

// rekey gives the client a new key at the KDC.
func (b *bubble) rekey() {
	b.t.Helper()
	if err := b.lab.Realm.Add("report"); err != nil {
		b.t.Fatal(err)
	}
}

// export puts the client's keys of now into the keytab.
func (b *bubble) export() {
	b.t.Helper()
	if err := b.lab.Realm.WriteKeytab(b.lab.Keytab, "report"); err != nil {
		b.t.Fatal(err)
	}
}

// It serves for days on tickets that live for ten hours. Half-way the key is changed at the
// KDC and in the keytab. A login every ten hours is all that shows of it.
func TestServeForDays(t *testing.T) {
	t.Parallel()
	virtually(t, everyHour, func(t *testing.T, b *bubble) {
		s := b.serve()
		time.Sleep(virtualHours/2*time.Hour - 20*time.Minute)
		b.rekey()
		b.export()
		time.Sleep(virtualHours/2*time.Hour + 20*time.Minute) // it is stopped when it forgets what is old
		if r := s.end(); r.code != 0 || r.stderr != "" {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		b.allDone(virtualHours)
		logins := (virtualHours + 9) / 10
		if c := b.lab.Realm.Counts(); c != (kdc.Counts{Logins: logins, Tickets: logins}) {
			t.Errorf("the KDC counted %+v; want %d logins", c, logins)
		}
	})
}

// The key is changed at the KDC at half past six, and the keytab is replaced at half past
// eight: the slots between show the old key once each and fail, for no attempt could help;
// those after need no restart.
func TestServeWithAKeytabThatIsReplacedLate(t *testing.T) {
	t.Parallel()
	virtually(t, everyHour, func(t *testing.T, b *bubble) {
		b.ticketsOf("50m")
		s := b.serve()
		time.Sleep(100 * time.Minute) // 06:30
		b.rekey()
		time.Sleep(2 * time.Hour)
		b.export()
		time.Sleep(2 * time.Hour)
		if r := s.end(); r.code != 0 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		var got []string
		for _, w := range b.whys() {
			tries := attempts(w)
			got = append(got, fmt.Sprintf("%s %s %d %s", w.Slot.Fire.UTC().Format("15:04"), w.Slot.Outcome, len(tries), tries[len(tries)-1].Class))
		}
		want := []string{"05:00 done 1 ", "06:00 done 1 ", "07:00 failed 1 authentication", "08:00 failed 1 authentication", "09:00 done 1 ", "10:00 done 1 "}
		if !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		b.mailed(4)
		if c := b.lab.Realm.Counts(); c != (kdc.Counts{Logins: 4, Tickets: 4, BadKeys: 2}) {
			t.Errorf("the KDC counted %+v", c)
		}
	})
}

// outage is when nobody reaches the KDC: an hour from eight minutes to six.
var outage = struct{ from, to time.Time }{time.Date(2017, 9, 10, 5, 52, 0, 0, time.UTC), time.Date(2017, 9, 10, 6, 52, 0, 0, time.UTC)}

func within(at time.Time) bool { return !at.Before(outage.from) && at.Before(outage.to) }

func TestServeWhileTheKDCIsAway(t *testing.T) {
	for name, how := range map[string]pipenet.Outage{"the program": pipenet.Refusing, "the host": pipenet.Silent} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			virtually(t, everyQuarter, func(t *testing.T, b *bubble) {
				b.ticketsOf("10m") // so that each slot needs the KDC
				s := b.serve()
				time.Sleep(time.Until(outage.from))
				if err := b.network.Cut(b.lab.KDC, how); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Until(outage.to))
				if err := b.network.Restore(b.lab.KDC); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Until(outage.to.Add(20 * time.Minute)))
				if r := s.end(); r.code != 0 {
					t.Errorf("exit code %d\n%s", r.code, r.stderr)
				}
				b.checkOutage()
			})
		})
	}
}

// checkOutage checks each slot by the rules: an attempt fails when the KDC is away and only
// then, five end a slot, and each follows within the time that doubles.
func (b *bubble) checkOutage() {
	b.t.Helper()
	all := b.whys()
	done, inside := 0, 0
	for _, w := range all {
		tries := attempts(w)
		last := len(tries) - 1
		for i, a := range tries {
			failed := a.Result == store.AttemptFailed && a.Class == "kdc"
			if failed != within(a.Started) || !failed && (a.Result != store.AttemptDone || i != last) {
				b.t.Errorf("slot %s: attempt %d at %s is %s: %s", w.Slot.Key, a.Number, a.Started.UTC().Format(time.TimeOnly), a.Result, a.Error)
			}
			if i > 0 && a.Started.Sub(tries[i-1].Ended) >= 30*time.Second<<i {
				b.t.Errorf("slot %s: attempt %d is %s after the one before", w.Slot.Key, a.Number, a.Started.Sub(tries[i-1].Ended))
			}
		}
		if within(w.Slot.Fire) {
			inside++
		}
		switch {
		case w.Slot.Outcome == store.Done && tries[last].Result == store.AttemptDone:
			done++
		case w.Slot.Outcome != store.Failed || len(tries) != 5 || !strings.HasPrefix(w.Slot.Reason, "kdc") || !within(w.Slot.Fire):
			b.t.Errorf("slot %s is %s after %d attempts: %s", w.Slot.Key, w.Slot.Outcome, len(tries), w.Slot.Reason)
		}
	}
	// The last slot of the outage has its fifth attempt up to a quarter of an hour later.
	if len(all) != 9 || inside != 4 || done < 5 || done > 6 {
		b.t.Errorf("%d slots, %d in the outage, %d done", len(all), inside, done)
	}
	b.mailed(done)
	if c := b.lab.Realm.Counts(); c.Logins < 5 || c.BadKeys != 0 {
		b.t.Errorf("the KDC counted %+v; each slot needs a login", c)
	}
}
