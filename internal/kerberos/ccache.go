package kerberos

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/messages"
)

// chooseSource settles whether a keytab or a credential cache says who logs in. What the
// options name beats the environment, which beats krb5.conf; of two in one place the
// keytab counts, because it lasts. The last resort is the usual cache of kinit.
func (o *Options) chooseSource(c *conf, usual string) error {
	for _, place := range []struct{ keytab, ccache string }{
		{o.Keytab, o.CCache},
		{cmp.Or(os.Getenv("KRB5_CLIENT_KTNAME"), os.Getenv("KRB5_KTNAME")), os.Getenv("KRB5CCNAME")},
		{cmp.Or(c.clientKeytab, c.defaultKeytab), c.defaultCCache},
	} {
		if place.keytab != "" {
			o.Keytab, o.CCache = place.keytab, ""
			return nil
		}
		if place.ccache != "" {
			o.CCache = place.ccache
			return nil
		}
	}
	// Anybody may make files where kinit does: one of another user is not taken unasked.
	if info, err := os.Stat(usual); err == nil {
		if owner, known := ownerOf(info); known && owner == os.Geteuid() {
			o.CCache = usual
			return nil
		}
	}
	return fail(KeytabRead, nil, "name a keytab (--kerberos-keytab, kerberos.keytab), or run kinit",
		"no keytab is configured, and this user has no credential cache %s", usual)
}

// usualCCache is where kinit writes when nobody says otherwise.
func usualCCache() string { return fmt.Sprintf("/tmp/krb5cc_%d", os.Getuid()) }

// ccachePath is the file that a cache name stands for: FILE:path, a bare path,
// DIR::path/file, or DIR:path, whose file primary names the one in use.
func ccachePath(name string) (string, error) {
	kind, path, ok := strings.Cut(name, ":")
	switch {
	case !ok || strings.ContainsRune(kind, '/'):
		return name, nil
	case kind == "FILE":
		return path, nil
	case kind == "DIR" && strings.HasPrefix(path, ":"):
		return path[1:], nil
	case kind == "DIR":
		return primaryCCache(path)
	}
	return "", fail(CCacheType, nil, "run kinit -c FILE:/path and name that file (KRB5CCNAME, --kerberos-ccache, kerberos.ccache), or use a keytab (--kerberos-keytab, kerberos.keytab)",
		"the credential cache %s cannot be read by this program: of the type %s only the Kerberos library of this host knows where it is", name, kind)
}

// primaryCCache is the file of a directory of caches that kswitch chose.
func primaryCCache(dir string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, "primary"))
	name := "tkt"
	switch {
	case err == nil:
		name = strings.TrimSpace(string(data))
	case !errors.Is(err, fs.ErrNotExist):
		return "", ccacheFile().failure(dir, err)
	}
	if !strings.HasPrefix(name, "tkt") || strings.ContainsAny(name, "/\x00") {
		return "", fail(CCacheRead, nil, "run kinit again, or name the file: DIR::path", "the file primary of credential cache DIR:%s names no cache", dir)
	}
	return filepath.Join(dir, name), nil
}

// fileOrCollection advises who named what is no file, which may be a directory of caches.
func fileOrCollection(path string) string {
	entries, _ := os.ReadDir(path) // what cannot be read is no directory of ours
	one := ""
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "primary" || name == "tkt":
			return "name it as the directory of caches that it is: DIR:" + path
		case strings.HasPrefix(name, "tkt"): // DIR: would not lead here without a file primary
			one = name
		}
	}
	if one != "" {
		return "name a cache of this directory: " + filepath.Join(path, one)
	}
	return "name a file"
}

// CCache is the content of a credential cache and the file it came from.
type CCache struct {
	File string
	*krb5.CCache
}

// ReadCCache reads the credential cache of the options, else that of KRB5CCNAME, of
// krb5.conf (a file that cannot be read has none) or of kinit. Who else can read it is not
// looked at. The caller clears the keys.
func ReadCCache(o Options) (*CCache, error) {
	name := cmp.Or(o.CCache, os.Getenv("KRB5CCNAME"))
	if name == "" {
		if settings, err := readSettings(o.withDefaults()); err == nil {
			name = settings.defaultCCache
		}
	}
	return readCCache(ccacheFile(), cmp.Or(name, usualCCache()))
}

func readCCache(s secretFile, name string) (*CCache, error) {
	path, err := ccachePath(name)
	if err != nil {
		return nil, err
	}
	data, err := s.read(path)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	if len(data) == 0 {
		return nil, fail(CCacheRead, nil, "run kinit again: the disk may have been full", "credential cache %s is empty", path)
	}
	c, err := krb5.ParseCCache(data)
	if err != nil && looksLikeKeytab(data) {
		return nil, fail(CCacheRead, nil, "name it as a keytab (--kerberos-keytab, kerberos.keytab); qosreport keytab list "+path+" lists it", "%s is no credential cache but a keytab", path)
	}
	if err != nil {
		return nil, fail(CCacheRead, nil, "run kinit again; klist "+path+" must list it", "%s cannot be used: %s", path, err)
	}
	return &CCache{path, c}, nil
}

// Both kinds of files begin with 5 and a version, which keytabs have up to 2 and caches
// from there on.
func looksLikeKeytab(data []byte) bool { return len(data) > 1 && data[0] == 5 && data[1] <= 2 }

func looksLikeCCache(data []byte) bool {
	return len(data) > 1 && data[0] == 5 && (data[1] == 3 || data[1] == 4)
}

// TicketEnctype is the type of the service's key that a ticket is encrypted with, which is
// often another than that of its session key; 0 if the ticket cannot be read.
func TicketEnctype(c *krb5.Credential) int32 {
	var t messages.Ticket
	if krb5.Guard("ticket", func() error { return t.Unmarshal(c.Ticket) }) != nil {
		return 0
	}
	return t.EncPart.EType
}

// readCCache reads the cache as it is now, which must be that of who logs in.
func (c *Creds) readCCache(ctx context.Context) (*CCache, error) {
	cache, err := readCCache(c.guarded(ctx, ccacheFile()), c.opts.CCache)
	if err != nil {
		return nil, err
	}
	if len(c.client.Components) > 0 && !c.client.Equal(cache.Client) {
		cache.Clear()
		return nil, fail(CCacheRead, nil, "run kinit "+c.client.String()+", or leave out the principal (--kerberos-principal, kerberos.principal)",
			"credential cache %s is of %s, not of %s", cache.File, cache.Client, c.client)
	}
	return cache, nil
}

// identifyByCCache settles who logs in, and by what time kinit saw the KDC's clock differ.
func (c *Creds) identifyByCCache(ctx context.Context) error {
	cache, err := c.readCCache(ctx)
	if err != nil {
		return err
	}
	defer cache.Clear()
	c.client = cache.Client
	if cache.Offset != 0 && c.conf.timeSync {
		c.clock.learn(c.clock.local().Add(cache.Offset))
	}
	return nil
}

// find is the ticket for a service that can be used and lasts longest, or nil.
func (c *CCache) find(service krb5.Principal) *krb5.Credential {
	var best *krb5.Credential
	for i := range c.Credentials {
		cred := &c.Credentials[i]
		if !cred.Service.Equal(service) || !cred.Client.Equal(c.Client) || cred.UserToUser || cred.Has(krb5.FlagInvalid) {
			continue
		}
		if best == nil || cred.End.After(best.End) {
			best = cred
		}
	}
	return best
}

// lasts reports whether a ticket is valid by the KDC's clock, and will be for a while.
func (c *Creds) lasts(cred *krb5.Credential, a time.Duration) bool {
	now := c.clock.corrected()
	return cred != nil && !cred.Start.After(now.Add(c.conf.clockSkew)) && cred.End.After(now.Add(a))
}

// fromCCache is a ticket of the cache, or one that its ticket-granting ticket gets. A
// service ticket of the cache is taken once: who asks again was refused with it.
func (c *Creds) fromCCache(ctx context.Context, service krb5.Principal) (*Ticket, error) {
	if service.Equal(krb5.TGS(c.client.Realm)) {
		return c.cachedTGT(ctx)
	}
	cache, err := c.readCCache(ctx)
	if err != nil {
		return nil, err
	}
	defer cache.Clear()
	cred := cache.find(service)
	if cred != nil && c.taken.has(cred) {
		cred = nil
	}
	if !c.lasts(cred, spareService) {
		t, err := c.serviceTicket(ctx, service)
		if err == nil || !c.lasts(cred, 0) {
			return t, err
		}
	}
	t, err := newCachedTicket(cred)
	if err != nil {
		return nil, fail(CCacheRead, err, "run kinit again", "the ticket for %s in credential cache %s cannot be used", service, cache.File)
	}
	c.taken.add(cred)
	t.kept = true
	return t, nil
}

// takenTickets remembers the service tickets that came out of a cache. The zero value has
// none.
type takenTickets struct {
	mu        sync.Mutex
	byService map[string][]byte
}

func (t *takenTickets) has(c *krb5.Credential) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Equal(t.byService[c.Service.String()], c.Ticket)
}

func (t *takenTickets) add(c *krb5.Credential) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byService == nil {
		t.byService = make(map[string][]byte)
	}
	t.byService[c.Service.String()] = c.Ticket
}

// newCachedTicket takes a ticket out of a cache, with a key of its own.
func newCachedTicket(cred *krb5.Credential) (*Ticket, error) {
	t := &Ticket{service: cred.Service, client: cred.Client, authTime: cred.AuthTime, end: cred.End}
	if err := krb5.Guard("ticket", func() error { return t.wire.Unmarshal(cred.Ticket) }); err != nil {
		return nil, err
	}
	key, err := krb5.FromWireKey(cred.Key.Wire())
	t.key = key.Clone()
	return t, err
}
