//go:build peers

package peers

import (
	"path/filepath"
	"strings"
	"testing"
)

// enctypeNames are what MIT calls the encryption types that the product has, by their
// numbers in the KDC's log.
var enctypeNames = []struct{ number, name string }{
	{"17", "aes128-cts-hmac-sha1-96"},
	{"18", "aes256-cts-hmac-sha1-96"},
	{"19", "aes128-cts-hmac-sha256-128"},
	{"20", "aes256-cts-hmac-sha384-192"},
	{"23", "arcfour-hmac"},
}

// A login and a query with each type that Java 17 has: the keys of the client and of the
// service are of that type alone, and so is the session's, and every message is sealed.
func TestHiveServer2WithEachEnctype(t *testing.T) {
	var want []string
	for _, e := range enctypeNames {
		t.Run(e.name, func(t *testing.T) {
			h, r := shared.kerberos(t, "auth-conf", e.name)
			client := "report-" + e.number
			r.account(t, []string{"KDC_ENCTYPES=" + e.name + ":normal"}, client)
			from := r.logged(t)
			o := ok(t, append(append([]string{"query", "--format", "null", "SELECT id, repeat('x', 100) AS x FROM range(20000)"}, h.login(r, "auth-conf")...),
				"--kerberos-keytab", r.keytab(client), "--kerberos-principal", client+"@EXAMPLE.COM")...)
			sums := checksums(t, o)
			if want == nil {
				want = sums
			}
			if len(sums) != 3 || sums[0] != "rows      20000" || strings.Join(sums, "\n") != strings.Join(want, "\n") {
				t.Errorf("got %q, want %q", sums, want)
			}
			in := e.number
			if got := r.issued(t, from, "AS_REQ", client+"@EXAMPLE.COM"); len(got) != 1 || got[0].reply != in {
				t.Errorf("the KDC logged in %+v", got)
			}
			service := issued{service: "hive/localhost@EXAMPLE.COM", ticket: in, session: in}
			got := r.issued(t, from, "TGS_REQ", client+"@EXAMPLE.COM")
			if len(got) != 1 {
				t.Fatalf("the KDC issued %+v", got)
			}
			if service.reply = got[0].reply; got[0] != service { // the reply is for the key of the login's session
				t.Errorf("the KDC issued %+v, want %+v", got[0], service)
			}
		})
	}
}

// An account without any key of the keytab's types is told from a KDC that wants what
// nobody can give it, which is all that MIT's says; and no key is shown to it.
func TestKeytabWithoutTheTypesOfTheAccount(t *testing.T) {
	r := startRealm(t)
	const another = "try: export a new keytab"
	tests := []struct{ name, account, keytab, mention, try string }{
		{"other", "aes256-cts-hmac-sha1-96", "aes128-cts", "(the account has aes256-cts-hmac-sha1-96; the keytab has kvno 1 aes128-cts-hmac-sha1-96)", another},
		{"newer", "aes256-cts-hmac-sha384-192", "aes256-cts", "(the account has aes256-cts-hmac-sha384-192; the keytab has kvno 1 aes256-cts-hmac-sha1-96)", another},
		{"older", "arcfour-hmac", "aes256-cts", "(the account has rc4-hmac; the keytab has kvno 1 aes256-cts-hmac-sha1-96)", another},
		{"oldest", "aes256-cts-hmac-sha1-96", "rc4-hmac", "(the account has aes256-cts-hmac-sha1-96; the keytab has kvno 1 rc4-hmac)", another},
		{"foreign", "camellia256-cts-cmac", "aes256-cts", "(the account has camellia256-cts-cmac; the keytab has kvno 1 aes256-cts-hmac-sha1-96)", "to give the account AES keys"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			script(t, nil, "kdc.sh", "password", r.dir, tt.name, password, tt.account+":normal")
			keytab := filepath.Join(t.TempDir(), "k")
			ok(t, "keytab", "create", keytab, "--principal", tt.name+"@EXAMPLE.COM", "--kvno", "1", "--enctype", tt.keytab, "--salt", "s", "--password-file", passwordFile(t))
			from := r.logged(t)
			o := qosreport(t, "query", "SELECT 1", "--impala-host", "localhost:1", "--no-impala-tls", "--kerberos-keytab", keytab, "--kerberos-krb5-conf", r.conf())
			for _, want := range []string{"log in as " + tt.name + "@EXAMPLE.COM: no encryption type in common", tt.mention, tt.try} {
				if !strings.Contains(o.stderr, want) {
					t.Errorf("no %q in\n%s", want, o.stderr)
				}
			}
			log := string(read(t, filepath.Join(r.dir, "kdc.log"))[from:])
			if o.code != 4 || strings.Contains(log, "PREAUTH_FAILED") || !strings.Contains(log, "NEEDED_PREAUTH") {
				t.Errorf("exit code %d; the KDC's log:\n%s", o.code, log)
			}
		})
	}
}
