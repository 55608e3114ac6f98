package kerberos

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"

	"github.com/jcmturner/gokrb5/v8/messages"
)

const farSPN = "impala/far.example.com"

func TestTicketsOfOtherRealms(t *testing.T) {
	tests := []struct {
		name  string
		build func(*forest)
		spn   string
		want  string // of the ticket
		path  string // realms that are asked
		again string // realms that are asked for another service there
	}{
		{"one hop, by referral", func(f *forest) { f.way("A", "B"); f.service(farSPN, "B") },
			farSPN, farSPN + "@B", "A B", "A B"},
		{"two hops, by referral", func(f *forest) { f.way("A", "B", "C"); f.way("B", "C"); f.service(farSPN, "C") },
			farSPN, farSPN + "@C", "A B C", "A B C"},
		{"one hop, by [domain_realm]", func(f *forest) {
			f.conf = "[domain_realm]\n.example.com = B"
			f.way("A", "B")
			f.service(farSPN, "B")
		}, farSPN, farSPN + "@B", "A B", "B"},
		{"two hops, by [domain_realm]", func(f *forest) {
			f.conf = "[domain_realm]\nfar.example.com = C\nother.example.com = C"
			f.way("A", "B", "C")
			f.service(farSPN, "C")
		}, farSPN, farSPN + "@C", "A B C", "C"},
		{"one hop, by the name itself", func(f *forest) { f.way("A", "B"); f.service(farSPN, "B") },
			farSPN + "@B", farSPN + "@B", "A B", "A B"},
		{"a mapping without a way, and then a referral", func(f *forest) {
			f.conf = "[domain_realm]\n.example.com = NOWHERE"
			f.way("A", "B")
			f.service(farSPN, "B")
		}, farSPN, farSPN + "@B", "A A B", "A A B"},
		{"one hop, by DNS", func(f *forest) {
			f.conf = "dns_lookup_realm = true"
			f.opts.Resolver = names{txt: map[string]string{"_kerberos.example.com": "B"}}
			f.way("A", "B")
			f.service(farSPN, "B")
		}, farSPN, farSPN + "@B", "A B", "B"},
		{"none, because DNS may not be asked", func(f *forest) {
			f.opts.Resolver = names{txt: map[string]string{"_kerberos.example.com": "B"}}
			f.service(farSPN, "A")
		}, farSPN, farSPN + "@A", "A", "A"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newForest(t, "A", "B", "C")
			tt.build(f)
			f.service("impala/other.example.com", f.homes[farSPN])
			f.check(f.login(), []step{
				{tt.spn, tt.want, tt.path},
				{tt.spn, tt.want, ""}, // it is kept
				{"impala/other.example.com", "impala/other.example.com@" + f.homes[farSPN], tt.again},
			})
		})
	}
}

// step is a ticket that is asked for, the one that comes, and the realms that are asked.
type step struct{ spn, want, path string }

func (f *forest) check(c *Creds, steps []step) {
	f.t.Helper()
	for i, s := range steps {
		ticket, err := c.Ticket(f.t.Context(), s.spn)
		if err != nil || ticket.SPN() != s.want || ticket.client.String() != "report@A" {
			f.t.Fatalf("%d: got %v, %v", i, ticket, err)
		}
		if got := f.path(); got != s.path {
			f.t.Errorf("%d: asked %s, want %s", i, got, s.path)
		}
	}
}

// The service sees the client in its own realm, whoever issued the tickets on the way.
func TestServiceTwoRealmsAway(t *testing.T) {
	f := newForest(t, "A", "B", "C")
	f.way("A", "B", "C")
	f.service(farSPN, "C")
	c := f.login()
	keys, err := f.kdcs["C"].Keys(farSPN)
	must(t, func() error { return err })
	a, err := acceptor.New(acceptor.Options{Keys: keys})
	must(t, func() error { return err })
	client, err := c.NewSASL(t.Context(), SASLOptions{Host: "Far.example.com"})
	must(t, func() error { return err })
	defer client.Close()
	if ours, theirs := shake(client, a.NewServer(acceptor.SASL{})); ours != nil || theirs != nil || client.SPN() != farSPN+"@C" {
		t.Error(client.SPN(), ours, theirs)
	}
}

func TestWaysThatLeadNowhere(t *testing.T) {
	tests := []struct {
		name    string
		build   func(*forest)
		spn     string
		kind    Kind
		mention string
		path    string
	}{
		{"in a circle of two", func(f *forest) {
			f.homes[farSPN] = "C"
			f.way("A", "B", "C")
			f.ways["B"]["C"] = "A"
			must(f.t, func() error { return f.kdcs["B"].Add("krbtgt/A") })
		}, farSPN, TrustPath, "no trust path from A to impala/far.example.com (the way was A, B) [the KDC of B refers to A]", "A B"},
		{"to a realm without a KDC", func(f *forest) {
			f.homes[farSPN] = "C"
			f.way("A", "B", "C")
			delete(f.kdcs, "C")
		}, farSPN, TrustPath, "(the way was A, B, C) [no KDC is known for realm C (krb5.conf has: A, B)]", "A B"},
		{"to a KDC that does not know the service", func(f *forest) {
			f.homes[farSPN] = "B"
			f.way("A", "B")
		}, farSPN, SPNUnknown, "the KDC knows no service principal impala/far.example.com@B [KDC_ERR_S_PRINCIPAL_UNKNOWN, code 7", "A B"},
		{"to a KDC that does not take the ticket", func(f *forest) {
			f.service(farSPN, "B")
			f.way("A", "B")
			f.refuse["B"] = 31
		}, farSPN, TrustPath, "no trust path from A to impala/far.example.com (the way was A, B) [KRB_AP_ERR_BAD_INTEGRITY, code 31", "A B"},
		{"to a KDC that sees another client", func(f *forest) {
			f.service(farSPN, "B")
			f.way("A", "B")
			f.refuse["B"] = 36
		}, farSPN, TrustPath, "code 36", "A B"},
		{"from the beginning to a realm that is named, and the service is at home", func(f *forest) { f.service(farSPN, "A") }, farSPN + "@B", TrustPath, "get ticket for impala/far.example.com@B: no trust path from A to B: the service with this name is in A", "A A"},
		{"from the realm that is named to another", func(f *forest) {
			f.service(farSPN, "C")
			f.way("A", "B")
			f.way("B", "C")
		}, farSPN + "@B", TrustPath, "the service with this name is in C", "A B C"},
		{"from the beginning", func(f *forest) {}, farSPN, SPNUnknown, "impala/far.example.com@A", "A"},
		{"from the beginning to the realm of a name", func(f *forest) {}, farSPN + "@B", SPNUnknown, "get ticket for impala/far.example.com@B: the KDC knows no service principal impala/far.example.com@A", "A A"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newForest(t, "A", "B", "C")
			tt.build(f)
			c := f.login()
			_, err := c.Ticket(t.Context(), tt.spn)
			checkFailure(t, err, tt.kind, tt.mention)
			if got := f.path(); got != tt.path {
				t.Errorf("asked %s, want %s", got, tt.path)
			}
		})
	}
}

func TestWalkThroughRealmsHasALimit(t *testing.T) {
	var realms []string
	for i := range maxHops + 3 {
		realms = append(realms, fmt.Sprintf("R%d", i))
	}
	f := newForest(t, realms...)
	f.way(realms...)
	f.service(farSPN, realms[len(realms)-1])
	near := realms[maxHops]
	f.service("impala/near.example.com", near)
	f.way(realms[:maxHops+1]...)
	c := f.login()
	if ticket, err := c.Ticket(t.Context(), "impala/near.example.com"); err != nil || !strings.HasSuffix(ticket.SPN(), "@"+near) {
		t.Errorf("%d hops: %v, %v", maxHops, ticket, err)
	}
	f.path()
	_, err := c.Ticket(t.Context(), farSPN)
	checkFailure(t, err, TrustPath, "refers to R9")
	if got := len(strings.Fields(f.path())); got != maxHops+1 {
		t.Errorf("%d realms were asked", got)
	}
}

// A login with the KDC of a far realm that has new keys begins anew there, too.
func TestFarRealmWhoseTicketIsStale(t *testing.T) {
	f := newForest(t, "A", "B")
	f.conf = "[domain_realm]\n.example.com = B"
	f.way("A", "B")
	f.service(farSPN, "B")
	f.service("impala/other.example.com", "B")
	c := f.login()
	if _, err := c.Ticket(t.Context(), farSPN); err != nil {
		t.Fatal(err)
	}
	f.path()
	f.refuse["B"] = 32
	if _, err := c.Ticket(t.Context(), "impala/other.example.com"); !errors.Is(err, TicketExpired) {
		t.Errorf("got %v", err)
	}
	if got := f.path(); got != "B A B" {
		t.Errorf("asked %s", got)
	}
	f.refuse["B"] = 0
	if _, err := c.Ticket(t.Context(), "impala/other.example.com"); err != nil || f.path() != "B" {
		t.Errorf("got %v", err)
	}
}

// Whoever answers in a realm speaks for that realm alone.
func TestTicketsThatNobodyAskedFor(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	c := w.login()
	tgt, err := c.get(t.Context(), krb5.TGS("EXAMPLE.COM"))
	must(t, func() error { return err })
	tests := []struct {
		name    string
		change  func(*messages.KDCReqBody, *Ticket)
		mention string
	}{
		{"of another realm", func(b *messages.KDCReqBody, _ *Ticket) { b.Realm = "OTHER.COM" }, "of the realm EXAMPLE.COM"},
		{"of a service instead of a way", func(b *messages.KDCReqBody, _ *Ticket) { b.SName = krb5.TGS("OTHER.COM").Wire() }, "for service impala/coordinator.example.com@EXAMPLE.COM"},
		{"of another client", func(_ *messages.KDCReqBody, tgt *Ticket) { tgt.client.Realm = "OTHER.COM" }, "for client report@EXAMPLE.COM"},
		{"of another request", func(b *messages.KDCReqBody, _ *Ticket) { b.Nonce++ }, "another nonce"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, err := c.newBody(krb5.Principal{Components: []string{"impala", "coordinator.example.com"}, Realm: "EXAMPLE.COM"}, supported())
			must(t, func() error { return err })
			request, err := c.newTGSReq(tgt, body)
			must(t, func() error { return err })
			asker := tgt.lend(true)
			tt.change(&body, asker)
			if _, err := c.acceptTGS(w.Handle(request), asker, body); err == nil || !strings.Contains(err.Error(), tt.mention) {
				t.Errorf("got %v; want %s", err, tt.mention)
			}
		})
	}
}
