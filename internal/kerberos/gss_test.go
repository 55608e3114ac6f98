package kerberos

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"

	"github.com/jcmturner/gokrb5/v8/messages"
)

func TestServiceThatIsNotTrusted(t *testing.T) {
	flipLast := func(token []byte) { token[len(token)-1] ^= 1 }
	tests := []struct {
		name    string
		quirks  acceptor.Quirks
		kind    Kind
		mention string
	}{
		{"no proof of identity", acceptor.Quirks{NoAPRep: true}, MutualFailed, "did not prove that it is " + serviceSPN},
		{"a proof for another request", acceptor.Quirks{WrongTime: true}, MutualFailed, "answers another request"},
		{"a damaged offer", acceptor.Quirks{Damage: flipLast}, Token, "damaged security token"},
		{"an offer with a number too high", acceptor.Quirks{Skip: 1}, Token, "out of order: a gap: 1 are missing"},
		{"an offer with a number too low", acceptor.Quirks{Skip: ^uint64(0)}, Token, "out of order: a replay: number "},
		{"an offer that is too short", acceptor.Quirks{Offer: []byte{1, 0, 0}}, Token, "3 bytes instead of 4"},
		{"a layer without room", acceptor.Quirks{Offer: []byte{4, 0, 0, 60}}, Layer, "no token longer than 60 bytes"},
		{"a layer with size 0", acceptor.Quirks{Offer: []byte{2, 0, 0, 0}}, Layer, "no token longer than 0 bytes"},
		{"no layer that is known", acceptor.Quirks{Offer: []byte{8, 0, 0, 0}}, Layer, "the server offers nothing, the configuration demands auto"},
	}
	w := newWorld(t, kdc.Options{})
	c := w.login()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := newSASL(t, c, SASLOptions{})
			ours, _ := shake(client, w.service(tt.quirks).NewServer(acceptor.SASL{Layers: 7}))
			if !errors.Is(ours, tt.kind) || !strings.Contains(ours.Error(), tt.mention) || client.Done() || client.Layer() != "" {
				t.Errorf("got %v; want %v: %s", ours, tt.kind, tt.mention)
			}
			if _, err := client.Step([]byte("more")); err == nil {
				t.Error("the login goes on")
			}
		})
	}
}

func TestServiceThatRefuses(t *testing.T) {
	tests := []struct {
		name    string
		options func(*acceptor.Options)
		kind    Kind
		mention string
	}{
		{"for its clock", func(o *acceptor.Options) { o.Now = ahead(-10 * time.Minute) }, ClockSkew, "that of the server of impala/coordinator.example.com@EXAMPLE.COM is 10m0s behind"},
		{"for its clock alone", func(o *acceptor.Options) { o.Now = ahead(6 * time.Minute) }, ClockSkew, "6m0s ahead of this host's [KRB_AP_ERR_SKEW, code 37"},
		{"after the ticket's end", func(o *acceptor.Options) { o.Now = ahead(20 * time.Hour) }, ClockSkew, "20h0m0s ahead of this host's [KRB_AP_ERR_TKT_EXPIRED, code 32"},
		{"for want of the key's version", func(o *acceptor.Options) { o.Keys[0].KVNO = 7 }, ServiceKey, "cannot decrypt the ticket [KRB_AP_ERR_BADKEYVER, code 44"},
		{"for the key", func(o *acceptor.Options) { o.Keys[0].Key.Value[0] ^= 1 }, ServiceKey, "code 31"},
		{"for the name", func(o *acceptor.Options) { o.Keys[0].Principal.Components = []string{"hive", "x"} }, ServiceKey, "code 35"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{Enctypes: enctypes(18)})
			c := w.login()
			keys, err := w.Keys(serviceSPN)
			must(t, func() error { return err })
			o := acceptor.Options{Keys: keys, Quirks: acceptor.Quirks{TellErrors: true}}
			tt.options(&o)
			a, err := acceptor.New(o)
			must(t, func() error { return err })
			client := newSASL(t, c, SASLOptions{})
			ours, theirs := shake(client, a.NewServer(acceptor.SASL{}))
			checkFailure(t, ours, tt.kind, tt.mention)
			if theirs == nil {
				t.Error("the service has no error")
			}
			must(t, client.Close)
			before := w.requests()
			if newSASL(t, c, SASLOptions{}); w.requests() != before+1 {
				t.Error("the ticket was used again")
			}
		})
	}
}

func TestTicketIsDroppedWhenTheServiceHangsUp(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	c := w.login()
	tests := []struct {
		name string
		run  func(*SASL)
		asks int
	}{
		{"before the first token", func(*SASL) {}, 0},
		{"after the first token", func(s *SASL) { s.Step(nil) }, 1},
		{"after the login", func(s *SASL) { shake(s, w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{})) }, 0},
	}
	for _, tt := range tests {
		s := newSASL(t, c, SASLOptions{})
		tt.run(s)
		must(t, s.Close)
		before := w.requests()
		if newSASL(t, c, SASLOptions{}); w.requests()-before != tt.asks {
			t.Errorf("%s: %d requests", tt.name, w.requests()-before)
		}
	}
}

func TestAnswerThatWasChangedAtAnyByte(t *testing.T) {
	for _, id := range enctypes(18, 20, 23) {
		w := newWorld(t, kdc.Options{Enctypes: enctypes(id)})
		client := newSASL(t, w.login(), SASLOptions{})
		request, err := client.Step(nil)
		must(t, func() error { return err })
		answer, _, err := w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{}).Step(request)
		must(t, func() error { return err })
		sealed := sealedFrom(t, answer)
		for i := range answer {
			bad := bytes.Clone(answer)
			bad[i] ^= 0x10
			// The lengths in front of the encrypted part are protected by nothing, and need not be.
			if _, _, err := client.gss.accept(bad); err == nil && i >= sealed {
				t.Errorf("%d: byte %d of %d: no error", id, i, len(answer))
			}
			if _, _, err := client.gss.accept(answer[:i]); !errors.Is(err, MutualFailed) {
				t.Errorf("%d: %d bytes of %d: %v", id, i, len(answer), err)
			}
		}
		if _, _, err := client.gss.accept(make([]byte, maxAPRep+1)); !errors.Is(err, MutualFailed) {
			t.Errorf("%d: a huge answer: %v", id, err)
		}
		if _, _, err := client.gss.accept(answer); err != nil {
			t.Errorf("%d: the answer itself: %v", id, err)
		}
	}
}

// sealedFrom is where the encrypted part of an AP-REP token begins; it goes to the end.
func sealedFrom(t testing.TB, token []byte) int {
	t.Helper()
	_, body, err := krb5.ParseToken(token)
	must(t, func() error { return err })
	var rep messages.APRep
	must(t, func() error { return rep.Unmarshal(body) })
	return len(token) - len(rep.EncPart.Cipher)
}

func TestTokensOfALayer(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	c := w.login()
	tests := []struct {
		name string
		mask byte
		run  func(t *testing.T, client *SASL, server *acceptor.Server) error
	}{
		{"a replay", 4, func(t *testing.T, client *SASL, server *acceptor.Server) error {
			token, _ := server.Wrap(nil, []byte("x"))
			if _, err := client.Unwrap(bytes.Clone(token)); err != nil {
				t.Error(err)
			}
			_, err := client.Unwrap(token)
			return err
		}},
		{"a gap", 4, func(t *testing.T, client *SASL, server *acceptor.Server) error {
			server.Wrap(nil, []byte("x"))
			token, _ := server.Wrap(nil, []byte("y"))
			_, err := client.Unwrap(token)
			return err
		}},
		{"our own token", 2, func(t *testing.T, client *SASL, server *acceptor.Server) error {
			token, _ := client.Wrap(nil, []byte("x"))
			_, err := client.Unwrap(token)
			return err
		}},
		{"a damaged token", 2, func(t *testing.T, client *SASL, server *acceptor.Server) error {
			token, _ := server.Wrap(nil, []byte("x"))
			token[16] ^= 1
			_, err := client.Unwrap(token)
			return err
		}},
		{"a token that is only signed under auth-conf", 4, func(t *testing.T, client *SASL, server *acceptor.Server) error {
			client.layer = AuthInt // our side signs, the server must not take it
			token, _ := client.Wrap(nil, []byte("x"))
			client.layer = AuthConf
			if _, err := server.Unwrap(token); !errors.Is(err, krb5.ErrToken) {
				t.Errorf("the server: %v", err)
			}
			_, err := client.Unwrap(nil)
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := newSASL(t, c, SASLOptions{})
			server := w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{Layers: tt.mask})
			if ours, theirs := shake(client, server); ours != nil || theirs != nil {
				t.Fatal(ours, theirs)
			}
			if err := tt.run(t, client, server); !errors.Is(err, Token) || fault.AreaOf(err) != fault.Security {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestStampsDiffer(t *testing.T) {
	fixed := time.Date(2021, 2, 3, 4, 5, 6, 999_999_500, time.UTC)
	c := &clock{now: func() time.Time { return fixed }}
	first, micros := c.stamp()
	second, more := c.stamp()
	if micros != 999_999 || !second.Equal(first.Add(time.Second)) || more != 0 {
		t.Errorf("got %v %d, then %v %d", first, micros, second, more)
	}
}

func TestParseQOP(t *testing.T) {
	for text, want := range map[string]QOP{"": Auto, "auto": Auto, "auth": Auth, "auth-int": AuthInt, "auth-conf": AuthConf} {
		if got, err := ParseQOP(text); got != want || err != nil || text != "" && got.String() != text {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	if _, err := ParseQOP("AUTH"); err == nil {
		t.Error("AUTH was taken")
	}
}

func FuzzAnswer(f *testing.F) {
	type context struct {
		gss    *initiator
		sealed []byte // the part of the right answer that only the service can make
	}
	var contexts []context
	for _, id := range enctypes(18, 23) {
		w := newWorld(f, kdc.Options{Enctypes: enctypes(id)})
		c, err := Login(f.Context(), w.opts)
		must(f, func() error { return err })
		ticket, err := c.Ticket(f.Context(), serviceSPN)
		must(f, func() error { return err })
		gss, request, err := c.newInitiator(ticket)
		must(f, func() error { return err })
		answer, _, err := w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{}).Step(request)
		must(f, func() error { return err })
		contexts = append(contexts, context{gss, answer[sealedFrom(f, answer):]})
		f.Add(answer)
	}
	f.Add(krb5.FrameToken(krb5.TokenError, krbError(f, 37)))
	f.Fuzz(func(t *testing.T, token []byte) {
		for _, c := range contexts {
			if _, _, err := c.gss.accept(token); err == nil && !bytes.Contains(token, c.sealed) {
				t.Errorf("a token without the key was taken")
			}
		}
	})
}

func FuzzTicketReply(f *testing.F) {
	w := newWorld(f, kdc.Options{})
	c, err := Login(f.Context(), w.opts)
	must(f, func() error { return err })
	entries, err := w.Keys("report")
	must(f, func() error { return err })
	tgt, err := c.get(f.Context(), krb5.TGS("EXAMPLE.COM"))
	must(f, func() error { return err })
	body, err := c.newBody(krb5.TGS("EXAMPLE.COM"), supported())
	must(f, func() error { return err })
	body.CName = c.client.Wire()
	request, err := c.newTGSReq(tgt, body)
	must(f, func() error { return err })
	f.Add(w.Handle(request))
	f.Add(krbError(f, 25))
	f.Fuzz(func(t *testing.T, reply []byte) {
		if _, err := c.acceptAS(t.Context(), reply, body, keySet(entries)); err == nil {
			t.Error("a login was taken that the KDC did not make")
		}
		if _, err := c.acceptTGS(reply, tgt, body); err == nil && reply[0] != tagTGSRep {
			t.Error("a ticket was taken that the KDC did not make")
		}
	})
}
