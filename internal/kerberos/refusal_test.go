package kerberos

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab/kdc"

	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// answerError makes the KDC answer requests of the tag with an error.
func (w *world) answerError(tag byte, code int32, text string, data []byte) {
	w.rewrite = func(request, reply []byte) []byte {
		if request[0] != tag {
			return reply
		}
		e := messages.NewKRBError(types.NewPrincipalName(2, "krbtgt/EXAMPLE.COM"), "EXAMPLE.COM", code, text)
		e.EData = data
		b, err := e.Marshal()
		must(w.t, func() error { return err })
		return b
	}
}

const (
	tagASReq  = 0x6a
	tagTGSReq = 0x6c
)

func TestRefusedLogins(t *testing.T) {
	tests := []struct {
		code    int32
		kind    Kind
		mention string
	}{
		{1, ClientExpired, "the account report@EXAMPLE.COM has expired [KDC_ERR_NAME_EXP, code 1]"},
		{6, ClientUnknown, "does not know"},
		{12, Policy, "forbids a login"},
		{14, EtypeUnsupported, "no encryption type in common"},
		{18, ClientLocked, "locked or disabled"},
		{23, PasswordExpired, "password of report@EXAMPLE.COM has expired"},
		{24, KeytabStale, "(kvno 1 aes256-cts-hmac-sha1-96, kvno 1 aes128-cts-hmac-sha1-96)"},
		{37, ClockSkew, "clocks differ: that of the KDC is"},
		{60, KDCRefused, `the KDC refused the login of report@EXAMPLE.COM [KRB_ERR_GENERIC, code 60: "why"]`},
		{68, KDCRefused, "code 68"},
		{12345, KDCRefused, "[code 12345: "},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint("code ", tt.code), func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			w.answerError(tagASReq, tt.code, "why", nil)
			_, err := Login(t.Context(), w.opts)
			checkFailure(t, err, tt.kind, tt.mention)
			if w.requests() != 1 {
				t.Errorf("%d requests", w.requests())
			}
		})
	}
}

func TestRefusedTickets(t *testing.T) {
	tests := []struct {
		code    int32
		kind    Kind
		mention string
		asks    int
	}{
		{7, SPNUnknown, "knows no service principal impala/coordinator.example.com@EXAMPLE.COM", 1},
		{8, SPNAmbiguous, "registered twice", 1},
		{12, Policy, "forbids a ticket", 1},
		{27, Policy, "forbids a ticket", 1},
		{14, EtypeUnsupported, "no encryption type in common", 1},
		{37, ClockSkew, "clocks differ", 1},
		{60, KDCRefused, `"why"`, 1},
		{32, TicketExpired, "ticket-granting ticket has expired", 4}, // after a new login, which takes two requests
		{33, TicketExpired, "ticket-granting ticket is not valid yet", 1},
		{31, KDCRefused, "code 31", 4},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint("code ", tt.code), func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			c := w.login()
			w.answerError(tagTGSReq, tt.code, "why", nil)
			before := w.requests()
			_, err := c.Ticket(t.Context(), serviceSPN)
			checkFailure(t, err, tt.kind, tt.mention)
			if n := w.requests() - before; n != tt.asks {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// methodData encodes what a KDC says about pre-authentication.
func methodData(t testing.TB, enctype int32, kinds ...int32) []byte {
	t.Helper()
	var list types.PADataSequence
	for _, kind := range kinds {
		pa := types.PAData{PADataType: kind, PADataValue: []byte("x")}
		if kind == patype.PA_ETYPE_INFO2 {
			info, err := asn1.Marshal(types.ETypeInfo2{{EType: enctype}})
			must(t, func() error { return err })
			pa.PADataValue = info
		}
		list = append(list, pa)
	}
	b, err := asn1.Marshal(list)
	must(t, func() error { return err })
	return b
}

func TestWishesForPreauthentication(t *testing.T) {
	tests := []struct {
		name    string
		data    []byte
		kind    Kind
		mention string
		asks    int
	}{
		{"FAST alone", methodData(t, 0, patype.PA_FX_FAST), PreauthUnsupported, "FAST, SPAKE", 2},
		{"SPAKE alone", methodData(t, 0, paSPAKE), PreauthUnsupported, "FAST, SPAKE", 1},
		{"keys that we lack", methodData(t, 23, patype.PA_ENC_TIMESTAMP, patype.PA_ETYPE_INFO2), EtypeUnsupported, "has rc4-hmac; the keytab has kvno 1 aes256", 1},
		{"a certificate alone", methodData(t, 0, patype.PA_PK_AS_REQ), PreauthUnsupported, "a certificate", 1},
		{"a one-time password alone", methodData(t, 0, patype.PA_OTP_CHALLENGE), PreauthUnsupported, "a one-time password", 1},
		{"FAST beside a timestamp, and the proof is in vain", methodData(t, 0, patype.PA_FX_FAST, patype.PA_ENC_TIMESTAMP), PreauthUnsupported, "code 25", 2},
		{"no list, and the proof is in vain", nil, PreauthUnsupported, "code 25", 2},
		{"a list that is garbage", []byte{1, 2, 3}, PreauthUnsupported, "code 25", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			w.answerError(tagASReq, 25, "", tt.data)
			_, err := Login(t.Context(), w.opts)
			checkFailure(t, err, tt.kind, tt.mention)
			if w.requests() != tt.asks {
				t.Errorf("%d requests", w.requests())
			}
		})
	}
}

func TestCookieComesBack(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	w.answerError(tagASReq, 25, "", methodData(t, 18, patype.PA_ENC_TIMESTAMP, patype.PA_FX_COOKIE))
	answer := w.rewrite
	var last messages.ASReq
	w.rewrite = func(request, reply []byte) []byte {
		must(t, func() error { return last.Unmarshal(request) })
		return answer(request, reply)
	}
	if _, err := Login(t.Context(), w.opts); err == nil {
		t.Fatal("logged in")
	}
	if !last.PAData.Contains(patype.PA_FX_COOKIE) || !last.PAData.Contains(patype.PA_ENC_TIMESTAMP) {
		t.Errorf("the proof has %d parts", len(last.PAData))
	}
}

func TestRepliesToOtherRequests(t *testing.T) {
	honest := func(request, reply []byte) []byte { return reply }
	recorded := map[byte][]byte{}
	w := newWorld(t, kdc.Options{})
	w.rewrite = func(_, reply []byte) []byte {
		recorded[reply[0]] = reply
		return reply
	}
	if _, err := w.login().Ticket(t.Context(), serviceSPN); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		tag     byte // of the request that is answered wrongly
		answer  func(request, reply []byte) []byte
		mention string
	}{
		{"an older login", tagASReq, func(_, reply []byte) []byte { return pick(reply, recorded[tagASRep]) }, "another nonce"},
		{"a service ticket for a login", tagASReq, func(_, reply []byte) []byte { return pick(reply, recorded[tagTGSRep]) }, "instead of a login"},
		{"a login for a service ticket", tagTGSReq, func([]byte, []byte) []byte { return recorded[tagASRep] }, "instead of a service ticket"},
		{"an older service ticket", tagTGSReq, func([]byte, []byte) []byte { return recorded[tagTGSRep] }, "does not decrypt"},
		{"half a login", tagASReq, func(_, reply []byte) []byte { return pick(reply, reply[:len(reply)/2]) }, "malformed AS-REP"},
		{"half a service ticket", tagTGSReq, func(_, reply []byte) []byte { return reply[:len(reply)/2] }, "malformed TGS-REP"},
		{"half an error", tagTGSReq, func([]byte, []byte) []byte { return krbError(t, 7)[:20] }, "malformed KRB-ERROR"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.rewrite = func(request, reply []byte) []byte {
				if request[0] == tt.tag {
					return tt.answer(request, reply)
				}
				return honest(request, reply)
			}
			c, err := Login(t.Context(), w.opts)
			if err == nil {
				_, err = c.Ticket(t.Context(), serviceSPN)
			}
			if err == nil || !strings.Contains(err.Error(), tt.mention) || fault.AreaOf(err) != fault.Security || fault.ClassOf(err) != fault.Authentication {
				t.Errorf("got %v; want %s", err, tt.mention)
			}
		})
	}
}

// pick leaves the question for pre-authentication as it is.
func pick(reply, instead []byte) []byte {
	if reply[0] == tagKRBError {
		return reply
	}
	return instead
}

func TestLateContextOfALogin(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	w.opts.Timeout = time.Nanosecond
	_, err := Login(t.Context(), w.opts)
	if !errors.Is(err, KDCUnreachable) || fault.ClassOf(err) != fault.KDC || !strings.Contains(err.Error(), "log in as report@EXAMPLE.COM: ") {
		t.Errorf("got %v", err)
	}
}

// What an expert looks for in an error is the name of its code.
func TestCodesHaveNames(t *testing.T) {
	for _, code := range []int32{0, 1, 3, 6, 7, 8, 12, 13, 14, 18, 23, 24, 25, 27, 29, 31, 32, 33, 34, 35, 36, 37, 41, 44, 45, 52, 60, 68} {
		if text := codeText(code); !strings.HasPrefix(text, "K") || !strings.HasSuffix(text, fmt.Sprintf(", code %d", code)) {
			t.Errorf("code %d is %q", code, text)
		}
	}
	if text := codeText(12345); text != "code 12345" {
		t.Errorf("an unknown code is %q", text)
	}
}

func TestKindsHaveNames(t *testing.T) {
	seen := map[string]Kind{}
	for k := Internal; k <= PeerRefused; k++ {
		name := k.Error()
		if other, twice := seen[name]; twice || name == "" {
			t.Errorf("kinds %d and %d are both %q", other, k, name)
		}
		seen[name] = k
	}
	if len(kindNames) != len(seen) || Kind(-1).Error() != "internal" || Kind(1000).Error() != "internal" {
		t.Error("the table of names has another length")
	}
	cause := errors.New("cause")
	err := fail(Layer, cause, "", "text %d", 1)
	if err.Error() != "text 1 [cause]" || !errors.Is(err, cause) || !errors.Is(err, Layer) || errors.Is(err, Token) {
		t.Errorf("got %v", err)
	}
}
