package store

import (
	"context"
	"slices"
	"time"
)

// Event is one thing that happened: who did what, and what changed by it.
type Event struct {
	ID       int64
	At       time.Time
	Actor    string // a person, or a part of the program
	Action   string // planned, set, claimed, ended, sending, settled, resolved, …
	Schedule string // "" when it is about none, and so below
	Slot     string
	Run      string
	Delivery int64  // 0 when it is about none
	From, To string // states
	Reason   string
}

// actorSchedule is who did what no person asked for.
const actorSchedule = "schedule"

const eventColumns = "id, at, actor, action, schedule, slot, run, delivery, from_state, to_state, reason"

func scanEvent(row scanner) (e Event, err error) {
	err = row.Scan(&e.ID, instant{&e.At}, &e.Actor, &e.Action, &e.Schedule, &e.Slot, &e.Run, &e.Delivery, &e.From, &e.To, &e.Reason)
	return e, err
}

// record adds an event of this transaction's time.
func (t *txn) record(ctx context.Context, e Event) error {
	_, err := t.exec(ctx, "INSERT INTO event (at, actor, action, schedule, slot, run, delivery, from_state, to_state, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		t.now, e.Actor, e.Action, e.Schedule, e.Slot, e.Run, e.Delivery, e.From, e.To, e.Reason)
	return err
}

// EventFilter says which events; the zero value is all.
type EventFilter struct {
	Schedule string
	Slot     string
	Run      string
	Delivery int64
	Actor    string
	From, To time.Time // half open; zero means no bound
	Newest   int       // only so many, the newest; 0 means all
}

// History is what happened, in its order.
func (s *Store) History(ctx context.Context, f EventFilter) (list []Event, err error) {
	err = s.read(ctx, "read history", func(ctx context.Context, t *txn) error {
		list, err = t.events(ctx, f)
		return err
	})
	return list, err
}

func (t *txn) events(ctx context.Context, f EventFilter) ([]Event, error) {
	var q query
	q.when(f.Schedule != "", "schedule = ?", f.Schedule)
	q.when(f.Slot != "", "slot = ?", f.Slot)
	q.when(f.Run != "", "run = ?", f.Run)
	q.when(f.Delivery != 0, "delivery = ?", f.Delivery)
	q.when(f.Actor != "", "actor = ?", f.Actor)
	q.when(!f.From.IsZero(), "at >= ?", millis(f.From))
	q.when(!f.To.IsZero(), "at < ?", millis(f.To))
	list, err := all(ctx, t, scanEvent, "SELECT "+eventColumns+" FROM event"+q.where()+" ORDER BY id DESC"+q.limit(f.Newest), q.args...)
	slices.Reverse(list)
	return list, err
}
