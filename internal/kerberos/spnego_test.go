package kerberos

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"
)

// negotiate begins a login over HTTP and gets the service's answer.
func (w *world) negotiate(c *Creds, q acceptor.Quirks) (*Negotiator, []byte, error) {
	w.t.Helper()
	n, err := c.NewNegotiator(w.t.Context(), serviceSPN)
	must(w.t, func() error { return err })
	w.t.Cleanup(func() { n.Close() })
	reply, client, err := w.service(q).Negotiate(authorized(w.t, n))
	if err == nil && client != clientName {
		w.t.Errorf("the service takes us for %s", client)
	}
	return n, reply, err
}

// authorized is the token in a request's field.
func authorized(t testing.TB, n *Negotiator) []byte {
	t.Helper()
	text, ok := strings.CutPrefix(n.Authorization(), "Negotiate ")
	token, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		t.Fatalf("field %q, %v", n.Authorization()[:20], err)
	}
	return token
}

func field(token []byte) string { return "Negotiate " + base64.StdEncoding.EncodeToString(token) }

func TestNegotiationsThatSucceed(t *testing.T) {
	reply := func(change func(*krb5.NegotiationReply)) func(*testing.T, []byte) []string {
		return func(t *testing.T, token []byte) []string {
			r, err := krb5.ParseNegotiationReply(token)
			must(t, func() error { return err })
			change(&r)
			return []string{field(r.Marshal())}
		}
	}
	tests := []struct {
		name   string
		quirks acceptor.Quirks
		fields func(*testing.T, []byte) []string
	}{
		{"as it should be", acceptor.Quirks{}, reply(func(*krb5.NegotiationReply) {})},
		{"like Java", acceptor.Quirks{NoSubkey: true}, reply(func(*krb5.NegotiationReply) {})},
		{"with a signature", acceptor.Quirks{SignList: true}, reply(func(r *krb5.NegotiationReply) {
			if len(r.MIC) == 0 {
				t.Error("no signature")
			}
		})},
		{"with the token where the signature goes", acceptor.Quirks{}, reply(func(r *krb5.NegotiationReply) { r.MIC = r.Token })},
		{"with the name that Windows has for Kerberos", acceptor.Quirks{}, reply(func(r *krb5.NegotiationReply) { r.Mechanism = krb5.MSKerberos })},
		{"with neither state nor mechanism", acceptor.Quirks{}, reply(func(r *krb5.NegotiationReply) { r.State, r.Mechanism = krb5.NegUnsaid, "" })},
		{"without a negotiation", acceptor.Quirks{}, func(t *testing.T, token []byte) []string {
			r, err := krb5.ParseNegotiationReply(token)
			must(t, func() error { return err })
			return []string{field(r.Token)}
		}},
		{"in lower case", acceptor.Quirks{}, func(_ *testing.T, token []byte) []string {
			return []string{"negotiate  " + base64.StdEncoding.EncodeToString(token) + " "}
		}},
		{"behind other challenges", acceptor.Quirks{}, func(_ *testing.T, token []byte) []string {
			return []string{`Digest nonce="x"`, `Basic realm="y", ` + field(token)}
		}},
	}
	for _, id := range enctypes(18, 20, 23) {
		w := newWorld(t, kdc.Options{Enctypes: enctypes(id)})
		c := w.login()
		for _, tt := range tests {
			t.Run(krb5.EnctypeName(id)+" "+tt.name, func(t *testing.T) {
				n, token, err := w.negotiate(c, tt.quirks)
				must(t, func() error { return err })
				if err := n.Finish(tt.fields(t, token)...); err != nil || !n.Done() || n.SPN() != serviceSPN+"@EXAMPLE.COM" {
					t.Errorf("got %v", err)
				}
				if err := n.Finish(field(token)); err == nil {
					t.Error("the login goes on")
				}
			})
		}
	}
}

func TestBareTokenIsAnsweredBare(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	n, err := w.login().NewNegotiator(t.Context(), serviceSPN)
	must(t, func() error { return err })
	reply, client, err := w.service(acceptor.Quirks{}).Negotiate(n.request.Token)
	if err != nil || client != clientName {
		t.Fatal(client, err)
	}
	must(t, func() error { return n.Finish(field(reply)) })
}

func TestNegotiationsThatFail(t *testing.T) {
	reply := func(change func(*krb5.NegotiationReply)) func([]byte) []string {
		return func(token []byte) []string {
			r, err := krb5.ParseNegotiationReply(token)
			if err != nil {
				return nil
			}
			change(&r)
			return []string{field(r.Marshal())}
		}
	}
	tests := []struct {
		name    string
		quirks  acceptor.Quirks
		fields  func([]byte) []string
		kind    Kind
		mention string
	}{
		{"no field", acceptor.Quirks{}, func([]byte) []string { return nil }, MutualFailed, "the response has no proof"},
		{"another scheme", acceptor.Quirks{}, func([]byte) []string { return []string{"Basic realm=x", ""} }, MutualFailed, "the response has no proof"},
		{"the first challenge again", acceptor.Quirks{}, func([]byte) []string { return []string{"Negotiate"} }, PeerRefused, "asks for a login again"},
		{"a field that is not base64", acceptor.Quirks{}, func([]byte) []string { return []string{"Negotiate !"} }, MutualFailed, "not in base64"},
		{"a field that is huge", acceptor.Quirks{}, func([]byte) []string { return []string{"Negotiate " + strings.Repeat("A", 100_000)} }, MutualFailed, "100000 letters"},
		{"garbage", acceptor.Quirks{}, func([]byte) []string { return []string{field([]byte("garbage"))} }, MutualFailed, "malformed negotiation reply"},
		{"our own token", acceptor.Quirks{}, func([]byte) []string { return []string{field(krb5.FrameToken(krb5.TokenAPReq, nil))} }, MutualFailed, "instead of an AP-REP"},
		{"no proof", acceptor.Quirks{NoAPRep: true}, reply(func(*krb5.NegotiationReply) {}), MutualFailed, "the negotiation has no proof"},
		{"a proof for another request", acceptor.Quirks{WrongTime: true}, reply(func(*krb5.NegotiationReply) {}), MutualFailed, "answers another request"},
		{"a damaged proof", acceptor.Quirks{}, reply(func(r *krb5.NegotiationReply) { r.Token[len(r.Token)-1] ^= 1 }), MutualFailed, "did not prove"},
		{"a damaged signature", acceptor.Quirks{SignList: true}, reply(func(r *krb5.NegotiationReply) { r.MIC[len(r.MIC)-1] ^= 1 }), MutualFailed, "damaged security token"},
		{"a rejection without a word", acceptor.Quirks{}, reply(func(r *krb5.NegotiationReply) { r.State, r.Token = krb5.NegReject, nil }), PeerRefused, "rejects the negotiation"},
		{"a rejection with a proof", acceptor.Quirks{}, reply(func(r *krb5.NegotiationReply) { r.State = krb5.NegReject }), PeerRefused, "rejects the negotiation"},
		{"a wish for more", acceptor.Quirks{}, reply(func(r *krb5.NegotiationReply) { r.State = krb5.NegIncomplete }), PeerRefused, "a second token"},
		{"a wish for more without a proof", acceptor.Quirks{}, reply(func(r *krb5.NegotiationReply) { r.State, r.Token = krb5.NegIncomplete, nil }), PeerRefused, "a second token"},
		{"a wish for a signature", acceptor.Quirks{}, reply(func(r *krb5.NegotiationReply) { r.State = krb5.NegRequestMIC }), PeerRefused, "a second token"},
		{"another mechanism", acceptor.Quirks{}, reply(func(r *krb5.NegotiationReply) { r.Mechanism = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" }), PeerRefused, "another mechanism"},
	}
	w := newWorld(t, kdc.Options{})
	c := w.login()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, token, err := w.negotiate(c, tt.quirks)
			must(t, func() error { return err })
			checkFailure(t, n.Finish(tt.fields(token)...), tt.kind, tt.mention)
			if n.Done() {
				t.Error("the login is done")
			}
			if n.Finish(field(token)) == nil {
				t.Error("the login goes on")
			}
			must(t, n.Close)
			before := w.requests()
			if _, err := c.Ticket(t.Context(), serviceSPN); err != nil || w.requests() != before+1 {
				t.Errorf("the ticket was used again, %v", err)
			}
		})
	}
}

func TestServiceThatTellsWhyInANegotiation(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	c := w.login()
	must(t, func() error { return w.Add(serviceSPN) }) // with new keys
	n, reply, err := w.negotiate(c, acceptor.Quirks{TellErrors: true})
	if err != nil {
		t.Fatal("the ticket is not an old one", err)
	}
	must(t, func() error { return n.Finish(field(reply)) })
	must(t, func() error { return w.Add(serviceSPN) })
	n, reply, err = w.negotiate(c, acceptor.Quirks{TellErrors: true})
	if err == nil {
		t.Fatal("the service took an old ticket")
	}
	checkFailure(t, n.Finish(field(reply)), ServiceKey, "cannot decrypt the ticket [KRB_AP_ERR_BADKEYVER, code 44")
}

func TestNegotiationsThatDoNotBegin(t *testing.T) {
	c := newWorld(t, kdc.Options{}).login()
	_, err := c.NewNegotiator(t.Context(), "HTTP/nowhere.example.com")
	checkFailure(t, err, SPNUnknown, "HTTP/nowhere.example.com")
	must(t, c.Close)
	if _, err := c.NewNegotiator(t.Context(), serviceSPN); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}

func FuzzFinish(f *testing.F) {
	w := newWorld(f, kdc.Options{})
	c, err := Login(f.Context(), w.opts)
	must(f, func() error { return err })
	n, reply, err := w.negotiate(c, acceptor.Quirks{SignList: true})
	must(f, func() error { return err })
	r, err := krb5.ParseNegotiationReply(reply)
	must(f, func() error { return err })
	sealed := string(r.Token[sealedFrom(f, r.Token):])
	f.Add(reply)
	f.Add(r.Token)
	f.Add(krb5.NegotiationReply{State: krb5.NegReject, Token: krb5.FrameToken(krb5.TokenError, krbError(f, 37))}.Marshal())
	f.Fuzz(func(t *testing.T, token []byte) {
		n.state = dueAnswer
		if err := n.check(token); err == nil && !strings.Contains(string(token), sealed) {
			t.Error("an answer without the key was taken")
		}
	})
}
