package kerberos

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"qosreport/internal/fault"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
)

// checkPeerError looks at what everyone may rely on in an error about what a KDC said.
func checkPeerError(t *testing.T, err error) {
	t.Helper()
	if fault.AreaOf(err) != fault.Security {
		t.Errorf("an error without an area: %v", err)
	}
	if text := err.Error(); len(text) > 10_000 || strings.ContainsAny(text, "\x00\x1b\n") {
		t.Errorf("an error of %d bytes: %.100q", len(text), text)
	}
}

// FuzzASRep is for what a KDC, or who can read its replies, puts into the sealed part of a
// login: the fuzzer's bytes are sealed with the right key.
func FuzzASRep(f *testing.F) {
	w := newWorld(f, kdc.Options{NoPreauth: true})
	entries, err := w.Keys("report")
	must(f, func() error { return err })
	c, err := New(f.Context(), w.opts)
	must(f, func() error { return err })
	body, err := c.newBody(krb5.TGS("EXAMPLE.COM"), supported())
	must(f, func() error { return err })
	body.CName = c.client.Wire()
	reply, err := c.askAS(f.Context(), body, nil)
	must(f, func() error { return err })
	var honest messages.ASRep
	must(f, func() error { return honest.Unmarshal(reply) })
	plain, err := openASRep(honest.EncPart, entries)
	must(f, func() error { return err })
	f.Add(plain, "report", "EXAMPLE.COM")
	f.Add(plain[:20], "", "")
	f.Add([]byte{}, "\x1b[2J", strings.Repeat("R", 5000))
	f.Fuzz(func(t *testing.T, plain []byte, name, realm string) {
		rep := honest
		rep.CName.NameString = []string{name}
		rep.CRealm = realm
		if rep.EncPart, err = entries[0].Key.Encrypt(plain, keyusage.AS_REP_ENCPART, 1); err != nil {
			t.Skip()
		}
		b, err := rep.Marshal()
		if err != nil {
			t.Skip()
		}
		ticket, err := c.acceptAS(t.Context(), b, body, entries)
		switch {
		case err != nil:
			checkPeerError(t, err)
		case !ticket.client.Equal(c.client) || !ticket.service.Equal(krb5.TGS("EXAMPLE.COM")) || !ticket.end.After(time.Now()):
			t.Errorf("took %v of %v", ticket, ticket.client)
		}
	})
}

// FuzzTGSRep is the same for the sealed part of a service ticket.
func FuzzTGSRep(f *testing.F) {
	w := newWorld(f, kdc.Options{})
	c := w.login()
	tgt, err := c.get(f.Context(), krb5.TGS("EXAMPLE.COM"))
	must(f, func() error { return err })
	body, err := c.newBody(krb5.Principal{Components: []string{"impala", "coordinator.example.com"}, Realm: "EXAMPLE.COM"}, supported())
	must(f, func() error { return err })
	request, err := c.newTGSReq(tgt, body)
	must(f, func() error { return err })
	var honest messages.TGSRep
	must(f, func() error { return honest.Unmarshal(w.Handle(request)) })
	plain, err := tgt.key.Decrypt(honest.EncPart, keyusage.TGS_REP_ENCPART_SESSION_KEY)
	must(f, func() error { return err })
	f.Add(plain, "impala", "coordinator.example.com", "EXAMPLE.COM")
	f.Add(plain, "krbtgt", "\x1b[2J", "EXAMPLE.COM")
	f.Add(plain[:40], "", "", strings.Repeat("R", 5000))
	f.Fuzz(func(t *testing.T, plain []byte, first, second, realm string) {
		rep := honest
		rep.Ticket.SName.NameString = []string{first, second}
		rep.Ticket.Realm = realm
		if rep.EncPart, err = tgt.key.Encrypt(plain, keyusage.TGS_REP_ENCPART_SESSION_KEY, 0); err != nil {
			t.Skip()
		}
		b, err := rep.Marshal()
		if err != nil {
			t.Skip()
		}
		ticket, err := c.acceptTGS(b, tgt, body)
		switch {
		case err != nil:
			checkPeerError(t, err)
		case !ticket.client.Equal(c.client) || ticket.service.Realm != "EXAMPLE.COM" || !ticket.end.After(time.Now()):
			t.Errorf("took %v of %v", ticket, ticket.client)
		}
	})
}

// FuzzKRBError is for errors of a KDC, which nobody signs, in both exchanges.
func FuzzKRBError(f *testing.F) {
	w := newWorld(f, kdc.Options{})
	entries, err := w.Keys("report")
	must(f, func() error { return err })
	c, err := New(f.Context(), w.opts)
	must(f, func() error { return err })
	service := krb5.Principal{Components: []string{"impala", "h"}, Realm: "EXAMPLE.COM"}
	for _, code := range []int32{6, 7, 11, 14, 24, 25, 36, 37, 52, 60, 68} {
		f.Add(krbError(f, code))
	}
	w.Handle(nil)
	f.Add(w.Handle([]byte{tagASReq}))
	f.Fuzz(func(t *testing.T, reply []byte) {
		e, err := parseKRBError(reply)
		if err != nil {
			return
		}
		for _, err := range []error{
			c.asFailure(e, entries),
			c.tgsFailure(&refusedTGS{e, []string{"EXAMPLE.COM"}}, service),
			c.tgsFailure(&refusedTGS{e, []string{"EXAMPLE.COM", "B"}}, krb5.TGS("C")),
		} {
			checkPeerError(t, err)
			if fault.Remedy(err) == "" {
				t.Errorf("no remedy for %v", err)
			}
		}
		if enctype, err := c.preauthEnctype(e, entries); err != nil {
			checkPeerError(t, err)
		} else if len(keySet(entries).of(enctype)) == 0 {
			t.Errorf("no key of type %d", enctype)
		}
		if next := printable(e.CRealm); !utf8.ValidString(next) {
			t.Errorf("a realm of %q", next)
		}
		if peer := peerText(e); peer != nil && errors.Unwrap(peer) != nil {
			t.Errorf("a text that is an error: %v", peer)
		}
	})
}
