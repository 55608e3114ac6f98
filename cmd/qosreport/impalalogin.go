package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/impala"
	"qosreport/internal/kerberos"
)

// overSASL is how to log in on the binary port; nil on a plain socket.
func (c *connector) overSASL(ctx context.Context) (func(ctx context.Context, host string) (impala.Mechanism, error), error) {
	i := &c.config.Impala
	switch i.Auth {
	case "kerberos":
		creds, err := c.login(ctx)
		if err != nil {
			return nil, err
		}
		qop, err := kerberos.ParseQOP(i.SASLQOP)
		if err != nil {
			return nil, fault.New(fault.Usage, 0, err)
		}
		return func(ctx context.Context, host string) (impala.Mechanism, error) {
			sasl, err := creds.NewSASL(ctx, kerberos.SASLOptions{
				Service: i.Service,
				Host:    cmp.Or(i.SPNHost, host),
				QOP:     qop,
				TLS:     i.TLS.Enabled,
			})
			if err != nil {
				return nil, err // and not an interface that holds a nil pointer
			}
			return sasl, nil
		}, nil
	case "ldap":
		password, err := c.secret(ctx, i.PasswordFile, i.Password)
		if err != nil {
			return nil, err
		}
		if _, err := impala.NewPlain(i.User, string(password)); err != nil {
			return nil, badPassword(err)
		}
		return func(context.Context, string) (impala.Mechanism, error) {
			return impala.NewPlain(i.User, string(password))
		}, nil
	}
	return nil, nil
}

// badPassword is what no server takes, found before any is asked: failures lock accounts.
func badPassword(err error) error {
	return fault.Advise(fault.New(fault.Usage, 0, fmt.Errorf("impala.user, impala.password_file: %w", err)),
		"write the password alone into the file, on one line")
}

// overHTTP is how to speak and log in on the HTTP port.
func (c *connector) overHTTP(ctx context.Context) (*impala.HTTP, error) {
	i := &c.config.Impala
	o := &impala.HTTP{Path: i.HTTPPath}
	switch i.Auth {
	case "kerberos":
		creds, err := c.login(ctx)
		if err != nil {
			return nil, err
		}
		o.Once = true
		o.Login = func(ctx context.Context, host string) (impala.Authorization, error) {
			return negotiate(ctx, creds, i.Service, cmp.Or(i.SPNHost, host))
		}
	case "ldap":
		password, err := c.secret(ctx, i.PasswordFile, i.Password)
		if err != nil {
			return nil, err
		}
		if _, err := impala.NewBasic(i.User, string(password)); err != nil {
			return nil, badPassword(err)
		}
		o.Login = func(context.Context, string) (impala.Authorization, error) {
			return impala.NewBasic(i.User, string(password))
		}
	case "jwt":
		b := &bearer{connector: c}
		if _, err := b.login(ctx, ""); err != nil {
			return nil, err // before every coordinator is tried
		}
		o.Login = b.login
	}
	return o, nil
}

// login asks for a ticket, unless there is one.
func (c *connector) login(ctx context.Context) (*kerberos.Creds, error) {
	creds, err := c.credentials(ctx)
	if err == nil {
		err = creds.Login(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("log in to Kerberos: %w", err)
	}
	return creds, nil
}

// negotiate begins a login with a service. Impala and HiveServer2 take the token of Kerberos
// as it is, and Impala's own clients send no other; a gateway has the service HTTP of RFC
// 4559, which wants a negotiation around it.
func negotiate(ctx context.Context, creds *kerberos.Creds, service, host string) (impala.Authorization, error) {
	spn, err := kerberos.ServicePrincipal(service, host)
	if err != nil {
		return nil, err
	}
	n, err := creds.NewNegotiator(ctx, spn)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(spn, "HTTP/") {
		return n, nil
	}
	return bareNegotiator{n}, nil
}

// bareNegotiator sends the token of Kerberos as it is.
type bareNegotiator struct{ *kerberos.Negotiator }

func (b bareNegotiator) Authorization() string { return b.BareAuthorization() }

func tlsConfig(t *config.TLS) (*tls.Config, error) {
	c := &tls.Config{ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if t.MinVersion == "1.3" {
		c.MinVersion = tls.VersionTLS13
	}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fault.New(fault.Usage, 0, fmt.Errorf("impala.tls.ca_file: %w", err))
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fault.Advise(fault.Errorf(fault.Usage, 0, "impala.tls.ca_file: %s holds no certificate in PEM form", t.CAFile),
				"a DER file becomes PEM by: openssl x509 -inform der -in FILE")
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fault.New(fault.Usage, 0, fmt.Errorf("impala.tls.cert_file: %w", err))
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
