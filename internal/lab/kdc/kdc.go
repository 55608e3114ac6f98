// Package kdc is a small Kerberos KDC for the demo and for tests: one realm, principals
// with random keys, logins with an encrypted timestamp, and service tickets.
//
// Everything lives in memory. [KDC.Handle] turns one request into one reply; [KDC.Serve]
// puts TCP and UDP around it. What clients need, keytabs and a krb5.conf, it writes
// itself. MIT's kinit and kvno take it for a KDC.
//
// It has no password, no trust between realms and no replay cache, and is meant for
// loopback. Garbage gets an error reply, never a panic.
package kdc

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"qosreport/internal/kerberos/krb5"
)

// Options of a KDC. The zero value serves EXAMPLE.COM.
type Options struct {
	Realm     string           // "" means EXAMPLE.COM
	Enctypes  []int32          // of new keys, the preferred first; nil means AES-256 and AES-128 with SHA-1
	Sessions  []int32          // of session keys of services, as an administrator may pin them; nil means those of the service's keys
	MaxLife   time.Duration    // of a ticket; 0 means 10h
	MaxRenew  time.Duration    // 0 means 7 days
	Skew      time.Duration    // by how much a client's clock may differ; 0 means 5m
	Offset    time.Duration    // by how much this KDC's clock is ahead
	MaxUDP    int              // bytes of the longest reply by UDP; 0 means 4096
	NoPreauth bool             // give tickets to whoever asks, as KDCs once did
	Now       func() time.Time // nil means time.Now
	Logger    *slog.Logger     // nil discards
}

// KDC is the authority of one realm. It is for any number of goroutines.
type KDC struct {
	opts  Options
	realm string
	log   *slog.Logger

	mu         sync.Mutex
	principals map[string]*account
	counts     Counts
}

// Counts are what a KDC has done.
type Counts struct {
	Logins  int // ticket-granting tickets that were issued for a login
	Tickets int // service tickets that were issued
	BadKeys int // logins that were refused because of the key
}

// Counts are since the KDC was made.
func (k *KDC) Counts() Counts {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.counts
}

// account is a principal with its keys, the preferred type first.
type account struct {
	name krb5.Principal
	kvno uint32
	keys []krb5.Key
}

func (a *account) key(enctype int32) (krb5.Key, bool) {
	i := slices.IndexFunc(a.keys, func(k krb5.Key) bool { return k.Enctype == enctype })
	if i < 0 {
		return krb5.Key{}, false
	}
	return a.keys[i], true
}

// New makes a realm that has a ticket-granting service and nobody else.
func New(o Options) (*KDC, error) {
	o.Realm = cmp.Or(o.Realm, "EXAMPLE.COM")
	o.MaxLife = cmp.Or(o.MaxLife, 10*time.Hour)
	o.MaxRenew = cmp.Or(o.MaxRenew, 7*24*time.Hour)
	o.Skew = cmp.Or(o.Skew, 5*time.Minute)
	o.MaxUDP = cmp.Or(o.MaxUDP, 4096)
	if o.Enctypes == nil {
		o.Enctypes = krb5.SupportedEnctypes()[:2]
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	k := &KDC{opts: o, realm: o.Realm, log: o.Logger, principals: map[string]*account{}}
	tgs := krb5.TGS(k.realm)
	if err := k.setKeys(tgs, krb5.SupportedEnctypes()[:1]); err != nil {
		return nil, err
	}
	return k, nil
}

// Realm is the realm's name.
func (k *KDC) Realm() string { return k.realm }

func (k *KDC) now() time.Time { return k.opts.Now().Add(k.opts.Offset) }

// Add makes principals with random keys, like report or impala/localhost. One that is
// there already gets new keys, with the next version; its tickets and keytabs are stale
// from then on.
func (k *KDC) Add(names ...string) error {
	for _, name := range names {
		p, err := k.parse(name)
		if err != nil {
			return err
		}
		if err := k.setKeys(p, k.opts.Enctypes); err != nil {
			return err
		}
	}
	return nil
}

func (k *KDC) parse(name string) (krb5.Principal, error) {
	p, err := krb5.ParsePrincipal(name)
	if err != nil {
		return p, err
	}
	if p.Realm = cmp.Or(p.Realm, k.realm); p.Realm != k.realm {
		return p, fmt.Errorf("principal %s is of another realm than %s", p, k.realm)
	}
	return p, nil
}

func (k *KDC) setKeys(p krb5.Principal, enctypes []int32) error {
	var keys []krb5.Key
	for _, id := range enctypes {
		key, err := krb5.NewKey(id, rand.Reader)
		if err != nil {
			return fmt.Errorf("add %s: %w", p, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return errors.New("a principal needs a key: no encryption types")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	kvno := uint32(1)
	if old := k.principals[p.String()]; old != nil {
		kvno = old.kvno + 1
	}
	k.principals[p.String()] = &account{p, kvno, keys}
	return nil
}

// Keys are the present keys of principals, as for a keytab.
func (k *KDC) Keys(names ...string) ([]krb5.KeytabEntry, error) {
	var entries []krb5.KeytabEntry
	for _, name := range names {
		p, err := k.parse(name)
		if err != nil {
			return nil, err
		}
		a, ok := k.find(p)
		if !ok {
			return nil, fmt.Errorf("no principal %s", p)
		}
		for _, key := range a.keys {
			entries = append(entries, krb5.KeytabEntry{
				Principal: a.name, NameType: a.name.Wire().NameType, Written: k.now(), KVNO: a.kvno, Key: key.Clone(),
			})
		}
	}
	return entries, nil
}

func (k *KDC) find(p krb5.Principal) (*account, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	a, ok := k.principals[p.String()]
	return a, ok
}

// Conf is a krb5.conf for clients of the realm whose KDCs are at the addresses. It maps
// the domains, like localhost or .example.com, to the realm.
func (k *KDC) Conf(addrs []string, domains ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[libdefaults]\n    default_realm = %s\n", k.realm)
	b.WriteString("    dns_lookup_realm = false\n    dns_lookup_kdc = false\n    dns_canonicalize_hostname = false\n    rdns = false\n    udp_preference_limit = 1\n")
	fmt.Fprintf(&b, "\n[realms]\n    %s = {\n", k.realm)
	for _, addr := range addrs {
		fmt.Fprintf(&b, "        kdc = %s\n", addr)
	}
	b.WriteString("    }\n")
	if len(domains) > 0 {
		b.WriteString("\n[domain_realm]\n")
	}
	for _, domain := range domains {
		fmt.Fprintf(&b, "    %s = %s\n", domain, k.realm)
	}
	return b.String()
}
