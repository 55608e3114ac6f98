package store

import (
	"context"
	"time"
)

// Keep says how long the ledger remembers. Zero means the default.
type Keep struct {
	Runs       time.Duration // with their slots, attempts, artefacts and notices; 0 means 400 days
	Deliveries time.Duration // 0 means 800 days
	States     time.Duration // of days, since they were fetched; 0 means 400 days
}

const oneDay = 24 * time.Hour

func (k Keep) withDefaults() Keep {
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&k.Runs, 400 * oneDay}, {&k.Deliveries, 800 * oneDay}, {&k.States, 400 * oneDay}} {
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	return k
}

// Pruned counts what was forgotten.
type Pruned struct{ Slots, Runs, Deliveries, States, Events, Beats, Notices int64 }

// Prune forgets what is old. A delivery that is sending or unknown is never forgotten,
// nor is its run, nor what has not ended; and no delivery before its run. The files of
// artefacts are left alone.
func (s *Store) Prune(ctx context.Context, keep Keep) (p Pruned, err error) {
	keep = keep.withDefaults()
	err = s.write(ctx, "prune", func(ctx context.Context, t *txn) error {
		now := time.UnixMilli(t.now)
		runs, deliveries, states := millis(now.Add(-keep.Runs)), millis(now.Add(-max(keep.Deliveries, keep.Runs))), millis(now.Add(-keep.States))
		for _, d := range []struct {
			n         *int64
			statement string
			before    int64
		}{
			{&p.Deliveries, "DELETE FROM delivery WHERE changed < ? AND state IN ('pending', 'sent', 'refused') AND run NOT IN (SELECT id FROM run WHERE state = 'running')", deliveries},
			{&p.Runs, "DELETE FROM run WHERE ended < ? AND id NOT IN (SELECT run FROM delivery WHERE state IN ('sending', 'unknown'))", runs},
			{&p.Slots, "DELETE FROM slot WHERE changed < ? AND outcome NOT IN ('due', 'waiting', 'running') AND key NOT IN (SELECT slot FROM run WHERE slot IS NOT NULL)", runs},
			{&p.States, "DELETE FROM day_state WHERE fetched < ?", states},
			{&p.Events, "DELETE FROM event WHERE at < ?1 AND delivery = 0", runs},
			{&p.Events, "DELETE FROM event WHERE at < ? AND delivery <> 0 AND delivery NOT IN (SELECT id FROM delivery)", deliveries},
			{&p.Beats, "DELETE FROM meta WHERE beat < ?", runs},
			{&p.Notices, "DELETE FROM notice WHERE last < ?", runs},
		} {
			n, err := t.exec(ctx, d.statement, d.before)
			if err != nil {
				return err
			}
			*d.n += n
		}
		return nil
	})
	return p, err
}
