//go:build peers

package peers

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qosreport/internal/impala"
	"qosreport/internal/kerberos"
)

// session opens a connection to the server with a login in the realm.
func (h *hive) session(ctx context.Context, creds *kerberos.Creds) (*impala.Client, error) {
	return impala.Connect(ctx, impala.Options{Hosts: []string{h.addr}, Auth: func(ctx context.Context, host string) (impala.Mechanism, error) {
		login, err := creds.NewSASL(ctx, kerberos.SASLOptions{Service: "hive", Host: host, QOP: kerberos.AuthConf})
		if err != nil {
			return nil, err
		}
		return login, nil
	}})
}

// checkAnswer asks for one number over a connection.
func checkAnswer(ctx context.Context, t *testing.T, what string, client *impala.Client) {
	t.Helper()
	answer, err := ask(ctx, client, "SELECT 40 + 2")
	if err != nil || len(answer.rows) != 1 || answer.rows[0][0].text != "42" {
		t.Fatalf("%s: got %v, %v", what, answer.rows, err)
	}
}

// checkVisit opens a connection, asks, and closes it.
func (h *hive) checkVisit(ctx context.Context, t *testing.T, what string, creds *kerberos.Creds) {
	t.Helper()
	client, err := h.session(ctx, creds)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	checkAnswer(ctx, t, what, client)
	if err := client.Close(ctx); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

const (
	shortLife   = 12 * time.Second // of the tickets of two clients
	smallSkew   = 3 * time.Second  // by which KDC and service take tickets after their end
	betweenAsks = 500 * time.Millisecond
)

// loginShortly logs in from the keytab of a principal with a short life, and says when the
// ticket for the server ends.
func (r *realm) loginShortly(ctx context.Context, t *testing.T, name string) (*kerberos.Creds, time.Time) {
	t.Helper()
	creds, err := kerberos.Login(ctx, kerberos.Options{Principal: name, Keytab: r.keytab(name), KRB5Conf: r.conf()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { creds.Close() })
	ticket, err := creds.Ticket(ctx, "hive/localhost")
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(ticket.End()); left > shortLife {
		t.Fatalf("the ticket of %s lasts %s", name, left)
	}
	return creds, ticket.End()
}

// A process lives longer than its tickets: a connection that stands is not touched, new
// ones are opened before and after the end, by a login in use and by one that slept, and
// nothing fails. The KDC sees new logins, and not one for each connection. MIT's own client
// with the ticket of the same age is refused by then.
func TestALoginOutlivesItsTicket(t *testing.T) {
	t.Parallel()
	r := startRealmWith(t, []string{"KDC_LIBDEFAULTS=    clockskew = 3"}, "report", "sleeper", "early", "hive/localhost", "impala/localhost")
	h := kerberized(t, r, "auth-conf")
	for _, name := range []string{"report", "sleeper"} {
		script(t, nil, "kdc.sh", "life", r.dir, name, "12")
	}
	// The first statement of a server takes long, and would eat up the life of a ticket.
	ok(t, append(append([]string{"query", "SELECT 1"}, h.login(r, "auth-conf")...), "--kerberos-keytab", r.keytab("early"), "--kerberos-principal", "early@EXAMPLE.COM")...)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cache := []string{"KRB5CCNAME=FILE:" + filepath.Join(t.TempDir(), "cc")}
	r.mit(t, cache, "kinit", "-kt", r.keytab("sleeper"), "sleeper")
	from, began := r.logged(t), time.Now()
	busy, _ := r.loginShortly(ctx, t, "report")
	sleeper, end := r.loginShortly(ctx, t, "sleeper") // the later one
	standing, err := h.session(ctx, busy)
	if err != nil {
		t.Fatal(err)
	}
	defer standing.Close(context.WithoutCancel(ctx))
	h.checkVisit(ctx, t, "the sleeper, before", sleeper)

	visits, tick := 0, time.NewTicker(betweenAsks)
	defer tick.Stop()
	for ; time.Now().Before(end.Add(smallSkew + time.Second)); <-tick.C {
		checkAnswer(ctx, t, "the connection that stands", standing)
		h.checkVisit(ctx, t, "a new connection", busy)
		visits++
	}
	checkAnswer(ctx, t, "the connection that stands, at last", standing)
	h.checkVisit(ctx, t, "a new connection, at last", busy)
	h.checkVisit(ctx, t, "the sleeper, after", sleeper)

	// A ticket so short is used for half of its life.
	most := 2 + int(2*time.Since(began)/shortLife)
	for _, name := range []string{"report", "sleeper"} {
		if logins := len(r.issued(t, from, "AS_REQ", name+"@EXAMPLE.COM")); logins < 2 || logins > most {
			t.Errorf("%d logins of %s for %d connections, want 2 to %d", logins, name, visits, most)
		}
	}
	out, err := tool(t, append(cache, "KRB5_CONFIG="+r.conf()), "kvno", "impala/localhost")
	if err == nil || !strings.Contains(strings.ToLower(out), "expired") {
		t.Errorf("MIT's client with a ticket of the same age: %v\n%s", err, out)
	}
	t.Logf("%d connections in %s", visits, time.Since(began).Round(time.Second))
}
