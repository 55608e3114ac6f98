package impala

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// Mechanism is one SASL login and, when it is done, its security layer. Package
// kerberos has GSSAPI; [Plain] is here.
type Mechanism interface {
	Name() string                                       // as registered: "GSSAPI", "PLAIN"
	Step(challenge []byte) (response []byte, err error) // the first challenge is nil
	Done() bool                                         // nothing more is due from the mechanism
	wire.Layer
	Close() error
}

// Refusal is a login that the server ended with a text of its own. Impala sends none
// and closes the connection; HiveServer2 does.
type Refusal struct {
	Mechanism string
	Text      string
}

func (e *Refusal) Error() string {
	if e.Text == "" {
		return "the server refused the login"
	}
	return fmt.Sprintf("the server refused the login: %q", e.Text)
}

var (
	errEarlyComplete = errors.New("the server called the login complete before it proved its identity")
	errHungUp        = errors.New("the server closed the connection during the login")
)

// login runs the negotiation. START and the first token are written without waiting for
// each other; only the server's COMPLETE ends it.
func login(rw io.ReadWriter, m Mechanism) error {
	first, err := m.Step(nil)
	if err != nil {
		return err
	}
	hello := wire.AppendNegotiation(nil, wire.NegotiationStart, []byte(m.Name()))
	hello = wire.AppendNegotiation(hello, wire.NegotiationOK, first)
	if _, err := rw.Write(hello); err != nil {
		return fmt.Errorf("%w: %w", errHungUp, err)
	}
	for {
		status, payload, err := wire.ReadNegotiation(rw)
		if err != nil {
			return readFailure(err)
		}
		switch status {
		case wire.NegotiationBad, wire.NegotiationError:
			return &Refusal{Mechanism: m.Name(), Text: string(payload)}
		case wire.NegotiationComplete:
			if !m.Done() && len(payload) > 0 {
				if _, err := m.Step(payload); err != nil {
					return err
				}
			}
			if !m.Done() {
				return errEarlyComplete
			}
			return nil
		case wire.NegotiationOK:
			response, err := m.Step(payload)
			if err != nil {
				return err
			}
			if _, err := rw.Write(wire.AppendNegotiation(nil, wire.NegotiationOK, response)); err != nil {
				return fmt.Errorf("%w: %w", errHungUp, err)
			}
		default:
			return fmt.Errorf("unknown status %d in the login", status)
		}
	}
}

func readFailure(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, wire.ErrTooLarge) || foreign(err) {
		return err
	}
	return fmt.Errorf("%w: %w", errHungUp, err)
}

// loginFailure adds to a failed login what its symptom usually means. Impala names no
// reason: it closes the connection, and only the coordinator's log knows.
func loginFailure(ctx context.Context, err error, mechanism string, o Options) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	class := fault.Authentication
	var refusal *Refusal
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		class = fault.Network
		err = fault.Advise(fmt.Errorf("%w to the login within %s", errNoAnswer, o.SessionTimeout.Round(10*time.Millisecond)),
			"a server without SASL waits like this: try impala.transport plain-socket with impala.auth none; so do a port of the HTTP transport (28000) or a web page (25000), and a server whose threads are all busy")
	case errors.Is(err, wire.ErrPeerSpeaksTLS):
		err = fault.Advise(err, "%s", adviceTLSOn)
	case errors.Is(err, wire.ErrPeerSpeaksHTTP):
		err = fault.Advise(err, "%s", adviceHTTP)
	case errors.Is(err, wire.ErrPeerSpeaksThrift):
		err = fault.Advise(err, "the server has no logins on this port: take impala.transport plain-socket with impala.auth none")
	case refusedByPeer(err):
		err = fault.Advise(err, "%s", adviceRefused)
	case errors.Is(err, errHungUp) && mechanism == "PLAIN":
		err = fault.Advise(err, "see whether user and password are right and whether the server takes LDAP logins (it may want Kerberos or TLS); its log has the reason")
	case errors.Is(err, errHungUp):
		err = fault.Advise(err, "the coordinator's log has the reason: often a service principal of another host (impala.spn_host), a clock that is off, a server keytab older than its key, or a port that expects TLS")
	case errors.As(err, &refusal):
		err = fault.Advise(err, "the server's log has the reason: key, clock, service principal (impala.service, impala.spn_host), password or protection level (impala.sasl_qop)")
	}
	if mechanism == "PLAIN" && class == fault.Authentication {
		err = &passwordRefused{err}
	}
	return fault.New(fault.Security, class, fmt.Errorf("%s login: %w", mechanism, err))
}

// passwordRefused marks a login by password that failed, or may have: it is not repeated
// elsewhere, because each failure counts towards a lock-out.
type passwordRefused struct{ error }

func (e *passwordRefused) Unwrap() error { return e.error }

func wrongPassword(err error) bool {
	var refused *passwordRefused
	return errors.As(err, &refused)
}
