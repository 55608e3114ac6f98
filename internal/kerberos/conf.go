package kerberos

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// conf is what this program reads of krb5.conf. What it does not know, it skips.
type conf struct {
	defaultRealm   string
	clientKeytab   string // of who logs in; before defaultKeytab
	defaultKeytab  string
	defaultCCache  string
	dnsLookupKDC   bool
	dnsLookupRealm bool
	hostNames      hostNames
	reverseDNS     bool // a name that DNS is asked for is the one that its address has
	clockSkew      time.Duration
	timeSync       bool // take the KDC's clock when this host's is off
	udpLimit       int  // most bytes of a request that goes by UDP first; 0: all by TCP first

	ticketWishes                         // of who logs in, once it is settled who that is
	wishesOf     map[string]ticketWishes // realms with settings of their own in [libdefaults]

	// The encryption types that the file allows for each purpose, the preferred first.
	loginEnctypes, ticketEnctypes []int32
	onlyRC4                       bool // is one of the warnings

	kdcs        map[string][]string     // realm to host:port, in order
	badKDCs     map[string]*syntaxError // realm to the first of its kdc lines that cannot be read
	realmOfName map[string]string       // host name, or domain with a leading dot, to realm

	damage   []string // faults over which other programs stumble, and this one does not
	warnings []string
	ignored  []string // settings that this program has no use for
}

// ticketWishes are what a login asks for. They may differ from realm to realm.
type ticketWishes struct {
	ticketLifetime time.Duration
	renewLifetime  time.Duration // 0 asks for no renewable ticket
	forwardable    bool
	canonicalize   bool // let the KDC say another name for who logs in
	noAddresses    bool // the ticket may be used from any host
}

// hostNames says which name of a host stands in its service principal.
type hostNames int

const (
	// hostFallback is the name as it was typed, and the one that DNS has if the KDC does not
	// know that: a balancer's name is an alias as often as it is a principal.
	hostFallback hostNames = iota
	hostAsTyped
	hostCanonical // the one that DNS has
)

func defaultConf() *conf {
	return &conf{
		dnsLookupKDC:   true,
		clockSkew:      5 * time.Minute,
		timeSync:       true,
		ticketWishes:   ticketWishes{ticketLifetime: 24 * time.Hour, noAddresses: true},
		wishesOf:       map[string]ticketWishes{},
		loginEnctypes:  supported(),
		ticketEnctypes: supported(),
		kdcs:           map[string][]string{},
		badKDCs:        map[string]*syntaxError{},
		realmOfName:    map[string]string{},
	}
}

// loadConf reads the files of a colon-separated list, of which some may be missing, or
// be directories. Of a single value the first file that has it counts.
func loadConf(list string) (*conf, error) {
	r := newProfileReader()
	read := 0
	for _, path := range strings.Split(list, ":") {
		if path == "" {
			continue
		}
		err := readConfFile(r, path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, confFailure(err)
		}
		read++
		r.file++
	}
	if read == 0 {
		return nil, fail(ConfigMissing, nil, "name the file with --kerberos-krb5-conf or KRB5_CONFIG, or give realm and KDCs: --kerberos-realm, --kerberos-kdc",
			"no Kerberos configuration: looked at %s", strings.ReplaceAll(list, ":", ", "))
	}
	return newConf(r, supported())
}

func readConfFile(r *profileReader, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return r.read(path)
	}
	s := &profileScanner{profileReader: r, path: path}
	return s.includeDir(path)
}

func confFailure(err error) error {
	var syntax *syntaxError
	if errors.As(err, &syntax) {
		return fail(ConfigSyntax, nil, syntax.remedy+`; kinit and the drivers say "Improper format of Kerberos configuration file", or do not find what stands there`,
			"read krb5.conf: %s", syntax)
	}
	return fail(ConfigMissing, err, "see whether the file exists and this user may read it", "krb5.conf cannot be read")
}

// newConf takes the settings out of a tree of files, for a program that has the
// encryption types of able.
func newConf(r *profileReader, able []int32) (*conf, error) {
	c := defaultConf()
	c.damage, c.warnings = r.damage, r.warnings
	lib := settings{conf: c, root: &r.root, block: []string{"libdefaults"}, used: map[string]bool{}, able: able}
	c.defaultRealm = lib.text("default_realm")
	c.clientKeytab = lib.path("default_client_keytab_name")
	c.defaultKeytab = lib.path("default_keytab_name")
	c.defaultCCache = lib.path("default_ccache_name")
	lib.boolean("dns_lookup_kdc", &c.dnsLookupKDC)
	lib.boolean("dns_lookup_realm", &c.dnsLookupRealm)
	lib.hostNames("dns_canonicalize_hostname", &c.hostNames)
	lib.boolean("rdns", &c.reverseDNS)
	lib.boolean("kdc_timesync", &c.timeSync)
	lib.duration("clockskew", &c.clockSkew)
	lib.number("udp_preference_limit", &c.udpLimit, 0, 1<<16)
	if c.udpLimit == 1 {
		c.udpLimit = 0
	}
	c.readWishes(lib)
	if err := c.readEnctypes(lib); err != nil {
		return nil, confFailure(err)
	}
	if err := c.readRealms(&r.root); err != nil {
		return nil, confFailure(err)
	}
	c.readDomains(&r.root)
	c.noteIgnored(&r.root, lib.used)
	return c, nil
}

// readWishes reads what a login asks for. The settings of a realm, in a block of its own in
// [libdefaults], go before those of all.
func (c *conf) readWishes(lib settings) {
	lib.wishes(&c.ticketWishes)
	for _, r := range lib.root.values("libdefaults") {
		for _, e := range r.block {
			if _, read := c.wishesOf[e.tag]; e.isMap && !read {
				wishes := c.ticketWishes
				lib.in(e.tag).wishes(&wishes)
				c.wishesOf[e.tag] = wishes
			}
		}
	}
}

// settle takes the settings of the realm of who logs in.
func (c *conf) settle(realm string) {
	if wishes, ok := c.wishesOf[realm]; ok {
		c.ticketWishes = wishes
	}
}

// noteIgnored lists what stands in the files and has no effect here.
func (c *conf) noteIgnored(root *relation, used map[string]bool) {
	for _, section := range root.block {
		switch section.tag {
		case "domain_realm":
		case "libdefaults":
			c.ignore("", section, func(e *relation) bool { return !e.isMap && !used[e.tag] })
			for _, e := range section.block {
				c.ignore(clip(e.tag)+".", e, func(inner *relation) bool { return !used[e.tag+"."+inner.tag] })
			}
		case "realms":
			for _, realm := range section.block {
				c.ignore("[realms] ", realm, func(e *relation) bool { return e.tag != "kdc" })
			}
		default:
			c.note("[" + clip(section.tag) + "]")
		}
	}
}

// ignore notes the settings of a block that have no use.
func (c *conf) ignore(prefix string, block *relation, useless func(*relation) bool) {
	for _, e := range block.block {
		if useless(e) {
			c.note(prefix + clip(e.tag))
		}
	}
}

func (c *conf) note(name string) {
	if !slices.Contains(c.ignored, name) && len(c.ignored) < maxIgnored {
		c.ignored = append(c.ignored, name)
	}
}

const maxIgnored = 100
