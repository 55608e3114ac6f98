package kerberos

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"qosreport/internal/kerberos/krb5"
)

// negotiateScheme is how HTTP calls SPNEGO (RFC 4559 section 4).
const negotiateScheme = "Negotiate"

// Negotiator is one login over HTTP with the scheme Negotiate (RFC 4559): its token goes
// with a request, and the response brings the service's proof of who it is. It is for one
// goroutine and for one request; TLS is what protects the rest.
type Negotiator struct {
	gss     *initiator
	request krb5.NegotiationRequest
	state   int
	stale   bool
	discard func()
}

// NewNegotiator gets the ticket for a service principal, like HTTP/host.example.com, and
// begins a login.
func (c *Creds) NewNegotiator(ctx context.Context, spn string) (*Negotiator, error) {
	t, err := c.Ticket(ctx, spn)
	if err != nil {
		return nil, err
	}
	gss, token, err := c.newInitiator(t)
	if err != nil {
		return nil, err
	}
	request := krb5.NegotiationRequest{Mechanisms: []krb5.Mechanism{krb5.Kerberos, krb5.MSKerberos}, Token: token}
	return &Negotiator{gss: gss, request: request, state: dueAnswer, discard: func() { c.forget(t) }}, nil
}

// SPN is the service principal, for logs.
func (n *Negotiator) SPN() string { return n.gss.ticket.SPN() }

// Authorization is the value of the request's field of that name. It is a secret as long
// as the service has not seen it.
func (n *Negotiator) Authorization() string {
	return negotiateScheme + " " + base64.StdEncoding.EncodeToString(n.request.Marshal())
}

// BareAuthorization is Authorization with the token of Kerberos and no negotiation around
// it, which is what Impala's own clients send.
func (n *Negotiator) BareAuthorization() string {
	return negotiateScheme + " " + base64.StdEncoding.EncodeToString(n.request.Token)
}

// Done reports whether the service has proved who it is.
func (n *Negotiator) Done() bool { return n.state == dueNothing }

// Finish takes the values of the response's fields WWW-Authenticate and checks the proof
// in them. Until it returns nil, nothing of the response is known to be the service's,
// whatever its status says.
func (n *Negotiator) Finish(fields ...string) error {
	if n.state != dueAnswer {
		return fail(Token, nil, tokenRemedy, "the server goes on after the end of the login")
	}
	n.state = dead
	token, err := n.answer(fields)
	if err == nil {
		err = n.check(token)
	}
	if err != nil {
		return err
	}
	n.state = dueNothing
	n.gss.forgetKeys()
	return nil
}

// answer is the token in the fields. Each may hold several challenges with commas between.
func (n *Negotiator) answer(fields []string) ([]byte, error) {
	for _, field := range fields {
		for challenge := range strings.SplitSeq(field, ",") {
			scheme, text, _ := strings.Cut(strings.TrimSpace(challenge), " ")
			if !strings.EqualFold(scheme, negotiateScheme) {
				continue
			}
			text = strings.TrimSpace(text)
			if text == "" { // the challenge to who has not logged in
				return nil, n.refused("it asks for a login again")
			}
			if base64.StdEncoding.DecodedLen(len(text)) > maxAPRep {
				return nil, n.gss.distrust(fmt.Errorf("%w: an answer of %d letters", krb5.ErrToken, len(text)))
			}
			token, err := base64.StdEncoding.Strict().DecodeString(text)
			if err != nil {
				return nil, n.gss.distrust(fmt.Errorf("%w: not in base64", krb5.ErrToken))
			}
			return token, nil
		}
	}
	return nil, n.gss.distrust(errors.New("the response has no proof"))
}

// check looks at an answer: a negotiation's, or that of Kerberos without one around it,
// which some servers send.
func (n *Negotiator) check(token []byte) error {
	if _, _, err := krb5.ParseToken(token); err == nil {
		theirs, err := n.prove(token)
		theirs.Key.Clear()
		return err
	}
	reply, err := krb5.ParseNegotiationReply(token)
	why := unfinished(reply.State)
	switch {
	case err != nil:
		return n.gss.distrust(err)
	case reply.Mechanism != "" && reply.Mechanism != krb5.Kerberos && reply.Mechanism != krb5.MSKerberos:
		return n.refused("it wants another mechanism than Kerberos")
	case len(reply.Token) == 0 && why != "":
		return n.refused(why)
	case len(reply.Token) == 0:
		return n.gss.distrust(errors.New("the negotiation has no proof"))
	}
	theirs, err := n.prove(reply.Token)
	if err != nil {
		return err
	}
	defer theirs.Key.Clear()
	if why != "" {
		return n.refused(why)
	}
	return n.checkMIC(reply, theirs)
}

// unfinished says why a state is a refusal, or "". Heimdal's acceptor asks for another
// token when it cannot use the one that it got.
func unfinished(state krb5.NegState) string {
	switch state {
	case krb5.NegReject:
		return "it rejects the negotiation"
	case krb5.NegIncomplete, krb5.NegRequestMIC:
		return "it wants a second token, for which there is no request"
	}
	return ""
}

// prove checks an AP-REP and says what the service's tokens go on with.
func (n *Negotiator) prove(token []byte) (krb5.Stream, error) {
	_, theirs, err := n.gss.settle(token)
	return theirs, err
}

// checkMIC checks the signature under the offered mechanisms. It may be missing, since the
// first of them was taken (RFC 4178 section 5); all of them are Kerberos anyway. Windows
// 2000 puts a copy of the token in its place.
func (n *Negotiator) checkMIC(reply krb5.NegotiationReply, theirs krb5.Stream) error {
	if len(reply.MIC) == 0 || bytes.Equal(reply.MIC, reply.Token) || theirs.VerifyMIC(n.request.SignedList(), reply.MIC) {
		return nil
	}
	return n.gss.distrust(fmt.Errorf("%w: the signature under the mechanisms", krb5.ErrIntegrity))
}

// Taken says that the service has taken the login without a proof of its own, as
// HiveServer2 does: the ticket is good for more.
func (n *Negotiator) Taken() { n.discard = nil }

// Stale is that of [SASL.Stale].
func (n *Negotiator) Stale() bool { return n.stale }

func (n *Negotiator) refused(why string) error {
	return fail(PeerRefused, errors.New(why), "the log of the service has the reason: a key, a clock, the name or a right",
		"%s refused the login of %s", n.gss.ticket.service, n.gss.ticket.client)
}

// Close ends the login. One that did not come to its end costs the ticket, as with
// [SASL.Close].
func (n *Negotiator) Close() error {
	if n.discard != nil && n.state != dueNothing {
		n.stale = n.gss.stale()
		n.discard()
	}
	n.discard = nil
	n.gss.forgetKeys()
	n.state = dead
	return nil
}
