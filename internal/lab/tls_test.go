package lab

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/impala"
	"qosreport/internal/kerberos"
	"qosreport/internal/lab/authority"
	"qosreport/internal/lab/pipenet"
	"qosreport/internal/lab/sample"
)

// trusting are the settings of a client that believes the authority of a file alone.
func trusting(t *testing.T, file string) *tls.Config {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) || bytes.Contains(data, []byte("KEY")) {
		t.Fatalf("%s is no certificate alone:\n%s", file, data)
	}
	return &tls.Config{RootCAs: pool}
}

// Clients come in by TLS and leave nothing behind, nor do those that the end of the lab
// meets in the middle of a handshake or of nothing.
func TestPortsWithTLSEndWithTheLab(t *testing.T) {
	dir, other := t.TempDir(), filepath.Join(t.TempDir(), "other.pem")
	synctest.Test(t, func(t *testing.T) {
		network := pipenet.New()
		l, err := Start(t.Context(), Options{Dir: dir, Sample: sample.Options{Days: 2, LegsPerDay: 20}, Clients: true, Listen: network.Listen})
		if err != nil {
			t.Fatal(err)
		}
		trust, wrong := trusting(t, l.CAFile), anotherAuthority(t, other)
		creds, err := kerberos.Login(t.Context(), kerberos.Options{Principal: Principal, Keytab: l.Keytab, KRB5Conf: l.KRB5Conf, Dial: network.DialContext})
		if err != nil {
			t.Fatal(err)
		}
		ways := map[string]impala.Options{
			l.Ports.TLS: {Auth: func(ctx context.Context, host string) (impala.Mechanism, error) {
				return creds.NewSASL(ctx, kerberos.SASLOptions{Service: Service, Host: host})
			}},
			l.Ports.HTTPS: {HTTP: &impala.HTTP{Login: func(context.Context, string) (impala.Authorization, error) {
				return impala.NewBasic(User, Password)
			}}},
		}
		for port, o := range ways {
			o.Hosts, o.Dial, o.TLS = []string{port}, network.DialContext, trust
			c, err := impala.Connect(t.Context(), o)
			if err != nil {
				t.Fatalf("%s: %v", port, err)
			}
			if err := c.Close(t.Context()); err != nil {
				t.Error(err)
			}
			o.TLS = wrong
			if _, err := impala.Connect(t.Context(), o); err == nil || !strings.Contains(err.Error(), "no known authority has signed") {
				t.Errorf("%s with another authority: %v", port, err)
			}
			defer silent(t, network, port, "").Close()
			defer silent(t, network, port, "\x16\x03\x01\x02\x00").Close() // begins a handshake
		}
		synctest.Wait()
		if err := errors.Join(creds.Close(), l.Close()); err != nil || network.Open() != 0 {
			t.Errorf("%v; %d connections are left", err, network.Open())
		}
	})
}

// Whoever begins a handshake and never ends it is gone after a while, as at Impala after
// --sasl_connect_tcp_timeout_ms.
func TestAHandshakeThatNeverEnds(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		network := pipenet.New()
		l, err := Start(t.Context(), Options{Dir: dir, Sample: sample.Options{Days: 2, LegsPerDay: 20}, Clients: true, Listen: network.Listen})
		if err != nil {
			t.Fatal(err)
		}
		for _, port := range []string{l.Ports.TLS, l.Ports.HTTPS} {
			nc := silent(t, network, port, "\x16\x03\x01\x02\x00")
			began := time.Now()
			if n, err := nc.Read(make([]byte, 1)); err == nil || time.Since(began) != 30*time.Second {
				t.Errorf("%s: %d bytes, %v after %s", port, n, err, time.Since(began))
			}
			nc.Close()
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

// silent dials a port and says no more than that.
func silent(t *testing.T, network *pipenet.Network, port, says string) net.Conn {
	t.Helper()
	nc, err := network.DialContext(t.Context(), "tcp", port)
	if err == nil {
		_, err = nc.Write([]byte(says))
	}
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// anotherAuthority is one of the same name, in a file.
func anotherAuthority(t *testing.T, file string) *tls.Config {
	t.Helper()
	ca, _, err := authority.Certify("qosreport lab")
	if err == nil {
		err = os.WriteFile(file, ca, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return trusting(t, file)
}
