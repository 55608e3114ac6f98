package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/store"
)

// postbox is a sender that keeps what it is given, or refuses it.
type postbox struct {
	messages []*deliver.Message
	refuse   []string // addresses
	fails    error
	context  func(context.Context)
}

func (p *postbox) Send(ctx context.Context, m *deliver.Message, _ deliver.Before) (receipts []deliver.Receipt, err error) {
	if p.context != nil {
		p.context(ctx)
	}
	if _, err := m.WriteTo(new(bytes.Buffer)); err != nil { // it has to be a message
		return nil, err
	}
	for _, address := range m.To {
		r := deliver.Receipt{Recipient: address, Outcome: deliver.Sent}
		if p.fails != nil || slices.Contains(p.refuse, address) {
			r.Outcome = deliver.Refused
			err = fault.Advise(fault.Errorf(fault.Delivery, fault.Refused, "550 not here"), "correct the address")
		}
		receipts = append(receipts, r)
	}
	if p.fails != nil {
		return receipts, p.fails
	}
	p.messages = append(p.messages, m)
	return receipts, err
}

// told is how many messages were sent since the last call.
func (p *postbox) told() int {
	defer func() { p.messages = nil }()
	return len(p.messages)
}

// world is a notifier on a real ledger with a time that tests move.
type world struct {
	*Notifier
	post *postbox
	now  time.Time
	log  bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{post: &postbox{}, now: time.Date(2017, 9, 13, 4, 5, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	ledger, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), store.Options{Now: clock, Gone: func(store.Owner) bool { return false }})
	noError(t, err)
	t.Cleanup(func() { noError(t, ledger.Close()) })
	w.Notifier = &Notifier{Store: ledger, Sender: w.post, From: "QoS reports <qos@example.com>", Instance: "prod-1", Program: "1.2.0", Now: clock,
		Logger: slog.New(slog.NewTextHandler(&w.log, nil))}
	return w
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func owned() Owned {
	return Owned{Schedule: "voice-daily", Owner: []string{"qos-admins@example.com"}}
}

var kdcDown = fault.Advise(fault.Errorf(fault.Security, fault.KDC, "get ticket for impala/impalad-1.example.com: no KDC of EXAMPLE.COM answered"),
	"see whether kdc-1.example.com:88 can be reached from here")

// slotOn is the slot of a day, which reports on the day before.
func slotOn(day int) store.Slot {
	midnight := time.Date(2017, 9, day, 0, 0, 0, 0, time.FixedZone("CEST", 2*60*60))
	return store.Slot{Key: fmt.Sprintf("voice-daily@2017-09-%02dT06:00", day), Schedule: "voice-daily", Nominal: fmt.Sprintf("2017-09-%02dT06:00", day),
		Fire: midnight.Add(6 * time.Hour), StartBy: midnight.Add(18 * time.Hour),
		Window: store.Window{From: midnight.AddDate(0, 0, -1), To: midnight, Zone: "Europe/Bratislava"}}
}

// failedRun makes a run in the ledger whose mail came to the states, and ends it.
func (w *world) failedRun(t *testing.T, slot store.Slot, states ...store.DeliveryState) string {
	t.Helper()
	_, _, err := w.Store.Sight(t.Context(), store.Sighting{Schedule: slot.Schedule, ExpressionHash: "h"})
	noError(t, err)
	_, err = w.Store.Plan(t.Context(), store.Plan{Schedule: slot.Schedule, ExpressionHash: "h", Until: slot.Fire, Slots: []store.Slot{slot}})
	noError(t, err)
	lease, _, err := w.Store.Claim(t.Context(), store.Claim{ID: "run-of-" + slot.Nominal, Kind: store.KindSlot, Slot: slot.Key, Variant: "voice-daily"})
	noError(t, err)
	if len(states) > 0 {
		m := store.Mail{Revision: 1}
		for i := range states {
			m.Recipients = append(m.Recipients, store.Recipient{Address: fmt.Sprintf("reader-%d@example.com", i+1), MessageID: "id"})
		}
		planned, err := lease.PlanDeliveries(t.Context(), m)
		noError(t, err)
		for i, state := range states {
			settled := store.Settlement{ID: planned[i].ID, State: state}
			switch state {
			case store.Pending:
				continue
			case store.Refused:
				settled.Code, settled.Answer = 550, "5.1.1 no such user"
			default:
				noError(t, lease.Sending(t.Context(), settled.ID))
			}
			noError(t, lease.Settle(t.Context(), settled))
		}
	}
	_, err = lease.End(t.Context(), store.RunEnd{State: store.RunFailed, Reason: "test"})
	noError(t, err)
	return lease.ID
}

func (w *world) fail(t *testing.T, day int, err error) {
	t.Helper()
	noError(t, w.Failed(t.Context(), owned(), slotOn(day), Failed{Run: "none", Attempts: 5, Err: err}))
}

func TestASuccessIsToldAfterAFailureThatWas(t *testing.T) {
	w := newWorld(t)
	succeed := func(name string, want int) {
		t.Helper()
		noError(t, w.Recovered(t.Context(), owned(), slotOn(14)))
		if n := w.post.told(); n != want {
			t.Errorf("%s: %d notes were sent; want %d", name, n, want)
		}
	}
	succeed("nothing failed", 0)
	w.fail(t, 12, kdcDown)
	w.now = w.now.Add(time.Hour)
	w.fail(t, 13, fault.Errorf(fault.Impala, fault.SQL, "no column"))
	w.post.told()
	w.post.fails = errors.New("no mail today")
	succeed("the note cannot be sent", 0)
	w.post.fails = nil
	noError(t, w.Recovered(t.Context(), owned(), slotOn(14)))
	golden(t, "notice-recovered.txt", w.text(t))
	succeed("the note is out", 1) // which was read above
	w.now = w.now.Add(time.Hour)
	w.fail(t, 14, kdcDown)
	succeed("nobody was told of the second time", 0)
}

func TestTheOwnerIsToldOnceADay(t *testing.T) {
	w := newWorld(t)
	network := fault.Errorf(fault.Impala, fault.Network, "connection refused")
	steps := []struct {
		name  string
		wait  time.Duration
		err   error
		fails error
		want  int
	}{
		{"the first", 0, kdcDown, nil, 1},
		{"of another class, which cannot be sent", time.Hour, network, errors.New("no mail today"), 0},
		{"of that class again", time.Hour, network, nil, 1},
		{"within the day", 21 * time.Hour, kdcDown, nil, 0},
		{"after it", time.Hour, kdcDown, nil, 1},
		{"within the next", time.Hour, kdcDown, nil, 0},
	}
	for _, tt := range steps {
		w.now = w.now.Add(tt.wait)
		w.post.fails = tt.fails
		w.log.Reset()
		w.fail(t, 13, tt.err)
		if n := w.post.told(); n != tt.want {
			t.Errorf("%s: %d notices were sent; want %d", tt.name, n, tt.want)
		}
		if tt.fails != nil && !strings.Contains(w.log.String(), `level=ERROR msg="notice not sent" schedule=voice-daily class=network slot=voice-daily@2017-09-13T06:00 error="no mail today"`) {
			t.Errorf("%s: the log says %s; want why the notice was not sent", tt.name, w.log.String())
		}
	}
}

func TestOwnersWhoCannotBeTold(t *testing.T) {
	tests := []struct {
		name  string
		owner []string
		want  []string // who gets it; nil is nobody
		log   string
	}{
		{"none", nil, nil, `level=WARN msg="no owner to tell"`},
		{"one who may get no mail", []string{"boss@elsewhere.example"}, nil, `level=ERROR msg="owner may get no mail"`},
		{"one of two", []string{"boss@elsewhere.example", "qos-admins@example.com"}, []string{"qos-admins@example.com"}, "recipient=boss@elsewhere.example"},
		{"one whom the server refuses", []string{"gone@example.com", "qos-admins@example.com"}, []string{"gone@example.com", "qos-admins@example.com"}, `msg="notice not sent to every owner"`},
		{"all whom it refuses", []string{"gone@example.com"}, []string{"gone@example.com"}, `try="correct the address"`},
		{"no address", []string{"nonsense"}, nil, `msg="notice not sent"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.post.refuse = []string{"gone@example.com"}
			w.Allowed = func(address string) bool { return address != "boss@elsewhere.example" }
			o := owned()
			o.Owner = tt.owner
			noError(t, w.Failed(t.Context(), o, slotOn(13), Failed{Err: kdcDown}))
			var got []string
			if len(w.post.messages) > 0 {
				got = w.post.messages[0].To
			}
			if !slices.Equal(got, tt.want) || !strings.Contains(w.log.String(), tt.log) {
				t.Errorf("told %v, and the log says %s; want %v and %s", got, w.log.String(), tt.want, tt.log)
			}
			status, err := w.Store.Status(t.Context())
			noError(t, err)
			if len(status.Failing) != 1 || status.Failing[0].Class != "kdc" || status.Failing[0].Told.IsZero() == slices.Contains(tt.want, "qos-admins@example.com") {
				t.Errorf("the ledger has %+v; want the failure, told if somebody got the notice", status.Failing)
			}
		})
	}
}

func TestANoticeHasTimeWhenTheRunHasNone(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.post.context = func(ctx context.Context) {
		end, bounded := ctx.Deadline()
		if left := time.Until(end); ctx.Err() != nil || !bounded || left <= 0 || left > noticeTime {
			t.Errorf("the notice has %s, %v; want up to a minute", left, ctx.Err())
		}
	}
	noError(t, w.Failed(ctx, owned(), slotOn(13), Failed{Err: kdcDown}))
	noError(t, w.Missed(ctx, owned(), []store.Slot{slotOn(13)}))
	noError(t, w.Recovered(ctx, owned(), slotOn(14)))
	if n := w.post.told(); n != 3 {
		t.Errorf("%d messages were sent; want three", n)
	}
}

func TestTheSameNoticeHasTheSameID(t *testing.T) {
	w := newWorld(t)
	id := func(o Owned, day int, err error) string {
		t.Helper()
		f := Failed{Err: err}
		w.now = w.now.Add(25 * time.Hour)
		noError(t, w.Failed(t.Context(), o, slotOn(day), f))
		m := w.post.messages[len(w.post.messages)-1]
		if !m.Date.Equal(w.now) || !strings.HasSuffix(m.ID, "@example.com") {
			t.Errorf("the message is of %s with the id %s; want the clock's time and the sender's domain", m.Date, m.ID)
		}
		return m.ID
	}
	first := id(owned(), 13, kdcDown)
	if again := id(owned(), 13, kdcDown); again != first {
		t.Errorf("the same notice has the ids %s and %s", first, again)
	}
	weekly := owned()
	weekly.Schedule = "voice-weekly"
	other := *w.Notifier
	other.Instance = "prod-2"
	seen := map[string]bool{first: true}
	for name, id := range map[string]string{"slot": id(owned(), 14, kdcDown), "class": id(owned(), 13, errors.New("x")), "schedule": id(weekly, 13, kdcDown), "instance": other.id("voice-daily", "kdc", slotOn(13).Key)} {
		if seen[id] {
			t.Errorf("another %s has the same id", name)
		}
		seen[id] = true
	}
}

func TestANoticeKnowsWhatEarlierRunsSent(t *testing.T) {
	w := newWorld(t)
	w.failedRun(t, slotOn(13), store.Sent, store.Unknown)
	lease, _, err := w.Store.Claim(t.Context(), store.Claim{ID: "again", Kind: store.KindByHand, Slot: slotOn(13).Key, Variant: "voice-daily"})
	noError(t, err)
	_, err = lease.End(t.Context(), store.RunEnd{State: store.RunFailed, Reason: "kdc"})
	noError(t, err)
	noError(t, w.Failed(t.Context(), owned(), slotOn(13), Failed{Run: "again", Err: kdcDown}))
	for _, want := range []string{"failed: kdc\n", "its mail went to 1 of 2 readers", "qosreport resolve 2 --sent"} {
		if text := w.text(t); !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant %q in it", text, want)
		}
	}
}

func TestTheOwnerIsToldWhenTheLedgerBreaks(t *testing.T) {
	w := newWorld(t)
	noError(t, w.Store.Close())
	err := w.Failed(t.Context(), owned(), slotOn(13), Failed{Run: "run-1", Err: fault.Errorf(fault.Output, fault.Render, "no room for the store")})
	if text := w.text(t); err == nil || !strings.Contains(text, "the ledger could not be asked who has its mail") {
		t.Errorf("got %v and\n%s\nwant the ledger's error, and the notice sent", err, text)
	}
	w.post.told()
	if err := w.Recovered(t.Context(), owned(), slotOn(13)); err == nil || w.post.told() != 0 {
		t.Errorf("got %v; want the ledger's error, and no note", err)
	}
}
