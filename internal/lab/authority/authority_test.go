package authority

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"testing"
	"time"
)

// shake makes a handshake with the server under a name and gives what the client says of it.
func shake(t *testing.T, server *tls.Config, authority []byte, name string) error {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		t.Fatalf("no certificate in %q", authority)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if nc, err := l.Accept(); err == nil {
			io.Copy(io.Discard, nc) // shakes hands first; what the server says of it is not asked here
			nc.Close()
		}
	}()
	defer func() { <-served }()
	defer l.Close()
	nc, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: pool, ServerName: name})
	if err == nil {
		nc.Close()
	}
	return err
}

func TestClientsThatTrustTheAuthority(t *testing.T) {
	here, serverHere, err := Certify("lab")
	if err != nil {
		t.Fatal(err)
	}
	there, serverThere, err := Certify("lab", "elsewhere.example")
	if err != nil {
		t.Fatal(err)
	}
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	for _, tt := range []struct {
		name      string
		server    *tls.Config
		authority []byte
		host      string
		want      any // for errors.As; nil: it is well
	}{
		{"by name", serverHere, here, "localhost", nil},
		{"by the old address", serverHere, here, "127.0.0.1", nil},
		{"by the new address", serverHere, here, "::1", nil},
		{"by another name", serverHere, here, "elsewhere.example", &name},
		{"a name that was asked for", serverThere, there, "elsewhere.example", nil},
		{"in place of that of this host", serverThere, there, "localhost", &name},
		{"another authority of the same name", serverHere, there, "localhost", &unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := shake(t, tt.server, tt.authority, tt.host)
			if tt.want == nil && err != nil || tt.want != nil && !errors.As(err, tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What is written to a file holds no key, and signs nothing that lasts.
func TestTheAuthorityIsACertificateAlone(t *testing.T) {
	authority, server, err := Certify("lab")
	if err != nil || bytes.Count(authority, []byte("-----BEGIN ")) != 1 || bytes.Contains(authority, []byte("KEY")) {
		t.Fatalf("%v\n%s", err, authority)
	}
	leaf, err := x509.ParseCertificate(server.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if leaf.IsCA || time.Until(leaf.NotAfter) > 366*24*time.Hour || leaf.Subject.CommonName != "lab" || len(server.Certificates[0].Certificate) != 1 {
		t.Errorf("%s until %s", leaf.Subject, leaf.NotAfter)
	}
}
