package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"qosreport/internal/fault"
)

// Attempt is one try of a run.
type Attempt struct {
	Run     string
	Number  int // from 1
	Started time.Time
	Ended   time.Time // zero while it runs
	Result  AttemptResult
	Phase   string // the last one that was begun
	Class   string // of the failure, see [fault.Word]
	Error   string
	Queries []Query
	Rows    int64
	Bytes   int64
}

// Query is a statement that an attempt gave to a coordinator. It is written down when it
// starts, so that what a lost run left behind can be found there.
type Query struct {
	Dataset     string `json:"dataset"`
	ID          string `json:"id"`
	Coordinator string `json:"coordinator"` // host:port
}

const attemptColumns = "run, number, started, ended, result, phase, class, error, queries, rows, bytes"

func scanAttempt(row scanner) (a Attempt, err error) {
	var queries string
	err = row.Scan(&a.Run, &a.Number, instant{&a.Started}, instant{&a.Ended}, &a.Result, &a.Phase, &a.Class, &a.Error, &queries, &a.Rows, &a.Bytes)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal([]byte(queries), &a.Queries); err != nil {
		return a, damaged(fmt.Errorf("queries of attempt %d of run %s: %w", a.Number, a.Run, err))
	}
	return a, nil
}

// StartAttempt begins the next attempt, and returns its number. There is one at a time.
func (l *Lease) StartAttempt(ctx context.Context) (number int, err error) {
	err = l.own(ctx, "start attempt", func(ctx context.Context, t *txn, _ Run) error {
		open, last := 0, 0
		err := t.QueryRowContext(ctx, "SELECT count(*) FILTER (WHERE result = 'running'), coalesce(max(number), 0) FROM attempt WHERE run = ?", l.ID).Scan(&open, &last)
		if err != nil {
			return err
		}
		if open > 0 {
			return &TransitionError{What: "attempt", Key: fmt.Sprint(last), From: string(AttemptRunning), To: string(AttemptRunning)}
		}
		number = last + 1
		_, err = t.exec(ctx, "INSERT INTO attempt (run, number, started, result) VALUES (?, ?, ?, 'running')", l.ID, number, t.now)
		return err
	})
	return number, err
}

// openAttempt changes the attempt that runs.
func (l *Lease) openAttempt(ctx context.Context, what, to, set string, args ...any) error {
	return l.own(ctx, what, func(ctx context.Context, t *txn, _ Run) error {
		n, err := t.exec(ctx, "UPDATE attempt SET "+set+" WHERE run = ? AND result = 'running'", append(args, l.ID)...)
		if err == nil && n == 0 {
			return &TransitionError{What: "attempt", Key: "of run " + l.ID, From: "not running", To: to}
		}
		return err
	})
}

// Phase says that the attempt begins a phase.
func (l *Lease) Phase(ctx context.Context, phase string) error {
	return l.openAttempt(ctx, "begin phase "+phase, phase, "phase = ?", phase)
}

// AddQuery says that the attempt started a statement.
func (l *Lease) AddQuery(ctx context.Context, q Query) error {
	text, err := json.Marshal(q)
	if err != nil {
		return err
	}
	return l.openAttempt(ctx, "add query", "queried", "queries = json_insert(queries, '$[#]', json(?))", string(text))
}

// AttemptEnd is how an attempt ended.
type AttemptEnd struct {
	Result AttemptResult // AttemptDone, AttemptFailed or AttemptInterrupted
	Err    error         // of a failure; its class is kept beside the text
	Rows   int64         // that were read
	Bytes  int64
}

// maxErrorBytes bounds the text of an error in the ledger.
const maxErrorBytes = 8 << 10

func errorText(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxErrorBytes)], "\uFFFD")
}

// EndAttempt ends the attempt that runs.
func (l *Lease) EndAttempt(ctx context.Context, e AttemptEnd) error {
	switch e.Result {
	case AttemptDone, AttemptFailed, AttemptInterrupted:
	default:
		return fault.New(fault.Internal, 0, &TransitionError{What: "attempt", Key: "of run " + l.ID, From: string(AttemptRunning), To: string(e.Result)})
	}
	var class, text string
	if e.Err != nil {
		class, text = fault.Word(e.Err), errorText(e.Err.Error())
	}
	return l.openAttempt(ctx, "end attempt", string(e.Result), "result = ?, class = ?, error = ?, rows = ?, bytes = ?, ended = ?",
		e.Result, class, text, e.Rows, e.Bytes, millis(l.store.options.Now()))
}

// endOpenAttempt ends with the run what the run left open.
func (t *txn) endOpenAttempt(ctx context.Context, run string, e RunEnd) error {
	result := AttemptDone
	switch e.State {
	case RunFailed:
		result = AttemptFailed
	case RunInterrupted:
		result = AttemptInterrupted
	case RunAbandoned:
		result = AttemptAbandoned
	}
	_, err := t.exec(ctx, "UPDATE attempt SET result = ?, error = ?, ended = ? WHERE run = ? AND result = 'running'", result, e.Reason, t.now, run)
	return err
}

// SlotAttempts counts the attempts of all runs of a slot that failed or were abandoned.
func (s *Store) SlotAttempts(ctx context.Context, slot string) (n int, err error) {
	err = s.read(ctx, "count attempts of slot "+slot, func(ctx context.Context, t *txn) error {
		return t.QueryRowContext(ctx, "SELECT count(*) FROM attempt JOIN run ON run.id = attempt.run WHERE run.slot = ? AND result IN ('failed', 'abandoned')", slot).Scan(&n)
	})
	return n, err
}

// Artefact is a file that a run made.
type Artefact struct {
	Run    string
	Name   string // within the run
	Path   string
	SHA256 [32]byte
	Bytes  int64
}

func scanArtefact(row scanner) (a Artefact, err error) {
	var sum []byte
	if err = row.Scan(&a.Run, &a.Name, &a.Path, &sum, &a.Bytes); err != nil {
		return a, err
	}
	if copy(a.SHA256[:], sum) != len(a.SHA256) {
		return a, damaged(fmt.Errorf("artefact %s of run %s has the checksum %s", a.Name, a.Run, hex.EncodeToString(sum)))
	}
	return a, nil
}

// AddArtefact writes down a file of the run; one of the same name takes its place.
func (l *Lease) AddArtefact(ctx context.Context, a Artefact) error {
	return l.own(ctx, "add artefact "+a.Name, func(ctx context.Context, t *txn, _ Run) error {
		_, err := t.exec(ctx, `INSERT INTO artefact (run, name, path, sha256, bytes) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (run, name) DO UPDATE SET path = excluded.path, sha256 = excluded.sha256, bytes = excluded.bytes`,
			l.ID, a.Name, a.Path, a.SHA256[:], a.Bytes)
		return err
	})
}
