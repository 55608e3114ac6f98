package deliver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strconv"

	"qosreport/internal/fault"

	"github.com/wneessen/go-mail/smtp"
)

// transaction is one message on its way through one session.
type transaction struct {
	letter   *letter
	size     int64
	before   Before
	receipts []Receipt
	accepted []int   // receipts whose recipients the server took
	declined []error // of the others, in their order
}

// run goes from MAIL to the answer for the content. Without an error every recipient has
// the outcome that the server gave it.
func (t *transaction) run(ctx context.Context, c *session) error {
	if err := t.envelope(ctx, c); err != nil {
		t.settle(err)
		return err
	}
	if len(t.accepted) == 0 {
		return nil
	}
	if t.before != nil {
		if err := t.before(ctx, t.names()); err != nil {
			return fmt.Errorf("send through %s: %s: %w", c.opts.Host, stepBefore, err)
		}
	}
	// A context that ended by now is told from one that ends under DATA: nothing was sent.
	if err := context.Cause(ctx); err != nil {
		err = c.failure(ctx, stepBefore, 0, err)
		t.settle(err)
		return err
	}
	err := t.content(ctx, c)
	if err != nil {
		t.settle(err)
	}
	if fault.AreaOf(err) == fault.DeliveryUnknown {
		err = fault.Advise(err, "look for Message-ID <%s> in the mail server's log or ask a recipient, then say which it was: qosreport resolve", t.letter.id)
	}
	return err
}

func (t *transaction) names() []string {
	var names []string
	for _, i := range t.accepted {
		names = append(names, t.receipts[i].Recipient)
	}
	return names
}

// envelope names sender and recipients. That a recipient is declined is no error here.
func (t *transaction) envelope(ctx context.Context, c *session) error {
	from := "<" + t.letter.from + ">"
	if offered, limit := c.client.Extension("SIZE"); offered {
		if n, err := strconv.ParseInt(limit, 10, 64); err == nil && n > 0 && t.size > n {
			return tooLarge(t.size, n, "the limit of "+c.opts.Host)
		}
		from += " SIZE=" + strconv.FormatInt(t.size, 10) // RFC 1870: a refusal before the content is sent
	}
	if err := c.do(ctx, stepMail, c.opts.StepTimeout, func() error { return c.client.Mail(from) }); err != nil {
		return err
	}
	for i := range t.receipts {
		to := t.receipts[i].Recipient
		err := c.do(ctx, stepRcpt, c.opts.StepTimeout, func() error { return c.client.Rcpt("<" + to + ">") })
		if err == nil {
			t.accepted = append(t.accepted, i)
			continue
		}
		e := asError(err)
		e.Recipient = to
		if !e.decided() || e.Code == codeClosing {
			return err
		}
		t.receipts[i] = Receipt{to, e.outcome(), e.Code, e.Answer}
		t.declined = append(t.declined, err)
	}
	return nil
}

// codeClosing is the server's "I am going down" (RFC 5321 section 3.8).
const codeClosing = 421

// content sends the message to those who were accepted.
func (t *transaction) content(ctx context.Context, c *session) error {
	var out io.WriteCloser
	err := c.do(ctx, stepData, c.opts.StepTimeout, func() (err error) {
		out, err = c.client.Data()
		return err
	})
	if err != nil {
		return err
	}
	if err := c.do(ctx, stepContent, c.opts.DataTimeout, func() error { return t.letter.stream(out) }); err != nil {
		return err
	}
	receipt := Receipt{Outcome: Sent, Code: 250}
	err = c.do(ctx, stepEnd, c.opts.DataTimeout, func() error {
		err := out.Close()
		var reply *textproto.Error
		if errors.As(err, &reply) && reply.Code/100 == 2 { // the library knows 250 only
			receipt.Code, receipt.Answer = reply.Code, clean(reply.Msg)
			return nil
		}
		if closer, ok := out.(*smtp.DataCloser); ok && err == nil {
			receipt.Answer = clean(closer.ServerResponse())
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, i := range t.accepted {
		receipt.Recipient = t.receipts[i].Recipient
		t.receipts[i] = receipt
	}
	return nil
}

// stream writes the letter but not the dot that ends it. When a file cannot be read the
// dot must never be written, because the server would take what there is for the whole.
func (l *letter) stream(out io.WriteCloser) error {
	way := &counter{to: out}
	buffered := bufio.NewWriterSize(way, 32<<10)
	err := l.write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil || way.err == nil {
		return err
	}
	// The server hung up. It may have said why before; the dot cannot reach it any more.
	var reply *textproto.Error
	if said := out.Close(); errors.As(said, &reply) && reply.Code >= 400 {
		return said
	}
	return err
}

// settle gives those recipients an outcome who have none of their own when the
// transaction ends with err.
func (t *transaction) settle(err error) {
	outcome := NotAttempted
	var code int
	var answer string
	if e := asError(err); e != nil {
		outcome, code, answer = e.outcome(), e.Code, e.Answer
	}
	reached := make(map[int]bool)
	for _, i := range t.accepted {
		reached[i] = true
	}
	for i, r := range t.receipts {
		undecided := r.Outcome == NotAttempted
		if undecided && (outcome != Unknown || reached[i]) {
			t.receipts[i] = Receipt{r.Recipient, outcome, code, answer}
		}
	}
}

// summary is the error of a transaction that went well but for some recipients. One that
// may come again counts most, so that the error's class asks for another attempt.
func (t *transaction) summary() error {
	if len(t.declined) == 0 {
		return nil
	}
	worst := t.declined[0]
	for _, err := range t.declined {
		if fault.ClassOf(err).Retry() {
			worst = err
			break
		}
	}
	if len(t.receipts) == 1 {
		return worst
	}
	return fmt.Errorf("%w; %d of %d recipients got the message", worst, len(t.accepted), len(t.receipts))
}
