//go:build peers

package peers

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qosreport/internal/kerberos/krb5"
)

// query asks the lab, with the lab's settings without a keytab: whoever ran kinit is who logs in.
func (l *lab) query(t *testing.T, env ...string) outcome {
	t.Helper()
	cmd := command(t, "query", "SELECT count(*) AS n FROM acme", "--kerberos-krb5-conf", l.get("KRB5_CONFIG"), "--no-impala-tls", "--log-level", "warn")
	cmd.Env = append(cmd.Env, "QOSREPORT_IMPALA_HOST="+l.get("QOSREPORT_IMPALA_HOST"))
	cmd.Env = append(cmd.Env, env...)
	return finish(t, cmd)
}

// kinit, then a query: with a file, with a directory, with a service ticket that kvno got.
func TestAQueryAfterKinit(t *testing.T) {
	l := startLab(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "many"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"FILE:" + filepath.Join(dir, "cc"), "DIR:" + filepath.Join(dir, "many")} {
		env := []string{"KRB5_CONFIG=" + l.get("KRB5_CONFIG"), "KRB5CCNAME=" + name}
		for _, args := range [][]string{{"kinit", "-kt", l.get("KRB5_CLIENT_KTNAME"), "report@EXAMPLE.COM"}, nil, {"kvno", "impala/localhost"}} {
			if args != nil {
				if out, err := tool(t, env, args[0], args[1:]...); err != nil {
					t.Fatalf("%s: %v: %v\n%s", name, args, err, out)
				}
			}
			before, _ := filepath.Glob(filepath.Join(dir, "*/*"))
			o := l.query(t, "KRB5CCNAME="+name)
			if o.code != 0 || !strings.HasPrefix(o.stdout, "n\n") || o.stderr != "" {
				t.Errorf("%s after %v: exit code %d\n%s%s", name, args, o.code, o.stdout, o.stderr)
			}
			if after, _ := filepath.Glob(filepath.Join(dir, "*/*")); len(after) != len(before) {
				t.Errorf("files %v became %v", before, after)
			}
		}
		listed := ok(t, "klist", name).stdout
		for _, want := range []string{" of report@EXAMPLE.COM", "krbtgt/EXAMPLE.COM@EXAMPLE.COM", "impala/localhost@EXAMPLE.COM", "initial,pre-authent"} {
			if !strings.Contains(listed, want) {
				t.Errorf("%s: klist does not say %q:\n%s", name, want, listed)
			}
		}
		if o := l.query(t, "KRB5CCNAME=KCM:", "QOSREPORT_KERBEROS_CCACHE="+name); o.code != 0 {
			t.Errorf("the setting does not beat KRB5CCNAME: exit code %d\n%s", o.code, o.stderr)
		}
	}
	if o := l.query(t, "KRB5CCNAME=KEYRING:persistent:0"); o.code != 4 || !strings.Contains(o.stderr, "kinit -c FILE:") {
		t.Errorf("exit code %d\n%s", o.code, o.stderr)
	}
}

// A cache of MIT's that we read and write is the same to MIT's klist, and renewable,
// expired and configuration entries come through.
func TestCachesOfMIT(t *testing.T) {
	r := startRealm(t, "report", "impala/localhost")
	dir := t.TempDir()
	theirs, ours := filepath.Join(dir, "theirs"), filepath.Join(dir, "ours")
	env := []string{"KRB5CCNAME=FILE:" + theirs}
	r.mit(t, env, "kinit", "-r", "2d", "-l", "1h", "-kt", r.keytab("report"), "report")
	r.mit(t, env, "kvno", "impala/localhost")
	data := read(t, theirs)
	cache, err := krb5.ParseCCache(data)
	if err != nil || len(cache.Credentials) != 2 || !bytes.Contains(data, []byte("X-CACHECONF:")) {
		t.Fatalf("%d tickets, %v", len(cache.Credentials), err)
	}
	if err := os.WriteFile(ours, krb5.AppendCCache(nil, cache), 0o600); err != nil {
		t.Fatal(err)
	}
	show := func(name string) string {
		_, lines, _ := strings.Cut(r.mit(t, nil, "klist", "-e", "-f", "FILE:"+name), "\n")
		return lines
	}
	if show(ours) != show(theirs) {
		t.Errorf("klist shows\n%s\nof MIT's cache\n%s", show(ours), show(theirs))
	}
	r.mit(t, []string{"KRB5CCNAME=FILE:" + ours}, "kvno", "impala/localhost")
	script(t, nil, "kdc.sh", "stop", r.dir)
	if o := ok(t, "klist", theirs); strings.Count(o.stdout, "renewable") < 2 || strings.Contains(o.stdout, "expired") {
		t.Errorf("got\n%s", o.stdout)
	}
}
