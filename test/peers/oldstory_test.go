//go:build peers

package peers

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var enctypeList = regexp.MustCompile(`(?m)^\[libdefaults\]$`)

// The story of many a cluster: a krb5.conf that has allowed nothing but RC4 since somebody
// needed it, an account whose keytab was made of its password, and a KDC that has kept RC4.
// It works with and without encryption, and each run says once, and once only, what to ask
// the administrator of the KDC for.
func TestTheOldStory(t *testing.T) {
	types := []string{"aes256-cts-hmac-sha1-96", "rc4-hmac"}
	_, r := shared.kerberos(t, "auth-conf", types...)
	script(t, nil, "kdc.sh", "password", r.dir, "veteran", password, "rc4-hmac:normal")
	t.Cleanup(func() { script(t, nil, "kdc.sh", "remove", r.dir, "veteran") })

	dir := t.TempDir()
	conf, keytab := filepath.Join(dir, "krb5.conf"), filepath.Join(dir, "veteran.keytab")
	lists := "[libdefaults]\n    default_tkt_enctypes = rc4-hmac\n    default_tgs_enctypes = rc4-hmac\n    permitted_enctypes = rc4-hmac"
	if err := os.WriteFile(conf, enctypeList.ReplaceAll(read(t, r.conf()), []byte(lists)), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, "keytab", "create", keytab, "--principal", "veteran@EXAMPLE.COM", "--enctype", "rc4-hmac", "--password-file", passwordFile(t), "--kerberos-krb5-conf", conf)
	if out, err := tool(t, []string{"KRB5_CONFIG=" + conf}, "kinit", "-kt", keytab, "-c", filepath.Join(dir, "cc"), "veteran"); err != nil {
		t.Fatalf("MIT's client with the same files: %v\n%s", err, out)
	}

	for _, qop := range []string{"auth", "auth-conf"} {
		t.Run(qop, func(t *testing.T) {
			h, _ := shared.kerberos(t, qop, types...)
			from := r.logged(t)
			o := ok(t, "query", "SELECT id, repeat('ž', 1000) AS x FROM range(3)", "--format", "null", "--impala-host", h.addr, "--impala-service", "hive/_HOST@EXAMPLE.COM",
				"--impala-sasl-qop", qop, "--no-impala-tls", "--kerberos-keytab", keytab, "--kerberos-krb5-conf", conf)
			if !strings.Contains(o.stdout, "rows      3\n") {
				t.Errorf("got %s", o.stdout)
			}
			if n := strings.Count(o.stderr, `"level":"WARN"`); n != 1 || !strings.Contains(o.stderr, conf+":4:5: only RC4 is allowed") ||
				strings.Count(o.stderr, "ask the administrator of the KDC to give the account AES keys") != 1 {
				t.Errorf("%d warnings:\n%s", n, o.stderr)
			}
			logins, tickets := r.issued(t, from, "AS_REQ", "veteran@EXAMPLE.COM"), r.issued(t, from, "TGS_REQ", "veteran@EXAMPLE.COM")
			if len(logins) != 1 || logins[0].reply != "23" || len(tickets) != 1 || tickets[0].session != "23" {
				t.Errorf("the KDC issued %+v and %+v", logins, tickets)
			}
			if log := string(read(t, filepath.Join(r.dir, "kdc.log"))[from:]); strings.Contains(log, "PREAUTH_FAILED") {
				t.Errorf("the KDC was shown a wrong key:\n%s", log)
			}
		})
	}
}
