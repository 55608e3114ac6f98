package kerberos

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// conf is what this program reads of krb5.conf. What it does not know, it skips.
type conf struct {
	defaultRealm   string
	defaultKeytab  string
	dnsLookupKDC   bool
	clockSkew      time.Duration
	timeSync       bool // take the KDC's clock when this host's is off
	ticketLifetime time.Duration
	renewLifetime  time.Duration // 0 asks for no renewable ticket
	forwardable    bool
	udpLimit       int // most bytes of a request that goes by UDP first; 0: all by TCP first

	// The encryption types that the file allows for each purpose, the preferred first.
	loginEnctypes, ticketEnctypes []int32

	kdcs        map[string][]string // realm to host:port, in order
	realmOfName map[string]string   // host name, or domain with a leading dot, to realm
	warnings    []string
}

func defaultConf() *conf {
	return &conf{
		dnsLookupKDC:   true,
		clockSkew:      5 * time.Minute,
		timeSync:       true,
		ticketLifetime: 24 * time.Hour,
		loginEnctypes:  supported(),
		ticketEnctypes: supported(),
		kdcs:           map[string][]string{},
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
	return newConf(r)
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
		return fail(ConfigSyntax, nil, syntax.remedy, "read krb5.conf: %s", syntax)
	}
	return fail(ConfigMissing, err, "see whether the file exists and this user may read it", "krb5.conf cannot be read")
}

// newConf takes the settings out of a tree of files.
func newConf(r *profileReader) (*conf, error) {
	c := defaultConf()
	c.warnings = r.warnings
	lib := settings{conf: c, root: &r.root}
	c.defaultRealm = lib.text("default_realm")
	c.defaultKeytab = lib.plain("default_keytab_name")
	lib.boolean("dns_lookup_kdc", &c.dnsLookupKDC)
	lib.boolean("kdc_timesync", &c.timeSync)
	lib.boolean("forwardable", &c.forwardable)
	lib.duration("clockskew", &c.clockSkew)
	lib.duration("ticket_lifetime", &c.ticketLifetime)
	lib.duration("renew_lifetime", &c.renewLifetime)
	lib.number("udp_preference_limit", &c.udpLimit, 1, 1<<16)
	if c.udpLimit == 1 {
		c.udpLimit = 0
	}
	if err := c.readEnctypes(lib); err != nil {
		return nil, confFailure(err)
	}
	if err := c.readRealms(&r.root); err != nil {
		return nil, confFailure(err)
	}
	for _, section := range r.root.values("domain_realm") {
		for _, e := range section.block {
			name := strings.ToLower(e.tag)
			if _, twice := c.realmOfName[name]; !twice && !e.isMap {
				c.realmOfName[name] = c.cutComment(e)
			}
		}
	}
	return c, nil
}

func (c *conf) readEnctypes(lib settings) error {
	permitted, err := lib.enctypes("permitted_enctypes", supported())
	if err != nil {
		return err
	}
	login, err := lib.enctypes("default_tkt_enctypes", permitted)
	if err != nil {
		return err
	}
	ticket, err := lib.enctypes("default_tgs_enctypes", permitted)
	if err != nil {
		return err
	}
	refused := func(id int32) bool { return !slices.Contains(permitted, id) }
	c.loginEnctypes = slices.DeleteFunc(login, refused)
	c.ticketEnctypes = slices.DeleteFunc(ticket, refused)
	if len(c.loginEnctypes) == 0 || len(c.ticketEnctypes) == 0 {
		return &syntaxError{lib.position("permitted_enctypes"), "permitted_enctypes and the default lists have no type in common",
			"remove the lists: the defaults are right for every current KDC"}
	}
	return nil
}

func (c *conf) readRealms(root *relation) error {
	for _, section := range root.values("realms") {
		for _, realm := range section.block {
			if !realm.isMap {
				return &syntaxError{realm.at, fmt.Sprintf("the realm %s has its settings on one line, so that it has no KDC", realm.tag),
					"write { at the end of the line, each setting on a line of its own, and } alone on the last"}
			}
			for _, e := range realm.values("kdc") {
				if err := c.addKDC(realm.tag, e); err != nil {
					return err
				}
			}
			if _, known := c.kdcs[realm.tag]; !known {
				c.kdcs[realm.tag] = nil
			}
		}
	}
	return nil
}

func (c *conf) addKDC(realm string, e *relation) error {
	text := c.cutComment(e)
	if strings.HasPrefix(text, "http") && strings.Contains(text, "://") {
		c.warnings = append(c.warnings, e.at.String()+": a KDC proxy over HTTPS is not supported and left out")
		return nil
	}
	addr, err := kdcAddress(text)
	if err != nil {
		return &syntaxError{e.at, err.Error(), "write host or host:port, and an IPv6 address in brackets: [2001:db8::1]:88"}
	}
	if !slices.Contains(c.kdcs[realm], addr) {
		c.kdcs[realm] = append(c.kdcs[realm], addr)
	}
	return nil
}

// kdcAddress makes host:port of what people write: port 88 is added, and an IPv6
// address may stand without brackets when it has no port.
func kdcAddress(text string) (string, error) {
	host, port := text, "88"
	if h, p, err := net.SplitHostPort(text); err == nil {
		host, port = h, p
	} else {
		host = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 || host == "" || strings.ContainsAny(host, " \t/[]") || strings.Contains(host, ":") && net.ParseIP(host) == nil {
		return "", fmt.Errorf("%q is not an address of a KDC", clip(text))
	}
	return net.JoinHostPort(host, port), nil
}

// cutComment cuts what MIT takes as a part of the value: there are no comments behind
// a value, but people write them.
func (c *conf) cutComment(e *relation) string {
	value, cut := e.value, -1
	for _, mark := range []string{" #", "\t#", " ;", "\t;"} {
		if i := strings.Index(value, mark); i >= 0 && (cut < 0 || i < cut) {
			cut = i
		}
	}
	if cut < 0 {
		return value
	}
	c.warnings = append(c.warnings, fmt.Sprintf("%s: kinit takes the comment behind %s as a part of the value: move it to a line of its own", e.at, e.tag))
	return strings.TrimRight(value[:cut], confBlanks)
}

// realmOf is the realm of a host by [domain_realm], or "".
func (c *conf) realmOf(host string) string {
	name := strings.ToLower(host)
	for name != "" {
		if realm := c.realmOfName[name]; realm != "" {
			return realm
		}
		if name[0] == '.' {
			name = name[1:]
			continue
		}
		i := strings.IndexByte(name, '.')
		if i < 0 {
			return ""
		}
		name = name[i:]
	}
	return ""
}
