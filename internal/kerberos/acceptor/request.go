package acceptor

import (
	"encoding/binary"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// The wishes in the checksum of a GSSAPI authenticator (RFC 4121 section 4.1.1).
const (
	gssChecksum = 0x8003

	wishMutual          = 0x02
	wishConfidentiality = 0x10
	wishIntegrity       = 0x20
)

// request is an AP-REQ that was accepted.
type request struct {
	client        krb5.Principal
	service       krb5.Principal
	session       krb5.Key
	subkey        krb5.Key // Value is nil when the client sent none
	authenticator types.Authenticator
	wishes        uint32
}

// accept checks a client's first token (RFC 4120 section 3.2.3).
func (a *Acceptor) accept(token []byte) (*request, error) {
	kind, body, err := krb5.ParseToken(token)
	if err != nil {
		return nil, errBadToken(err)
	}
	if kind != krb5.TokenAPReq {
		return nil, refuse(errorcode.KRB_AP_ERR_MSG_TYPE, "a token of kind %04x instead of an AP-REQ", kind)
	}
	var ap messages.APReq
	if err := krb5.Guard("AP-REQ", func() error { return ap.Unmarshal(body) }); err != nil {
		return nil, errBadToken(err)
	}
	r, part, err := a.openTicket(ap.Ticket)
	if err != nil {
		return nil, err
	}
	plain, err := r.session.Decrypt(ap.EncryptedAuthenticator, keyusage.AP_REQ_AUTHENTICATOR)
	if err != nil {
		return nil, refuse(errorcode.KRB_AP_ERR_BAD_INTEGRITY, "the authenticator does not fit the ticket")
	}
	if err := krb5.Guard("authenticator", func() error { return r.authenticator.Unmarshal(plain) }); err != nil {
		return nil, errBadToken(err)
	}
	if err := a.checkTimes(part, &r.authenticator); err != nil {
		return nil, err
	}
	if err := r.checkAuthenticator(); err != nil {
		return nil, err
	}
	if sub := r.authenticator.SubKey; len(sub.KeyValue) > 0 {
		if r.subkey, err = a.key(sub); err != nil {
			return nil, err
		}
	}
	if !a.replays.fresh(ap.EncryptedAuthenticator.Cipher, a.opts.Now()) {
		return nil, refuse(errorcode.KRB_AP_ERR_REPEAT, "the request was seen before")
	}
	return r, nil
}

// openTicket decrypts a ticket with the key of the service that it names.
func (a *Acceptor) openTicket(t messages.Ticket) (*request, *messages.EncTicketPart, error) {
	service, err := krb5.FromWire(t.SName, t.Realm)
	if err != nil {
		return nil, nil, errBadToken(err)
	}
	plain, err := a.decryptTicket(service, t.EncPart)
	if err != nil {
		return nil, nil, err
	}
	defer clear(plain)
	part := new(messages.EncTicketPart)
	if err := krb5.Guard("ticket", func() error { return part.Unmarshal(plain) }); err != nil {
		return nil, nil, errBadToken(err)
	}
	r := &request{service: service}
	if r.client, err = krb5.FromWire(part.CName, part.CRealm); err != nil {
		return nil, nil, errBadToken(err)
	}
	if r.session, err = a.key(part.Key); err != nil {
		return nil, nil, err
	}
	return r, part, nil
}

// key is a key out of a message, if it may be used.
func (a *Acceptor) key(wire types.EncryptionKey) (krb5.Key, error) {
	key, err := krb5.FromWireKey(wire)
	if err != nil {
		return key, refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "%v", err)
	}
	if !a.takes(key) {
		return key, refuse(errorcode.KDC_ERR_ETYPE_NOSUPP, "keys of %s are not taken", krb5.EnctypeName(key.Enctype))
	}
	return key, nil
}

func (a *Acceptor) decryptTicket(service krb5.Principal, sealed types.EncryptedData) ([]byte, error) {
	ours, version := false, false
	for _, e := range a.opts.Keys {
		if !e.Principal.Equal(service) {
			continue
		}
		ours = true
		if !a.takes(e.Key) {
			continue
		}
		if e.Key.Enctype != sealed.EType || sealed.KVNO != 0 && uint32(sealed.KVNO) != e.KVNO {
			continue
		}
		version = true
		if plain, err := e.Key.Decrypt(sealed, keyusage.KDC_REP_TICKET); err == nil {
			return plain, nil
		}
	}
	switch {
	case !ours:
		return nil, refuse(errorcode.KRB_AP_ERR_NOT_US, "the ticket is for %s", service)
	case !version:
		return nil, refuse(errorcode.KRB_AP_ERR_BADKEYVER, "no key of version %d for %s", sealed.KVNO, service)
	}
	return nil, refuse(errorcode.KRB_AP_ERR_BAD_INTEGRITY, "the ticket does not decrypt")
}

func (a *Acceptor) checkTimes(part *messages.EncTicketPart, auth *types.Authenticator) error {
	now := a.opts.Now()
	start := part.StartTime
	if start.IsZero() {
		start = part.AuthTime
	}
	sent := auth.CTime.Add(time.Duration(auth.Cusec) * time.Microsecond)
	switch {
	case start.Sub(now) > a.opts.Skew:
		return refuse(errorcode.KRB_AP_ERR_TKT_NYV, "the ticket is not valid yet")
	case now.Sub(part.EndTime) > a.opts.Skew:
		return refuse(errorcode.KRB_AP_ERR_TKT_EXPIRED, "the ticket has expired")
	case now.Sub(sent).Abs() > a.opts.Skew:
		return refuse(errorcode.KRB_AP_ERR_SKEW, "clock skew too great")
	}
	return nil
}

// checkAuthenticator compares the sender with the ticket and reads the wishes.
func (r *request) checkAuthenticator() error {
	sender, err := krb5.FromWire(r.authenticator.CName, r.authenticator.CRealm)
	if err != nil || !sender.Equal(r.client) {
		return refuse(errorcode.KRB_AP_ERR_BADMATCH, "ticket and authenticator are not of one client")
	}
	sum := r.authenticator.Cksum
	if sum.CksumType != gssChecksum || len(sum.Checksum) < 24 || binary.LittleEndian.Uint32(sum.Checksum) != 16 {
		return refuse(errorcode.KRB_AP_ERR_INAPP_CKSUM, "not the checksum of a GSSAPI request")
	}
	r.wishes = binary.LittleEndian.Uint32(sum.Checksum[20:])
	return nil
}
