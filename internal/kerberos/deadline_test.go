package kerberos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"
)

// silentNames is a DNS that never answers.
type silentNames struct{ names }

func (silentNames) LookupSRV(ctx context.Context, _, _, name string) (string, []*net.SRV, error) {
	<-ctx.Done()
	return "", nil, &net.DNSError{Err: ctx.Err().Error(), Name: name, IsTimeout: true}
}

func (silentNames) LookupCNAME(ctx context.Context, host string) (string, error) {
	_, _, err := silentNames{}.LookupSRV(ctx, "", "", host)
	return "", err
}

func (silentNames) LookupTXT(ctx context.Context, name string) ([]string, error) {
	_, _, err := silentNames{}.LookupSRV(ctx, "", "", name)
	return nil, err
}

func (silentNames) LookupHost(ctx context.Context, host string) ([]string, error) {
	_, _, err := silentNames{}.LookupSRV(ctx, "", "", host)
	return nil, err
}

// Whoever is silent, and however many there are, a login and a ticket have an end, which is
// that of the options or an earlier one of the caller.
func TestNothingTakesLongerThanItsTime(t *testing.T) {
	dir := t.TempDir()
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("kdc-%d", i))
	}
	black := func(w *world) {
		w.opts.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	}
	tests := []struct {
		name   string
		change func(*world)
		conf   string
		ticket bool // it is a ticket that is asked for, after a login that works
		within time.Duration
	}{
		{"a hundred KDCs that drop what comes", func(w *world) { black(w); w.opts.KDCs = many }, "", false, 30 * time.Second},
		{"a hundred KDCs that do not answer", func(w *world) {
			w.opts.KDCs, w.opts.Dial = many, func(context.Context, string, string) (net.Conn, error) { return answering(time.Hour)("") }
		}, "", false, 30 * time.Second},
		{"a hundred KDCs by UDP", func(w *world) {
			w.opts.KDCs, w.opts.Dial = many, func(context.Context, string, string) (net.Conn, error) { return datagrams(1000, nil)("") }
		}, "udp_preference_limit = 1465", false, 30 * time.Second},
		{"a DNS that does not know the KDCs", func(w *world) { w.opts.KDCs, w.opts.Resolver = nil, silentNames{} }, "", false, 30 * time.Second},
		{"a DNS that does not know the host", func(w *world) { w.opts.Resolver = silentNames{} }, "dns_canonicalize_hostname = true\nrdns = true", true, 30 * time.Second},
		{"a DNS that does not know the realm", func(w *world) { w.opts.Resolver = silentNames{} }, "dns_lookup_realm = true", true, 30 * time.Second},
		{"less time in the options", func(w *world) { black(w); w.opts.KDCs, w.opts.Timeout = many, 7*time.Second }, "", false, 7 * time.Second},
		{"more time in the options", func(w *world) { black(w); w.opts.KDCs, w.opts.Timeout = many, 50*time.Second }, "", false, 50 * time.Second},
		{"one KDC, which is given up before", black, "", false, 2 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, kdc.Options{})
				w.opts.Keytab, w.keytab = dir+"/report.keytab", dir+"/report.keytab"
				w.export("report")
				w.permit(tt.conf)
				tt.change(w)
				c, err := New(t.Context(), w.opts)
				must(t, func() error { return err })
				if tt.ticket {
					must(t, func() error { return c.Login(t.Context()) })
				}
				for _, hurry := range []time.Duration{time.Hour, time.Second} {
					ctx, cancel := context.WithTimeout(t.Context(), hurry)
					began := time.Now()
					if tt.ticket {
						_, err = c.Ticket(ctx, "impala/nowhere.example.com")
					} else {
						err = c.Login(ctx)
					}
					cancel()
					if took := time.Since(began); err == nil || took > min(tt.within, hurry) || took < time.Second {
						t.Errorf("took %s: %v", took, err)
					}
					if !tt.ticket && (!errors.Is(err, KDCUnreachable) || !fault.ClassOf(err).Retry()) {
						t.Errorf("got %v", err)
					}
				}
			})
		})
	}
}

// Of all keys that a keytab has, the KDC is shown the best one, and no other when it refuses
// that: neither of another type nor of another version.
func TestNoOtherKeyIsTriedAfterARefusal(t *testing.T) {
	w := newWorld(t, kdc.Options{Enctypes: enctypes(18, 17, 23)})
	var entries []krb5.KeytabEntry
	for range 3 {
		keys, err := w.Keys("report")
		must(t, func() error { return err })
		entries = append(entries, keys...)
		must(t, func() error { return w.Add("report") })
	}
	w.write(string(krb5.AppendKeytab(nil, entries)))
	c, err := New(t.Context(), w.opts)
	must(t, func() error { return err })
	for n := 1; n <= 2; n++ {
		checkFailure(t, c.Login(t.Context()), KeytabStale, "does not accept the key")
		if got := w.Counts().BadKeys; got != n || w.requests() != 2*n {
			t.Errorf("after %d logins the KDC saw %d bad keys in %d requests", n, got, w.requests())
		}
	}
}
