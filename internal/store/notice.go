package store

import (
	"cmp"
	"context"
	"errors"
	"time"
)

const (
	// noticeEvery is how often the owner of a schedule is told of one class of failure.
	noticeEvery = 24 * time.Hour
	// noticeTries is how long a notice that was begun may take until another is.
	noticeTries = 2 * time.Minute
)

// Failing is a failure that the owner of a schedule may have to be told of.
type Failing struct {
	Schedule string
	Class    string // see [fault.Word], or a word of the caller's
	Slot     string // "" when it is about none, and so below
	Run      string
	Text     string // of the error
	Count    int    // how many failures it stands for; 0 means 1
}

// Notice is what the owner of a schedule knows of one class of its failures.
type Notice struct {
	Schedule string
	Class    string
	Since    time.Time // the first failure since the last success; zero when there is none
	Last     time.Time // the last failure
	Slot     string    // of the last failure, as the two below
	Run      string
	Text     string
	Count    int       // failures since the last notice
	Told     time.Time // when the last notice was sent; zero before the first
	Recovery bool      // when it is over, the owner is to be told that too
}

const noticeColumns = "schedule, class, since, last, slot, run, error, untold, told, recovery"

func scanNotice(row scanner) (n Notice, err error) {
	err = row.Scan(&n.Schedule, &n.Class, instant{&n.Since}, instant{&n.Last}, &n.Slot, &n.Run, &n.Text, &n.Count, instant{&n.Told}, &n.Recovery)
	return n, err
}

// Failure writes down a failure, and says whether the owner is to be told of it now:
// nobody told of this class within 24 hours, or is about to. Who sends the notice says so
// with [Store.Told]; otherwise it is due again with the next failure.
func (s *Store) Failure(ctx context.Context, f Failing) (n Notice, tell bool, err error) {
	err = s.write(ctx, "note failure of "+f.Schedule, func(ctx context.Context, t *txn) error {
		_, err := t.exec(ctx, `INSERT INTO notice (schedule, class, since, last, slot, run, error, untold, recovery) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, 0)
			ON CONFLICT (schedule, class) DO UPDATE SET since = coalesce(since, ?3), last = ?3, slot = ?4, run = ?5, error = ?6, untold = untold + ?7`,
			f.Schedule, f.Class, t.now, f.Slot, f.Run, errorText(f.Text), cmp.Or(f.Count, 1))
		if err != nil {
			return err
		}
		// A time ahead of the clock is as good as one behind it: the clock was moved back.
		begun, err := t.exec(ctx, `UPDATE notice SET tried = ?3 WHERE schedule = ?1 AND class = ?2
			AND (told IS NULL OR abs(?3 - told) >= ?4) AND (tried IS NULL OR abs(?3 - tried) >= ?5)`,
			f.Schedule, f.Class, t.now, noticeEvery.Milliseconds(), noticeTries.Milliseconds())
		if err != nil {
			return err
		}
		tell = begun > 0
		n, err = scanNotice(t.QueryRowContext(ctx, "SELECT "+noticeColumns+" FROM notice WHERE schedule = ? AND class = ?", f.Schedule, f.Class))
		return err
	})
	return n, tell, err
}

// Told says that the notice that [Store.Failure] gave was sent.
func (s *Store) Told(ctx context.Context, n Notice) error {
	return s.write(ctx, "note notice about "+n.Schedule, func(ctx context.Context, t *txn) error {
		// What failed in the meantime was not told.
		changed, err := t.exec(ctx, "UPDATE notice SET told = ?, tried = NULL, untold = max(untold - ?, 0), recovery = 1 WHERE schedule = ? AND class = ?",
			t.now, n.Count, n.Schedule, n.Class)
		if err != nil {
			return err
		}
		if changed == 0 {
			return ErrNotFound
		}
		return t.record(ctx, Event{Actor: actorSchedule, Action: "owner told", Schedule: n.Schedule, Slot: n.Slot, Run: n.Run, Reason: n.Class})
	})
}

// Recovered writes down that the schedule succeeded, which ends its failures of all
// classes. It returns those whose end the owner is to be told, because a notice of them
// was sent, as they were; [Store.ToldRecovery] says that it was done.
func (s *Store) Recovered(ctx context.Context, schedule string) (over []Notice, err error) {
	const what, query = "note recovery of ", "SELECT " + noticeColumns + " FROM notice WHERE schedule = ? AND (since IS NOT NULL OR recovery = 1) ORDER BY class"
	some := false
	err = s.read(ctx, what+schedule, func(ctx context.Context, t *txn) error { // mostly nothing had failed
		_, err := one(ctx, t, scanNotice, query, schedule)
		some = err == nil
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
	if err != nil || !some {
		return nil, err
	}
	err = s.write(ctx, what+schedule, func(ctx context.Context, t *txn) error {
		open, err := all(ctx, t, scanNotice, query, schedule)
		if err != nil {
			return err
		}
		for _, n := range open {
			if n.Recovery {
				over = append(over, n)
			}
		}
		_, err = t.exec(ctx, "UPDATE notice SET since = NULL WHERE schedule = ?", schedule)
		return err
	})
	return over, err
}

// ToldRecovery says that the owner knows of the recoveries that [Store.Recovered] gave.
func (s *Store) ToldRecovery(ctx context.Context, schedule string) error {
	return s.write(ctx, "note note of recovery of "+schedule, func(ctx context.Context, t *txn) error {
		if _, err := t.exec(ctx, "UPDATE notice SET recovery = 0 WHERE schedule = ? AND since IS NULL", schedule); err != nil {
			return err
		}
		return t.record(ctx, Event{Actor: actorSchedule, Action: "owner told", Schedule: schedule, Reason: "recovered"})
	})
}
