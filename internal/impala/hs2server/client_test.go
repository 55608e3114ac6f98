package hs2server_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"testing"

	"qosreport/internal/impala"
	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
)

// numbers answers every statement with a thousand of them.
type numbers struct{ left int }

func (*numbers) Execute(context.Context, *hs2server.Session, string) (hs2server.Result, error) {
	return &numbers{1_000}, nil
}
func (*numbers) Columns() []wire.ColumnDesc {
	return []wire.ColumnDesc{{Name: "n", Type: wire.BigInt}}
}
func (*numbers) Poll() (bool, error) { return true, nil }
func (*numbers) Log() string         { return "" }
func (n *numbers) Fetch(_ context.Context, most int, into []wire.ColumnBuilder) (bool, error) {
	for ; most > 0 && n.left > 0; most-- {
		into[0].Int(int64(n.left))
		n.left--
	}
	return n.left > 0, nil
}

// certificate is one for 127.0.0.1, and the settings of a client that trusts it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	made := httptest.NewTLSServer(nil)
	defer made.Close()
	pool := x509.NewCertPool()
	pool.AddCert(made.Certificate())
	return &tls.Config{Certificates: made.TLS.Certificates}, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
}

type bearer string

func (b bearer) Authorization() string { return "Bearer " + string(b) }
func (bearer) Finish(...string) error  { return nil }
func (bearer) Close() error            { return nil }
func check(user, password string) bool { return user == "report" && password == "demo" }
func token(text string) (string, error) {
	if text != "a.b.c" {
		return "", errors.New("a bad token")
	}
	return "report", nil
}

func TestOurClientReadsAResultAtEveryPort(t *testing.T) {
	trusted, trusting := certificate(t)
	plain := func(o *impala.Options) {
		o.Auth = func(context.Context, string) (impala.Mechanism, error) { return impala.NewPlain("report", "demo") }
	}
	logins := hs2server.Logins{"PLAIN": hs2server.PlainLogin(check)}
	binary := func(logins hs2server.Logins) func(context.Context, *hs2server.Server, net.Listener) error {
		return func(ctx context.Context, s *hs2server.Server, l net.Listener) error {
			return s.ServeLogins(ctx, l, logins)
		}
	}
	web := func(w hs2server.Web) func(context.Context, *hs2server.Server, net.Listener) error {
		return func(ctx context.Context, s *hs2server.Server, l net.Listener) error { return s.ServeWeb(ctx, l, w) }
	}
	tests := []struct {
		name   string
		tls    bool
		nasty  hs2server.Delivery
		serve  func(context.Context, *hs2server.Server, net.Listener) error
		change func(*impala.Options)
	}{
		{"a plain socket", false, hs2server.Delivery{}, binary(nil), func(*impala.Options) {}},
		{"a password", false, hs2server.Delivery{}, binary(logins), plain},
		{"a password over TLS", true, hs2server.Delivery{}, binary(logins), plain},
		{"single bytes between empty frames", false, hs2server.Delivery{Piece: 1, Empty: true}, binary(logins), plain},
		{"HTTP", false, hs2server.Delivery{}, web(hs2server.Web{}), func(o *impala.Options) { o.HTTP = &impala.HTTP{} }},
		{"a bearer token over HTTPS", true, hs2server.Delivery{Piece: 5000}, web(hs2server.Web{Bearer: token}), func(o *impala.Options) {
			o.HTTP = &impala.HTTP{Login: func(context.Context, string) (impala.Authorization, error) { return bearer("a.b.c"), nil }}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			o := impala.Options{Hosts: []string{l.Addr().String()}}
			tt.change(&o)
			if tt.tls {
				l, o.TLS = tls.NewListener(l, trusted), trusting
			}
			s := hs2server.New(hs2server.Options{Engine: &numbers{}, Deliver: func(string) hs2server.Delivery { return tt.nasty }})
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error)
			go func() { ended <- tt.serve(ctx, s, l) }()
			defer func() {
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}()
			if n, err := count(t.Context(), o); n != 1_000 || err != nil {
				t.Errorf("%d rows, %v", n, err)
			}
		})
	}
}

func count(ctx context.Context, o impala.Options) (int, error) {
	client, err := impala.Connect(ctx, o)
	if err != nil {
		return 0, err
	}
	rows, err := client.Query(ctx, "SELECT")
	if err != nil {
		return 0, errors.Join(err, client.Close(ctx))
	}
	n := 0
	for {
		batch, err := rows.Next(ctx)
		if err == io.EOF {
			return n, errors.Join(rows.Close(ctx), client.Close(ctx))
		}
		if err != nil {
			return n, errors.Join(err, client.Close(ctx))
		}
		n += batch.Rows
	}
}
