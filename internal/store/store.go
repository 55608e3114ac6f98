// Package store is the ledger: one SQLite file that remembers which slots were due, what
// ran, what was sent to whom, and the states of days.
//
// Several processes may have the file open. A change of state names the states it may
// come from in the statement itself, so that of two who try at once one succeeds, and the
// other gets a [TransitionError] with both states. Each change is one transaction: when
// its method returns without an error it is on the disk, else nothing of it is.
//
// The ledger keeps the promise of at most one mail. A delivery is written down as sending
// before the first byte leaves, what is found half-way is unknown and never pending, and
// a run whose lease was lost can write no more.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"qosreport/internal/fault"
)

// Options say how to use the file. The zero value is good.
type Options struct {
	Now         func() time.Time   // nil means time.Now
	BusyTimeout time.Duration      // how long to wait for another process; 0 means 5s
	Gone        func(o Owner) bool // whether an owner's process has surely ended; nil asks the operating system
	ReadOnly    bool               // the file has to be there, in this version, and is not changed; it waits for no writer
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = 5 * time.Second
	}
	if o.Gone == nil {
		o.Gone = Self().Gone
	}
	return o
}

// Store is the open file. Its methods may be called from several goroutines. A method
// that changes something should get a context that outlives the run it tells of, or the
// end of a cancelled run could not be written down.
type Store struct {
	path    string
	options Options
	writer  *sql.DB // one connection: SQLite has one writer at a time
	readers *sql.DB
	file    os.FileInfo // which file it is; nil until it is open
	ours    leases
}

// maxReaders bounds the connections that only read.
const maxReaders = 4

// Open opens the ledger, and makes it if there is no file at path. A file of an older
// version is migrated. The errors say what an operator can do; no file is touched that is
// not a ledger of this or an earlier version.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s := &Store{path: path, options: o.withDefaults()}
	if err := s.open(ctx); err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, errors.Join(explain(err), s.Close()))
	}
	return s, nil
}

// Path is where the file lies.
func (s *Store) Path() string { return s.path }

// Close moves what is in the write-ahead log into the file, as far as other processes
// allow without waiting, and closes it.
func (s *Store) Close() error {
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.writer != nil {
		// Nothing is lost if it cannot be done now: whoever opens the file next does it.
		_, _ = s.writer.Exec("PRAGMA wal_checkpoint(PASSIVE)")
		errs = append(errs, s.writer.Close())
	}
	return errors.Join(errs...)
}

// Bytes is how much room the file takes, with its write-ahead log.
func (s *Store) Bytes() (int64, error) {
	info, err := os.Stat(s.path)
	if err != nil {
		return 0, explain(err)
	}
	size := info.Size()
	if wal, err := os.Stat(s.path + "-wal"); err == nil {
		size += wal.Size()
	}
	return size, nil
}

// Check reads the whole file and reports damage.
func (s *Store) Check(ctx context.Context) error {
	return s.read(ctx, "check store "+s.path, func(ctx context.Context, t *txn) error {
		var answer string
		if err := t.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&answer); err != nil {
			return err
		}
		if answer != "ok" {
			return damaged(errors.New(answer))
		}
		return nil
	})
}

// txn is one transaction, all of whose writes carry the same time.
type txn struct {
	*sql.Tx
	now int64
}

// write does the work in an immediate transaction: it has the only right to write from
// its beginning, so that what it reads stays true until it ends.
func (s *Store) write(ctx context.Context, what string, do func(context.Context, *txn) error) error {
	return s.transact(ctx, what, s.writer, nil, do)
}

// read does the work on one snapshot of the file.
func (s *Store) read(ctx context.Context, what string, do func(context.Context, *txn) error) error {
	return s.transact(ctx, what, s.readers, &sql.TxOptions{ReadOnly: true}, do)
}

func (s *Store) transact(ctx context.Context, what string, db *sql.DB, o *sql.TxOptions, do func(context.Context, *txn) error) error {
	err := func() error {
		if db == nil {
			return fault.Errorf(fault.Internal, 0, "the store was opened to be read")
		}
		tx, err := s.begin(ctx, db, o)
		if err != nil {
			return err
		}
		err = s.inPlace()
		if err == nil {
			err = do(ctx, &txn{Tx: tx, now: millis(s.options.Now())})
		}
		if err != nil {
			return errors.Join(err, ended(tx.Rollback()))
		}
		return tx.Commit()
	}()
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil { // the context's end came first, and ended it
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, explain(err))
	}
	return nil
}

// ended leaves out that a transaction has ended already, as it does with its context.
func ended(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// exec runs a statement and tells how many rows it changed.
func (t *txn) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	result, err := t.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
