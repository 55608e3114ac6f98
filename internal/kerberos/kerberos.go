// Package kerberos logs in from a keytab and proves to a service who logged in: krb5.conf
// and keytab in, tickets out, and SASL GSSAPI with its security layers on top.
//
// It is a client of its own in pure Go. [Login] gives [Creds], which hand out tickets
// ([Creds.Ticket]) and SASL logins ([Creds.NewSASL]) to any number of goroutines, for
// months: tickets are kept, and one that ends is replaced when it is asked for, by a new
// login with what the keytab holds then. Nothing runs in the background.
//
// Failures are an [Error] with a [Kind] and come with a remedy. Keys, tickets and tokens
// never show up in errors or logs, and a key that the KDC refused is not tried again,
// because every attempt counts towards a lock-out.
package kerberos

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"qosreport/internal/kerberos/krb5"
)

// Options say who logs in and how to find the KDCs. Only a keytab or a credential cache is
// required, and that may come from krb5.conf or the environment.
type Options struct {
	Principal string   // name or name@REALM; "" means the only one in the keytab
	Keytab    string   // path; "" means KRB5_CLIENT_KTNAME, KRB5_KTNAME, then default_keytab_name
	CCache    string   // credential cache of kinit, instead of a keytab; "" means KRB5CCNAME, then default_ccache_name
	KRB5Conf  string   // path, or several with colons; "" means KRB5_CONFIG, then /etc/krb5.conf and /usr/local/etc/krb5.conf
	Realm     string   // "" means the principal's, then default_realm
	KDCs      []string // host or host:port of the realm, instead of those in krb5.conf

	StrictPermissions bool // refuse a keytab that others can read; otherwise it is a warning
	PinSPN            bool // ask for the host of a service principal as it is given, whatever DNS calls it

	Dial      func(ctx context.Context, network, addr string) (net.Conn, error) // nil means a net.Dialer
	Resolver  Resolver                                                          // nil means net.DefaultResolver
	Addresses func() ([]net.Addr, error)                                        // of this host, for tickets that are bound to it; nil means net.InterfaceAddrs
	Now       func() time.Time                                                  // nil means time.Now
	Rand      io.Reader                                                         // nil means crypto/rand
	Logger    *slog.Logger                                                      // nil discards
	Timeout   time.Duration                                                     // of one login or one ticket as a whole; 0 means 30s
}

// Resolver asks DNS. [net.Resolver] is one. Reverse DNS (LookupHost, then LookupAddr) is
// asked only if krb5.conf has rdns = true: whoever answers for an address could name another
// service.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupCNAME(ctx context.Context, host string) (string, error)
	LookupHost(ctx context.Context, host string) ([]string, error)
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

func (o Options) withDefaults() Options {
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Addresses == nil {
		o.Addresses = net.InterfaceAddrs
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.KRB5Conf = cmp.Or(o.KRB5Conf, os.Getenv("KRB5_CONFIG"), "/etc/krb5.conf:/usr/local/etc/krb5.conf")
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	return o
}

// Creds are a login that lasts until Close. They are for any number of goroutines.
type Creds struct {
	opts  Options
	conf  *conf
	kdcs  *kdcs
	clock *clock
	log   *slog.Logger

	client       krb5.Principal // who logs in; set once, by New
	taken        takenTickets
	warnedKeytab atomic.Bool
	warnedClock  atomic.Bool
	warnedRC4    atomic.Bool

	mu      sync.Mutex
	tickets map[string]*Ticket        // by service principal with realm
	flights map[string]*flight        // requests under way, by the same
	aliases map[string]krb5.Principal // service as asked for to the one that the KDC knows
	serial  uint64                    // of the last ticket
	closed  bool
}

var errClosed = errors.New("the login was closed")

// Login is [New] and then [Creds.Login].
func Login(ctx context.Context, o Options) (*Creds, error) {
	c, err := New(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := c.Login(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// New reads configuration and keytab, or cache, and settles who will log in. It asks nobody.
func New(ctx context.Context, o Options) (*Creds, error) {
	c, err := newCreds(ctx, o.withDefaults())
	if err != nil {
		return nil, err
	}
	if err := c.identify(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// Login gets a ticket-granting ticket, which proves that the KDC takes the key. One that
// is there already and lasts will do.
func (c *Creds) Login(ctx context.Context) error {
	if c.opts.CCache != "" {
		return c.loginByCCache(ctx)
	}
	t, err := c.get(ctx, krb5.TGS(c.client.Realm))
	if err != nil {
		return err
	}
	t.key.Clear()
	return nil
}

// newCreds reads the configuration.
func newCreds(ctx context.Context, o Options) (*Creds, error) {
	settings, err := readSettings(o)
	if err != nil {
		return nil, err
	}
	for _, w := range slices.Concat(settings.damage, settings.warnings) {
		o.Logger.WarnContext(ctx, "krb5.conf needs care", "reason", w)
	}
	if len(settings.ignored) > 0 {
		o.Logger.DebugContext(ctx, "krb5.conf has settings that are not used", "names", strings.Join(settings.ignored, ", "))
	}
	settings.defaultRealm = cmp.Or(o.Realm, settings.defaultRealm)
	c := &Creds{
		opts:  o,
		conf:  settings,
		clock: &clock{now: o.Now},
		log:   o.Logger,
		kdcs: &kdcs{conf: settings, dial: o.Dial, resolver: o.Resolver, now: o.Now, log: o.Logger,
			last: map[string]string{}, failed: map[string]time.Time{}},
		tickets: map[string]*Ticket{},
		flights: map[string]*flight{},
		aliases: map[string]krb5.Principal{},
	}
	c.warnedRC4.Store(settings.onlyRC4)
	return c, nil
}

// readSettings reads krb5.conf. Realm and KDCs of the options together replace it, and
// with KDCs alone it may be missing: the principal or the keytab may name the realm.
func readSettings(o Options) (*conf, error) {
	if o.Realm != "" && len(o.KDCs) > 0 {
		return defaultConf(), nil
	}
	settings, err := loadConf(o.KRB5Conf)
	if errors.Is(err, ConfigMissing) && len(o.KDCs) > 0 {
		return defaultConf(), nil
	}
	return settings, err
}

// identify settles who logs in, which the keytab or the cache may say, and where.
func (c *Creds) identify(ctx context.Context) error {
	if c.opts.Principal != "" {
		if err := c.setPrincipal(); err != nil {
			return err
		}
	}
	if err := c.opts.chooseSource(c.conf, usualCCache()); err != nil {
		return err
	}
	if c.opts.CCache != "" {
		if err := c.identifyByCCache(ctx); err != nil {
			return err
		}
		return c.settleRealm()
	}
	entries, err := c.readKeytab(ctx)
	if err != nil {
		return err
	}
	defer keySet(entries).clear()
	if c.client, _, err = c.pickKeys(entries); err != nil {
		return err
	}
	return c.settleRealm()
}

// setPrincipal takes the principal of the options for the one who logs in.
func (c *Creds) setPrincipal() error {
	p, err := krb5.ParsePrincipal(c.opts.Principal)
	if err == nil {
		p, err = onThisHost(p)
	}
	if err != nil {
		return fail(NoRealm, err, `write name@REALM, with \@ for an @ within the name`, "the principal cannot be read")
	}
	if p.Realm = cmp.Or(p.Realm, c.conf.defaultRealm); p.Realm == "" {
		return fail(NoRealm, nil, "write "+c.opts.Principal+"@REALM, or set default_realm in krb5.conf", "which realm is %s in?", c.opts.Principal)
	}
	c.client = p
	return nil
}

// settleRealm takes the settings of the realm of who logs in. Addresses of KDCs in the
// options go before those in krb5.conf.
func (c *Creds) settleRealm() error {
	c.conf.settle(c.client.Realm)
	if len(c.opts.KDCs) == 0 {
		return nil
	}
	var addrs []string
	for _, text := range c.opts.KDCs {
		addr, err := kdcAddress(strings.TrimSpace(text))
		if err != nil {
			return fail(NoKDC, err, "write host or host:port: --kerberos-kdc, kerberos.kdcs", "a KDC's address cannot be read")
		}
		addrs = append(addrs, addr)
	}
	c.conf.kdcs[c.client.Realm] = addrs
	return nil
}

// Principal is who logged in, as name@REALM.
func (c *Creds) Principal() string { return c.client.String() }

// Close overwrites the keys of all tickets. SASL logins that are complete go on.
func (c *Creds) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for name, t := range c.tickets {
		t.key.Clear()
		delete(c.tickets, name)
	}
	return nil
}

// wrongReply is a reply that is not an answer to what was asked.
func wrongReply(what string) error {
	return fail(Token, nil, "see whether the address is that of a KDC of this realm; if it is, report what make of KDC it is",
		"the KDC's reply is not for this request: %s", printable(what))
}
