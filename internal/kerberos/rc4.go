package kerberos

import (
	"context"
	"fmt"
	"slices"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/messages"
)

func isRC4(enctype int32) bool { return enctype == etypeID.RC4_HMAC }

// warnRC4 says once of a login that it stands on RC4, which is broken (RFC 8429) and which
// KDCs and services stop to take, and what to ask for instead. A krb5.conf that allows
// nothing else has drawn a warning of its own.
func (c *Creds) warnRC4(ctx context.Context, t *Ticket) {
	sealed := t.wire.EncPart.EType
	if !isRC4(sealed) && !isRC4(t.key.Enctype) && !isRC4(t.opened) || c.warnedRC4.Swap(true) {
		return
	}
	c.log.WarnContext(ctx, "rc4-hmac is in use, which is broken and will be refused some day",
		"ticket", t.SPN(), "session_key", t.Enctype(), "ticket_key", krb5.EnctypeName(sealed), "remedy", c.insteadOfRC4(t))
}

// openLogin sends the first request of a login. It asks for the types of the keytab alone,
// so that the reply is for a key in there. If those are RC4 or new types, a KDC with other
// keys of its own may not want to make such a session key, and is asked again for all types
// that are allowed: those of the keytab still go first, for the reply. This is no attempt
// with a key.
func (c *Creds) openLogin(ctx context.Context, body *messages.KDCReqBody) ([]byte, error) {
	reply, err := c.askAS(ctx, *body, nil)
	everywhere := func(id int32) bool {
		return id == etypeID.AES256_CTS_HMAC_SHA1_96 || id == etypeID.AES128_CTS_HMAC_SHA1_96
	}
	if err != nil || errorCode(reply) != errorcode.KDC_ERR_ETYPE_NOSUPP || slices.ContainsFunc(body.EType, everywhere) {
		return reply, err
	}
	others := slices.DeleteFunc(slices.Clone(c.conf.loginEnctypes), func(id int32) bool { return isRC4(id) || slices.Contains(body.EType, id) })
	if len(others) == 0 {
		return reply, nil
	}
	body.EType = slices.Concat(body.EType, others)
	return c.askAS(ctx, *body, nil)
}

// insteadOfRC4 is what the administrator of the KDC can do. The type of a ticket comes
// from the service's keys; that of the reply to a login from the client's.
func (c *Creds) insteadOfRC4(t *Ticket) string {
	const ask = "ask the administrator of the KDC to "
	const aes = "give %s AES keys (in Active Directory: allow AES for the account, then change its password) and to export a new keytab"
	switch {
	case !t.service.IsTGS():
		return fmt.Sprintf(ask+aes+" for the service", t.service)
	case isRC4(t.wire.EncPart.EType) && !isRC4(t.opened):
		return fmt.Sprintf(ask+"change the key of %s, so that it becomes one of AES", t.service)
	}
	return fmt.Sprintf(ask+aes, t.client)
}
