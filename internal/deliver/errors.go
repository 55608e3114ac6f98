package deliver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"time"
	"unicode"

	"qosreport/internal/fault"
)

// Error is what a server answered, or how the connection to it failed. Its text is safe to
// print, whatever the server said.
type Error struct {
	Host      string // host:port
	Step      string // of the session, like RCPT
	Recipient string // whom the step was about, or ""
	Code      int    // the reply code; 0 when there was no answer
	Answer    string // the server's words

	cause error
	class fault.Class
	wait  time.Duration // how long the step was given
}

func (e *Error) Error() string {
	text := "send through " + e.Host + ": " + e.Step
	if e.Recipient != "" {
		text += " " + e.Recipient
	}
	if e.Code != 0 {
		return fmt.Sprintf("%s: %d %s", text, e.Code, e.Answer)
	}
	text += ": " + e.what()
	if e.unknown() {
		text += "; nobody knows whether the message was taken"
	}
	return text
}

// what says in words how a step failed without an answer.
func (e *Error) what() string {
	var protocol textproto.ProtocolError
	switch {
	case e.class == fault.Cancelled:
		return clean(e.cause.Error())
	case errors.As(e.cause, &protocol):
		return "the answer is not SMTP: " + clean(string(protocol))
	case isTimeout(e.cause) && e.wait > 0:
		return fmt.Sprintf("no answer within %s", e.wait)
	case errors.Is(e.cause, io.EOF), errors.Is(e.cause, io.ErrUnexpectedEOF):
		return "the server closed the connection"
	}
	return clean(e.cause.Error())
}

// Unwrap is the cause. Behind an unknown outcome it is only found by errors.Is: the class
// of a network failure must not make anybody try again.
func (e *Error) Unwrap() error {
	if e.unknown() {
		return nil
	}
	return e.cause
}

// Is reports whether the cause is the target, or the answer means it.
func (e *Error) Is(target error) bool {
	return errors.Is(e.cause, target) || target == ErrTooLarge && e.tooLarge()
}

// decided reports whether the server's answer says that it has not taken what it was
// asked to.
func (e *Error) decided() bool { return e.Code >= 400 && e.Code < 600 }

// unknown reports whether the server may have the message all the same.
func (e *Error) unknown() bool {
	switch e.Step {
	case stepData, stepContent, stepEnd:
		return !e.decided()
	}
	return false
}

// outcome is what the failure means for the recipients who depend on it.
func (e *Error) outcome() Outcome {
	switch {
	case e.unknown():
		return Unknown
	case e.class.Retry():
		return Deferred
	case e.Code == 0:
		return NotAttempted
	}
	switch e.Step {
	case stepMail, stepRcpt, stepData, stepContent, stepEnd:
		return Refused
	}
	return NotAttempted // it is about us, and not about this message
}

func asError(err error) *Error {
	var e *Error
	errors.As(err, &e)
	return e
}

// explain finds what the failure of a step means and what helps.
func explain(ctx context.Context, e *Error, wait time.Duration) error {
	e.wait = wait
	var reply *textproto.Error
	switch {
	case errors.As(e.cause, &reply):
		e.Code, e.Answer, e.cause = reply.Code, clean(reply.Msg), nil
	case ctx.Err() != nil:
		e.cause, e.wait = context.Cause(ctx), 0
	}
	e.class = e.classify(ctx)
	area, class := fault.Delivery, e.class
	if e.unknown() {
		area, class = fault.DeliveryUnknown, fault.Unclassified
	}
	err := fault.New(area, class, e)
	if remedy := e.remedy(); remedy != "" {
		return fault.Advise(err, "%s", remedy)
	}
	return err
}

// classify says whether another attempt can help.
func (e *Error) classify(ctx context.Context) fault.Class {
	switch {
	case e.Code >= 400 && e.Code < 500:
		return fault.Deferred
	case e.Code >= 500 && (e.Step == stepAuth || e.Code == codeLoginFirst):
		return fault.Authentication
	case e.Code >= 500:
		return fault.Refused
	case e.Code != 0:
		return fault.Unclassified // an answer that does not fit the question
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.Network
	case ctx.Err() != nil:
		return fault.Cancelled
	case e.untrusted():
		return fault.Authentication
	case isNetwork(e.cause):
		return fault.Network
	}
	return fault.Unclassified
}

// codeLoginFirst asks for a login before anything else (RFC 4954 section 6).
const codeLoginFirst = 530

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// isNetwork reports whether the connection failed, and not what went over it.
func isNetwork(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed)
}

// tooLarge reports whether the server finds the message too large: 5.3.4 or 5.2.3 (RFC
// 3463), or a 552 (RFC 1870 section 6) that does not speak of a recipient's full mailbox.
func (e *Error) tooLarge() bool {
	if e.Code >= 500 && (strings.HasPrefix(e.Answer, "5.3.4") || strings.HasPrefix(e.Answer, "5.2.3")) {
		return true
	}
	return e.Code == 552 && e.Step != stepRcpt && !strings.HasPrefix(e.Answer, "5.2.2")
}

// maxShown is how many characters of a server's answer are kept.
const maxShown = 400

// clean makes one printable line of whatever a server said.
func clean(text string) string {
	text = text[:min(len(text), 8*maxShown)]
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.Join(strings.Fields(text), " ")
	if shown := []rune(text); len(shown) > maxShown {
		return string(shown[:maxShown]) + "…"
	}
	return text
}
