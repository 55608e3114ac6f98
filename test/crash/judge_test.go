//go:build peers

package crash

import (
	"archive/zip"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qosreport/internal/store"
)

// left sees in which state the killed process left the slot.
func (s *site) left(t *testing.T, h *held) {
	t.Helper()
	w := s.why(t, h.slot.Key)
	run, attempt := lastRun(w)
	if w.Slot.Outcome != store.Running || len(w.Runs) != 1 || run.Run.State != store.RunRunning || attempt.Result != store.AttemptRunning || attempt.Phase != h.phase {
		s.fail(t, "%s: the slot is %s, its run %s, its attempt %s in phase %q, want %q", h.name, w.Slot.Outcome, run.Run.State, attempt.Result, attempt.Phase, h.phase)
	}
	var state store.DeliveryState
	accepted := 0
	for _, d := range run.Deliveries {
		state = d.State
		accepted += s.mails(t)[d.MessageID]
	}
	if state != h.delivery || len(run.Deliveries) > 1 || accepted != h.mails || h.box.Accepted() != h.mails {
		s.fail(t, "%s: %d deliveries, %q, want %q; %d mails, want %d", h.name, len(run.Deliveries), state, h.delivery, accepted, h.mails)
	}
	for _, path := range s.files(h.slot) {
		switch _, err := os.Stat(path); {
		case !slices.Contains(h.files, filepath.Ext(path)):
			if !errors.Is(err, os.ErrNotExist) {
				s.fail(t, "%s: there is %s (%v)", h.name, path, err)
			}
		case err != nil:
			s.fail(t, "%s: %v", h.name, err)
		default:
			s.whole(t, path)
		}
	}
}

// whole sees that a file was written to its end.
func (s *site) whole(t *testing.T, path string) {
	t.Helper()
	if filepath.Ext(path) == ".xlsx" {
		book, err := zip.OpenReader(path)
		if err != nil {
			s.fail(t, "%s: %v", path, err)
		}
		book.Close()
		return
	}
	page, err := os.ReadFile(path)
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(page)), "</html>") {
		s.fail(t, "%s is not whole, %v", path, err)
	}
}

// taken sees what the heir made of the slot: done by another run, or failed because nobody
// knows what became of the mail.
func (s *site) taken(t *testing.T, h *held, who heir) {
	t.Helper()
	w := s.why(t, h.slot.Key)
	lost := w.Runs[0].Run
	if lost.State != store.RunAbandoned || !strings.HasPrefix(lost.Reason, fmt.Sprintf("process %d of ", h.process.pid())) {
		s.fail(t, "%s: the lost run is %s: %s", h.name, lost.State, lost.Reason)
	}
	if h.delivery != "" {
		if w.Slot.Outcome != store.Failed || !strings.HasPrefix(w.Slot.Reason, store.ReasonUnknown) || len(w.Runs) != 1 {
			s.fail(t, "%s: the slot is %s: %s, after %d runs", h.name, w.Slot.Outcome, w.Slot.Reason, len(w.Runs))
		}
		return
	}
	if w.Slot.Outcome != store.Done || len(w.Runs) != 2 || w.Runs[1].Run.Owner == lost.Owner {
		s.fail(t, "%s: the slot is %s: %s, after %d runs", h.name, w.Slot.Outcome, w.Slot.Reason, len(w.Runs))
	}
	if owner, err := store.ParseOwner(w.Runs[1].Run.Owner); err != nil || who == survivor && owner.PID != h.others[0].pid() {
		s.fail(t, "%s: the slot was taken over by %s, %v", h.name, w.Runs[1].Run.Owner, err)
	}
}

// judge sees that each slot has its outcome, its mail and its files, and that there is
// nothing else: of those that were crashed while mail was on its way nobody knows.
func (s *site) judge(t *testing.T, crashed map[string]moment) {
	t.Helper()
	slots, mails := s.ended(t), s.mails(t)
	var wanted []string
	for _, slot := range slots {
		run, _ := lastRun(s.why(t, slot.Key))
		outcome, state, count := store.Done, store.Sent, 1
		if m := crashed[slot.Key]; m.delivery != "" {
			outcome, state, count = store.Failed, store.Unknown, m.mails
		}
		if slot.Outcome != outcome || len(run.Deliveries) != 1 || run.Deliveries[0].State != state {
			s.fail(t, "slot %s is %s: %s, with the deliveries %+v", slot.Key, slot.Outcome, slot.Reason, run.Deliveries)
		}
		id := run.Deliveries[0].MessageID
		if mails[id] != count {
			s.fail(t, "slot %s: %d mails were accepted, want %d", slot.Key, mails[id], count)
		}
		delete(mails, id)
		for _, path := range s.files(slot) {
			s.whole(t, path)
			wanted = append(wanted, filepath.Base(path))
		}
		for _, a := range run.Artefacts {
			if data, err := os.ReadFile(a.Path); err != nil || sha256.Sum256(data) != a.SHA256 {
				s.fail(t, "slot %s: %s is another file than the ledger says, %v", slot.Key, a.Path, err)
			}
		}
	}
	if len(mails) > 0 {
		s.fail(t, "mails of no slot: %v", mails)
	}
	slices.Sort(wanted)
	if found := entries(t, s.out); !slices.Equal(found, wanted) {
		s.fail(t, "the folder holds %q, want %q", found, wanted)
	}
	if found := entries(t, s.temp); len(found) > 0 {
		s.fail(t, "the folder for temporary files holds %q", found)
	}
}

// resolve is an operator who has looked into the mail server's log: what was accepted is
// sent, and what was not is sent now.
func (s *site) resolve(t *testing.T, crashed map[string]moment) {
	t.Helper()
	for key, m := range crashed {
		if m.delivery == "" {
			continue
		}
		how := "--not-sent"
		if m.mails > 0 {
			how = "--sent"
		}
		run, _ := lastRun(s.why(t, key))
		number := run.Deliveries[0].ID
		if said, err := s.command(t, "resolve", fmt.Sprint(number), how).CombinedOutput(); err != nil {
			s.fail(t, "resolve %d %s: %v\n%s", number, how, err, said)
		}
	}
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}
