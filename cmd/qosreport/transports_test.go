package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"qosreport/internal/lab"
)

// waysIn are the flags for each transport and login of a lab with ports for other clients.
func waysIn(t *testing.T, l *lab.Lab) map[string][]string {
	password := write(t, filepath.Join(t.TempDir(), "password"), lab.Password)
	kerberos := settings(l)[2:]
	early := t.TempDir()
	write(t, filepath.Join(early, "configs/qosreport.yaml"), "version: 1\nimpala: {fetch_ahead: true}\n")
	for _, shipped := range []string{"configs/reports", "queries"} {
		if err := os.CopyFS(filepath.Join(early, shipped), os.DirFS(filepath.Join("../..", shipped))); err != nil {
			t.Fatal(err)
		}
	}
	ldap := []string{"--impala-auth", "ldap", "--impala-user", lab.User, "--impala-password-file", password, "--no-impala-tls", "--log-level", "warn"}
	tls := []string{"--impala-tls", "--impala-tls-ca", l.CAFile} // behind --no-impala-tls: the last flag counts
	none := []string{"--impala-auth", "none", "--no-impala-tls", "--log-level", "warn"}
	to := func(addr, transport string, login []string) []string {
		return append([]string{"--impala-host", addr, "--impala-transport", transport}, login...)
	}
	return map[string][]string{
		"a ticket over SASL":       to(l.Coordinator, "sasl", kerberos),
		"a ticket, rows early":     to(l.Coordinator, "sasl", append([]string{"--config-dir", early}, kerberos...)),
		"a ticket over HTTP":       to(l.Ports.HTTP, "http", kerberos),
		"a password over SASL":     to(l.Coordinator, "sasl", ldap),
		"a password over HTTP":     to(l.Ports.HTTP, "http", ldap),
		"a ticket over TLS":        to(l.Ports.TLS, "sasl", slices.Concat(kerberos, tls)),
		"a password over HTTPS":    to(l.Ports.HTTPS, "http", slices.Concat(ldap, tls)),
		"no login, a plain socket": to(l.Ports.Open, "plain-socket", none),
		"no login over HTTP":       to(l.Ports.OpenHTTP, "http", none),
	}
}

// A report is the same whichever way its rows came; so are plans and rows.
func TestEachTransportGivesTheSame(t *testing.T) {
	l := startLab(t, func(o *lab.Options) { o.Clients = true })
	ways := waysIn(t, l)
	const day = "2017-09-12"
	commands := map[string]func(way []string) string{
		"query": func(way []string) string { return stdoutOf(t, "query", "SELECT * FROM acme", way) },
		"explain": func(way []string) string {
			return stdoutOf(t, "explain", "voice-daily", append([]string{"--date", day}, way...))
		},
		"run": func(way []string) string {
			out := t.TempDir()
			stdoutOf(t, "run", "--report=voice-daily", append([]string{"--date", day, "--out", out, "--format", "csv"}, way...))
			var all string
			for _, name := range files(t, out) {
				data, err := os.ReadFile(filepath.Join(out, name))
				if err != nil {
					t.Fatal(err)
				}
				all += name + "\n" + string(data)
			}
			return all
		},
	}
	for name, command := range commands {
		want := command(ways["a ticket over SASL"])
		if len(want) < 500 {
			t.Errorf("%s gives %q", name, want)
		}
		for way, flags := range ways {
			if got := command(flags); got != want {
				t.Errorf("%s with %s differs from a ticket over SASL: %d bytes and %d", name, way, len(got), len(want))
			}
		}
	}
}

// stdoutOf is what a command that works has printed.
func stdoutOf(t *testing.T, command, argument string, flags []string) string {
	t.Helper()
	r := call(t.Context(), append([]string{command, argument}, flags...)...)
	if r.code != 0 {
		t.Fatalf("%s %q: exit code %d\n%s", command, flags, r.code, r.stderr)
	}
	return r.stdout
}
