package kerberos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"qosreport/internal/kerberos/krb5"
)

// QOP is a protection level of RFC 4752. As a wish it is the least that will do.
type QOP int

// The protection levels. Auto takes no layer over TLS if that is offered, and without TLS
// the strongest that is.
const (
	Auto     QOP = iota
	Auth         // authentication only
	AuthInt      // every token is signed
	AuthConf     // every token is encrypted
)

var qopNames = [...]string{"auto", "auth", "auth-int", "auth-conf"}

// ParseQOP reads "auto", "auth", "auth-int" or "auth-conf"; "" means auto.
func ParseQOP(text string) (QOP, error) {
	for i, name := range qopNames {
		if text == name {
			return QOP(i), nil
		}
	}
	if text == "" {
		return Auto, nil
	}
	return Auto, fmt.Errorf("unknown protection level %q: write auto, auth, auth-int or auth-conf", text)
}

func (q QOP) String() string {
	if q < 0 || int(q) >= len(qopNames) {
		return "unknown"
	}
	return qopNames[q]
}

// bit is the level in the layer mask of RFC 4752 section 3.1.
func (q QOP) bit() byte { return 1 << (q - Auth) }

const (
	maxAnnounced = 1<<24 - 1
	maxChunk     = 64 << 10 // larger tokens leave the processor's cache and gain nothing
)

// SASLOptions say to whom to log in and what to agree on.
type SASLOptions struct {
	Service  string // of the service principal, or a whole one, as in [ServicePrincipal]; "" means "impala"
	Host     string // that was dialled; required unless the service names one
	QOP      QOP
	TLS      bool // the connection is encrypted already, for Auto
	MaxFrame int  // most bytes of a token that the server is told to send; 0 means 16 MiB, the most there is
}

// SASL is one login with the mechanism GSSAPI (RFC 4752), and then its security layer.
// The login is for one goroutine; afterwards Wrap and Unwrap are for one each.
type SASL struct {
	opts    SASLOptions
	gss     *initiator
	first   []byte
	state   int
	layer   QOP
	chunk   int
	out     *krb5.Wrapper
	in      *krb5.Unwrapper
	stale   bool
	discard func()
}

// The states of a login are what is due next.
const (
	dueFirst = iota
	dueAnswer
	dueOffer
	dueNothing
	dead
)

// NewSASL gets the ticket and begins a login.
func (c *Creds) NewSASL(ctx context.Context, o SASLOptions) (*SASL, error) {
	spn, err := ServicePrincipal(cmp.Or(o.Service, "impala"), o.Host)
	if err != nil {
		return nil, err
	}
	t, err := c.Ticket(ctx, spn)
	if err != nil {
		return nil, err
	}
	gss, first, err := c.newInitiator(t)
	if err != nil {
		return nil, err
	}
	return &SASL{opts: o, gss: gss, first: first, discard: func() { c.forget(t) }}, nil
}

// Name is "GSSAPI".
func (s *SASL) Name() string { return "GSSAPI" }

// SPN is the service principal, for logs.
func (s *SASL) SPN() string { return s.gss.ticket.SPN() }

// Done reports whether the service has proved who it is and a layer is agreed on.
func (s *SASL) Done() bool { return s.state == dueNothing }

// Stale reports of a login that was closed before the service had proved itself whether
// another one is worth the while: its ticket was an older one, which the service may not
// take any more, since its key may have changed or a clock have jumped; or the service took
// it for a replay. The next login gets a fresh ticket.
func (s *SASL) Stale() bool { return s.stale }

// Layer is the agreed protection level: "auth", "auth-int" or "auth-conf".
func (s *SASL) Layer() string {
	if !s.Done() {
		return ""
	}
	return s.layer.String()
}

// Step answers a token of the server; the first call, with nil, begins. An empty answer
// is one that has to be sent.
func (s *SASL) Step(challenge []byte) ([]byte, error) {
	answer, err := s.step(challenge)
	if err != nil {
		s.state = dead
	}
	return answer, err
}

func (s *SASL) step(challenge []byte) ([]byte, error) {
	switch s.state {
	case dueFirst:
		s.state = dueAnswer
		return s.first, nil
	case dueAnswer:
		if len(challenge) == 0 {
			return nil, s.gss.distrust(errors.New("the answer is empty"))
		}
		var err error
		if s.out, s.in, err = s.gss.accept(challenge); err != nil {
			return nil, err
		}
		s.state = dueOffer
		return []byte{}, nil // the server waits for it before its offer (RFC 4752 section 3.1)
	case dueOffer:
		answer, err := s.agree(challenge)
		if err != nil {
			return nil, err
		}
		s.state = dueNothing
		s.gss.forgetKeys()
		return answer, nil
	}
	return nil, fail(Token, nil, tokenRemedy, "the server goes on after the end of the login")
}

// agree reads the server's offer of layers and chooses.
func (s *SASL) agree(token []byte) ([]byte, error) {
	offer, _, err := s.in.Unwrap(token)
	if err != nil {
		return nil, tokenFailure(err)
	}
	if len(offer) < 4 {
		return nil, fail(Token, nil, tokenRemedy, "the server's offer of protection levels has %d bytes instead of 4", len(offer))
	}
	most := int(offer[1])<<16 | int(offer[2])<<8 | int(offer[3])
	if s.layer, err = s.choose(offer[0]); err != nil {
		return nil, err
	}
	announced := 0
	if s.layer != Auth {
		announced = s.opts.MaxFrame
		if announced <= 0 || announced > maxAnnounced {
			announced = maxAnnounced
		}
		s.chunk = min(most-s.out.Overhead(s.layer == AuthConf), maxChunk)
		if s.chunk <= 0 {
			return nil, fail(Layer, nil, "the server's settings of SASL are at fault", "the server offers %s but takes no token longer than %d bytes", s.layer, most)
		}
	}
	answer := []byte{s.layer.bit(), byte(announced >> 16), byte(announced >> 8), byte(announced)}
	return s.out.Wrap(nil, answer, false)
}

// choose picks a level that is offered and not below what the options demand.
func (s *SASL) choose(offer byte) (QOP, error) {
	order := []QOP{Auth, AuthInt, AuthConf}
	switch {
	case s.opts.QOP == Auto && !s.opts.TLS:
		order = []QOP{AuthConf, AuthInt, Auth}
	case s.opts.QOP > Auth:
		order = order[s.opts.QOP-Auth:]
	}
	for _, q := range order {
		if offer&q.bit() != 0 {
			return q, nil
		}
	}
	var offered []string
	for _, q := range []QOP{Auth, AuthInt, AuthConf} {
		if offer&q.bit() != 0 {
			offered = append(offered, q.String())
		}
	}
	if len(offered) == 0 {
		offered = []string{"nothing"}
	}
	return Auto, fail(Layer, nil, "HiveServer2 sets hive.server2.thrift.sasl.qop; Impala has no layer but auth: use TLS, with impala.sasl_qop auto",
		"no common protection level: the server offers %s, the configuration demands %s", strings.Join(offered, ", "), s.opts.QOP)
}

// Chunk is the most plain bytes of one token, and 0 without a security layer.
func (s *SASL) Chunk() int { return s.chunk }

// errNoLayer is a mistake of the caller.
var errNoLayer = errors.New("no security layer was agreed on")

// Wrap appends one token with the plain bytes to dst. The two must not overlap.
func (s *SASL) Wrap(dst, plain []byte) ([]byte, error) {
	if s.chunk == 0 || s.state != dueNothing {
		return dst, errNoLayer
	}
	if len(plain) > s.chunk {
		return dst, fmt.Errorf("a token of %d bytes where the server takes %d", len(plain), s.chunk)
	}
	return s.out.Wrap(dst, plain, s.layer == AuthConf)
}

// Unwrap opens one token in place; the plain bytes are a part of token.
func (s *SASL) Unwrap(token []byte) ([]byte, error) {
	if s.chunk == 0 || s.state != dueNothing {
		return nil, errNoLayer
	}
	plain, sealed, err := s.in.Unwrap(token)
	if err != nil {
		return nil, tokenFailure(err)
	}
	if !sealed && s.layer == AuthConf {
		return nil, fail(Token, nil, tokenRemedy, "the server sent a token that is not encrypted under auth-conf")
	}
	return plain, nil
}

func tokenFailure(err error) error {
	return fail(Token, err, tokenRemedy, "a security token of the server cannot be accepted")
}

const tokenRemedy = "run it again; if it stays, something between changes the bytes, or the server's make of Kerberos is unusual: report its version"

// Close ends the login. One that did not come to its end costs the ticket: a service
// that cannot decrypt it mostly says nothing and hangs up.
func (s *SASL) Close() error {
	if s.discard != nil && (s.state == dueAnswer || s.state == dead) {
		s.stale = s.gss.stale() && s.out == nil
		s.discard()
	}
	s.discard = nil
	s.gss.forgetKeys()
	s.state, s.out, s.in = dead, nil, nil
	return nil
}

// forgetKeys overwrites what is not needed any more. The context has keys of its own.
func (i *initiator) forgetKeys() {
	i.ticket.key.Clear()
	i.subkey.Clear()
}
