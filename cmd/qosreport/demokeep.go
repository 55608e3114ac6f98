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
	fmt.Fprintln(a.out, "impala-shell, with the ticket of kinit, with a password, without a login; each over binary and over HTTP:")
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

// shellLines call impala-shell for each way into the lab.
func shellLines(cluster *lab.Lab) []string {
	const http = " --protocol=hs2-http"
	password := fmt.Sprintf("impala-shell -l -u %s --ldap_password_cmd='printf %s' --auth_creds_ok_in_clear -i ", lab.User, lab.Password)
	return []string{
		"impala-shell -k -i " + cluster.Coordinator,
		"impala-shell -k -i " + cluster.Ports.HTTP + http,
		password + cluster.Coordinator,
		password + cluster.Ports.HTTP + http,
		"impala-shell -i " + cluster.Ports.Open,
		"impala-shell -i " + cluster.Ports.OpenHTTP + http,
	}
}

// impylaLines make a connection of impyla for each way into the lab.
func impylaLines(cluster *lab.Lab) []string {
	const kerberos = `auth_mechanism="GSSAPI", kerberos_service_name="` + lab.Service + `"`
	const password = `auth_mechanism="LDAP", user="` + lab.User + `", password="` + lab.Password + `"`
	const http = `use_http_transport=True, http_path="cliservice", `
	var lines []string
	for _, way := range []struct{ address, login string }{
		{cluster.Coordinator, kerberos}, {cluster.Ports.HTTP, http + kerberos},
		{cluster.Coordinator, password}, {cluster.Ports.HTTP, http + password},
		{cluster.Ports.Open, `auth_mechanism="NOSASL"`}, {cluster.Ports.OpenHTTP, http + `auth_mechanism="NOSASL"`},
	} {
		host, port, _ := strings.Cut(way.address, ":") // of the lab's own making
		lines = append(lines, fmt.Sprintf("impala.dbapi.connect(host=%q, port=%s, %s)", host, port, way.login))
	}
	return lines
}
