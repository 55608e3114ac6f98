package kerberos

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"
)

// kinit makes a cache as kinit and kvno would, with a ticket-granting ticket and tickets
// for services, and lets the options name it in place of the keytab.
func (w *world) kinit(services ...string) *krb5.CCache {
	w.t.Helper()
	conf := w.keytab + ".conf"
	must(w.t, func() error {
		return os.WriteFile(conf, []byte("[libdefaults]\ndefault_realm = EXAMPLE.COM\nrenew_lifetime = 2d\n[realms]\nEXAMPLE.COM = {\nkdc = kdc-1.example.com\n}\n"), 0o600)
	})
	o := w.opts
	o.KRB5Conf, o.Realm, o.KDCs, o.Keytab, o.CCache = conf, "", nil, w.keytab, ""
	c, err := Login(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	for _, spn := range services {
		if _, err := c.Ticket(w.t.Context(), spn); err != nil {
			w.t.Fatal(err)
		}
	}
	cache := &krb5.CCache{Client: c.client}
	for _, t := range c.tickets {
		b, err := t.wire.Marshal()
		if err != nil {
			w.t.Fatal(err)
		}
		cred := krb5.Credential{Client: t.client, Service: t.service, Key: t.key.Clone(), AuthTime: t.authTime, Start: t.authTime, End: t.end, Ticket: b}
		if t.service.IsTGS() {
			cred.Flags, cred.RenewTill = krb5.FlagRenewable, t.authTime.Add(48*time.Hour)
		}
		cache.Credentials = append(cache.Credentials, cred)
	}
	o.Keytab, o.CCache = "", w.keytab+".ccache"
	w.opts = o
	w.asks = 0
	w.save(cache)
	return cache
}

func (w *world) save(c *krb5.CCache) {
	must(w.t, func() error { return os.WriteFile(w.keytab+".ccache", krb5.AppendCCache(nil, c), 0o600) })
}

func TestACacheIsTheLogin(t *testing.T) {
	tests := []struct {
		name string
		ours string // name of the cache, with FILE for the path of the file and DIR for its folder
		at   string // the file, in the folder
		more map[string]string
	}{
		{"a bare path", "FILE", "x", nil},
		{"FILE:", "FILE:FILE", "x", nil},
		{"a directory with a choice", "DIR:DIR", "tktAb", map[string]string{"primary": "tktAb\n"}},
		{"a directory without", "DIR:DIR", "tkt", nil},
		{"a file of a directory", "DIR::FILE", "tktx", map[string]string{"primary": "tkt\n"}},
		{"a path with a colon", "FILE", "a:b", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			cache := w.kinit()
			dir := t.TempDir()
			file := filepath.Join(dir, tt.at)
			before := krb5.AppendCCache(nil, cache)
			must(t, func() error { return os.WriteFile(file, before, 0o600) })
			for name, text := range tt.more {
				must(t, func() error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) })
			}
			kind, path, found := strings.Cut(tt.ours, ":")
			if !found {
				kind, path = "", tt.ours
			} else {
				kind += ":"
			}
			w.opts.CCache = kind + strings.NewReplacer("FILE", file, "DIR", dir).Replace(path)
			w.opts.Principal = ""
			c := w.login()
			ticket, err := c.Ticket(t.Context(), serviceSPN)
			if err != nil || c.Principal() != clientName || ticket.SPN() != serviceSPN+"@EXAMPLE.COM" {
				t.Fatalf("%v as %s: %v", ticket, c.Principal(), err)
			}
			if got := w.Counts(); got != (kdc.Counts{Logins: 1, Tickets: 1}) {
				t.Errorf("%+v; kinit is the only login", got)
			}
			if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the cache was written, %v", err)
			}
		})
	}
}

// A service ticket of the cache needs no KDC, and is not taken again when it was refused.
func TestAServiceTicketOfTheCache(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	cache := w.kinit(serviceSPN)
	cache.Credentials = cache.Credentials[:2]
	c := w.login()
	for range 2 {
		if ticket, err := c.Ticket(t.Context(), serviceSPN); err != nil || w.requests() != 0 || !ticket.kept {
			t.Fatalf("%v, %v after %d requests", ticket, err, w.requests())
		}
	}
	ticket, err := c.Ticket(t.Context(), serviceSPN)
	if err != nil {
		t.Fatal(err)
	}
	c.forget(ticket)
	if ticket, err := c.Ticket(t.Context(), serviceSPN); err != nil || w.requests() != 1 || ticket.kept {
		t.Errorf("%v, %v after %d requests", ticket, err, w.requests())
	}
}

func TestAServiceTicketAloneIsEnough(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	cache := w.kinit(serviceSPN)
	only := krb5.CCache{Client: cache.Client}
	for _, cred := range cache.Credentials {
		if !cred.Service.IsTGS() {
			cred.End = time.Now().Add(time.Minute) // too short for a new connection, unless there is no other
			only.Credentials = append(only.Credentials, cred)
		}
	}
	w.save(&only)
	c := w.login()
	if ticket, err := c.Ticket(t.Context(), serviceSPN); err != nil || w.requests() != 0 {
		t.Errorf("%v, %v after %d requests", ticket, err, w.requests())
	}
	_, err := c.Ticket(t.Context(), "impala/other.example.com")
	checkFailure(t, err, CCacheRead, "has no ticket-granting ticket of report@EXAMPLE.COM")
}

func TestCachesThatDoNotServe(t *testing.T) {
	change := func(f func(*krb5.Credential)) func(*world, *krb5.CCache) {
		return func(w *world, c *krb5.CCache) {
			f(&c.Credentials[0])
			w.save(c)
		}
	}
	name := func(s string) func(*world, *krb5.CCache) {
		return func(w *world, _ *krb5.CCache) { w.opts.CCache = s }
	}
	text := func(s string) func(*world, *krb5.CCache) {
		return func(w *world, _ *krb5.CCache) {
			must(w.t, func() error { return os.WriteFile(w.opts.CCache, []byte(s), 0o600) })
		}
	}
	tests := []struct {
		name    string
		change  func(*world, *krb5.CCache)
		kind    Kind
		mention string
		try     string
	}{
		{"one that has expired", change(func(c *krb5.Credential) { c.End = time.Unix(1700000000, 0) }), TicketExpired, "expired at 2023-11-14T22:13:20Z", "run kinit"},
		{"one that is not valid yet", change(func(c *krb5.Credential) { c.Start = time.Now().Add(time.Hour) }), TicketExpired, "is not valid before", "run kinit"},
		{"one that the KDC has to make valid first", change(func(c *krb5.Credential) { c.Flags |= krb5.FlagInvalid }), CCacheRead, "has no ticket-granting ticket", "run kinit"},
		{"one for another user's session", change(func(c *krb5.Credential) { c.UserToUser = true }), CCacheRead, "has no ticket-granting ticket", "run kinit"},
		{"one of somebody else, whom the owner of the cache acts for", change(func(c *krb5.Credential) { c.Client.Components = []string{"somebody"} }), CCacheRead, "has no ticket-granting ticket", "run kinit"},
		{"one of the same name in another realm", change(func(c *krb5.Credential) { c.Client.Realm = "OTHER" }), CCacheRead, "has no ticket-granting ticket", "run kinit"},
		{"one with a key of DES", change(func(c *krb5.Credential) { c.Key = krb5.Key{Enctype: 3, Value: make([]byte, 8)} }), CCacheRead, "enctype 3 is not supported", "run kinit"},
		{"a key of the wrong length", change(func(c *krb5.Credential) { c.Key.Value = c.Key.Value[:5] }), CCacheRead, "5 bytes", "run kinit"},
		{"a ticket that is none", change(func(c *krb5.Credential) { c.Ticket = []byte("x") }), CCacheRead, "malformed ticket", "run kinit"},
		{"no ticket at all", func(w *world, c *krb5.CCache) { w.save(&krb5.CCache{Client: c.Client}) }, CCacheRead, "has no ticket-granting ticket", "run kinit"},
		{"of another user", func(w *world, _ *krb5.CCache) { w.opts.Principal = "somebody" }, CCacheRead, "is of report@EXAMPLE.COM, not of somebody@EXAMPLE.COM", "run kinit somebody@EXAMPLE.COM"},
		{"none", name("/nowhere/krb5cc_0"), CCacheRead, "there is no credential cache /nowhere/krb5cc_0", "run kinit"},
		{"a directory", name("/"), CCacheRead, "no regular file", "name a file"},
		{"in the kernel", name("KEYRING:persistent:1000"), CCacheType, "KEYRING:persistent:1000 cannot be read by this program", "kinit -c FILE:"},
		{"in a daemon", name("KCM:"), CCacheType, "KCM: cannot be read", "--kerberos-keytab"},
		{"in the memory of somebody", name("MEMORY:x"), CCacheType, "MEMORY:x cannot be read", "kinit -c FILE:"},
		{"a directory that is none", name("DIR:/nowhere"), CCacheRead, "there is no credential cache /nowhere/tkt", "run kinit"},
		{"empty", text(""), CCacheRead, "is empty", "run kinit"},
		{"a keytab", text("\x05\x02"), CCacheRead, "is no credential cache but a keytab", "qosreport keytab list"},
		{"of a version that nobody has", text("\x05\x09"), CCacheRead, "not a credential cache of version 3 or 4", "run kinit"},
		{"huge", text(strings.Repeat("x", maxSecretBytes+1)), CCacheRead, "longer than", "name the right file"},
		{"one that others can read", func(w *world, _ *krb5.CCache) {
			must(w.t, func() error { return os.Chmod(w.opts.CCache, 0o640) })
			w.opts.StrictPermissions = true
		}, CCacheRead, "open to other users (mode 0640)", "chmod 600"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			tt.change(w, w.kinit())
			_, err := Login(t.Context(), w.opts)
			checkFailure(t, err, tt.kind, tt.mention)
			if !strings.Contains(fault.Remedy(err), tt.try) || w.requests() != 0 {
				t.Errorf("remedy %q after %d requests", fault.Remedy(err), w.requests())
			}
		})
	}
}

// The remedy for a directory of caches that is named as a file is a name that works.
func TestADirectoryOfCachesNamedAsAFile(t *testing.T) {
	for holds, advised := range map[string]string{"primary": "DIR:%s", "tkt": "DIR:%s", "tktAbC123": "%s/tktAbC123"} {
		w := newWorld(t, kdc.Options{})
		w.kinit()
		dir := t.TempDir()
		cache := filepath.Join(dir, holds)
		if holds == "primary" {
			must(t, func() error { return os.WriteFile(cache, []byte("tktX\n"), 0o600) })
			cache = filepath.Join(dir, "tktX")
		}
		must(t, func() error { return os.Rename(w.opts.CCache, cache) })
		advised = fmt.Sprintf(advised, dir)
		for _, name := range []string{dir, "FILE:" + dir} {
			w.opts.CCache = name
			_, err := ReadCCache(w.opts)
			checkFailure(t, err, CCacheRead, "no regular file")
			if remedy := fault.Remedy(err); !strings.HasSuffix(remedy, ": "+advised) {
				t.Errorf("%s with %s: remedy %q", name, holds, remedy)
			}
		}
		w.opts.CCache = advised
		if c, err := ReadCCache(w.opts); err != nil || c.Client.String() != "report@EXAMPLE.COM" {
			t.Errorf("%s, as advised: %v", advised, err)
		}
	}
}

func TestTheFilePrimaryNamesAFileOfItsFolder(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{"../tkt", "krb5cc", "", "tkt/../../x"} {
		must(t, func() error { return os.WriteFile(filepath.Join(dir, "primary"), []byte(text), 0o600) })
		_, err := ReadCCache(Options{CCache: "DIR:" + dir})
		checkFailure(t, err, CCacheRead, "names no cache")
	}
}

func TestACacheThatOthersCanReadWarnsOnce(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	w.kinit(serviceSPN)
	must(t, func() error { return os.Chmod(w.opts.CCache, 0o644) })
	c := w.login()
	if _, err := c.Ticket(t.Context(), serviceSPN); err != nil || w.logs.count("credential cache is not private") != 1 {
		t.Errorf("%v, %d warnings", err, w.logs.count("not private"))
	}
}

func TestTheLifeOfACachedTicket(t *testing.T) {
	tests := []struct {
		name   string
		after  time.Duration // since kinit; its ticket ends after an hour
		change func(*world, *krb5.CCache)
		end    time.Duration // of the service ticket, since kinit; 0: there is none
		logins int
	}{
		{"in the middle of its life", 30 * time.Minute, nil, time.Hour, 1},
		{"near its end it is renewed", 57 * time.Minute, nil, 117 * time.Minute, 1},
		{"near its end, when it cannot be renewed", 57 * time.Minute, func(w *world, c *krb5.CCache) {
			c.Credentials[0].Flags = 0
			w.save(c)
		}, time.Hour, 1},
		{"near its end, when the KDC will not renew it", 57 * time.Minute, func(w *world, _ *krb5.CCache) {
			w.rewrite = func(request, reply []byte) []byte {
				if w.requests() == 1 {
					return w.Handle([]byte("no request"))
				}
				return reply
			}
		}, time.Hour, 1},
		{"after its end", 61 * time.Minute, nil, 0, 1},
		{"after its end, when kinit was run again", 61 * time.Minute, func(w *world, _ *krb5.CCache) { w.kinit() }, 121 * time.Minute, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, kdc.Options{MaxLife: time.Hour})
				w.keytab, w.opts.Keytab = dir+"/report.keytab", dir+"/report.keytab"
				w.export("report")
				start := time.Now()
				cache := w.kinit()
				c := w.login()
				time.Sleep(tt.after)
				if tt.change != nil {
					tt.change(w, cache)
				}
				ticket, err := c.Ticket(t.Context(), serviceSPN)
				if tt.end == 0 {
					checkFailure(t, err, TicketExpired, "expired at")
				} else if err != nil || !ticket.End().Equal(start.Add(tt.end).Truncate(time.Second)) {
					t.Errorf("%v, %v; kinit was at %s", ticket, err, start)
				}
				if got := w.Counts().Logins; got != tt.logins {
					t.Errorf("%d logins", got)
				}
			})
		})
	}
}

func TestTheOffsetOfACacheCounts(t *testing.T) {
	w := newWorld(t, kdc.Options{Now: ahead(10 * time.Minute)})
	w.opts.Now = time.Now
	cache := w.kinit()
	cache.Offset = 10 * time.Minute
	w.save(cache)
	if _, err := w.login().Ticket(t.Context(), serviceSPN); err != nil || w.requests() != 1 {
		t.Errorf("%v after %d requests", err, w.requests())
	}
}

func TestWhereTheLoginComesFrom(t *testing.T) {
	ours := filepath.Join(t.TempDir(), "krb5cc")
	must(t, func() error { return os.WriteFile(ours, nil, 0o600) })
	tests := []struct {
		name           string
		options        Options
		env            map[string]string
		conf           conf
		usual          string
		keytab, ccache string
	}{
		{"a keytab of the options before a cache there", Options{Keytab: "k", CCache: "c"}, nil, conf{}, ours, "k", ""},
		{"a cache of the options before the environment", Options{CCache: "c"}, map[string]string{"KRB5_KTNAME": "k"}, conf{}, ours, "", "c"},
		{"a keytab of the environment before a cache there", Options{}, map[string]string{"KRB5_KTNAME": "k", "KRB5CCNAME": "c"}, conf{}, ours, "k", ""},
		{"that of a client first", Options{}, map[string]string{"KRB5_KTNAME": "k", "KRB5_CLIENT_KTNAME": "kc"}, conf{}, ours, "kc", ""},
		{"a cache of the environment before krb5.conf", Options{}, map[string]string{"KRB5CCNAME": "c"}, conf{defaultKeytab: "k"}, ours, "", "c"},
		{"a keytab of krb5.conf before a cache there", Options{}, nil, conf{defaultKeytab: "k", defaultCCache: "c"}, ours, "k", ""},
		{"a cache of krb5.conf", Options{}, nil, conf{defaultCCache: "c"}, ours, "", "c"},
		{"where kinit writes", Options{}, nil, conf{}, ours, "", ours},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range []string{"KRB5_CLIENT_KTNAME", "KRB5_KTNAME", "KRB5CCNAME"} {
				t.Setenv(name, tt.env[name])
			}
			if err := tt.options.chooseSource(&tt.conf, tt.usual); err != nil || tt.options.Keytab != tt.keytab || tt.options.CCache != tt.ccache {
				t.Errorf("keytab %q, cache %q, %v", tt.options.Keytab, tt.options.CCache, err)
			}
		})
	}
	for _, name := range []string{"KRB5_CLIENT_KTNAME", "KRB5_KTNAME", "KRB5CCNAME"} {
		t.Setenv(name, "")
	}
	checkFailure(t, new(Options).chooseSource(new(conf), ours+"x"), KeytabRead, "no keytab is configured")
}

func TestReadCCacheFindsIt(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	w.kinit(serviceSPN)
	file := w.opts.CCache
	conf := filepath.Join(t.TempDir(), "krb5.conf")
	must(t, func() error {
		return os.WriteFile(conf, []byte("[libdefaults]\ndefault_ccache_name = FILE:"+file+"\n"), 0o600)
	})
	for _, o := range []Options{{CCache: "FILE:" + file}, {KRB5Conf: conf}} {
		t.Setenv("KRB5CCNAME", "")
		cache, err := ReadCCache(o)
		if err != nil || cache.File != file || len(cache.Credentials) != 2 {
			t.Errorf("%+v: %v", o, err)
		}
		t.Setenv("KRB5CCNAME", "KCM:")
		if _, err := ReadCCache(Options{KRB5Conf: conf}); !errors.Is(err, CCacheType) {
			t.Errorf("got %v", err)
		}
	}
}
