package kdc

import (
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// presented is a ticket-granting ticket whose holder has proved to be the client.
type presented struct {
	client krb5.Principal
	part   messages.EncTicketPart
	key    krb5.Key // that the reply is encrypted with
	usage  uint32
}

// ticket answers a TGS-REQ (RFC 4120 section 3.3.3).
func (k *KDC) ticket(request []byte) (reply []byte, who string, no *refusal) {
	var req messages.TGSReq
	if no := parseRequest("TGS-REQ", func() error { return req.Unmarshal(request) }, &req.ReqBody); no != nil {
		return nil, "", no
	}
	body := &req.ReqBody
	defer func() {
		if no != nil {
			no.service = body.SName
		}
	}()
	tgt, no := k.checkTGT(request, req.PAData)
	if no != nil {
		return nil, "", no
	}
	who = tgt.client.String()
	if body.Realm != k.realm {
		return nil, who, refuse(errWrongRealm, "this KDC serves %s", k.realm)
	}
	service, ok := k.find(krb5.Principal{Components: body.SName.NameString, Realm: k.realm})
	if !ok {
		return nil, who, refuse(errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN, "service not found in database")
	}
	now := k.now().UTC().Truncate(time.Second)
	grant, no := k.newGrant(body, service, now)
	if no != nil {
		return nil, who, no
	}
	grant.client, grant.authTime, grant.start = tgt.client, tgt.part.AuthTime, now
	if no := grant.inherit(k, body, tgt.part, now); no != nil {
		return nil, who, no
	}
	reply, err := grant.tgsReply(body, tgt)
	if err != nil {
		return nil, who, refuse(errorcode.KRB_ERR_GENERIC, "the reply cannot be made")
	}
	return reply, who, nil
}

func (g *grant) tgsReply(body *messages.KDCReqBody, tgt *presented) ([]byte, error) {
	fields, plain, err := g.reply(body)
	if err != nil {
		return nil, err
	}
	plain[0] = tagTGSPart
	fields.PVNO, fields.MsgType = iana.PVNO, msgtype.KRB_TGS_REP
	if fields.EncPart, err = tgt.key.Encrypt(plain, tgt.usage, 0); err != nil {
		return nil, err
	}
	rep := messages.TGSRep{KDCRepFields: fields}
	return rep.Marshal()
}

// inherit limits a ticket by the one that it is derived from, or renews that one.
func (g *grant) inherit(k *KDC, body *messages.KDCReqBody, tgt messages.EncTicketPart, now time.Time) *refusal {
	renewable := len(tgt.Flags.Bytes) >= 4 && types.IsFlagSet(&tgt.Flags, flags.Renewable)
	g.setTimes(k, body, now)
	if !renewable {
		g.renewTill = time.Time{}
	} else if tgt.RenewTill.Before(g.renewTill) {
		g.renewTill = tgt.RenewTill
	}
	if types.IsFlagSet(&body.KDCOptions, flags.Renew) {
		if !renewable || !tgt.RenewTill.After(now) {
			return refuse(errorcode.KDC_ERR_BADOPTION, "the ticket cannot be renewed")
		}
		g.renewTill = tgt.RenewTill
		g.end = now.Add(tgt.EndTime.Sub(tgt.AuthTime))
		if g.renewTill.Before(g.end) {
			g.end = g.renewTill
		}
	} else if tgt.EndTime.Before(g.end) {
		g.end = tgt.EndTime
	}
	inherited := []int{flags.TransitedPolicyChecked}
	if len(tgt.Flags.Bytes) >= 4 && types.IsFlagSet(&tgt.Flags, flags.PreAuthent) {
		inherited = append(inherited, flags.PreAuthent)
	}
	g.setFlags(body, inherited...)
	return nil
}

// checkTGT opens the AP-REQ in the request and checks that its sender holds the session
// key of the ticket and made this very request.
func (k *KDC) checkTGT(request []byte, list types.PADataSequence) (*presented, *refusal) {
	value, ok := findPA(list, patype.PA_TGS_REQ)
	if !ok {
		return nil, refuse(errorcode.KDC_ERR_PADATA_TYPE_NOSUPP, "no ticket-granting ticket")
	}
	var ap messages.APReq
	if krb5.Guard("AP-REQ", func() error { return ap.Unmarshal(value) }) != nil {
		return nil, refuse(errorcode.KRB_AP_ERR_MSG_TYPE, "malformed AP-REQ")
	}
	part, key, no := k.openTGT(ap.Ticket)
	if no != nil {
		return nil, no
	}
	a, no := k.openAuthenticator(ap.EncryptedAuthenticator, key)
	if no != nil {
		return nil, no
	}
	client, err := krb5.FromWire(part.CName, part.CRealm)
	sender, wrong := krb5.FromWire(a.CName, a.CRealm)
	switch {
	case err != nil, wrong != nil, !client.Equal(sender):
		return nil, refuse(errorcode.KRB_AP_ERR_BADMATCH, "ticket and authenticator are not of one client")
	case !k.near(a.CTime, a.Cusec):
		return nil, refuse(errorcode.KRB_AP_ERR_SKEW, "clock skew too great")
	case len(a.Cksum.Checksum) == 0:
		return nil, refuse(errorcode.KRB_AP_ERR_INAPP_CKSUM, "no checksum of the request")
	}
	body, ok := bodyBytes(request)
	if !ok || !key.VerifyChecksum(body, a.Cksum, keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR_CHKSUM) {
		return nil, refuse(errorcode.KRB_AP_ERR_MODIFIED, "the checksum is not that of the request")
	}
	p := &presented{client: client, part: part, key: key, usage: keyusage.TGS_REP_ENCPART_SESSION_KEY}
	if len(a.SubKey.KeyValue) > 0 {
		if p.key, err = krb5.FromWireKey(a.SubKey); err != nil {
			return nil, refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "the subkey cannot be used")
		}
		p.usage = keyusage.TGS_REP_ENCPART_AUTHENTICATOR_SUB_KEY
	}
	return p, nil
}

// openTGT reads a ticket of this KDC and checks its times.
func (k *KDC) openTGT(t messages.Ticket) (messages.EncTicketPart, krb5.Key, *refusal) {
	var part messages.EncTicketPart
	tgs, ok := k.find(krb5.TGS(k.realm))
	name := krb5.Principal{Components: t.SName.NameString, Realm: t.Realm}
	if !ok || !name.Equal(tgs.name) {
		return part, krb5.Key{}, refuse(errorcode.KRB_AP_ERR_NOT_US, "the ticket is for another service")
	}
	plain, err := tgs.keys[0].Decrypt(t.EncPart, keyusage.KDC_REP_TICKET)
	if err != nil || krb5.Guard("ticket", func() error { return part.Unmarshal(plain) }) != nil {
		return part, krb5.Key{}, refuse(errorcode.KRB_AP_ERR_BAD_INTEGRITY, "the ticket is not of this KDC")
	}
	key, err := krb5.FromWireKey(part.Key)
	now := k.now()
	switch {
	case err != nil:
		return part, key, refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "the session key cannot be used")
	case part.StartTime.Sub(now) > k.opts.Skew:
		return part, key, refuse(errorcode.KRB_AP_ERR_TKT_NYV, "the ticket is not valid yet")
	case now.Sub(part.EndTime) > k.opts.Skew:
		return part, key, refuse(errorcode.KRB_AP_ERR_TKT_EXPIRED, "the ticket has expired")
	}
	return part, key, nil
}

func (k *KDC) openAuthenticator(sealed types.EncryptedData, key krb5.Key) (types.Authenticator, *refusal) {
	var a types.Authenticator
	plain, err := key.Decrypt(sealed, keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR)
	if err != nil || krb5.Guard("authenticator", func() error { return a.Unmarshal(plain) }) != nil {
		return a, refuse(errorcode.KRB_AP_ERR_BAD_INTEGRITY, "the authenticator does not fit the ticket")
	}
	return a, nil
}
