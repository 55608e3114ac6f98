package kerberos

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// forest are realms with a KDC each, reached over pipes. The lab's KDC has no trust: the
// forest puts it around them by opening tickets of one KDC and sealing them for the next,
// and by asking a KDC for the way where it should refer. Client names, authenticators and
// checksums stay what they were, and are checked by the KDCs.
type forest struct {
	t     testing.TB
	kdcs  map[string]*kdc.KDC
	homes map[string]string            // service to its realm
	ways  map[string]map[string]string // realm to realm that is wanted to the next one
	opts  Options
	conf  string // more of krb5.conf

	moved map[string]string // realm to that in which its clients are

	mu     sync.Mutex
	asked  []string         // the realms, in order
	refuse map[string]int32 // realm to the code with which its KDC refuses every foreign ticket
}

func newForest(t testing.TB, realms ...string) *forest {
	t.Helper()
	f := &forest{t: t, kdcs: map[string]*kdc.KDC{}, homes: map[string]string{}, ways: map[string]map[string]string{}, refuse: map[string]int32{}}
	for _, realm := range realms {
		k, err := kdc.New(kdc.Options{Realm: realm})
		must(t, func() error { return err })
		f.kdcs[realm], f.ways[realm] = k, map[string]string{}
	}
	home := f.kdcs[realms[0]]
	keytab := filepath.Join(t.TempDir(), "report.keytab")
	must(t, func() error { return home.Add("report") })
	must(t, func() error { return home.WriteKeytab(keytab, "report") })
	f.opts = Options{Principal: "report@" + realms[0], Keytab: keytab, Dial: f.dial, Resolver: names{}}
	return f
}

// way lets the KDCs of a chain refer to the last of it, one to the next.
func (f *forest) way(chain ...string) {
	f.t.Helper()
	for i, realm := range chain[:len(chain)-1] {
		f.ways[realm][chain[len(chain)-1]] = chain[i+1]
		must(f.t, func() error { return f.kdcs[realm].Add("krbtgt/" + chain[i+1]) })
	}
}

func (f *forest) service(name, realm string) {
	f.t.Helper()
	f.homes[name] = realm
	must(f.t, func() error { return f.kdcs[realm].Add(name) })
}

// login logs in with a krb5.conf that knows all realms.
func (f *forest) login() *Creds {
	f.t.Helper()
	var b strings.Builder
	b.WriteString("[libdefaults]\ndns_lookup_kdc = false\n" + f.conf + "\n[realms]\n")
	for realm := range f.kdcs {
		fmt.Fprintf(&b, "%s = {\nkdc = %s\n}\n", realm, strings.ToLower(realm))
	}
	f.opts.KRB5Conf = f.opts.Keytab + ".conf"
	must(f.t, func() error { return os.WriteFile(f.opts.KRB5Conf, []byte(b.String()), 0o600) })
	c, err := Login(f.t.Context(), f.opts)
	must(f.t, func() error { return err })
	f.t.Cleanup(func() { c.Close() })
	f.path()
	return c
}

// path are the realms that were asked since the last call.
func (f *forest) path() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.Join(f.asked, " ")
	f.asked = nil
	return path
}

func (f *forest) dial(_ context.Context, _, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	must(f.t, func() error { return err })
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		theirs.Write(framed(f.handle(strings.ToUpper(host), readFramed(theirs))))
	}()
	return ours, nil
}

func (f *forest) handle(realm string, request []byte) []byte {
	f.mu.Lock()
	f.asked = append(f.asked, realm)
	code := f.refuse[realm]
	f.mu.Unlock()
	if next := f.moved[realm]; request[0] == tagASReq && next != "" {
		e := messages.NewKRBError(types.NewPrincipalName(2, "krbtgt/"+realm), realm, 68, "")
		e.CRealm = next
		b, err := e.Marshal()
		must(f.t, func() error { return err })
		return b
	}
	if request[0] != tagTGSReq {
		return f.kdcs[realm].Handle(request)
	}
	var req messages.TGSReq
	var ap messages.APReq
	must(f.t, func() error { return req.Unmarshal(request) })
	must(f.t, func() error { return ap.Unmarshal(req.PAData[0].PADataValue) })
	if ap.Ticket.Realm != realm {
		if code != 0 {
			return krbError(f.t, code)
		}
		f.reseal(&ap.Ticket, realm)
		proof, err := ap.Marshal()
		must(f.t, func() error { return err })
		req.PAData = types.PADataSequence{{PADataType: patype.PA_TGS_REQ, PADataValue: proof}}
		request, err = req.Marshal()
		must(f.t, func() error { return err })
	}
	reply := f.kdcs[realm].Handle(request)
	if errorCode(reply) != 7 {
		return reply
	}
	name := strings.Join(req.ReqBody.SName.NameString, "/")
	wanted, far := strings.CutPrefix(name, "krbtgt/")
	if !far {
		wanted = f.homes[name]
		if req.ReqBody.SName.NameType != nametype.KRB_NT_SRV_HST || !types.IsFlagSet(&req.ReqBody.KDCOptions, 15) {
			f.t.Errorf("KDCs refer nobody who asks for %s in this way", name)
		}
	}
	if next := f.ways[realm][wanted]; next != "" {
		return f.refer(realm, next, ap, req.ReqBody)
	}
	return reply
}

func (f *forest) key(realm, name string) krb5.Key {
	entries, err := f.kdcs[realm].Keys(name)
	must(f.t, func() error { return err })
	return entries[0].Key
}

// reseal makes a ticket of one realm for another one of the other's own.
func (f *forest) reseal(t *messages.Ticket, realm string) {
	plain, err := f.key(t.Realm, "krbtgt/"+realm).Decrypt(t.EncPart, keyusage.KDC_REP_TICKET)
	must(f.t, func() error { return err })
	t.Realm = realm
	t.EncPart, err = f.key(realm, "krbtgt/"+realm).Encrypt(plain, keyusage.KDC_REP_TICKET, 1)
	must(f.t, func() error { return err })
}

// refer asks the KDC of a realm for the ticket-granting ticket of the next, in the name of
// the client and with the number of its request.
func (f *forest) refer(realm, next string, ap messages.APReq, body messages.KDCReqBody) []byte {
	plain, err := f.key(realm, "krbtgt/"+realm).Decrypt(ap.Ticket.EncPart, keyusage.KDC_REP_TICKET)
	must(f.t, func() error { return err })
	var part messages.EncTicketPart
	must(f.t, func() error { return part.Unmarshal(plain) })
	session, err := krb5.FromWireKey(part.Key)
	must(f.t, func() error { return err })
	client, err := krb5.FromWire(part.CName, part.CRealm)
	must(f.t, func() error { return err })
	body.SName = krb5.TGS(next).Wire()
	asker := &Creds{clock: &clock{now: time.Now}}
	request, err := asker.newTGSReq(&Ticket{client: client, wire: ap.Ticket, key: session}, body)
	must(f.t, func() error { return err })
	return f.kdcs[realm].Handle(request)
}
