package impala

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// says is a peer that answers the first bytes with its own and hangs up.
func says(data string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			if _, err := server.Read(make([]byte, 64<<10)); err == nil {
				io.WriteString(server, data)
			}
		}()
		return client, nil
	}
}

func TestOtherPortsAreNamed(t *testing.T) {
	var beeswax bytes.Buffer
	if err := wire.NewCodec(&beeswax, 0).WriteException("OpenSession", 1, &wire.Exception{Kind: wire.ExceptionUnknownMethod, Text: "Invalid method name: 'OpenSession'"}); err != nil {
		t.Fatal(err)
	}
	const (
		page  = "HTTP/1.1 400 Bad Request\r\n\r\n"
		alert = "\x15\x03\x03\x00\x02\x02\x0a"
		bad   = "\x04\x00\x00\x00\x1aExpecting START status, received 128"
	)
	noLogin, login := func(*Options) {}, plainAuth("geheim")
	tests := []struct {
		name, data, text, remedy string
		change                   func(*Options)
		area                     fault.Area
		class                    fault.Class
	}{
		{"a web page without a login", page, "the peer answers in HTTP", "25000", noLogin, fault.Impala, 0},
		{"a web page with a login", page, "the peer answers in HTTP", "impala.transport http", login, fault.Security, fault.Authentication},
		{"TLS without a login", alert, "the peer answers in TLS", "--impala-tls", noLogin, fault.Security, fault.Authentication},
		{"TLS with a login", alert, "the peer answers in TLS", "--impala-tls", login, fault.Security, fault.Authentication},
		{"SASL without a login", bad, "the peer answers in SASL", "impala.auth kerberos or ldap", noLogin, fault.Impala, 0},
		{"no SASL with a login", beeswax.String(), "the peer answers in bare Thrift", "plain-socket", login, fault.Security, fault.Authentication},
		{"Beeswax without a login", beeswax.String(), "OpenSession: Invalid method name: 'OpenSession'", "21050", noLogin, fault.Impala, 0},
		{"an end without a login", "", "the server closed the connection", "may want a login", noLogin, fault.Impala, fault.Lost},
		{"another greeting", "SSH-2.0-OpenSSH_9.2\r\n", "OpenSession", "", noLogin, fault.Impala, 0},
		{"another greeting with a login", "SSH-2.0-OpenSSH_9.2\r\n", "PLAIN login", "", login, fault.Security, fault.Authentication},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Hosts: []string{"h:1"}, Dial: says(tt.data)}
			tt.change(&o)
			_, err := Connect(t.Context(), o)
			if err == nil || !strings.Contains(err.Error(), tt.text) || !strings.Contains(fault.Remedy(err), tt.remedy) {
				t.Errorf("got %v, remedy %q", err, fault.Remedy(err))
			}
			if fault.AreaOf(err) != tt.area || fault.ClassOf(err) != tt.class {
				t.Errorf("area %d, class %v of %v", fault.AreaOf(err), fault.ClassOf(err), err)
			}
		})
	}
}

// Whatever the time-out was for, its end says which step it was.
func TestEveryStepHasADeadline(t *testing.T) {
	afterLogin := func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			for range 2 {
				if _, _, err := wire.ReadNegotiation(server); err != nil {
					return
				}
			}
			server.Write(wire.AppendNegotiation(nil, wire.NegotiationComplete, nil))
			io.Copy(io.Discard, server)
		}()
		return client, nil
	}
	noDial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	tests := []struct {
		name, text string
		dial       func(context.Context, string, string) (net.Conn, error)
		took       time.Duration
	}{
		{"dial", "no answer within 10s", noDial, 10 * time.Second},
		{"login", "PLAIN login: no answer to the login within 30s", silentPeer, 30 * time.Second},
		{"session", "OpenSession: no answer within 30s", afterLogin, 30 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := Options{Hosts: []string{"h:1"}, Dial: tt.dial}
				plainAuth("geheim")(&o)
				began := time.Now()
				_, err := Connect(t.Context(), o)
				if took := time.Since(began); took != tt.took || !strings.Contains(fmt.Sprint(err), tt.text) || fault.Remedy(err) == "" || !fault.ClassOf(err).Retry() {
					t.Errorf("after %s: %v, remedy %q", took, err, fault.Remedy(err))
				}
			})
		})
	}
}

// START and the first token go out before anything is awaited, and the frames of the
// server may come in single bytes.
func TestTheLoginWaitsForNothing(t *testing.T) {
	client, server := net.Pipe()
	sent := make(chan string)
	go func() {
		var all []byte
		for range 2 {
			status, payload, err := wire.ReadNegotiation(iotest.OneByteReader(server))
			all = append(all, fmt.Sprint(status, " ", string(payload), err, "; ")...)
		}
		for _, b := range wire.AppendNegotiation(nil, wire.NegotiationComplete, nil) {
			server.Write([]byte{b})
		}
		sent <- string(all)
	}()
	p, err := NewPlain("report", "geheim")
	if err != nil {
		t.Fatal(err)
	}
	if err := login(client, p); err != nil {
		t.Error(err)
	}
	if got := <-sent; got != "1 PLAIN<nil>; 2 \x00report\x00geheim<nil>; " {
		t.Errorf("sent %q", got)
	}
}

// answersLogin is a server as a login sees it: what it says lies ready.
type answersLogin struct {
	io.Reader
	sent bytes.Buffer
}

func (a *answersLogin) Write(p []byte) (int, error) { return a.sent.Write(p) }

// asks is a mechanism with as many steps as it is asked for, up to a number.
type asks struct {
	Plain
	left int
}

func (a *asks) Step(challenge []byte) ([]byte, error) {
	if a.left == 0 {
		return nil, errors.New("asked too often")
	}
	a.left--
	return challenge, nil
}

func (a *asks) Done() bool { return a.left == 0 }

// Whatever the server says: no panic, and a login succeeds only by COMPLETE after the
// mechanism is done.
func FuzzLogin(f *testing.F) {
	for _, seed := range []string{"", "\x05\x00\x00\x00\x00", "\x02\x00\x00\x00\x01x\x05\x00\x00\x00\x01y", "\x03\x00\x00\x00\x03bad", "\x02\xff\xff\xff\xff", "HTTP/1.1 400", "\x15\x03\x01\x00\x02\x02\x46"} {
		f.Add([]byte(seed), byte(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, steps byte) {
		m := &asks{left: int(steps%4) + 1}
		server := &answersLogin{Reader: bytes.NewReader(data)}
		err := login(server, m)
		if err == nil && (!m.Done() || !bytes.Contains(data, []byte{byte(wire.NegotiationComplete), 0, 0})) {
			t.Errorf("a login by %q", data)
		}
		if err != nil && fault.AreaOf(loginFailure(t.Context(), err, "X", Options{})) != fault.Security {
			t.Errorf("%v has another area", err)
		}
		if server.sent.Len() > len(data)+64 {
			t.Errorf("%d bytes were sent for %d", server.sent.Len(), len(data))
		}
	})
}
