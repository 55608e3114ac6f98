//go:build unix

package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// childKey is the variable that makes the test binary another process of a test; its
// value is what that process does, and childPath the ledger.
const (
	childKey  = "QOSREPORT_STORE_CHILD"
	childPath = "QOSREPORT_STORE_PATH"
)

// children are what the other processes do. They talk over standard input and output.
var children = map[string]func(path string) error{
	"race":     raceChild,
	"steps":    stepsChild,
	"readonly": readOnlyChild,
	"migrate":  migrateChild,
}

func TestMain(m *testing.M) {
	do, wanted := children[os.Getenv(childKey)]
	if !wanted {
		os.Exit(m.Run())
	}
	if err := do(os.Getenv(childPath)); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

// child is a process that a test started.
type child struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startChild(t *testing.T, what, path string) *child {
	t.Helper()
	self, err := os.Executable()
	noError(t, err)
	c := &child{Cmd: exec.CommandContext(t.Context(), self)}
	c.Env = append(os.Environ(), childKey+"="+what, childPath+"="+path)
	c.Stderr = os.Stderr
	c.in, err = c.StdinPipe()
	noError(t, err)
	out, err := c.StdoutPipe()
	noError(t, err)
	c.out = bufio.NewScanner(out)
	noError(t, c.Start())
	return c
}

// startTwo starts two processes, and lets them go when both are ready.
func startTwo(t *testing.T, what, path string) []*child {
	t.Helper()
	both := []*child{startChild(t, what, path), startChild(t, what, path)}
	for _, c := range both {
		if line := c.line(t); line != "ready" {
			t.Fatalf("a process said %q", line)
		}
	}
	for _, c := range both {
		_, err := io.WriteString(c.in, "go\n")
		noError(t, err)
	}
	return both
}

// line is what the process says next.
func (c *child) line(t *testing.T) string {
	t.Helper()
	if !c.out.Scan() {
		t.Fatalf("the process said nothing more: %v", c.out.Err())
	}
	return c.out.Text()
}

const raceSlots = 300

func raceKey(i int) string { return fmt.Sprintf("daily@%03d", i) }

// raceOptions have patience: SQLite lets those who wait for it go in no order, and one that
// never stops can keep another out for long.
func raceOptions() Options {
	return Options{BusyTimeout: 5 * time.Minute, Gone: func(Owner) bool { return false }}
}

// race claims every slot it can get, and ends its run.
func race(s *Store, name string) (won []string, err error) {
	for i := range raceSlots {
		l, _, err := s.Claim(context.Background(), claimOf(name+"-"+strconv.Itoa(i), raceKey(i)))
		var taken *TransitionError
		if errors.As(err, &taken) && (taken.From == string(Running) || taken.From == string(Done)) {
			continue
		}
		if err != nil {
			return won, err
		}
		won = append(won, raceKey(i))
		if _, err := l.End(context.Background(), RunEnd{State: RunDone}); err != nil {
			return won, err
		}
	}
	return won, nil
}

func raceChild(path string) (err error) {
	s, err := Open(context.Background(), path, raceOptions())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	won, err := race(s, strconv.Itoa(os.Getpid()))
	fmt.Println(strings.Join(won, " "))
	return err
}

// raced is a ledger file with slots to be raced for.
func raced(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	s := openAt(t, path, Options{})
	var keys []string
	for i := range raceSlots {
		keys = append(keys, raceKey(i))
	}
	plan(t, s, keys...)
	return path
}

// wonOnce sees that every slot was won once.
func wonOnce(t *testing.T, won []string) {
	t.Helper()
	slices.Sort(won)
	for i := range raceSlots {
		if i >= len(won) || won[i] != raceKey(i) {
			t.Fatalf("%d slots were won, and in the place of %s comes %v", len(won), raceKey(i), won[min(i, len(won)):])
		}
	}
	if len(won) != raceSlots {
		t.Errorf("%d slots were won; there are %d", len(won), raceSlots)
	}
}

func TestTwoProcessesWinEverySlotOnce(t *testing.T) {
	path := raced(t)
	var won []string
	for _, c := range startTwo(t, "race", path) {
		won = append(won, strings.Fields(c.line(t))...)
		noError(t, c.Wait())
	}
	wonOnce(t, won)
}

func TestTwoHandlesWinEverySlotOnce(t *testing.T) {
	path := raced(t)
	var (
		wait sync.WaitGroup
		lock sync.Mutex
		all  []string
	)
	racers := map[string]*Store{"a": openAt(t, path, raceOptions()), "b": openAt(t, path, raceOptions())}
	for name, s := range racers {
		wait.Go(func() {
			won, err := race(s, name)
			lock.Lock()
			defer lock.Unlock()
			all = append(all, won...)
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	wonOnce(t, all)
}

func TestManyMayOpenANewFileAtOnce(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "ledger.db")
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				s, err := Open(context.Background(), path, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
	}
}

// steps are the transactions of one run, in their order.
func steps(ctx context.Context, s *Store) []func() error {
	var l *Lease
	var ids []int64
	return []func() error{
		func() error {
			_, _, err := s.Sight(ctx, Sighting{Schedule: "daily", ExpressionHash: "h1"})
			return err
		},
		func() error {
			_, err := s.Plan(ctx, Plan{Schedule: "daily", ExpressionHash: "h1", Until: start, Slots: []Slot{slotOf("daily@1")}})
			return err
		},
		func() (err error) {
			c := claimOf("run-1", "daily@1")
			c.Owner = Self()
			l, _, err = s.Claim(ctx, c)
			return err
		},
		func() error { _, err := l.StartAttempt(ctx); return err },
		func() error {
			list, err := l.PlanDeliveries(ctx, Mail{Revision: 1, Recipients: []Recipient{{Address: "a@x"}, {Address: "b@x"}}})
			for _, d := range list {
				ids = append(ids, d.ID)
			}
			return err
		},
		func() error { return l.Sending(ctx, ids[0]) },
		func() error { return l.Settle(ctx, Settlement{ID: ids[0], State: Sent, Code: 250}) },
		func() error { return l.Sending(ctx, ids[1]) },
		func() error { return l.Settle(ctx, Settlement{ID: ids[1], State: Sent, Code: 250}) },
		func() error { return l.EndAttempt(ctx, AttemptEnd{Result: AttemptDone}) },
		func() error { _, err := l.End(ctx, RunEnd{State: RunDone}); return err },
	}
}

// stepsChild takes a step for each line that it reads, and never closes the ledger.
func stepsChild(path string) error {
	s, err := Open(context.Background(), path, Options{Now: (&clock{now: start}).Now})
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	for _, step := range steps(context.Background(), s) {
		if _, err := in.ReadString('\n'); err != nil {
			return err
		}
		if err := step(); err != nil {
			return err
		}
		fmt.Println("done")
	}
	_, err = in.ReadString('\n') // waits to be killed
	return err
}

func TestAKilledProcessLeavesWhatItHadWritten(t *testing.T) {
	tests := []struct {
		name       string
		steps      int
		slot       Outcome // "" when there is none
		lost       int
		deliveries []DeliveryState
	}{
		{"before anything", 0, "", 0, nil},
		{"after the schedule was seen", 1, "", 0, nil},
		{"after planning", 2, Due, 0, nil},
		{"after the claim", 3, Due, 1, nil},
		{"in an attempt", 4, Due, 1, nil},
		{"after planning the mail", 5, Due, 1, []DeliveryState{Pending, Pending}},
		{"in the first DATA", 6, Due, 1, []DeliveryState{Unknown, Pending}},
		{"after the first mail", 7, Due, 1, []DeliveryState{Sent, Pending}},
		{"in the last DATA", 8, Failed, 1, []DeliveryState{Sent, Unknown}},
		{"after the last mail", 9, Due, 1, []DeliveryState{Sent, Sent}},
		{"after the attempt", 10, Due, 1, []DeliveryState{Sent, Sent}},
		{"after the end", 11, Done, 0, []DeliveryState{Sent, Sent}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ledger.db")
			c := startChild(t, "steps", path)
			for range tt.steps {
				_, err := io.WriteString(c.in, "go\n")
				noError(t, err)
				if line := c.line(t); line != "done" {
					t.Fatalf("the process said %q", line)
				}
			}
			noError(t, c.Process.Kill())
			if err := c.Wait(); err == nil {
				t.Fatal("the process ended by itself")
			}
			s := openAt(t, path, Options{Now: (&clock{now: start}).Now})
			noError(t, s.Check(t.Context()))
			lost, err := s.Reap(t.Context()) // by the owner's process alone: the lease has not run out
			noError(t, err)
			if len(lost) != tt.lost {
				t.Errorf("%d runs were lost; want %d", len(lost), tt.lost)
			}
			slots, err := s.Slots(t.Context(), SlotFilter{})
			noError(t, err)
			if tt.slot == "" && len(slots) != 0 || tt.slot != "" && (len(slots) != 1 || slots[0].Outcome != tt.slot) {
				t.Errorf("got the slots %+v; want %q", slots, tt.slot)
			}
			list, err := s.Deliveries(t.Context(), DeliveryFilter{})
			noError(t, err)
			var states []DeliveryState
			for _, d := range list {
				states = append(states, d.State)
			}
			if !slices.Equal(states, tt.deliveries) {
				t.Errorf("the deliveries are %v; want %v", states, tt.deliveries)
			}
		})
	}
}

func TestAProcessThatNobodyWaitedForIsGone(t *testing.T) {
	if runtime.GOOS != "linux" {
		return
	}
	c := startChild(t, "race", t.TempDir()+"/ledger.db")
	if line := c.line(t); line != "ready" {
		t.Fatalf("the process said %q", line)
	}
	o := Self()
	o.PID = c.Process.Pid
	o.Boot, o.Space, o.Start = identity(o.PID)
	if Self().Gone(o) {
		t.Error("a process at work is gone")
	}
	noError(t, c.in.Close())
	asked := time.Now()
	for !Self().Gone(o) { // it ends, as its input did, and nobody asks how
		if t.Context().Err() != nil || time.Since(asked) > time.Minute {
			t.Fatal("a process that ended is not gone")
		}
		runtime.Gosched()
	}
	_ = c.Wait() // its error is that there was no input
}
