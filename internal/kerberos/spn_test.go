package kerberos

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"
)

func TestNamesOfServices(t *testing.T) {
	tests := []struct{ name, service, host, want string }{
		{"service and host", "impala", "h.example.com", "impala/h.example.com"},
		{"a host with capitals", "impala", "H.Example.COM", "impala/h.example.com"},
		{"a principal of Hadoop", "impala/_HOST@R", "H.example.com", "impala/h.example.com@R"},
		{"one without a realm", "hive/_HOST", "h", "hive/h"},
		{"one that was made small", "impala/_host@R", "h", "impala/h@R"},
		{"a host of its own", "impala/lb.example.com@R", "h", "impala/lb.example.com@R"},
		{"a host of its own without a realm", "impala/lb.example.com", "h", "impala/lb.example.com"},
		{"a host of its own, and none dialled", "impala/lb@R", "", "impala/lb@R"},
		{"a realm behind the service", "impala@R", "h", "impala/h@R"},
		{"a realm behind the host", "impala", "h@R", "impala/h@R"},
		{"two realms", "impala/_HOST@A", "h@B", "impala/h@A"},
		{"an address", "impala", "192.0.2.1", "impala/192.0.2.1"},
		{"a host that nobody filled in", "impala", "_HOST", ""},
		{"a host that nobody filled in, twice", "impala/_HOST@R", "_host", ""},
		{"no host", "impala", "", ""},
		{"no host before a realm", "impala", "@R", ""},
		{"three parts", "impala/a/b@R", "h", ""},
		{"an empty part", "impala/@R", "h", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ServicePrincipal(tt.service, tt.host)
			if got != tt.want {
				t.Errorf("got %q, %v", got, err)
			}
			if tt.want == "" {
				checkFailure(t, err, SPNUnknown, "the service principal cannot be read")
			}
		})
	}
}

// What comes out of a setting can be asked for, and is what it says.
func FuzzServicePrincipal(f *testing.F) {
	for _, service := range []string{"impala", "impala/_HOST@R", `a\/b/_HOST`, "impala/lb@R", "a@b@c", "/", `\`, "x/_HOST@R\x00"} {
		f.Add(service, "H.example.com")
		f.Add(service, "h@R")
	}
	f.Add("impala", strings.Repeat(`\`, 600)) // twice as long when it is escaped
	f.Fuzz(func(t *testing.T, service, host string) {
		text, err := ServicePrincipal(service, host)
		if err != nil {
			checkPeerError(t, err)
			return
		}
		p, err := krb5.ParsePrincipal(text)
		if err != nil || len(p.Components) != 2 || p.String() != text || namesHost(p) != nil {
			t.Errorf("%q and %q are %q: %v", service, host, text, err)
		}
	})
}

// A login at a balancer's principal, whose realm no file knows.
func TestServiceWithItsWholePrincipal(t *testing.T) {
	for _, service := range []string{"impala", "impala/_HOST@EXAMPLE.COM", serviceSPN + "@EXAMPLE.COM", serviceSPN} {
		w := newWorld(t, kdc.Options{})
		client, err := w.login().NewSASL(t.Context(), SASLOptions{Service: service, Host: "Coordinator.example.com"})
		must(t, func() error { return err })
		defer client.Close()
		ours, theirs := shake(client, w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{}))
		if ours != nil || theirs != nil || client.SPN() != serviceSPN+"@EXAMPLE.COM" {
			t.Errorf("%s: %s, %v, %v", service, client.SPN(), ours, theirs)
		}
	}
}

func TestTicketsWithoutAHost(t *testing.T) {
	c := newWorld(t, kdc.Options{}).login()
	for _, spn := range []string{"impala/_HOST@EXAMPLE.COM", "impala/_host", "impala/"} {
		_, err := c.Ticket(t.Context(), spn)
		checkFailure(t, err, SPNUnknown, "the service principal cannot be read")
	}
}

// countingNames tell what DNS was asked for.
type countingNames struct {
	names
	asked []string
}

func (c *countingNames) LookupCNAME(ctx context.Context, host string) (string, error) {
	c.asked = append(c.asked, host)
	return c.names.LookupCNAME(ctx, host)
}

func TestNamesOfHosts(t *testing.T) {
	aliases := map[string]string{"balancer": "Coordinator.example.com.", "coordinator.example.com": "coordinator.example.com.", "alias": "nowhere.example.com."}
	tests := []struct {
		name, conf, host string
		pin              bool
		want             string // the ticket; "" is an error
		mention          string
		asks             int // of the KDC
		names            int // of DNS
	}{
		{"a name that the KDC knows", "", "coordinator.example.com", false, serviceSPN, "", 1, 0},
		{"an alias that it does not know", "", "balancer", false, serviceSPN, "", 2, 1},
		{"an alias of what it does not know", "", "alias", false, "", "impala/alias@EXAMPLE.COM [KDC_ERR_S_PRINCIPAL_UNKNOWN, code 7: \"service not found in database\"]; nor does it know impala/nowhere.example.com, by the name in DNS", 2, 1},
		{"a name that DNS does not know", "", "nobody", false, "", "no service principal impala/nobody@EXAMPLE.COM", 1, 1},
		{"a name that is its own", "", "coordinator.example.com", true, serviceSPN, "", 1, 0},
		{"an address", "", "192.0.2.1", false, "", "impala/192.0.2.1@", 1, 0},
		{"an alias with a pin", "", "balancer", true, "", "impala/balancer@", 1, 0},
		{"an alias with a realm", "", "balancer@EXAMPLE.COM", false, "", "impala/balancer@", 1, 0},
		{"an alias where the file forbids DNS", "dns_canonicalize_hostname = false", "balancer", false, "", "impala/balancer@", 1, 0},
		{"an alias where the file wants DNS", "dns_canonicalize_hostname = true", "balancer", false, serviceSPN, "", 1, 1},
		{"a name that DNS does not know where the file wants it", "dns_canonicalize_hostname = true", "nobody", false, "", "impala/nobody@", 1, 1},
		{"an alias where the file wants DNS, with a pin", "dns_canonicalize_hostname = true", "balancer", true, "", "impala/balancer@", 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			dns := &countingNames{names: names{cname: aliases}}
			path := w.keytab + ".conf"
			text := strings.Replace(w.Conf([]string{"kdc"}), "    dns_canonicalize_hostname = false\n", tt.conf+"\n", 1)
			must(t, func() error { return os.WriteFile(path, []byte(text), 0o600) })
			w.opts.KRB5Conf, w.opts.Realm, w.opts.KDCs, w.opts.Resolver, w.opts.PinSPN = path, "", nil, dns, tt.pin
			c := w.login()
			before := w.requests()
			ticket, err := c.Ticket(t.Context(), "impala/"+tt.host)
			switch {
			case tt.want == "":
				checkFailure(t, err, SPNUnknown, tt.mention)
			case err != nil || ticket.SPN() != tt.want+"@EXAMPLE.COM":
				t.Errorf("got %v, %v", ticket, err)
			}
			if got := w.requests() - before; got != tt.asks || len(dns.asked) != tt.names {
				t.Errorf("%d requests; asked DNS for %q", got, dns.asked)
			}
		})
	}
}

func TestAliasIsRemembered(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	aliases := map[string]string{"balancer": "coordinator.example.com"}
	w.opts.Resolver = names{cname: aliases}
	c := w.login()
	for i, want := range []int{2, 0} {
		before := w.requests()
		if _, err := c.Ticket(t.Context(), "impala/balancer"); err != nil || w.requests()-before != want {
			t.Errorf("%d: %d requests, %v", i, w.requests()-before, err)
		}
	}
	// The name leads elsewhere, and what it led to has gone.
	aliases["balancer"] = "other.example.com"
	c.mu.Lock()
	clear(c.tickets)
	c.aliases["impala/balancer"] = krb5.Principal{Components: []string{"impala", "gone"}}
	c.mu.Unlock()
	if ticket, err := c.Ticket(t.Context(), "impala/balancer"); err != nil || ticket.SPN() != "impala/other.example.com@EXAMPLE.COM" {
		t.Errorf("got %v, %v", ticket, err)
	}
}

func TestClientOfThisHost(t *testing.T) {
	host, err := os.Hostname()
	must(t, func() error { return err })
	w := newWorld(t, kdc.Options{})
	name := "report/" + strings.ToLower(host)
	must(t, func() error { return w.Add(name) })
	w.export(name)
	w.opts.Principal = "report/_HOST"
	if got := w.login().Principal(); got != name+"@EXAMPLE.COM" {
		t.Errorf("%s logged in", got)
	}
}

func TestRealmsInDNS(t *testing.T) {
	var asked []string
	dns := txtNames{text: func(name string) ([]string, error) {
		asked = append(asked, name)
		switch name {
		case "_kerberos.example.com":
			return []string{"EXAMPLE.COM", "OTHER.COM"}, nil
		case "_kerberos.b.example.com":
			return []string{""}, nil
		}
		return nil, errNoName
	}}
	c := &Creds{conf: defaultConf(), opts: Options{Resolver: dns}}
	if got := c.realmInDNS(t.Context(), "a.example.com"); got != "" || asked != nil {
		t.Errorf("not allowed: got %q, asked %q", got, asked)
	}
	c.conf.dnsLookupRealm = true
	tests := []struct {
		host, want string
		asked      []string
	}{
		{"A.b.example.com", "EXAMPLE.COM", []string{"_kerberos.a.b.example.com", "_kerberos.b.example.com", "_kerberos.example.com"}},
		{"a.org", "", []string{"_kerberos.a.org"}},
		{"localhost", "", nil},
		{"192.0.2.1", "", nil},
	}
	for _, tt := range tests {
		asked = nil
		if got := c.realmInDNS(t.Context(), tt.host); got != tt.want || !slices.Equal(asked, tt.asked) {
			t.Errorf("%s: got %q, asked %q", tt.host, got, asked)
		}
	}
}

// txtNames is a DNS of nothing but texts.
type txtNames struct {
	names
	text func(name string) ([]string, error)
}

func (n txtNames) LookupTXT(_ context.Context, name string) ([]string, error) { return n.text(name) }

// Some realms tell a client in which other realm its account is.
func TestClientOfAnotherRealm(t *testing.T) {
	build := func(t *testing.T, ways map[string]string) *forest {
		f := newForest(t, "A", "B", "C")
		must(t, func() error { return f.kdcs["B"].Add("report") })
		entries, err := f.kdcs["B"].Keys("report")
		must(t, func() error { return err })
		for i := range entries {
			entries[i].Principal.Realm = "A"
		}
		must(t, func() error { return os.WriteFile(f.opts.Keytab, krb5.AppendKeytab(nil, entries), 0o600) })
		f.moved = ways
		return f
	}
	t.Run("is followed", func(t *testing.T) {
		f := build(t, map[string]string{"A": "B"})
		f.service(farSPN, "B")
		c := f.login()
		if ticket, err := c.Ticket(t.Context(), farSPN); err != nil || ticket.SPN() != farSPN+"@B" || ticket.client.String() != "report@B" || f.path() != "B" {
			t.Errorf("got %v, %v", ticket, err)
		}
	})
	t.Run("is not followed in circles", func(t *testing.T) {
		f := build(t, map[string]string{"A": "B", "B": "A"})
		f.opts.KRB5Conf = filepath.Join(t.TempDir(), "krb5.conf")
		must(t, func() error {
			return os.WriteFile(f.opts.KRB5Conf, []byte("[realms]\nA = {\nkdc = a\n}\nB = {\nkdc = b\n}\n"), 0o600)
		})
		_, err := Login(t.Context(), f.opts)
		if !errors.Is(err, KDCRefused) || !strings.Contains(err.Error(), "code 68") || f.path() != "A B" {
			t.Errorf("got %v", err)
		}
	})
}
