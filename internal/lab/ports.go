package lab

import (
	"context"
	"errors"
	"net"

	"qosreport/internal/impala/hs2server"
	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/lab/impalad"
)

// User may log in with Password instead of a ticket where [Options.Clients] is set. Both
// are public: whoever reaches the loopback interface may come in without them, too.
const (
	User     = "report"
	Password = "demo"
)

// Ports are those for clients of other makes, host:port each. As on a cluster with Kerberos
// and LDAP, a ticket and a password lead through the same port.
type Ports struct {
	HTTP     string // takes a ticket or a password, as [Lab.Coordinator] does
	Open     string // takes everybody
	OpenHTTP string // takes everybody
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

// open opens the ports for other clients and tells how to serve them.
func (p *Ports) open(ctx context.Context, o Options, accept *acceptor.Acceptor) ([]impalad.Port, error) {
	if !o.Clients {
		return nil, nil
	}
	var opened []net.Listener
	fail := func(err error) ([]impalad.Port, error) {
		for _, l := range opened {
			err = errors.Join(err, l.Close())
		}
		return nil, err
	}
	for _, name := range []*string{&p.HTTP, &p.Open, &p.OpenHTTP} {
		l, err := o.listen(ctx)
		if err != nil {
			return fail(err)
		}
		opened = append(opened, l)
		if *name, err = named(l); err != nil {
			return fail(err)
		}
	}
	closed := hs2server.Web{Negotiate: accept.Negotiate, Basic: knows}
	return []impalad.Port{
		func(ctx context.Context, s *hs2server.Server) error { return s.ServeWeb(ctx, opened[0], closed) },
		func(ctx context.Context, s *hs2server.Server) error { return s.ServeLogins(ctx, opened[1], nil) },
		func(ctx context.Context, s *hs2server.Server) error {
			return s.ServeWeb(ctx, opened[2], hs2server.Web{})
		},
	}, nil
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
