package acceptor

import (
	"errors"
	"fmt"

	"qosreport/internal/kerberos/krb5"
)

// The protection levels of RFC 4752 section 3.1, as bits of a mask.
const (
	Auth     = 1 // none
	AuthInt  = 2 // tokens are signed
	AuthConf = 4 // tokens are encrypted
)

const (
	defaultMaxToken = 1 << 16
	maxChunk        = 1 << 16
)

// SASL says what a server offers. The zero value offers what Impala does: no layer.
type SASL struct {
	Layers   byte // mask; 0 means Auth
	MaxToken int  // most bytes of a token that the server takes; 0 means 65536
}

// Server is one login with the mechanism GSSAPI, and then its security layer. The login
// is for one goroutine; afterwards Wrap and Unwrap are for one each.
type Server struct {
	acceptor *Acceptor
	offer    SASL
	request  *request
	channel  *channel
	state    int
	layer    byte
	chunk    int
}

// The states of a login are what is due next.
const (
	dueRequest = iota
	dueEmpty
	dueChoice
	dueNothing
	dead
)

// NewServer begins a login.
func (a *Acceptor) NewServer(offer SASL) *Server {
	if offer.Layers == 0 {
		offer.Layers = Auth
	}
	if offer.MaxToken == 0 {
		offer.MaxToken = defaultMaxToken
	}
	return &Server{acceptor: a, offer: offer}
}

// Step answers a token of the client. After an error the connection has to be closed;
// there may be a reply to send before that.
func (s *Server) Step(token []byte) (reply []byte, done bool, err error) {
	reply, err = s.step(token)
	if err != nil {
		s.state = dead
		return reply, false, err
	}
	return reply, s.state == dueNothing, nil
}

func (s *Server) step(token []byte) ([]byte, error) {
	switch s.state {
	case dueRequest:
		return s.begin(token)
	case dueEmpty:
		if len(token) > 0 {
			return nil, errors.New("the client has more to say where nothing is due")
		}
		return s.propose()
	case dueChoice:
		return nil, s.agree(token)
	}
	return nil, errors.New("the client goes on after the end of the login")
}

// begin takes the client's first token.
func (s *Server) begin(token []byte) ([]byte, error) {
	reply, r, c, err := s.acceptor.authenticate(token)
	if err != nil {
		return reply, err
	}
	s.request, s.channel = r, c
	if reply == nil {
		return s.propose()
	}
	s.state = dueEmpty
	return reply, nil
}

// authenticate takes a client's AP-REQ and makes the answer, which is nil when the client
// wants none. After an error there may be one, too.
func (a *Acceptor) authenticate(token []byte) (reply []byte, r *request, c *channel, err error) {
	if r, err = a.accept(token); err != nil {
		var refusal *Refusal
		if a.opts.Quirks.TellErrors && errors.As(err, &refusal) {
			reply = a.newError(refusal, a.opts.Keys[0].Principal)
		}
		return reply, nil, nil, err
	}
	if c, reply, err = a.establish(r); err != nil {
		return nil, nil, nil, err
	}
	if a.opts.Quirks.NoAPRep {
		reply = nil
	}
	return reply, r, c, nil
}

// propose offers the layers that the context can carry.
func (s *Server) propose() ([]byte, error) {
	layers, most := s.offer.Layers, s.offer.MaxToken
	if s.request.wishes&wishConfidentiality == 0 {
		layers &^= AuthConf
	}
	if s.request.wishes&wishIntegrity == 0 {
		layers &^= AuthInt | AuthConf
	}
	if layers == Auth {
		most = 0 // what Cyrus' library sends for no layer
	}
	s.offer.Layers = layers
	s.state = dueChoice
	offer := []byte{layers, byte(most >> 16), byte(most >> 8), byte(most)}
	q := s.channel.quirks
	if q.Offer != nil {
		offer = q.Offer
	}
	return s.channel.wrap(nil, offer, q.SealOffer)
}

// agree takes the client's choice.
func (s *Server) agree(token []byte) error {
	choice, _, err := s.channel.in.Unwrap(token)
	if err != nil {
		return err
	}
	if len(choice) < 4 {
		return fmt.Errorf("%w: a choice of %d bytes", krb5.ErrToken, len(choice))
	}
	layer, most := choice[0], int(choice[1])<<16|int(choice[2])<<8|int(choice[3])
	authzid := string(choice[4:])
	switch {
	case layer != Auth && layer != AuthInt && layer != AuthConf || layer&s.offer.Layers == 0:
		return fmt.Errorf("protocol violation: client requested invalid layer %d", layer)
	case layer == Auth && most != 0:
		return errors.New("a maximum size without a layer")
	case authzid != "" && authzid != s.Client() && authzid != s.User():
		return fmt.Errorf("%s may not act as another user", s.Client())
	}
	if layer != Auth {
		s.chunk = min(most-s.channel.out.Overhead(layer == AuthConf), maxChunk)
		if s.chunk <= 0 {
			return fmt.Errorf("the client takes no token longer than %d bytes", most)
		}
	}
	s.layer = layer
	s.state = dueNothing
	return nil
}

// Client is who logged in, as name@REALM, once the first token was accepted.
func (s *Server) Client() string {
	if s.request == nil {
		return ""
	}
	return s.request.client.String()
}

// User is the client's name as Cyrus' library tells it: without the realm when that is
// the service's own.
func (s *Server) User() string {
	if s.request == nil {
		return ""
	}
	if s.request.client.Realm == s.request.service.Realm {
		return s.request.client.Name()
	}
	return s.Client()
}

// Layer is the agreed level, one of [Auth], [AuthInt] and [AuthConf]; 0 before that.
func (s *Server) Layer() byte { return s.layer }

// Chunk is the most plain bytes of one token, and 0 without a security layer.
func (s *Server) Chunk() int { return s.chunk }

var errNoLayer = errors.New("no security layer was agreed on")

// Wrap appends one token with the plain bytes to dst. The two must not overlap.
func (s *Server) Wrap(dst, plain []byte) ([]byte, error) {
	if s.chunk == 0 {
		return dst, errNoLayer
	}
	return s.channel.wrap(dst, plain, s.layer == AuthConf)
}

// Unwrap opens one token in place; the plain bytes are a part of token.
func (s *Server) Unwrap(token []byte) ([]byte, error) {
	if s.chunk == 0 {
		return nil, errNoLayer
	}
	plain, sealed, err := s.channel.in.Unwrap(token)
	if err != nil {
		return nil, err
	}
	if !sealed && s.layer == AuthConf {
		return nil, fmt.Errorf("%w: not encrypted under auth-conf", krb5.ErrToken)
	}
	return plain, nil
}
