package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/kerberos"
	"qosreport/internal/lab"
	"qosreport/internal/lab/pipenet"
)

// newConnector is a connector of the bubble's configuration.
func (b *bubble) newConnector() *connector {
	b.t.Helper()
	c, err := (&fileFlags{ConfigDir: b.dir}).load()
	if err != nil {
		b.t.Fatal(err)
	}
	return &connector{config: c, log: slog.New(slog.DiscardHandler), dial: b.network.DialContext, now: b.now}
}

// A run that is stopped does not wait for the login that another one makes, and what fails
// while the KDC is away works when it is back.
func TestNobodyWaitsForTheLoginOfAnother(t *testing.T) {
	virtually(t, "", func(t *testing.T, b *bubble) {
		c := b.newConnector()
		defer c.close()
		if err := b.network.Cut(b.lab.KDC, pipenet.Silent); err != nil {
			t.Fatal(err)
		}
		first := make(chan error)
		go func() {
			_, err := c.connect(t.Context(), "test")
			first <- err
		}()
		synctest.Wait()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.connect(ctx, "test"); err == nil || time.Since(start) != time.Second || c.principal() != lab.Principal {
			t.Errorf("%v after %s as %s", err, time.Since(start), c.principal())
		}
		if err := <-first; fault.ClassOf(err) != fault.KDC || fault.AreaOf(err) != fault.Security {
			t.Errorf("who asked the KDC: %v", err)
		}
		if err := b.network.Restore(b.lab.KDC); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			client, err := c.connect(t.Context(), "test")
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if n := b.lab.Realm.Counts().Logins; n != 1 {
			t.Errorf("%d logins for two sessions", n)
		}
	})
}

// The settings of the Kerberos library count where nothing of ours names a krb5.conf.
func TestWhichKRB5ConfCounts(t *testing.T) {
	dir := t.TempDir()
	write := func(name, realm string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("[libdefaults]\ndefault_realm = "+realm+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first, second, missing := write("first", "FIRST"), write("second", "SECOND"), filepath.Join(dir, "missing")
	folder := filepath.Dir(write("d/a.conf", "FOLDER"))
	tests := []struct {
		name, env, key, flag string
		want                 string // the default realm; "" is an error
	}{
		{"the library's", first, "", "", "FIRST"},
		{"the library's list, of which one is missing", missing + "::" + second + ":" + first, "", "", "SECOND"},
		{"the library's folder", folder, "", "", "FOLDER"},
		{"the key before the library's", first, second, "", "SECOND"},
		{"the flag before the key", first, second, folder, "FOLDER"},
		{"a key with a list", missing, first + ":" + second, "", "FIRST"},
		{"a list of nothing but missing files", missing + ":" + missing, "", "", ""},
		{"a key whose file is missing", first, missing, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("KRB5_CONFIG", tt.env)
			c := config.Default()
			c.Kerberos.Principal, c.Kerberos.KRB5Conf = "report", tt.key
			(&kdcFlags{KerberosKRB5Conf: tt.flag}).apply(c)
			who, err := kerberos.PrincipalOf(t.Context(), (&connector{config: c}).kerberosOptions())
			if tt.want == "" && !errors.Is(err, kerberos.ConfigMissing) || tt.want != "" && (err != nil || who.Realm != tt.want) {
				t.Errorf("got %s, %v", who, err)
			}
		})
	}
}

// The service's principal may be a service, or all of it with a host or with a place for one.
func TestServicePrincipalsOfTheCommandLine(t *testing.T) {
	l := startLab(t, nil)
	_, port, _ := strings.Cut(l.Coordinator, ":")
	tests := []struct {
		name  string
		flags []string
		code  int
		says  string
	}{
		{"a place for the host", []string{"--impala-service", "impala/_HOST@EXAMPLE.COM", "--impala-host", "LOCALHOST:" + port}, 0, ""},
		{"a place for the host, which is another", []string{"--impala-service", "impala/_HOST", "--impala-host", "127.0.0.1:" + port, "--impala-spn-host", "LocalHost"}, 0, ""},
		{"all of it", []string{"--impala-service", "impala/localhost@EXAMPLE.COM", "--impala-host", "127.0.0.1:" + port}, 0, ""},
		{"a realm that nobody knows", []string{"--impala-service", "impala/_HOST@NOWHERE.COM"}, 4, "get ticket for impala/localhost@NOWHERE.COM"},
		{"a host that nobody knows", []string{"--impala-service", "impala/balancer@EXAMPLE.COM"}, 4, "no service principal impala/balancer@EXAMPLE.COM"},
		{"two hosts", []string{"--impala-service", "impala/a@EXAMPLE.COM", "--impala-spn-host", "b"}, 2, "write one of the two"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := call(t.Context(), append(append([]string{"query", "SELECT 1 AS one"}, settings(l)...), tt.flags...)...)
			if r.code != tt.code || !strings.Contains(r.stderr, tt.says) || tt.code == 0 && r.stdout != "one\n1\n" {
				t.Errorf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
			}
		})
	}
}
