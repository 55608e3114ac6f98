package kerberos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"qosreport/internal/kerberos/krb5"
)

// anyHost stands for a host in principals of Hadoop's configuration.
const anyHost = "_HOST"

// Ticket gets a ticket for a service principal like impala/host.example.com, from memory
// if it has five minutes left. The realm is the one in the name, else that of the host by
// krb5.conf or DNS, else the client's, whose KDC may refer to another. A host that the KDC
// does not know is tried by the name that DNS has for it, unless krb5.conf or the options
// forbid it or the realm is given.
func (c *Creds) Ticket(ctx context.Context, spn string) (*Ticket, error) {
	typed, err := krb5.ParsePrincipal(spn)
	if err == nil && hostBased(typed) {
		err = namesHost(typed)
	}
	if err != nil {
		return nil, fail(SPNUnknown, err, spnRemedy, "the service principal cannot be read")
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	way := c.conf.hostNames
	if typed.Realm != "" || !hostBased(typed) || c.opts.PinSPN {
		way = hostAsTyped
	}
	switch way {
	case hostFallback:
		return c.typedOrCanonical(ctx, typed)
	case hostCanonical:
		if other, ok := c.canonical(ctx, typed); ok {
			typed = other
		}
	}
	return c.serviceIn(ctx, typed)
}

func hostBased(p krb5.Principal) bool { return len(p.Components) == 2 && !p.IsTGS() }

// ServicePrincipal is the principal of a service on a host, as [Creds.Ticket] takes it. The
// service may be a whole principal of Hadoop's configuration: in impala/_HOST@REALM the
// host stands for _HOST, and impala/host@REALM is asked for whatever was dialled. The host
// may bring its realm, too: host@REALM.
func ServicePrincipal(service, host string) (string, error) {
	p, err := servicePrincipal(service, host)
	if err != nil {
		return "", fail(SPNUnknown, err, spnRemedy, "the service principal cannot be read")
	}
	return p.String(), nil
}

const spnRemedy = "write a service, service/_HOST@REALM or service/host@REALM (impala.service), or a host (impala.spn_host)"

func servicePrincipal(service, host string) (krb5.Principal, error) {
	p, err := krb5.ParsePrincipal(service)
	if err != nil {
		return p, err
	}
	switch {
	case len(p.Components) == 2 && !strings.EqualFold(p.Components[1], anyHost):
		return p, nil
	case len(p.Components) > 2:
		return p, fmt.Errorf("%s has more than a service and a host", clip(service))
	}
	host, realm, _ := strings.Cut(host, "@")
	p.Components = []string{p.Components[0], strings.ToLower(host)}
	p.Realm = cmp.Or(p.Realm, realm)
	if _, err := krb5.ParsePrincipal(p.String()); err != nil {
		return p, err // the host makes it too long, or is none
	}
	return p, namesHost(p)
}

// namesHost is nil unless the place of the host is empty, or was to be filled by somebody.
func namesHost(p krb5.Principal) error {
	if host := p.Components[1]; host == "" || strings.EqualFold(host, anyHost) {
		return fmt.Errorf("the service principal %s names no host", clip(p.String()))
	}
	return nil
}

// onThisHost puts the name of this host for _HOST into the principal of who logs in.
func onThisHost(p krb5.Principal) (krb5.Principal, error) {
	if len(p.Components) != 2 || p.Components[1] != anyHost {
		return p, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return p, fmt.Errorf("the name of this host: %w", err)
	}
	p.Components = []string{p.Components[0], strings.ToLower(host)}
	return p, nil
}

// typedOrCanonical gets a ticket for a host as it was typed, or by its name in DNS. What
// worked is asked for first from then on.
func (c *Creds) typedOrCanonical(ctx context.Context, typed krb5.Principal) (*Ticket, error) {
	if alias, known := c.alias(typed); known {
		if t, err := c.serviceIn(ctx, alias); !errors.Is(err, SPNUnknown) {
			return t, err
		}
	}
	t, err := c.serviceIn(ctx, typed)
	if !errors.Is(err, SPNUnknown) {
		return t, err
	}
	other, ok := c.canonical(ctx, typed)
	if !ok {
		return nil, err
	}
	t, second := c.serviceIn(ctx, other)
	switch {
	case errors.Is(second, SPNUnknown):
		return nil, fmt.Errorf("%w; nor does it know %s, by the name in DNS", err, other.Name())
	case second != nil:
		return nil, second
	}
	c.log.InfoContext(ctx, "the service has its principal by its name in DNS", "asked", typed.Name(), "principal", t.SPN())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.aliases[typed.Name()] = other
	return t, nil
}

func (c *Creds) alias(typed krb5.Principal) (krb5.Principal, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.aliases[typed.Name()]
	return p, ok
}

// canonical is a service principal with the name that DNS has for its host: the end of its
// aliases, or of a short name by the resolver's search list. It is false without another.
func (c *Creds) canonical(ctx context.Context, p krb5.Principal) (krb5.Principal, bool) {
	host := p.Components[1]
	if net.ParseIP(host) != nil {
		return p, false
	}
	name, err := c.opts.Resolver.LookupCNAME(ctx, host)
	if err != nil {
		c.log.DebugContext(ctx, "no name in DNS", "host", host, "reason", reason(err))
		return p, false
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if c.conf.reverseDNS {
		name = c.reverse(ctx, name)
	}
	if name == "" || strings.EqualFold(name, host) {
		return p, false
	}
	return krb5.Principal{Components: []string{p.Components[0], name}, Realm: p.Realm}, true
}

// reverse is the name that DNS has for the first address of a host, or the host's own.
func (c *Creds) reverse(ctx context.Context, host string) string {
	addrs, err := c.opts.Resolver.LookupHost(ctx, host)
	if err != nil || len(addrs) == 0 {
		return host
	}
	names, err := c.opts.Resolver.LookupAddr(ctx, addrs[0])
	if err != nil || len(names) == 0 || names[0] == "." {
		c.log.DebugContext(ctx, "no name in DNS", "host", addrs[0], "reason", reason(err))
		return host
	}
	return strings.ToLower(strings.TrimSuffix(names[0], "."))
}

// serviceIn gets a ticket for a service in the realm where it should be. KDCs may know
// better than krb5.conf and DNS where that is, but not than who named the realm.
func (c *Creds) serviceIn(ctx context.Context, p krb5.Principal) (*Ticket, error) {
	named := p.Realm
	if p.Realm == "" && hostBased(p) {
		p.Realm = cmp.Or(c.conf.realmOf(p.Components[1]), c.realmInDNS(ctx, p.Components[1]))
	}
	p.Realm = cmp.Or(p.Realm, c.client.Realm)
	t, err := c.get(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("get ticket for %s: %w", p, err)
	}
	if named != "" && t.service.Realm != named {
		t.key.Clear()
		return nil, fail(TrustPath, nil, "name the service without a realm (impala.service), or with this one; "+trustRemedy,
			"get ticket for %s: no trust path from %s to %s: the service with this name is in %s", p, c.client.Realm, printable(named), printable(t.service.Realm))
	}
	return t, nil
}

// realmInDNS is the realm that DNS has for a host or for a domain above it, or "". It is
// asked only if krb5.conf says so, since it is not signed.
func (c *Creds) realmInDNS(ctx context.Context, host string) string {
	if !c.conf.dnsLookupRealm || net.ParseIP(host) != nil {
		return ""
	}
	for name := strings.ToLower(host); strings.Contains(name, "."); _, name, _ = strings.Cut(name, ".") {
		texts, err := c.opts.Resolver.LookupTXT(ctx, "_kerberos."+name)
		if err == nil && len(texts) > 0 && texts[0] != "" && printable(texts[0]) == texts[0] {
			return texts[0]
		}
	}
	return ""
}
