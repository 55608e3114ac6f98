package kdc

import (
	"encoding/asn1"
	"fmt"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// The first bytes of the two requests (RFC 4120 section 5.10).
const (
	tagASReq  = 0x6a
	tagTGSReq = 0x6c
)

// refusal is a KRB-ERROR on its way out.
type refusal struct {
	code    int32
	text    string // for the client's log; says nothing secret
	data    []byte
	service types.PrincipalName // that was asked for
}

func (r *refusal) Error() string { return fmt.Sprintf("%s (code %d)", r.text, r.code) }

func refuse(code int32, format string, args ...any) *refusal {
	return &refusal{code: code, text: fmt.Sprintf(format, args...)}
}

// Handle answers one request. Every request gets an answer, and most get a KRB-ERROR.
func (k *KDC) Handle(request []byte) []byte {
	var reply []byte
	var who string
	no := refuse(errorcode.KRB_AP_ERR_MSG_TYPE, "neither a login nor a ticket request")
	if len(request) > 0 {
		switch request[0] {
		case tagASReq:
			reply, who, no = k.login(request)
		case tagTGSReq:
			reply, who, no = k.ticket(request)
		}
	}
	k.count(request, no)
	if no != nil {
		k.log.Debug("request refused", "principal", who, "reason", no.Error())
		return k.krbError(no)
	}
	k.log.Debug("ticket issued", "principal", who)
	return reply
}

// count notes what a request came to.
func (k *KDC) count(request []byte, no *refusal) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case no != nil && no.code == errorcode.KDC_ERR_PREAUTH_FAILED:
		k.counts.BadKeys++
	case no != nil:
	case request[0] == tagASReq:
		k.counts.Logins++
	default:
		k.counts.Tickets++
	}
}

// krbError encodes a refusal, with this KDC's time, from which clients learn.
func (k *KDC) krbError(no *refusal) []byte {
	now := k.now().UTC()
	service := no.service
	if len(service.NameString) == 0 {
		service = krb5.TGS(k.realm).Wire()
	}
	e := messages.KRBError{
		PVNO: iana.PVNO, MsgType: msgtype.KRB_ERROR,
		STime: now.Truncate(time.Second), Susec: now.Nanosecond() / 1000,
		ErrorCode: no.code, Realm: k.realm, SName: service, EText: no.text, EData: no.data,
	}
	b, err := e.Marshal()
	if err != nil {
		return nil
	}
	return b
}

// parseRequest reads either kind of request. A body that lacks its names or numbers
// would trip what comes after, so that it is refused here.
func parseRequest(what string, unmarshal func() error, body *messages.KDCReqBody) *refusal {
	if krb5.Guard(what, unmarshal) != nil {
		return refuse(errorcode.KRB_AP_ERR_MSG_TYPE, "malformed %s", what)
	}
	switch {
	case len(body.SName.NameString) == 0:
		return refuse(errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN, "no service is named")
	case len(body.EType) == 0:
		return refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "no encryption type is offered")
	case len(body.KDCOptions.Bytes) < 4:
		return refuse(errorcode.KDC_ERR_BADOPTION, "no options")
	}
	return nil
}

// bodyBytes are the bytes of a request's body as the client encoded them: a checksum is
// over these, whatever another encoder would make of the fields.
func bodyBytes(request []byte) ([]byte, bool) {
	var outer, fields asn1.RawValue
	if _, err := asn1.Unmarshal(request, &outer); err != nil {
		return nil, false
	}
	if _, err := asn1.Unmarshal(outer.Bytes, &fields); err != nil {
		return nil, false
	}
	for rest := fields.Bytes; len(rest) > 0; {
		var field asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &field); err != nil {
			return nil, false
		}
		if field.Class == asn1.ClassContextSpecific && field.Tag == 4 {
			return field.Bytes, true
		}
	}
	return nil, false
}

func findPA(list types.PADataSequence, kind int32) ([]byte, bool) {
	for _, pa := range list {
		if pa.PADataType == kind {
			return pa.PADataValue, true
		}
	}
	return nil, false
}
