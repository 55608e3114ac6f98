package store

import (
	"context"
	"errors"

	"qosreport/internal/fault"
)

// loseSending makes unknown what a run leaves in the middle.
func (t *txn) loseSending(ctx context.Context, run Run, actor string) ([]int64, error) {
	scan := func(row scanner) (id int64, err error) { return id, row.Scan(&id) }
	ids, err := all(ctx, t, scan, "SELECT id FROM delivery WHERE run = ? AND state = 'sending' ORDER BY id", run.ID)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		m := move{what: "delivery", table: "delivery", key: id, from: words(Sending), to: string(Unknown), set: ", changed = ?", args: []any{t.now}}
		event := Event{Actor: actor, Action: "lost", Schedule: run.Schedule, Slot: run.Slot, Run: run.ID}
		if err := t.moveDelivery(ctx, m, event); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// deliveryCounts is how many deliveries of a mail are in a state.
type deliveryCounts struct{ pending, sending, unknown, refused int }

// deliveryCounts looks at the mail that a run planned, also at what another run holds of
// it. A run that planned none has none.
func (t *txn) deliveryCounts(ctx context.Context, run Run) (c deliveryCounts, err error) {
	err = t.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE d.state = 'pending'), count(*) FILTER (WHERE d.state = 'sending'),
		count(*) FILTER (WHERE d.state = 'unknown'), count(*) FILTER (WHERE d.state = 'refused') FROM delivery AS d JOIN run ON run.id = ? AND d.variant = run.variant
		AND d.window_from = run.window_from AND d.window_to = run.window_to AND d.revision = run.revision`, run.ID).
		Scan(&c.pending, &c.sending, &c.unknown, &c.refused)
	return c, err
}

// reasonNotSent is of a slot whose unknown delivery was found not to have been sent.
const reasonNotSent = "delivery not sent"

// reconcile gives the slot and the run that failed for an unknown delivery, or for one that
// was not sent, their outcome once nothing of the mail is unknown any more.
func (t *txn) reconcile(ctx context.Context, run Run, actor string) error {
	found, err := t.deliveryCounts(ctx, run)
	if err != nil || run.Revision == 0 || found.sending+found.unknown > 0 {
		return err
	}
	slot, state, reason := Done, RunDone, ""
	switch {
	case found.pending > 0:
		slot, state, reason = Failed, RunFailed, reasonNotSent
	case found.refused > 0:
		slot, state, reason = Failed, RunFailed, "delivery refused"
	}
	_, err = t.exec(ctx, `UPDATE run SET state = ?1, reason = ?2 WHERE variant = ?3 AND window_from = ?4 AND window_to = ?5 AND revision = ?6
		AND state = 'failed' AND (reason LIKE ?7 OR reason = ?8)`,
		state, reason, run.Variant, millis(run.Window.From), millis(run.Window.To), run.Revision, ReasonUnknown+"%", reasonNotSent)
	if err != nil {
		return err
	}
	slots, err := all(ctx, t, scanSlot, "SELECT "+slotColumns+` FROM slot WHERE outcome = 'failed' AND (reason LIKE ?1 OR reason = ?6) AND reason <> ?7 AND run IN
		(SELECT id FROM run WHERE variant = ?2 AND window_from = ?3 AND window_to = ?4 AND revision = ?5)`,
		ReasonUnknown+"%", run.Variant, millis(run.Window.From), millis(run.Window.To), run.Revision, reasonNotSent, reason)
	if err != nil {
		return err
	}
	for _, s := range slots {
		err := t.moveSlot(ctx, slotMove{key: s.Key, from: []Outcome{Failed}, to: slot, reason: reason,
			event: Event{Actor: actor, Action: "settled", Schedule: s.Schedule, Run: s.Run}})
		if err != nil {
			return err
		}
	}
	return nil
}

// Resolve ends that a delivery is unknown: it was sent, or it was not and is pending
// again for the next run to send. By is who found out. A slot that failed for the
// unknown delivery is done when everything of its mail is sent.
func (s *Store) Resolve(ctx context.Context, id int64, sent bool, by string) (d Delivery, err error) {
	err = s.write(ctx, "resolve delivery", func(ctx context.Context, t *txn) error {
		if by == "" {
			return fault.Errorf(fault.Usage, 0, "it has to be known who resolves a delivery")
		}
		if d, err = one(ctx, t, scanDelivery, "SELECT "+deliveryColumns+" FROM delivery WHERE id = ?", id); err != nil {
			return err
		}
		run, err := one(ctx, t, scanRun, "SELECT "+runColumns+" FROM run WHERE id = ?", d.Run)
		forgotten := errors.Is(err, ErrNotFound)
		if err != nil && !forgotten {
			return err
		}
		to, reason := Pending, "resolved as not sent by "+by
		if sent {
			to, reason = Sent, "resolved as sent by "+by
		}
		m := move{what: "delivery", table: "delivery", key: id, from: words(Unknown), to: string(to),
			set: ", code = 0, answer = ?, changed = ?", args: []any{reason, t.now}}
		event := Event{Actor: by, Action: "resolved", Schedule: run.Schedule, Slot: run.Slot, Run: d.Run, Reason: reason}
		if err := t.moveDelivery(ctx, m, event); err != nil {
			return err
		}
		if !forgotten {
			if err := t.reconcile(ctx, run, by); err != nil {
				return err
			}
		}
		d, err = one(ctx, t, scanDelivery, "SELECT "+deliveryColumns+" FROM delivery WHERE id = ?", id)
		return err
	})
	return d, err
}
