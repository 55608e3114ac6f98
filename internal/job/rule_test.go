package job

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/report"
	"qosreport/internal/store"
)

func TestSendRules(t *testing.T) {
	outcome := func(word string, f facts, incomplete ...string) *Outcome {
		return &Outcome{Verdict: report.Verdict{Word: word, Incomplete: incomplete}, facts: f}
	}
	good := outcome("good", facts{figures: "a"})
	tests := []struct {
		name    string
		outcome *Outcome
		send    string // the rules by which it is sent, behind always
		decided map[string]string
	}{
		{"all is good, as in the last mail", good, "",
			map[string]string{"rows": "0 rows", "watch": "verdict good", "breach": "verdict good", "findings": "0 findings", "changed": "figures a, the same as in the last mail", "always": ""}},
		{"a row", outcome("good", facts{rows: 1, figures: "a"}), "rows", map[string]string{"rows": "1 rows"}},
		{"a watch", outcome("watch", facts{figures: "a"}), "watch", map[string]string{"breach": "verdict watch"}},
		{"a breach", outcome("breach", facts{figures: "a"}), "watch breach", nil},
		{"a finding", outcome("good", facts{findings: 1, figures: "a"}), "findings", map[string]string{"findings": "1 findings"}},
		{"a figure is another", outcome("good", facts{figures: "b"}), "changed", map[string]string{"changed": "figures b"}},
		{"nothing is judged", outcome("not judged", facts{rows: 3, figures: "a"}), "rows", map[string]string{"watch": "verdict not judged"}},
		{"all at once", outcome("breach", facts{rows: 9, findings: 2, figures: "b"}), "rows watch breach findings changed", nil},
		{"data are incomplete, and nothing else", outcome("good", facts{figures: "a"}, "calls: no data on 1 of 7 days"), "rows watch breach findings changed", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, rule := range []string{"always", "rows", "watch", "breach", "findings", "changed"} {
				send, decided := tt.outcome.holds(rule, "a")
				if want := rule == "always" || strings.Contains(" "+tt.send+" ", " "+rule+" "); send != want {
					t.Errorf("rule %s: sent is %t", rule, send)
				}
				if want, told := tt.decided[rule]; told && decided != want {
					t.Errorf("rule %s was decided by %q; want %q", rule, decided, want)
				}
			}
		})
	}
	if send, _ := good.holds("changed", ""); !send {
		t.Error("the first mail of all has no change")
	}
}

// next makes the slot of another day, whose report has so many poor calls, and runs it.
func (w *trial) next(poor int) {
	w.t.Helper()
	w.options.Window = report.Day(w.options.Window.First().AddDate(0, 0, 1), w.options.Window.First().AddDate(0, 0, 1), time.UTC)
	w.cluster.day, w.cluster.poor = w.options.Window.FromDate, poor
	w.plan("daily@" + w.options.Window.FromDate + "T06:00")
}

// What decides is the last mail that left, not the last run.
func TestAMailOnlyWhenFiguresChanged(t *testing.T) {
	steps := []struct {
		name string
		poor int
		mail transaction // of the first reader
		also transaction // of the second
		want store.Outcome
	}{
		{"the first", 400, accept, accept, store.Done},
		{"the same", 400, accept, accept, store.Skipped},
		{"others, that nobody gets", 900, refuse, refuse, store.Failed},
		{"the same as in the last mail", 400, accept, accept, store.Skipped},
		{"those again that nobody got", 900, accept, accept, store.Done},
		{"others, that one reader gets", 400, accept, refuse, store.Failed},
		{"those that the one has", 400, accept, accept, store.Skipped},
		{"others, of which nobody knows", 900, lose, lose, store.Failed},
		{"those again", 900, accept, accept, store.Done},
	}
	onTrial(t, func(t *testing.T, w *trial) {
		w.booking.Due.SendWhen = sendChanged
		for _, tt := range steps {
			w.next(tt.poor)
			w.post.answers = map[string][]transaction{noc: {tt.mail}, boss: {tt.also}}
			w.post.offered = nil
			_ = w.run() // how it ends the slot tells
			slot := w.why().Slot
			if slot.Outcome != tt.want || (len(w.post.offered) > 0) != (tt.want != store.Skipped) {
				t.Errorf("%s: the slot is %s: %s; mail was offered %d times", tt.name, slot.Outcome, slot.Reason, len(w.post.offered))
			}
			if slot.Outcome == store.Skipped && (!strings.HasPrefix(slot.Reason, "rule changed: figures ") || !strings.HasSuffix(slot.Reason, ", the same as in the last mail")) {
				t.Errorf("%s: skipped for %q", tt.name, slot.Reason)
			}
			time.Sleep(24 * time.Hour)
		}
	})
}

// The mail of a slot is one, whichever of its runs sends it to whom: the rule is not asked
// what an earlier run of the slot sent.
func TestTheSecondRunOfASlotSendsTheRest(t *testing.T) {
	for name, end := range map[string]func(w *trial, r *running){
		"the first was stopped": func(w *trial, r *running) {
			r.stop(stopSignal)
			exits(w.t, <-r.done, 10, "")
		},
		"the first was lost": func(w *trial, r *running) {
			w.abandon()
			exits(w.t, <-r.done, 9, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			onTrial(t, func(t *testing.T, w *trial) {
				w.booking.Due.SendWhen = sendChanged
				w.next(400)
				exits(t, w.run(), 0, "")
				time.Sleep(24 * time.Hour)
				w.next(900)
				w.post.answers[boss] = []transaction{putOff}
				r := w.start()
				<-w.seen
				end(w, r)
				exits(t, w.run(), 0, "")
				if slot := w.why().Slot; slot.Outcome != store.Done || len(w.post.accepted) != 4 {
					t.Errorf("the slot is %s: %s; %q got mail", slot.Outcome, slot.Reason, w.post.accepted)
				}
				time.Sleep(24 * time.Hour)
				w.next(900)
				exits(t, w.run(), 0, "")
				if slot := w.why().Slot; name == "the first was stopped" && slot.Outcome != store.Skipped {
					t.Errorf("then the slot is %s: %s", slot.Outcome, slot.Reason)
				}
			})
		})
	}
}

// Another day with the same numbers has the same figures; each number of the mail's body
// is one, and none outside of it.
func TestTheFiguresOfAMail(t *testing.T) {
	onTrial(t, func(t *testing.T, w *trial) {
		of := func(body ...string) string {
			t.Helper()
			w.options.Definition.Email = &definition.Email{To: []string{noc}, Body: body}
			outcome, err := Run(t.Context(), w.options)
			noError(t, err)
			return outcome.facts.figures
		}
		w.cluster.poor, w.cluster.name = 400, "a"
		tiles, rows, both := of("summary"), of("worst"), of("summary", "worst")
		if tiles == rows || both == rows || both == tiles || of() != tiles {
			t.Errorf("tiles %s, rows %s, both %s, none %s", tiles, rows, both, of())
		}
		w.options.Window = report.Day(w.options.Window.First().AddDate(0, 0, 1), w.options.Window.First().AddDate(0, 0, 1), time.UTC)
		w.cluster.day = w.options.Window.FromDate
		if of("summary") != tiles || of("worst") != rows {
			t.Error("another day has other figures")
		}
		w.cluster.name = "b"
		if of("summary") != tiles || of("worst") == rows {
			t.Error("another row of a table in the body is no change, or one beside it is")
		}
		w.cluster.name, w.cluster.poor = "a", 900
		if of("summary") == tiles || of("worst") != rows {
			t.Error("another figure of a tile is no change, or one beside the body is")
		}
	})
}

// The values that decided are in the ledger, and no reader hears of it.
func TestARuleThatSkips(t *testing.T) {
	for rule, reason := range map[string]string{sendBreach: "rule breach: verdict watch", sendFindings: "rule findings: 0 findings"} {
		t.Run(rule, func(t *testing.T) {
			onTrial(t, func(t *testing.T, w *trial) {
				w.booking.Due.SendWhen = rule
				r := w.claim()
				exits(t, r.Run(t.Context()), 0, "")
				w.want(store.Skipped, reason, "done render")
				run := w.why().Runs[0]
				if run.Run.State != store.RunSkipped || run.Run.Verdict != "watch" || len(run.Deliveries) != 0 || len(run.Artefacts) != 1 || fmt.Sprint(w.failed, w.done, w.post.offered) != "[] 0 []" || r.Skipped() != reason {
					t.Errorf("the ledger has %+v; the owner was told %+v, %d", run, w.failed, w.done)
				}
			})
		})
	}
}
