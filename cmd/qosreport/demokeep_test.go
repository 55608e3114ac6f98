package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qosreport/internal/lab"
)

// The lines for other clients are what their manuals ask for, one for each way in.
func TestLinesForOtherClients(t *testing.T) {
	cluster := &lab.Lab{Coordinator: "localhost:1", CAFile: "/lab/ca.pem",
		Ports: lab.Ports{HTTP: "localhost:2", Open: "localhost:3", OpenHTTP: "localhost:4", TLS: "localhost:5", HTTPS: "localhost:6"}}
	want := `impala-shell -k -i localhost:1
impala-shell -k -i localhost:2 --protocol=hs2-http
impala-shell -l -u report --ldap_password_cmd='printf demo' --auth_creds_ok_in_clear -i localhost:1
impala-shell -l -u report --ldap_password_cmd='printf demo' --auth_creds_ok_in_clear -i localhost:2 --protocol=hs2-http
impala-shell -i localhost:3
impala-shell -i localhost:4 --protocol=hs2-http
impala-shell -k -i localhost:5 --ssl --ca_cert=/lab/ca.pem
impala-shell -l -u report --ldap_password_cmd='printf demo' -i localhost:6 --protocol=hs2-http --ssl --ca_cert=/lab/ca.pem
impala.dbapi.connect(host="localhost", port=1, auth_mechanism="GSSAPI", kerberos_service_name="impala")
impala.dbapi.connect(host="localhost", port=2, use_http_transport=True, http_path="cliservice", auth_mechanism="GSSAPI", kerberos_service_name="impala")
impala.dbapi.connect(host="localhost", port=1, auth_mechanism="LDAP", user="report", password="demo")
impala.dbapi.connect(host="localhost", port=2, use_http_transport=True, http_path="cliservice", auth_mechanism="LDAP", user="report", password="demo")
impala.dbapi.connect(host="localhost", port=3, auth_mechanism="NOSASL")
impala.dbapi.connect(host="localhost", port=4, use_http_transport=True, http_path="cliservice", auth_mechanism="NOSASL")
impala.dbapi.connect(host="localhost", port=5, use_ssl=True, ca_cert="/lab/ca.pem", auth_mechanism="GSSAPI", kerberos_service_name="impala")
impala.dbapi.connect(host="localhost", port=6, use_ssl=True, ca_cert="/lab/ca.pem", use_http_transport=True, http_path="cliservice", auth_mechanism="LDAP", user="report", password="demo")`
	if got := strings.Join(append(shellLines(cluster), impylaLines(cluster)...), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Our own client takes each way into the lab, and a wrong password leads nowhere.
func TestEachWayIntoTheLab(t *testing.T) {
	l := startLab(t, func(o *lab.Options) { o.Clients = true })
	password, wrong := filepath.Join(t.TempDir(), "password"), filepath.Join(t.TempDir(), "wrong")
	write(t, password, lab.Password)
	write(t, wrong, "guess")
	kerberos := settings(l)[2:]
	ldap := []string{"--impala-auth", "ldap", "--impala-user", lab.User, "--no-impala-tls"}
	secure := overTLS(l)
	secured := func(flags string, login ...[]string) []string { // the last flag counts, and is one for TLS
		return append(slices.Concat(login...), strings.Fields(flags)...)
	}
	for _, tt := range []struct {
		name string
		args []string
		user string // "" is a refusal
	}{
		{"a ticket", append([]string{"--impala-host", l.Coordinator}, kerberos...), "report"},
		{"a ticket over HTTP", append([]string{"--impala-host", l.Ports.HTTP, "--impala-transport", "http"}, kerberos...), "report@EXAMPLE.COM"},
		{"a password", append([]string{"--impala-host", l.Coordinator, "--impala-password-file", password}, ldap...), "report"},
		{"a password over HTTP", append([]string{"--impala-host", l.Ports.HTTP, "--impala-transport", "http", "--impala-password-file", password}, ldap...), "report"},
		{"a ticket over TLS", secured(secure[0], kerberos), "report"},
		{"a ticket over HTTPS", secured(secure[1], kerberos), "report@EXAMPLE.COM"},
		{"a password over TLS", secured(secure[0], ldap, []string{"--impala-password-file", password}), "report"},
		{"a password over HTTPS", secured(secure[1], ldap, []string{"--impala-password-file", password}), "report"},
		{"a wrong password over TLS", secured(secure[0], ldap, []string{"--impala-password-file", wrong}), ""},
		{"a wrong password over HTTPS", secured(secure[1], ldap, []string{"--impala-password-file", wrong}), ""},
		{"a wrong password", append([]string{"--impala-host", l.Coordinator, "--impala-password-file", wrong}, ldap...), ""},
		{"a wrong password over HTTP", append([]string{"--impala-host", l.Ports.HTTP, "--impala-transport", "http", "--impala-password-file", wrong}, ldap...), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := call(t.Context(), append([]string{"query", "SELECT user() AS u"}, tt.args...)...)
			if tt.user == "" {
				if r.code != 4 || r.stdout != "" {
					t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
				}
				return
			}
			if r.code != 0 || r.stdout != "u\n"+tt.user+"\n" {
				t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
		})
	}
	for _, way := range [][]string{{l.Ports.Open, "plain-socket"}, {l.Ports.OpenHTTP, "http"}} {
		r := call(t.Context(), "query", "SELECT count(*) AS n FROM acme", "--impala-host", way[0], "--impala-transport", way[1], "--impala-auth", "none", "--no-impala-tls")
		if r.code != 0 || r.stdout != "n\n4000\n" {
			t.Errorf("%v: exit code %d\n%s%s", way, r.code, r.stdout, r.stderr)
		}
	}
}
