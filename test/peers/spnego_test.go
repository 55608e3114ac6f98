//go:build peers

package peers

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"qosreport/internal/kerberos"
	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/kerberos/krb5"
)

// negotiateOurs answers a login of HTTP as acceptors/frames.h describes.
func negotiateOurs(a *acceptor.Acceptor, f *frames) error {
	token, err := f.read()
	if err != nil {
		return err
	}
	reply, client, err := a.Negotiate(token)
	if len(reply) > 0 {
		if err := f.write(0, reply); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return f.write(0, fmt.Appendf(nil, "%s 0", client))
}

// negotiation is a login of HTTP that a test carries to an acceptor.
type negotiation struct {
	*kerberos.Negotiator
	token []byte // the client's
}

const negotiateScheme = "Negotiate "

// negotiate begins a login; bare takes the token of Kerberos out of that of SPNEGO.
func (r *gssRealm) negotiate(t *testing.T, service string, bare bool) negotiation {
	t.Helper()
	n, err := r.creds.NewNegotiator(t.Context(), service+"/localhost")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	text, ok := strings.CutPrefix(n.Authorization(), negotiateScheme)
	token, err := base64.StdEncoding.DecodeString(text)
	if err != nil || !ok {
		t.Fatalf("%q, %v", n.Authorization(), err)
	}
	if bare {
		request, err := krb5.ParseNegotiationRequest(token)
		if err != nil {
			t.Fatal(err)
		}
		token = request.Token
	}
	return negotiation{n, token}
}

// carry brings the token to an acceptor and gives back its answer, and who it says the
// client is. The error may be what the acceptor says; there may be an answer beside it.
func (n negotiation) carry(a gssAcceptor) (answer []byte, client string, err error) {
	conn, err := net.DialTimeout("tcp", a.addr, 5*time.Second)
	if err != nil {
		return nil, "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	f := &frames{Conn: conn}
	for _, frame := range [][]byte{[]byte("HTTP 0 0"), n.token} {
		if err := f.write(0, frame); err != nil {
			return nil, "", err
		}
	}
	first, err := f.read()
	if err != nil {
		return nil, "", err
	}
	answer = append(answer, first...)
	welcome, err := f.read()
	return answer, string(welcome), err
}

// finish gives an answer to the client as HTTP would.
func (n negotiation) finish(answer []byte) error {
	return n.Finish(negotiateScheme + base64.StdEncoding.EncodeToString(answer))
}

// A login over HTTP is taken by each make, and each make's proof by the client, with SPNEGO
// around the tokens and without. (Cyrus' library serves SASL alone.)
func TestNegotiateAtEveryAcceptor(t *testing.T) {
	r := newGSSRealm(t)
	for _, name := range []string{"ours", "MIT", "Heimdal", "Java"} {
		a := r.acceptor(t, name, r.conf())
		for _, enctype := range gssEnctypes {
			for _, bare := range []bool{false, true} {
				cell := fmt.Sprintf("%s %s bare=%v", name, krb5.EnctypeName(enctype.id), bare)
				n := r.negotiate(t, gssService(enctype.id), bare)
				answer, client, err := n.carry(a)
				if err != nil || client != "report@EXAMPLE.COM 0" {
					t.Errorf("%s: the acceptor says %q, %v", cell, client, err)
					continue
				}
				if err := n.finish(answer); err != nil || !n.Done() {
					t.Errorf("%s: the client says %v of %x", cell, err, answer)
				}
				if _, _, isBare := krb5.ParseToken(answer); bare != (isBare == nil) {
					t.Errorf("%s: the answer is %x", cell, answer)
				}
			}
		}
	}
}

// A login that a make refuses is a refusal to the client, too, whatever the make answers:
// MIT's tells the code, Heimdal's asks for another token, others say nothing.
func TestNegotiationsThatAreRefused(t *testing.T) {
	const nothing = ""
	tests := []struct {
		name     string
		damaged  string // words of the acceptor
		replayed string // "": it takes a token twice
		kind     kerberos.Kind
	}{
		{"ours", "does not fit the ticket", "seen before", kerberos.PeerRefused},
		{"MIT", "Decrypt integrity check failed", "Request is a replay", kerberos.ServiceKey},
		{"Heimdal", "more than one token", nothing, kerberos.PeerRefused},
		{"Java", "Checksum failed", "Request is a replay", kerberos.PeerRefused},
	}
	r := newGSSRealm(t)
	for _, tt := range tests {
		a := r.acceptor(t, tt.name, r.conf())
		damaged := r.negotiate(t, gssService(18), false)
		damaged.token[len(damaged.token)-1] ^= 1
		answer, _, err := damaged.carry(a)
		if err == nil || !strings.Contains(err.Error(), tt.damaged) {
			t.Errorf("%s: a damaged token: got %v", tt.name, err)
		}
		if err := damaged.finish(answer); !errors.Is(err, tt.kind) || damaged.Done() {
			t.Errorf("%s: the client makes %v of %x", tt.name, err, answer)
		}

		first, second := r.negotiate(t, gssService(18), false), r.negotiate(t, gssService(18), false)
		if answer, _, err = first.carry(a); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if err := second.finish(answer); !errors.Is(err, kerberos.MutualFailed) {
			t.Errorf("%s: the proof for another login: %v", tt.name, err)
		}
		if _, _, err := first.carry(a); (err == nil) != (tt.replayed == nothing) || err != nil && !strings.Contains(err.Error(), tt.replayed) {
			t.Errorf("%s: a replay: got %v", tt.name, err)
		}
	}
}
