package job

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/store"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs: see what -update makes of it. It would be\n%s", path, got)
	}
}

// text is the last message as the owner reads it.
func (w *world) text(t *testing.T) string {
	t.Helper()
	if len(w.post.messages) == 0 {
		t.Fatalf("nothing was sent; the log says\n%s", w.log.String())
	}
	m := w.post.messages[len(w.post.messages)-1]
	return fmt.Sprintf("To: %s\nSubject: %s\n\n%s", strings.Join(m.To, ", "), m.Subject, m.Text)
}

func TestWhatANoticeOfAFailureSays(t *testing.T) {
	tests := []struct {
		name, golden string
		states       []store.DeliveryState
		before       int // failures that were not told
		o            func(*Owned, *store.Slot)
		err          error
	}{
		{"before any mail", "notice-kdc.txt", nil, 0, nil, kdcDown},
		{"after others of which there was no notice", "notice-again.txt", nil, 2, nil, fault.Errorf(fault.Impala, fault.SQL, "dataset legs: line 3: no column jitter")},
		{"some readers have the mail", "notice-refused.txt", []store.DeliveryState{store.Sent, store.Refused, store.Pending}, 0, nil,
			fault.Errorf(fault.Delivery, fault.Refused, "2 of 3 recipients did not get the mail")},
		{"nobody knows of some", "notice-unknown.txt", []store.DeliveryState{store.Sent, store.Unknown, store.Unknown}, 0, nil,
			fault.Advise(fault.Errorf(fault.Delivery, fault.Network, "the server closed the connection"), "look into the mail server's log")},
		{"nobody knows of the only one", "notice-unknown-only.txt", []store.DeliveryState{store.Unknown}, 0, nil, errors.New("connection reset")},
		{"a part of a day", "notice-hour.txt", nil, 0, func(_ *Owned, slot *store.Slot) { slot.Window.From = slot.Window.To.Add(-time.Hour) }, kdcDown},
		{"a run that was lost", "notice-lost.txt", nil, 0, func(_ *Owned, slot *store.Slot) { slot.Outcome, slot.Reason = store.Abandoned, "lease ran out" }, nil},
		{"hostile text", "notice-hostile.txt", nil, 0, func(o *Owned, slot *store.Slot) {
			o.Schedule = "voice\r\nBcc: everybody@example.com"
			slot.Key = "voice`reboot`\x1b[2J"
		}, fault.Advise(errors.New("line one\r\n\x1b[31mline\x00two\xff\u202e"+strings.Repeat("x", 3000)), "try\athis")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			o, slot := owned(), slotOn(13)
			if tt.o != nil {
				tt.o(&o, &slot)
			}
			w.post.fails = errors.New("no mail today")
			for range tt.before {
				noError(t, w.Failed(t.Context(), o, slotOn(12), Failed{Run: "none", Attempts: 5, Err: tt.err}))
				w.now = w.now.Add(time.Hour)
			}
			w.post.fails = nil
			run := "20170913T040000.000Z-abcdefghij"
			if tt.states != nil {
				run = w.failedRun(t, slot, tt.states...)
			}
			noError(t, w.Failed(t.Context(), o, slot, Failed{Run: run, Attempts: 5, Err: tt.err}))
			golden(t, tt.golden, w.text(t))
		})
	}
}

func TestWhatANoticeOfMissedSlotsSays(t *testing.T) {
	w := newWorld(t)
	var slots []store.Slot
	for day := 10; day <= 13; day++ {
		slot := slotOn(day)
		slot.Reason = "down: service was down 2017-09-10 05:40 to 2017-09-13 09:10"
		slots = append(slots, slot)
	}
	slots[3].Reason = "deadline: it was not started by 2017-09-13T16:00:00Z"
	slots[3].Window.To = slots[3].Window.From.Add(time.Hour)
	noError(t, w.Missed(t.Context(), owned(), slots))
	golden(t, "notice-missed.txt", w.text(t))
	w.now = w.now.Add(time.Hour)
	noError(t, w.Missed(t.Context(), owned(), slots[:2]))
	w.now = w.now.Add(24 * time.Hour)
	noError(t, w.Missed(t.Context(), owned(), slots[2:3]))
	golden(t, "notice-missed-one.txt", w.text(t))
	noError(t, w.Missed(t.Context(), owned(), nil))
	if n := w.post.told(); n != 2 {
		t.Errorf("%d notices were sent; want two", n)
	}
	noError(t, w.Recovered(t.Context(), owned(), slotOn(14)))
	if n := w.post.told(); n != 0 {
		t.Error("a success was told after missed slots, which it does not mend")
	}
	w.now = w.now.Add(25 * time.Hour)
	noError(t, w.Missed(t.Context(), owned(), slices.Repeat(slots[:1], 60)))
	if text := w.text(t); strings.Count(text, "--slot") != maxListed || !strings.Contains(text, "The newest 50 are listed; of the 10 before them") {
		t.Errorf("got\n%s\nwant 50 of 60 slots", text)
	}
}
