package job

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/store"
)

// Whether a failure is tried again is read from its class alone. The delays double, and
// where the cluster is full the first is longer.
func TestAttemptsByClass(t *testing.T) {
	tests := []struct {
		area     fault.Area
		class    fault.Class
		attempts int
		first    time.Duration // least delay before the second
	}{
		{fault.Impala, fault.Network, 5, 0},
		{fault.Security, fault.KDC, 5, 0},
		{fault.Impala, fault.Capacity, 5, 5 * time.Minute},
		{fault.Impala, fault.Lost, 5, 0},
		{fault.Security, fault.Authentication, 1, 0},
		{fault.Impala, fault.SQL, 1, 0},
		{fault.Impala, fault.Contract, 1, 0},
		{fault.Impala, fault.Cancelled, 1, 0},
		{fault.Impala, fault.Unclassified, 1, 0},
		{fault.Output, fault.Render, 1, 0},
		{fault.Delivery, fault.Refused, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.class.String(), func(t *testing.T) {
			onTrial(t, func(t *testing.T, w *trial) {
				failure := fault.Errorf(tt.area, tt.class, "it broke")
				w.cluster.fails = slices.Repeat([]error{failure}, tt.attempts)
				exits(t, w.run(), tt.area.ExitCode(), "it broke")
				word := fault.Word(failure)
				w.want(store.Failed, word+": it broke", slices.Repeat([]string{"failed query " + word}, tt.attempts)...)
				w.delays(tt.first)
				if len(w.failed) != 1 || w.failed[0].Attempts != tt.attempts || w.failed[0].Run != "run-1" {
					t.Errorf("the owner was told %+v; want once, of %d attempts", w.failed, tt.attempts)
				}
				if err := w.cluster.fails; len(err) != 0 {
					t.Errorf("%d failures were not met", len(err))
				}
			})
		})
	}
}

// delays checks the time between attempts.
func (w *trial) delays(first time.Duration) {
	w.t.Helper()
	all := w.attempts()
	for i, a := range all[1:] {
		n := i + 2
		least, most := time.Duration(0), min(15*time.Minute, 30*time.Second<<(n-1))
		if n == 2 {
			least, most = first, most+first
		}
		// The ledger has milliseconds.
		if wait := a.Started.Sub(all[i].Ended); wait < least || wait > most {
			w.t.Errorf("attempt %d began after %s; want %s to %s", n, wait, least, most)
		}
	}
}

func TestDelays(t *testing.T) {
	for n, most := range map[int]time.Duration{2: time.Minute, 3: 2 * time.Minute, 4: 4 * time.Minute, 5: 8 * time.Minute, 6: 15 * time.Minute, 40: 15 * time.Minute} {
		for _, class := range []fault.Class{fault.Network, fault.KDC, fault.Lost, fault.Deferred, fault.Capacity} {
			var longer time.Duration
			if class == fault.Capacity && n == 2 {
				longer = 5 * time.Minute
			}
			seen := make(map[time.Duration]bool)
			low, high := time.Duration(1<<62), time.Duration(0)
			for range 200 {
				wait := delay(n, class)
				seen[wait], low, high = true, min(low, wait), max(high, wait)
			}
			if low < longer || high >= most+longer || len(seen) < 100 || high-low < most/2 {
				t.Errorf("before attempt %d for %s: %s to %s, %d different", n, class, low, high, len(seen))
			}
		}
	}
}

// A success ends it, whatever failed before, and no owner hears of that.
func TestAnAttemptThatSucceeds(t *testing.T) {
	onTrial(t, func(t *testing.T, w *trial) {
		w.cluster.fails = []error{fault.Errorf(fault.Impala, fault.Network, "refused"), fault.Errorf(fault.Security, fault.KDC, "no KDC"),
			fault.Errorf(fault.Impala, fault.Capacity, "queue full"), fault.Errorf(fault.Impala, fault.Lost, "coordinator away")}
		exits(t, w.run(), 0, "")
		w.want(store.Done, "", "failed query network", "failed query kdc", "failed query capacity", "failed query lost", "done mail")
		if w.done != 1 || len(w.failed) != 0 {
			t.Errorf("the owner was told %+v", w.failed)
		}
	})
}

// A full queue asks for a longer delay before the second attempt only; it is the class of
// the attempt before that counts.
func TestTheLongerDelayComesOnce(t *testing.T) {
	onTrial(t, func(t *testing.T, w *trial) {
		full := fault.Errorf(fault.Impala, fault.Capacity, "queue full")
		w.cluster.fails = []error{fault.Errorf(fault.Impala, fault.Network, "refused"), full, full}
		exits(t, w.run(), 0, "")
		w.delays(0)
	})
}

// Five attempts are all that the runs of a slot have together. Those that were interrupted
// do not count; those of a lost process do.
func TestAttemptsOfAllRunsOfASlot(t *testing.T) {
	onTrial(t, func(t *testing.T, w *trial) {
		network := fault.Errorf(fault.Impala, fault.Network, "refused")
		w.cluster.hangs = true
		first := w.start()
		time.Sleep(time.Minute)
		first.stop(stopSignal)
		exits(t, <-first.done, 10, "stopped by signal")
		w.want(store.Due, "dataset legs: query ", "interrupted query")

		second := w.start()
		time.Sleep(time.Minute)
		w.abandon()
		exits(t, <-second.done, 9, "no longer ours")
		w.want(store.Due, "lease ran out", "interrupted query", "abandoned query")

		w.cluster.hangs = false
		w.cluster.fails = []error{network, network}
		third := w.start()
		<-w.seen
		<-w.seen
		third.stop(stopSignal)
		exits(t, <-third.done, 10, "stopped by signal")

		w.cluster.fails = []error{network, network, network}
		exits(t, w.run(), 5, "refused")
		w.want(store.Failed, "network: refused", "interrupted query", "abandoned query", "failed query network", "failed query network", "failed query network", "failed query network")
		if len(w.failed) != 1 || w.failed[0].Attempts != 5 {
			t.Errorf("the owner was told %+v; want of five attempts", w.failed)
		}
		if len(w.cluster.fails) != 1 {
			t.Errorf("%d attempts are left; want one that was not made", len(w.cluster.fails))
		}
	})
}

// abandon has another process take the run for lost.
func (w *trial) abandon() {
	w.t.Helper()
	other := w.open(func() time.Time { return time.Now().Add(2 * time.Minute) })
	lost, err := other.Reap(w.t.Context())
	noError(w.t, err)
	noError(w.t, other.Close())
	if len(lost) != 1 {
		w.t.Fatalf("lost runs %+v", lost)
	}
}

// A process that ends each time it runs the slot does not do so for ever.
func TestASlotThatIsLostAgainAndAgain(t *testing.T) {
	onTrial(t, func(t *testing.T, w *trial) {
		w.cluster.hangs = true
		for range 5 {
			r := w.start()
			time.Sleep(time.Minute)
			w.abandon()
			<-r.done
		}
		w.cluster.hangs = false
		asked := len(w.cluster.statements)
		exits(t, w.run(), 1, "given up after 5 attempts that failed or were lost")
		w.want(store.Failed, "internal: given up after 5 attempts", slices.Repeat([]string{"abandoned query"}, 5)...)
		if len(w.cluster.statements) != asked || len(w.failed) != 1 || !strings.Contains(fault.Remedy(w.failed[0].Err), "qosreport why "+w.slot.Key) {
			t.Errorf("%d statements; the owner was told %+v", len(w.cluster.statements)-asked, w.failed)
		}
	})
}

// What a person asks for is tried once: he sees how it ends.
func TestOneAttemptByHand(t *testing.T) {
	network := fault.Errorf(fault.Impala, fault.Network, "refused")
	t.Run("of a slot that failed", func(t *testing.T) {
		onTrial(t, func(t *testing.T, w *trial) {
			w.cluster.fails = slices.Repeat([]error{network}, 5)
			exits(t, w.run(), 5, "")
			w.booking.Due.ByHand = true
			w.cluster.fails = []error{network, network}
			exits(t, w.run(), 5, "")
			exits(t, w.run(), 5, "")
			if tries := w.told(); len(tries) != 7 {
				t.Errorf("attempts %q", tries)
			}
			exits(t, w.run(), 0, "")
			if slot := w.why().Slot; slot.Outcome != store.Done || w.done != 1 {
				t.Errorf("the slot is %s: %s", slot.Outcome, slot.Reason)
			}
		})
	})
	t.Run("for a window", func(t *testing.T) {
		onTrial(t, func(t *testing.T, w *trial) {
			w.booking.Due, w.options.Run = nil, "by hand"
			w.cluster.fails = []error{network, network}
			_, _, err := RunAndSend(t.Context(), w.options, w.booking)
			exits(t, err, 5, "refused")
			if len(w.cluster.fails) != 1 || len(w.failed) != 0 {
				t.Errorf("%d failures are left; the owner was told %+v", len(w.cluster.fails), w.failed)
			}
		})
	})
}

// An attempt that could not end in time is not begun, nor waited for.
func TestNoAttemptThatCouldNotEndInTime(t *testing.T) {
	tests := []struct {
		name  string
		wants time.Duration // that an attempt leaves free, of a minute
		fail  func(w *trial)
		code  int
	}{
		{"of the whole report", 15 * time.Second, func(w *trial) {
			w.cluster.fails = slices.Repeat([]error{fault.Errorf(fault.Impala, fault.Network, "refused")}, 5)
		}, 5},
		{"of the mail alone", time.Second, func(w *trial) { w.post.answers[noc] = slices.Repeat([]transaction{putOff}, 5) }, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			onTrial(t, func(t *testing.T, w *trial) {
				w.options.Budget = time.Minute
				short := 0
				for i := range 20 {
					w.options.Window.From, w.options.Window.To = w.options.Window.From.AddDate(0, 0, 1), w.options.Window.To.AddDate(0, 0, 1)
					w.plan(fmt.Sprintf("daily@2017-10-%02dT06:00", i+1))
					tt.fail(w)
					began := time.Now()
					err := w.run()
					exits(t, err, tt.code, "")
					for _, a := range w.attempts() {
						if at := a.Started.Sub(began); at >= time.Minute-tt.wants {
							t.Errorf("attempt %d began after %s", a.Number, at)
						}
					}
					if took := time.Since(began); took >= time.Minute {
						t.Errorf("it took %s", took)
					}
					if n := len(w.attempts()); n < 5 {
						short++
						if !strings.HasPrefix(err.Error(), "no time is left for another attempt: ") {
							t.Errorf("after %d attempts: %v", n, err)
						}
					}
				}
				if short == 0 {
					t.Error("every run had its five attempts")
				}
			})
		})
	}
}

// What was made is not made again when only mail is to be repeated, and its message keeps
// its id.
func TestTheReportIsMadeOnce(t *testing.T) {
	onTrial(t, func(t *testing.T, w *trial) {
		w.post.answers[boss] = []transaction{putOff, putOff}
		exits(t, w.run(), 0, "")
		w.want(store.Done, "", "failed mail deferred", "failed mail deferred", "done mail")
		w.mail(store.Sent, store.Sent)
		w.delays(0)
		if len(w.cluster.statements) != 2 {
			t.Errorf("the cluster was asked %d times", len(w.cluster.statements))
		}
		for i, a := range w.attempts() {
			if queries := map[bool]int{true: 2, false: 0}[i == 0]; len(a.Queries) != queries || a.Rows != 4 {
				t.Errorf("attempt %d has %d queries and %d rows", a.Number, len(a.Queries), a.Rows)
			}
		}
		offered := w.post.offered
		if len(offered) != 4 || offered[1] != offered[2] || offered[2] != offered[3] || offered[0] == offered[1] || len(w.post.accepted) != 2 {
			t.Errorf("offered %q, accepted %q", offered, w.post.accepted)
		}
	})
}

// One that waits for its turn is due again at a stop, and what failed before stays written
// down.
func TestAStopEndsTheWaitBetweenAttempts(t *testing.T) {
	onTrial(t, func(t *testing.T, w *trial) {
		w.cluster.fails = []error{fault.Errorf(fault.Impala, fault.Capacity, "queue full")}
		r := w.start()
		time.Sleep(3 * time.Minute) // of five at least
		stopped := time.Now()
		r.stop(stopSignal)
		exits(t, <-r.done, 10, "stopped by signal")
		if took := time.Since(stopped); took != 0 {
			t.Errorf("it took %s to stop", took)
		}
		w.want(store.Due, "stopped by signal", "failed query capacity")
		if run := w.why().Runs[0].Run; run.State != store.RunInterrupted || len(w.failed) != 0 {
			t.Errorf("the run is %s; the owner was told %+v", run.State, w.failed)
		}
		exits(t, w.run(), 0, "")
		w.want(store.Done, "", "failed query capacity", "done mail")
	})
}
