package planner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/schedule"
	"qosreport/internal/store"
)

// began is when the tests begin: a bubble's first instant.
var began = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// world is a planner in virtual time with a real ledger. What it starts takes some time.
type world struct {
	t      *testing.T
	ledger *store.Store
	takes  time.Duration // of a run
	limit  int           // of runs; 0 is none

	mu      sync.Mutex
	step    time.Duration // of the clock
	started []string
	missed  []string
}

func inBubble(t *testing.T, test func(t *testing.T, w *world)) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, takes: time.Second}
		var err error
		if w.ledger, err = store.Open(t.Context(), path, store.Options{Now: w.now}); err != nil {
			t.Fatal(err)
		}
		test(t, w)
		if err := w.ledger.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.step)
}

func (w *world) jump(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.step += by
}

// entry is a schedule in UTC.
func (w *world) entry(name, cron string, p schedule.Policy) Schedule {
	w.t.Helper()
	times, err := schedule.Parse(schedule.Spec{ID: name, Expression: cron, Zone: "UTC"})
	if err != nil {
		w.t.Fatal(err)
	}
	if p, err = times.Policy(p); err != nil {
		w.t.Fatal(err)
	}
	return Schedule{Times: times, Policy: p}
}

// start claims a slot as a job does, and runs for a while.
func (w *world) start(ctx context.Context, slot store.Slot) (func(context.Context), error) {
	lease, _, err := w.ledger.Claim(ctx, store.Claim{ID: store.NewRunID(w.now()), Kind: store.KindSlot, Slot: slot.Key, Variant: "v", Owner: store.Self(), MaxRuns: w.limit,
		Alone: !strings.HasPrefix(slot.Schedule, "allow")})
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.started = append(w.started, w.when(time.Now())+" "+slot.Key)
	w.mu.Unlock()
	return func(ctx context.Context) {
		timer := time.NewTimer(w.takes)
		defer timer.Stop()
		end := store.RunEnd{State: store.RunDone}
		select {
		case <-timer.C:
		case <-ctx.Done():
			end = store.RunEnd{State: store.RunInterrupted, Reason: "stopped"}
		}
		if _, err := lease.End(context.WithoutCancel(ctx), end); err != nil {
			w.t.Error(err)
		}
	}, nil
}

func (w *world) when(t time.Time) string { return t.UTC().Format("02 15:04:05") }

// plan runs a planner for a time, and gives it back after its end.
func (w *world) plan(during time.Duration, more func(p *Planner), schedules ...Schedule) *Planner {
	w.t.Helper()
	p := New(Options{Store: w.ledger, Owner: store.Self(), Start: w.start, Now: w.now, Missed: func(_ context.Context, name string, slots []store.Slot) {
		w.missed = append(w.missed, fmt.Sprintf("%s %d", name, len(slots)))
	}})
	p.Set(schedules)
	if more != nil {
		more(p)
	}
	ctx, stop := context.WithCancel(w.t.Context())
	ended := make(chan error)
	go func() { ended <- p.Run(ctx) }()
	time.Sleep(during)
	stop()
	if err := <-ended; err != nil {
		w.t.Error(err)
	}
	return p
}

// outcomes are the slots in the order of their instants.
func (w *world) outcomes() string {
	w.t.Helper()
	slots, err := w.ledger.Slots(w.t.Context(), store.SlotFilter{})
	if err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, s := range slots {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", s.Key, s.Outcome, s.Reason)))
	}
	return strings.Join(lines, "\n")
}

func (w *world) want(lines ...string) {
	w.t.Helper()
	if got := w.outcomes(); got != strings.Join(lines, "\n") {
		w.t.Errorf("slots:\n%s\nwant:\n%s", got, strings.Join(lines, "\n"))
	}
}

func TestSlotsStartAtTheirInstant(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.plan(3*time.Hour, nil, w.entry("daily", "20 1 * * *", schedule.Policy{}))
		w.want("daily@2000-01-01T01:20 done")
		if len(w.started) != 1 || w.started[0] != "01 01:20:00 daily@2000-01-01T01:20" {
			t.Errorf("started %q", w.started)
		}
	})
}

// Two planners on one ledger run each slot once.
func TestTwoPlanners(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { w.plan(10*time.Minute+time.Second, nil, w.entry("often", "*/5 * * * *", schedule.Policy{})) })
		}
		both.Wait()
		if len(w.started) != 2 {
			t.Errorf("started %q", w.started)
		}
		w.want("often@2000-01-01T00:05Z done", "often@2000-01-01T00:10Z done")
	})
}

// Two planners with other times for one schedule each have their slots: none is lost to
// the change that each sees when the other has looked.
func TestTwoPlannersWithOtherTimes(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var both sync.WaitGroup
		for _, cron := range []string{"3,13 * * * *", "4,14 * * * *"} {
			both.Go(func() { w.plan(20*time.Minute+time.Second, nil, w.entry("often", cron, schedule.Policy{})) })
		}
		both.Wait()
		w.want("often@2000-01-01T00:03Z done", "often@2000-01-01T00:04Z done", "often@2000-01-01T00:13Z done", "often@2000-01-01T00:14Z done")
	})
}

// A planner that takes other times itself begins anew with them, also when they are those
// from before.
func TestOtherTimesHoldFromTheChange(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		change := func(p *Planner) {
			go func() {
				time.Sleep(2*time.Minute + time.Second)
				p.Set([]Schedule{w.entry("often", "30 * * * *", schedule.Policy{})})
				time.Sleep(4 * time.Minute)
				p.Set([]Schedule{w.entry("often", "*/5 * * * *", schedule.Policy{})})
			}()
		}
		w.plan(11*time.Minute, change, w.entry("often", "*/5 * * * *", schedule.Policy{}))
		w.want("often@2000-01-01T00:10Z done")
	})
}

// The limit of runs lets later slots wait, in the order of their instants and names.
func TestSlotsWaitInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.takes, w.limit = 10*time.Minute, 1
		w.plan(61*time.Minute, nil, w.entry("b", "1 0 * * *", schedule.Policy{}), w.entry("c", "0 1 * * *", schedule.Policy{}), w.entry("a", "1 0 * * *", schedule.Policy{}), w.entry("d", "2 0 * * *", schedule.Policy{}))
		want := []string{"01 00:01:00 a@2000-01-01T00:01", "01 00:11:00 b@2000-01-01T00:01", "01 00:21:00 d@2000-01-01T00:02", "01 01:00:00 c@2000-01-01T01:00"}
		if strings.Join(w.started, "|") != strings.Join(want, "|") {
			t.Errorf("started %q", w.started)
		}
	})
}

// A planner that is stopped gives waiting slots back, and waits for its runs.
func TestStoppingGivesSlotsBack(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.takes, w.limit = time.Hour, 1
		p := w.plan(5*time.Minute, nil, w.entry("a", "1 0 * * *", schedule.Policy{}), w.entry("b", "1 0 * * *", schedule.Policy{}))
		w.want("a@2000-01-01T00:01 due stopped", "b@2000-01-01T00:01 due")
		if p.Ready() == nil {
			t.Error("a stopped planner is ready")
		}
	})
}

func TestOverlapsOfOneSchedule(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.takes = 90 * time.Second
		w.plan(4*time.Minute+50*time.Second, nil, w.entry("forbid", "* * * * *", schedule.Policy{}))
		got := strings.Split(w.outcomes(), "\n")
		for i, want := range []string{"forbid@2000-01-01T00:01Z done", "forbid@2000-01-01T00:02Z skipped still running: run 2000", "forbid@2000-01-01T00:03Z done", "forbid@2000-01-01T00:04Z skipped still running: run 2000"} {
			if i >= len(got) || !strings.HasPrefix(got[i], want) {
				t.Errorf("slots %q, want %q", got, want)
			}
		}
	})
	inBubble(t, func(t *testing.T, w *world) {
		w.takes = 90 * time.Second
		w.plan(2*time.Minute+time.Second, nil, w.entry("allow", "* * * * *", schedule.Policy{Overlap: schedule.OverlapAllow, StartDeadline: time.Hour}))
		if len(w.started) != 2 {
			t.Errorf("started %q", w.started)
		}
	})
}

// Spreading moves the start and not the slot.
func TestStartsAreSpread(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		s := w.entry("daily", "20 1 * * *", schedule.Policy{})
		s.Spread = time.Hour
		w.plan(3*time.Hour, nil, s)
		began := time.Date(2000, 1, 1, 1, 20, 0, 0, time.UTC).Add(schedule.Delay("daily", time.Hour))
		if schedule.Delay("daily", time.Hour) == 0 || len(w.started) != 1 || !strings.HasPrefix(w.started[0], w.when(began)) {
			t.Errorf("started %q, want %s", w.started, began)
		}
		w.want("daily@2000-01-01T01:20 done")
	})
}

// A clock that goes back repeats nothing; one that goes forward a day misses what lies
// between and is too late, once, and the run at work goes on.
func TestTheClockIsMoved(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.takes = 10 * time.Minute
		w.plan(90*time.Minute, func(*Planner) {
			go func() {
				time.Sleep(60*time.Minute + 10*time.Second)
				w.jump(-time.Hour)
				time.Sleep(5 * time.Minute)
				w.jump(25 * time.Hour)
			}()
		}, w.entry("hourly", "0 */6,1 * * *", schedule.Policy{StartDeadline: time.Hour}))
		const late = " missed deadline: service was down 2000-01-01 01:00 to 2000-01-02 01:05\n"
		want := "hourly@2000-01-01T01:00 done\nhourly@2000-01-01T06:00" + late + "hourly@2000-01-01T12:00" + late + "hourly@2000-01-01T18:00" + late +
			"hourly@2000-01-02T00:00" + late + "hourly@2000-01-02T01:00 skipped still running: run 20000101T010000.000Z-"
		if got := w.outcomes(); !strings.HasPrefix(got, want) {
			t.Errorf("slots:\n%s\nwant:\n%s", got, want)
		}
		if len(w.missed) != 1 || w.missed[0] != "hourly 4" {
			t.Errorf("missed %q", w.missed)
		}
	})
}

// A clock before the making of the program plans nothing and says so.
func TestAClockThatCannotBe(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		p := New(Options{Store: w.ledger, Owner: store.Self(), Start: w.start, Now: w.now, Built: began.AddDate(0, 0, 1)})
		p.Set([]Schedule{w.entry("often", "* * * * *", schedule.Policy{})})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.Run(ctx) }()
		time.Sleep(5 * time.Minute)
		if err := p.Ready(); err == nil || !strings.Contains(err.Error(), "the clock says 2000-01-01T00:0") || p.Healthy() != nil {
			t.Errorf("ready: %v, healthy: %v", err, p.Healthy())
		}
		w.want("")
		stop()
		<-ended
	})
}

// After a very long down-time the newest slots are told one by one, and the others as one.
func TestManyMissedSlots(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		s := w.entry("often", "* * * * *", schedule.Policy{})
		w.plan(time.Second, nil, s)
		time.Sleep(30 * 24 * time.Hour)
		w.plan(time.Second, nil, s)
		lines := strings.Split(w.outcomes(), "\n")
		if len(lines) != catchUpMax || !strings.HasSuffix(lines[catchUpMax-1], "done") && !strings.HasSuffix(lines[catchUpMax-1], "due stopped") {
			t.Errorf("slots %q", lines)
		}
		events, err := w.ledger.History(t.Context(), store.EventFilter{Schedule: "often"})
		told := false
		for _, e := range events {
			told = told || strings.Contains(e.Reason, "10000 slots or more")
		}
		if err != nil || !told {
			t.Errorf("nothing tells of the others: %+v, %v", events, err)
		}
	})
}

// A ledger that cannot be written stops the planning and not the planner.
func TestALedgerThatFails(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		broken := errors.New("broken")
		var fails atomic.Bool
		fails.Store(true)
		p := New(Options{Store: w.ledger, Owner: store.Self(), Now: w.now, Start: func(ctx context.Context, slot store.Slot) (func(context.Context), error) {
			if fails.Load() {
				return nil, broken
			}
			return w.start(ctx, slot)
		}})
		p.Set([]Schedule{w.entry("daily", "1 0 * * *", schedule.Policy{})})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.Run(ctx) }()
		time.Sleep(2 * time.Minute)
		if !errors.Is(p.Ready(), broken) {
			t.Errorf("ready: %v", p.Ready())
		}
		fails.Store(false)
		time.Sleep(time.Minute)
		if p.Ready() != nil {
			t.Errorf("ready: %v", p.Ready())
		}
		stop()
		<-ended
		w.want("daily@2000-01-01T00:01 done")
	})
}

// The newest slot is due for another scheduler, also on first sight, and whatever the
// policy says of catching up.
func TestNewest(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		time.Sleep(30 * time.Hour)
		p := New(Options{Store: w.ledger, Owner: store.Self(), Start: w.start, Now: w.now})
		s := w.entry("daily", "0 4 * * *", schedule.Policy{CatchUp: schedule.CatchUpNone})
		for range 2 {
			slot, err := p.Newest(t.Context(), s)
			if err != nil || slot.Key != "daily@2000-01-02T04:00" || slot.Outcome != store.Due {
				t.Fatalf("%+v, %v", slot, err)
			}
		}
		slot, err := p.Newest(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if ran, err := p.RunNow(t.Context(), s, slot); !ran || err != nil {
			t.Fatalf("%v, %v", ran, err)
		}
		if slot, err = p.Newest(t.Context(), s); err != nil || slot.Outcome != store.Done {
			t.Errorf("%+v, %v", slot, err)
		}
		time.Sleep(2*24*time.Hour + 11*time.Hour)
		if slot, err = p.Newest(t.Context(), s); err != nil || slot.Outcome != store.Missed {
			t.Errorf("13 hours late it is %+v, %v", slot, err)
		}
		w.want("daily@2000-01-02T04:00 done", "daily@2000-01-03T04:00 missed deadline: nobody ran it 2000-01-02 06:00 to 2000-01-04 17:00",
			"daily@2000-01-04T04:00 missed deadline: nobody ran it 2000-01-02 06:00 to 2000-01-04 17:00")
	})
}
