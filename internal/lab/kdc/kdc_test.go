package kdc

import (
	"encoding/asn1"
	"testing"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

func today() time.Time { return time.Date(2021, 6, 1, 12, 0, 0, 0, time.UTC) }

// user is a client that makes its messages with the messages' library alone.
type user struct {
	t    testing.TB
	kdc  *KDC
	key  krb5.Key
	body messages.KDCReqBody

	tgt     messages.Ticket
	session krb5.Key
	part    messages.EncKDCRepPart
}

func newUser(t testing.TB, o Options) *user {
	t.Helper()
	if o.Now == nil {
		o.Now = today
	}
	k, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Add("report", "impala/host"); err != nil {
		t.Fatal(err)
	}
	keys, err := k.Keys("report")
	if err != nil {
		t.Fatal(err)
	}
	u := &user{t: t, kdc: k, key: keys[0].Key}
	u.body = messages.KDCReqBody{
		KDCOptions: types.NewKrbFlags(), Realm: "EXAMPLE.COM", CName: types.NewPrincipalName(1, "report"),
		SName: types.NewPrincipalName(2, "krbtgt/EXAMPLE.COM"), Till: today().Add(5 * time.Hour), Nonce: 77, EType: []int32{u.key.Enctype},
	}
	return u
}

func (u *user) must(err error) {
	u.t.Helper()
	if err != nil {
		u.t.Fatal(err)
	}
}

// proof is an encrypted timestamp.
func (u *user) proof(at time.Time) types.PADataSequence {
	u.t.Helper()
	stamp, err := asn1.Marshal(types.PAEncTSEnc{PATimestamp: at})
	u.must(err)
	sealed, err := u.key.Encrypt(stamp, keyusage.AS_REQ_PA_ENC_TIMESTAMP, 1)
	u.must(err)
	value, err := sealed.Marshal()
	u.must(err)
	return types.PADataSequence{{PADataType: patype.PA_ENC_TIMESTAMP, PADataValue: value}}
}

// login sends an AS-REQ and takes the ticket out of the reply, or returns the error.
func (u *user) login(proof types.PADataSequence) *messages.KRBError {
	u.t.Helper()
	req := messages.ASReq{KDCReqFields: messages.KDCReqFields{PVNO: 5, MsgType: 10, PAData: proof, ReqBody: u.body}}
	b, err := req.Marshal()
	u.must(err)
	reply := u.kdc.Handle(b)
	if e := u.krbError(reply); e != nil {
		return e
	}
	var rep messages.ASRep
	u.must(rep.Unmarshal(reply))
	u.take(rep.KDCRepFields, u.key, keyusage.AS_REP_ENCPART)
	return nil
}

func (u *user) krbError(reply []byte) *messages.KRBError {
	if len(reply) > 0 && reply[0] != 0x7e {
		return nil
	}
	e := new(messages.KRBError)
	u.must(e.Unmarshal(reply))
	return e
}

func (u *user) take(rep messages.KDCRepFields, key krb5.Key, usage uint32) {
	u.t.Helper()
	plain, err := key.Decrypt(rep.EncPart, usage)
	u.must(err)
	u.part = messages.EncKDCRepPart{}
	u.must(u.part.Unmarshal(plain))
	u.session, err = krb5.FromWireKey(u.part.Key)
	u.must(err)
	u.tgt = rep.Ticket
}

// ticketRequest makes a TGS-REQ; change may spoil the authenticator.
func (u *user) ticketRequest(change func(*types.Authenticator)) []byte {
	u.t.Helper()
	body, err := u.body.Marshal()
	u.must(err)
	a := types.Authenticator{AVNO: 5, CRealm: "EXAMPLE.COM", CName: types.NewPrincipalName(1, "report"), CTime: today()}
	a.Cksum, err = u.session.Checksum(body, keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR_CHKSUM)
	u.must(err)
	change(&a)
	plain, err := a.Marshal()
	u.must(err)
	sealed, err := u.session.Encrypt(plain, keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR, 0)
	u.must(err)
	ap := messages.APReq{PVNO: 5, MsgType: 14, APOptions: types.NewKrbFlags(), Ticket: u.tgt, EncryptedAuthenticator: sealed}
	value, err := ap.Marshal()
	u.must(err)
	req := messages.TGSReq{KDCReqFields: messages.KDCReqFields{PVNO: 5, MsgType: 12, ReqBody: u.body,
		PAData: types.PADataSequence{{PADataType: patype.PA_TGS_REQ, PADataValue: value}}}}
	b, err := req.Marshal()
	u.must(err)
	return b
}

func TestLoginRefusals(t *testing.T) {
	tests := []struct {
		name   string
		change func(*user) types.PADataSequence
		code   int32
	}{
		{"an unknown client", func(u *user) types.PADataSequence { u.body.CName.NameString = []string{"nobody"}; return nil }, errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN},
		{"no client", func(u *user) types.PADataSequence { u.body.CName.NameString = nil; return nil }, errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN},
		{"an unknown service", func(u *user) types.PADataSequence { u.body.SName.NameString = []string{"x"}; return nil }, errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN},
		{"another realm", func(u *user) types.PADataSequence { u.body.Realm = "OTHER"; return nil }, errWrongRealm},
		{"no proof", func(u *user) types.PADataSequence { return nil }, errorcode.KDC_ERR_PREAUTH_REQUIRED},
		{"a proof with another key", func(u *user) types.PADataSequence { u.key.Value[0] ^= 1; return u.proof(today()) }, errorcode.KDC_ERR_PREAUTH_FAILED},
		{"a proof that is garbage", func(u *user) types.PADataSequence {
			return types.PADataSequence{{PADataType: patype.PA_ENC_TIMESTAMP, PADataValue: []byte{1, 2}}}
		}, errorcode.KDC_ERR_PREAUTH_FAILED},
		{"a clock that is off", func(u *user) types.PADataSequence { return u.proof(today().Add(6 * time.Minute)) }, errorcode.KRB_AP_ERR_SKEW},
		{"types that nobody has", func(u *user) types.PADataSequence { u.body.EType = []int32{23}; return nil }, errorcode.KDC_ERR_ETYPE_NOSUPP},
		{"no types", func(u *user) types.PADataSequence { u.body.EType = nil; return nil }, errorcode.KDC_ERR_ETYPE_NOSUPP},
		{"a ticket that has ended", func(u *user) types.PADataSequence {
			u.body.Till = today().Add(-time.Second)
			return u.proof(today())
		}, errorcode.KDC_ERR_NEVER_VALID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t, Options{})
			e := u.login(tt.change(u))
			if e == nil || e.ErrorCode != tt.code || !e.STime.Equal(today()) {
				t.Errorf("got %+v, want code %d", e, tt.code)
			}
			if c, bad := u.kdc.Counts(), tt.code == errorcode.KDC_ERR_PREAUTH_FAILED; c.Logins != 0 || (c.BadKeys == 1) != bad {
				t.Errorf("counted %+v", c)
			}
		})
	}
}

func TestPreauthenticationSaysWhichKeys(t *testing.T) {
	u := newUser(t, Options{})
	u.body.EType = []int32{20, 17, 18}
	e := u.login(nil)
	var list types.PADataSequence
	u.must(list.Unmarshal(e.EData))
	var got []int32
	for _, pa := range list {
		if pa.PADataType == patype.PA_ETYPE_INFO2 {
			infos, err := pa.GetETypeInfo2()
			u.must(err)
			for _, i := range infos {
				got = append(got, i.EType)
			}
		}
	}
	if len(got) != 2 || got[0] != 17 || got[1] != 18 || !list.Contains(patype.PA_ENC_TIMESTAMP) {
		t.Errorf("got types %v in %d methods", got, len(list))
	}
}

func TestTimesOfTickets(t *testing.T) {
	tests := []struct {
		name              string
		till, renew       time.Duration // 0 till asks for the most
		renewable         bool
		wantEnd, wantNext time.Duration
	}{
		{"what is asked for", 5 * time.Hour, 0, false, 5 * time.Hour, 0},
		{"not more than the limit", 50 * time.Hour, 0, false, 10 * time.Hour, 0},
		{"the most", 0, 0, false, 10 * time.Hour, 0},
		{"renewable", 5 * time.Hour, 24 * time.Hour, true, 5 * time.Hour, 24 * time.Hour},
		{"renewable up to the limit", 5 * time.Hour, 1000 * time.Hour, true, 5 * time.Hour, 7 * 24 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t, Options{})
			u.body.Till = time.Unix(0, 0).UTC()
			if tt.till > 0 {
				u.body.Till = today().Add(tt.till)
			}
			if tt.renewable {
				types.SetFlag(&u.body.KDCOptions, flags.Renewable)
				u.body.RTime = today().Add(tt.renew)
			}
			if e := u.login(u.proof(today())); e != nil {
				t.Fatal(e)
			}
			if u.part.Nonce != 77 || u.part.EndTime.Sub(today()) != tt.wantEnd || tt.renewable != types.IsFlagSet(&u.part.Flags, flags.Renewable) {
				t.Errorf("nonce %d, ends after %v", u.part.Nonce, u.part.EndTime.Sub(today()))
			}
			if tt.renewable && u.part.RenewTill.Sub(today()) != tt.wantNext {
				t.Errorf("renewable for %v", u.part.RenewTill.Sub(today()))
			}
		})
	}
}

func TestTicketRequests(t *testing.T) {
	none := func(*types.Authenticator) {}
	tests := []struct {
		name   string
		before func(*user)
		change func(*types.Authenticator)
		code   int32 // 0: a ticket
	}{
		{"a service", func(*user) {}, none, 0},
		{"an unknown service", func(u *user) { u.body.SName.NameString = []string{"impala", "x"} }, none, errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN},
		{"another realm", func(u *user) { u.body.Realm = "OTHER" }, none, errWrongRealm},
		{"no common type", func(u *user) { u.body.EType = []int32{20} }, none, errorcode.KDC_ERR_ETYPE_NOSUPP},
		{"a renewal of what is not renewable", func(u *user) { types.SetFlag(&u.body.KDCOptions, flags.Renew) }, none, errorcode.KDC_ERR_BADOPTION},
		{"another key", func(u *user) { u.session.Value[0] ^= 1 }, none, errorcode.KRB_AP_ERR_BAD_INTEGRITY},
		{"a damaged ticket", func(u *user) { u.tgt.EncPart.Cipher[20] ^= 1 }, none, errorcode.KRB_AP_ERR_BAD_INTEGRITY},
		{"a service ticket as a ticket-granting one", func(u *user) { u.tgt.SName.NameString = []string{"impala", "host"} }, none, errorcode.KRB_AP_ERR_NOT_US},
		{"a ticket that has ended", func(u *user) { u.kdc.opts.Offset = 6 * time.Hour }, none, errorcode.KRB_AP_ERR_TKT_EXPIRED},
		{"a ticket of the future", func(u *user) { u.kdc.opts.Offset = -time.Hour }, none, errorcode.KRB_AP_ERR_TKT_NYV},
		{"a clock that is off", func(*user) {}, func(a *types.Authenticator) { a.CTime = today().Add(-6 * time.Minute) }, errorcode.KRB_AP_ERR_SKEW},
		{"another client", func(*user) {}, func(a *types.Authenticator) { a.CName.NameString = []string{"root"} }, errorcode.KRB_AP_ERR_BADMATCH},
		{"no checksum", func(*user) {}, func(a *types.Authenticator) { a.Cksum = types.Checksum{} }, errorcode.KRB_AP_ERR_INAPP_CKSUM},
		{"a checksum of another body", func(*user) {}, func(a *types.Authenticator) { a.Cksum.Checksum[0] ^= 1 }, errorcode.KRB_AP_ERR_MODIFIED},
		{"a subkey that is none", func(*user) {}, func(a *types.Authenticator) {
			a.SubKey = types.EncryptionKey{KeyType: 18, KeyValue: []byte{1}}
		}, errorcode.KDC_ERR_ETYPE_NOSUPP},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t, Options{})
			if e := u.login(u.proof(today())); e != nil {
				t.Fatal(e)
			}
			u.body.SName = types.NewPrincipalName(3, "impala/host")
			u.body.CName = types.PrincipalName{}
			tt.before(u)
			reply := u.kdc.Handle(u.ticketRequest(tt.change))
			e := u.krbError(reply)
			if tt.code != 0 {
				if e == nil || e.ErrorCode != tt.code {
					t.Errorf("got %+v, want code %d", e, tt.code)
				}
				return
			}
			if e != nil {
				t.Fatal(e)
			}
			var rep messages.TGSRep
			u.must(rep.Unmarshal(reply))
			u.take(rep.KDCRepFields, u.session, keyusage.TGS_REP_ENCPART_SESSION_KEY)
			keys, err := u.kdc.Keys("impala/host")
			u.must(err)
			u.must(u.tgt.Decrypt(keys[0].Key.Wire()))
			if inside := u.tgt.DecryptedEncPart; inside.CName.PrincipalNameString() != "report" || inside.EndTime.Sub(today()) != 5*time.Hour {
				t.Errorf("the ticket is for %v until %v", inside.CName, inside.EndTime)
			}
		})
	}
}

func TestReplyToASubkey(t *testing.T) {
	u := newUser(t, Options{})
	if e := u.login(u.proof(today())); e != nil {
		t.Fatal(e)
	}
	sub := krb5.Key{Enctype: 17, Value: make([]byte, 16)}
	reply := u.kdc.Handle(u.ticketRequest(func(a *types.Authenticator) { a.SubKey = sub.Wire() }))
	var rep messages.TGSRep
	u.must(rep.Unmarshal(reply))
	u.take(rep.KDCRepFields, sub, keyusage.TGS_REP_ENCPART_AUTHENTICATOR_SUB_KEY)
}

func TestRenewal(t *testing.T) {
	u := newUser(t, Options{})
	types.SetFlag(&u.body.KDCOptions, flags.Renewable)
	u.body.RTime = today().Add(24 * time.Hour)
	if e := u.login(u.proof(today())); e != nil {
		t.Fatal(e)
	}
	u.kdc.opts.Offset = time.Hour
	types.SetFlag(&u.body.KDCOptions, flags.Renew)
	reply := u.kdc.Handle(u.ticketRequest(func(a *types.Authenticator) { a.CTime = today().Add(time.Hour) }))
	var rep messages.TGSRep
	u.must(rep.Unmarshal(reply))
	u.take(rep.KDCRepFields, u.session, keyusage.TGS_REP_ENCPART_SESSION_KEY)
	if end := u.part.EndTime.Sub(today()); end != 6*time.Hour || u.part.RenewTill.Sub(today()) != 24*time.Hour {
		t.Errorf("ends after %v", end)
	}
}

func TestNamesAndKeys(t *testing.T) {
	u := newUser(t, Options{})
	for _, name := range []string{"a@OTHER", "", "a@"} {
		if err := u.kdc.Add(name); err == nil {
			t.Errorf("%q was added", name)
		}
	}
	if _, err := u.kdc.Keys("nobody"); err == nil {
		t.Error("nobody has keys")
	}
	u.must(u.kdc.Add("report"))
	if keys, err := u.kdc.Keys("report"); err != nil || len(keys) != 2 || keys[0].KVNO != 2 {
		t.Errorf("got %v, %v", keys, err)
	}
	for _, types := range [][]int32{{16}, {}} {
		k, err := New(Options{Enctypes: types})
		u.must(err)
		if k.Add("report") == nil {
			t.Errorf("a principal with keys of the types %v", types)
		}
	}
}

func FuzzHandle(f *testing.F) {
	u := newUser(f, Options{})
	req := messages.ASReq{KDCReqFields: messages.KDCReqFields{PVNO: 5, MsgType: 10, PAData: u.proof(today()), ReqBody: u.body}}
	b, err := req.Marshal()
	u.must(err)
	if e := u.login(u.proof(today())); e != nil {
		f.Fatal(e)
	}
	f.Add(b)
	f.Add(u.ticketRequest(func(*types.Authenticator) {}))
	f.Add([]byte{tagASReq})
	f.Fuzz(func(t *testing.T, request []byte) {
		if len(u.kdc.Handle(request)) == 0 {
			t.Error("no answer")
		}
	})
}
