package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
)

// deliveryIn puts a delivery that is pending into a state.
func deliveryIn(t testing.TB, l *Lease, id int64, state DeliveryState) {
	t.Helper()
	switch state {
	case Pending:
	case Refused, Deferred:
		noError(t, l.Settle(t.Context(), Settlement{ID: id, State: state, Code: 450, Answer: "no"}))
	default:
		noError(t, l.Sending(t.Context(), id))
		if state != Sending {
			noError(t, l.Settle(t.Context(), Settlement{ID: id, State: state, Code: 250, Answer: "queued"}))
		}
	}
}

func TestEveryTransitionOfADelivery(t *testing.T) {
	all := []DeliveryState{Pending, Sending, Sent, Refused, Unknown}
	allowed := map[DeliveryState][]DeliveryState{
		Pending: {Sending, Refused, Deferred},
		Sending: {Sent, Refused, Deferred, Unknown},
		Unknown: {Sent, Refused, Deferred},
	}
	for _, from := range all {
		for _, to := range []DeliveryState{Pending, Sending, Sent, Refused, Deferred, Unknown} {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				s, _ := planned(t, "daily@1")
				l := claim(t, s, "run-1", "daily@1")
				id := deliveries(t, l, "noc@example.com")[0]
				deliveryIn(t, l, id, from)
				var err error
				if to == Sending {
					err = l.Sending(t.Context(), id)
				} else {
					err = l.Settle(t.Context(), Settlement{ID: id, State: to, Code: 421, Answer: "answer"})
				}
				want := to
				if to == Deferred {
					want = Pending
				}
				if !slices.Contains(allowed[from], to) {
					wantTransition(t, err, string(from), string(to))
					wantDelivery(t, s, id, from)
					return
				}
				noError(t, err)
				wantDelivery(t, s, id, want)
				list, err := s.Deliveries(t.Context(), DeliveryFilter{ID: id})
				noError(t, err)
				if d := list[0]; to != Sending && (d.Code != 421 || d.Answer != "answer") || d.MessageID != "noc@example.com.id" {
					t.Errorf("got %+v; want the server's answer", d)
				}
			})
		}
	}
}

func TestADeliveryIsThereOnce(t *testing.T) {
	s, _ := planned(t, "daily@1", "daily@2")
	one := claim(t, s, "run-1", "daily@1")
	two := claim(t, s, "run-2", "daily@2") // the same variant and window
	ids := deliveries(t, one, "noc@example.com", "boss@example.com")
	again := deliveries(t, two, "NOC@Example.com", "third@example.com", "boss@example.com")
	if again[0] != ids[0] || again[2] != ids[1] || slices.Contains(ids, again[1]) {
		t.Errorf("the first run has %v, the second %v; want the same for the same recipients", ids, again)
	}
	err := two.Sending(t.Context(), again[1], again[0])
	if !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "in the hands of run run-1") {
		t.Errorf("got %v; want that run-1 has it", err)
	}
	wantDelivery(t, s, again[1], Pending) // all or none
	noError(t, one.Sending(t.Context(), ids...))
	noError(t, one.Settle(t.Context(), Settlement{ID: ids[0], State: Sent}, Settlement{ID: ids[1], State: Deferred}))
	_, err = one.End(t.Context(), RunEnd{State: RunFailed, Reason: "deferred"})
	noError(t, err)
	list, err := two.PlanDeliveries(t.Context(), Mail{Revision: 1, Recipients: []Recipient{{Address: "noc@example.com"}, {Address: "boss@example.com"}}})
	noError(t, err)
	if list[0].State != Sent || list[0].Run != "run-1" || list[1].State != Pending || list[1].Run != "run-2" {
		t.Errorf("got %+v; want the one sent by run-1, the other in the hands of run-2", list)
	}
	noError(t, two.Sending(t.Context(), list[1].ID))
	wantTransition(t, two.Settle(t.Context(), Settlement{ID: again[1], State: Sent}), "pending", "sent")
}

func TestSentBefore(t *testing.T) {
	s, c := planned(t, "daily@1")
	l := claim(t, s, "run-1", "daily@1")
	id := deliveries(t, l, "noc@example.com")[0]
	to := []string{"boss@example.com", "NOC@example.com"}
	noError(t, s.AlreadySent(t.Context(), "voice", window(), 1, to))
	c.advance(time.Minute)
	deliveryIn(t, l, id, Sent)
	err := s.AlreadySent(t.Context(), "voice", window(), 1, to)
	if want := "already sent to noc@example.com at 2026-03-29T04:01:00Z by run run-1"; err == nil || err.Error() != want || !strings.Contains(fault.Remedy(err), "--resend") {
		t.Errorf("got %v with the remedy %q; want %s", err, fault.Remedy(err), want)
	}
	noError(t, s.AlreadySent(t.Context(), "voice", window(), 2, to))
	noError(t, s.AlreadySent(t.Context(), "http", window(), 1, to))
	noError(t, s.AlreadySent(t.Context(), "voice", window(), 1, to[:1]))
	noError(t, s.AlreadySent(t.Context(), "voice", window(), 1, nil))
	mailed, err := s.Runs(t.Context(), RunFilter{Variant: "voice", Mailed: true, Newest: 1})
	if err != nil || len(mailed) != 1 || mailed[0].ID != "run-1" {
		t.Errorf("the last run that sent is %+v, %v; want run-1", mailed, err)
	}
}

func TestACorrectionTakesThePlaceOfWhatIsPending(t *testing.T) {
	s, _ := planned(t, "daily@1", "daily@2")
	one := claim(t, s, "run-1", "daily@1")
	first := deliveries(t, one, "noc@example.com", "boss@example.com")
	two := claim(t, s, "run-2", "daily@2")
	if _, err := two.PlanDeliveries(t.Context(), Mail{Revision: 2, Recipients: []Recipient{{Address: "noc@example.com"}}}); err == nil {
		t.Error("a correction without a reason was planned")
	}
	list, err := two.PlanDeliveries(t.Context(), Mail{Revision: 2, Reason: "late data", Recipients: []Recipient{{Address: "noc@example.com"}}})
	noError(t, err)
	if d := list[0]; d.Revision != 2 || d.Reason != "late data" || d.ID == first[0] {
		t.Errorf("got %+v; want a delivery of its own", d)
	}
	err = one.Sending(t.Context(), first[0])
	wantTransition(t, err, "pending", "sending")
	if err == nil || !strings.Contains(err.Error(), "later revision") {
		t.Errorf("got %v; want it to say that a later revision is planned", err)
	}
	noError(t, one.Sending(t.Context(), first[1]))
	noError(t, two.Sending(t.Context(), list[0].ID))
	events, err := s.History(t.Context(), EventFilter{Run: "run-2"})
	noError(t, err)
	if !slices.ContainsFunc(events, func(e Event) bool { return e.Action == "resend" && e.Reason == "late data" }) {
		t.Errorf("the history %+v does not tell of the resending", events)
	}
}

func TestAnUnknownDeliveryFailsTheRun(t *testing.T) {
	tests := []struct {
		name   string
		states []DeliveryState
		end    RunEnd
		want   RunState
		slot   Outcome
		reason string
	}{
		{"left in the middle", []DeliveryState{Sending}, RunEnd{State: RunDone}, RunFailed, Failed, "delivery unknown"},
		{"unknown beside sent", []DeliveryState{Sent, Unknown}, RunEnd{State: RunDone}, RunFailed, Failed, "delivery unknown"},
		{"failed for something else too", []DeliveryState{Unknown, Refused}, RunEnd{State: RunFailed, Reason: "refused"}, RunFailed, Failed, "delivery unknown; refused"},
		{"interrupted with some left to send", []DeliveryState{Sending, Pending}, RunEnd{State: RunInterrupted, Reason: "SIGTERM"}, RunInterrupted, Due, "SIGTERM"},
		{"interrupted with none left to send", []DeliveryState{Sending, Sent}, RunEnd{State: RunInterrupted, Reason: "SIGTERM"}, RunFailed, Failed, "delivery unknown"},
		{"all sent", []DeliveryState{Sent, Sent}, RunEnd{State: RunDone}, RunDone, Done, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := planned(t, "daily@1")
			l := claim(t, s, "run-1", "daily@1")
			for i, id := range deliveries(t, l, "a@x", "b@x", "c@x")[:len(tt.states)] {
				deliveryIn(t, l, id, tt.states[i])
			}
			if len(tt.states) < 3 { // the others must not count
				_, err := s.writer.Exec("DELETE FROM delivery WHERE id > ?", len(tt.states))
				noError(t, err)
			}
			state, err := l.End(t.Context(), tt.end)
			noError(t, err)
			if state != tt.want {
				t.Errorf("the run ended as %s; want %s", state, tt.want)
			}
			wantOutcome(t, s, "daily@1", tt.slot, tt.reason)
		})
	}
}

func TestResolvingEndsTheUnknown(t *testing.T) {
	tests := []struct {
		name   string
		other  DeliveryState
		sent   bool
		want   DeliveryState
		slot   Outcome
		reason string
		run    RunState
	}{
		{"sent, as the other", Sent, true, Sent, Done, "", RunDone},
		{"sent, the other was refused", Refused, true, Sent, Failed, "delivery refused", RunFailed},
		{"sent, the other is unknown too", Unknown, true, Sent, Failed, "delivery unknown", RunFailed},
		{"not sent", Sent, false, Pending, Failed, "delivery not sent", RunFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := planned(t, "daily@1")
			l := claim(t, s, "run-1", "daily@1")
			ids := deliveries(t, l, "noc@example.com", "boss@example.com")
			deliveryIn(t, l, ids[0], Unknown)
			deliveryIn(t, l, ids[1], tt.other)
			_, err := l.End(t.Context(), RunEnd{State: RunDone})
			noError(t, err)
			d, err := s.Resolve(t.Context(), ids[0], tt.sent, "alice")
			noError(t, err)
			if d.State != tt.want || !strings.HasSuffix(d.Answer, "by alice") {
				t.Errorf("got %+v; want it %s by alice", d, tt.want)
			}
			wantOutcome(t, s, "daily@1", tt.slot, tt.reason)
			if run, err := s.Run(t.Context(), "run-1"); err != nil || run.State != tt.run {
				t.Errorf("the run is %+v, %v; want it %s", run, err, tt.run)
			}
			events, err := s.History(t.Context(), EventFilter{Actor: "alice", Delivery: ids[0]})
			if err != nil || len(events) != 1 || events[0].From != "unknown" || events[0].To != string(tt.want) || events[0].Slot != "daily@1" {
				t.Errorf("alice's history is %+v, %v; want that she resolved it", events, err)
			}
			_, err = s.Resolve(t.Context(), ids[0], tt.sent, "bob")
			wantTransition(t, err, string(tt.want), string(tt.want))
		})
	}
}

func TestWhatIsNotSentGoesToTheNextRun(t *testing.T) {
	s, _ := planned(t, "daily@1")
	l := claim(t, s, "run-1", "daily@1")
	id := deliveries(t, l, "noc@example.com")[0]
	deliveryIn(t, l, id, Sending)
	_, err := l.End(t.Context(), RunEnd{State: RunDone})
	noError(t, err)
	if _, err := s.Resolve(t.Context(), id, false, ""); err == nil || fault.AreaOf(err) != fault.Usage {
		t.Errorf("got %v; want that somebody has to resolve", err)
	}
	if _, err := s.Resolve(t.Context(), 99, false, "alice"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v; want that there is none", err)
	}
	_, err = s.Resolve(t.Context(), id, false, "alice")
	noError(t, err)
	c := claimOf("run-2", "daily@1")
	c.Kind, c.Actor = KindByHand, "alice"
	two, _, err := s.Claim(t.Context(), c)
	noError(t, err)
	if again := deliveries(t, two, "noc@example.com"); again[0] != id {
		t.Errorf("the second run has delivery %d; want %d", again[0], id)
	}
	deliveryIn(t, two, id, Sent)
	state, err := two.End(t.Context(), RunEnd{State: RunDone})
	if state != RunDone || err != nil {
		t.Errorf("the second run ended as %s, %v; want it done", state, err)
	}
	wantOutcome(t, s, "daily@1", Done, "")
}

func TestAnAnswerThatComesAfterTheLeaseIsBelieved(t *testing.T) {
	s, c := planned(t, "daily@1")
	l := claim(t, s, "run-1", "daily@1")
	ids := deliveries(t, l, "noc@example.com")
	noError(t, l.Sending(t.Context(), ids...))
	c.advance(time.Hour) // the machine slept
	_, err := beside(t, s).Reap(t.Context())
	noError(t, err)
	wantOutcome(t, s, "daily@1", Failed, "delivery unknown; lease ran out")
	if err := l.Sending(t.Context(), ids...); !errors.Is(err, ErrLost) {
		t.Errorf("a lost run may send: %v", err)
	}
	noError(t, l.Settle(t.Context(), Settlement{ID: ids[0], State: Sent, Code: 250, Answer: "queued as 42"}))
	wantDelivery(t, s, ids[0], Sent)
	wantOutcome(t, s, "daily@1", Done, "")
	if run, err := s.Run(t.Context(), "run-1"); err != nil || run.State != RunAbandoned {
		t.Errorf("the run is %+v, %v; want it abandoned still", run, err)
	}
}

// A run that somebody asks for without the slot sends the same mail, and so ends the slot.
func TestARunWithoutTheSlotSendsItsMail(t *testing.T) {
	s, _ := planned(t, "daily@1")
	l := claim(t, s, "run-1", "daily@1")
	id := deliveries(t, l, "noc@example.com")[0]
	deliveryIn(t, l, id, Unknown)
	_, err := l.End(t.Context(), RunEnd{State: RunDone})
	noError(t, err)
	_, err = s.Resolve(t.Context(), id, false, "alice")
	noError(t, err)
	wantOutcome(t, s, "daily@1", Failed, reasonNotSent)
	c := claimOf("run-2", "")
	c.Kind, c.Window, c.Actor = KindAdHoc, window(), "alice"
	two, _, err := s.Claim(t.Context(), c)
	noError(t, err)
	deliveries(t, two, "noc@example.com")
	deliveryIn(t, two, id, Sent)
	wantOutcome(t, s, "daily@1", Done, "")
	events, err := s.History(t.Context(), EventFilter{Slot: "daily@1"})
	if err != nil || events[len(events)-1].Action != "settled" || events[len(events)-1].To != string(Done) {
		t.Errorf("got %+v, %v", events, err)
	}
}
