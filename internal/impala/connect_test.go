package impala

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
)

func TestConnectFailuresSayWhatToDo(t *testing.T) {
	plain := plainServer(hs2server.Options{Engine: &script{}})
	tests := []struct {
		name   string
		server hs2server.Options
		change func(*Options)
		text   string
		remedy string
		area   fault.Area
		class  fault.Class
	}{
		{"wrong password", plain, plainAuth("falsch"), "closed the connection during the login", "user and password", fault.Security, fault.Authentication},
		{"the server wants a login", plain, nil, "OpenSession", "the server may want a login", fault.Impala, fault.Lost},
		{"an option that the server drops", hs2server.Options{Engine: &script{}, QueryOptions: map[string]string{"MEM_LIMIT": ""}},
			func(o *Options) { o.Config = map[string]string{"mem_limit": "2g", "MEM_LIMITT": "2g"} }, "does not know the query option MEM_LIMITT", "take MEM_LIMITT out", fault.Impala, fault.SQL},
		{"refused", hs2server.Options{Engine: &script{}}, dialError(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), "refused", "nothing listens there", fault.Impala, fault.Network},
		{"no file is left", hs2server.Options{Engine: &script{}}, dialError(&net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}), "too many open files", "ulimit -n", fault.Impala, fault.Network},
		{"unknown host", hs2server.Options{Engine: &script{}}, dialError(&net.DNSError{Err: "no such host", Name: "coordinator"}), "no such host", "does not resolve", fault.Impala, fault.Network},
		{"TLS where there is none", hs2server.Options{Engine: &script{}}, func(o *Options) { o.TLS = &tls.Config{} }, "TLS", "", fault.Security, fault.Network},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, tt.server)
			o := Options{Hosts: []string{"coordinator:21050"}, Dial: c.dial}
			if tt.change != nil {
				tt.change(&o)
			}
			_, err := Connect(t.Context(), o)
			if err == nil || !strings.HasPrefix(err.Error(), "connect coordinator:21050: ") || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v", err)
			}
			if !strings.Contains(fault.Remedy(err), tt.remedy) || fault.AreaOf(err) != tt.area || fault.ClassOf(err) != tt.class {
				t.Errorf("remedy %q, area %d, class %v", fault.Remedy(err), fault.AreaOf(err), fault.ClassOf(err))
			}
		})
	}
}

// A login that cannot begin, with a mechanism that is a nil pointer in an interface.
func TestALoginThatCannotBegin(t *testing.T) {
	c := start(t, hs2server.Options{Engine: &script{}})
	var none *Plain
	failed := errors.New("no ticket")
	_, err := Connect(t.Context(), Options{Hosts: []string{"h:1"}, Dial: c.dial,
		Auth: func(context.Context, string) (Mechanism, error) { return none, failed }})
	if !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

func dialError(err error) func(*Options) {
	return func(o *Options) {
		o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, err }
	}
}

// On a socket the refusal arrives although the first token was never read.
func TestAnUnknownMechanismIsRefusedInWords(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := hs2server.New(plainServer(hs2server.Options{Engine: &script{}}))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- server.Serve(ctx, listener) }()
	o := Options{Hosts: []string{listener.Addr().String()}, Auth: func(context.Context, string) (Mechanism, error) { return &renamed{}, nil }}
	_, err = Connect(t.Context(), o)
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Text != "Unsupported mechanism type X" || !strings.Contains(fault.Remedy(err), "server's log") {
		t.Errorf("got %v, remedy %q", err, fault.Remedy(err))
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("server ended with %v", err)
	}
}

type renamed struct{ Plain }

func (*renamed) Name() string { return "X" }

func TestAServerWithoutSASLIsFoundByItsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		go io.Copy(io.Discard, server) // it takes START for the length of a name and waits for the rest
		o := Options{Hosts: []string{"h:1"}, Dial: func(context.Context, string, string) (net.Conn, error) { return client, nil }}
		plainAuth("geheim")(&o)
		began := time.Now()
		_, err := Connect(t.Context(), o)
		if !strings.Contains(fault.Remedy(err), "plain-socket") || time.Since(began) != 30*time.Second {
			t.Errorf("after %s: %v, remedy %q", time.Since(began), err, fault.Remedy(err))
		}
	})
}

func TestTheSecondCoordinatorIsTried(t *testing.T) {
	c := start(t, hs2server.Options{Engine: &script{}})
	for range 8 { // the order is random
		client := connect(t, c, func(o *Options) {
			o.Hosts = []string{"down:1", "up:1"}
			o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				if addr == "down:1" {
					return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
				}
				return c.dial(ctx, network, addr)
			}
		})
		if client.Coordinator() != "up:1" {
			t.Errorf("connected to %s", client.Coordinator())
		}
	}
}

func TestLoginRefusesAnEarlyEnd(t *testing.T) {
	client, server := net.Pipe()
	go func() {
		wire.ReadNegotiation(server)
		wire.ReadNegotiation(server)
		server.Write(wire.AppendNegotiation(nil, wire.NegotiationComplete, nil))
	}()
	if err := login(client, &endless{}); !errors.Is(err, errEarlyComplete) {
		t.Errorf("got %v", err)
	}
}

// endless is a mechanism that is never satisfied.
type endless struct{ Plain }

func (*endless) Done() bool { return false }

func TestPlainNeverShowsItsPassword(t *testing.T) {
	p, err := NewPlain("report", "geheim")
	if err != nil || strings.Contains(p.String()+p.GoString(), "geheim") {
		t.Errorf("%v, %v", p, err)
	}
	for _, bad := range [][2]string{{"report", "a\x00b"}, {"report", "QOS_PASSWORD=a\nQOS_USER=b"}, {"rep\rort", "a"}} {
		if _, err := NewPlain(bad[0], bad[1]); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
