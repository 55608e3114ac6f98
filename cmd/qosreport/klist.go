package main

import (
	"cmp"
	"strings"
	"time"

	"qosreport/internal/kerberos"
	"qosreport/internal/kerberos/krb5"
)

// klistCmd lists the tickets of a credential cache, as klist -e -f does.
type klistCmd struct {
	File string `arg:"" optional:"" help:"The cache, as FILE:path, DIR:path or a path; default that of kinit."`
	JSON bool   `name:"json" help:"Print JSON."`
	realmFlags
}

// listedCache is a credential cache without its keys.
type listedCache struct {
	File      string         `json:"file"`
	Principal string         `json:"principal"`
	Offset    string         `json:"kdc_ahead,omitempty"` // of the KDC's clock
	Tickets   []listedTicket `json:"tickets"`
}

type listedTicket struct {
	Start     time.Time  `json:"start"`
	End       time.Time  `json:"end"`
	RenewTill *time.Time `json:"renew_till,omitempty"`
	Service   string     `json:"service"`
	Enctype   string     `json:"enctype"`                  // of the session key
	Ticket    string     `json:"ticket_enctype,omitempty"` // of the service's key
	Flags     []string   `json:"flags"`
	Expired   bool       `json:"expired"`
}

// Run prints a ticket a line, in the order of the file.
func (k *klistCmd) Run(a *app) error {
	c, err := k.load()
	if err != nil {
		return err
	}
	o := k.options(a, c)
	if k.File != "" {
		o.CCache = k.File
	}
	cache, err := kerberos.ReadCCache(o)
	if err != nil {
		return err
	}
	defer cache.Clear()
	listed := listCache(cache, a.now())
	if k.JSON {
		return printJSON(a.out, listed)
	}
	var p page
	p.cache(listed, zoneNamed(c.Zone, time.UTC))
	return p.print(a)
}

func listCache(cache *kerberos.CCache, now time.Time) listedCache {
	listed := listedCache{File: cache.File, Principal: cache.Client.String(), Tickets: []listedTicket{}}
	if cache.Offset != 0 {
		listed.Offset = cache.Offset.String()
	}
	for i := range cache.Credentials {
		c := &cache.Credentials[i]
		t := listedTicket{Start: c.Start.UTC(), End: c.End.UTC(), Service: c.Service.String(), Enctype: krb5.EnctypeName(c.Key.Enctype),
			Flags: flagNames(c.Flags), Expired: !c.End.After(now.Add(cache.Offset))}
		if c.Start.IsZero() {
			t.Start = c.AuthTime.UTC()
		}
		if id := kerberos.TicketEnctype(c); id != 0 {
			t.Ticket = krb5.EnctypeName(id)
		}
		if !c.RenewTill.IsZero() {
			till := c.RenewTill.UTC()
			t.RenewTill = &till
		}
		listed.Tickets = append(listed.Tickets, t)
	}
	return listed
}

// ticketFlags are the flags of RFC 4120 section 5.3 and RFC 6806 section 11, by their bit
// from the highest on.
var ticketFlags = [...]string{1: "forwardable", 2: "forwarded", 3: "proxiable", 4: "proxy", 5: "may-postdate", 6: "postdated", 7: "invalid",
	8: "renewable", 9: "initial", 10: "pre-authent", 11: "hw-authent", 12: "transited-policy-checked", 13: "ok-as-delegate", 15: "enc-pa-rep", 16: "anonymous"}

func flagNames(flags uint32) []string {
	names := []string{}
	for bit, name := range ticketFlags {
		if name != "" && flags&(1<<(31-bit)) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// cache draws a cache with times of a zone.
func (p *page) cache(c listedCache, zone *time.Location) {
	p.line("credential cache %s of %s", c.File, c.Principal)
	if behind, isBehind := strings.CutPrefix(c.Offset, "-"); isBehind {
		p.line("when kinit was run, the KDC's clock was %s behind", behind)
	} else if c.Offset != "" {
		p.line("when kinit was run, the KDC's clock was %s ahead", c.Offset)
	}
	if len(c.Tickets) == 0 {
		p.line("no tickets")
		return
	}
	t := table{{"from", "until", "renewable until", "session key", "ticket", "service", "flags"}}
	for _, one := range c.Tickets {
		until := one.End.In(zone).Format(secondLayout)
		if one.Expired {
			until += " (expired)"
		}
		renewable := "-"
		if one.RenewTill != nil {
			renewable = one.RenewTill.In(zone).Format(secondLayout)
		}
		t.row(one.Start.In(zone).Format(secondLayout), until, renewable, one.Enctype, cmp.Or(one.Ticket, "-"), one.Service, strings.Join(one.Flags, ","))
	}
	p.table("", t)
}
