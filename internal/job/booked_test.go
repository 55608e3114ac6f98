package job

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/definition"
	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
	"qosreport/internal/store"
)

// trial is one slot of a schedule in virtual time, with a real ledger. Its cluster and its
// mail server do as they are told.
type trial struct {
	t       *testing.T
	path    string // of the ledger
	ledger  *store.Store
	slot    store.Slot
	options Options
	booking Booking
	cluster *troubled
	post    *office

	runs   int
	seen   chan struct{} // attempts that failed and are to be followed by others
	failed []Failed      // what the owner is told
	done   int
}

// troubled is a cluster that fails connections, or lets statements run for ever.
type troubled struct {
	engine
	fails []error // of the next connections, one each
	hangs bool
	poor  int          // calls of the only site; 0 leaves those of the engine
	name  string       // in the only row of names; "" leaves the engine's rows
	ended atomic.Int32 // statements that were cancelled or closed before they had rows
}

// Execute answers at once, or never.
func (c *troubled) Execute(ctx context.Context, s *hs2server.Session, statement string) (hs2server.Result, error) {
	r, err := c.engine.Execute(ctx, s, statement)
	if one, ok := r.(*result); ok {
		switch {
		case c.poor != 0 && strings.Contains(statement, "poor"):
			one.rows = [][]any{{cmp.Or(c.day, "2017-09-12"), "Zürich", c.poor, 13000}}
		case c.name != "" && !strings.Contains(statement, "poor"):
			one.rows = [][]any{{c.name}}
		}
	}
	if err != nil || !c.hangs {
		return r, err
	}
	context.AfterFunc(ctx, func() { c.ended.Add(1) })
	return hanging{r}, nil
}

type hanging struct{ hs2server.Result }

func (hanging) Poll() (bool, error) { return false, nil }
func (hanging) Fetch(ctx context.Context, _ int, _ []wire.ColumnBuilder) (bool, error) {
	<-ctx.Done()
	return true, nil
}

// office is a mail server. A transaction is what it makes of one transaction; those of an
// address are used up, and all others are accepted.
type office struct {
	answers  map[string][]transaction
	mu       sync.Mutex
	accepted []string // "address Message-ID"
	offered  []string // the same of all transactions
}

type transaction func(ctx context.Context, before func() error) (deliver.Receipt, error)

func (p *office) Send(ctx context.Context, m *deliver.Message, before deliver.Before) ([]deliver.Receipt, error) {
	address := m.Recipients[0]
	reply := transaction(accept)
	p.mu.Lock()
	p.offered = append(p.offered, address+" "+m.ID)
	if next := p.answers[address]; len(next) > 0 {
		reply, p.answers[address] = next[0], next[1:]
	}
	p.mu.Unlock()
	r, err := reply(ctx, func() error { return before(ctx, m.Recipients) })
	r.Recipient = address
	if r.Outcome == deliver.Sent {
		p.mu.Lock()
		p.accepted = append(p.accepted, address+" "+m.ID)
		p.mu.Unlock()
	}
	return []deliver.Receipt{r}, err
}

func accept(_ context.Context, before func() error) (deliver.Receipt, error) {
	if err := before(); err != nil {
		return deliver.Receipt{}, err
	}
	return deliver.Receipt{Outcome: deliver.Sent, Code: 250, Answer: "2.0.0 taken"}, nil
}

func refuse(context.Context, func() error) (deliver.Receipt, error) {
	return deliver.Receipt{Outcome: deliver.Refused, Code: 550, Answer: "5.1.1 unknown user"},
		fault.Errorf(fault.Delivery, fault.Refused, "550 5.1.1 unknown user")
}

func putOff(context.Context, func() error) (deliver.Receipt, error) {
	return deliver.Receipt{Outcome: deliver.Deferred, Code: 450, Answer: "4.2.0 come again"},
		fault.Errorf(fault.Delivery, fault.Deferred, "450 4.2.0 come again")
}

// lose is a connection that breaks under the content.
func lose(_ context.Context, before func() error) (deliver.Receipt, error) {
	if err := before(); err != nil {
		return deliver.Receipt{}, err
	}
	return deliver.Receipt{Outcome: deliver.Unknown}, fault.Errorf(fault.DeliveryUnknown, 0, "the server closed the connection")
}

// slow answers for the content after a time, unless the context ends before.
func slow(takes time.Duration) transaction {
	return func(ctx context.Context, before func() error) (deliver.Receipt, error) {
		r, err := accept(ctx, before)
		if err == nil && !pause(ctx, takes) {
			return deliver.Receipt{Outcome: deliver.Unknown}, fault.New(fault.DeliveryUnknown, 0, context.Cause(ctx))
		}
		return r, err
	}
}

// steady is an answer that the context's end does not keep from coming.
func steady(takes time.Duration) transaction {
	return func(ctx context.Context, before func() error) (deliver.Receipt, error) {
		r, err := accept(ctx, before)
		time.Sleep(takes)
		return r, err
	}
}

var stopSignal = fault.Errorf(fault.Stopped, fault.Cancelled, `stopped by signal "terminated"`)

const noc, boss = "noc@example.com", "boss@example.com"

// memory is a folder that is no disk's, where there is such.
const memory = "/dev/shm"

// onTrial runs a test in a bubble. The slot's report is mailed to two readers.
func onTrial(t *testing.T, test func(t *testing.T, w *trial)) {
	t.Helper()
	if info, err := os.Stat(memory); err == nil && info.IsDir() { // the ledger waits for its disk at each step
		t.Setenv("TMPDIR", memory)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	synctest.Test(t, func(t *testing.T) {
		w := &trial{t: t, path: path, cluster: &troubled{}, post: &office{answers: map[string][]transaction{}}}
		w.ledger = w.open(time.Now)
		defer func() { noError(t, w.ledger.Close()) }()
		w.options, _ = options(t, &w.cluster.engine)
		connect := served(t, w.cluster)
		w.options.Connect = func(ctx context.Context, name string) (Coordinator, error) {
			if next := w.cluster.fails; len(next) > 0 {
				w.cluster.fails = next[1:]
				return nil, next[0]
			}
			return connect(ctx, name)
		}
		w.options.Budget, w.options.Formats, w.options.Now = 30*time.Minute, []string{"json"}, time.Now
		w.options.Mail = &Mail{From: "qos@example.com"}
		w.options.Definition.Email = &definition.Email{To: []string{noc, boss}}
		w.seen = make(chan struct{}, maxAttempts)
		w.booking = Booking{Logger: slog.New(failures{seen: w.seen}), Store: w.ledger, Sender: w.post, Grace: Grace{Time: 25 * time.Second}, Due: &Due{
			Failed: func(_ context.Context, f Failed) { w.failed = append(w.failed, f) },
			Done:   func(context.Context) { w.done++ },
		}}
		w.plan("daily@2017-09-13T06:00")
		test(t, w)
	})
}

// open is another handle of the ledger's file, as another process has it.
func (w *trial) open(now func() time.Time) *store.Store {
	w.t.Helper()
	ledger, err := store.Open(w.t.Context(), w.path, store.Options{Now: now, Gone: func(store.Owner) bool { return false }})
	noError(w.t, err)
	return ledger
}

// plan makes a slot due, of which the next runs are.
func (w *trial) plan(key string) {
	w.t.Helper()
	w.slot = store.Slot{Key: key, Schedule: "daily", Nominal: key[6:], Fire: time.Now(), StartBy: time.Now().Add(12 * time.Hour), Window: w.options.storeWindow()}
	_, _, err := w.ledger.Sight(w.t.Context(), store.Sighting{Schedule: "daily", ExpressionHash: "h"})
	noError(w.t, err)
	_, err = w.ledger.Plan(w.t.Context(), store.Plan{Schedule: "daily", ExpressionHash: "h", Until: time.Now(), Slots: []store.Slot{w.slot}})
	noError(w.t, err)
	w.booking.Due.Slot = w.slot
}

// claim takes the slot.
func (w *trial) claim() *Booked {
	w.t.Helper()
	w.runs++
	w.options.Run = fmt.Sprintf("run-%d", w.runs)
	r, err := Claim(w.t.Context(), w.options, w.booking)
	noError(w.t, err)
	return r
}

// run takes the slot and carries it out.
func (w *trial) run() error {
	w.t.Helper()
	return w.claim().Run(w.t.Context())
}

// running is a run that goes on beside the test.
type running struct {
	*Booked
	stop context.CancelCauseFunc
	done chan error
}

func (w *trial) start() *running {
	w.t.Helper()
	ctx, stop := context.WithCancelCause(w.t.Context())
	r := &running{w.claim(), stop, make(chan error, 1)}
	go func() { r.done <- r.Run(ctx) }()
	return r
}

// why are the facts about the slot.
func (w *trial) why() store.Why {
	w.t.Helper()
	facts, err := w.ledger.Why(w.t.Context(), w.slot.Key)
	noError(w.t, err)
	return facts
}

// attempts are those of all runs of the slot.
func (w *trial) attempts() (all []store.Attempt) {
	w.t.Helper()
	for _, run := range w.why().Runs {
		all = append(all, run.Attempts...)
	}
	return all
}

// told is each attempt in a few words.
func (w *trial) told() (all []string) {
	w.t.Helper()
	for _, a := range w.attempts() {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", a.Result, a.Phase, a.Class)))
	}
	return all
}

// want checks the slot and its attempts. A reason is compared as far as it is given.
func (w *trial) want(outcome store.Outcome, reason string, attempts ...string) {
	w.t.Helper()
	slot := w.why().Slot
	if slot.Outcome != outcome || !strings.HasPrefix(slot.Reason, reason) || reason == "" && slot.Reason != "" {
		w.t.Errorf("the slot is %s: %q; want %s: %q", slot.Outcome, slot.Reason, outcome, reason)
	}
	if got := w.told(); !slices.Equal(got, attempts) {
		w.t.Errorf("attempts %q; want %q", got, attempts)
	}
}

// mail is the state of the delivery to each of both readers.
func (w *trial) mail(first, second store.DeliveryState) {
	w.t.Helper()
	all, err := w.ledger.Deliveries(w.t.Context(), store.DeliveryFilter{})
	noError(w.t, err)
	var got []store.DeliveryState
	for _, d := range all {
		got = append(got, d.State)
	}
	if !slices.Equal(got, []store.DeliveryState{first, second}) {
		w.t.Errorf("deliveries are %v; want %s and %s", got, first, second)
	}
}

// failures tells of each attempt that failed and is to be followed by another: the run says
// so in its log.
type failures struct {
	slog.Handler
	seen chan struct{}
}

func (f failures) Enabled(context.Context, slog.Level) bool { return true }

func (f failures) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "attempt failed" {
		select {
		case f.seen <- struct{}{}:
		default: // nobody is interested
		}
	}
	return nil
}

// lock takes the right to write into the ledger for a time.
func (w *trial) lock(during time.Duration) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+w.path)
	noError(w.t, err)
	db.SetMaxOpenConns(1)
	_, err = db.Exec("BEGIN IMMEDIATE")
	noError(w.t, err)
	time.AfterFunc(during, func() {
		if _, err := db.Exec("ROLLBACK"); err != nil {
			w.t.Error(err)
		}
		if err := db.Close(); err != nil {
			w.t.Error(err)
		}
	})
}

// noSpool sees that no rows are kept in a temporary file any more. Such a file has no name
// from its beginning, so that Linux alone can tell.
func noSpool(t *testing.T) {
	t.Helper()
	open, err := filepath.Glob("/proc/self/fd/*")
	noError(t, err)
	for _, fd := range open {
		if file, err := os.Readlink(fd); err == nil && strings.Contains(file, "qosreport-rows-") {
			t.Errorf("%s is open", file)
		}
	}
}

// exits checks the code with which a process ends.
func exits(t *testing.T, err error, code int, says string) {
	t.Helper()
	got := 0
	if err != nil {
		got = fault.AreaOf(err).ExitCode()
	}
	if got != code || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
		t.Errorf("exit code %d, %v; want %d and %q", got, err, code, says)
	}
}

// at calls something when the run comes to a phase.
type at struct {
	Progress
	phase string
	do    func()
}

func (a at) Phase(phase string) {
	a.Progress.Phase(phase)
	if phase == a.phase {
		a.do()
	}
}

func TestARunOfASlot(t *testing.T) {
	onTrial(t, func(t *testing.T, w *trial) {
		exits(t, w.run(), 0, "")
		w.want(store.Done, "", "done mail")
		w.mail(store.Sent, store.Sent)
		run := w.why().Runs[0]
		if a := run.Attempts[0]; len(a.Queries) != 2 || a.Rows != 4 || len(run.Artefacts) != 1 || run.Run.Verdict != "watch" || run.Run.Figures == "" || w.done != 1 || len(w.failed) != 0 {
			t.Errorf("the ledger has %+v; the owner was told of %d and %d", run, w.done, len(w.failed))
		}
		w.options.Run = "another"
		var taken *store.TransitionError
		if _, err := Claim(t.Context(), w.options, w.booking); !errors.As(err, &taken) {
			t.Errorf("claimed once more: %v", err)
		}
	})
}
