package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// cacheFile is a credential cache with tickets that nobody takes.
func cacheFile(t *testing.T) string {
	t.Helper()
	client := krb5.Principal{Components: []string{"report"}, Realm: "EXAMPLE.COM"}
	at := time.Date(2017, 9, 12, 6, 0, 0, 0, time.UTC)
	impala := krb5.Principal{Components: []string{"impala", "localhost"}, Realm: "EXAMPLE.COM"}
	ticket := messages.Ticket{TktVNO: 5, Realm: impala.Realm, SName: impala.Wire(), EncPart: types.EncryptedData{EType: 17, Cipher: []byte("t")}}
	der, err := ticket.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	data := krb5.AppendCCache(nil, &krb5.CCache{Client: client, Offset: -90 * time.Second, Credentials: []krb5.Credential{
		{Client: client, Service: krb5.TGS("EXAMPLE.COM"), Key: krb5.Key{Enctype: 18, Value: []byte("0123456789abcdef0123456789abcdef")},
			AuthTime: at, Start: at, End: at.Add(10 * time.Hour), RenewTill: at.Add(7 * 24 * time.Hour), Flags: 0x40e10000, Ticket: []byte("t")},
		{Client: client, Service: impala, Key: krb5.Key{Enctype: 23, Value: []byte("0123456789abcdef")},
			AuthTime: at, End: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), Ticket: der},
	}})
	return write(t, filepath.Join(t.TempDir(), "krb5cc"), string(data))
}

func TestKlist(t *testing.T) {
	file := cacheFile(t)
	want := "credential cache " + file + ` of report@EXAMPLE.COM
when kinit was run, the KDC's clock was 1m30s behind
from                  until                           renewable until       session key              ticket                   service                         flags
2017-09-12 06:00:00Z  2017-09-12 16:00:00Z (expired)  2017-09-19 06:00:00Z  aes256-cts-hmac-sha1-96  -                        krbtgt/EXAMPLE.COM@EXAMPLE.COM  forwardable,renewable,initial,pre-authent,enc-pa-rep
2017-09-12 06:00:00Z  2100-01-01 00:00:00Z            -                     rc4-hmac                 aes128-cts-hmac-sha1-96  impala/localhost@EXAMPLE.COM
`
	if r := call(t.Context(), "klist", file); r.code != 0 || r.stdout != want {
		t.Errorf("exit code %d\n%s%s\nwant\n%s", r.code, r.stdout, r.stderr, want)
	}
	t.Setenv("KRB5CCNAME", "FILE:"+file)
	r := call(t.Context(), "klist", "--json")
	var got listedCache
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || got.File != file || len(got.Tickets) != 2 || !got.Tickets[0].Expired || got.Tickets[0].Ticket != "" || got.Tickets[1].Ticket != "aes128-cts-hmac-sha1-96" || got.Tickets[1].RenewTill != nil {
		t.Errorf("%v\n%s%s", err, r.stdout, r.stderr)
	}
	if strings.Contains(r.stdout, "0123456789") || strings.Contains(r.stdout, "MDEyMzQ1") {
		t.Errorf("a key is shown:\n%s", r.stdout)
	}
	t.Setenv("KRB5CCNAME", "KEYRING:persistent:0")
	if r := call(t.Context(), "klist"); r.code != 4 || !strings.Contains(r.stderr, "KEYRING:persistent:0 cannot be read") || !strings.Contains(r.stderr, "kinit -c FILE:") {
		t.Errorf("exit code %d\n%s", r.code, r.stderr)
	}
}

func TestWhichOfKeytabAndCacheCounts(t *testing.T) {
	tests := []struct {
		name           string
		file           config.Kerberos
		keytab, ccache string // of flags
		env            map[string]string
		wantKeytab     string
	}{
		{"both of the file: the kerberos package takes the keytab", config.Kerberos{Keytab: "k", CCache: "c"}, "", "", nil, "k"},
		{"a cache by flag beats the file's keytab", config.Kerberos{Keytab: "k"}, "", "c", nil, ""},
		{"and that of the environment", config.Kerberos{}, "k", "c", map[string]string{keytabEnv: "k"}, ""},
		{"both of the environment", config.Kerberos{}, "k", "c", map[string]string{keytabEnv: "k", ccacheEnv: "c"}, "k"},
		{"both by flag", config.Kerberos{}, "k", "c", nil, "k"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range []string{keytabEnv, ccacheEnv} {
				t.Setenv(name, tt.env[name])
			}
			c := config.Default()
			c.Kerberos = tt.file
			(&connectionFlags{KerberosKeytab: tt.keytab, KerberosCCache: tt.ccache}).apply(c)
			if c.Kerberos.Keytab != tt.wantKeytab || c.Kerberos.CCache != "c" && tt.ccache != "" {
				t.Errorf("got %+v", c.Kerberos)
			}
		})
	}
}

// A cache that has expired ends a query before anything is asked.
func TestAQueryWithAnExpiredCache(t *testing.T) {
	l := startLab(t, nil)
	file := cacheFile(t)
	args := []string{"query", "SELECT 1", "--impala-host", l.Coordinator, "--no-impala-tls", "--kerberos-krb5-conf", l.KRB5Conf, "--impala-service", "hive", "--log-level", "warn"}
	for _, more := range [][]string{{"--kerberos-ccache", file}, {"--kerberos-ccache", "FILE:" + file, "--kerberos-principal", "report"}} {
		// The service ticket that the cache has is for another service, and no ticket of the lab.
		r := call(context.Background(), append(args, more...)...)
		if r.code != 4 || !strings.Contains(r.stderr, "the ticket of report@EXAMPLE.COM in credential cache "+file+" expired at 2017-09-12T16:00:00Z") || !strings.Contains(r.stderr, "kinit") {
			t.Errorf("exit code %d\n%s", r.code, r.stderr)
		}
	}
	if l.Realm.Counts().Tickets != 0 {
		t.Error("the KDC was asked")
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}
