package kerberos

import (
	"encoding/base64"
	"fmt"
	"testing"

	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"
)

// What a service says against a login, over SASL and over HTTP: its kind, and whether
// another login with a fresh ticket is worth the while.
func TestRefusalsOfServices(t *testing.T) {
	tests := []struct {
		code    int32
		kind    Kind
		mention string
		again   bool
	}{
		{31, ServiceKey, "the service impala/coordinator.example.com@EXAMPLE.COM cannot decrypt the ticket [KRB_AP_ERR_BAD_INTEGRITY, code 31]", false},
		{35, ServiceKey, "cannot decrypt the ticket", false},
		{41, ServiceKey, "cannot decrypt the ticket", false},
		{44, ServiceKey, "cannot decrypt the ticket", false},
		{45, ServiceKey, "cannot decrypt the ticket", false},
		{32, TicketExpired, "says that the ticket is not valid at its time", false},
		{33, TicketExpired, "says that the ticket is not valid at its time", false},
		{34, Replay, "says that it saw this request before", true},
		{37, ClockSkew, "clocks differ: that of the server of impala/coordinator.example.com@EXAMPLE.COM is", false},
		{60, PeerRefused, "impala/coordinator.example.com@EXAMPLE.COM refused the login of report@EXAMPLE.COM [KRB_ERR_GENERIC, code 60]", false},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint("code ", tt.code), func(t *testing.T) {
			token := krb5.FrameToken(krb5.TokenError, krbError(t, tt.code))
			for _, kept := range []bool{false, true} {
				c := newWorld(t, kdc.Options{}).login()
				if kept { // the next ticket is one that was there
					_, err := c.Ticket(t.Context(), serviceSPN)
					must(t, func() error { return err })
				}
				s := newSASL(t, c, SASLOptions{})
				_, err := s.Step(nil)
				must(t, func() error { return err })
				_, err = s.Step(token)
				checkFailure(t, err, tt.kind, tt.mention)
				must(t, s.Close)
				if s.Stale() != (tt.again || kept) {
					t.Errorf("kept %t: another login is worth the while: %t", kept, s.Stale())
				}
			}
			n, err := newWorld(t, kdc.Options{}).login().NewNegotiator(t.Context(), serviceSPN)
			must(t, func() error { return err })
			checkFailure(t, n.Finish("Negotiate "+base64.StdEncoding.EncodeToString(token)), tt.kind, tt.mention)
			must(t, n.Close)
			if n.Stale() != tt.again {
				t.Errorf("over HTTP another login is worth the while: %t", n.Stale())
			}
		})
	}
}
