package kerberos

import (
	"encoding/asn1"
	"errors"
	"testing"
	"time"

	"qosreport/internal/kerberos/acceptor"
	"qosreport/internal/kerberos/krb5"
	"qosreport/internal/lab/kdc"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// another is a service's answer with another content, sealed as only the service can.
func another(t *testing.T, session krb5.Key, answer []byte, change func(*messages.EncAPRepPart)) []byte {
	t.Helper()
	_, body, err := krb5.ParseToken(answer)
	must(t, func() error { return err })
	var rep messages.APRep
	must(t, func() error { return rep.Unmarshal(body) })
	plain, err := session.Decrypt(rep.EncPart, keyusage.AP_REP_ENCPART)
	must(t, func() error { return err })
	var part messages.EncAPRepPart
	must(t, func() error { return part.Unmarshal(plain) })
	change(&part)
	part.CTime = part.CTime.UTC()
	plain, err = asn1.MarshalWithParams(part, "application,explicit,tag:27")
	must(t, func() error { return err })
	rep.EncPart, err = session.Encrypt(plain, keyusage.AP_REP_ENCPART, 0)
	must(t, func() error { return err })
	body, err = asn1.MarshalWithParams(rep, "application,explicit,tag:15")
	must(t, func() error { return err })
	return krb5.FrameToken(krb5.TokenAPRep, body)
}

// The time in an answer proves the service to the microsecond; number and key are its own.
func TestContentsOfAnAnswer(t *testing.T) {
	tests := []struct {
		name   string
		change func(*messages.EncAPRepPart)
		kind   Kind   // Internal: taken
		number uint64 // of the service's first token; 0: any
		subkey bool
	}{
		{"as it came", func(*messages.EncAPRepPart) {}, Internal, 0, true},
		{"a second later", func(p *messages.EncAPRepPart) { p.CTime = p.CTime.Add(time.Second) }, MutualFailed, 0, false},
		{"a microsecond later", func(p *messages.EncAPRepPart) { p.Cusec++ }, MutualFailed, 0, false},
		{"a number without a sign, as Java and old MIT wrote it", func(p *messages.EncAPRepPart) { p.SequenceNumber = -2 }, Internal, 1<<32 - 2, true},
		{"the highest number", func(p *messages.EncAPRepPart) { p.SequenceNumber = 1<<32 - 1 }, Internal, 1<<32 - 1, true},
		{"no key", func(p *messages.EncAPRepPart) { p.Subkey = types.EncryptionKey{} }, Internal, 0, false},
		{"a key of another type", func(p *messages.EncAPRepPart) {
			p.Subkey = types.EncryptionKey{KeyType: 20, KeyValue: make([]byte, 32)}
		}, Internal, 0, true},
		{"a key of DES", func(p *messages.EncAPRepPart) {
			p.Subkey = types.EncryptionKey{KeyType: 3, KeyValue: make([]byte, 8)}
		}, EtypeUnsupported, 0, false},
		{"a key that is cut", func(p *messages.EncAPRepPart) { p.Subkey.KeyValue = p.Subkey.KeyValue[:5] }, EtypeUnsupported, 0, false},
		{"a key without bytes", func(p *messages.EncAPRepPart) { p.Subkey.KeyValue = []byte{} }, EtypeUnsupported, 0, false},
	}
	w := newWorld(t, kdc.Options{})
	c := w.login()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := newSASL(t, c, SASLOptions{})
			request, err := client.Step(nil)
			must(t, func() error { return err })
			answer, _, err := w.service(acceptor.Quirks{}).NewServer(acceptor.SASL{}).Step(request)
			must(t, func() error { return err })
			ours, theirs, err := client.gss.settle(another(t, client.gss.ticket.key, answer, tt.change))
			if tt.kind != Internal {
				if !errors.Is(err, tt.kind) || theirs.Key.Value != nil && tt.kind == MutualFailed {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || tt.number != 0 && theirs.Sequence != tt.number || ours.AcceptorSubkey != tt.subkey || theirs.AcceptorSubkey != tt.subkey {
				t.Errorf("from number %d, the service's key: %v, %v", theirs.Sequence, ours.AcceptorSubkey, err)
			}
			if n := ours.Sequence; n == 0 || n >= 1<<30 {
				t.Errorf("our first number is %d: not positive for everybody", n)
			}
		})
	}
}
