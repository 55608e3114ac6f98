package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qosreport/internal/lab"
)

// What is wrong with the way to a coordinator, or with what is asked of it, is one clear
// error with its exit code, and nothing is printed as if it were data.
func TestMistakesAtEachPort(t *testing.T) {
	l := startLab(t, func(o *lab.Options) { o.Clients = true })
	kerberos := settings(l)[2:]
	open := []string{"--impala-host", l.Ports.Open, "--impala-transport", "plain-socket", "--impala-auth", "none", "--no-impala-tls"}
	at := func(addr string, more ...string) []string { return append([]string{"--impala-host", addr}, more...) }
	join := slices.Concat[[]string]
	tls, trust, http := []string{"--impala-tls"}, []string{"--impala-tls-ca", l.CAFile}, []string{"--impala-transport", "http"} // the last flag counts
	delegated := t.TempDir()
	write(t, filepath.Join(delegated, "configs/qosreport.yaml"), "version: 1\nimpala: {doas_user: alice}\n")
	for _, tt := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"no login where one is wanted", at(l.Coordinator, "--impala-transport", "plain-socket", "--impala-auth", "none", "--no-impala-tls"), 5, []string{"OpenSession: ", "may want a login", "try:"}},
		{"TLS where there is none", append(open[:len(open)-1:len(open)-1], "--impala-tls"), 4, []string{"TLS: ", "--no-impala-tls", "try:"}},
		{"TLS where there is a login", join(at(l.Coordinator), kerberos, tls, trust), 4, []string{"TLS: ", "--no-impala-tls", "try:"}},
		{"TLS over HTTP where there is none", join(at(l.Ports.OpenHTTP), open[2:], tls, http), 4, []string{"the server does not speak TLS on this port", "--no-impala-tls"}},
		{"no TLS where there is some", at(l.Ports.TLS, kerberos...), 4, []string{"the server closed the connection during the login", "a port that expects TLS"}},
		{"neither TLS nor a login where both are", join(at(l.Ports.TLS), open[2:]), 4, []string{"the peer answers in TLS", "--impala-tls"}},
		{"no TLS over HTTP where there is some", join(at(l.Ports.HTTPS), kerberos, http), 4, []string{"the server answers 400 Bad Request", "--impala-tls"}},
		{"HTTP where there is TLS alone", join(at(l.Ports.TLS), kerberos, http), 5, []string{"OpenSession: ", "binary transport", "or want TLS"}},
		{"an authority that nobody named", join(at(l.Ports.TLS), kerberos, tls), 4, []string{"no known authority has signed the certificate of the server", "qosreport lab authority", "impala.tls.ca_file"}},
		{"and over HTTP", join(at(l.Ports.HTTPS), kerberos, tls, http), 4, []string{"no known authority has signed the certificate of the server", "impala.tls.ca_file"}},
		{"no login over HTTP", at(l.Ports.HTTP, "--impala-transport", "http", "--impala-auth", "none", "--no-impala-tls"), 4, []string{"401 Unauthorized", "impala.auth kerberos or ldap"}},
		{"an option that nobody knows", append([]string{"--impala-option", "NOPE=1"}, open...), 5, []string{"does not know the query option NOPE", "SET ALL"}},
		{"an option with a bad value", append([]string{"--impala-option", "MEM_LIMIT=much"}, open...), 2, []string{`--impala-option: impala.options.MEM_LIMIT is "much"`}},
		{"another database", append([]string{"--impala-database", "nosuch"}, open...), 5, []string{"Could not resolve table reference", "try:"}},
		{"a user who may not be delegated", append([]string{"--config-dir", delegated, "--impala-host", l.Coordinator}, kerberos...), 5, []string{"is not authorized to delegate to 'alice'", "impala.doas_user"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := call(t.Context(), append([]string{"query", "SELECT count(*) AS n FROM acme"}, tt.args...)...)
			if r.code != tt.code || r.stdout != "" || strings.Count(r.stderr, "qosreport: ") != 1 {
				t.Errorf("exit code %d, want %d; printed %q", r.code, tt.code, r.stdout)
			}
			for _, want := range tt.says {
				if !strings.Contains(r.stderr, want) {
					t.Errorf("the error does not say %q", want)
				}
			}
			if t.Failed() {
				t.Log(r.stderr)
			}
		})
	}
}
