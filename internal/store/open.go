package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite", in plain Go

	"qosreport/internal/fault"
)

// open looks at the file before it changes anything of it.
func (s *Store) open(ctx context.Context) error {
	absolute, err := filepath.Abs(s.path)
	if err != nil {
		return err
	}
	if err := checkFileSystem(filepath.Dir(absolute)); err != nil {
		return err
	}
	how := s.openToWrite
	if s.options.ReadOnly {
		how = s.openToRead
	}
	if err := how(ctx, absolute); err != nil {
		return err
	}
	s.file, err = os.Stat(s.path)
	return err
}

// inPlace sees that the file of that name is still the one that is open. SQLite goes on
// with a file that was removed, and whoever opens the name next knows nothing of what is
// sent meanwhile.
func (s *Store) inPlace() error {
	if s.file == nil {
		return nil
	}
	found, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(s.file, found) {
		return fault.Advise(fault.Errorf(fault.Output, fault.Render, "the file %s was removed or replaced while it was open", s.path),
			"stop every qosreport of this store; put the file back as it was, and think of mails that another would not know of")
	}
	return nil // what else is wrong, SQLite tells
}

// openToWrite makes the file where there is none, and migrates an older one.
func (s *Store) openToWrite(ctx context.Context, absolute string) (err error) {
	if err := createFile(absolute); err != nil {
		return err
	}
	if _, err := s.inspect(ctx, absolute); err != nil {
		return err
	}
	if s.writer, err = connect(absolute, 1, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"); err != nil {
		return err
	}
	if err := s.walTaken(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	s.readers, err = connect(absolute, maxReaders, "query_only(1)")
	return err
}

// openToRead takes the file as it is. Readers of a write-ahead log wait for no writer.
func (s *Store) openToRead(ctx context.Context, absolute string) error {
	const try = "see whether serve is running, and whether store.path is the one that it has"
	if _, err := os.Stat(absolute); errors.Is(err, fs.ErrNotExist) {
		return fault.Advise(fault.New(fault.Output, fault.Render, fmt.Errorf("there is no ledger yet: %w", fs.ErrNotExist)), try)
	}
	found, err := s.inspect(ctx, absolute)
	if err != nil {
		return err
	}
	if found != len(migrations) {
		return fault.Advise(fault.Errorf(fault.Output, fault.Render, "the file has version %d, and this program reads version %d", found, len(migrations)), try)
	}
	s.readers, err = connect(absolute, maxReaders, "query_only(1)")
	return err
}

// createFile makes an empty file that only its owner can read. It appears by a link, and
// is never opened under its name but by SQLite: closing any descriptor of the file would
// drop the POSIX locks that the process holds on it. Where there are no links SQLite makes
// the file.
func createFile(path string) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".qosreport-*") // of mode 0600
	if err != nil {
		return err
	}
	_ = os.Link(f.Name(), path) // another process may have been first
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// connect makes a pool whose connections all have the pragmas. Double quotes never make a
// text, so that a misspelt column is an error.
func connect(path string, connections int, pragmas ...string) (*sql.DB, error) {
	name := filepath.ToSlash(path)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // C:/… of Windows
	}
	query := url.Values{"_txlock": {"immediate"}, "_dqs": {"0"}, "_error_rc": {"1"}, "mode": {"rwc"}}
	for _, p := range pragmas {
		query.Add("_pragma", p)
	}
	dsn := url.URL{Scheme: "file", Path: name, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// inspect is the version of the file, over a connection that changes nothing. It refuses a
// file that is not a ledger, or too new.
func (s *Store) inspect(ctx context.Context, path string) (found int, err error) {
	db, err := connect(path, 1, "query_only(1)")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := s.begin(ctx, db, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return 0, err
	}
	found, err = version(ctx, tx)
	return found, errors.Join(err, ended(tx.Rollback()))
}

// walTaken sees that the file has a write-ahead log: where it cannot have one, SQLite goes
// on without and says nothing.
func (s *Store) walTaken(ctx context.Context) error {
	var mode string
	err := s.patiently(ctx, func() error { return s.writer.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode) })
	if err == nil && mode != "wal" {
		return fault.Advise(fault.Errorf(fault.Output, fault.Render, "the journal is %q and has to be a write-ahead log", mode), "%s", localDisk)
	}
	return err
}
