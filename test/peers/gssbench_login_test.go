//go:build peers

package peers

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"qosreport/internal/kerberos"
)

// kdcClock counts the conversations with KDCs and the time that they take.
type kdcClock struct {
	dials, waited atomic.Int64 // the latter in nanoseconds
}

func (c *kdcClock) since(began time.Time) { c.waited.Add(int64(time.Since(began))) }

func (c *kdcClock) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	defer c.since(time.Now())
	c.dials.Add(1)
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &clockedConn{conn, c}, nil
}

type clockedConn struct {
	net.Conn
	clock *kdcClock
}

func (c *clockedConn) Read(p []byte) (int, error) {
	defer c.clock.since(time.Now())
	return c.Conn.Read(p)
}

func (c *clockedConn) Write(p []byte) (int, error) {
	defer c.clock.since(time.Now())
	return c.Conn.Write(p)
}

// logInOnce is what a run does: krb5.conf and keytab, the login, and the service's ticket.
func (r *realm) logInOnce(tb testing.TB, c *kdcClock) {
	tb.Helper()
	creds, err := kerberos.Login(tb.Context(), kerberos.Options{Principal: "report", Keytab: r.keytab("report"), KRB5Conf: r.conf(), Dial: c.dial})
	if err != nil {
		tb.Fatal(err)
	}
	defer creds.Close()
	if _, err := creds.Ticket(tb.Context(), "impala/localhost"); err != nil {
		tb.Fatal(err)
	}
}

func TestALoginWithATicketAsksThreeTimes(t *testing.T) {
	r := startRealm(t, "report", "impala/localhost")
	var c kdcClock
	from := r.logged(t)
	r.logInOnce(t, &c)
	log := string(read(t, filepath.Join(r.dir, "kdc.log"))[from:])
	asked := strings.Count(log, "_REQ (")
	if c.dials.Load() != 3 || asked != 3 || strings.Count(log, "NEEDED_PREAUTH: report@EXAMPLE.COM for krbtgt/") != 1 ||
		len(r.issued(t, from, "AS_REQ", "report@EXAMPLE.COM")) != 1 || len(r.issued(t, from, "TGS_REQ", "report@EXAMPLE.COM")) != 1 {
		t.Errorf("%d conversations, %d requests, want the login, its proof and the ticket:\n%s", c.dials.Load(), asked, log)
	}
}

// BenchmarkLogin is a login with a ticket at MIT's KDC on loopback, and how much of the
// time is not spent in waiting for it: the medians.
func BenchmarkLogin(b *testing.B) {
	r := startRealm(b, "report", "impala/localhost")
	var c kdcClock
	var whole, own []time.Duration
	for b.Loop() {
		waited, began := c.waited.Load(), time.Now()
		r.logInOnce(b, &c)
		took := time.Since(began)
		whole, own = append(whole, took), append(own, took-time.Duration(c.waited.Load()-waited))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(c.dials.Load())/float64(len(whole)), "asks/login")
	slices.Sort(whole)
	slices.Sort(own)
	b.ReportMetric(whole[len(whole)/2].Seconds()*1e3, "ms/login")
	b.ReportMetric(own[len(own)/2].Seconds()*1e3, "own-ms/login")
}
