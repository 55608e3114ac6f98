package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Beat is a sign of life of a process that plans and runs.
type Beat struct {
	Owner    string // see [Owner.String]
	Instance string // which installation it is
	Program  string
	Started  time.Time // its first beat
	At       time.Time // its last
}

func scanBeat(row scanner) (b Beat, err error) {
	err = row.Scan(&b.Owner, &b.Instance, &b.Program, instant{&b.Started}, instant{&b.At})
	return b, err
}

// Beat writes down that a process is alive. Its error says that the ledger cannot be
// written, and so that nothing can be run.
func (s *Store) Beat(ctx context.Context, instance, program string, o Owner) error {
	return s.write(ctx, "heart-beat", func(ctx context.Context, t *txn) error {
		_, err := t.exec(ctx, `INSERT INTO meta (owner, instance, program, started, beat) VALUES (?1, ?2, ?3, ?4, ?4)
			ON CONFLICT (owner) DO UPDATE SET instance = ?2, program = ?3, beat = ?4`, o.String(), instance, program, t.now)
		return err
	})
}

// Beats are the last signs of life of processes, newest first.
func (s *Store) Beats(ctx context.Context) (list []Beat, err error) {
	err = s.read(ctx, "list heart-beats", func(ctx context.Context, t *txn) error {
		list, err = t.beats(ctx)
		return err
	})
	return list, err
}

func (t *txn) beats(ctx context.Context) ([]Beat, error) {
	return all(ctx, t, scanBeat, "SELECT owner, instance, program, started, beat FROM meta ORDER BY beat DESC, owner")
}

// Status is the ledger at a glance.
type Status struct {
	Schedules  []ScheduleStatus
	Running    []Run
	Lost       []Run // of those that run, the ones that the next claim takes for lost
	Unknown    []Delivery
	Stranded   []Delivery // see [DeliveryFilter]
	Failing    []Notice   // what failed since the last success
	Beats      []Beat
	Slots      map[Outcome]int
	Deliveries map[DeliveryState]int
	Failures   map[string]int // attempts that failed, by class
	Bytes      int64          // of the file
}

// ScheduleStatus is one schedule at a glance. Slots are nil where there is none yet.
type ScheduleStatus struct {
	ScheduleState
	Newest *Slot // by fire instant
	Done   *Slot // the newest that is done: its window holds the last data date
}

// Status reads the ledger at one instant.
func (s *Store) Status(ctx context.Context) (Status, error) {
	status := Status{Slots: make(map[Outcome]int), Deliveries: make(map[DeliveryState]int), Failures: make(map[string]int)}
	err := s.read(ctx, "read status", func(ctx context.Context, t *txn) (err error) {
		if status.Schedules, err = t.scheduleStatus(ctx); err != nil {
			return err
		}
		if status.Running, err = all(ctx, t, scanRun, "SELECT "+runColumns+" FROM run WHERE state = 'running' ORDER BY started, id"); err != nil {
			return err
		}
		err = s.eachLost(ctx, t, func(run Run, _ string) error {
			status.Lost = append(status.Lost, run)
			return nil
		})
		if err != nil {
			return err
		}
		if status.Unknown, err = t.deliveries(ctx, DeliveryFilter{States: []DeliveryState{Unknown}}); err != nil {
			return err
		}
		if status.Stranded, err = t.deliveries(ctx, DeliveryFilter{Stranded: true}); err != nil {
			return err
		}
		if status.Failing, err = all(ctx, t, scanNotice, "SELECT "+noticeColumns+" FROM notice WHERE since IS NOT NULL ORDER BY schedule, class"); err != nil {
			return err
		}
		if status.Beats, err = t.beats(ctx); err != nil {
			return err
		}
		return errors.Join(count(ctx, t, status.Slots, "SELECT outcome, count(*) FROM slot GROUP BY outcome"),
			count(ctx, t, status.Deliveries, "SELECT state, count(*) FROM delivery GROUP BY state"),
			count(ctx, t, status.Failures, "SELECT class, count(*) FROM attempt WHERE result = 'failed' GROUP BY class"))
	})
	if err != nil {
		return status, err
	}
	status.Bytes, err = s.Bytes()
	return status, err
}

// count fills a map from a query of names and numbers.
func count[K ~string](ctx context.Context, t *txn, into map[K]int, query string) error {
	_, err := all(ctx, t, func(row scanner) (struct{}, error) {
		var name K
		var n int
		err := row.Scan(&name, &n)
		into[name] = n
		return struct{}{}, err
	}, query)
	return err
}

func (t *txn) scheduleStatus(ctx context.Context) (list []ScheduleStatus, err error) {
	states, err := all(ctx, t, scanSchedule, "SELECT "+scheduleColumns+" FROM schedule_state ORDER BY schedule")
	if err != nil {
		return nil, err
	}
	for _, state := range states {
		s := ScheduleStatus{ScheduleState: state}
		for _, q := range []struct {
			into      **Slot
			condition string
		}{{&s.Newest, ""}, {&s.Done, "AND outcome = 'done' "}} {
			slot, err := one(ctx, t, scanSlot, "SELECT "+slotColumns+" FROM slot WHERE schedule = ? "+q.condition+"ORDER BY fire DESC, key DESC LIMIT 1", state.Schedule)
			if err == nil {
				*q.into = &slot
			} else if !errors.Is(err, ErrNotFound) {
				return nil, err
			}
		}
		list = append(list, s)
	}
	return list, nil
}

// Why is the chain of facts about a slot.
type Why struct {
	Slot   Slot
	Events []Event // in their order
	Runs   []RunFacts
}

// RunFacts is everything about one run.
type RunFacts struct {
	Run        Run
	Attempts   []Attempt
	Artefacts  []Artefact
	Deliveries []Delivery // of the mail that it planned, also those that another run sent or has
}

// Why tells what is known about a slot and its runs, oldest first.
func (s *Store) Why(ctx context.Context, slot string) (w Why, err error) {
	err = s.read(ctx, "explain slot "+slot, func(ctx context.Context, t *txn) error {
		if w.Slot, err = one(ctx, t, scanSlot, "SELECT "+slotColumns+" FROM slot WHERE key = ?", slot); err != nil {
			return err
		}
		if w.Events, err = t.events(ctx, EventFilter{Slot: slot}); err != nil {
			return err
		}
		runs, err := all(ctx, t, scanRun, "SELECT "+runColumns+" FROM run WHERE slot = ? ORDER BY started, id", slot)
		if err != nil {
			return err
		}
		for _, run := range runs {
			facts, err := t.facts(ctx, run)
			if err != nil {
				return fmt.Errorf("run %s: %w", run.ID, err)
			}
			w.Runs = append(w.Runs, facts)
		}
		return nil
	})
	return w, err
}

// Facts tells everything about one run.
func (s *Store) Facts(ctx context.Context, run string) (f RunFacts, err error) {
	err = s.read(ctx, "explain run", func(ctx context.Context, t *txn) error {
		r, err := one(ctx, t, scanRun, "SELECT "+runColumns+" FROM run WHERE id = ?", run)
		if err != nil {
			return err
		}
		f, err = t.facts(ctx, r)
		return err
	})
	return f, err
}

func (t *txn) facts(ctx context.Context, run Run) (f RunFacts, err error) {
	f.Run = run
	if f.Attempts, err = all(ctx, t, scanAttempt, "SELECT "+attemptColumns+" FROM attempt WHERE run = ? ORDER BY number", run.ID); err != nil {
		return f, err
	}
	if f.Artefacts, err = all(ctx, t, scanArtefact, "SELECT run, name, path, sha256, bytes FROM artefact WHERE run = ? ORDER BY name", run.ID); err != nil {
		return f, err
	}
	if run.Revision > 0 {
		f.Deliveries, err = t.deliveries(ctx, DeliveryFilter{Variant: run.Variant, Window: run.Window, Revision: run.Revision})
	}
	return f, err
}
