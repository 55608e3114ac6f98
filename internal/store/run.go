package store

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"qosreport/internal/fault"
)

// Run is one pass from query to delivery.
type Run struct {
	ID         string // see [NewRunID]
	Kind       Kind
	Slot       string // "" for a run without
	Schedule   string // "" for a run without
	Variant    string
	Window     Window
	Actor      string // who asked for it
	Owner      string // see [Owner.String]
	LeaseUntil time.Time
	State      RunState
	Reason     string // of the state
	Verdict    string // of the report; "" before there is one
	Figures    string // hash of the figures of the mail's body
	Revision   int    // of the mail that was planned; 0 is none
	ConfigHash string
	Program    string    // version of the binary
	Started    time.Time // when it was claimed
	Ended      time.Time // zero while it runs
}

const runColumns = `id, kind, coalesce(slot, ''), schedule, variant, window_from, window_to, window_zone, actor, owner, lease_until,
	state, reason, verdict, figures, revision, config_hash, program, started, ended`

func scanRun(row scanner) (r Run, err error) {
	err = row.Scan(&r.ID, &r.Kind, &r.Slot, &r.Schedule, &r.Variant, instant{&r.Window.From}, instant{&r.Window.To}, &r.Window.Zone,
		&r.Actor, &r.Owner, instant{&r.LeaseUntil}, &r.State, &r.Reason, &r.Verdict, &r.Figures, &r.Revision, &r.ConfigHash, &r.Program,
		instant{&r.Started}, instant{&r.Ended})
	return r, err
}

// Claim is a wish to run.
type Claim struct {
	ID         string // of the run; see [NewRunID]
	Kind       Kind
	Slot       string // "" for a run without; the kinds slot and by hand need one
	Schedule   string // taken from the slot, if there is one
	Variant    string
	Window     Window // taken from the slot, if there is one
	Actor      string // who asks for it; "" means the schedule
	Owner      Owner
	Lease      time.Duration // 0 means 60s; renew it every quarter of that
	ConfigHash string
	Program    string
	MaxRuns    int  // how many may run at once, this one included; 0 means any number
	Alone      bool // no other run of the schedule may be at work
}

// defaultLease is how long a run that does not show itself is believed to be at work.
const defaultLease = time.Minute

// Lease is a run that this process holds. What the run does to the ledger it does through
// it: once the lease is lost every method returns [ErrLost], but [Lease.Settle], since a
// server's answer stays true.
type Lease struct {
	ID     string
	store  *Store
	length time.Duration
	actor  string
}

// Claim starts a run, and makes its slot running if it is one that the kind may take; of
// several who try one succeeds. Runs whose lease has run out, or whose process has ended,
// are abandoned first; they are returned beside an error too. Another outcome of the slot
// than one to start from is a [TransitionError], too many runs are [ErrLimit].
func (s *Store) Claim(ctx context.Context, c Claim) (*Lease, []LostRun, error) {
	if (c.Kind == KindSlot || c.Kind == KindByHand) != (c.Slot != "") {
		return nil, nil, fault.Errorf(fault.Internal, 0, "claim run %s: a run of kind %q with the slot %q", c.ID, c.Kind, c.Slot)
	}
	c.Actor, c.Lease = cmp.Or(c.Actor, actorSchedule), cmp.Or(c.Lease, defaultLease)
	lost, err := s.Reap(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.ours.enter(c.ID) // before anybody can find the run
	err = s.write(ctx, "claim "+cmp.Or(c.Slot, c.Variant), func(ctx context.Context, t *txn) error { return t.claim(ctx, c) })
	if err != nil {
		s.ours.leave(c.ID)
		return nil, lost, err
	}
	return &Lease{ID: c.ID, store: s, length: c.Lease, actor: c.Actor}, lost, nil
}

func (t *txn) claim(ctx context.Context, c Claim) error {
	if c.Slot != "" {
		slot, err := one(ctx, t, scanSlot, "SELECT "+slotColumns+" FROM slot WHERE key = ?", c.Slot)
		if err != nil {
			return err
		}
		c.Schedule, c.Window = slot.Schedule, slot.Window
	}
	if err := t.room(ctx, c); err != nil {
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO run (id, kind, slot, schedule, variant, window_from, window_to, window_zone, actor, owner,
		lease_until, state, reason, config_hash, program, started) VALUES (?, ?, nullif(?, ''), ?, ?, ?, ?, ?, ?, ?, ?, 'running', '', ?, ?, ?)`,
		c.ID, c.Kind, c.Slot, c.Schedule, c.Variant, millis(c.Window.From), millis(c.Window.To), c.Window.Zone, c.Actor, c.Owner.String(),
		t.now+c.Lease.Milliseconds(), c.ConfigHash, c.Program, t.now)
	if err != nil {
		return fmt.Errorf("run %s: %w", c.ID, err)
	}
	event := Event{Actor: c.Actor, Action: "claimed", Schedule: c.Schedule, Run: c.ID}
	if c.Slot == "" {
		event.To, event.Reason = string(RunRunning), string(c.Kind)
		return t.record(ctx, event)
	}
	return t.moveSlot(ctx, slotMove{key: c.Slot, from: claimable[c.Kind], to: Running, run: c.ID, event: event})
}

// room sees that the run may start beside those that are at work.
func (t *txn) room(ctx context.Context, c Claim) error {
	var working, same int
	err := t.QueryRowContext(ctx, "SELECT count(*), count(*) FILTER (WHERE schedule = ? AND schedule <> '') FROM run WHERE state = 'running'", c.Schedule).Scan(&working, &same)
	switch {
	case err != nil:
		return err
	case c.Alone && same > 0:
		return fmt.Errorf("schedule %s: %w", c.Schedule, ErrLimit)
	case c.MaxRuns > 0 && working >= c.MaxRuns:
		return fmt.Errorf("%d of %d: %w", working, c.MaxRuns, ErrLimit)
	}
	return nil
}

// Run is the run of an id.
func (s *Store) Run(ctx context.Context, id string) (r Run, err error) {
	err = s.read(ctx, "read run", func(ctx context.Context, t *txn) error {
		r, err = one(ctx, t, scanRun, "SELECT "+runColumns+" FROM run WHERE id = ?", id)
		return err
	})
	return r, err
}

// RunFilter says which runs; the zero value is all.
type RunFilter struct {
	Slot     string
	Schedule string
	Variant  string
	Window   Window // its instants; the zero value means any
	States   []RunState
	Mailed   bool      // only those with a delivery that was sent
	From, To time.Time // of the start, half open; zero means no bound
	Newest   int       // only so many, the newest; 0 means all
}

// Runs are those of the filter, newest first.
func (s *Store) Runs(ctx context.Context, f RunFilter) (list []Run, err error) {
	var q query
	q.when(f.Slot != "", "slot = ?", f.Slot)
	q.when(f.Schedule != "", "schedule = ?", f.Schedule)
	q.when(f.Variant != "", "variant = ?", f.Variant)
	q.when(!f.Window.From.IsZero(), "window_from = ?", millis(f.Window.From))
	q.when(!f.Window.To.IsZero(), "window_to = ?", millis(f.Window.To))
	q.in("state", words(f.States...))
	q.when(f.Mailed, "EXISTS (SELECT 1 FROM delivery WHERE delivery.run = run.id AND delivery.state = ?)", Sent)
	q.when(!f.From.IsZero(), "started >= ?", millis(f.From))
	q.when(!f.To.IsZero(), "started < ?", millis(f.To))
	err = s.read(ctx, "list runs", func(ctx context.Context, t *txn) error {
		list, err = all(ctx, t, scanRun, "SELECT "+runColumns+" FROM run"+q.where()+" ORDER BY started DESC, id DESC"+q.limit(f.Newest), q.args...)
		return err
	})
	return list, err
}
