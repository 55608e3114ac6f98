//go:build peers

package peers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// logins counts the logins in the server's log behind a position: each brings one cookie.
func (h *hive) logins(t *testing.T, from int) int {
	t.Helper()
	return strings.Count(string(read(t, filepath.Join(h.dir, "log"))[from:]), "Cookie added for clientUserName")
}

// Kerberos over HTTPS, with a server that takes a bare token and one of a negotiation: one
// login a session, whatever the number of calls.
func TestNegotiateOverHTTPS(t *testing.T) {
	r := startRealm(t, "report", "hive/localhost", "HTTP/localhost")
	h := startHive(t, "HS2_AUTH=KERBEROS", "HS2_HTTP=1", "HS2_TLS=1", "HS2_KEYTAB="+r.keytab("hive/localhost"), "HS2_SPNEGO="+r.keytab("HTTP/localhost"), "KRB5_CONFIG="+r.conf())
	login := []string{"--impala-host", h.addr, "--impala-transport", "http", "--impala-tls-ca", filepath.Join(h.dir, "ca.pem"), "--log-level", "debug",
		"--kerberos-keytab", r.keytab("report"), "--kerberos-principal", "report@EXAMPLE.COM", "--kerberos-krb5-conf", r.conf()}
	for _, service := range []string{"hive", "HTTP"} {
		t.Run(service, func(t *testing.T) {
			from := h.logged(t)
			o := ok(t, append([]string{"query", "--format", "null", "SELECT id, repeat('x', 50) AS x FROM range(50000)", "--impala-service", service}, login...)...)
			if sums := checksums(t, o); sums[0] != "rows      50000" {
				t.Errorf("got %q", sums)
			}
			if !strings.Contains(o.stderr, "tls http negotiate") || h.logins(t, from) != 1 {
				t.Errorf("%d logins\n%s", h.logins(t, from), o.stderr)
			}
		})
	}
	t.Run("a large statement", func(t *testing.T) {
		o := ok(t, append([]string{"query", "--format", "tsv", "SELECT length('" + strings.Repeat("x", 20_000) + "') AS n", "--impala-service", "hive"}, login...)...)
		if o.stdout != "n\n20000\n" {
			t.Errorf("got %q", o.stdout)
		}
	})
	for _, tt := range []struct {
		name string
		args []string
		want string
		code int
	}{
		{"another service", []string{"--impala-service", "impala"}, "impala/localhost", 4},
		{"another path", []string{"--impala-service", "hive", "--config-dir", configWith(t, "impala: {http_path: /nothing}")}, "405 Method Not Allowed", 5},
		{"the binary transport", []string{"--impala-service", "hive", "--impala-transport", "sasl"}, "try:", 4},
		{"no TLS", []string{"--impala-service", "hive", "--no-impala-tls"}, "the peer answers in TLS", 4},
		{"a failed statement", []string{"--impala-service", "hive"}, "[TABLE_OR_VIEW_NOT_FOUND]", 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := qosreport(t, append(append([]string{"query", "SELECT * FROM nope"}, login...), tt.args...)...)
			if o.code != tt.code || !strings.Contains(o.stderr, tt.want) || !strings.Contains(o.stderr, "try:") {
				t.Errorf("exit code %d\n%s", o.code, o.stderr)
			}
		})
	}
}

// A password of HiveServer2, which wants one over HTTP whatever it is told of logins.
func TestPasswordsOverHTTPS(t *testing.T) {
	h := startHive(t, "HS2_AUTH=NONE", "HS2_HTTP=1", "HS2_TLS=1")
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("any\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	login := []string{"query", "--format", "tsv", "SELECT 1 AS one", "--impala-host", h.addr, "--impala-transport", "http", "--impala-tls-ca", filepath.Join(h.dir, "ca.pem")}
	if o := ok(t, append(login, "--impala-auth", "ldap", "--impala-user", "report", "--impala-password-file", password)...); o.stdout != "one\n1\n" {
		t.Errorf("got %q", o.stdout)
	}
	if o := qosreport(t, append(login, "--impala-auth", "none")...); o.code != 4 || !strings.Contains(o.stderr, "401 Unauthorized") {
		t.Errorf("exit code %d\n%s", o.code, o.stderr)
	}
}

// configWith makes a configuration folder with one more line.
func configWith(t *testing.T, line string) string {
	t.Helper()
	dir := reportOf(t, "SELECT 1")
	if err := os.WriteFile(filepath.Join(dir, "configs/qosreport.yaml"), []byte("version: 1\n"+line+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}
