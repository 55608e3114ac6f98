package kerberos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/messages"
)

// Tickets with less time left than this are not used any more.
const (
	spareTGT     = 2 * time.Minute
	spareService = 5 * time.Minute
)

// Ticket lets one client talk to one service. It prints no secrets.
type Ticket struct {
	service krb5.Principal // as asked for
	client  krb5.Principal
	wire    messages.Ticket
	key     krb5.Key // of the session, shared by client and service
	opened  int32    // encryption type of the KDC's reply; 0 for a ticket out of a cache

	authTime, end time.Time // by the KDC's clock
	serial        uint64    // tells a ticket in memory from its successor
	kept          bool      // lent from memory: the service's key may have changed since
}

// SPN is the service principal, as service/host@REALM.
func (t *Ticket) SPN() string { return t.service.String() }

// End is when the ticket expires by the KDC's clock.
func (t *Ticket) End() time.Time { return t.end }

// Enctype is the name of the session key's encryption type.
func (t *Ticket) Enctype() string { return krb5.EnctypeName(t.key.Enctype) }

// newTicket takes the ticket out of a reply whose encrypted part was opened, after the
// checks that a login and a service ticket share.
func (c *Creds) newTicket(rep messages.KDCRepFields, plain []byte, body messages.KDCReqBody) (*Ticket, error) {
	var part messages.EncKDCRepPart
	if err := krb5.Guard("reply", func() error { return part.Unmarshal(plain) }); err != nil {
		return nil, wrongReply(err.Error())
	}
	client, err := krb5.FromWire(rep.CName, rep.CRealm)
	if err != nil {
		return nil, wrongReply(err.Error())
	}
	service, err := krb5.FromWire(part.SName, part.SRealm)
	if err != nil {
		return nil, wrongReply(err.Error())
	}
	outer, err := krb5.FromWire(rep.Ticket.SName, rep.Ticket.Realm)
	if err != nil {
		return nil, wrongReply(err.Error())
	}
	switch {
	case part.Nonce != body.Nonce:
		return nil, wrongReply("another nonce")
	case !service.Equal(outer):
		return nil, wrongReply("the ticket names " + outer.String() + ", its key is for " + service.String())
	case !part.EndTime.After(c.clock.corrected()):
		return nil, fail(TicketExpired, nil, "start time synchronisation on this host", "the KDC issued a ticket for %s that has ended at %s", service, part.EndTime.Format(time.RFC3339))
	}
	key, err := krb5.FromWireKey(part.Key)
	if err == nil && !slices.Contains(body.EType, key.Enctype) {
		err = fmt.Errorf("%s was not asked for", krb5.EnctypeName(key.Enctype))
	}
	if err != nil {
		return nil, fail(EtypeUnsupported, err, "see the enctype lists in krb5.conf", "the session key for %s cannot be used", service)
	}
	return &Ticket{service: service, client: client, wire: rep.Ticket, key: key, opened: rep.EncPart.EType, authTime: part.AuthTime, end: part.EndTime}, nil
}

// flight is a request that several goroutines wait for.
type flight struct {
	done   chan struct{}
	ticket *Ticket
	kept   bool // the ticket is the one that was there before
	err    error
}

// get is the ticket for a service from memory, or from the KDC. Whoever comes first
// asks; the others wait for the same answer.
func (c *Creds) get(ctx context.Context, service krb5.Principal) (*Ticket, error) {
	name := service.String()
	for {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return nil, errClosed
		}
		if t := c.tickets[name]; t != nil && c.fresh(t) {
			defer c.mu.Unlock()
			return t.lend(true), nil
		}
		f, waiting := c.flights[name]
		if !waiting {
			f = &flight{done: make(chan struct{})}
			c.flights[name] = f
		}
		c.mu.Unlock()
		if !waiting {
			c.fly(ctx, f, service)
			return c.land(f)
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, endedWaiting(ctx, service)
		}
		// A request that ended with the context of whoever made it says nothing to others.
		if !errors.Is(f.err, context.Canceled) && !errors.Is(f.err, context.DeadlineExceeded) {
			return c.land(f)
		}
	}
}

// endedWaiting is the failure of who waited for another's request until the time was up.
func endedWaiting(ctx context.Context, service krb5.Principal) error {
	if errors.Is(ctx.Err(), context.Canceled) { // by somebody, for a cause of their own
		return context.Cause(ctx)
	}
	return fail(KDCUnreachable, context.Cause(ctx), "see the KDC's load and the network on the way", "no ticket for %s in time", service)
}

// lend is a copy for one caller, which a Close of the login does not touch.
func (t *Ticket) lend(kept bool) *Ticket {
	lent := *t
	lent.key, lent.kept = t.key.Clone(), kept
	return &lent
}

// land gives one of those who waited for a flight what it brought.
func (c *Creds) land(f *flight) (*Ticket, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case f.err != nil:
		return nil, f.err
	case c.closed:
		return nil, errClosed
	}
	return f.ticket.lend(f.kept || f.ticket.kept), nil
}

func (c *Creds) fresh(t *Ticket) bool {
	spare := spareService
	if t.service.IsTGS() && c.opts.CCache == "" { // whoever keeps a cache alive does it in time
		spare = spareTGT
	}
	// A ticket that was short from the start is used for half of its life.
	spare = max(0, min(spare, t.end.Sub(t.authTime)/2))
	return t.end.Sub(c.clock.corrected()) > spare
}

// fly makes the request of a flight and keeps what it brings.
func (c *Creds) fly(ctx context.Context, f *flight, service krb5.Principal) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	if c.opts.CCache != "" {
		f.ticket, f.err = c.fromCCache(ctx, service)
	} else if service.Equal(krb5.TGS(c.client.Realm)) {
		f.ticket, f.err = c.login(ctx)
		if f.err != nil {
			f.err = fmt.Errorf("log in as %s: %w", c.client, f.err)
		}
	} else {
		f.ticket, f.err = c.serviceTicket(ctx, service)
	}
	if f.err == nil {
		c.warnRC4(ctx, f.ticket)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.flights, service.String())
	if old := c.tickets[service.String()]; old != nil && errors.Is(f.err, KDCUnreachable) && old.end.After(c.clock.corrected()) {
		c.log.WarnContext(ctx, "no new ticket: the old one is used to its end", "ticket", old, "reason", f.err)
		f.ticket, f.kept, f.err = old, true, nil
	}
	switch {
	case f.err != nil, f.kept:
	case c.closed:
		f.ticket.key.Clear()
	default:
		c.serial++
		f.ticket.serial = c.serial
		c.tickets[service.String()] = f.ticket
	}
	close(f.done)
}

// forget drops a ticket that a service or the KDC did not take, so that the next one is
// fresh: its key may have changed.
func (c *Creds) forget(t *Ticket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, kept := range c.tickets {
		if kept.serial == t.serial {
			delete(c.tickets, name)
		}
	}
}
