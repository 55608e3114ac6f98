package impala

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"qosreport/internal/fault"
)

// Mechanism is one SASL login and, when it is done, its security layer. Package
// kerberos has GSSAPI; [Plain] is here.
type Mechanism interface {
	Name() string                                       // as registered: "GSSAPI", "PLAIN"
	Step(challenge []byte) (response []byte, err error) // the first challenge is nil
	Done() bool                                         // nothing more is due from the mechanism
	Chunk() int                                         // most plain bytes of one token; 0: no security layer
	Wrap(dst, plain []byte) (token []byte, err error)   // appends one token to dst
	Unwrap(token []byte) (plain []byte, err error)      // in place
	Close() error
}

// Status bytes of Thrift's SASL negotiation (thrift-sasl-spec.txt).
const (
	saslStart    = 1
	saslOK       = 2
	saslBad      = 3
	saslError    = 4
	saslComplete = 5
)

const maxLoginMessage = 64 << 10

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
	errPeerSpeaksTLS  = errors.New("the server answers in TLS")
	errPeerSpeaksHTTP = errors.New("the server answers in HTTP")
	errEarlyComplete  = errors.New("the server called the login complete before it proved its identity")
	errHungUp         = errors.New("the server closed the connection during the login")
)

// login runs the negotiation. START and the first token are written without waiting for
// each other; only the server's COMPLETE ends it.
func login(rw io.ReadWriter, m Mechanism) error {
	first, err := m.Step(nil)
	if err != nil {
		return err
	}
	hello := append(loginMessage(saslStart, []byte(m.Name())), loginMessage(saslOK, first)...)
	if _, err := rw.Write(hello); err != nil {
		return fmt.Errorf("%w: %w", errHungUp, err)
	}
	for {
		status, payload, err := readLoginMessage(rw)
		if err != nil {
			return err
		}
		switch status {
		case saslBad, saslError:
			return &Refusal{Mechanism: m.Name(), Text: string(payload)}
		case saslComplete:
			if !m.Done() && len(payload) > 0 {
				if _, err := m.Step(payload); err != nil {
					return err
				}
			}
			if !m.Done() {
				return errEarlyComplete
			}
			return nil
		case saslOK:
			response, err := m.Step(payload)
			if err != nil {
				return err
			}
			if _, err := rw.Write(loginMessage(saslOK, response)); err != nil {
				return fmt.Errorf("%w: %w", errHungUp, err)
			}
		default:
			return fmt.Errorf("unknown status %d in the login", status)
		}
	}
}

func loginMessage(status byte, payload []byte) []byte {
	msg := make([]byte, 5, 5+len(payload))
	msg[0] = status
	binary.BigEndian.PutUint32(msg[1:], uint32(len(payload)))
	return append(msg, payload...)
}

func readLoginMessage(r io.Reader) (status byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, readFailure(err)
	}
	switch {
	case head[0] == 0x15 || head[0] == 0x16:
		return 0, nil, errPeerSpeaksTLS
	case string(head[:4]) == "HTTP":
		return 0, nil, errPeerSpeaksHTTP
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxLoginMessage {
		return 0, nil, fmt.Errorf("message of %d bytes in the login; the limit is %d", n, maxLoginMessage)
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, readFailure(err)
	}
	return head[0], payload, nil
}

func readFailure(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
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
		err = fault.Advise(fmt.Errorf("%w to the login within %s", errNoAnswer, o.SessionTimeout),
			"a server without SASL waits like this: try impala.transport plain-socket with impala.auth none; a server whose threads are all busy does so too")
	case errors.Is(err, errPeerSpeaksTLS):
		err = fault.Advise(err, "switch TLS on (impala.tls.enabled: true, --impala-tls)")
	case errors.Is(err, errPeerSpeaksHTTP):
		err = fault.Advise(err, "this is a port of the HTTP transport (28000) or a web page (25000); the binary port is 21050")
	case errors.Is(err, errHungUp) && mechanism == "PLAIN":
		err = fault.Advise(err, "see whether user and password are right and whether the server takes LDAP logins (it may want Kerberos or TLS); its log has the reason")
	case errors.Is(err, errHungUp):
		err = fault.Advise(err, "the coordinator's log has the reason: often a service principal of another host (impala.spn_host), a clock that is off, a server keytab older than its key, or a port that expects TLS")
	case errors.As(err, &refusal):
		err = fault.Advise(err, "the server's log has the reason: key, clock, service principal (impala.service, impala.spn_host), password or protection level (impala.sasl_qop)")
	}
	return fault.New(fault.Security, class, fmt.Errorf("%s login: %w", mechanism, err))
}
