package kerberos

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

const (
	clockTolerance = time.Second      // an offset up to this is not worth keeping
	clockAlarm     = 60 * time.Second // an offset from here on is worth a warning
)

// login gets a ticket-granting ticket with the keys that the keytab has now.
func (c *Creds) login(ctx context.Context) (*Ticket, error) {
	keys, err := c.clientKeys(ctx)
	if err != nil {
		return nil, err
	}
	defer keys.clear()
	t, err := c.loginWith(ctx, keys)
	if !errors.Is(err, KeytabStale) {
		return t, err
	}
	// The key may have been changed while the KDC was asked, there and in the file. The same
	// key is not tried again.
	fresh, unread := c.clientKeys(ctx)
	if unread != nil || fresh.equal(keys) {
		fresh.clear()
		return nil, err
	}
	defer fresh.clear()
	c.log.InfoContext(ctx, "keytab was replaced during the login", "keytab", c.opts.Keytab)
	return c.loginWith(ctx, fresh)
}

// maxRealms bounds how often a KDC may say that the client is in another realm.
const maxRealms = 5

// loginWith gets a ticket-granting ticket. A KDC that says in which realm the client is
// (RFC 6806 section 7) is believed, since the reply has to stand the same key.
func (c *Creds) loginWith(ctx context.Context, keys keySet) (*Ticket, error) {
	enctypes := keys.enctypes(c.conf.loginEnctypes)
	if len(enctypes) == 0 {
		return nil, fail(EtypeUnsupported, nil, "give the account AES keys and export a new keytab, or see the enctype lists in krb5.conf",
			"no encryption type in common: the keytab has %s", keys)
	}
	passed := []string{c.client.Realm}
	for {
		body, err := c.newBody(krb5.TGS(passed[len(passed)-1]), enctypes)
		if err != nil {
			return nil, err
		}
		body.CName = c.client.Wire()
		if c.conf.canonicalize {
			types.SetFlag(&body.KDCOptions, flags.Canonicalize)
		}
		if !c.conf.noAddresses {
			body.Addresses = c.addresses(ctx)
		}
		reply, err := c.askLogin(ctx, &body, keys)
		if err != nil {
			return nil, err
		}
		if reply[0] != tagKRBError {
			return c.acceptAS(ctx, reply, body, keys)
		}
		e, err := parseKRBError(reply)
		if err != nil {
			return nil, wrongReply(err.Error())
		}
		if e.ErrorCode != errorcode.KDC_ERR_WRONG_REALM || e.CRealm == "" || slices.Contains(passed, e.CRealm) || len(passed) > maxRealms {
			return nil, c.asFailure(e, keys)
		}
		c.log.InfoContext(ctx, "the KDC says that the client is in another realm", "principal", c.client.String(), "realm", clip(e.CRealm))
		passed = append(passed, e.CRealm)
	}
}

// addresses are those from which the ticket may be used (RFC 4120 section 5.4.1): the ones
// of this host that others see.
func (c *Creds) addresses(ctx context.Context) []types.HostAddress {
	all, err := c.opts.Addresses()
	if err != nil {
		c.log.WarnContext(ctx, "the ticket is not bound to this host", "reason", err)
	}
	var list []types.HostAddress
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			list = append(list, types.HostAddressFromNetIP(n.IP))
		}
	}
	return list
}

// askLogin makes the exchange with one realm (RFC 4120 section 3.1). The first request
// carries no proof, since only the KDC's answer says which one it wants. The proof is
// made anew if the KDC does not like its time, which is no attempt with a key.
func (c *Creds) askLogin(ctx context.Context, body *messages.KDCReqBody, keys keySet) ([]byte, error) {
	reply, err := c.openLogin(ctx, body)
	if err == nil && errorCode(reply) == errorcode.KDC_ERR_NEVER_VALID && c.learnFrom(ctx, reply) {
		c.setTimes(body) // the end that was asked for has passed at the KDC
		reply, err = c.openLogin(ctx, body)
	}
	if err != nil || errorCode(reply) != errorcode.KDC_ERR_PREAUTH_REQUIRED {
		return reply, err
	}
	wanted, err := parseKRBError(reply)
	if err != nil {
		return nil, wrongReply(err.Error())
	}
	c.learnFrom(ctx, reply)
	if err := c.findKeys(ctx, wanted, *body, keys); err != nil {
		return nil, err
	}
	for again := false; ; again = true {
		c.setTimes(body)
		proof, err := c.prove(wanted, keys)
		if err != nil {
			return nil, err
		}
		reply, err := c.askAS(ctx, *body, proof)
		if err != nil || again || errorCode(reply) != errorcode.KRB_AP_ERR_SKEW || !c.learnFrom(ctx, reply) {
			return reply, err
		}
	}
}

// newBody is the part that all requests to a KDC have.
func (c *Creds) newBody(service krb5.Principal, enctypes []int32) (messages.KDCReqBody, error) {
	var nonce [4]byte
	if _, err := io.ReadFull(c.opts.Rand, nonce[:]); err != nil {
		return messages.KDCReqBody{}, fmt.Errorf("read random bytes: %w", err)
	}
	body := messages.KDCReqBody{
		KDCOptions: types.NewKrbFlags(),
		Realm:      service.Realm,
		SName:      service.Wire(),
		Nonce:      int(binary.BigEndian.Uint32(nonce[:]) &^ (1 << 31)),
		EType:      enctypes,
	}
	if c.conf.forwardable {
		types.SetFlag(&body.KDCOptions, flags.Forwardable)
	}
	if c.conf.renewLifetime > 0 {
		types.SetFlag(&body.KDCOptions, flags.Renewable)
	}
	c.setTimes(&body)
	return body, nil
}

// setTimes asks for a ticket from now on, by the KDC's clock as far as that is known.
func (c *Creds) setTimes(body *messages.KDCReqBody) {
	now := c.clock.corrected().UTC()
	body.Till = now.Add(c.conf.ticketLifetime)
	if c.conf.renewLifetime > 0 {
		body.RTime = now.Add(c.conf.renewLifetime)
	}
}

func (c *Creds) askAS(ctx context.Context, body messages.KDCReqBody, proof types.PADataSequence) ([]byte, error) {
	request := messages.ASReq{KDCReqFields: messages.KDCReqFields{
		PVNO: iana.PVNO, MsgType: msgtype.KRB_AS_REQ, PAData: proof, ReqBody: body,
	}}
	b, err := request.Marshal()
	if err != nil {
		return nil, errors.New("the login request cannot be encoded")
	}
	reply, err := c.kdcs.exchange(ctx, question{body.Realm, b, len(proof) > 0})
	if err == nil && reply[0] == tagTGSRep {
		err = wrongReply("a service ticket instead of a login")
	}
	return reply, err
}

// learnFrom is learnTime with the time in a KRB-ERROR.
func (c *Creds) learnFrom(ctx context.Context, reply []byte) bool {
	e, err := parseKRBError(reply)
	return err == nil && c.learnTime(ctx, peerTime(e.STime, e.Susec))
}

// learnTime takes the KDC's clock for the right one, unless krb5.conf forbids it, and
// reports whether that is new.
func (c *Creds) learnTime(ctx context.Context, kdc time.Time) bool {
	if !c.conf.timeSync || c.clock.ahead(kdc).Abs() <= clockTolerance {
		return false
	}
	offset := c.clock.learn(kdc)
	alarming := offset.Abs() > clockAlarm
	if warned := c.warnedClock.Swap(alarming); alarming && !warned {
		c.log.WarnContext(ctx, "clock differs from that of the KDC, whose time is used; the service's clock decides too", "kdc_ahead", offset.Round(time.Second))
	}
	return true
}

// acceptAS opens the reply to a login and checks that it answers the request
// (RFC 4120 section 3.1.5).
func (c *Creds) acceptAS(ctx context.Context, reply []byte, body messages.KDCReqBody, keys keySet) (*Ticket, error) {
	var rep messages.ASRep
	if err := krb5.Guard("AS-REP", func() error { return rep.Unmarshal(reply) }); err != nil {
		return nil, wrongReply(err.Error())
	}
	plain, err := openASRep(rep.EncPart, keys)
	if err != nil {
		return nil, fail(KeytabStale, err, "the password or key was changed after the keytab was made: export a new keytab",
			"the key of %s in keytab %s does not open the KDC's reply (%s)", c.client, c.opts.Keytab, keys)
	}
	defer clear(plain)
	client, err := krb5.FromWire(body.CName, body.Realm)
	if err != nil {
		return nil, err
	}
	t, err := c.newTicket(rep.KDCRepFields, plain, body)
	if err != nil {
		return nil, err
	}
	switch {
	case t.service.Equal(krb5.TGS(client.Realm)) && t.client.Equal(client):
	case c.conf.canonicalize && t.service.Equal(krb5.TGS(t.service.Realm)): // other names were asked for
	case !t.client.Equal(client):
		return nil, wrongReply("for client " + t.client.String())
	default:
		return nil, wrongReply("for service " + t.service.String())
	}
	// A KDC that asks for no proof shows its time here for the first time, without fractions.
	if ahead := c.clock.ahead(t.authTime); ahead.Abs() > 2*clockTolerance {
		c.learnTime(ctx, t.authTime)
	}
	if ahead := c.clock.ahead(t.authTime); ahead.Abs() > max(c.conf.clockSkew, 2*clockTolerance) {
		return nil, c.skewFailure(&messages.KRBError{STime: t.authTime}, "the KDC")
	}
	c.log.DebugContext(ctx, "logged in", "principal", c.client.String(), "until", t.end, "enctype", krb5.EnctypeName(t.key.Enctype))
	return t, nil
}

// openASRep tries the keys of the reply's type: the one of the version that the reply
// names first, then all others, since the versions in keytabs are often wrong. That
// costs no attempt at the KDC.
func openASRep(sealed types.EncryptedData, keys keySet) ([]byte, error) {
	candidates := keys.of(sealed.EType)
	slices.SortStableFunc(candidates, func(a, b krb5.KeytabEntry) int {
		return boolRank(int(b.KVNO) == sealed.KVNO) - boolRank(int(a.KVNO) == sealed.KVNO)
	})
	err := fmt.Errorf("the reply is for a key of %s", krb5.EnctypeName(sealed.EType))
	for _, e := range candidates {
		var plain []byte
		if plain, err = e.Key.Decrypt(sealed, keyusage.AS_REP_ENCPART); err == nil {
			return plain, nil
		}
	}
	return nil, err
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}
