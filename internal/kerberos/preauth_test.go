package kerberos

import (
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"testing"

	"qosreport/internal/fault"
	"qosreport/internal/lab/kdc"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// answerLikeMIT lets the KDC answer as MIT's does who has none of the types that were asked
// for: a proof is wanted, FAST is there, and of keys nothing is said.
func (w *world) answerLikeMIT() {
	silent := methodData(w.t, 0, patype.PA_FX_FAST, patype.PA_FX_COOKIE)
	w.rewrite = func(_, reply []byte) []byte {
		if errorCode(reply) != errorcode.KDC_ERR_ETYPE_NOSUPP {
			return reply
		}
		e, err := parseKRBError(reply)
		must(w.t, func() error { return err })
		e.ErrorCode, e.EData = errorcode.KDC_ERR_PREAUTH_REQUIRED, silent
		b, err := e.Marshal()
		must(w.t, func() error { return err })
		return b
	}
}

// The account is said to lack the keytab's types, and which it has; not that the KDC wants
// what nobody can give it.
func TestKeytabsWithoutTheTypesOfTheAccount(t *testing.T) {
	tests := []struct {
		name    string
		account []int32
		keytab  []int32
		conf    string
		mention string
	}{
		{"SHA-2 for AES", nil, enctypes(20),
			"", "(the account has aes256-cts-hmac-sha1-96, aes128-cts-hmac-sha1-96; the keytab has kvno 1 aes256-cts-hmac-sha384-192)"},
		{"RC4 for AES", enctypes(18), enctypes(23), "", "(the account has aes256-cts-hmac-sha1-96; the keytab has kvno 1 rc4-hmac)"},
		{"AES-128 for AES-256", enctypes(18), enctypes(17), "", "(the account has aes256-cts-hmac-sha1-96; the keytab has kvno 1 aes128-cts-hmac-sha1-96)"},
		{"AES for RC4, which krb5.conf forbids", enctypes(23), enctypes(18, 17),
			"allow_rc4 = false", "(the account has rc4-hmac; the keytab has kvno 1 aes256-cts-hmac-sha1-96, kvno 1 aes128-cts-hmac-sha1-96)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{Enctypes: tt.account})
			w.permit(tt.conf)
			must(t, func() error { return mixKeytab(w, clientName, tt.keytab...) })
			w.answerLikeMIT()
			_, err := Login(t.Context(), w.opts)
			checkFailure(t, err, EtypeUnsupported, "no encryption type in common: the account report@EXAMPLE.COM has no key of the keytab's types "+tt.mention)
			if n := len(w.dials); n != 2 || w.Counts().BadKeys != 0 {
				t.Errorf("%d requests, %d refused keys", n, w.Counts().BadKeys)
			}
		})
	}
}

// A KDC that wants FAST is asked a second time only if it says nothing of keys.
func TestKDCsThatWantFAST(t *testing.T) {
	garbage := methodData(t, 0, patype.PA_ETYPE_INFO2)
	garbage[len(garbage)-1] ^= 0xff
	tests := []struct {
		name          string
		first, second []byte // pre-authentication data; nil: what the KDC says itself
		kind          Kind
		asks          int
	}{
		{"and knows keys of the keytab's types", methodData(t, 18, patype.PA_FX_FAST, patype.PA_ETYPE_INFO2), nil, PreauthUnsupported, 1},
		{"and says nothing of any key", methodData(t, 0, patype.PA_FX_FAST), methodData(t, 0, patype.PA_FX_FAST), PreauthUnsupported, 2},
		{"and then names a type that it was asked for before", methodData(t, 0, patype.PA_FX_FAST), nil, PreauthUnsupported, 2},
		{"and then names a type that is ours alone", methodData(t, 0, patype.PA_FX_FAST), methodData(t, 23, patype.PA_FX_FAST, patype.PA_ETYPE_INFO2), EtypeUnsupported, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			said := [][]byte{tt.first, tt.second}
			w.rewrite = func(_, reply []byte) []byte {
				e, err := parseKRBError(reply)
				must(t, func() error { return err })
				if len(said) > 0 && said[0] != nil {
					e.EData = said[0]
				}
				said = said[min(1, len(said)):]
				b, err := e.Marshal()
				must(t, func() error { return err })
				return b
			}
			_, err := Login(t.Context(), w.opts)
			checkFailure(t, err, tt.kind, "code 25")
			if n := w.requests(); n != tt.asks {
				t.Errorf("%d requests, want %d", n, tt.asks)
			}
		})
	}
	w := newWorld(t, kdc.Options{})
	w.answerError(tagASReq, 25, "", garbage)
	if _, err := Login(t.Context(), w.opts); err == nil || errors.Is(err, PreauthUnsupported) {
		t.Errorf("damaged types: got %v", err)
	}
}

// An account whose keys are all of types that nobody here has needs other keys, and not
// another keytab. It is not one that wants FAST, which is all that the first answer says.
func TestAccountsWithForeignKeysAlone(t *testing.T) {
	tests := []struct {
		name, shown string
		enctype     int32
		told        bool // in the first answer
	}{
		{"Camellia", "camellia256-cts-cmac", 26, false},
		{"the smaller Camellia", "camellia128-cts-cmac", 25, false},
		{"triple DES", "des3-cbc-sha1", 16, false},
		{"triple DES, and the KDC says so unasked", "des3-cbc-sha1", 16, true},
		{"DES, which is never asked for", "enctype 3", 3, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, kdc.Options{})
			said := methodData(t, tt.enctype, patype.PA_ENC_TIMESTAMP, patype.PA_ETYPE_INFO2, patype.PA_FX_FAST)
			w.rewrite = func(request, reply []byte) []byte {
				var r messages.ASReq
				must(t, func() error { return r.Unmarshal(request) })
				e, err := parseKRBError(reply)
				must(t, func() error { return err })
				if e.EData = methodData(t, 0, patype.PA_FX_FAST); tt.told || slices.Contains(r.ReqBody.EType, tt.enctype) {
					e.EData = said
				}
				b, err := e.Marshal()
				must(t, func() error { return err })
				return b
			}
			_, err := Login(t.Context(), w.opts)
			checkFailure(t, err, EtypeUnsupported, "no encryption type in common: the account report@EXAMPLE.COM has only keys of types that this program does not have (the account has "+tt.shown+"; the keytab has kvno 1 aes256")
			if !strings.Contains(fault.Remedy(err), "give the account AES keys") || w.Counts().BadKeys != 0 {
				t.Errorf("remedy %q, %d refused keys", fault.Remedy(err), w.Counts().BadKeys)
			}
		})
	}
}

// A KDC that answers the question for all types with a login has not been asked for one.
func TestALoginOfAForeignTypeIsNotTaken(t *testing.T) {
	w := newWorld(t, kdc.Options{NoPreauth: true})
	first := true
	w.rewrite = func(_, reply []byte) []byte {
		if !first {
			return reply
		}
		first = false
		e, err := parseKRBError(krbError(t, 25))
		must(t, func() error { return err })
		e.EData = methodData(t, 0, patype.PA_FX_FAST)
		b, err := e.Marshal()
		must(t, func() error { return err })
		return b
	}
	_, err := Login(t.Context(), w.opts)
	checkFailure(t, err, PreauthUnsupported, "code 25")
}

// What a KDC says of types is told, but not at any length.
func TestAKDCThatNamesTooManyTypes(t *testing.T) {
	info, err := asn1.Marshal(slices.Repeat(types.ETypeInfo2{{EType: 23}}, 10_000))
	must(t, func() error { return err })
	data, err := asn1.Marshal(types.PADataSequence{{PADataType: patype.PA_ENC_TIMESTAMP}, {PADataType: patype.PA_ETYPE_INFO2, PADataValue: info}})
	must(t, func() error { return err })
	w := newWorld(t, kdc.Options{})
	w.answerError(tagASReq, 25, "", data)
	_, err = Login(t.Context(), w.opts)
	checkFailure(t, err, EtypeUnsupported, "the account has rc4-hmac, rc4-hmac")
	if n := len(err.Error()); n > 1000 {
		t.Errorf("an error of %d bytes", n)
	}
}

// The question for all types carries no proof.
func TestTheSecondQuestionIsNoAttempt(t *testing.T) {
	w := newWorld(t, kdc.Options{})
	silent := methodData(t, 0, patype.PA_FX_FAST)
	w.answerError(tagASReq, 25, "", silent)
	answer := w.rewrite
	var asked []messages.ASReq
	w.rewrite = func(request, reply []byte) []byte {
		var r messages.ASReq
		must(t, func() error { return r.Unmarshal(request) })
		asked = append(asked, r)
		return answer(request, reply)
	}
	if _, err := Login(t.Context(), w.opts); !errors.Is(err, PreauthUnsupported) {
		t.Fatalf("got %v", err)
	}
	if len(asked) != 2 || len(asked[1].PAData) != 0 || !slices.Equal(asked[1].ReqBody.EType, enctypes(18, 17, 20, 19, 23, 26, 25, 16)) {
		t.Errorf("%d questions, the last with %d proofs for %v", len(asked), len(asked[1].PAData), asked[1].ReqBody.EType)
	}
}
