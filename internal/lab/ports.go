package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"qosreport/internal/impala/hs2server"
	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/lab/authority"
	"qosreport/internal/lab/impalad"
)

// User may log in with Password instead of a ticket where [Options.Clients] is set. Both
// are public: whoever reaches the loopback interface may come in without them, too.
const (
	User     = "report"
	Password = "demo"
)

// Ports are those for clients of other makes, host:port each. As on a cluster with Kerberos
// and LDAP, a ticket and a password lead through the same port. A port speaks TLS from the
// first byte or not at all.
type Ports struct {
	HTTP     string // takes a ticket or a password, as [Lab.Coordinator] does
	Open     string // takes everybody
	OpenHTTP string // takes everybody
	TLS      string // as [Lab.Coordinator], over TLS
	HTTPS    string // as HTTP, over TLS
}

// knows is the password check of the lab.
func knows(user, password string) bool { return user == User && password == Password }

// logins are those of the coordinator's binary port.
func (o Options) logins(accept *acceptor.Acceptor) hs2server.Logins {
	logins := hs2server.Logins{"GSSAPI": func() hs2server.Login { return accept.NewServer(acceptor.SASL{Layers: o.Layers}) }}
	if o.Clients {
		logins["PLAIN"] = hs2server.PlainLogin(knows)
	}
	return logins
}

// openPorts opens the ports for other clients and tells how to serve them.
func (l *Lab) openPorts(ctx context.Context, o Options, accept *acceptor.Acceptor) ([]impalad.Port, error) {
	if !o.Clients {
		return nil, nil
	}
	ca, secure, err := authority.Certify("qosreport lab")
	if err != nil {
		return nil, err
	}
	l.ca = ca
	var opened []net.Listener
	fail := func(err error) ([]impalad.Port, error) {
		for _, port := range opened {
			err = errors.Join(err, port.Close())
		}
		return nil, err
	}
	p := &l.Ports
	for _, name := range []*string{&p.HTTP, &p.Open, &p.OpenHTTP, &p.TLS, &p.HTTPS} {
		port, err := o.listen(ctx)
		if err != nil {
			return fail(err)
		}
		opened = append(opened, port)
		if *name, err = named(port); err != nil {
			return fail(err)
		}
	}
	closed := hs2server.Web{Negotiate: accept.Negotiate, Basic: knows}
	return []impalad.Port{
		web(opened[0], closed),
		binary(opened[1], nil),
		web(opened[2], hs2server.Web{}),
		binary(tls.NewListener(opened[3], secure), o.logins(accept)),
		web(tls.NewListener(opened[4], secure), closed),
	}, nil
}

func binary(l net.Listener, logins hs2server.Logins) impalad.Port {
	return func(ctx context.Context, s *hs2server.Server) error { return s.ServeLogins(ctx, l, logins) }
}

func web(l net.Listener, w hs2server.Web) impalad.Port {
	return func(ctx context.Context, s *hs2server.Server) error { return s.ServeWeb(ctx, l, w) }
}

// listen opens a port of the coordinator.
func (o Options) listen(ctx context.Context) (net.Listener, error) {
	const anyPort = "127.0.0.1:0"
	if o.Listen != nil {
		return o.Listen(ctx, anyPort)
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", anyPort)
}

// named is the address of a listener by the name that the service principal has.
func named(l net.Listener) (string, error) {
	_, port, err := net.SplitHostPort(l.Addr().String())
	return net.JoinHostPort(host, port), err
}
