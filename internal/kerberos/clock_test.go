package kerberos

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/lab/kdc"
)

func TestClockThatIsOffIsPutRight(t *testing.T) {
	for _, off := range []time.Duration{10 * time.Minute, -10 * time.Minute, 2 * time.Minute, 72 * time.Hour, -72 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			w.opts.Now = ahead(off)
			c := w.login()
			w.opts.Now = nil // the service's clock is right
			client := newSASL(t, c, SASLOptions{})
			if ours, theirs := shake(client, w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{})); ours != nil || theirs != nil {
				t.Error(ours, theirs)
			}
			if n := w.logs.count("clock differs"); n != 1 {
				t.Errorf("%d warnings", n)
			}
		})
	}
}

// The time in an error is not signed, and KDCs of one realm may differ. A proof with a
// wrong time costs a request, and no attempt.
func TestProofWithAWrongTimeIsMadeAnew(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	first := true
	w.rewrite = func(_, reply []byte) []byte {
		if !first {
			return reply
		}
		first = false
		e, err := parseKRBError(reply)
		must(t, func() error { return err })
		e.STime = e.STime.Add(time.Hour)
		b, err := e.Marshal()
		must(t, func() error { return err })
		return b
	}
	w.login()
	if got := w.Counts(); w.requests() != 3 || got.BadKeys != 0 || got.Logins != 1 {
		t.Errorf("%d requests, %+v", w.requests(), got)
	}
}

// Some KDCs look at the end that is asked for before they ask who the client is.
func TestEndThatHasPassedAtTheKDC(t *testing.T) {
	for _, off := range []time.Duration{-72 * time.Hour, 0} {
		w := newWorld(t, kdc.Options{})
		w.opts.Now = ahead(off)
		first := true
		w.rewrite = func(_, reply []byte) []byte {
			if !first {
				return reply
			}
			first = false
			return krbError(t, 11)
		}
		_, err := Login(t.Context(), w.opts)
		if off != 0 && err != nil || off == 0 && (!errors.Is(err, KDCRefused) || w.requests() != 1) {
			t.Errorf("%v: %v with %d requests", off, err, w.requests())
		}
	}
}

func TestClockThatMayNotBePutRight(t *testing.T) {
	w := newWorld(t, kdc.Options{Offset: 10 * time.Minute})
	path := w.keytab + ".conf"
	text := strings.Replace(w.Conf([]string{"kdc"}), "[libdefaults]", "[libdefaults]\nkdc_timesync = 0", 1)
	must(t, func() error { return os.WriteFile(path, []byte(text), 0o600) })
	w.opts.Realm, w.opts.KDCs, w.opts.KRB5Conf = "", nil, path
	_, err := Login(t.Context(), w.opts)
	checkFailure(t, err, ClockSkew, "that of the KDC is 10m0s ahead of this host's [KRB_AP_ERR_SKEW, code 37]")
}

// A KDC whose times contradict each other does not make a ticket that never ends.
func TestTicketThatEndsBeforeItsLogin(t *testing.T) {
	c := &Creds{clock: &clock{now: time.Now}}
	for left, want := range map[time.Duration]bool{time.Hour: true, -time.Second: false} {
		end := time.Now().Add(left)
		if got := c.fresh(&Ticket{end: end, authTime: end.Add(10 * time.Hour)}); got != want {
			t.Errorf("%v left: fresh %t", left, got)
		}
	}
}

func TestPeersDoNotWriteOnTheTerminal(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"plain", "krbtgt/EXAMPLE.COM@ZÜRICH", "krbtgt/EXAMPLE.COM@ZÜRICH"},
		{"an escape and a line end", "a\x1b[2Jb\n", "a�[2Jb�"},
		{"no UTF-8", "\xffx", "�x"},
		{"long", strings.Repeat("ü", 301), strings.Repeat("ü", 300) + "…"},
	}
	for _, tt := range tests {
		if got := printable(tt.text); got != tt.want {
			t.Errorf("%s: got %q", tt.name, got)
		}
	}
}
