package kerberos

import (
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

func TestClockThatMayNotBePutRight(t *testing.T) {
	w := newWorld(t, kdc.Options{Offset: 10 * time.Minute})
	path := w.keytab + ".conf"
	text := strings.Replace(w.Conf([]string{"kdc"}), "[libdefaults]", "[libdefaults]\nkdc_timesync = 0", 1)
	must(t, func() error { return os.WriteFile(path, []byte(text), 0o600) })
	w.opts.Realm, w.opts.KDCs, w.opts.KRB5Conf = "", nil, path
	_, err := Login(t.Context(), w.opts)
	checkFailure(t, err, ClockSkew, "that of the KDC is 10m0s ahead of this host's [KRB_AP_ERR_SKEW, code 37]")
}
