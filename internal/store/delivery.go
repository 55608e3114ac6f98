package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"qosreport/internal/fault"
)

// Delivery is the message of one variant, window and revision to one recipient. There is
// one of each at most, whoever asks for it.
type Delivery struct {
	ID        int64
	Variant   string
	Window    Window // its instants are part of the key, its zone is not
	Revision  int    // 1, and more for corrections
	Recipient string // address; upper and lower case are the same
	State     DeliveryState
	MessageID string
	Reason    string // of a correction
	Code      int    // the reply code that decided; 0 without one
	Answer    string // the server's words
	Run       string // in whose hands it is, or was last
	Created   time.Time
	Changed   time.Time // since when it is in this state
}

const deliveryColumns = "id, variant, window_from, window_to, window_zone, revision, recipient, state, message_id, reason, code, answer, run, created, changed"

func scanDelivery(row scanner) (d Delivery, err error) {
	err = row.Scan(&d.ID, &d.Variant, instant{&d.Window.From}, instant{&d.Window.To}, &d.Window.Zone, &d.Revision, &d.Recipient, &d.State,
		&d.MessageID, &d.Reason, &d.Code, &d.Answer, &d.Run, instant{&d.Created}, instant{&d.Changed})
	return d, err
}

// Mail is the mail that a run wants to send.
type Mail struct {
	Revision   int    // 1, and more for corrections
	Reason     string // of a correction
	Recipients []Recipient
}

// Recipient is who gets a mail, and the Message-ID that the key of the delivery gives it.
type Recipient struct{ Address, MessageID string }

// PlanDeliveries writes down what is to be sent, and returns one delivery a recipient in
// their order. Deliveries that exist already stay what they are; those that are pending
// and in no working run's hands come into those of this run. To send are those that are
// pending and carry the id of this run.
func (l *Lease) PlanDeliveries(ctx context.Context, m Mail) (list []Delivery, err error) {
	err = l.own(ctx, "plan deliveries", func(ctx context.Context, t *txn, run Run) error {
		if m.Revision < 1 || m.Revision > 1 && m.Reason == "" {
			return fault.Errorf(fault.Internal, 0, "revision %d with the reason %q", m.Revision, m.Reason)
		}
		if _, err := t.exec(ctx, "UPDATE run SET revision = ? WHERE id = ?", m.Revision, l.ID); err != nil {
			return err
		}
		for _, r := range m.Recipients {
			d, err := t.planDelivery(ctx, run, m, r)
			if err != nil {
				return fmt.Errorf("recipient %s: %w", r.Address, err)
			}
			list = append(list, d)
		}
		if m.Revision > 1 {
			return t.record(ctx, Event{Actor: l.actor, Action: "resend", Schedule: run.Schedule, Slot: run.Slot, Run: l.ID, Reason: m.Reason})
		}
		return nil
	})
	return list, err
}

const deliveryKey = "variant = ?1 AND window_from = ?2 AND window_to = ?3 AND revision = ?4 AND recipient = ?5"

func (t *txn) planDelivery(ctx context.Context, run Run, m Mail, r Recipient) (Delivery, error) {
	key := []any{run.Variant, millis(run.Window.From), millis(run.Window.To), m.Revision, r.Address}
	_, err := t.exec(ctx, `INSERT INTO delivery (variant, window_from, window_to, revision, recipient, window_zone, state, message_id, reason, run, created, changed)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending', ?7, ?8, ?9, ?10, ?10) ON CONFLICT (variant, window_from, window_to, revision, recipient) DO NOTHING`,
		append(key, run.Window.Zone, r.MessageID, m.Reason, run.ID, t.now)...)
	if err != nil {
		return Delivery{}, err
	}
	_, err = t.exec(ctx, "UPDATE delivery SET run = ?6, changed = ?7 WHERE "+deliveryKey+` AND state = 'pending' AND run <> ?6
		AND run NOT IN (SELECT id FROM run WHERE state = 'running')`, append(key, run.ID, t.now)...)
	if err != nil {
		return Delivery{}, err
	}
	return scanDelivery(t.QueryRowContext(ctx, "SELECT "+deliveryColumns+" FROM delivery WHERE "+deliveryKey, key...))
}

// withoutLater is the condition that no correction is on its way to the same recipient.
const withoutLater = `AND NOT EXISTS (SELECT 1 FROM delivery AS later WHERE later.variant = delivery.variant AND later.window_from = delivery.window_from
	AND later.window_to = delivery.window_to AND later.recipient = delivery.recipient AND later.revision > delivery.revision)`

// stranded is the condition that a delivery waits for a person: its run is not at work and
// its slot will not be run again, and no correction took its place.
const stranded = `state = ? AND NOT EXISTS (SELECT 1 FROM run LEFT JOIN slot ON slot.key = run.slot WHERE run.id = delivery.run
	AND (run.state = 'running' OR slot.outcome IN ('due', 'waiting', 'running'))) ` + withoutLater

// Sending writes down, all or none, that these deliveries are about to leave. It has to
// return before the first byte of a message's content is sent.
func (l *Lease) Sending(ctx context.Context, ids ...int64) error {
	return l.own(ctx, "begin to send", func(ctx context.Context, t *txn, run Run) error {
		for _, id := range ids {
			if err := t.holds(ctx, id, l.ID); err != nil {
				return err
			}
			m := move{what: "delivery", table: "delivery", key: id, from: words(Pending), to: string(Sending),
				set: ", code = 0, answer = '', changed = ?", args: []any{t.now}, also: withoutLater, why: "a later revision of the mail is planned"}
			if err := t.moveDelivery(ctx, m, Event{Actor: l.actor, Action: "sending", Schedule: run.Schedule, Slot: run.Slot, Run: l.ID}); err != nil {
				return err
			}
		}
		return nil
	})
}

// holds sees that a delivery is in the hands of a run.
func (t *txn) holds(ctx context.Context, id int64, run string) error {
	d, err := one(ctx, t, scanDelivery, "SELECT "+deliveryColumns+" FROM delivery WHERE id = ?", id)
	if err != nil {
		return fmt.Errorf("delivery %w", err)
	}
	if d.Run != run {
		return fmt.Errorf("delivery %d: %w: it is in the hands of run %s", id, ErrLost, d.Run)
	}
	return nil
}

func (t *txn) moveDelivery(ctx context.Context, m move, e Event) error {
	was, err := t.move(ctx, m)
	if err != nil {
		return err
	}
	e.Delivery, _ = m.key.(int64)
	e.From, e.To = was, m.to
	return t.record(ctx, e)
}

// Settlement is what became of one delivery.
type Settlement struct {
	ID     int64
	State  DeliveryState // Sent, Refused, Deferred or Unknown
	Code   int           // the reply code that decided; 0 without one
	Answer string        // the server's words
}

// Settle writes down how deliveries of this run ended, all or none. A deferred one is
// pending again. It works when the lease is lost too: an answer of the server stays true,
// and ends what was unknown without it.
func (l *Lease) Settle(ctx context.Context, settled ...Settlement) error {
	return l.store.write(ctx, "settle deliveries of run "+l.ID, func(ctx context.Context, t *txn) error {
		run, err := one(ctx, t, scanRun, "SELECT "+runColumns+" FROM run WHERE id = ?", l.ID)
		if err != nil {
			return err
		}
		for _, d := range settled {
			if err := t.holds(ctx, d.ID, l.ID); err != nil {
				return err
			}
			m := move{what: "delivery", table: "delivery", key: d.ID, from: words(settleable[d.State]...), to: string(d.State),
				set: ", code = ?, answer = ?, changed = ?", args: []any{d.Code, d.Answer, t.now}}
			if d.State == Deferred {
				m.keep = string(Pending)
			}
			event := Event{Actor: l.actor, Action: "settled", Schedule: run.Schedule, Slot: run.Slot, Run: l.ID, Reason: d.Answer}
			if err := t.moveDelivery(ctx, m, event); err != nil {
				return err
			}
		}
		return t.reconcile(ctx, run, l.actor)
	})
}

// DeliveryFilter says which deliveries; the zero value is all.
type DeliveryFilter struct {
	ID         int64
	Variant    string
	Window     Window // its instants; the zero value means any
	Revision   int
	Recipients []string
	States     []DeliveryState
	Run        string
	Stranded   bool      // only those that are pending and that nobody is going to send by himself
	From, To   time.Time // of the last change, half open; zero means no bound
	Newest     int       // only so many, the newest; 0 means all
}

// Deliveries are those of the filter, oldest first. With variant, window, revision and
// the state sent it answers whether a mail is out, since when ([Delivery.Changed]) and by
// which run.
func (s *Store) Deliveries(ctx context.Context, f DeliveryFilter) (list []Delivery, err error) {
	err = s.read(ctx, "list deliveries", func(ctx context.Context, t *txn) error {
		list, err = t.deliveries(ctx, f)
		return err
	})
	return list, err
}

func (t *txn) deliveries(ctx context.Context, f DeliveryFilter) ([]Delivery, error) {
	var q query
	q.when(f.ID != 0, "id = ?", f.ID)
	q.when(f.Variant != "", "variant = ?", f.Variant)
	q.when(!f.Window.From.IsZero(), "window_from = ?", millis(f.Window.From))
	q.when(!f.Window.To.IsZero(), "window_to = ?", millis(f.Window.To))
	q.when(f.Revision != 0, "revision = ?", f.Revision)
	q.in("recipient", f.Recipients)
	q.in("state", words(f.States...))
	q.when(f.Run != "", "run = ?", f.Run)
	q.when(f.Stranded, stranded, Pending)
	q.when(!f.From.IsZero(), "changed >= ?", millis(f.From))
	q.when(!f.To.IsZero(), "changed < ?", millis(f.To))
	list, err := all(ctx, t, scanDelivery, "SELECT "+deliveryColumns+" FROM delivery"+q.where()+" ORDER BY id DESC"+q.limit(f.Newest), q.args...)
	slices.Reverse(list)
	return list, err
}

// AlreadySent is an error that says when, by which run and to whom the mail went out, or
// nil if it went to none of the recipients.
func (s *Store) AlreadySent(ctx context.Context, variant string, w Window, revision int, recipients []string) error {
	if len(recipients) == 0 {
		return nil
	}
	sent, err := s.Deliveries(ctx, DeliveryFilter{Variant: variant, Window: w, Revision: revision, Recipients: recipients, States: []DeliveryState{Sent}})
	if err != nil || len(sent) == 0 {
		return err
	}
	var errs []error
	for _, d := range sent {
		errs = append(errs, fmt.Errorf("already sent to %s at %s by run %s", d.Recipient, d.Changed.Format(time.RFC3339), d.Run))
	}
	return fault.Advise(fault.New(fault.Usage, 0, errors.Join(errs...)),
		"to send a corrected mail: --resend --reason TEXT")
}
