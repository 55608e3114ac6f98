package job

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/store"
)

// Notifier tells the owners of schedules that a report failed, and that it succeeded again
// after that. Of one class of failure of a schedule a notice leaves in 24 hours at most;
// the others are counted. One that cannot be sent is logged and due again with the next
// failure: it fails nothing. The errors of its methods are those of the ledger.
type Notifier struct {
	Store    *store.Store
	Sender   Sender
	From     string                    // address
	Instance string                    // which installation it is; "" for none
	Program  string                    // version of the binary
	Allowed  func(address string) bool // whether it may get mail; nil allows everybody
	Grace    Grace                     // of a notice after a stop
	Now      func() time.Time          // nil means time.Now
	Logger   *slog.Logger              // nil discards
}

// Owned is a schedule, and whose it is.
type Owned struct {
	Schedule string
	Owner    []string // addresses; without one, failures are logged only
}

// ClassMissed is the class of slots that were not started in time.
const ClassMissed = "missed"

// recovered stands in the place of a class in the id of a note.
const recovered = "recovered"

// noticeTime is how long a notice may take, whatever time the run has left, unless the
// process was stopped.
const noticeTime = time.Minute

// Failed tells the owner that the last attempt for a slot failed. Without an error, as of a
// run that was lost, the slot's outcome and reason are told.
func (n *Notifier) Failed(ctx context.Context, o Owned, slot store.Slot, ended Failed) error {
	f := failure{Owned: o, slot: slot, ended: ended, class: cmp.Or(fault.Word(ended.Err), string(slot.Outcome), string(store.Failed))}
	var err error
	if f.mail, err = n.mailOf(context.WithoutCancel(ctx), ended.Run); err != nil {
		f.blind = true
	}
	for _, d := range f.in(store.Unknown) {
		if d.Run == ended.Run {
			f.class = store.ReasonUnknown // what else failed beside it needs no person
		}
	}
	failing := store.Failing{Schedule: o.Schedule, Class: f.class, Slot: slot.Key, Run: ended.Run, Text: f.cause()}
	return errors.Join(err, n.tell(ctx, o, failing, f.letter))
}

// mailOf is the newest mail for the variant and window of a run, whichever run sent it.
func (n *Notifier) mailOf(ctx context.Context, id string) ([]store.Delivery, error) {
	run, err := n.Store.Run(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil // it ended before it was one
	}
	if err != nil {
		return nil, err
	}
	all, err := n.Store.Deliveries(ctx, store.DeliveryFilter{Variant: run.Variant, Window: run.Window})
	newest := 0
	for _, d := range all {
		newest = max(newest, d.Revision)
	}
	return slices.DeleteFunc(all, func(d store.Delivery) bool { return d.Revision < newest }), err
}

// Missed tells the owner of the slots of one outage, oldest first.
func (n *Notifier) Missed(ctx context.Context, o Owned, slots []store.Slot) error {
	if len(slots) == 0 {
		return nil
	}
	last := slots[len(slots)-1]
	failing := store.Failing{Schedule: o.Schedule, Class: ClassMissed, Slot: last.Key, Text: last.Reason, Count: len(slots)}
	return n.tell(ctx, o, failing, outage{o, slots}.letter)
}

// Recovered tells the owner that a slot is done, if he was told of failures before it.
// Slots that were missed stay so, and are none.
func (n *Notifier) Recovered(ctx context.Context, o Owned, slot store.Slot) error {
	keep := context.WithoutCancel(ctx)
	over, err := n.Store.Recovered(keep, o.Schedule)
	if err != nil || len(over) == 0 {
		return err
	}
	failures := slices.DeleteFunc(over, func(n store.Notice) bool { return n.Class == ClassMissed })
	if len(failures) > 0 && !n.send(ctx, o, recovered, slot.Key, recovery{o, slot, failures}.letter()) {
		return nil // it is told with the next success
	}
	return n.Store.ToldRecovery(keep, o.Schedule)
}

// tell writes a failure down, and sends the notice if it is due.
func (n *Notifier) tell(ctx context.Context, o Owned, f store.Failing, letter func(known store.Notice) letter) error {
	keep := context.WithoutCancel(ctx)
	known, due, err := n.Store.Failure(keep, f)
	if err == nil && !due {
		n.log().InfoContext(ctx, "owner not told again", "schedule", o.Schedule, "class", f.Class, "told", known.Told, "failures", known.Count)
		return nil
	}
	// Without the ledger it is told in any case: that it breaks is what an owner has to know.
	if !n.send(ctx, o, f.Class, f.Slot, letter(known)) || err != nil {
		return err
	}
	return n.Store.Told(keep, known)
}

// send sends a letter, and reports whether one of the owners has it.
func (n *Notifier) send(ctx context.Context, o Owned, class, slot string, l letter) bool {
	log := n.log().With("schedule", o.Schedule, "class", class, "slot", slot)
	owner := slices.DeleteFunc(slices.Clone(o.Owner), func(address string) bool {
		refused := n.Allowed != nil && !n.Allowed(address)
		if refused {
			log.ErrorContext(ctx, "owner may get no mail", "recipient", address, "try", "add the address or its domain to smtp.allow, or name another owner")
		}
		return refused
	})
	if len(owner) == 0 {
		log.WarnContext(ctx, "no owner to tell")
		return false
	}
	now := time.Now
	if n.Now != nil {
		now = n.Now
	}
	m := &deliver.Message{ID: n.id(o.Schedule, class, slot), Date: now(), From: n.From, To: owner, Subject: n.name() + " " + l.subject, Text: l.text + n.footer()}
	sending, cancel := n.within(ctx)
	defer cancel()
	receipts, err := n.Sender.Send(sending, m, nil)
	told := slices.ContainsFunc(receipts, func(r deliver.Receipt) bool { return r.Outcome == deliver.Sent })
	switch {
	case !told:
		log.ErrorContext(ctx, "notice not sent", "error", err, "try", fault.Remedy(err))
	case err != nil:
		log.WarnContext(ctx, "notice not sent to every owner", "error", err, "try", fault.Remedy(err))
	default:
		log.InfoContext(ctx, "owner told", "recipients", len(receipts))
	}
	return told
}

// within is the time that a notice has. It outlives its run; a stop alone cuts it down, to
// that of other mail on its way.
func (n *Notifier) within(ctx context.Context) (context.Context, context.CancelFunc) {
	stopped, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	heed := context.AfterFunc(ctx, func() {
		if cause := context.Cause(ctx); fault.AreaOf(cause) == fault.Stopped {
			stop(cause)
		}
	})
	out, release := n.Grace.outlive(stopped)
	bounded, cancel := context.WithTimeout(out, noticeTime)
	return bounded, func() {
		cancel()
		release()
		heed()
		stop(nil)
	}
}

// id is the same for the same failure, so that mail systems which remove duplicates can
// do so.
func (n *Notifier) id(parts ...string) string { return mailID(n.From, append(parts, n.Instance)...) }

// name begins a subject.
func (n *Notifier) name() string {
	return "[" + strings.TrimSpace("qosreport "+oneLine(n.Instance)) + "]"
}

func (n *Notifier) footer() string {
	from := strings.TrimSpace("qosreport " + n.Program)
	if n.Instance != "" {
		from += ", instance " + oneLine(n.Instance)
	}
	return "\n" + from + ". The owner of a schedule gets one notice of a class of failure in 24 hours,\nand a note when it succeeds again.\n"
}

func (n *Notifier) log() *slog.Logger {
	if n.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return n.Logger
}
