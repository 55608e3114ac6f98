package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ScheduleState is what the ledger remembers of a schedule.
type ScheduleState struct {
	Schedule       string
	ExpressionHash string    // of everything that decides when slots are
	EffectiveFrom  time.Time // since when this expression holds
	Considered     time.Time // every slot up to here, and no later one, was written down
	SuspendedSince time.Time // zero when it is not suspended
}

const scheduleColumns = "schedule, expression_hash, effective_from, considered, suspended_since"

func scanSchedule(row scanner) (s ScheduleState, err error) {
	err = row.Scan(&s.Schedule, &s.ExpressionHash, instant{&s.EffectiveFrom}, instant{&s.Considered}, instant{&s.SuspendedSince})
	return s, err
}

// Sighting is a schedule as the configuration has it.
type Sighting struct {
	Schedule       string
	ExpressionHash string
	Suspended      bool
}

// Sight tells the ledger of a schedule before its slots are planned, and returns what is
// remembered of it. A schedule that was never seen, or whose expression changed, is
// fresh: it takes effect now, and no slots before are made up.
func (s *Store) Sight(ctx context.Context, seen Sighting) (state ScheduleState, fresh bool, err error) {
	err = s.write(ctx, "sight schedule "+seen.Schedule, func(ctx context.Context, t *txn) error {
		known, err := one(ctx, t, scanSchedule, "SELECT "+scheduleColumns+" FROM schedule_state WHERE schedule = ?", seen.Schedule)
		first := errors.Is(err, ErrNotFound)
		if err != nil && !first {
			return err
		}
		fresh = first || known.ExpressionHash != seen.ExpressionHash
		if fresh {
			if err := t.begin(ctx, seen, first); err != nil {
				return err
			}
		}
		if seen.Suspended == known.SuspendedSince.IsZero() {
			if err := t.suspend(ctx, seen); err != nil {
				return err
			}
		}
		state, err = one(ctx, t, scanSchedule, "SELECT "+scheduleColumns+" FROM schedule_state WHERE schedule = ?", seen.Schedule)
		return err
	})
	return state, fresh, err
}

// begin lets an expression take effect now. When the clock was moved back, what was
// considered stays so.
func (t *txn) begin(ctx context.Context, seen Sighting, first bool) error {
	_, err := t.exec(ctx, `INSERT INTO schedule_state (schedule, expression_hash, effective_from, considered) VALUES (?1, ?2, ?3, ?3)
		ON CONFLICT (schedule) DO UPDATE SET expression_hash = ?2, effective_from = ?3, considered = max(considered, ?3)`,
		seen.Schedule, seen.ExpressionHash, t.now)
	if err != nil {
		return err
	}
	action := "expression changed"
	if first {
		action = "first seen"
	}
	return t.record(ctx, Event{Actor: actorSchedule, Action: action, Schedule: seen.Schedule})
}

func (t *txn) suspend(ctx context.Context, seen Sighting) error {
	var since any
	action := "resumed"
	if seen.Suspended {
		since, action = t.now, "suspended"
	}
	if _, err := t.exec(ctx, "UPDATE schedule_state SET suspended_since = ? WHERE schedule = ?", since, seen.Schedule); err != nil {
		return err
	}
	return t.record(ctx, Event{Actor: actorSchedule, Action: action, Schedule: seen.Schedule})
}

// Plan is what a walk over a schedule found.
type Plan struct {
	Schedule       string
	ExpressionHash string
	Until          time.Time // becomes the last considered instant, unless a later one was
	Slots          []Slot    // with Outcome Due (or ""), Skipped, Suspended or Missed
	Unlisted       int       // so many slots or more before those, too many to be written down one by one
}

// Plan writes down the slots that are not known yet, and that everything until an instant
// was considered. It returns the keys of the new ones, in their order. A schedule that
// has another expression by now changes nothing and is an error: see it again first.
func (s *Store) Plan(ctx context.Context, p Plan) (added []string, err error) {
	err = s.write(ctx, "plan schedule "+p.Schedule, func(ctx context.Context, t *txn) error {
		n, err := t.exec(ctx, "UPDATE schedule_state SET considered = max(considered, ?) WHERE schedule = ? AND expression_hash = ?",
			millis(p.Until), p.Schedule, p.ExpressionHash)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("schedule with expression %.12s: %w", p.ExpressionHash, ErrNotFound)
		}
		if p.Unlisted > 0 {
			e := Event{Actor: actorSchedule, Action: "planned", Schedule: p.Schedule, To: string(Missed), Reason: fmt.Sprintf("%d slots or more", p.Unlisted)}
			if err := t.record(ctx, e); err != nil {
				return err
			}
		}
		added, err = t.addSlots(ctx, p)
		return err
	})
	return added, err
}

func (t *txn) addSlots(ctx context.Context, p Plan) (added []string, err error) {
	insert, err := t.PrepareContext(ctx, `INSERT INTO slot (key, schedule, nominal, fire, start_by, window_from, window_to, window_zone, outcome, reason, changed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	for _, slot := range p.Slots {
		slot.Schedule = p.Schedule
		if err := slot.check(); err != nil {
			return nil, err
		}
		outcome := slot.planned()
		result, err := insert.ExecContext(ctx, slot.Key, slot.Schedule, slot.Nominal, millis(slot.Fire), millis(slot.StartBy),
			millis(slot.Window.From), millis(slot.Window.To), slot.Window.Zone, outcome, slot.Reason, t.now)
		if err != nil {
			return nil, fmt.Errorf("slot %s: %w", slot.Key, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			if err != nil {
				return nil, err
			}
			continue // it is known
		}
		added = append(added, slot.Key)
		if err := t.record(ctx, Event{Actor: actorSchedule, Action: "planned", Schedule: slot.Schedule, Slot: slot.Key, To: string(outcome), Reason: slot.Reason}); err != nil {
			return nil, err
		}
	}
	return added, nil
}

// Schedules are all that were ever seen, by name.
func (s *Store) Schedules(ctx context.Context) (list []ScheduleState, err error) {
	err = s.read(ctx, "list schedules", func(ctx context.Context, t *txn) error {
		list, err = all(ctx, t, scanSchedule, "SELECT "+scheduleColumns+" FROM schedule_state ORDER BY schedule")
		return err
	})
	return list, err
}
