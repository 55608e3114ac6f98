//go:build peers

package peers

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// lab is "qosreport demo --keep" as another process sees it.
type lab struct{ env []string }

var exported = regexp.MustCompile(`^export ([A-Z0-9_]+)=(.*)$`)

func startLab(t *testing.T) *lab {
	t.Helper()
	cmd := command(t, "demo", "--keep", "--days", "4", "--out", t.TempDir())
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			said, _ := os.ReadFile(stderr.Name())
			t.Errorf("the lab ended with %v\n%s", err, said)
		}
	})
	l := &lab{}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if m := exported.FindStringSubmatch(lines.Text()); m != nil {
			l.env = append(l.env, m[1]+"="+m[2])
		}
		if strings.Contains(lines.Text(), "kinit -kt") {
			return l
		}
	}
	t.Fatalf("the lab printed no settings: %v", lines.Err())
	return nil
}

func (l *lab) get(name string) string {
	for _, pair := range l.env {
		if value, found := strings.CutPrefix(pair, name+"="); found {
			return value
		}
	}
	return ""
}

// MIT's clients take the lab's KDC for one: over UDP and over TCP, and a wrong key is
// refused with the code that they know.
func TestMITClientsAtTheLabsKDC(t *testing.T) {
	l := startLab(t)
	conf, err := os.ReadFile(l.get("KRB5_CONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	for network, limit := range map[string]string{"udp": "65535", "tcp": "1"} {
		dir := t.TempDir()
		file := filepath.Join(dir, "krb5.conf")
		text := regexp.MustCompile(`(?m)^\s*udp_preference_limit.*$`).ReplaceAllString(string(conf), "")
		text = strings.Replace(text, "[libdefaults]", "[libdefaults]\n    udp_preference_limit = "+limit, 1)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		env := []string{"KRB5_CONFIG=" + file, "KRB5CCNAME=FILE:" + filepath.Join(dir, "cc"), "KRB5_TRACE=" + filepath.Join(dir, "trace")}
		for _, args := range [][]string{{"kinit", "-kt", l.get("KRB5_CLIENT_KTNAME"), "report@EXAMPLE.COM"}, {"kvno", "impala/localhost"}} {
			if out, err := tool(t, env, args[0], args[1:]...); err != nil {
				t.Errorf("%s: %v: %v\n%s", network, args, err, out)
			}
		}
		trace, err := os.ReadFile(filepath.Join(dir, "trace"))
		if err != nil {
			t.Fatal(err)
		}
		sent := map[string]string{"udp": "Sending initial UDP request", "tcp": "Initiating TCP connection"}[network]
		if !strings.Contains(string(trace), sent) {
			t.Errorf("%s was not used:\n%s", network, trace)
		}
		other := startRealm(t, "report")
		out, err := tool(t, env, "kinit", "-kt", other.keytab("report"), "report@EXAMPLE.COM")
		if err == nil || !strings.Contains(out, "Preauthentication failed") {
			t.Errorf("%s: a wrong key: %v\n%s", network, err, out)
		}
	}
}

const impylaScript = `
import os, sys
from impala.dbapi import connect
host, port = os.environ['QOSREPORT_IMPALA_HOST'].rsplit(':', 1)
c = connect(host=host, port=int(port), auth_mechanism='GSSAPI', kerberos_service_name='impala')
cur = c.cursor()
cur.execute(sys.argv[1])
for row in cur:
    print('\t'.join('\\N' if v is None else 'true' if v is True else 'false' if v is False else str(v) for v in row))
cur.close()
c.close()
`

// impyla reads a table over GSSAPI from the stand-in, and its rows are ours.
func TestImpylaReadsTheSameRows(t *testing.T) {
	l := startLab(t)
	python := filepath.Join(venv(t, "venv"), "python")
	env := append(l.env, "KRB5CCNAME=FILE:"+filepath.Join(t.TempDir(), "cc"))
	if out, err := tool(t, env, "kinit", "-kt", l.get("KRB5_CLIENT_KTNAME"), "report@EXAMPLE.COM"); err != nil {
		t.Fatalf("kinit: %v\n%s", err, out)
	}
	statement := `SELECT id, name, amount, ratio, ok, seen_at, dt FROM acme WHERE dt = "2017-09-12" AND ratio IS NOT NULL ORDER BY id`
	theirs, err := tool(t, env, python, "-W", "ignore", "-c", impylaScript, statement)
	if err != nil {
		t.Fatalf("impyla: %v\n%s", err, theirs)
	}
	cmd := command(t, "query", "--format", "tsv", statement)
	cmd.Env = append(cmd.Env, l.env...)
	ours := finish(t, cmd)
	_, rows, _ := strings.Cut(ours.stdout, "\n")
	if rows != theirs || strings.Count(rows, "\n") < 900 {
		t.Errorf("exit code %d, %d rows of ours, %d of impyla's\n%.300s\n%.300s\n%s", ours.code, strings.Count(rows, "\n"), strings.Count(theirs, "\n"), rows, theirs, ours.stderr)
	}
}

// The checks for a cluster of the user's own pass on the lab, so that they are known to run.
func TestLiveChecks(t *testing.T) {
	l := startLab(t)
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "configs"), 0o755); err != nil {
		t.Fatal(err)
	}
	text := "version: 1\nimpala: {hosts: [\"" + l.get("QOSREPORT_IMPALA_HOST") + "\"], tls: {enabled: false}}\n" +
		"kerberos: {keytab: \"" + l.get("QOSREPORT_KERBEROS_KEYTAB") + "\", krb5_conf: \"" + l.get("QOSREPORT_KERBEROS_KRB5_CONF") + "\"}\n"
	if err := os.WriteFile(filepath.Join(dir, "configs", "qosreport.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := tool(t, []string{"QOSREPORT_TEST_CONFIG=" + dir}, "go", "test", "-count=1", "-tags", "live", "qosreport/test/live"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A disk that fills up in the middle of a run leaves nothing behind.
func TestDiskFull(t *testing.T) {
	out := filepath.Join(t.TempDir(), "full")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", out).CombinedOutput(); err != nil {
		t.Fatalf("mount (needs root): %v\n%s", err, said)
	}
	defer exec.Command("umount", out).Run()
	o := qosreport(t, "demo", "--days", "3", "--out", out)
	if o.code != 6 || !strings.Contains(o.stderr, "no space left on device") || !strings.Contains(o.stderr, "make room") {
		t.Errorf("exit code %d\n%s", o.code, o.stderr)
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
