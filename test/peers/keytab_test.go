//go:build peers

package peers

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qosreport/internal/kerberos/krb5"
)

const password = "correct horse: 1 žltý kôň"

func passwordFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read is a file, which must be there.
func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// mit runs one of MIT's programs in the realm, which must work.
func (r *realm) mit(t testing.TB, env []string, name string, args ...string) string {
	t.Helper()
	out, err := tool(t, append([]string{"KRB5_CONFIG=" + r.conf()}, env...), name, args...)
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return out
}

// A keytab of ours logs MIT's kinit in, whatever types and salt the account has, and the
// KDC is never shown a wrong key on the way.
func TestMITTakesOurKeytabs(t *testing.T) {
	r := startRealm(t)
	tests := []struct {
		name, enctypes string
		flags          []string
		shown          []string // by klist
	}{
		{"usual", "aes256-cts-hmac-sha1-96:normal,aes128-cts-hmac-sha1-96:normal", nil, []string{"aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96"}},
		{"salted", "aes256-cts-hmac-sha1-96:norealm", nil, []string{"aes256-cts-hmac-sha1-96"}},
		{"sha2", "aes256-cts-hmac-sha384-192:normal,aes128-cts-hmac-sha256-128:onlyrealm", nil, []string{"aes256-cts-hmac-sha384-192", "aes128-cts-hmac-sha256-128"}},
		{"old", "rc4-hmac:normal", nil, []string{"arcfour-hmac"}},
		{"chosen", "aes256-cts-hmac-sha1-96:normal,aes128-cts-hmac-sha1-96:normal", []string{"--enctype", "aes128-cts", "--kvno", "7"}, []string{"aes128-cts-hmac-sha1-96"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			script(t, nil, "kdc.sh", "password", r.dir, tt.name, password, tt.enctypes)
			keytab := filepath.Join(t.TempDir(), "k")
			conf := []string{"--kerberos-krb5-conf", r.conf()}
			ok(t, append(append([]string{"keytab", "create", keytab, "--principal", tt.name, "--password-file", passwordFile(t)}, conf...), tt.flags...)...)
			listed := r.mit(t, nil, "klist", "-k", "-e", keytab)
			for _, enctype := range tt.shown {
				if !strings.Contains(listed, enctype) {
					t.Errorf("klist does not show %s:\n%s", enctype, listed)
				}
			}
			if n := strings.Count(listed, tt.name+"@EXAMPLE.COM"); n != len(tt.shown) {
				t.Errorf("klist shows %d keys:\n%s", n, listed)
			}
			cache := filepath.Join(t.TempDir(), "cc")
			r.mit(t, nil, "kinit", "-kt", keytab, "-c", cache, tt.name)
			if said := ok(t, append([]string{"keytab", "verify", keytab}, conf...)...).stdout; strings.Count(said, "good, ticket until") != len(tt.shown) {
				t.Errorf("verify says\n%s", said)
			}
		})
	}
	if log := string(read(t, filepath.Join(r.dir, "kdc.log"))); strings.Contains(log, "PREAUTH_FAILED") || !strings.Contains(log, "ISSUE") {
		t.Errorf("the KDC's log:\n%s", log)
	}
}

// What kadmin and ktutil wrote is listed as klist lists it, and ktutil's keys of a
// password are ours.
func TestWeReadKeytabsOfMIT(t *testing.T) {
	r := startRealm(t, "report", "impala/localhost")
	var keys []struct {
		KVNO               int
		Enctype, Principal string
	}
	o := ok(t, "keytab", "list", "--json", r.keytab("impala/localhost"))
	if err := json.Unmarshal([]byte(o.stdout), &keys); err != nil || len(keys) != 2 {
		t.Fatalf("%v\n%s", err, o.stdout)
	}
	for _, k := range keys {
		if line := k.Principal + " (" + k.Enctype + ")"; !strings.Contains(r.mit(t, nil, "klist", "-k", "-e", r.keytab("impala/localhost")), line) {
			t.Errorf("klist does not show %s", line)
		}
	}
	dir := t.TempDir()
	theirs, ours := filepath.Join(dir, "theirs"), filepath.Join(dir, "ours")
	var typed strings.Builder
	for _, enctype := range []string{"aes256-cts", "aes128-cts", "aes256-sha2", "aes128-sha2", "rc4-hmac"} {
		typed.WriteString("addent -password -p report@EXAMPLE.COM -k 3 -e " + enctype + " -s pepper\n" + password + "\n")
		ok(t, "keytab", "create", ours, "--append", "--principal", "report@EXAMPLE.COM", "--kvno", "3", "--enctype", enctype, "--salt", "pepper", "--password-file", passwordFile(t))
	}
	typed.WriteString("wkt " + theirs + "\nquit\n")
	input := filepath.Join(dir, "input")
	if err := os.WriteFile(input, []byte(typed.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	r.mit(t, nil, "bash", "-c", "ktutil <"+input)
	want, err := krb5.ParseKeytab(read(t, theirs))
	if err != nil {
		t.Fatal(err)
	}
	got, err := krb5.ParseKeytab(read(t, ours))
	if err != nil || len(got) != 5 || len(want) != 5 {
		t.Fatalf("%d keys, ktutil has %d, %v", len(got), len(want), err)
	}
	for i := range want {
		if got[i].Key.Enctype != want[i].Key.Enctype || got[i].KVNO != 3 || !bytes.Equal(got[i].Key.Value, want[i].Key.Value) {
			t.Errorf("key %d is %v, ktutil's %v; or the bytes differ", i, got[i].Key, want[i].Key)
		}
	}
}

// A stale keytab is told after one refusal, as the KDC's log shows.
func TestVerifyOfAStaleKeytab(t *testing.T) {
	r := startRealm(t, "report")
	script(t, nil, "kdc.sh", "rekey", r.dir, "report")
	o := qosreport(t, "keytab", "verify", r.keytab("report"), "--kerberos-krb5-conf", r.conf())
	if o.code != 4 || !strings.Contains(o.stdout, "bad: the KDC does not accept the key") || !strings.Contains(o.stdout, "not tried") {
		t.Errorf("exit code %d\n%s%s", o.code, o.stdout, o.stderr)
	}
	if n := strings.Count(string(read(t, filepath.Join(r.dir, "kdc.log"))), "PREAUTH_FAILED"); n != 1 {
		t.Errorf("the KDC counted %d refusals", n)
	}
}

// asTerminal runs a program on a terminal of its own and types a line at each prompt, when
// the terminal shows no longer what is typed.
const asTerminal = `
import os, pty, sys, termios, time
child, master = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b''
for _ in range(2):
    while not seen.endswith(b': '):
        seen += os.read(master, 1024)
    while termios.tcgetattr(master)[3] & termios.ECHO:
        time.sleep(0.001)
    os.write(master, sys.argv[1].encode() + b'\n')
    seen += os.read(master, 1)
try:
    while chunk := os.read(master, 1024):
        seen += chunk
except OSError:
    pass
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`

func TestThePasswordIsTypedWithoutAnEcho(t *testing.T) {
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	keytab := filepath.Join(t.TempDir(), "k")
	out, err := tool(t, nil, "python3", "-c", asTerminal, password, program, "keytab", "create", keytab, "--principal", "a@R", "--salt", "s", "--enctype", "aes256-cts")
	if err != nil || strings.Contains(out, "horse") || !strings.Contains(out, "Password for a@R: ") || !strings.Contains(out, "Once more: ") {
		t.Fatalf("%v\n%s", err, out)
	}
	want, err := krb5.PasswordKey(18, password, "s", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := krb5.ParseKeytab(read(t, keytab)); err != nil || len(got) != 1 || !bytes.Equal(got[0].Key.Value, want.Value) {
		t.Errorf("another key, %v", err)
	}
}
