package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/lab/mailbox"
	"qosreport/internal/store"
)

// The host's clock goes back an hour and then forward by a day. No slot runs twice, the
// slots in between are missed for their start deadline, and logins go on although the KDC
// has another time than this host.
func TestServeWhileTheClockJumps(t *testing.T) {
	virtually(t, everyHour, func(t *testing.T, b *bubble) {
		s := b.serve()
		time.Sleep(90 * time.Minute) // 06:20
		b.jump(-time.Hour)
		time.Sleep(110 * time.Minute) // from 05:20 to 07:10
		b.jump(24 * time.Hour)
		time.Sleep(time.Hour) // to 08:10
		if r := s.end(); r.code != 0 {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
		want := []string{"10T05:00 done", "10T06:00 done", "10T07:00 done"}
		for fire := time.Date(2017, 9, 10, 8, 0, 0, 0, time.UTC); fire.Day() < 11 || fire.Hour() < 7; fire = fire.Add(time.Hour) {
			want = append(want, fire.Format("02T15:04")+" missed deadline")
		}
		want = append(want, "11T07:00 done", "11T08:00 done")
		var got []string
		for _, w := range b.whys() {
			text := fmt.Sprintf("%s %s", w.Slot.Fire.UTC().Format("02T15:04"), w.Slot.Outcome)
			if w.Slot.Outcome == store.Missed {
				reason, _, _ := strings.Cut(w.Slot.Reason, ":")
				text += " " + reason
			}
			if len(attempts(w)) > 1 {
				t.Errorf("slot %s had %d attempts", w.Slot.Key, len(attempts(w)))
			}
			got = append(got, text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("slots %q\nwant  %q", got, want)
		}
		b.mailed(5)
	})
}

// A clock that jumps over the end of a lease while its run is at work ends no run: the
// process that has the lease knows that it lives.
func TestTheClockJumpsDuringARun(t *testing.T) {
	for _, jump := range []time.Duration{-24 * time.Hour, -time.Hour, 50 * time.Minute} {
		t.Run(jump.String(), func(t *testing.T) {
			virtually(t, everyHour, func(t *testing.T, b *bubble) {
				b.hold(mailbox.Opened)
				s := b.serve()
				<-b.box.Held()
				time.Sleep(20 * time.Second) // the next look at the plan is as near as the next renewing
				b.jump(jump)
				time.AfterFunc(20*time.Second, b.box.Release)
				time.Sleep(5 * time.Minute)
				if r := s.end(); r.code != 0 {
					t.Errorf("exit code %d\n%s", r.code, r.stderr)
				}
				b.allDone(1)
			})
		})
	}
}
