package kerberos

import (
	"context"
	"errors"
	"slices"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// staleTGT are the KDC's answers to a ticket-granting ticket that was good once: it has
// expired by the KDC's clock, or the KDC's own key has changed.
var staleTGT = []int32{
	errorcode.KRB_AP_ERR_BAD_INTEGRITY, errorcode.KRB_AP_ERR_TKT_EXPIRED,
	errorcode.KRB_AP_ERR_MODIFIED, errorcode.KRB_AP_ERR_BADKEYVER, errorcode.KRB_AP_ERR_NOKEY,
}

// serviceTicket gets a ticket with a ticket-granting ticket. It asks a second time after
// a new login if that is not taken any more, and with the KDC's time if a clock has
// jumped.
func (c *Creds) serviceTicket(ctx context.Context, service krb5.Principal) (*Ticket, error) {
	for again := false; ; again = true {
		tgt, err := c.firstTGT(ctx, service)
		if err != nil {
			return nil, err
		}
		t, no, err := c.walk(ctx, tgt, service)
		tgt.key.Clear()
		switch {
		case err != nil:
			return nil, err
		case no == nil:
			return t, nil
		case !again && len(no.passed) == 1 && slices.Contains(staleTGT, no.ErrorCode):
			c.forget(tgt)
		case !again && no.ErrorCode == errorcode.KRB_AP_ERR_SKEW && c.learnTime(ctx, peerTime(no.STime, no.Susec)):
		default:
			return nil, c.tgsFailure(no, service)
		}
	}
}

// askTGS exchanges a ticket-granting ticket for one of a service that the KDC of the
// ticket's realm knows, or for the way there (RFC 4120 section 3.3). The KDC's refusal is
// no error yet.
func (c *Creds) askTGS(ctx context.Context, tgt *Ticket, service krb5.Principal) (*Ticket, *messages.KRBError, error) {
	body, err := c.newBody(krb5.Principal{Components: service.Components, Realm: tgt.opens()}, c.conf.ticketEnctypes)
	if err != nil {
		return nil, nil, err
	}
	// A host-based name and the canonicalize flag are what KDCs want before they tell in
	// which realm a service lies (RFC 6806 section 8).
	if !service.IsTGS() {
		body.SName.NameType = nametype.KRB_NT_SRV_HST
	}
	types.SetFlag(&body.KDCOptions, flags.Canonicalize)
	request, err := c.newTGSReq(tgt, body)
	if err != nil {
		return nil, nil, err
	}
	reply, err := c.kdcs.exchange(ctx, question{realm: body.Realm, request: request})
	if err != nil {
		return nil, nil, err
	}
	switch reply[0] {
	case tagKRBError:
		e, err := parseKRBError(reply)
		if err != nil {
			return nil, nil, wrongReply(err.Error())
		}
		return nil, e, nil
	case tagASRep:
		return nil, nil, wrongReply("a login instead of a service ticket")
	}
	t, err := c.acceptTGS(reply, tgt, body)
	return t, nil, err
}

// newTGSReq makes the request. Its proof is an AP-REQ for the KDC itself, with a checksum
// over the body; the client's realm stays its own, whoever issued the ticket.
func (c *Creds) newTGSReq(tgt *Ticket, body messages.KDCReqBody) ([]byte, error) {
	encoded, err := body.Marshal()
	if err != nil {
		return nil, errors.New("the ticket request cannot be encoded")
	}
	sum, err := tgt.key.Checksum(encoded, keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR_CHKSUM)
	if err != nil {
		return nil, err
	}
	a := c.newAuthenticator(tgt)
	a.Cksum = sum
	proof, err := newAPReq(tgt, a, keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR)
	if err != nil {
		return nil, err
	}
	request := messages.TGSReq{KDCReqFields: messages.KDCReqFields{
		PVNO: iana.PVNO, MsgType: msgtype.KRB_TGS_REQ, ReqBody: body,
		PAData: types.PADataSequence{{PADataType: patype.PA_TGS_REQ, PADataValue: proof}},
	}}
	b, err := request.Marshal()
	if err != nil {
		return nil, errors.New("the ticket request cannot be encoded")
	}
	return b, nil
}

// newAuthenticator begins an authenticator of the client (RFC 4120 section 5.5.1).
func (c *Creds) newAuthenticator(t *Ticket) types.Authenticator {
	whole, micros := c.clock.stamp()
	return types.Authenticator{AVNO: iana.PVNO, CRealm: t.client.Realm, CName: t.client.Wire(), CTime: whole, Cusec: micros}
}

// newAPReq makes an AP-REQ with the AP options of RFC 4120 section 5.5.1.
func newAPReq(t *Ticket, a types.Authenticator, usage uint32, options ...int) ([]byte, error) {
	plain, err := a.Marshal()
	if err != nil {
		return nil, errors.New("the authenticator cannot be encoded")
	}
	sealed, err := t.key.Encrypt(plain, usage, 0)
	if err != nil {
		return nil, err
	}
	request := messages.APReq{
		PVNO: iana.PVNO, MsgType: msgtype.KRB_AP_REQ, APOptions: types.NewKrbFlags(),
		Ticket: t.wire, EncryptedAuthenticator: sealed,
	}
	types.SetFlags(&request.APOptions, options)
	b, err := request.Marshal()
	if err != nil {
		return nil, errors.New("the request to the service cannot be encoded")
	}
	return b, nil
}

// acceptTGS opens the reply and checks that it answers the request. The service may be
// another than was asked for: the KDC knows aliases, and the way to other realms.
func (c *Creds) acceptTGS(reply []byte, tgt *Ticket, body messages.KDCReqBody) (*Ticket, error) {
	var rep messages.TGSRep
	if err := krb5.Guard("TGS-REP", func() error { return rep.Unmarshal(reply) }); err != nil {
		return nil, wrongReply(err.Error())
	}
	plain, err := tgt.key.Decrypt(rep.EncPart, keyusage.TGS_REP_ENCPART_SESSION_KEY)
	if err != nil {
		return nil, wrongReply(err.Error())
	}
	defer clear(plain)
	t, err := c.newTicket(rep.KDCRepFields, plain, body)
	if err != nil {
		return nil, err
	}
	switch {
	case !t.client.Equal(tgt.client):
		return nil, wrongReply("for client " + t.client.String())
	case t.service.Realm != body.Realm:
		return nil, wrongReply("of the realm " + t.service.Realm)
	case !t.service.IsTGS() && krb5.Principal{Components: body.SName.NameString}.IsTGS():
		return nil, wrongReply("for service " + t.service.String())
	}
	return t, nil
}
