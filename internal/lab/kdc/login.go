package kdc

import (
	"encoding/asn1"
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

const errWrongRealm = 68 // KDC_ERR_WRONG_REALM

// login answers an AS-REQ (RFC 4120 section 3.1.2).
func (k *KDC) login(request []byte) (reply []byte, who string, no *refusal) {
	var req messages.ASReq
	if no := parseRequest("AS-REQ", func() error { return req.Unmarshal(request) }, &req.ReqBody); no != nil {
		return nil, "", no
	}
	body := &req.ReqBody
	defer func() {
		if no != nil {
			no.service = body.SName
		}
	}()
	name, err := krb5.FromWire(body.CName, body.Realm)
	if err != nil {
		return nil, "", refuse(errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN, "no client is named")
	}
	who = name.String()
	if body.Realm != k.realm {
		return nil, who, refuse(errWrongRealm, "this KDC serves %s", k.realm)
	}
	client, ok := k.find(name)
	if !ok {
		return nil, who, refuse(errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN, "client not found in database")
	}
	service, ok := k.find(krb5.Principal{Components: body.SName.NameString, Realm: k.realm})
	if !ok {
		return nil, who, refuse(errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN, "service not found in database")
	}
	clientKey, ok := pick(body.EType, client)
	if !ok {
		return nil, who, refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "no encryption type in common with the client's keys")
	}
	if _, no := k.sessionType(body, service); no != nil { // before any proof, as MIT's KDC does
		return nil, who, no
	}
	if !k.opts.NoPreauth {
		if no := k.checkPreauth(client, body, req.PAData); no != nil {
			return nil, who, no
		}
	}
	now := k.now().UTC().Truncate(time.Second)
	grant, no := k.newGrant(body, service, now)
	if no != nil {
		return nil, who, no
	}
	grant.client = name
	grant.authTime, grant.start = now, now
	grant.setTimes(k, body, now)
	grant.setFlags(body, flags.Initial)
	if !k.opts.NoPreauth {
		grant.setFlags(body, flags.PreAuthent)
	}
	reply, err = grant.asReply(body, clientKey, client.kvno)
	if err != nil {
		return nil, who, refuse(errorcode.KRB_ERR_GENERIC, "the reply cannot be made")
	}
	return reply, who, nil
}

func (g *grant) asReply(body *messages.KDCReqBody, key krb5.Key, kvno uint32) ([]byte, error) {
	fields, plain, err := g.reply(body)
	if err != nil {
		return nil, err
	}
	fields.PVNO, fields.MsgType = iana.PVNO, msgtype.KRB_AS_REP
	if fields.EncPart, err = key.Encrypt(plain, keyusage.AS_REP_ENCPART, int(kvno)); err != nil {
		return nil, err
	}
	rep := messages.ASRep{KDCRepFields: fields}
	return rep.Marshal()
}

// pick is the client's key of the first type that it asks for.
func pick(enctypes []int32, a *account) (krb5.Key, bool) {
	for _, id := range enctypes {
		if key, ok := a.key(id); ok {
			return key, true
		}
	}
	return krb5.Key{}, false
}

// checkPreauth demands an encrypted timestamp (RFC 4120 section 5.2.7.2).
func (k *KDC) checkPreauth(client *account, body *messages.KDCReqBody, list types.PADataSequence) *refusal {
	value, ok := findPA(list, patype.PA_ENC_TIMESTAMP)
	if !ok {
		return k.preauthRequired(client, body)
	}
	var sealed types.EncryptedData
	if krb5.Guard("timestamp", func() error { return sealed.Unmarshal(value) }) != nil {
		return refuse(errorcode.KDC_ERR_PREAUTH_FAILED, "malformed timestamp")
	}
	key, ok := client.key(sealed.EType)
	if !ok {
		return refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "the client has no key of this type")
	}
	plain, err := key.Decrypt(sealed, keyusage.AS_REQ_PA_ENC_TIMESTAMP)
	if err != nil {
		return refuse(errorcode.KDC_ERR_PREAUTH_FAILED, "preauthentication failed")
	}
	var stamp types.PAEncTSEnc
	if krb5.Guard("timestamp", func() error { return stamp.Unmarshal(plain) }) != nil {
		return refuse(errorcode.KDC_ERR_PREAUTH_FAILED, "malformed timestamp")
	}
	if !k.near(stamp.PATimestamp, stamp.PAUSec) {
		return refuse(errorcode.KRB_AP_ERR_SKEW, "clock skew too great")
	}
	return nil
}

func (k *KDC) near(whole time.Time, micros int) bool {
	return whole.Add(time.Duration(micros)*time.Microsecond).Sub(k.now()).Abs() <= k.opts.Skew
}

// preauthRequired says what proof is wanted, and with which of the client's keys.
func (k *KDC) preauthRequired(client *account, body *messages.KDCReqBody) *refusal {
	no := refuse(errorcode.KDC_ERR_PREAUTH_REQUIRED, "additional pre-authentication required")
	var infos types.ETypeInfo2
	for _, id := range body.EType {
		if _, ok := client.key(id); ok {
			infos = append(infos, types.ETypeInfo2Entry{EType: id})
		}
	}
	info, err := asn1.Marshal(infos)
	if err != nil {
		return no
	}
	no.data, err = asn1.Marshal(types.PADataSequence{
		{PADataType: patype.PA_ENC_TIMESTAMP, PADataValue: []byte{}},
		{PADataType: patype.PA_ETYPE_INFO2, PADataValue: info},
	})
	if err != nil {
		no.data = nil
	}
	return no
}
