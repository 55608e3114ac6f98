package kdc

import (
	"crypto/rand"
	"encoding/asn1"
	"slices"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana"
	"github.com/jcmturner/gokrb5/v8/iana/asnAppTag"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// grant is a ticket that is about to be issued.
type grant struct {
	client    krb5.Principal
	service   *account
	session   krb5.Key
	flags     asn1.BitString
	authTime  time.Time // of the login
	start     time.Time
	end       time.Time
	renewTill time.Time // zero: not renewable
}

// newGrant settles the service and its session key.
func (k *KDC) newGrant(body *messages.KDCReqBody, service *account, now time.Time) (*grant, *refusal) {
	if till := body.Till; !till.IsZero() && till.Unix() > 0 && !till.After(now) {
		return nil, refuse(errorcode.KDC_ERR_NEVER_VALID, "the ticket would have ended already")
	}
	id, no := k.sessionType(body, service)
	if no != nil {
		return nil, no
	}
	session, err := krb5.NewKey(id, rand.Reader)
	if err != nil {
		return nil, refuse(errorcode.KRB_ERR_GENERIC, "no session key can be made")
	}
	return &grant{service: service, session: session, flags: asn1.BitString{Bytes: make([]byte, 4), BitLength: 32}}, nil
}

// sessionType is the type of the session key: the first that the client asks for and the
// service can use.
func (k *KDC) sessionType(body *messages.KDCReqBody, service *account) (int32, *refusal) {
	i := slices.IndexFunc(body.EType, func(id int32) bool { return k.canUse(service, id) })
	if i < 0 {
		return 0, refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "no encryption type in common with the service")
	}
	return body.EType[i], nil
}

// canUse reports whether a service takes session keys of a type: what it has keys of, it
// knows, unless the types are pinned. This KDC itself knows all; but what is weak only if
// the realm has such keys and other types are not pinned.
func (k *KDC) canUse(service *account, id int32) bool {
	e, supported := krb5.LookupEnctype(id)
	_, has := service.key(id)
	pinned := slices.Contains(k.opts.Sessions, id)
	switch {
	case !supported:
		return false
	case service.name.IsTGS():
		return !e.Weak || slices.Contains(k.opts.Enctypes, id) && (pinned || k.opts.Sessions == nil)
	case k.opts.Sessions != nil:
		return pinned
	}
	return has
}

// setTimes gives what is asked for, within the limits. A till of 1970 asks for the most.
func (g *grant) setTimes(k *KDC, body *messages.KDCReqBody, now time.Time) {
	g.end = now.Add(k.opts.MaxLife)
	if asked := body.Till; asked.Unix() > 0 && asked.Before(g.end) {
		g.end = asked
	}
	wished := types.IsFlagSet(&body.KDCOptions, flags.Renewable) ||
		types.IsFlagSet(&body.KDCOptions, flags.RenewableOK) && body.Till.After(g.end)
	if !wished {
		return
	}
	g.renewTill = now.Add(k.opts.MaxRenew)
	for _, limit := range []time.Time{body.RTime, body.Till} {
		if limit.Unix() > 0 {
			if limit.Before(g.renewTill) {
				g.renewTill = limit
			}
			break
		}
	}
}

// setFlags sets the flags given and those that the request asks for.
func (g *grant) setFlags(body *messages.KDCReqBody, set ...int) {
	for _, wish := range []int{flags.Forwardable, flags.Proxiable} {
		if types.IsFlagSet(&body.KDCOptions, wish) {
			set = append(set, wish)
		}
	}
	if !g.renewTill.IsZero() {
		set = append(set, flags.Renewable)
	}
	for _, bit := range set {
		g.flags.Bytes[bit/8] |= 0x80 >> (bit % 8)
	}
}

// ticketPart is the EncTicketPart of RFC 4120 section 5.3. The standard library's
// encoder has no GeneralString, so that names come as raw values.
type ticketPart struct {
	Flags     asn1.BitString `asn1:"explicit,tag:0"`
	Key       wireKey        `asn1:"explicit,tag:1"`
	CRealm    asn1.RawValue
	CName     wireName      `asn1:"explicit,tag:3"`
	Transited wireTransited `asn1:"explicit,tag:4"`
	AuthTime  time.Time     `asn1:"generalized,explicit,tag:5"`
	StartTime time.Time     `asn1:"generalized,explicit,optional,tag:6"`
	EndTime   time.Time     `asn1:"generalized,explicit,tag:7"`
	RenewTill time.Time     `asn1:"generalized,explicit,optional,tag:8"`
}

type wireKey struct {
	Type  int32  `asn1:"explicit,tag:0"`
	Value []byte `asn1:"explicit,tag:1"`
}

type wireName struct {
	Type  int32           `asn1:"explicit,tag:0"`
	Parts []asn1.RawValue `asn1:"explicit,tag:1"`
}

type wireTransited struct {
	Type     int32  `asn1:"explicit,tag:0"`
	Contents []byte `asn1:"explicit,tag:1"`
}

const tagGeneralString = 27

func generalString(s string) asn1.RawValue {
	return asn1.RawValue{Tag: tagGeneralString, Bytes: []byte(s)}
}

// seal makes the ticket, which only the service can read.
func (g *grant) seal() (messages.Ticket, error) {
	realm, err := asn1.Marshal(generalString(g.client.Realm))
	if err != nil {
		return messages.Ticket{}, err
	}
	name := wireName{Type: g.client.Wire().NameType}
	for _, c := range g.client.Components {
		name.Parts = append(name.Parts, generalString(c))
	}
	plain, err := asn1.MarshalWithParams(ticketPart{
		Flags:     g.flags,
		Key:       wireKey{g.session.Enctype, g.session.Value},
		CRealm:    asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2, IsCompound: true, Bytes: realm},
		CName:     name,
		Transited: wireTransited{Type: 1, Contents: []byte{}},
		AuthTime:  g.authTime, StartTime: g.start, EndTime: g.end, RenewTill: g.renewTill,
	}, "application,explicit,tag:3")
	if err != nil {
		return messages.Ticket{}, err
	}
	part, err := g.service.keys[0].Encrypt(plain, keyusage.KDC_REP_TICKET, int(g.service.kvno))
	return messages.Ticket{TktVNO: iana.PVNO, Realm: g.service.name.Realm, SName: g.service.name.Wire(), EncPart: part}, err
}

// reply is the open part of the answer with the ticket in it, and the part that only the
// client may read.
func (g *grant) reply(body *messages.KDCReqBody) (messages.KDCRepFields, []byte, error) {
	ticket, err := g.seal()
	if err != nil {
		return messages.KDCRepFields{}, nil, err
	}
	ticket.SName.NameType = body.SName.NameType
	options := types.NewKrbFlags()
	copy(options.Bytes, g.flags.Bytes)
	part := messages.EncKDCRepPart{
		Key:      g.session.Wire(),
		LastReqs: []messages.LastReq{{LRValue: time.Unix(0, 0).UTC()}},
		Nonce:    body.Nonce, Flags: options,
		AuthTime: g.authTime, StartTime: g.start, EndTime: g.end, RenewTill: g.renewTill,
		SRealm: ticket.Realm, SName: ticket.SName,
	}
	plain, err := part.Marshal()
	return messages.KDCRepFields{CRealm: g.client.Realm, CName: g.client.Wire(), Ticket: ticket}, plain, err
}

// tagTGSPart is what a service ticket's part is tagged with; the encoder of the messages
// package has only that of a login.
const tagTGSPart = 0x60 | byte(asnAppTag.EncTGSRepPart)
