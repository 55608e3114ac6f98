package kerberos

import (
	"context"
	"errors"
	"slices"
	"strings"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/messages"
)

// maxHops bounds the walk from realm to realm.
const maxHops = 8

// opens is the realm whose KDC takes a ticket-granting ticket: krbtgt/B@A is of A, for B.
func (t *Ticket) opens() string { return t.service.Components[1] }

// refusedTGS is a KDC's refusal of a ticket, and the realms on the way to that KDC.
type refusedTGS struct {
	*messages.KRBError
	passed []string
}

// realm is whose KDC refused.
func (r *refusedTGS) realm() string { return r.passed[len(r.passed)-1] }

// walk asks for a service in the realm of a ticket-granting ticket, and then in those that
// the KDCs refer to (RFC 6806 section 8), until one has it. For a ticket-granting ticket
// of a far realm it takes the way there.
func (c *Creds) walk(ctx context.Context, tgt *Ticket, service krb5.Principal) (*Ticket, *refusedTGS, error) {
	passed := []string{tgt.opens()}
	for {
		t, no, err := c.askTGS(ctx, tgt, service)
		if len(passed) > 1 {
			tgt.key.Clear() // of a ticket that only this walk has
		}
		switch {
		case errors.Is(err, NoKDC) && len(passed) > 1:
			return nil, nil, trustFailure(err, passed, service)
		case err != nil:
			return nil, nil, err
		case no != nil:
			return nil, &refusedTGS{no, passed}, nil
		case !t.service.IsTGS(): // the KDC may have answered with the name behind an alias
			t.service = krb5.Principal{Components: service.Components, Realm: t.service.Realm}
			return t, nil, nil
		case service.IsTGS() && t.opens() == service.Components[1]:
			return t, nil, nil
		}
		next := t.opens()
		if slices.Contains(passed, next) || len(passed) > maxHops {
			t.key.Clear()
			return nil, nil, trustFailure(errors.New("the KDC of "+printable(passed[len(passed)-1])+" refers to "+printable(next)), passed, service)
		}
		c.log.DebugContext(ctx, "referred to another realm", "service", service.Name(), "realm", next)
		passed = append(passed, next)
		tgt = t
	}
}

// firstTGT is the ticket-granting ticket with which to ask for a service: that of its
// realm, or that of the client's when there is no way or it is a way that is asked for.
func (c *Creds) firstTGT(ctx context.Context, service krb5.Principal) (*Ticket, error) {
	if service.Realm != c.client.Realm && !service.IsTGS() {
		tgt, err := c.get(ctx, krb5.TGS(service.Realm))
		if !errors.Is(err, TrustPath) {
			return tgt, err
		}
		c.log.DebugContext(ctx, "no way to the realm: the client's KDC is asked where the service is", "service", service.String(), "reason", err)
	}
	return c.get(ctx, krb5.TGS(c.client.Realm))
}

// noTrust are the answers of a KDC to a ticket-granting ticket of another realm that say
// that the two do not trust each other, or not any more.
var noTrust = append([]int32{errorcode.KRB_AP_ERR_BADMATCH, errorcode.KRB_AP_ERR_NOT_US, errorcode.KDC_ERR_PATH_NOT_ACCEPTED}, staleTGT...)

// isTrustFailure reports whether a refusal is about the way and not about the service.
func (r *refusedTGS) isTrustFailure(service krb5.Principal) bool {
	if service.IsTGS() && r.ErrorCode == errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN {
		return true
	}
	return len(r.passed) > 1 && slices.Contains(noTrust, r.ErrorCode)
}

// trustFailure says how far a walk came.
func trustFailure(cause error, passed []string, service krb5.Principal) error {
	return fail(TrustPath, cause, trustRemedy, "%s", trustText(passed, service))
}

const trustRemedy = "see [domain_realm] and [realms] in krb5.conf, and ask the directory team whether the realms trust each other; " +
	"a principal of the service's own realm needs no trust"

func trustText(passed []string, service krb5.Principal) string {
	to := service.Name()
	if service.IsTGS() {
		to = service.Components[1]
	}
	text := "no trust path from " + passed[0] + " to " + to
	if len(passed) > 1 {
		text += " (the way was " + strings.Join(passed, ", ") + ")"
	}
	return printable(text)
}
