package kerberos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/lab/kdc"
)

// For three days somebody asks for a ticket every hour. The key is changed at the KDC and
// in the file on the second day.
func TestALoginLastsForDays(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, kdc.Options{})
		w.keytab, w.opts.Keytab = dir+"/report.keytab", dir+"/report.keytab"
		w.export("report")
		c := w.login()
		for hour := range 72 {
			if hour == 33 {
				must(t, func() error { return w.Add("report") })
				w.export("report")
			}
			ticket, err := c.Ticket(t.Context(), serviceSPN)
			if err != nil || !ticket.End().After(time.Now()) {
				t.Fatalf("hour %d: %v, %v", hour, ticket, err)
			}
			time.Sleep(time.Hour)
		}
		if got := w.Counts(); got != (kdc.Counts{Logins: 8, Tickets: 8}) {
			t.Errorf("%+v; 72 hours are 7 tickets of ten hours and a part of one", got)
		}
	})
}

// whileAsked makes something happen while the first request is under way.
func (w *world) whileAsked(do func()) {
	var once sync.Once
	w.rewrite = func(_, reply []byte) []byte {
		once.Do(do)
		return reply
	}
}

func TestAKeyThatIsChangedDuringTheLogin(t *testing.T) {
	tests := []struct {
		name    string
		replace func(*world) // the keytab
		badKeys int
		kind    Kind // 0: it works
	}{
		{"in the file, too", func(w *world) { w.export("report") }, 1, 0},
		{"and not in the file", func(*world) {}, 1, KeytabStale},
		{"and the file has gone", func(w *world) { must(w.t, func() error { return os.Remove(w.keytab) }) }, 1, KeytabStale},
		{"and the file got a third one", func(w *world) { must(w.t, func() error { return mixKeytab(w, clientName) }) }, 2, KeytabStale},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			w.whileAsked(func() {
				must(t, func() error { return w.Add("report") })
				tt.replace(w)
			})
			_, err := Login(t.Context(), w.opts)
			if tt.kind != 0 {
				checkFailure(t, err, tt.kind, "does not accept the key of report@EXAMPLE.COM")
			} else if err != nil {
				t.Errorf("got %v", err)
			}
			if got := w.Counts().BadKeys; got != tt.badKeys {
				t.Errorf("the KDC saw %d bad keys, want %d", got, tt.badKeys)
			}
		})
	}
}

// A key that the KDC refuses is shown to it once each time somebody asks, and a new file
// ends that without a restart.
func TestANewKeytabEndsTheRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, kdc.Options{MaxLife: time.Hour})
		c := w.login()
		must(t, func() error { return w.Add("report") })
		time.Sleep(2 * time.Hour)
		for range 2 {
			_, err := c.Ticket(t.Context(), serviceSPN)
			checkFailure(t, err, KeytabStale, "(kvno 1 aes256-cts-hmac-sha1-96, kvno 1 aes128-cts-hmac-sha1-96)")
		}
		must(t, func() error { return os.Remove(w.keytab) })
		_, err := c.Ticket(t.Context(), serviceSPN)
		checkFailure(t, err, KeytabRead, "there is no keytab")
		w.export("report")
		if _, err := c.Ticket(t.Context(), serviceSPN); err != nil || w.Counts().BadKeys != 2 {
			t.Errorf("%v; %d bad keys", err, w.Counts().BadKeys)
		}
	})
}

// Tickets that have not ended are good while no KDC answers, also in their last minutes.
func TestTicketsServeWhileTheKDCIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, kdc.Options{MaxLife: time.Hour})
		c := w.login()
		if _, err := c.Ticket(t.Context(), serviceSPN); err != nil {
			t.Fatal(err)
		}
		c.kdcs.dial = func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
		steps := []struct {
			name      string
			after     time.Duration
			spn       string
			kind      Kind // 0: a ticket
			wantKept  bool
			wantWarns int
		}{
			{"in the middle of its life", 30 * time.Minute, serviceSPN, 0, true, 0},
			{"four minutes before its end", 26 * time.Minute, serviceSPN, 0, true, 1},
			{"one minute before its end", 3 * time.Minute, serviceSPN, 0, true, 3}, // and of the ticket-granting ticket
			{"another service", 0, "impala/other.example.com", KDCUnreachable, false, 4},
			{"after its end", 2 * time.Minute, serviceSPN, KDCUnreachable, false, 4},
		}
		for _, s := range steps {
			time.Sleep(s.after)
			ticket, err := c.Ticket(t.Context(), s.spn)
			switch {
			case s.kind != 0 && (!errors.Is(err, s.kind) || fault.ClassOf(err) != fault.KDC):
				t.Errorf("%s: got %v, %v", s.name, ticket, err)
			case s.kind == 0 && (err != nil || ticket.kept != s.wantKept):
				t.Errorf("%s: got %v, %v", s.name, ticket, err)
			}
			if n := w.logs.count("the old one is used"); n != s.wantWarns {
				t.Errorf("%s: %d warnings", s.name, n)
			}
		}
		c.kdcs.dial = w.dial
		if ticket, err := c.Ticket(t.Context(), serviceSPN); err != nil || ticket.kept {
			t.Errorf("when the KDC is back: %v, %v", ticket, err)
		}
	})
}

// A clock that jumps while the process runs costs one refused request at most, and a login
// at a service with the ticket of before says that another may succeed.
func TestClocksThatJump(t *testing.T) {
	tests := []struct {
		name string
		jump time.Duration
		asks int // for the service ticket after the jump
	}{
		{"back an hour", -time.Hour, 2},
		{"forward by seven hours", 7 * time.Hour, 2},
		{"forward by a day", 24 * time.Hour, 3}, // the tickets look as if they had ended
		{"back a day", -24 * time.Hour, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				step := time.Duration(0)
				w := newWorld(t, kdc.Options{})
				w.opts.Now = func() time.Time { return time.Now().Add(step) }
				c := w.login()
				w.opts.Now = nil // the service's clock is right
				server := w.service(acceptor.Quirks{})
				hello := func() (s *SASL, ours, theirs error) {
					s = newSASL(t, c, SASLOptions{})
					ours, theirs = shake(s, server.NewServer(acceptor.SASL{}))
					must(t, s.Close)
					return s, ours, theirs
				}
				if s, ours, theirs := hello(); ours != nil || theirs != nil || s.Stale() {
					t.Fatal(ours, theirs, s.Stale())
				}
				time.Sleep(10 * time.Minute)
				step = tt.jump
				before := w.requests()
				if s, _, theirs := hello(); theirs != nil {
					if !s.Stale() {
						t.Errorf("%v, and another login would not help", theirs)
					}
					if s, ours, theirs := hello(); ours != nil || theirs != nil || s.Stale() {
						t.Error(ours, theirs, s.Stale())
					}
				}
				if got := w.requests() - before; got != tt.asks {
					t.Errorf("%d requests, want %d", got, tt.asks)
				}
			})
		})
	}
}

func TestAServiceWithANewKeyGetsAFreshTicket(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	c := w.login()
	if ours, theirs := shake(newSASL(t, c, SASLOptions{}), w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{})); ours != nil || theirs != nil {
		t.Fatal(ours, theirs)
	}
	must(t, func() error { return w.Add(serviceSPN) })
	server := w.service(acceptor.Quirks{})
	for _, want := range []bool{true, false} { // is the ticket an old one
		s := newSASL(t, c, SASLOptions{})
		_, theirs := shake(s, server.NewServer(acceptor.SASL{}))
		must(t, s.Close)
		must(t, s.Close)
		if (theirs != nil) != want || s.Stale() != want {
			t.Errorf("the server says %v; stale: %t", theirs, s.Stale())
		}
	}
	if n := w.Counts().Tickets; n != 2 {
		t.Errorf("%d tickets", n)
	}
}

// The alarm about the clock is raised again when the clock was right in between.
func TestAClockThatIsOffAgainIsToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		step := 10 * time.Minute
		w := newWorld(t, kdc.Options{MaxLife: time.Hour})
		w.opts.Now = func() time.Time { return time.Now().Add(step) }
		c := w.login()
		for _, next := range []time.Duration{10 * time.Minute, 0, 10 * time.Minute} {
			step = next
			time.Sleep(2 * time.Hour)
			if _, err := c.Ticket(t.Context(), serviceSPN); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.logs.count("clock differs"); n != 2 {
			t.Errorf("%d warnings", n)
		}
	})
}

// Many ask at the end of tickets while the keytab is replaced again and again.
func TestManyLoginsWhileKeysChange(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	c := w.login()
	stop := make(chan struct{})
	var changing, asking sync.WaitGroup
	changing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := w.WriteKeytab(w.keytab, "report"); err != nil {
				t.Error(err)
			}
		}
	})
	for i := range 4 {
		asking.Go(func() {
			for range 10 {
				if err := c.Login(t.Context()); err != nil {
					t.Error(err)
				}
				ticket, err := c.Ticket(t.Context(), fmt.Sprintf("impala/%s.example.com", []string{"coordinator", "other"}[i%2]))
				if err != nil {
					t.Error(err)
					return
				}
				c.forget(ticket)
				c.mu.Lock()
				tgt := c.tickets["krbtgt/EXAMPLE.COM@EXAMPLE.COM"]
				c.mu.Unlock()
				if tgt != nil {
					c.forget(tgt)
				}
			}
		})
	}
	asking.Wait()
	close(stop)
	changing.Wait()
	if got := w.Counts(); got.BadKeys != 0 || got.Logins < 10 {
		t.Errorf("counted %+v", got)
	}
}
