package kerberos

import (
	"strings"
	"testing"

	"qosreport/internal/fault"
	"qosreport/internal/lab/kdc"

	"github.com/jcmturner/gokrb5/v8/iana/patype"
)

func TestAskPasswordInfo(t *testing.T) {
	tests := []struct {
		name   string
		kdc    kdc.Options
		change func(*testing.T, *world)
		ask    []int32
		want   []int32
		kind   Kind // 0: it works
	}{
		{"types that the account has", kdc.Options{}, nil, enctypes(18, 17, 20), enctypes(18, 17), 0},
		{"a KDC that wants no proof", kdc.Options{NoPreauth: true}, nil, enctypes(17), enctypes(17), 0},
		{"new types alone, at a KDC with old keys of its own", kdc.Options{Enctypes: enctypes(20, 19)}, nil, enctypes(18, 20, 19), enctypes(20, 19), 0},
		{"RC4 alone", kdc.Options{Enctypes: enctypes(23)}, nil, enctypes(18, 23), enctypes(23), 0},
		{"a KDC that says nothing of types, as MIT's does of one that it lacks", kdc.Options{}, func(t *testing.T, w *world) {
			w.answerError(tagASReq, 25, "", methodData(t, 0, patype.PA_FX_FAST))
		}, enctypes(18), nil, 0},
		{"a KDC that wants a proof and tells nothing of salts", kdc.Options{}, func(t *testing.T, w *world) {
			w.answerError(tagASReq, 25, "", methodData(t, 0, patype.PA_ENC_TIMESTAMP))
		}, enctypes(18), enctypes(18), 0},
		{"a principal that the KDC does not know", kdc.Options{}, func(_ *testing.T, w *world) { w.opts.Principal = "nobody" }, enctypes(18), nil, ClientUnknown},
		{"a principal that cannot be read", kdc.Options{}, func(_ *testing.T, w *world) { w.opts.Principal = "a@" }, enctypes(18), nil, NoRealm},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.kdc)
			if tt.change != nil {
				tt.change(t, w)
			}
			w.opts.Keytab = ""
			p, infos, err := AskPasswordInfo(t.Context(), w.opts, tt.ask)
			if tt.kind != 0 {
				checkFailure(t, err, tt.kind, "")
				return
			}
			if err != nil || p.String() != clientName || len(infos) != len(tt.want) {
				t.Fatalf("%s: %+v, %v", p, infos, err)
			}
			for i, info := range infos {
				if info.Enctype != tt.want[i] || info.Salt != "EXAMPLE.COMreport" {
					t.Errorf("got %+v", info)
				}
			}
			if n := w.Counts().BadKeys; n != 0 {
				t.Errorf("%d refusals", n)
			}
		})
	}
}

func TestEnctypesNamed(t *testing.T) {
	for word, want := range map[string]int{"AES256-CTS": 1, "aes": 4, "aes128": 2, "rc4": 1, "arcfour-hmac": 1, "des-cbc-crc": 0, "camellia": 0, "x": 0} {
		ids, err := EnctypesNamed(word)
		if len(ids) != want || (err == nil) != (want > 0) {
			t.Errorf("%s: %v, %v", word, ids, err)
		}
		if err != nil && (fault.AreaOf(err) != fault.Usage || !strings.Contains(fault.Remedy(err), "rc4-hmac")) {
			t.Errorf("%s: area %v, remedy %q", word, fault.AreaOf(err), fault.Remedy(err))
		}
	}
}

func TestPrincipalOfNeedsNoConfiguration(t *testing.T) {
	p, err := PrincipalOf(t.Context(), Options{Principal: "a/b@R", KRB5Conf: "/nowhere"})
	if err != nil || p.String() != "a/b@R" {
		t.Errorf("%s, %v", p, err)
	}
	_, err = PrincipalOf(t.Context(), Options{Principal: "a", KRB5Conf: "/nowhere"})
	checkFailure(t, err, ConfigMissing, "/nowhere")
}
