package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Window is the time that a report covers, half open, whose days are those of Zone.
type Window struct {
	From, To time.Time // to the millisecond
	Zone     string    // IANA name
}

// millis is a time as the ledger keeps it.
func millis(t time.Time) int64 { return t.UnixMilli() }

// instant reads a time column into a time in UTC; NULL is the zero time.
type instant struct{ into *time.Time }

// Scan implements [sql.Scanner].
func (i instant) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*i.into = time.Time{}
	case int64:
		*i.into = time.UnixMilli(v).UTC()
	default:
		return fmt.Errorf("a time column holds %T", value)
	}
	return nil
}

// move is a change of state of one row.
type move struct {
	what  string   // for people
	table string   // whose column of states is named state, or outcome of slots
	key   any      // of the row
	from  []string // the states that it may come from
	to    string   // the state that is wanted
	keep  string   // the state that is stored; "" means to
	set   string   // further assignments, beginning with a comma
	args  []any    // theirs
	also  string   // a further condition without arguments, beginning with AND
	why   string   // what it means when this condition is false
}

// words are states as plain text.
func words[T ~string](states ...T) []string {
	list := make([]string, len(states))
	for i, s := range states {
		list[i] = string(s)
	}
	return list
}

// columns are the names of the key and of the state in a table.
func (m move) columns() (key, state string) {
	if m.table == "slot" {
		return "key", "outcome"
	}
	return "id", "state"
}

// move changes the state if it is one of those allowed, and returns the one that was.
func (t *txn) move(ctx context.Context, m move) (was string, err error) {
	key, state := m.columns()
	err = t.QueryRowContext(ctx, "SELECT "+state+" FROM "+m.table+" WHERE "+key+" = ?", m.key).Scan(&was)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("%s %v: %w", m.what, m.key, ErrNotFound)
	}
	if err != nil {
		return "", err
	}
	from, err := json.Marshal(m.from)
	if err != nil {
		return "", err
	}
	args := append([]any{cmp.Or(m.keep, m.to)}, m.args...)
	n, err := t.exec(ctx, "UPDATE "+m.table+" SET "+state+" = ?"+m.set+
		" WHERE "+key+" = ? AND "+state+" IN (SELECT value FROM json_each(?)) "+m.also, append(args, m.key, string(from))...)
	if err != nil {
		return "", err
	}
	if n == 0 {
		refused := &TransitionError{What: m.what, Key: fmt.Sprint(m.key), From: was, To: m.to}
		if slices.Contains(m.from, was) {
			refused.Why = m.why
		}
		return was, refused
	}
	return was, nil
}

// scanner is a row, of one or of many.
type scanner interface{ Scan(into ...any) error }

// all reads every row of a query.
func all[T any](ctx context.Context, t *txn, scan func(scanner) (T, error), query string, args ...any) (list []T, err error) {
	rows, err := t.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

// one reads the row of a query, or says what there is none of.
func one[T any](ctx context.Context, t *txn, scan func(scanner) (T, error), query string, key any) (T, error) {
	row, err := scan(t.QueryRowContext(ctx, query, key))
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("%v: %w", key, ErrNotFound)
	}
	return row, err
}
