package acceptor

import (
	"fmt"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
)

// Negotiate answers a client's only token of SPNEGO (RFC 4178), as a server of HTTP with
// the scheme Negotiate does (RFC 4559), and says who it is, as name@REALM. A token of
// Kerberos without a negotiation around it gets an answer without one. There may be a
// reply beside an error.
func (a *Acceptor) Negotiate(token []byte) (reply []byte, client string, err error) {
	if _, _, err := krb5.ParseToken(token); err == nil {
		reply, r, _, err := a.authenticate(token)
		if err != nil {
			return reply, "", err
		}
		return reply, r.client.String(), nil
	}
	request, err := krb5.ParseNegotiationRequest(token)
	if err != nil {
		return nil, "", errBadToken(err)
	}
	answer := krb5.NegotiationReply{State: krb5.NegReject}
	mechanism := request.Mechanisms[0]
	if mechanism != krb5.Kerberos && mechanism != krb5.MSKerberos {
		return answer.Marshal(), "", refuse(errorcode.KRB_AP_ERR_MSG_TYPE, "the client does not prefer Kerberos")
	}
	proof, r, channel, err := a.authenticate(request.Token)
	answer.Token = proof
	if err != nil {
		return answer.Marshal(), "", err
	}
	answer.State, answer.Mechanism = krb5.NegCompleted, mechanism
	if a.opts.Quirks.SignList {
		if answer.MIC, err = channel.stream.MIC(request.SignedList()); err != nil {
			return nil, "", fmt.Errorf("sign the mechanisms: %w", err)
		}
	}
	return answer.Marshal(), r.client.String(), nil
}
