// Package deliver carries a message with attachments to an SMTP server or to a folder.
//
// A [Message] becomes the same bytes in every process, so that what was looked at
// before is what is sent. [SMTP.Send] walks one transaction step by step and tells of
// each recipient how it ended. Between the last RCPT and DATA it calls the caller's
// [Before], who writes down there that the message is about to leave.
//
// Nothing is repeated here. Once DATA has begun only the server's own answer decides;
// without one the outcome is [Unknown], and sending again could be a second mail.
package deliver

import "context"

// Outcome is how delivery to one recipient ended.
type Outcome int

// The outcomes.
const (
	NotAttempted Outcome = iota // the transaction ended early for a reason that is not the message's
	Sent                        // the server answered for the message
	Refused                     // the server will not take it (5yz); another attempt does not help
	Deferred                    // a later attempt can help: 4yz, or the connection failed before DATA
	Unknown                     // the connection failed after DATA began; never repeat it unseen
)

func (o Outcome) String() string {
	names := [...]string{"not attempted", "sent", "refused", "deferred", "unknown"}
	if o < 0 || int(o) >= len(names) {
		return "no outcome"
	}
	return names[o]
}

// Receipt is what became of one recipient.
type Receipt struct {
	Recipient string // the address as in the envelope
	Outcome   Outcome
	Code      int    // the reply code that decided (RFC 5321 section 4.2); 0 without one
	Answer    string // the server's words, its queue id among them, safe to print
}

// Before is called with the recipients that were accepted, after the last of them and
// before DATA. Its error ends the transaction, and nothing is sent.
type Before func(ctx context.Context, accepted []string) error

// receipts makes one for each recipient.
func receipts(recipients []string, outcome Outcome) []Receipt {
	list := make([]Receipt, len(recipients))
	for i, r := range recipients {
		list[i] = Receipt{Recipient: r, Outcome: outcome}
	}
	return list
}
