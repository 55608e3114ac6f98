package acceptor

import (
	"errors"
	"testing"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/types"
)

func TestNegotiate(t *testing.T) {
	ntlm := krb5.Mechanism("\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a")
	request := func(mechanisms ...krb5.Mechanism) func([]byte) []byte {
		return func(token []byte) []byte {
			return krb5.NegotiationRequest{Mechanisms: mechanisms, Token: token}.Marshal()
		}
	}
	tests := []struct {
		name    string
		quirks  Quirks
		wrap    func([]byte) []byte
		state   krb5.NegState
		mech    krb5.Mechanism
		kind    int   // of the token inside; 0: none
		refusal int32 // 0: none
	}{
		{"Kerberos", Quirks{}, request(krb5.Kerberos, krb5.MSKerberos), krb5.NegCompleted, krb5.Kerberos, krb5.TokenAPRep, 0},
		{"Kerberos by Windows' name", Quirks{}, request(krb5.MSKerberos, ntlm), krb5.NegCompleted, krb5.MSKerberos, krb5.TokenAPRep, 0},
		{"Kerberos as the second choice", Quirks{}, request(ntlm, krb5.Kerberos), krb5.NegReject, "", 0, errorcode.KRB_AP_ERR_MSG_TYPE},
		{"no token", Quirks{}, func([]byte) []byte { return request(krb5.Kerberos)(nil) }, krb5.NegReject, "", 0, errorcode.KRB_AP_ERR_MSG_TYPE},
		{"a damaged token, told of", Quirks{TellErrors: true}, func(token []byte) []byte {
			token[len(token)-1] ^= 1
			return request(krb5.Kerberos)(token)
		}, krb5.NegReject, "", krb5.TokenError, errorcode.KRB_AP_ERR_BAD_INTEGRITY},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, keys := newParty(t, spn)
			reply, client, err := newAcceptor(t, keys, start, tt.quirks).Negotiate(tt.wrap(p.token(t)))
			checkRefusal(t, err, tt.refusal)
			if (client == "report@R") != (tt.refusal == 0) {
				t.Errorf("the client is %q", client)
			}
			r, err := krb5.ParseNegotiationReply(reply)
			if err != nil || r.State != tt.state || r.Mechanism != tt.mech {
				t.Fatalf("got %+v, %v", r, err)
			}
			if kind, _, _ := krb5.ParseToken(r.Token); kind != tt.kind {
				t.Errorf("a token of kind %04x inside", kind)
			}
		})
	}
}

func checkRefusal(t *testing.T, err error, code int32) {
	t.Helper()
	var refusal *Refusal
	if code == 0 && err != nil || code != 0 && (!errors.As(err, &refusal) || refusal.Code != code) {
		t.Errorf("got %v, want code %d", err, code)
	}
}

func TestNegotiateWithoutANegotiation(t *testing.T) {
	p, keys := newParty(t, spn)
	a := newAcceptor(t, keys, start, Quirks{TellErrors: true})
	token := p.token(t)
	reply, client, err := a.Negotiate(token)
	if kind, _, _ := krb5.ParseToken(reply); kind != krb5.TokenAPRep || client != "report@R" || err != nil {
		t.Errorf("got kind %04x for %q, %v", kind, client, err)
	}
	reply, client, err = a.Negotiate(token)
	checkRefusal(t, err, errorcode.KRB_AP_ERR_REPEAT)
	if kind, _, _ := krb5.ParseToken(reply); kind != krb5.TokenError || client != "" {
		t.Errorf("a replay: kind %04x for %q", kind, client)
	}
	reply, _, err = a.Negotiate([]byte("garbage"))
	if checkRefusal(t, err, errorcode.KRB_AP_ERR_MSG_TYPE); reply != nil {
		t.Errorf("garbage: got %x", reply)
	}
}

// RC4 is taken only by an acceptor that says so, wherever it comes up.
func TestRC4IsAnOption(t *testing.T) {
	tests := []struct {
		name    string
		enctype int32
		subkey  int32
		refusal int32 // without the option
	}{
		{"a ticket of RC4", 23, 0, errorcode.KRB_AP_ERR_BADKEYVER},
		{"a subkey of RC4", 18, 23, errorcode.KDC_ERR_ETYPE_NOSUPP},
		{"AES", 18, 17, 0},
	}
	for _, tt := range tests {
		for _, allowed := range []bool{false, true} {
			p, keys := newPartyOf(t, spn, tt.enctype)
			if tt.subkey != 0 {
				p.auth.SubKey = types.EncryptionKey{KeyType: tt.subkey, KeyValue: make([]byte, 16)}
			}
			a := newAcceptor(t, keys, start, Quirks{})
			a.opts.RC4 = allowed
			reply, _, err := a.NewServer(SASL{}).Step(p.token(t))
			want := tt.refusal
			if allowed {
				want = 0
			}
			checkRefusal(t, err, want)
			if (reply == nil) != (want != 0) {
				t.Errorf("%s: got %x", tt.name, reply)
			}
		}
	}
}

func FuzzNegotiate(f *testing.F) {
	p, keys := newParty(f, spn)
	token := p.token(f)
	f.Add(token)
	f.Add(krb5.NegotiationRequest{Mechanisms: []krb5.Mechanism{krb5.Kerberos}, Token: token}.Marshal())
	f.Fuzz(func(t *testing.T, token []byte) {
		a := newAcceptor(t, keys, start, Quirks{TellErrors: true})
		if _, client, err := a.Negotiate(token); err == nil && client != "report@R" {
			t.Errorf("taken as %q", client)
		}
	})
}
