package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"qosreport/internal/deliver"
	"qosreport/internal/fault"
	"qosreport/internal/store"
)

// Sender sends one message to its recipients.
type Sender interface {
	Send(ctx context.Context, m *deliver.Message, before deliver.Before) ([]deliver.Receipt, error)
}

// ledger is where a run writes down what it sends, step by step.
type ledger interface {
	PlanDeliveries(ctx context.Context, m store.Mail) ([]store.Delivery, error)
	Sending(ctx context.Context, ids ...int64) error
	Settle(ctx context.Context, settled ...store.Settlement) error
}

// Sent is how the mail to one recipient ended.
type Sent struct {
	Recipient string
	State     store.DeliveryState
	Delivery  int64  // its number in the ledger
	Answer    string // the server's words
}

// sendEach sends the message to each recipient in a transaction of its own, so that one
// that is refused does not stop the others. Each is written down as sending between RCPT
// and DATA, and its outcome as soon as it is known. What was sent before, or whose outcome
// nobody knows, is not sent again. It reports whether another attempt can help somebody.
func sendEach(ctx context.Context, book ledger, run string, m *deliver.Message, sender Sender) (sent []Sent, again bool, err error) {
	mail := store.Mail{Revision: 1}
	for _, address := range recipients(m) {
		mail.Recipients = append(mail.Recipients, store.Recipient{Address: address, MessageID: messageID(m.ID, mail.Revision, address)})
	}
	planned, err := book.PlanDeliveries(context.WithoutCancel(ctx), mail)
	if err != nil {
		return nil, false, err
	}
	var failed []error
	for _, d := range planned {
		one := Sent{Recipient: d.Recipient, State: d.State, Delivery: d.ID, Answer: d.Answer}
		if d.State == store.Refused {
			failed = append(failed, fault.Errorf(fault.Delivery, fault.Refused, "%s was refused before: %d %s", d.Recipient, d.Code, d.Answer))
		}
		if d.State == store.Pending && d.Run == run && ctx.Err() == nil {
			var err error
			if one.State, one.Answer, err = sendOne(ctx, book, d, m, sender); err != nil {
				failed = append(failed, err)
			}
			waits := one.State == store.Pending || one.State == store.Deferred
			again = again || waits && fault.ClassOf(err).Retry()
		}
		sent = append(sent, one)
	}
	return sent, again, sendError(sent, failed)
}

// outcomes are what an outcome means for a delivery. One that was not attempted is pending,
// as it was.
var outcomes = map[deliver.Outcome]store.DeliveryState{
	deliver.Sent: store.Sent, deliver.Refused: store.Refused, deliver.Deferred: store.Deferred, deliver.Unknown: store.Unknown,
}

// sendOne walks one transaction.
func sendOne(ctx context.Context, book ledger, d store.Delivery, m *deliver.Message, sender Sender) (store.DeliveryState, string, error) {
	message := *m
	message.ID, message.Recipients = d.MessageID, []string{d.Recipient}
	message.To, message.CC, message.BCC = []string{d.Recipient}, nil, nil
	leaving := false // as the ledger has it
	receipts, sendErr := sender.Send(ctx, &message, func(ctx context.Context, _ []string) error {
		err := book.Sending(ctx, d.ID)
		leaving = err == nil
		return err
	})
	if len(receipts) != 1 {
		return d.State, "", errors.Join(sendErr, fault.Errorf(fault.Internal, 0, "%d receipts for one recipient", len(receipts)))
	}
	r := receipts[0]
	state, told := outcomes[r.Outcome]
	switch {
	case !told && !leaving:
		return d.State, r.Answer, sendErr
	case !told:
		state = store.Deferred // it was about to leave and did not
	case r.Outcome == deliver.Sent:
		sendErr = nil // whatever QUIT said
	}
	err := patiently(ctx, func(ctx context.Context) error {
		return book.Settle(ctx, store.Settlement{ID: d.ID, State: state, Code: r.Code, Answer: r.Answer})
	})
	if err != nil && leaving {
		// The end of the run makes unknown what is about to leave.
		state, err = store.Unknown, fmt.Errorf("the ledger did not take the outcome, %s (%d %s): %w", r.Outcome, r.Code, r.Answer, err)
	}
	return state, r.Answer, errors.Join(sendErr, err)
}

// patience is how long the ledger is asked to take what would else be lost: the answer of a
// server, without which nobody would know what became of the mail.
const patience = 30 * time.Second

// patiently makes a change of the ledger, again and again while it cannot be written.
func patiently(ctx context.Context, change func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	var before error
	for {
		err := change(ctx)
		if fault.AreaOf(err) != fault.Output {
			return err
		}
		if before != nil && ctx.Err() != nil {
			return before // which says more than that the time is over
		}
		if before = err; !pause(ctx, time.Second) {
			return err
		}
	}
}

const tryResolve = "look into the mail server's log, then: qosreport resolve NUMBER --sent, or --not-sent"

// sendError is what a caller has to know of recipients that did not get the mail.
func sendError(sent []Sent, failed []error) error {
	var missing, unknown []string
	for _, s := range sent {
		switch s.State {
		case store.Sent:
		case store.Unknown:
			unknown = append(unknown, fmt.Sprintf("%s (delivery %d)", s.Recipient, s.Delivery))
		default:
			missing = append(missing, s.Recipient)
		}
	}
	// What can come later counts more than what never will, and is told first.
	slices.SortStableFunc(failed, func(a, b error) int { return later(b) - later(a) })
	told := make(map[string]bool)
	failed = slices.DeleteFunc(failed, func(err error) bool {
		again := told[err.Error()]
		told[err.Error()] = true
		return again
	})
	cause := errors.Join(failed...)
	switch {
	case len(unknown) > 0:
		err := fmt.Errorf("nobody knows whether %s got the mail", strings.Join(unknown, ", "))
		if cause != nil {
			err = fmt.Errorf("%w: %v", err, cause) // whose meaning counts less
		}
		return fault.Advise(fault.New(fault.DeliveryUnknown, fault.Refused, err), "%s", tryResolve)
	case len(missing) > 0:
		err := fmt.Errorf("%d of %d recipients did not get the mail: %s", len(missing), len(sent), strings.Join(missing, ", "))
		if cause != nil {
			err = fmt.Errorf("%w: %w", err, cause)
		}
		return fault.New(fault.Delivery, 0, err)
	}
	return cause
}

// later is 1 for a failure that another attempt may not meet.
func later(err error) int {
	if fault.ClassOf(err).Retry() {
		return 1
	}
	return 0
}

// recipients are the bare addresses of all who get the message, each once.
func recipients(m *deliver.Message) []string {
	var all []string
	seen := make(map[string]bool)
	for _, list := range [][]string{m.To, m.CC, m.BCC} {
		for _, text := range list {
			address := text
			if bare, err := deliver.Mailbox(text); err == nil {
				address = bare
			}
			if folded := strings.ToLower(address); !seen[folded] {
				seen[folded] = true
				all = append(all, address)
			}
		}
	}
	return all
}

// messageID is the id of the message to one recipient: the same for the same delivery.
func messageID(id string, revision int, recipient string) string {
	local, domain, _ := strings.Cut(id, "@")
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %s", local, revision, strings.ToLower(recipient)))
	return hex.EncodeToString(sum[:16]) + "@" + domain
}
