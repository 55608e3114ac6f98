package impala

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/hs2server"
)

// oldTicket is a login whose mechanism says whether a fresh ticket may help.
type oldTicket struct {
	Mechanism
	stale bool
}

func (o *oldTicket) Stale() bool { return o.stale }

func TestALoginWithAnOldTicketIsTriedOnceMore(t *testing.T) {
	tests := []struct {
		name      string
		passwords []string // of the first login and the next ones
		stale     bool
		logins    int
		works     bool
	}{
		{"the old ticket is good", []string{"geheim"}, true, 1, true},
		{"the old ticket is refused", []string{"falsch", "geheim"}, true, 2, true},
		{"the fresh one is refused, too", []string{"falsch", "falsch", "geheim"}, true, 2, false},
		{"a fresh ticket is refused", []string{"falsch", "geheim"}, false, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := start(t, plainServer(hs2server.Options{Engine: &script{}}))
			logins := 0
			client, err := Connect(t.Context(), Options{Hosts: []string{"coordinator:21050"}, Dial: c.dial, Auth: func(context.Context, string) (Mechanism, error) {
				m, err := NewPlain("report", tt.passwords[logins])
				logins++
				return &oldTicket{m, tt.stale}, err
			}})
			if (err == nil) != tt.works || logins != tt.logins || !tt.works && fault.ClassOf(err) != fault.Authentication {
				t.Errorf("%d logins, %v", logins, err)
			}
			if err == nil {
				if err := client.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Silence says nothing against a ticket, and what waited for it says for how long.
func TestNoSecondLoginWhereNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newStub(t, map[string]any{"GetOperationStatus": hang{}})
		s.kind = "sasl"
		silent, dials := io.Closer(nil), 0
		client := s.connect(t, func(o *Options) {
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			o.Auth = func(context.Context, string) (Mechanism, error) {
				m, err := NewPlain("report", "geheim")
				return &oldTicket{m, true}, err
			}
			o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				if dials++; dials == 1 {
					return s.dial(ctx, network, addr)
				}
				nc, server := net.Pipe()
				silent = server
				return nc, nil
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute/2)
		defer cancel()
		_, err := client.Query(ctx, "SELECT")
		if got := log.String(); !errors.Is(err, context.DeadlineExceeded) || dials != 2 || !strings.Contains(got, "no answer to the login within 3s") || strings.Contains(got, "refused") {
			t.Errorf("%d connections, %v, log %s", dials, err, got)
		}
		silent.Close()
	})
}

// A second login has what the first has left of the time for a session.
func TestTwoLoginsHaveTheTimeOfOneSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ends []net.Conn
		o := Options{Hosts: []string{"coordinator:21050"}, SessionTimeout: 30 * time.Second}
		o.Dial = func(context.Context, string, string) (net.Conn, error) {
			nc, end := net.Pipe()
			ends = append(ends, end)
			if len(ends) == 1 {
				time.AfterFunc(25*time.Second, func() { end.Close() })
			}
			go io.Copy(io.Discard, end)
			return nc, nil
		}
		o.Auth = func(context.Context, string) (Mechanism, error) {
			m, err := NewPlain("report", "geheim")
			return &oldTicket{m, true}, err
		}
		began := time.Now()
		_, err := Connect(t.Context(), o)
		if took := time.Since(began); len(ends) != 2 || !errors.Is(err, errNoAnswer) || took != o.SessionTimeout || !strings.Contains(err.Error(), "no answer to the login within 5s") {
			t.Errorf("%d connections, %s: %v", len(ends), took, err)
		}
		ends[1].Close()
	})
}

// A balancer without a coordinator behind it hangs up as one does that refuses a login.
func TestALoginIsNotRefusedWhereNobodyIsLetIn(t *testing.T) {
	for _, tt := range []struct {
		name   string
		second func() (net.Conn, error) // after the first connection was closed in the login
		class  fault.Class
		remedy string
	}{
		{"connections are closed at once", func() (net.Conn, error) {
			nc, server := net.Pipe()
			return nc, server.Close()
		}, fault.Network, "a balancer has none behind it"},
		{"connections are refused by now", func() (net.Conn, error) { return nil, errRefused }, fault.Network, "a balancer has none behind it"},
		{"others may begin", func() (net.Conn, error) {
			nc, server := net.Pipe()
			go io.Copy(io.Discard, server)
			return nc, nil
		}, fault.Authentication, "user and password"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := Options{Hosts: []string{"coordinator:21050"}}
				plainAuth("geheim")(&o)
				dials := 0
				o.Dial = func(context.Context, string, string) (net.Conn, error) {
					if dials++; dials > 1 {
						return tt.second()
					}
					nc, server := net.Pipe()
					go func() {
						io.ReadFull(server, make([]byte, 10))
						server.Close()
					}()
					return nc, nil
				}
				began := time.Now()
				_, err := Connect(t.Context(), o)
				if fault.ClassOf(err) != tt.class || !strings.Contains(fault.Remedy(err), tt.remedy) || dials != 2 || time.Since(began) > stagger {
					t.Errorf("%d connections, %s: %v (%v), %s", dials, time.Since(began), err, fault.ClassOf(err), fault.Remedy(err))
				}
			})
		})
	}
}

func TestNoSecondLoginAfterAStop(t *testing.T) {
	c := start(t, plainServer(hs2server.Options{Engine: &script{}}))
	ctx, cancel := context.WithCancel(t.Context())
	logins := 0
	_, err := Connect(ctx, Options{Hosts: []string{"coordinator:21050"}, Dial: c.dial, Auth: func(context.Context, string) (Mechanism, error) {
		logins++
		cancel()
		m, err := NewPlain("report", "falsch")
		return &oldTicket{m, true}, err
	}})
	if err == nil || logins != 1 {
		t.Errorf("%d logins, %v", logins, err)
	}
}
