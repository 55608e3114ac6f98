package acceptor

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// party has a ticket for a service, made without a KDC.
type party struct {
	ticket  messages.Ticket
	session krb5.Key
	auth    types.Authenticator
}

var (
	spn   = krb5.Principal{Components: []string{"impala", "host"}, Realm: "R"}
	start = time.Date(2021, 6, 1, 12, 0, 0, 0, time.UTC)
)

// newParty makes a ticket with a password of the service that both sides know.
func newParty(t testing.TB, service krb5.Principal) (*party, []krb5.KeytabEntry) {
	t.Helper()
	return newPartyOf(t, service, 18)
}

// newPartyOf is newParty with keys of another type.
func newPartyOf(t testing.TB, service krb5.Principal, enctype int32) (*party, []krb5.KeytabEntry) {
	t.Helper()
	kt := keytab.New()
	if err := kt.AddEntry(service.Name(), service.Realm, "password", start, 1, enctype); err != nil {
		t.Fatal(err)
	}
	client := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, "report")
	ticket, key, err := messages.NewTicket(client, "R", service.Wire(), service.Realm, types.NewKrbFlags(), kt, enctype, 1, start, start, start.Add(time.Hour), start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	session, err := krb5.FromWireKey(key)
	if err != nil {
		t.Fatal(err)
	}
	sum := make([]byte, 24)
	binary.LittleEndian.PutUint32(sum, 16)
	binary.LittleEndian.PutUint32(sum[20:], 0x3e)
	p := &party{ticket: ticket, session: session, auth: types.Authenticator{
		AVNO: 5, CRealm: "R", CName: client, CTime: start, Cusec: 1, SeqNumber: 100,
		Cksum: types.Checksum{CksumType: gssChecksum, Checksum: sum},
	}}
	secret := krb5.Key{Enctype: enctype, Value: kt.Entries[0].Key.KeyValue}
	return p, []krb5.KeytabEntry{{Principal: service, KVNO: 1, Key: secret}}
}

func (p *party) wishes(flags uint32) {
	binary.LittleEndian.PutUint32(p.auth.Cksum.Checksum[20:], flags)
}

// token is the party's AP-REQ.
func (p *party) token(t testing.TB) []byte {
	t.Helper()
	plain, err := p.auth.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := p.session.Encrypt(plain, keyusage.AP_REQ_AUTHENTICATOR, 0)
	if err != nil {
		t.Fatal(err)
	}
	req := messages.APReq{PVNO: 5, MsgType: 14, APOptions: types.NewKrbFlags(), Ticket: p.ticket, EncryptedAuthenticator: sealed}
	types.SetFlag(&req.APOptions, flags.APOptionMutualRequired)
	b, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return krb5.FrameToken(krb5.TokenAPReq, b)
}

func newAcceptor(t testing.TB, keys []krb5.KeytabEntry, now time.Time, q Quirks) *Acceptor {
	t.Helper()
	a, err := New(Options{Keys: keys, Now: func() time.Time { return now }, Quirks: q})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestFirstTokenIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(*party, []krb5.KeytabEntry)
		at     time.Duration
		code   int32
	}{
		{"for another service's ticket", func(_ *party, k []krb5.KeytabEntry) {
			k[0].Principal = krb5.Principal{Components: []string{"impala", "other"}, Realm: "R"}
		}, 0, errorcode.KRB_AP_ERR_NOT_US},
		{"for a ticket of another realm", func(_ *party, k []krb5.KeytabEntry) {
			k[0].Principal = krb5.Principal{Components: spn.Components, Realm: "S"}
		}, 0, errorcode.KRB_AP_ERR_NOT_US},
		{"for a ticket that is relabelled", func(p *party, k []krb5.KeytabEntry) {
			k[0].Key = krb5.Key{Enctype: 18, Value: make([]byte, 32)}
		}, 0, errorcode.KRB_AP_ERR_BAD_INTEGRITY},
		{"for a key version that is not there", func(_ *party, k []krb5.KeytabEntry) { k[0].KVNO = 2 }, 0, errorcode.KRB_AP_ERR_BADKEYVER},
		{"for another client's name", func(p *party, _ []krb5.KeytabEntry) { p.auth.CName.NameString = []string{"root"} }, 0, errorcode.KRB_AP_ERR_BADMATCH},
		{"for another client's realm", func(p *party, _ []krb5.KeytabEntry) { p.auth.CRealm = "S" }, 0, errorcode.KRB_AP_ERR_BADMATCH},
		{"for another session key", func(p *party, _ []krb5.KeytabEntry) { p.session.Value[0] ^= 1 }, 0, errorcode.KRB_AP_ERR_BAD_INTEGRITY},
		{"for an old authenticator", func(p *party, _ []krb5.KeytabEntry) {}, 6 * time.Minute, errorcode.KRB_AP_ERR_SKEW},
		{"for an authenticator of the future", func(p *party, _ []krb5.KeytabEntry) { p.auth.CTime = start.Add(6 * time.Minute) }, 0, errorcode.KRB_AP_ERR_SKEW},
		{"for a ticket that has ended", func(p *party, _ []krb5.KeytabEntry) {}, 66 * time.Minute, errorcode.KRB_AP_ERR_TKT_EXPIRED},
		{"for a ticket of the future", func(p *party, _ []krb5.KeytabEntry) {}, -6 * time.Minute, errorcode.KRB_AP_ERR_TKT_NYV},
		{"for want of a checksum", func(p *party, _ []krb5.KeytabEntry) { p.auth.Cksum = types.Checksum{} }, 0, errorcode.KRB_AP_ERR_INAPP_CKSUM},
		{"for a short checksum", func(p *party, _ []krb5.KeytabEntry) { p.auth.Cksum.Checksum = p.auth.Cksum.Checksum[:20] }, 0, errorcode.KRB_AP_ERR_INAPP_CKSUM},
		{"for channel bindings of another length", func(p *party, _ []krb5.KeytabEntry) { p.auth.Cksum.Checksum[0] = 20 }, 0, errorcode.KRB_AP_ERR_INAPP_CKSUM},
		{"for another checksum", func(p *party, _ []krb5.KeytabEntry) { p.auth.Cksum.CksumType = 16 }, 0, errorcode.KRB_AP_ERR_INAPP_CKSUM},
		{"for a bad subkey", func(p *party, _ []krb5.KeytabEntry) {
			p.auth.SubKey = types.EncryptionKey{KeyType: 18, KeyValue: make([]byte, 8)}
		}, 0, errorcode.KDC_ERR_ETYPE_NOSUPP},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, keys := newParty(t, spn)
			tt.change(p, keys)
			s := newAcceptor(t, keys, start.Add(tt.at), Quirks{}).NewServer(SASL{})
			reply, done, err := s.Step(p.token(t))
			var refusal *Refusal
			if !errors.As(err, &refusal) || refusal.Code != tt.code || reply != nil || done {
				t.Errorf("got %v, %x, %v; want code %d", err, reply, done, tt.code)
			}
			if _, _, err := s.Step(nil); err == nil {
				t.Error("the login goes on")
			}
		})
	}
}

func TestReplayIsRefused(t *testing.T) {
	p, keys := newParty(t, spn)
	a := newAcceptor(t, keys, start, Quirks{TellErrors: true})
	token := p.token(t)
	if _, _, err := a.NewServer(SASL{}).Step(token); err != nil {
		t.Fatal(err)
	}
	reply, _, err := a.NewServer(SASL{}).Step(token)
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Code != errorcode.KRB_AP_ERR_REPEAT {
		t.Errorf("got %v", err)
	}
	if kind, _, err := krb5.ParseToken(reply); kind != krb5.TokenError || err != nil {
		t.Errorf("the client hears %x", reply)
	}
}

func TestReplayCacheIsBounded(t *testing.T) {
	r := replayCache{keep: time.Minute}
	id := func(i int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(i)) }
	for i := range maxReplays {
		if !r.fresh(id(i), start) {
			t.Fatalf("request %d was seen before", i)
		}
	}
	steps := []struct {
		name string
		i    int
		at   time.Duration
		want bool
	}{
		{"one too many", maxReplays, 0, false},
		{"a replay in time", 7, 59 * time.Second, false},
		{"a replay in the next generation", 7, 61 * time.Second, false},
		{"a new one in the next generation", maxReplays + 1, 61 * time.Second, true},
		{"a replay when nobody takes it any more", 7, 5 * time.Minute, true},
	}
	for _, s := range steps {
		if got := r.fresh(id(s.i), start.Add(s.at)); got != s.want {
			t.Errorf("%s: got %v", s.name, got)
		}
	}
}

func TestOffers(t *testing.T) {
	tests := []struct {
		name   string
		offer  SASL
		wishes uint32
		want   []byte
	}{
		{"Impala's", SASL{}, 0x3e, []byte{1, 0, 0, 0}},
		{"all layers", SASL{Layers: 7}, 0x3e, []byte{7, 1, 0, 0}},
		{"one layer of HiveServer2", SASL{Layers: AuthConf, MaxToken: 4096}, 0x3e, []byte{4, 0, 16, 0}},
		{"without confidentiality", SASL{Layers: 7}, 0x2e, []byte{3, 1, 0, 0}},
		{"without integrity", SASL{Layers: 7}, 0x1e, []byte{1, 0, 0, 0}},
		{"without mutual authentication", SASL{Layers: 7}, 0x3c, []byte{7, 1, 0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, keys := newParty(t, spn)
			p.wishes(tt.wishes)
			s := newAcceptor(t, keys, start, Quirks{NoSubkey: true}).NewServer(tt.offer)
			token, _, err := s.Step(p.token(t))
			if err != nil {
				t.Fatal(err)
			}
			if tt.wishes&wishMutual != 0 {
				if token, _, err = s.Step(nil); err != nil {
					t.Fatal(err)
				}
			}
			if got := token[16 : len(token)-12]; !bytes.Equal(got, tt.want) || s.User() != "report" || s.Client() != "report@R" {
				t.Errorf("offers %x to %s", got, s.Client())
			}
		})
	}
}

func TestChoiceIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		offer  byte
		choice []byte
		ok     bool
	}{
		{"no layer", 7, []byte{1, 0, 0, 0}, true},
		{"an identity that is the client's own", 1, append([]byte{1, 0, 0, 0}, "report@R"...), true},
		{"a layer that was not offered", 3, []byte{4, 1, 0, 0}, false},
		{"two layers", 7, []byte{6, 1, 0, 0}, false},
		{"nothing", 7, []byte{0, 0, 0, 0}, false},
		{"a size without a layer", 1, []byte{1, 1, 0, 0}, false},
		{"a size without room", 4, []byte{4, 0, 0, 60}, false},
		{"another user", 1, append([]byte{1, 0, 0, 0}, "root"...), false},
		{"too few bytes", 1, []byte{1, 0, 0}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, keys := newParty(t, spn)
			p.wishes(0x3c)
			s := newAcceptor(t, keys, start, Quirks{}).NewServer(SASL{Layers: tt.offer})
			if _, _, err := s.Step(p.token(t)); err != nil {
				t.Fatal(err)
			}
			w, err := krb5.NewWrapper(krb5.Stream{Key: p.session, Sequence: 100}, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			token, err := w.Wrap(nil, tt.choice, false)
			if err != nil {
				t.Fatal(err)
			}
			if _, done, err := s.Step(token); done != tt.ok || (err == nil) != tt.ok {
				t.Errorf("got done %v, %v", done, err)
			}
			if _, err := s.Unwrap(token); err == nil || s.Chunk() != 0 {
				t.Error("there is a layer")
			}
		})
	}
}

func TestClientThatTalksOutOfTurn(t *testing.T) {
	p, keys := newParty(t, spn)
	a := newAcceptor(t, keys, start, Quirks{})
	s := a.NewServer(SASL{})
	if _, _, err := s.Step(p.token(t)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Step([]byte("x")); err == nil {
		t.Error("a token where an empty one is due was taken")
	}
	if s := a.NewServer(SASL{}); s.Client() != "" || s.User() != "" {
		t.Error("a client before the first token")
	}
	if _, err := New(Options{}); err == nil {
		t.Error("an acceptor without keys")
	}
}

func FuzzFirstToken(f *testing.F) {
	p, keys := newParty(f, spn)
	good := p.token(f)
	f.Add(good)
	f.Add(krb5.FrameToken(krb5.TokenAPReq, nil))
	f.Fuzz(func(t *testing.T, token []byte) {
		a := newAcceptor(t, keys, start, Quirks{TellErrors: true})
		if reply, _, err := a.NewServer(SASL{}).Step(token); err == nil && reply == nil {
			t.Error("neither an answer nor an error")
		}
	})
}
