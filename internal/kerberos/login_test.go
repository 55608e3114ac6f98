package kerberos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"

	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

func TestLoginFailures(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*world)
		kind    Kind
		mention string
		asks    int
	}{
		{"a principal that the KDC does not know", func(w *world) {
			other := newWorld(w.t, kdc.Options{})
			w.KDC = other.KDC
			w.opts.Principal = "nobody"
			must(w.t, func() error { return mixKeytab(w, "nobody@EXAMPLE.COM") })
		}, ClientUnknown, "the KDC does not know nobody@EXAMPLE.COM [KDC_ERR_C_PRINCIPAL_UNKNOWN, code 6", 1},
		{"a key that has changed", func(w *world) { must(w.t, func() error { return w.Add("report") }) },
			KeytabStale, "does not accept the key of report@EXAMPLE.COM in keytab", 2},
		{"a principal that is not in the keytab", func(w *world) { w.opts.Principal = "REPORT" },
			KeytabNoEntry, "has keys for: report@EXAMPLE.COM; none for REPORT@EXAMPLE.COM", 0},
		{"a keytab with several principals and no choice", func(w *world) {
			w.opts.Principal = ""
			w.export("report", serviceSPN)
		}, KeytabNoEntry, "more than one principal: report@EXAMPLE.COM, impala/coordinator.example.com@EXAMPLE.COM", 0},
		{"a principal that cannot be read", func(w *world) { w.opts.Principal = "a@b@c" }, NoRealm, "two realms", 0},
		{"a principal without any realm", func(w *world) {
			w.opts.Principal, w.opts.Realm, w.opts.KRB5Conf = "report", "", w.keytab+".conf"
		}, NoRealm, "which realm is report in?", 0},
		{"a keytab that is not there", func(w *world) { w.opts.Keytab += "x" }, KeytabRead, "there is no keytab", 0},
		{"a keytab that is a directory", func(w *world) { w.opts.Keytab = w.t.TempDir() }, KeytabRead, "no regular file", 0},
		{"an empty keytab", func(w *world) { w.write("") }, KeytabEmpty, "is empty", 0},
		{"a keytab without keys", func(w *world) { w.write("\x05\x02") }, KeytabEmpty, "has no keys", 0},
		{"a keytab that is text", func(w *world) { w.write("password") }, KeytabFormat, "not a keytab", 0},
		{"a credential cache in place of a keytab", func(w *world) { w.write("\x05\x04\x00\x00") }, KeytabFormat, "is no keytab but a credential cache", 0},
		{"a keytab that is huge", func(w *world) { w.write(strings.Repeat("x", maxSecretBytes+1)) }, KeytabFormat, "longer than", 0},
		{"a keytab of another type", func(w *world) { w.opts.Keytab = "MEMORY:x" }, KeytabRead, "type MEMORY:", 0},
		{"a keytab that others can read", func(w *world) {
			must(w.t, func() error { return os.Chmod(w.keytab, 0o644) })
			w.opts.StrictPermissions = true
		}, KeytabPerm, "open to other users (mode 0644)", 0},
		{"a link to a keytab that others can read", func(w *world) {
			must(w.t, func() error { return os.Chmod(w.keytab, 0o640) })
			w.link(w.keytab)
			w.opts.StrictPermissions = true
		}, KeytabPerm, "link.keytab (a link to /", 0},
		{"a link to nowhere", func(w *world) { w.link("nowhere") }, KeytabRead, "link.keytab (a link to nowhere)", 0},
		{"a bad address of a KDC", func(w *world) { w.opts.KDCs = []string{"a b"} }, NoKDC, `"a b" is not an address`, 0},
		{"keys that the KDC does not have", func(w *world) { must(w.t, func() error { return mixKeytab(w, clientName, 20) }) },
			EtypeUnsupported, "has no key of the keytab's types", 2},
		{"keys that nobody has", func(w *world) { must(w.t, func() error { return mixKeytab(w, clientName, 16) }) },
			EtypeUnsupported, "the keytab has kvno 1 des3-cbc-sha1", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			tt.change(w)
			_, err := Login(t.Context(), w.opts)
			checkFailure(t, err, tt.kind, tt.mention)
			if w.requests() != tt.asks {
				t.Errorf("%d requests, want %d", w.requests(), tt.asks)
			}
		})
	}
}

func must(t testing.TB, f func() error) {
	t.Helper()
	if err := f(); err != nil {
		t.Fatal(err)
	}
}

func (w *world) write(text string) {
	must(w.t, func() error { return os.WriteFile(w.keytab, []byte(text), 0o600) })
}

// link puts a link in place of the keytab's path.
func (w *world) link(target string) {
	w.opts.Keytab = filepath.Join(w.t.TempDir(), "link.keytab")
	must(w.t, func() error { return os.Symlink(target, w.opts.Keytab) })
}

// mixKeytab writes a keytab with keys that no KDC gave out.
func mixKeytab(w *world, name string, ids ...int32) error {
	if ids == nil {
		ids = enctypes(18)
	}
	p, err := krb5.ParsePrincipal(name)
	if err != nil {
		return err
	}
	var entries []krb5.KeytabEntry
	for _, id := range ids {
		size := 32
		if e, ok := krb5.LookupEnctype(id); ok {
			size = e.KeyBytes
		}
		entries = append(entries, krb5.KeytabEntry{Principal: p, KVNO: 1, Written: time.Now(), Key: krb5.Key{Enctype: id, Value: make([]byte, size)}})
	}
	w.write(string(krb5.AppendKeytab(nil, entries)))
	return nil
}

func TestLoginTakes(t *testing.T) {
	tests := []struct {
		name   string
		change func(*world)
		asks   int
	}{
		{"a keytab with pre-authentication", func(*world) {}, 2},
		{"the only principal of a keytab", func(w *world) { w.opts.Principal = "" }, 2},
		{"a principal without a realm", func(w *world) { w.opts.Principal = "report" }, 2},
		{"a realm that only the keytab names", func(w *world) {
			w.opts.Principal, w.opts.Realm, w.opts.KRB5Conf = "", "", w.keytab+".conf"
		}, 2},
		{"a link to the keytab", func(w *world) { w.link(w.keytab) }, 2},
		{"FILE: before the path", func(w *world) { w.opts.Keytab = "FILE:" + w.keytab }, 2},
		{"a keytab with a wrong version", func(w *world) { w.relabel(func(e *krb5.KeytabEntry) { e.KVNO = 9 }) }, 2},
		{"one key of several", func(w *world) {
			w.relabel(func(e *krb5.KeytabEntry) {
				if e.Key.Enctype == 18 {
					e.Key.Enctype = 23
				}
			})
		}, 2},
		{"the newer of two versions in one second", func(w *world) {
			old, err := w.Keys("report")
			must(w.t, func() error { return err })
			must(w.t, func() error { return w.Add("report") })
			fresh, err := w.Keys("report")
			must(w.t, func() error { return err })
			w.write(string(krb5.AppendKeytab(nil, append(old, fresh...))))
		}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			tt.change(w)
			c := w.login()
			if c.Principal() != clientName || w.requests() != tt.asks {
				t.Errorf("%s logged in with %d requests", c.Principal(), w.requests())
			}
		})
	}
}

// relabel changes the entries of the keytab.
func (w *world) relabel(change func(*krb5.KeytabEntry)) {
	entries, err := w.Keys("report")
	must(w.t, func() error { return err })
	for i := range entries {
		change(&entries[i])
	}
	w.write(string(krb5.AppendKeytab(nil, entries)))
}

func TestLoginWithoutPreauthentication(t *testing.T) {
	w := newWorld(t, kdc.Options{NoPreauth: true, Offset: 10 * time.Minute})
	if w.login(); w.requests() != 1 {
		t.Errorf("%d requests", w.requests())
	}
	must(t, func() error { return w.Add("report") })
	_, err := Login(t.Context(), w.opts)
	checkFailure(t, err, KeytabStale, "does not open the KDC's reply")
}

func TestConfigurationFromAFile(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	path := w.keytab + ".conf"
	text := strings.Replace(w.Conf([]string{"kdc-2"}, ".example.com"), "[libdefaults]", "[libdefaults]\n    default_keytab_name = FILE:"+w.keytab+"\n    forwardable = true\n    renew_lifetime = 2d", 1)
	must(t, func() error { return os.WriteFile(path, []byte(text), 0o600) })
	t.Setenv("KRB5_CLIENT_KTNAME", "")
	t.Setenv("KRB5_KTNAME", "")
	w.opts = Options{Principal: "report", KRB5Conf: path, Dial: w.dial}
	c := w.login()
	if _, err := c.Ticket(t.Context(), serviceSPN); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(w.dials, " "); got != "tcp kdc-2:88 tcp kdc-2:88 tcp kdc-2:88" {
		t.Errorf("dialled %s", got)
	}
	w.opts.KRB5Conf = path + "x"
	_, err := Login(t.Context(), w.opts)
	checkFailure(t, err, ConfigMissing, path+"x")
}

// With the flag a KDC may answer with another name for the client, which tickets then have.
func TestClientWithAnotherName(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		w := newWorld(t, kdc.Options{})
		asked := false
		w.rewrite = func(request, reply []byte) []byte {
			var req messages.ASReq
			if request[0] != tagASReq || reply[0] != tagASRep {
				return reply
			}
			must(t, func() error { return req.Unmarshal(request) })
			asked = types.IsFlagSet(&req.ReqBody.KDCOptions, 15)
			var rep messages.ASRep
			must(t, func() error { return rep.Unmarshal(reply) })
			rep.CName.NameString = []string{"reporter"}
			b, err := rep.Marshal()
			must(t, func() error { return err })
			return b
		}
		c, err := New(t.Context(), w.opts)
		must(t, func() error { return err })
		c.conf.canonicalize = allowed
		tgt, err := c.get(t.Context(), krb5.TGS("EXAMPLE.COM"))
		switch {
		case asked != allowed:
			t.Errorf("asked for another name: %t", asked)
		case allowed && (err != nil || tgt.client.Name() != "reporter"):
			t.Errorf("got %v, %v", tgt, err)
		case !allowed && (err == nil || !strings.Contains(err.Error(), "for client reporter@EXAMPLE.COM")):
			t.Errorf("got %v, %v", tgt, err)
		}
	}
}

func TestTicketsAreKept(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	c := w.login()
	first, err := c.Ticket(t.Context(), serviceSPN)
	if err != nil {
		t.Fatal(err)
	}
	before := w.requests()
	second, err := c.Ticket(t.Context(), serviceSPN+"@EXAMPLE.COM")
	if err != nil || w.requests() != before || first.String() != second.String() || first.Enctype() != "aes256-cts-hmac-sha1-96" {
		t.Errorf("%d more requests, %v, %v", w.requests()-before, second, err)
	}
}

func TestTicketsAreRenewedByANewLogin(t *testing.T) {
	var mu sync.Mutex
	later := time.Duration(0)
	now := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return time.Now().Add(later)
	}
	w := newWorld(t, kdc.Options{Now: now, MaxLife: time.Hour})
	c := w.login()
	steps := []struct {
		name string
		at   time.Duration
		asks int // new ones
	}{
		{"the first ticket", 0, 1},
		{"half an hour later", 30 * time.Minute, 0},
		{"four minutes before the end", 56 * time.Minute, 1},
		{"one minute before the end", 59 * time.Minute, 3},
		{"a day later", 25 * time.Hour, 3},
	}
	for _, s := range steps {
		mu.Lock()
		later = s.at
		mu.Unlock()
		before := w.requests()
		ticket, err := c.Ticket(t.Context(), serviceSPN)
		if err != nil || w.requests()-before != s.asks {
			t.Errorf("%s: %d requests, %v, %v", s.name, w.requests()-before, ticket, err)
		}
	}
}

func TestTicketFailures(t *testing.T) {
	tests := []struct {
		name, spn string
		kind      Kind
		mention   string
	}{
		{"a service that the KDC does not know", "impala/nowhere", SPNUnknown, "get ticket for impala/nowhere@EXAMPLE.COM: the KDC knows no service principal impala/nowhere@EXAMPLE.COM [KDC_ERR_S_PRINCIPAL_UNKNOWN, code 7"},
		{"a name that cannot be read", "impala/", SPNUnknown, "cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newWorld(t, kdc.Options{}).login().Ticket(t.Context(), tt.spn)
			checkFailure(t, err, tt.kind, tt.mention)
		})
	}
}

func TestKDCWithNewKeysGetsANewLogin(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	c := w.login()
	must(t, func() error { return w.Add("krbtgt/EXAMPLE.COM") })
	before := w.requests()
	if _, err := c.Ticket(t.Context(), serviceSPN); err != nil || w.requests()-before != 4 {
		t.Errorf("%d requests, %v", w.requests()-before, err)
	}
}

func TestManyWantOneTicket(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	c := w.login()
	before := w.requests()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			spn := serviceSPN
			if i%2 == 0 {
				spn = "impala/other.example.com"
			}
			if _, err := c.Ticket(t.Context(), spn); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.requests() - before; n != 2 {
		t.Errorf("%d requests for two tickets", n)
	}
}

func TestWaitingForATicketEndsWithTheOwnContext(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	c := w.login()
	dialled, release := make(chan struct{}), make(chan struct{})
	c.kdcs.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		close(dialled)
		<-release
		c.kdcs.dial = w.dial
		return w.connect(ctx)
	}
	first := make(chan error)
	go func() {
		_, err := c.Ticket(t.Context(), serviceSPN)
		first <- err
	}()
	<-dialled
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Ticket(ctx, serviceSPN); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Errorf("who asked first: %v", err)
	}
}

func TestClosedLogin(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	c := w.login()
	lent, err := c.Ticket(t.Context(), serviceSPN)
	if err != nil {
		t.Fatal(err)
	}
	kept := c.tickets[serviceSPN+"@EXAMPLE.COM"].key.Value
	must(t, c.Close)
	for _, b := range kept {
		if b != 0 {
			t.Fatal("the key is still there")
		}
	}
	if _, err := c.Ticket(t.Context(), serviceSPN); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
	secret := lent.key.Value
	printed := fmt.Sprintf("%v %+v %#v %v %+v %#v", c, c, c, lent, lent, lent)
	for _, form := range []string{string(secret), fmt.Sprintf("%x", secret), fmt.Sprint(secret)} {
		if strings.Contains(printed, strings.Trim(form, "[]")) {
			t.Errorf("a secret shows: %s", printed)
		}
	}
}
