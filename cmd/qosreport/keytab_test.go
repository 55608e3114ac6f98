package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"qosreport/internal/kerberos"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab"
)

// kerberosFlags are the flags that lead to the lab's KDC.
func kerberosFlags(l *lab.Lab, args ...string) []string {
	return append(args, "--kerberos-krb5-conf", l.KRB5Conf, "--log-level", "warn")
}

func passwordFile(t *testing.T, text string) string {
	return write(t, filepath.Join(t.TempDir(), "password"), text)
}

// readBack is a keytab as the program reads it.
func readBack(t *testing.T, path string) []krb5.KeytabEntry {
	t.Helper()
	entries, err := kerberos.ReadKeytab(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	return entries
}

func TestKeytabCreateMakesTheKeysOfThePassword(t *testing.T) {
	l := startLab(t, nil)
	const password = "correct horse"
	tests := []struct {
		name string
		args []string
		want []int32
		salt string
	}{
		{"as the KDC says: no other salt, and two types", kerberosFlags(l), []int32{18, 17}, "EXAMPLE.COMreport"},
		{"of one type", kerberosFlags(l, "--enctype", "aes128-cts"), []int32{17}, "EXAMPLE.COMreport"},
		{"without the KDC", []string{"--salt", "pepper"}, []int32{18, 17}, "pepper"},
		{"of a family", []string{"--salt", "pepper", "--enctype", "aes256"}, []int32{18, 20}, "pepper"},
		{"of RC4, which has no salt", []string{"--salt", "", "--enctype", "arcfour-hmac", "--enctype", "rc4-hmac"}, []int32{23}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "report.keytab")
			r := call(t.Context(), append([]string{"keytab", "create", path, "--principal", lab.Principal, "--password-file", passwordFile(t, password+"\r\n")}, tt.args...)...)
			if r.code != 0 || !strings.Contains(r.stdout, "wrote "+path+": report@EXAMPLE.COM, version 1, "+krb5.EnctypeName(tt.want[0])) {
				t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			entries := readBack(t, path)
			if len(entries) != len(tt.want) {
				t.Fatalf("got %v", entries)
			}
			for i, e := range entries {
				key, err := krb5.PasswordKey(tt.want[i], password, tt.salt, nil)
				if err != nil || e.Key.Enctype != key.Enctype || !bytes.Equal(e.Key.Value, key.Value) || e.KVNO != 1 || e.Principal.String() != lab.Principal {
					t.Errorf("entry %d: %v, version %d, %v", i, e.Key, e.KVNO, err)
				}
			}
		})
	}
	if n := l.Realm.Counts(); n.Logins != 0 || n.BadKeys != 0 {
		t.Errorf("asking for the salt was %+v", n)
	}
}

func TestKeytabCreateOnAFileThatIsThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.keytab")
	create := func(principal string, more ...string) result {
		t.Helper()
		return call(t.Context(), append([]string{"keytab", "create", "FILE:" + path, "--principal", principal + "@R", "--salt", "s", "--enctype", "aes128-cts-hmac-sha1-96",
			"--password-file", passwordFile(t, "x")}, more...)...)
	}
	want := func(r result, code int, list string) {
		t.Helper()
		var got []string
		for _, e := range readBack(t, path) {
			got = append(got, e.Principal.Name()+" "+string('0'+byte(e.KVNO)))
		}
		if text := strings.Join(got, ", "); r.code != code || text != list {
			t.Errorf("exit code %d, want %d; %q, want %q\n%s", r.code, code, text, list, r.stderr)
		}
	}
	want(create("a"), 0, "a 1")
	r := create("b")
	want(r, 2, "a 1")
	if !strings.Contains(r.stderr, "is there already") || !strings.Contains(r.stderr, "--append") || !strings.Contains(r.stderr, "--overwrite") {
		t.Errorf("got %s", r.stderr)
	}
	want(create("b", "--append", "--overwrite"), 2, "a 1")
	want(create("b", "--append"), 0, "a 1, b 1")
	want(create("a", "--append"), 0, "a 1, b 1, a 2")
	want(create("b", "--append", "--kvno", "1"), 0, "a 1, a 2, b 1")
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	real := path
	path = link
	want(create("c", "--overwrite", "--kvno", "7"), 0, "c 7")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 || len(readBack(t, real)) != 1 {
		t.Errorf("the link is none any more: %v", err)
	}
	path = write(t, filepath.Join(dir, "empty"), "")
	want(create("d", "--append"), 0, "d 1")
	path = write(t, filepath.Join(dir, "text"), "no keytab")
	if r := create("d", "--append"); r.code != 4 {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

func TestKeytabCreateRefuses(t *testing.T) {
	l := startLab(t, nil)
	secret := passwordFile(t, "x")
	there := filepath.Join(t.TempDir(), "none")
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"nobody", []string{"--password-file", secret}, 2, "--principal"},
		{"a principal that the KDC does not know", kerberosFlags(l, "--principal", "nobody", "--password-file", secret), 4, "ask for the salt of nobody@EXAMPLE.COM: the KDC does not know nobody@EXAMPLE.COM"},
		{"a type that the account does not have", kerberosFlags(l, "--principal", "report", "--password-file", secret, "--enctype", "aes256-sha2"), 4, "the account report has no key of aes256-sha2"},
		{"one type that it has, and one that it has not", kerberosFlags(l, "--principal", "report", "--password-file", secret, "--enctype", "aes256"), 4, "has no key of aes256"},
		{"a type that nobody has", kerberosFlags(l, "--principal", "report", "--enctype", "rot13"), 2, `no encryption type "rot13"`},
		{"an empty password", []string{"--principal", "a@R", "--salt", "", "--password-file", passwordFile(t, "\n")}, 2, "holds no password"},
		{"a file of more than a password", []string{"--principal", "a@R", "--salt", "", "--password-file", passwordFile(t, "a\nb\n")}, 2, "more than a password"},
		{"a password behind a byte order mark", []string{"--principal", "a@R", "--salt", "", "--password-file", passwordFile(t, "\ufeffx\n")}, 2, "without a byte order mark"},
		{"a password in Latin-1", []string{"--principal", "a@R", "--salt", "", "--password-file", passwordFile(t, "caf\xe9\n")}, 2, "is not plain UTF-8"},
		{"a password in UTF-16", []string{"--principal", "a@R", "--salt", "", "--password-file", passwordFile(t, "\xff\xfex\x00\n\x00")}, 2, "is not plain UTF-8"},
		{"no such file", []string{"--principal", "a@R", "--salt", "", "--password-file", there}, 2, "no such file"},
		{"nobody to ask", []string{"--principal", "a@R", "--salt", ""}, 2, "there is no terminal"},
		{"a principal that cannot be read", []string{"--principal", "a@b@R", "--salt", "", "--kerberos-krb5-conf", l.KRB5Conf}, 4, "two realms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			r := call(t.Context(), append([]string{"keytab", "create", filepath.Join(dir, "k")}, tt.args...)...)
			if r.code != tt.code || !strings.Contains(r.stderr, tt.want) || len(files(t, dir)) != 0 {
				t.Errorf("exit code %d, files %v\n%s%s", r.code, files(t, dir), r.stdout, r.stderr)
			}
		})
	}
	r := call(t.Context(), "keytab", "create", "/nowhere/k", "--principal", "a@R", "--salt", "", "--password-file", secret)
	if r.code != 6 || !strings.Contains(r.stderr, "let this user write in /nowhere") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

func TestKeytabCreateReadsStandardInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	var out bytes.Buffer
	std := stdio{strings.NewReader("secret\n"), &out, &out}
	if err := run(context.Background(), []string{"keytab", "create", path, "--principal", "a@R", "--salt", "s", "--enctype", "aes256-cts", "--password-file", "-"}, std); err != nil {
		t.Fatal(err)
	}
	key, err := krb5.PasswordKey(18, "secret", "s", nil)
	if entries := readBack(t, path); err != nil || !bytes.Equal(entries[0].Key.Value, key.Value) {
		t.Errorf("another key, %v", err)
	}
}

func TestKeytabList(t *testing.T) {
	l := startLab(t, nil)
	r := call(t.Context(), "keytab", "list", l.Keytab)
	lines := strings.Split(r.stdout, "\n")
	if r.code != 0 || len(lines) != 5 || !strings.HasPrefix(lines[1], "kvno  written") || !strings.HasSuffix(lines[2], "aes256-cts-hmac-sha1-96  report@EXAMPLE.COM") {
		t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	var keys []map[string]any
	r = call(t.Context(), "keytab", "list", "--json", "FILE:"+l.Keytab)
	if err := json.Unmarshal([]byte(r.stdout), &keys); err != nil || len(keys) != 2 || len(keys[1]) != 4 || keys[1]["kvno"] != 1.0 || keys[1]["enctype"] != "aes128-cts-hmac-sha1-96" || keys[1]["principal"] != lab.Principal {
		t.Errorf("%v\n%s%s", err, r.stdout, r.stderr)
	}
	if err := os.Chmod(l.Keytab, 0o644); err != nil {
		t.Fatal(err)
	}
	if r := call(t.Context(), "keytab", "list", l.Keytab); r.code != 0 || !strings.Contains(r.stdout, "open to other users (mode 0644)") {
		t.Errorf("exit code %d\n%s", r.code, r.stdout)
	}
	if r := call(t.Context(), "keytab", "list", "/nowhere/k"); r.code != 4 || !strings.Contains(r.stderr, "there is no keytab /nowhere/k") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

func TestKeytabVerify(t *testing.T) {
	l := startLab(t, nil)
	dir := t.TempDir()
	mixed := filepath.Join(dir, "mixed")
	verify := func(code int, args []string, want ...string) {
		t.Helper()
		r := call(t.Context(), kerberosFlags(l, append([]string{"keytab", "verify"}, args...)...)...)
		if r.code != code {
			t.Errorf("exit code %d, want %d", r.code, code)
		}
		for _, text := range want {
			if !strings.Contains(r.stdout+r.stderr, text) {
				t.Errorf("it does not say %q:\n%s%s", text, r.stdout, r.stderr)
			}
		}
	}
	verify(0, []string{l.Keytab}, "1     aes256-cts-hmac-sha1-96  report@EXAMPLE.COM  good, ticket until 2", "aes128-cts-hmac-sha1-96  report@EXAMPLE.COM  good")
	old, err := kerberos.ReadKeytab(l.Keytab)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Realm.Add("report"); err != nil {
		t.Fatal(err)
	}
	bad := l.Realm.Counts().BadKeys
	verify(4, []string{l.Keytab}, "bad: the KDC does not accept the key", "not tried: the KDC counts refusals", "export a new keytab")
	if n := l.Realm.Counts().BadKeys - bad; n != 1 {
		t.Errorf("%d refusals were counted", n)
	}
	now, err := l.Realm.Keys("report")
	if err != nil {
		t.Fatal(err)
	}
	unused := now[0]
	unused.Key = krb5.Key{Enctype: 20, Value: make([]byte, 32)}
	if err := writeKeytab(mixed, nil, append(append(old, now...), unused)); err != nil {
		t.Fatal(err)
	}
	verify(0, []string{mixed}, "2     aes256-cts-hmac-sha384-192  report@EXAMPLE.COM  bad: the account has no key of this type", "not tried: older than version 2")
	verify(0, []string{mixed, "--all", "--principal", "report"}, "1     aes128-cts-hmac-sha1-96     report@EXAMPLE.COM  bad: the KDC does not accept")
	verify(4, []string{mixed, "--principal", "other"}, "none for other@EXAMPLE.COM")
	elsewhere, cut := keyOf("a", 1), keyOf("cut", 1)
	cut.Key.Value = cut.Key.Value[:7]
	if err := writeKeytab(mixed, nil, append([]krb5.KeytabEntry{elsewhere, cut}, now...)); err != nil {
		t.Fatal(err)
	}
	verify(4, []string{mixed}, "a@R                 not tried: log in as a@R: no KDC is known for realm R", "cut@R               not tried: the keys of cut@R in keytab", "report@EXAMPLE.COM  good",
		"qosreport: log in as a@R: no KDC is known for realm R")
	if r := call(t.Context(), "keytab", "list", mixed); r.code != 0 || strings.Count(r.stdout, "(damaged)") != 1 || !strings.Contains(r.stdout, "aes128-cts-hmac-sha1-96 (damaged)  cut@R") {
		t.Errorf("exit code %d\n%s", r.code, r.stdout)
	}
	if err := writeKeytab(mixed, nil, []krb5.KeytabEntry{unused}); err != nil {
		t.Fatal(err)
	}
	verify(4, []string{mixed}, "bad: the account has no key of this type", "no key of report@EXAMPLE.COM is good")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	verify(4, []string{mixed}, "log in as report@EXAMPLE.COM: the KDC of EXAMPLE.COM did not answer")
}
