package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"qosreport/internal/fault"
)

// Slot is one due occurrence of a schedule.
type Slot struct {
	Key      string // never changes
	Schedule string
	Nominal  string    // the wall clock that the expression names, as 2026-03-29T02:30
	Fire     time.Time // when it is due
	StartBy  time.Time // when it is too late to start
	Window   Window
	Outcome  Outcome
	Reason   string // of the outcome; of one that is due or waiting, why it is late, or ""
	Run      string // the last run; "" before the first
	Changed  time.Time
}

const slotColumns = `key, schedule, nominal, fire, start_by, window_from, window_to, window_zone, outcome, reason, coalesce(run, ''), changed`

func scanSlot(row scanner) (s Slot, err error) {
	err = row.Scan(&s.Key, &s.Schedule, &s.Nominal, instant{&s.Fire}, instant{&s.StartBy}, instant{&s.Window.From}, instant{&s.Window.To},
		&s.Window.Zone, &s.Outcome, &s.Reason, &s.Run, instant{&s.Changed})
	return s, err
}

// planned is the outcome with which a slot is written down first.
func (s Slot) planned() Outcome { return cmp.Or(s.Outcome, Due) }

// check finds what a slot that is planned must not be.
func (s Slot) check() error {
	outcome := s.planned()
	switch {
	case s.Key == "":
		return fault.Errorf(fault.Internal, 0, "a slot has no key")
	case !slices.Contains(plannable, outcome):
		return &TransitionError{What: "slot", Key: s.Key, From: "new", To: string(outcome)}
	case outcome != Due && s.Reason == "":
		return withoutReason(s.Key, outcome)
	case !s.Window.From.Before(s.Window.To):
		return fault.Errorf(fault.Internal, 0, "slot %s has an empty window, %s to %s", s.Key, s.Window.From, s.Window.To)
	}
	return nil
}

func withoutReason(key string, o Outcome) error {
	return fault.Errorf(fault.Internal, 0, "slot %s becomes %s without a reason", key, o)
}

// SetOutcome moves a slot that no run holds: to waiting and back, or to skipped,
// superseded, suspended or missed, which need a reason; and from suspended to due.
func (s *Store) SetOutcome(ctx context.Context, key string, to Outcome, reason string) error {
	return s.write(ctx, "set outcome of a slot", func(ctx context.Context, t *txn) error {
		if reason == "" && to != Due && to != Waiting {
			return withoutReason(key, to)
		}
		return t.moveSlot(ctx, slotMove{key: key, from: slotMoves[to], to: to, reason: reason, event: Event{Actor: actorSchedule, Action: "set"}})
	})
}

// slotMove is a change of a slot's outcome, and how the log tells it.
type slotMove struct {
	key    string
	from   []Outcome
	to     Outcome
	reason string
	event  Event  // actor, action and run
	run    string // that takes the slot; "" leaves it as it is
}

func (t *txn) moveSlot(ctx context.Context, m slotMove) error {
	was, err := t.move(ctx, move{
		what: "slot", table: "slot", key: m.key, from: words(m.from...), to: string(m.to),
		set: ", reason = ?, changed = ?, run = coalesce(nullif(?, ''), run)", args: []any{m.reason, t.now, m.run},
	})
	if err != nil {
		return err
	}
	e := m.event
	e.Slot, e.From, e.To, e.Reason = m.key, was, string(m.to), m.reason
	return t.record(ctx, e)
}

// Slot is the slot of a key.
func (s *Store) Slot(ctx context.Context, key string) (slot Slot, err error) {
	err = s.read(ctx, "read slot", func(ctx context.Context, t *txn) error {
		slot, err = one(ctx, t, scanSlot, "SELECT "+slotColumns+" FROM slot WHERE key = ?", key)
		return err
	})
	return slot, err
}

// SlotFilter says which slots; the zero value is all.
type SlotFilter struct {
	Schedule string // "" means every one
	Outcomes []Outcome
	From, To time.Time // of the fire instant, half open; zero means no bound
	Newest   int       // only so many, the newest; 0 means all
}

// Slots are those of the filter by fire instant, then schedule.
func (s *Store) Slots(ctx context.Context, f SlotFilter) (list []Slot, err error) {
	var q query
	q.when(f.Schedule != "", "schedule = ?", f.Schedule)
	q.in("outcome", words(f.Outcomes...))
	q.when(!f.From.IsZero(), "fire >= ?", millis(f.From))
	q.when(!f.To.IsZero(), "fire < ?", millis(f.To))
	err = s.read(ctx, "list slots", func(ctx context.Context, t *txn) error {
		list, err = all(ctx, t, scanSlot, "SELECT "+slotColumns+" FROM slot"+q.where()+" ORDER BY fire DESC, schedule DESC, key DESC"+q.limit(f.Newest), q.args...)
		slices.Reverse(list)
		return err
	})
	return list, err
}

// query gathers the conditions of a filter.
type query struct {
	conditions []string
	args       []any
}

func (q *query) when(wanted bool, condition string, arg any) {
	if wanted {
		q.conditions = append(q.conditions, condition)
		q.args = append(q.args, arg)
	}
}

// in adds that a column holds one of the values; none means any.
func (q *query) in(column string, values []string) {
	if len(values) == 0 {
		return
	}
	marks := ""
	for i, v := range values {
		if i > 0 {
			marks += ", "
		}
		marks += "?"
		q.args = append(q.args, v)
	}
	q.conditions = append(q.conditions, column+" IN ("+marks+")")
}

func (q *query) where() string {
	text := ""
	for i, c := range q.conditions {
		if i == 0 {
			text += " WHERE " + c
			continue
		}
		text += " AND " + c
	}
	return text
}

// limit keeps so many rows; 0 or less keeps all.
func (q *query) limit(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" LIMIT %d", n)
}
