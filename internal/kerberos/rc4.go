package kerberos

import (
	"context"
	"fmt"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

func isRC4(enctype int32) bool { return enctype == etypeID.RC4_HMAC }

// warnRC4 says once of a login that a ticket stands on RC4, which is broken (RFC 8429) and
// which KDCs and services stop to take, and what to ask for instead.
func (c *Creds) warnRC4(ctx context.Context, t *Ticket) {
	sealed := t.wire.EncPart.EType
	if !isRC4(sealed) && !isRC4(t.key.Enctype) || c.warnedRC4.Swap(true) {
		return
	}
	c.log.WarnContext(ctx, "rc4-hmac is in use, which is broken and will be refused some day",
		"ticket", t.SPN(), "session_key", t.Enctype(), "ticket_key", krb5.EnctypeName(sealed), "remedy", c.insteadOfRC4(t))
}

// insteadOfRC4 is what the administrator of the KDC can do. The type of a ticket comes
// from the service's keys; that of a login's session key from the client's.
func (c *Creds) insteadOfRC4(t *Ticket) string {
	const ask = "ask the administrator of the KDC to "
	const aes = "give %s AES keys (in Active Directory: allow AES for the account, then change its password) and to export a new keytab"
	switch {
	case !t.service.IsTGS():
		return fmt.Sprintf(ask+aes+" for the service", t.service)
	case isRC4(t.wire.EncPart.EType):
		return fmt.Sprintf(ask+"change the key of %s, so that it becomes one of AES", t.service)
	}
	return fmt.Sprintf(ask+aes, t.client)
}
