package kerberos

import (
	"context"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/types"
)

const runKinit = "run kinit (kinit -R renews a ticket that has not expired), or use a keytab: --kerberos-keytab, kerberos.keytab"

// loginByCCache looks whether the cache has a ticket that can be used. A service ticket
// will do: which service will be asked is not known yet.
func (c *Creds) loginByCCache(ctx context.Context) error {
	t, err := c.get(ctx, krb5.TGS(c.client.Realm))
	if err == nil {
		t.key.Clear()
		return nil
	}
	cache, unread := c.readCCache(ctx)
	if unread != nil {
		return err
	}
	defer cache.Clear()
	for i := range cache.Credentials {
		if cred := &cache.Credentials[i]; !cred.Service.IsTGS() && c.lasts(cred, 0) {
			return nil
		}
	}
	return err
}

// cachedTGT is the ticket-granting ticket that the cache has now. One that is about to
// end is renewed if it can be; the cache stays as it is, for it belongs to kinit.
func (c *Creds) cachedTGT(ctx context.Context) (*Ticket, error) {
	cache, err := c.readCCache(ctx)
	if err != nil {
		return nil, err
	}
	defer cache.Clear()
	cred := cache.find(krb5.TGS(c.client.Realm))
	switch {
	case cred == nil:
		return nil, fail(CCacheRead, nil, runKinit, "credential cache %s has no ticket-granting ticket of %s", cache.File, c.client)
	case !cred.End.After(c.clock.corrected()):
		return nil, fail(TicketExpired, nil, runKinit, "the ticket of %s in credential cache %s expired at %s", c.client, cache.File, cred.End.UTC().Format(time.RFC3339))
	case !c.lasts(cred, 0):
		return nil, fail(TicketExpired, nil, runKinit, "the ticket of %s in credential cache %s is not valid before %s", c.client, cache.File, cred.Start.UTC().Format(time.RFC3339))
	}
	t, err := newCachedTicket(cred)
	if err != nil {
		return nil, fail(CCacheRead, err, "run kinit again; its ticket must be of AES or RC4", "the ticket of %s in credential cache %s cannot be used", c.client, cache.File)
	}
	if c.lasts(cred, spareService) || !cred.Has(krb5.FlagRenewable) || !cred.RenewTill.After(cred.End) {
		return t, nil
	}
	renewed, err := c.renew(ctx, t)
	if err != nil {
		c.log.WarnContext(ctx, "ticket of the credential cache was not renewed", "ticket", t, "reason", err)
		return t, nil
	}
	t.key.Clear()
	return renewed, nil
}

// renew exchanges a ticket-granting ticket for one that ends later (RFC 4120 section
// 3.3.3.1).
func (c *Creds) renew(ctx context.Context, tgt *Ticket) (*Ticket, error) {
	body, err := c.newBody(tgt.service, c.conf.ticketEnctypes)
	if err != nil {
		return nil, err
	}
	for _, option := range []int{flags.Renew, flags.Renewable} {
		types.SetFlag(&body.KDCOptions, option)
	}
	request, err := c.newTGSReq(tgt, body)
	if err != nil {
		return nil, err
	}
	reply, err := c.kdcs.exchange(ctx, question{realm: body.Realm, request: request})
	if err != nil {
		return nil, err
	}
	if reply[0] == tagKRBError {
		refusal, err := parseKRBError(reply)
		if err != nil {
			return nil, wrongReply(err.Error())
		}
		return nil, failure(&Error{Kind: KDCRefused, Code: refusal.ErrorCode, Text: "the KDC does not renew the ticket", Err: peerText(refusal)}, runKinit)
	}
	t, err := c.acceptTGS(reply, tgt, body)
	if err == nil && !t.end.After(tgt.end) {
		err = wrongReply("the new ticket does not last longer")
	}
	return t, err
}
