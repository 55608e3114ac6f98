package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab/mailbox"
	"qosreport/internal/store"
)

// halfPast is a schedule at half past each hour, for the end of a configuration.
const halfPast = `web: {listen: ""}
schedules:
  hourly:
    report: one
    cron: "30 * * * *"
    window: previous_hour
    to: [noc@example.com]
    owner: [admins@example.com]
`

// serving is a serve in a bubble.
type serving struct {
	*bubble
	stop context.CancelCauseFunc
	done chan result
}

func (b *bubble) serve() *serving {
	ctx, stop := context.WithCancelCause(b.t.Context())
	s := &serving{bubble: b, stop: stop, done: make(chan result, 1)}
	go func() { s.done <- b.call(ctx, "serve") }()
	synctest.Wait() // until it has looked at its schedules
	return s
}

// end stops serve as a signal does, and waits for it.
func (s *serving) end() result {
	s.stop(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by signal %q", "terminated"))
	return <-s.done
}

// ledger opens the ledger beside whoever uses it.
func (b *bubble) ledger(read func(ledger *store.Store)) {
	b.t.Helper()
	ledger, err := store.Open(b.t.Context(), filepath.Join(b.dir, "ledger.db"), store.Options{Now: b.now})
	if err != nil {
		b.t.Fatal(err)
	}
	defer ledger.Close()
	read(ledger)
}

// outcomes are the slots of the ledger by their fire instant, each with its outcome and reason.
func (b *bubble) outcomes() string {
	b.t.Helper()
	var lines []string
	b.ledger(func(ledger *store.Store) {
		slots, err := ledger.Slots(b.t.Context(), store.SlotFilter{})
		if err != nil {
			b.t.Fatal(err)
		}
		for _, s := range slots {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", s.Fire.UTC().Format("02T15:04"), s.Outcome, s.Reason)))
		}
	})
	return strings.Join(lines, "\n")
}

func (b *bubble) want(outcomes ...string) {
	b.t.Helper()
	if got := b.outcomes(); got != strings.Join(outcomes, "\n") {
		b.t.Errorf("slots:\n%s\nwant:\n%s", got, strings.Join(outcomes, "\n"))
	}
}

// rewrite changes the configuration.
func (b *bubble) rewrite(old, new string) {
	b.t.Helper()
	file := filepath.Join(b.dir, "configs/qosreport.yaml")
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), old) {
		b.t.Fatalf("%q is not there: %v", old, err)
	}
	write(b.t, file, strings.Replace(string(text), old, new, 1))
}

func TestServeRunsEachSlotOnce(t *testing.T) {
	virtually(t, halfPast, func(t *testing.T, b *bubble) {
		s := b.serve()
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if r := s.end(); r.code != 0 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		b.want("10T05:30 done", "10T06:30 done", "10T07:30 done")
		if b.box.Accepted() != 3 {
			t.Errorf("%d mails", b.box.Accepted())
		}
	})
}

// After down-time the newest slot is made up, and its mail says so.
func TestServeCatchesUp(t *testing.T) {
	virtually(t, strings.Replace(halfPast, "owner:", "start_deadline: 12h\n    owner:", 1), func(t *testing.T, b *bubble) {
		b.serve().end()
		time.Sleep(3*time.Hour + 20*time.Minute) // 08:10
		s := b.serve()
		time.Sleep(30 * time.Minute)
		s.end()
		b.want("10T05:30 missed down: service was down 06:50 to 10:10", "10T06:30 missed down: service was down 06:50 to 10:10", "10T07:30 done", "10T08:30 done")
		mails := b.box.Messages()
		if len(mails) != 3 { // two reports, and what the owner is told
			t.Fatalf("%d mails", len(mails))
		}
		found := false
		for _, m := range mails {
			text, err := m.Content()
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(text), "Sent 40 min late: service was down 06:50 to 10:10.")
		}
		if !found {
			t.Error("no mail says that it is late")
		}
	})
}

func TestServeMakesNothingUp(t *testing.T) {
	virtually(t, strings.Replace(halfPast, "owner:", "catch_up: none\n    owner:", 1), func(t *testing.T, b *bubble) {
		b.serve().end()
		time.Sleep(2 * time.Hour) // 06:50
		s := b.serve()
		time.Sleep(time.Minute)
		s.end()
		b.want("10T05:30 missed deadline: service was down 06:50 to 08:50", "10T06:30 missed down: service was down 06:50 to 08:50")
	})
}

// Owners are told two at a time, for after an outage every schedule has something to tell.
// A stop waits for nobody's turn.
func TestNoticesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &daemon{turns: make(chan struct{}, noticesAtATime)}
		ctx, stop := context.WithCancel(t.Context())
		var begun atomic.Int32
		end := make(chan struct{})
		want := func(n int32) {
			t.Helper()
			if synctest.Wait(); begun.Load() != n {
				t.Errorf("%d notices have begun; want %d", begun.Load(), n)
			}
		}
		for range 10 {
			d.tellBeside(ctx, func() {
				begun.Add(1)
				<-end
			})
		}
		want(2)
		end <- struct{}{}
		want(3)
		stop()
		want(10)
		close(end)
		d.notices.Wait()
	})
}

func TestServeSuspended(t *testing.T) {
	virtually(t, strings.Replace(halfPast, "owner:", "suspend: true\n    owner:", 1), func(t *testing.T, b *bubble) {
		s := b.serve()
		time.Sleep(2 * time.Hour)
		s.end()
		b.want("10T05:30 suspended the schedule is suspended", "10T06:30 suspended the schedule is suspended")
		b.rewrite("suspend: true", "suspend: false")
		s = b.serve()
		time.Sleep(time.Hour)
		s.end()
		b.want("10T05:30 suspended the schedule is suspended", "10T06:30 suspended the schedule is suspended", "10T07:30 done")
	})
}

// A run that outlasts the time to the next slot: with forbid the next is skipped, with
// allow both run. A server that does not greet keeps a run busy for some attempts.
func TestServeOverlaps(t *testing.T) {
	for policy, want := range map[string]string{"forbid": "skipped still running", "allow": "done"} {
		often := strings.Replace(halfPast, `"30 * * * *"`, `"*/3 * * * *"`+"\n    start_deadline: 30m\n    overlap: "+policy, 1)
		virtually(t, strings.Replace(often, "previous_hour", "today_so_far", 1), func(t *testing.T, b *bubble) {
			b.box.SetFaults(mailbox.Faults{At: map[mailbox.Step]mailbox.Act{mailbox.Greeting: {Hold: true}}})
			s := b.serve()
			time.Sleep(4*time.Minute + 30*time.Second) // 04:54:30
			b.box.SetFaults(mailbox.Faults{})
			time.Sleep(20 * time.Minute)
			s.end()
			got := strings.Split(b.outcomes(), "\n")
			if len(got) < 2 || got[0] != "10T04:51 done" || !strings.HasPrefix(got[1], "10T04:54 "+want) {
				t.Errorf("%s: slots %q", policy, got)
			}
		})
	}
}

// A recipient that is put off gets the mail from a later attempt of the same run, which
// asks the cluster nothing.
func TestServeTriesAgain(t *testing.T) {
	virtually(t, halfPast, func(t *testing.T, b *bubble) {
		b.box.SetFaults(mailbox.Faults{Greylist: []string{"noc@example.com"}})
		s := b.serve()
		time.Sleep(time.Hour)
		for line := range strings.Lines(s.end().stderr) {
			if strings.Contains(line, "attempt failed") && strings.Count(line, `"run":`) != 1 {
				t.Errorf("a record names its run more than once: %s", line)
			}
		}
		b.want("10T05:30 done")
		b.ledger(func(ledger *store.Store) {
			why, err := ledger.Why(t.Context(), "hourly@2017-09-10T05:30Z")
			if err != nil || len(why.Runs) != 1 || len(why.Runs[0].Attempts) != 2 {
				t.Fatalf("%+v, %v", why, err)
			}
			first, second := why.Runs[0].Attempts[0], why.Runs[0].Attempts[1]
			if first.Class != "deferred" || len(first.Queries) != 1 || second.Result != store.AttemptDone || len(second.Queries) != 0 || b.box.Accepted() != 1 {
				t.Errorf("attempts %+v, %d mails", why.Runs[0].Attempts, b.box.Accepted())
			}
		})
	})
}

// A new reading of the configuration takes effect at once; an invalid one changes nothing.
func TestServeReadsItsConfigurationAgain(t *testing.T) {
	virtually(t, halfPast, func(t *testing.T, b *bubble) {
		hangUp := make(chan os.Signal, 1)
		b.hangUp = hangUp
		s := b.serve()
		time.Sleep(time.Hour) // 05:50
		b.rewrite("report: one", "report: gone")
		hangUp <- syscall.SIGHUP
		synctest.Wait()
		b.rewrite("report: gone", "report: one")
		b.rewrite(`"30 * * * *"`, `"61 * * * *"`)
		hangUp <- syscall.SIGHUP
		time.Sleep(time.Hour)
		b.rewrite(`"61 * * * *"`, `"45 * * * *"`)
		hangUp <- syscall.SIGHUP
		time.Sleep(time.Hour)
		r := s.end()
		b.want("10T05:30 done", "10T06:30 done", "10T07:45 done")
		for _, says := range []string{"configuration refused, the old one stays", "minute 61 does not exist", `"try":"the reports are: one"`, "configuration read again"} {
			if !strings.Contains(r.stderr, says) {
				t.Errorf("nothing says %q:\n%s", says, r.stderr)
			}
		}
	})
}

// A reload may follow the start at once, while the ledger is still migrated.
func TestServeHeedsSIGHUPFromItsStart(t *testing.T) {
	d := newDesk(t, "")
	early := false
	a := &app{now: time.Now, stdio: stdio{strings.NewReader(""), io.Discard, io.Discard}, hangUps: func() (<-chan os.Signal, func()) {
		early = true
		return nil, func() {}
	}}
	if err := a.run(t.Context(), []string{"serve", "--config-dir", d.dir}); err == nil || !early {
		t.Errorf("%v; the signal was asked for: %v", err, early)
	}
}

func TestSendRules(t *testing.T) {
	for rule, mails := range map[string]int{"always": 3, "rows": 3, "breach": 0, "findings": 0, "changed": 1} {
		virtually(t, strings.Replace(halfPast, "owner:", "send_when: "+rule+"\n    owner:", 1), func(t *testing.T, b *bubble) {
			s := b.serve()
			time.Sleep(3 * time.Hour)
			s.end()
			if b.box.Accepted() != mails {
				t.Errorf("rule %s: %d mails, want %d\n%s", rule, b.box.Accepted(), mails, b.outcomes())
			}
		})
	}
}
