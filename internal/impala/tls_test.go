package impala

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/hs2server"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t), pool: x509.NewCertPool()}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Authority"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.cert = a.sign(template, template, a.key, a.key)
	a.pool.AddCert(a.cert)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		a.t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return parsed
}

// issue makes a certificate for a name, for servers and clients.
func (a *authority) issue(name string, change func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: time.Now().Add(-47 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if change != nil {
		change(template)
	}
	key := newKey(a.t)
	return tls.Certificate{Certificate: [][]byte{a.sign(template, a.cert, key, a.key).Raw}, PrivateKey: key}
}

// socketPair is a connection by loopback, since both ends of a handshake may write at once.
func socketPair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if client, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// behindTLS dials a server through one that speaks TLS, as a coordinator with a certificate.
func behindTLS(t *testing.T, config *tls.Config, dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	return func(dialing context.Context, network, addr string) (net.Conn, error) {
		client, end := socketPair(t)
		context.AfterFunc(ctx, func() { end.Close() })
		running.Go(func() {
			defer end.Close()
			secured := tls.Server(end, config)
			if secured.HandshakeContext(ctx) != nil {
				return
			}
			inner, err := dial(ctx, network, addr)
			if err != nil {
				return
			}
			running.Go(func() {
				io.Copy(inner, secured)
				inner.Close()
			})
			io.Copy(secured, inner)
			inner.Close()
		})
		return client, nil
	}
}

// The order is TCP, TLS, SASL, Thrift, and TCP, TLS, HTTP, Thrift.
func TestTransportsWithAndWithoutTLS(t *testing.T) {
	a := newAuthority(t)
	server := &tls.Config{Certificates: []tls.Certificate{a.issue("coordinator", nil)}}
	engine := hs2server.Options{Engine: threeRows()}
	plain, withLogin, web := start(t, engine).dial, start(t, plainServer(engine)).dial, startWeb(t, engine).dial
	tests := []struct {
		name, security string
		dial           func(context.Context, string, string) (net.Conn, error)
		change         func(*Options)
	}{
		{"a plain socket", "", plain, func(*Options) {}},
		{"PLAIN", " PLAIN", withLogin, plainAuth("geheim")},
		{"HTTP", " http", web, func(o *Options) { o.HTTP = &HTTP{} }},
		{"HTTP with a password", " http basic", web, func(o *Options) { o.HTTP = &HTTP{Login: basicLogin} }},
	}
	for _, tt := range tests {
		for _, secured := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, TLS %t", tt.name, secured), func(t *testing.T) {
				o, security := Options{Hosts: []string{"coordinator:1"}, Dial: tt.dial}, "none"+tt.security
				if secured {
					o.Dial, o.TLS, security = behindTLS(t, server, tt.dial), &tls.Config{RootCAs: a.pool}, "tls"+tt.security
				}
				tt.change(&o)
				client := connectWeb(t, o)
				if got := client.conn.security(); got != security {
					t.Errorf("security %q", got)
				}
				rows, err := client.Query(t.Context(), "SELECT")
				if err != nil {
					t.Fatal(err)
				}
				if batch, err := rows.Next(t.Context()); err != nil || batch.Rows != 2 {
					t.Errorf("got %v, %v", batch, err)
				}
			})
		}
	}
}

func TestTLSFailuresNameTheirCause(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	expired := func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(time.Hour) }
	forClients := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	good := a.issue("impalad.example.com", nil)
	tests := []struct {
		name         string
		host         string
		server       *tls.Config
		client       *tls.Config
		text, remedy string
	}{
		{"another name", "other.example.com", &tls.Config{Certificates: []tls.Certificate{good}}, &tls.Config{RootCAs: a.pool}, "not for other.example.com (it is for impalad.example.com)", "impala.tls.server_name"},
		{"unknown authority", "impalad.example.com", &tls.Config{Certificates: []tls.Certificate{good}}, &tls.Config{RootCAs: other.pool}, "(of CN=impalad.example.com for impalad.example.com, by CN=Test Authority, valid from ", "impala.tls.ca_file"},
		{"expired", "impalad.example.com", &tls.Config{Certificates: []tls.Certificate{a.issue("impalad.example.com", expired)}}, &tls.Config{RootCAs: a.pool}, "not valid now (of CN=impalad.example.com", "renewed"},
		{"not for servers", "impalad.example.com", &tls.Config{Certificates: []tls.Certificate{a.issue("impalad.example.com", forClients)}}, &tls.Config{RootCAs: a.pool}, "is none for this", "made anew"},
		{"an old version", "impalad.example.com", &tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS12}, &tls.Config{RootCAs: a.pool, MinVersion: tls.VersionTLS13}, "protocol version not supported", "impala.tls.min_version"},
		{"no client certificate", "impalad.example.com", &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.pool}, &tls.Config{RootCAs: a.pool}, "certificate required", "impala.tls.cert_file"},
		{"no client certificate, TLS 1.2", "impalad.example.com", &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.pool, MaxVersion: tls.VersionTLS12}, &tls.Config{RootCAs: a.pool}, "remote error", "impala.tls.cert_file"},
	}
	for _, tt := range tests {
		for transport, change := range map[string]func(*Options){"sasl": plainAuth("geheim"), "http": func(o *Options) { o.HTTP = &HTTP{} }, "plain-socket": func(*Options) {}} {
			t.Run(tt.name+" "+transport, func(t *testing.T) {
				nobody := func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }
				o := Options{Hosts: []string{tt.host + ":1"}, TLS: tt.client, Dial: behindTLS(t, tt.server, nobody)}
				change(&o)
				_, err := Connect(t.Context(), o)
				if err == nil || !strings.Contains(err.Error(), tt.text) || !strings.Contains(fault.Remedy(err), tt.remedy) ||
					fault.AreaOf(err) != fault.Security || fault.ClassOf(err) != fault.Authentication {
					t.Errorf("got %v, class %v, remedy %q", err, fault.ClassOf(err), fault.Remedy(err))
				}
			})
		}
	}
}

func TestAServerThatHangsUpInTheTLSHandshake(t *testing.T) {
	for name, change := range map[string]func(*Options){"sasl": plainAuth("geheim"), "http": func(o *Options) { o.HTTP = &HTTP{} }} {
		t.Run(name, func(t *testing.T) {
			o := Options{Hosts: []string{"coordinator:1"}, TLS: &tls.Config{}, Dial: says("")}
			change(&o)
			_, err := Connect(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), "TLS: the server closed the connection in the handshake") ||
				!strings.Contains(fault.Remedy(err), "--no-impala-tls") || fault.AreaOf(err) != fault.Security || fault.ClassOf(err) != fault.Network {
				t.Errorf("got %v, class %v, remedy %q", err, fault.ClassOf(err), fault.Remedy(err))
			}
		})
	}
}

func TestServerNamesAndClientCertificates(t *testing.T) {
	a := newAuthority(t)
	server := &tls.Config{Certificates: []tls.Certificate{a.issue("impalad.example.com", nil)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.pool}
	w := startWeb(t, hs2server.Options{Engine: &script{}})
	o := w.options(nil)
	o.Dial = behindTLS(t, server, w.dial)
	o.TLS = &tls.Config{RootCAs: a.pool, ServerName: "impalad.example.com", Certificates: []tls.Certificate{a.issue("report", nil)}}
	if security := connectWeb(t, o).conn.security(); security != "tls http" {
		t.Errorf("security %q", security)
	}
	if o.TLS.MinVersion != 0 {
		t.Error("the caller's configuration was changed")
	}
}
