package main

import (
	"context"
	"fmt"
	"strings"

	"qosreport/internal/lab"
)

// keep prints what other clients need, as lines for a shell, and waits for a signal.
func keep(ctx context.Context, a *app, cluster *lab.Lab) error {
	fmt.Fprintf(a.out, `The lab runs until this process is ended (Ctrl-C). For another client:
export KRB5_CONFIG=%[2]s
export KRB5_CLIENT_KTNAME=%[3]s
export QOSREPORT_IMPALA_HOST=%[1]s
export QOSREPORT_IMPALA_TLS=false
export QOSREPORT_KERBEROS_PRINCIPAL=%[4]s
export QOSREPORT_KERBEROS_KEYTAB=%[3]s
export QOSREPORT_KERBEROS_KRB5_CONF=%[2]s
export QOSREPORT_ZONE=%[5]s
Then, for example:
  qosreport query 'SELECT * FROM acme WHERE dt="2017-09-12" LIMIT 5'
  kinit -kt "$KRB5_CLIENT_KTNAME" %[4]s && kvno %[6]s/localhost
`, cluster.Coordinator, cluster.KRB5Conf, cluster.Keytab, lab.Principal, demoZone, lab.Service)
	fmt.Fprintf(a.out, "Over TLS, with a certificate of the authority in %s:\n", cluster.CAFile)
	for _, flags := range overTLS(cluster) {
		fmt.Fprintf(a.out, "  qosreport query %s 'SELECT user()'\n", flags)
	}
	fmt.Fprintln(a.out, "impala-shell, with the ticket of kinit, with a password, without a login, each over binary and over HTTP;")
	fmt.Fprintln(a.out, "over TLS with the ticket over binary, with the password over HTTP:")
	for _, line := range shellLines(cluster) {
		fmt.Fprintln(a.out, "  "+line)
	}
	fmt.Fprintln(a.out, "impyla, likewise:")
	for _, line := range impylaLines(cluster) {
		fmt.Fprintln(a.out, "  "+line)
	}
	<-ctx.Done()
	return nil
}

// overTLS are the flags of ours that lead over TLS, beside what is exported.
func overTLS(cluster *lab.Lab) []string {
	trust := " --impala-tls --impala-tls-ca " + cluster.CAFile
	return []string{"--impala-host " + cluster.Ports.TLS + trust, "--impala-transport http --impala-host " + cluster.Ports.HTTPS + trust}
}

// shellLines call impala-shell for each way into the lab.
func shellLines(cluster *lab.Lab) []string {
	const http = " --protocol=hs2-http"
	const inClear = " --auth_creds_ok_in_clear"
	trust := " --ssl --ca_cert=" + cluster.CAFile
	password := fmt.Sprintf("impala-shell -l -u %s --ldap_password_cmd='printf %s'", lab.User, lab.Password)
	return []string{
		"impala-shell -k -i " + cluster.Coordinator,
		"impala-shell -k -i " + cluster.Ports.HTTP + http,
		password + inClear + " -i " + cluster.Coordinator,
		password + inClear + " -i " + cluster.Ports.HTTP + http,
		"impala-shell -i " + cluster.Ports.Open,
		"impala-shell -i " + cluster.Ports.OpenHTTP + http,
		"impala-shell -k -i " + cluster.Ports.TLS + trust,
		password + " -i " + cluster.Ports.HTTPS + http + trust,
	}
}

// impylaLines make a connection of impyla for each way into the lab.
func impylaLines(cluster *lab.Lab) []string {
	const kerberos = `auth_mechanism="GSSAPI", kerberos_service_name="` + lab.Service + `"`
	const password = `auth_mechanism="LDAP", user="` + lab.User + `", password="` + lab.Password + `"`
	const http = `use_http_transport=True, http_path="cliservice", `
	trust := fmt.Sprintf("use_ssl=True, ca_cert=%q, ", cluster.CAFile)
	var lines []string
	for _, way := range []struct{ address, login string }{
		{cluster.Coordinator, kerberos}, {cluster.Ports.HTTP, http + kerberos},
		{cluster.Coordinator, password}, {cluster.Ports.HTTP, http + password},
		{cluster.Ports.Open, `auth_mechanism="NOSASL"`}, {cluster.Ports.OpenHTTP, http + `auth_mechanism="NOSASL"`},
		{cluster.Ports.TLS, trust + kerberos}, {cluster.Ports.HTTPS, trust + http + password},
	} {
		host, port, _ := strings.Cut(way.address, ":") // of the lab's own making
		lines = append(lines, fmt.Sprintf("impala.dbapi.connect(host=%q, port=%s, %s)", host, port, way.login))
	}
	return lines
}
