//go:build peers

package peers

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// realm is a running MIT KDC.
type realm struct{ dir string }

func startRealm(t testing.TB, principals ...string) *realm {
	t.Helper()
	return startRealmWith(t, nil, principals...)
}

// startRealmWith starts one with settings of kdc.sh.
func startRealmWith(t testing.TB, settings []string, principals ...string) *realm {
	t.Helper()
	r := &realm{dir: filepath.Join(folder(t), "realm")}
	t.Cleanup(func() { script(t, nil, "kdc.sh", "stop", r.dir) })
	r.start(t, settings, principals...)
	return r
}

func (r *realm) start(t testing.TB, settings []string, principals ...string) {
	t.Helper()
	script(t, settings, "kdc.sh", "start", r.dir, freePort(t))
	script(t, settings, "kdc.sh", append([]string{"add", r.dir}, principals...)...)
}

func (r *realm) conf() string { return filepath.Join(r.dir, "krb5.conf") }
func (r *realm) keytab(name string) string {
	return filepath.Join(r.dir, strings.ReplaceAll(name, "/", "_")+".keytab")
}

// serve gives the service of HiveServer2 new keys of these types alone, which are those of
// its sessions, too. A server reads its keytab again when that has changed.
func (r *realm) serve(t *testing.T, enctypes ...string) {
	t.Helper()
	keys := []string{"KDC_ENCTYPES=" + strings.Join(enctypes, ":normal,") + ":normal"}
	script(t, keys, "kdc.sh", "rekey", r.dir, "hive/localhost")
	script(t, nil, "kdc.sh", "session", r.dir, "hive/localhost", strings.Join(enctypes, " "))
	script(t, nil, "kdc.sh", "export", r.dir, "hive/localhost")
}

// account adds a principal, with the settings of kdc.sh, until the test ends.
func (r *realm) account(t *testing.T, settings []string, name string) {
	t.Helper()
	script(t, settings, "kdc.sh", "add", r.dir, name)
	t.Cleanup(func() { script(t, nil, "kdc.sh", "remove", r.dir, name) })
}

// hive is a running HiveServer2.
type hive struct{ dir, addr string }

func startHive(t *testing.T, settings ...string) *hive {
	t.Helper()
	h := newHive(t, folder(t), settings...)
	t.Cleanup(func() {
		if err := h.stop(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func newHive(t *testing.T, parent string, settings ...string) *hive {
	t.Helper()
	h := &hive{dir: filepath.Join(parent, "hs2")}
	if err := os.Mkdir(h.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	h.addr = "localhost:" + port
	script(t, settings, "hs2.sh", "start", h.dir, port)
	return h
}

func (h *hive) stop() error { return exec.Command("bash", "hs2.sh", "stop", h.dir).Run() }

// kerberized starts a server with one protection level in the realm.
func kerberized(t *testing.T, r *realm, qop string) *hive {
	t.Helper()
	return startHive(t, r.settings(qop)...)
}

func (r *realm) settings(qop string) []string {
	return []string{"HS2_AUTH=KERBEROS", "HS2_QOP=" + qop, "HS2_KEYTAB=" + r.keytab("hive/localhost"), "KRB5_CONFIG=" + r.conf()}
}

// pool holds servers that tests use one after the other: a start and the first statements
// cost more than most tests do. Each leaves a server as it found it; TestMain ends them.
type pool struct {
	hives map[string]*hive // by their settings
	realm *realm
}

var shared = pool{hives: make(map[string]*hive)}

// hive is the server with these settings, started for the first that asks.
func (p *pool) hive(t *testing.T, settings ...string) *hive {
	t.Helper()
	key := strings.Join(settings, "\n")
	if p.hives[key] == nil {
		p.hives[key] = newHive(t, p.folder(t), settings...)
	}
	return p.hives[key]
}

// plainHive is the server without a login.
func plainHive(t *testing.T) *hive {
	t.Helper()
	return shared.hive(t)
}

// kerberos is a server with one protection level, in a realm that has kept RC4. The keys of
// its service are new ones of these types; the test brings its accounts.
func (p *pool) kerberos(t *testing.T, qop string, enctypes ...string) (*hive, *realm) {
	t.Helper()
	if p.realm == nil {
		r := &realm{dir: filepath.Join(p.folder(t), "realm")}
		r.start(t, []string{"KDC_LIBDEFAULTS=    allow_weak_crypto = true\n    allow_rc4 = true"}, "hive/localhost") // Java takes no RC4 without the first
		var types []string                                                                                           // the session of a login is of a type that the KDC has for itself, too
		for _, e := range enctypeNames {
			types = append(types, e.name+":normal")
		}
		script(t, []string{"KDC_ENCTYPES=" + strings.Join(types, ",")}, "kdc.sh", "rekey", r.dir, "krbtgt/EXAMPLE.COM")
		p.realm = r
	}
	p.realm.serve(t, enctypes...)
	return p.hive(t, p.realm.settings(qop)...), p.realm
}

func (p *pool) folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "qp")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func (p *pool) end() error {
	var failures []error
	for _, h := range p.hives {
		failures = append(failures, h.stop(), os.RemoveAll(filepath.Dir(h.dir)))
	}
	if p.realm != nil {
		failures = append(failures, exec.Command("bash", "kdc.sh", "stop", p.realm.dir).Run(), os.RemoveAll(filepath.Dir(p.realm.dir)))
	}
	return errors.Join(failures...)
}
