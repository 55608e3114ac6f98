package kerberos

import (
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"qosreport/internal/lab/kdc"

	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// Every directive that clients of Kerberos commonly have is obeyed, or is named as one that
// is not.
func TestEachDirectiveIsObeyedOrNamed(t *testing.T) {
	const lib, realms = "[libdefaults]\n", "[realms]\nR = {\n"
	list := func(got []string, want ...string) bool { return slices.Equal(got, want) }
	tests := []struct {
		text   string
		obeyed func(*conf) bool // nil: it is named
		name   string
	}{
		{lib + "default_realm = R", func(c *conf) bool { return c.defaultRealm == "R" }, ""},
		{realms + "kdc = a\nkdc = b:1\nkdc* = c\n}", func(c *conf) bool { return list(c.kdcs["R"], "a:88", "b:1", "c:88") }, ""},
		{lib, func(c *conf) bool { return c.dnsLookupKDC && !c.dnsLookupRealm }, ""},
		{lib + "dns_lookup_kdc = false", func(c *conf) bool { return !c.dnsLookupKDC }, ""},
		{lib + "dns_lookup_realm = true", func(c *conf) bool { return c.dnsLookupRealm }, ""},
		{"[domain_realm]\n.A.b = R", func(c *conf) bool { return c.realmOf("x.a.B") == "R" }, ""},
		{lib, func(c *conf) bool { return c.hostNames == hostFallback && !c.reverseDNS }, ""},
		{lib + "dns_canonicalize_hostname = true", func(c *conf) bool { return c.hostNames == hostCanonical && !c.reverseDNS }, ""},
		{lib + "rdns = true", func(c *conf) bool { return c.reverseDNS && c.hostNames == hostFallback }, ""},
		{lib, func(c *conf) bool { return c.udpLimit == 0 }, ""},
		{lib + "udp_preference_limit = 0", func(c *conf) bool { return c.udpLimit == 0 }, ""},
		{lib + "udp_preference_limit = 1465", func(c *conf) bool { return c.udpLimit == 1465 }, ""},
		{lib, func(c *conf) bool { return c.clockSkew == 300*time.Second && c.timeSync }, ""},
		{lib + "clockskew = 30", func(c *conf) bool { return c.clockSkew == 30*time.Second }, ""},
		{lib + "kdc_timesync = 0", func(c *conf) bool { return !c.timeSync }, ""},
		{lib + "default_tkt_enctypes = aes128-cts", func(c *conf) bool { return slices.Equal(c.loginEnctypes, enctypes(17)) && len(c.ticketEnctypes) == 5 }, ""},
		{lib + "default_tgs_enctypes = aes128-cts", func(c *conf) bool { return slices.Equal(c.ticketEnctypes, enctypes(17)) && len(c.loginEnctypes) == 5 }, ""},
		{lib + "permitted_enctypes = aes128-cts", func(c *conf) bool {
			return slices.Equal(c.ticketEnctypes, enctypes(17)) && slices.Equal(c.loginEnctypes, enctypes(17))
		}, ""},
		{lib + "allow_rc4 = false", func(c *conf) bool { return !slices.Contains(c.loginEnctypes, 23) }, ""},
		{lib, func(c *conf) bool {
			return c.ticketWishes == ticketWishes{ticketLifetime: 24 * time.Hour, noAddresses: true}
		}, ""},
		{lib + "ticket_lifetime = 8h\nrenew_lifetime = 7d\nforwardable = true\nnoaddresses = false\ncanonicalize = true", func(c *conf) bool {
			return c.ticketWishes == ticketWishes{8 * time.Hour, 7 * 24 * time.Hour, true, true, false}
		}, ""},
		{lib + "default_keytab_name = /a\ndefault_client_keytab_name = /b\ndefault_ccache_name = /c", func(c *conf) bool {
			return list([]string{c.defaultKeytab, c.clientKeytab, c.defaultCCache}, "/a", "/b", "/c")
		}, ""},
		{"[capaths]\nA = {\nB = C\n}", nil, "[capaths]"},
		{"[appdefaults]\nforwardable = true", nil, "[appdefaults]"},
		{lib + "allow_weak_crypto = true", nil, "allow_weak_crypto"},
		{lib + "proxiable = true", nil, "proxiable"},
		{lib + "R = {\nproxiable = true\n}", nil, "R.proxiable"},
		{realms + "admin_server = a\n}", nil, "[realms] admin_server"},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.text, "\n", " "), func(t *testing.T) {
			c, err := readConf(t, map[string]string{"/etc/krb5.conf": tt.text})
			switch {
			case err != nil:
				t.Fatal(err)
			case tt.obeyed != nil && (!tt.obeyed(c) || len(c.ignored) > 0):
				t.Errorf("read as %+v", c)
			case tt.obeyed == nil && !slices.Equal(c.ignored, []string{tt.name}):
				t.Errorf("named as %q", c.ignored)
			}
			if len(c.damage)+len(c.warnings) > 0 {
				t.Errorf("warned %q, %q", c.damage, c.warnings)
			}
		})
	}
}

// A block in [libdefaults] with the name of a realm is for clients of that realm alone.
func TestSettingsOfOneRealm(t *testing.T) {
	const text = "[libdefaults]\nticket_lifetime = 8h\nEXAMPLE.COM = {\nticket_lifetime = 1h\nforwardable = yes\n}\n" +
		"OTHER.COM = {\nrenew_lifetime = 1d\nticket_lifetime = soon\n}\nEXAMPLE.COM = {\nrenew_lifetime = 2h\nforwardable = no\n}\n"
	tests := []struct {
		realm string
		want  ticketWishes
	}{
		{"EXAMPLE.COM", ticketWishes{ticketLifetime: time.Hour, renewLifetime: 2 * time.Hour, forwardable: true, noAddresses: true}},
		{"OTHER.COM", ticketWishes{ticketLifetime: 8 * time.Hour, renewLifetime: 24 * time.Hour, noAddresses: true}},
		{"example.com", ticketWishes{ticketLifetime: 8 * time.Hour, noAddresses: true}},
	}
	for _, tt := range tests {
		c, err := readConf(t, map[string]string{"/etc/krb5.conf": text})
		must(t, func() error { return err })
		if c.settle(tt.realm); c.ticketWishes != tt.want {
			t.Errorf("%s: got %+v", tt.realm, c.ticketWishes)
		}
		if len(c.warnings) != 1 || !strings.Contains(c.warnings[0], "/etc/krb5.conf:9:1: ticket_lifetime = soon cannot be read") || len(c.ignored) > 0 {
			t.Errorf("warned %q, named %q", c.warnings, c.ignored)
		}
	}
}

// asked are the requests for a login that a change of krb5.conf makes.
func asked(t *testing.T, settings string) []messages.KDCReqBody {
	t.Helper()
	w := newWorld(t, kdc.Options{})
	w.permit(settings)
	w.opts.Addresses = func() ([]net.Addr, error) {
		var list []net.Addr
		for _, ip := range []string{"127.0.0.1", "192.0.2.7", "fe80::1", "2001:db8::7", "::1"} {
			list = append(list, &net.IPNet{IP: net.ParseIP(ip)})
		}
		return list, nil
	}
	var bodies []messages.KDCReqBody
	w.rewrite = func(request, reply []byte) []byte {
		var r messages.ASReq
		must(t, func() error { return r.Unmarshal(request) })
		bodies = append(bodies, r.ReqBody)
		return reply
	}
	w.login()
	return bodies
}

func TestWishesReachTheKDC(t *testing.T) {
	for _, body := range asked(t, "noaddresses = false\nEXAMPLE.COM = {\nticket_lifetime = 1h\nrenew_lifetime = 2h\nforwardable = on\ncanonicalize = on\n}") {
		want := types.HostAddresses{types.HostAddressFromNetIP(net.ParseIP("192.0.2.7")), types.HostAddressFromNetIP(net.ParseIP("2001:db8::7"))}
		if !want.Equal(body.Addresses) {
			t.Errorf("addresses %v", body.Addresses)
		}
		for _, flag := range []int{1, 8, 15} { // forwardable, renewable, canonicalize (RFC 4120 section 5.4.1, RFC 6806 section 3)
			if !types.IsFlagSet(&body.KDCOptions, flag) {
				t.Errorf("option %d is not set", flag)
			}
		}
		if left := time.Until(body.Till); left > time.Hour || left < 50*time.Minute || body.RTime.Sub(body.Till) != time.Hour {
			t.Errorf("until %s, renewable until %s", body.Till, body.RTime)
		}
	}
	for _, body := range asked(t, "") {
		if len(body.Addresses) > 0 || body.KDCOptions.At(1)+body.KDCOptions.At(8)+body.KDCOptions.At(15) > 0 || !body.RTime.IsZero() {
			t.Errorf("asked for %+v", body)
		}
	}
}

func TestAddressesThatAreNotKnown(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	w.permit("noaddresses = false")
	w.opts.Addresses = func() ([]net.Addr, error) { return nil, errors.New("netlink") }
	if w.login(); w.logs.count("the ticket is not bound to this host") != 1 {
		t.Error("it was not told")
	}
}

// Times in messages have no fractions: a file that allows no skew, and one whose tickets end
// as they begin, would let nobody in.
func TestTimesOfNothing(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	w.permit("clockskew = 0\nticket_lifetime = 0")
	c := w.login()
	if c.conf.ticketLifetime != 24*time.Hour || w.logs.count("ticket_lifetime = 0 cannot be read: the default is used") != 1 {
		t.Errorf("tickets of %s", c.conf.ticketLifetime)
	}
}

// Only a file that says so lets reverse DNS name the service.
func TestReverseDNS(t *testing.T) {
	dns := names{
		cname: map[string]string{"balancer": "node.example.com.", "plain": "plain.example.com", "unnamed": "coordinator.example.com"},
		ptr:   map[string]string{"node.example.com": "Coordinator.example.com", "plain.example.com": ""},
	}
	tests := []struct{ name, conf, host, want string }{
		{"not asked", "dns_canonicalize_hostname = true", "balancer", "impala/node.example.com@"},
		{"asked for the name that DNS has", "rdns = true\ndns_canonicalize_hostname = true", "balancer", ""},
		{"asked after the name as typed", "rdns = true", "balancer", ""},
		{"asked in vain", "rdns = true\ndns_canonicalize_hostname = true", "plain", "impala/plain.example.com@"},
		{"asked about a name without an address", "rdns = true", "unnamed", ""},
		{"not asked where names stay as typed", "rdns = true\ndns_canonicalize_hostname = false", "balancer", "impala/balancer@"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			w.permit(tt.conf)
			w.opts.Resolver = dns
			ticket, err := w.login().Ticket(t.Context(), "impala/"+tt.host)
			if tt.want != "" {
				checkFailure(t, err, SPNUnknown, "no service principal "+tt.want)
			} else if err != nil || ticket.SPN() != serviceSPN+"@EXAMPLE.COM" {
				t.Errorf("got %v, %v", ticket, err)
			}
		})
	}
}

// A comment behind a value is told once, however the value is read.
func TestCommentBehindAValueIsToldOnce(t *testing.T) {
	for _, line := range []string{"dns_canonicalize_hostname = fallback # x", "rdns = false ; x", "clockskew = 300 # x", "permitted_enctypes = aes # x"} {
		path := t.TempDir() + "/krb5.conf"
		must(t, func() error { return os.WriteFile(path, []byte("[libdefaults]\n"+line+"\n"), 0o600) })
		c, err := loadConf(path)
		if err != nil || len(c.damage) != 1 {
			t.Errorf("%s: told %q, %v", line, c.damage, err)
		}
	}
}
