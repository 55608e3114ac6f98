package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func failing(class string) Failing {
	return Failing{Schedule: "daily", Class: class, Slot: "daily@1", Run: "run-1", Text: "no KDC answered"}
}

// fail notes a failure and, if the owner is to be told and the notice can be sent, that.
func fail(t *testing.T, s *Store, f Failing, sent bool) (n Notice, tell bool) {
	t.Helper()
	n, tell, err := s.Failure(t.Context(), f)
	noError(t, err)
	if tell && sent {
		noError(t, s.Told(t.Context(), n))
	}
	return n, tell
}

// succeed notes a success and the note about it, and returns the classes that it tells of.
func succeed(t *testing.T, s *Store, sent bool) (classes []string) {
	t.Helper()
	over, err := s.Recovered(t.Context(), "daily")
	noError(t, err)
	for _, n := range over {
		classes = append(classes, n.Class)
	}
	if len(over) > 0 && sent {
		noError(t, s.ToldRecovery(t.Context(), "daily"))
	}
	return classes
}

func TestTheOwnerIsToldOfAClassOnceADay(t *testing.T) {
	s, c := ledger(t)
	steps := []struct {
		name  string
		wait  time.Duration
		f     Failing
		sent  bool
		tell  bool
		count int
	}{
		{"the first failure", 0, failing("kdc"), true, true, 1},
		{"the next slot's", time.Hour, failing("kdc"), true, false, 1},
		{"one of another class", 0, failing("sql"), true, true, 1},
		{"one of another schedule", 0, Failing{Schedule: "weekly", Class: "kdc"}, true, true, 1},
		{"three at once", time.Hour, Failing{Schedule: "daily", Class: "kdc", Count: 3}, true, false, 4},
		{"just before a day is over", 22*time.Hour - time.Millisecond, failing("kdc"), true, false, 5},
		{"a day after the notice", time.Millisecond, failing("kdc"), false, true, 6},
		{"a second after a notice that broke", time.Second, failing("kdc"), true, false, 7},
		{"an hour after it", time.Hour, failing("kdc"), true, true, 8},
		{"after that was sent", time.Hour, failing("kdc"), true, false, 1},
		{"after the clock went back an hour", -time.Hour, failing("kdc"), true, false, 2},
		{"after the clock went back a week", -7 * 24 * time.Hour, failing("kdc"), true, true, 3},
	}
	for _, tt := range steps {
		c.advance(tt.wait)
		if n, tell := fail(t, s, tt.f, tt.sent); tell != tt.tell || n.Count != tt.count {
			t.Errorf("%s: tell is %t of %d; want %t of %d", tt.name, tell, n.Count, tt.tell, tt.count)
		}
	}
	events, err := s.History(t.Context(), EventFilter{Slot: "daily@1"})
	noError(t, err)
	if len(events) != 4 || events[0].Action != "owner told" || events[0].Reason != "kdc" || events[0].Run != "run-1" {
		t.Errorf("the history is %+v; want that the owner was told four times", events)
	}
}

func TestANoticeSaysSinceWhenAndWhatWasLast(t *testing.T) {
	s, c := ledger(t)
	fail(t, s, failing("kdc"), true)
	c.advance(time.Hour)
	last := failing("kdc")
	last.Slot, last.Run, last.Text = "daily@2", "run-2", strings.Repeat("x", maxErrorBytes)+"\xff"
	n, _ := fail(t, s, last, true)
	want := Notice{Schedule: "daily", Class: "kdc", Since: start, Last: start.Add(time.Hour), Slot: "daily@2", Run: "run-2",
		Text: strings.Repeat("x", maxErrorBytes), Count: 1, Told: start, Recovery: true}
	if n != want {
		t.Errorf("got %+v; want %+v", n, want)
	}
	if over := succeed(t, s, true); !slices.Equal(over, []string{"kdc"}) {
		t.Errorf("the end of %v is to be told; want that of kdc", over)
	}
	c.advance(time.Hour)
	if n, _ := fail(t, s, failing("kdc"), true); !n.Since.Equal(start.Add(2*time.Hour)) || !n.Told.Equal(start) || n.Recovery || n.Count != 2 {
		t.Errorf("got %+v; want that it fails anew, and that the notice was that of before", n)
	}
}

func TestARecoveryIsToldToThoseWhoWereTold(t *testing.T) {
	s, c := ledger(t)
	told := func(name string, sent bool, want ...string) {
		t.Helper()
		if got := succeed(t, s, sent); !slices.Equal(got, want) {
			t.Errorf("%s: the end of %v is to be told; want %v", name, got, want)
		}
	}
	told("nothing failed", true)
	fail(t, s, failing("kdc"), true)
	fail(t, s, failing("sql"), true)
	fail(t, s, failing("render"), false)
	fail(t, s, Failing{Schedule: "weekly", Class: "network"}, true)
	told("two were told, one could not be", false, "kdc", "sql")
	told("the note could not be sent", true, "kdc", "sql")
	told("it was", true)
	c.advance(time.Hour)
	fail(t, s, failing("kdc"), true)
	told("the owner was not told of the second time", true)
	c.advance(24 * time.Hour)
	n, tell := fail(t, s, failing("kdc"), true)
	if !tell || n.Count != 2 {
		t.Errorf("tell is %t of %d; want two failures told", tell, n.Count)
	}
	told("the owner was told of the third", true, "kdc")
}

func TestASuccessWhileTheNoticeIsSentIsToldTheNextTime(t *testing.T) {
	s, _ := ledger(t)
	n, _ := fail(t, s, failing("kdc"), false)
	if over := succeed(t, s, true); over != nil {
		t.Errorf("the end of %v is to be told before its beginning", over)
	}
	fail(t, s, failing("kdc"), false)
	noError(t, s.Told(t.Context(), n))
	if over := succeed(t, s, true); !slices.Equal(over, []string{"kdc"}) {
		t.Errorf("the end of %v is to be told; want kdc", over)
	}
	if n, _ := fail(t, s, failing("kdc"), false); n.Count != 2 {
		t.Errorf("%d failures were not told; want the one during the notice, and this", n.Count)
	}
	if err := s.Told(t.Context(), Notice{Schedule: "daily", Class: "odd"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v; want that there is none", err)
	}
}

func TestOfManyWhoFailAtOnceOneTells(t *testing.T) {
	s, _ := ledger(t)
	other := beside(t, s)
	var wait sync.WaitGroup
	tells := make(chan bool, 20)
	for i := range cap(tells) {
		wait.Go(func() {
			_, tell, err := []*Store{s, other}[i%2].Failure(context.Background(), failing("kdc"))
			if err != nil {
				t.Error(err)
			}
			tells <- tell
		})
	}
	wait.Wait()
	close(tells)
	told := 0
	for tell := range tells {
		if tell {
			told++
		}
	}
	if told != 1 {
		t.Errorf("%d tell the owner; want one", told)
	}
}
