package kdc

import (
	"testing"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

func TestTypesOfSessionKeys(t *testing.T) {
	tests := []struct {
		name    string
		o       Options
		login   []int32 // that the client asks for
		ask     []int32
		tgt     int32 // 0: none
		service int32
	}{
		{"the service's keys decide", Options{}, []int32{18, 23}, []int32{20, 17, 18}, 18, 17},
		{"RC4 is not given out by itself", Options{}, []int32{18, 23}, []int32{23}, 18, 0},
		{"RC4 after what is better", Options{Enctypes: []int32{18, 23}}, []int32{18, 23}, []int32{18, 23}, 18, 18},
		{"RC4 for who asks for nothing else", Options{Enctypes: []int32{18, 23}}, []int32{23}, []int32{23}, 23, 23},
		{"RC4 that is pinned for services", Options{Sessions: []int32{23}}, []int32{18}, []int32{18, 23}, 18, 23},
		{"AES that is pinned for services of RC4", Options{Enctypes: []int32{23}, Sessions: []int32{18}}, []int32{23, 18}, []int32{23, 18}, 18, 18},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t, tt.o)
			for _, k := range u.keys() {
				if k.Enctype == tt.login[0] {
					u.key = k
				}
			}
			u.body.EType = tt.login
			if e := u.login(u.proof(today())); e != nil {
				t.Fatal(e)
			}
			if u.session.Enctype != tt.tgt {
				t.Errorf("the login has a key of type %d", u.session.Enctype)
			}
			u.body.SName, u.body.EType = types.NewPrincipalName(3, "impala/host"), tt.ask
			reply := u.kdc.Handle(u.ticketRequest(func(*types.Authenticator) {}))
			if e := u.krbError(reply); e != nil {
				if tt.service != 0 || e.ErrorCode != errorcode.KDC_ERR_ETYPE_NOSUPP {
					t.Errorf("got %+v", e)
				}
				return
			}
			var rep messages.TGSRep
			u.must(rep.Unmarshal(reply))
			u.take(rep.KDCRepFields, u.session, keyusage.TGS_REP_ENCPART_SESSION_KEY)
			if u.session.Enctype != tt.service {
				t.Errorf("the service has a key of type %d", u.session.Enctype)
			}
		})
	}
}

// keys are all of the client's.
func (u *user) keys() []krb5.Key {
	u.t.Helper()
	entries, err := u.kdc.Keys("report")
	u.must(err)
	var keys []krb5.Key
	for _, e := range entries {
		keys = append(keys, e.Key)
	}
	return keys
}
