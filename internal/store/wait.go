package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// The pauses between tries to get a lock that another process has. They stay short, for
// SQLite lets those who wait go in no order: who asks seldom starves beside one who never
// stops.
const (
	firstPause   = time.Millisecond
	longestPause = 20 * time.Millisecond
)

// patiently does something again while another process is in its way, until the busy
// time-out has passed or the context ends. SQLite's own waiting is not used: it sleeps
// inside a call that no context ends.
func (s *Store) patiently(ctx context.Context, do func() error) error {
	var limit <-chan time.Time
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := do()
		if !isBusy(err) {
			return err
		}
		if limit == nil {
			limit = time.After(s.options.BusyTimeout)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limit:
			return err
		case <-time.After(pause):
		}
	}
}

// begin starts a transaction as soon as nobody is in its way. One that only reads takes
// its snapshot here, so that a lock never stops a transaction after its beginning.
func (s *Store) begin(ctx context.Context, db *sql.DB, o *sql.TxOptions) (tx *sql.Tx, err error) {
	err = s.patiently(ctx, func() error {
		if tx, err = db.BeginTx(ctx, o); err != nil || o == nil {
			return err
		}
		var cookie int
		if err := tx.QueryRowContext(ctx, "PRAGMA schema_version").Scan(&cookie); err != nil {
			return errors.Join(err, ended(tx.Rollback()))
		}
		return nil
	})
	return tx, err
}
