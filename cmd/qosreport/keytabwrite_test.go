package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"qosreport/internal/kerberos/krb5"
)

// keyOf is an entry that nobody asked a KDC for.
func keyOf(name string, version uint32) krb5.KeytabEntry {
	return krb5.KeytabEntry{Principal: krb5.Principal{Components: []string{name}, Realm: "R"}, Written: time.Unix(0, 0), KVNO: version,
		Key: krb5.Key{Enctype: 17, Value: make([]byte, 16)}}
}

// createArgs make a keytab without a KDC.
func createArgs(path, principal, secret string, more ...string) []string {
	return append([]string{"keytab", "create", path, "--principal", principal + "@R", "--salt", "s", "--enctype", "aes128-cts", "--password-file", secret}, more...)
}

func TestKeytabCreateLeavesWhatIsNoKeytab(t *testing.T) {
	dir, secret := t.TempDir(), passwordFile(t, "x")
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{os.Mkdir(at("dir"), 0o700), syscall.Mkfifo(at("pipe"), 0o600), os.Symlink("nowhere", at("link"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ name, path, want string }{
		{"a folder", at("dir"), "dir is no regular file"},
		{"a pipe, as a device would be", at("pipe"), "pipe is no regular file"},
		{"a link that leads nowhere", at("link"), "link is a link to nowhere, which is not there"},
		{"no name", "FILE:", "the keytab has no name"},
	}
	for _, tt := range tests {
		for _, how := range []string{"--append", "--overwrite"} {
			r := call(t.Context(), createArgs(tt.path, "a", secret, how)...)
			if r.code != 2 || !strings.Contains(r.stderr, tt.want) {
				t.Errorf("%s %s: exit code %d\n%s", tt.name, how, r.code, r.stderr)
			}
		}
	}
	if got := files(t, dir); len(got) != 3 {
		t.Errorf("there are %v", got)
	}
}

func TestVersionsOfKeys(t *testing.T) {
	there := []krb5.KeytabEntry{keyOf("a", 255), keyOf("a", 3), keyOf("b", math.MaxUint32)}
	version := func(n uint32) *uint32 { return &n }
	tests := []struct {
		name string
		whom string
		flag *uint32
		want uint32 // 0: refused
	}{
		{"the first of a principal", "c", nil, 1},
		{"the next one, beyond one byte", "a", nil, 256},
		{"one that is told", "a", version(7), 7},
		{"the highest", "a", version(math.MaxUint32), math.MaxUint32},
		{"none is left", "b", nil, 0},
		{"none is left, one is told", "b", version(2), 2},
	}
	for _, tt := range tests {
		added := []krb5.KeytabEntry{keyOf(tt.whom, 0), keyOf(tt.whom, 0)}
		err := setVersions(there, added, tt.flag)
		if (err != nil) != (tt.want == 0) || added[0].KVNO != tt.want || added[1].KVNO != tt.want {
			t.Errorf("%s: got %d, %v; want %d", tt.name, added[0].KVNO, err, tt.want)
		}
	}
	path := filepath.Join(t.TempDir(), "k")
	if r := call(t.Context(), createArgs(path, "a", passwordFile(t, "x"), "--kvno", "0")...); r.code != 2 || !strings.Contains(r.stderr, "--kvno 0 is no version") {
		t.Errorf("version 0: exit code %d\n%s", r.code, r.stderr)
	}
}

// afterwards runs a function when the password is read.
type afterwards struct {
	io.Reader
	do func()
}

func (a *afterwards) Read(b []byte) (int, error) {
	n, err := a.Reader.Read(b)
	if a.do != nil {
		a.do()
		a.do = nil
	}
	return n, err
}

// A program that changes keys may replace the keytab while somebody types a password.
func TestKeytabCreateKeepsKeysThatCameMeanwhile(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "k"), string(krb5.AppendKeytab(nil, []krb5.KeytabEntry{keyOf("old", 1)})))
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	rotate := func() {
		if err := os.WriteFile(path, krb5.AppendKeytab(nil, []krb5.KeytabEntry{keyOf("old", 1), keyOf("a", 8)}), 0o600); err != nil {
			t.Error(err)
		}
	}
	var out bytes.Buffer
	std := stdio{&afterwards{strings.NewReader("secret\n"), rotate}, &out, &out}
	if err := run(t.Context(), createArgs(path, "a", "-", "--append"), std); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := krb5.ParseKeytab(data)
	if err != nil || len(entries) != 3 || entries[2].KVNO != 9 || !strings.Contains(out.String(), "version 9") {
		t.Errorf("%d entries, %v\n%s", len(entries), err, out.String())
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o640 {
		t.Errorf("mode %v, %v: who could read the keytab cannot any more", info.Mode(), err)
	}
}

func TestKeytabsAreAddedToByOneAtATime(t *testing.T) {
	path, secret := filepath.Join(t.TempDir(), "k"), passwordFile(t, "x")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if r := call(t.Context(), createArgs(path, fmt.Sprint("user", i), secret, "--append")...); r.code != 0 {
				t.Errorf("exit code %d\n%s", r.code, r.stderr)
			}
		})
	}
	all.Wait()
	if entries := readBack(t, path); len(entries) != 8 {
		t.Errorf("%d entries of 8", len(entries))
	}
}
