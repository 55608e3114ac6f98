//go:build peers

package peers

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"qosreport/internal/kerberos"
)

// acceptScript is a service of MIT's library: who logs in with the token, and the proof of
// the service for them.
const acceptScript = `
import sys, kerberos
_, context = kerberos.authGSSServerInit(sys.argv[1])
kerberos.authGSSServerStep(context, sys.argv[2])
print(kerberos.authGSSServerUserName(context), kerberos.authGSSServerResponse(context))
`

// accept lets MIT's library answer the first token of a login at service@host.
func (r *realm) accept(t *testing.T, service, keytab string, token []byte) (client string, answer []byte) {
	t.Helper()
	said := r.mit(t, []string{"KRB5_KTNAME=FILE:" + keytab, "KRB5RCACHEDIR=" + t.TempDir()},
		peerTool(t, "venv/bin/python"), "-c", acceptScript, service, base64.StdEncoding.EncodeToString(token))
	client, text, _ := strings.Cut(strings.TrimSpace(said), " ")
	answer, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(answer) == 0 {
		t.Fatalf("the service says %q", said)
	}
	return client, answer
}

// address is where the KDC listens.
func (r *realm) address(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`\skdc = (\S+)`).FindSubmatch(read(t, r.conf()))
	if found == nil {
		t.Fatal("krb5.conf names no KDC")
	}
	return string(found[1])
}

// logged is how much the KDC has logged.
func (r *realm) logged(t *testing.T) int {
	t.Helper()
	return len(read(t, filepath.Join(r.dir, "kdc.log")))
}

// issued is a ticket that the KDC gave out, with the numbers of the types that it used for
// the reply, the ticket and the session's key.
type issued struct{ service, reply, ticket, session string }

// issued are the tickets of logins (AS_REQ), or for who has logged in (TGS_REQ), that the
// KDC's log has behind the position.
func (r *realm) issued(t *testing.T, from int, request, client string) []issued {
	t.Helper()
	line := regexp.MustCompile(request + ` .* ISSUE: .*\{rep=\S+\((\d+)\), tkt=\S+\((\d+)\), ses=\S+\((\d+)\)\}, ` + regexp.QuoteMeta(client) + ` for (\S+)\n`)
	var all []issued
	for _, found := range line.FindAllStringSubmatch(string(read(t, filepath.Join(r.dir, "kdc.log"))[from:]), -1) {
		all = append(all, issued{found[4], found[1], found[2], found[3]})
	}
	return all
}

// servicesSince are the services for which the KDC gave a client tickets.
func (r *realm) servicesSince(t *testing.T, from int, client string) []string {
	t.Helper()
	var names []string
	for _, ticket := range r.issued(t, from, "TGS_REQ", client) {
		names = append(names, ticket.service)
	}
	return names
}

// twoRealms are EXAMPLE.COM, where report is, and FAR.EXAMPLE with two services. The first
// KDC knows where hosts under far.example are, and the second trusts the first.
func twoRealms(t *testing.T) (near, far *realm) {
	t.Helper()
	t.Setenv("KDC_DOMAINS", "    .far.example = FAR.EXAMPLE")
	near = startRealm(t, "report")
	t.Setenv("KDC_DOMAINS", "")
	t.Setenv("KDC_REALM", "FAR.EXAMPLE")
	far = startRealm(t, "impala/coordinator.far.example", "impala/other.far.example")
	for _, r := range []*realm{near, far} {
		script(t, nil, "kdc.sh", "password", r.dir, "krbtgt/FAR.EXAMPLE@EXAMPLE.COM", password, "aes256-cts-hmac-sha1-96:normal")
	}
	return near, far
}

// A service of another realm is found as MIT's kvno finds it, with the same tickets of both
// KDCs, and MIT's library takes the login there.
func TestServicesOfAnotherRealm(t *testing.T) {
	near, far := twoRealms(t)
	const trust = "krbtgt/FAR.EXAMPLE@EXAMPLE.COM"
	tests := []struct {
		name, domains string
		fromNear      []string
	}{
		{"by domain_realm", "[domain_realm]\n    .far.example = FAR.EXAMPLE\n", []string{trust}},
		{"by referral", "", []string{trust, trust}}, // the KDC is asked where the second service is, too
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := &realm{dir: t.TempDir()}
			conf := fmt.Sprintf("[libdefaults]\n    default_realm = EXAMPLE.COM\n    dns_lookup_kdc = false\n    dns_canonicalize_hostname = false\n"+
				"[realms]\n    EXAMPLE.COM = {\n        kdc = %s\n    }\n    FAR.EXAMPLE = {\n        kdc = %s\n    }\n%s", near.address(t), far.address(t), tt.domains)
			if err := os.WriteFile(client.conf(), []byte(conf), 0o600); err != nil {
				t.Fatal(err)
			}
			fromFar := []string{"impala/coordinator.far.example@FAR.EXAMPLE", "impala/other.far.example@FAR.EXAMPLE"}
			check := func(who string, walk func()) {
				nearLog, farLog := near.logged(t), far.logged(t)
				walk()
				if got := near.servicesSince(t, nearLog, "report@EXAMPLE.COM"); !slices.Equal(got, tt.fromNear) {
					t.Errorf("%s got %q of the first KDC, want %q", who, got, tt.fromNear)
				}
				if got := far.servicesSince(t, farLog, "report@EXAMPLE.COM"); !slices.Equal(got, fromFar) {
					t.Errorf("%s got %q of the second KDC, want %q", who, got, fromFar)
				}
			}
			check("kvno", func() {
				cache := []string{"KRB5CCNAME=FILE:" + filepath.Join(t.TempDir(), "cc")}
				client.mit(t, cache, "kinit", "-kt", near.keytab("report"), "report")
				client.mit(t, cache, "kvno", "-S", "impala", "coordinator.far.example", "other.far.example")
			})
			creds, err := kerberos.Login(t.Context(), kerberos.Options{Principal: "report", Keytab: near.keytab("report"), KRB5Conf: client.conf()})
			if err != nil {
				t.Fatal(err)
			}
			defer creds.Close()
			check("qosreport", func() {
				for _, host := range []string{"coordinator.far.example", "other.far.example"} {
					enter(t, creds, far, host)
				}
			})
		})
	}
}

// enter logs in at impala on a host of the realm, where MIT's library serves.
func enter(t *testing.T, creds *kerberos.Creds, far *realm, host string) {
	t.Helper()
	login, err := creds.NewSASL(t.Context(), kerberos.SASLOptions{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	defer login.Close()
	token, err := login.Step(nil)
	if err != nil {
		t.Fatal(err)
	}
	client, answer := far.accept(t, "impala@"+host, far.keytab("impala/"+host), token)
	if _, err := login.Step(answer); err != nil || client != "report@EXAMPLE.COM" {
		t.Errorf("%s let %s in, whose answer is %v", host, client, err)
	}
}
