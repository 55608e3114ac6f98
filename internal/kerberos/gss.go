package kerberos

import (
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/flags"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// The checksum of a GSSAPI authenticator (RFC 4121 section 4.1.1) is none: it carries
// the wishes for the context. Confidentiality and integrity are always asked for,
// because a server offers no layer that the context lacks.
const (
	gssChecksum = 0x8003
	gssFlags    = 0x02 | 0x04 | 0x08 | 0x10 | 0x20 // mutual, replay, sequence, confidentiality, integrity
)

const maxAPRep = 1 << 16

// initiator is the client's side of a security context, up to the point where both
// sides have keys.
type initiator struct {
	creds    *Creds
	ticket   *Ticket // lent
	subkey   krb5.Key
	whole    time.Time // of the authenticator, which the service has to send back
	micros   int
	sequence uint32
	replayed bool // the service saw the request before, or another of the same time
}

// stale reports whether a login with a fresh ticket, and at another time, may be taken where
// this one was not.
func (i *initiator) stale() bool { return i.ticket.kept || i.replayed }

// newInitiator makes the first token. Each context has a subkey of its own, because
// connections share a ticket and hence its session key.
func (c *Creds) newInitiator(t *Ticket) (*initiator, []byte, error) {
	subkey, err := krb5.NewKey(t.key.Enctype, c.opts.Rand)
	if err != nil {
		return nil, nil, err
	}
	var random [4]byte
	if _, err := io.ReadFull(c.opts.Rand, random[:]); err != nil {
		return nil, nil, fmt.Errorf("read random bytes: %w", err)
	}
	a := c.newAuthenticator(t)
	// Below 2^30 the number is positive for every implementation, and 0 would be left out.
	a.SeqNumber = int64(binary.BigEndian.Uint32(random[:])&(1<<30-1) | 1)
	a.SubKey = subkey.Wire()
	a.Cksum = types.Checksum{CksumType: gssChecksum, Checksum: make([]byte, 24)}
	binary.LittleEndian.PutUint32(a.Cksum.Checksum, 16)
	binary.LittleEndian.PutUint32(a.Cksum.Checksum[20:], gssFlags)
	request, err := newAPReq(t, a, keyusage.AP_REQ_AUTHENTICATOR, flags.APOptionMutualRequired)
	if err != nil {
		return nil, nil, err
	}
	i := &initiator{creds: c, ticket: t, subkey: subkey, whole: a.CTime, micros: a.Cusec, sequence: uint32(a.SeqNumber)}
	return i, krb5.FrameToken(krb5.TokenAPReq, request), nil
}

// accept reads the service's answer and makes the two directions of the context.
func (i *initiator) accept(token []byte) (*krb5.Wrapper, *krb5.Unwrapper, error) {
	ours, theirs, err := i.settle(token)
	if err != nil {
		return nil, nil, err
	}
	defer ours.Key.Clear() // theirs is the same
	out, err := krb5.NewWrapper(ours, i.creds.opts.Rand)
	if err != nil {
		return nil, nil, err
	}
	in, err := krb5.NewUnwrapper(theirs)
	return out, in, err
}

// settle reads the service's answer and says with what key and from which numbers the two
// directions go on.
func (i *initiator) settle(token []byte) (ours, theirs krb5.Stream, err error) {
	if len(token) > maxAPRep {
		return ours, theirs, i.distrust(fmt.Errorf("%w: an answer of %d bytes", krb5.ErrToken, len(token)))
	}
	kind, body, err := krb5.ParseToken(token)
	switch {
	case err != nil:
		return ours, theirs, i.distrust(err)
	case kind == krb5.TokenError:
		return ours, theirs, i.refusal(body)
	case kind != krb5.TokenAPRep:
		return ours, theirs, i.distrust(fmt.Errorf("%w: kind %04x instead of an AP-REP", krb5.ErrToken, kind))
	}
	part, err := i.openAPRep(body)
	if err != nil {
		return ours, theirs, i.distrust(err)
	}
	ours = krb5.Stream{Key: i.subkey, Sequence: uint64(i.sequence)}
	if part.Subkey.KeyType != 0 || len(part.Subkey.KeyValue) > 0 {
		if ours.Key, err = i.chosenKey(part.Subkey); err != nil {
			return ours, theirs, err
		}
		ours.AcceptorSubkey = true
	}
	theirs = ours
	theirs.FromAcceptor, theirs.Sequence = true, uint64(uint32(part.SequenceNumber))
	return ours, theirs, nil
}

// chosenKey is the key that the service asserts. It may be of another type than the
// ticket's (RFC 4537), but not of a weak one that nobody allowed.
func (i *initiator) chosenKey(wire types.EncryptionKey) (krb5.Key, error) {
	key, err := krb5.FromWireKey(wire)
	if err == nil && isRC4(key.Enctype) && !slices.Contains(i.creds.conf.ticketEnctypes, key.Enctype) {
		err = fmt.Errorf("%s is not allowed", krb5.EnctypeName(key.Enctype))
	}
	if err != nil {
		return key, fail(EtypeUnsupported, err, "see the enctype lists in krb5.conf", "the key that %s chose cannot be used", i.ticket.service)
	}
	return key, nil
}

// openAPRep opens the answer with the session key, not the subkey, and checks the proof:
// only who could read the authenticator knows its time.
func (i *initiator) openAPRep(body []byte) (*messages.EncAPRepPart, error) {
	var rep messages.APRep
	if err := krb5.Guard("AP-REP", func() error { return rep.Unmarshal(body) }); err != nil {
		return nil, err
	}
	plain, err := i.ticket.key.Decrypt(rep.EncPart, keyusage.AP_REP_ENCPART)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	part := new(messages.EncAPRepPart)
	if err := krb5.Guard("AP-REP", func() error { return part.Unmarshal(plain) }); err != nil {
		return nil, err
	}
	if !sameTime(part.CTime, part.Cusec, i.whole, i.micros) {
		return nil, fmt.Errorf("the service answers another request")
	}
	return part, nil
}

func sameTime(a time.Time, aMicros int, b time.Time, bMicros int) bool {
	return subtle.ConstantTimeEq(int32(a.Unix()), int32(b.Unix()))&
		subtle.ConstantTimeEq(int32(aMicros), int32(bMicros)) == 1
}

// distrust is the failure of a service that did not prove who it is.
func (i *initiator) distrust(cause error) error {
	return fail(MutualFailed, cause, "see whether the address leads to the right host; anything between may have changed the answer",
		"the service did not prove that it is %s", i.ticket.service)
}

// serviceRefusals are the answers of services after which a fresh ticket may help, or
// that need other words.
var serviceRefusals = map[int32]Kind{
	errorcode.KRB_AP_ERR_BAD_INTEGRITY: ServiceKey,
	errorcode.KRB_AP_ERR_NOT_US:        ServiceKey,
	errorcode.KRB_AP_ERR_MODIFIED:      ServiceKey,
	errorcode.KRB_AP_ERR_BADKEYVER:     ServiceKey,
	errorcode.KRB_AP_ERR_NOKEY:         ServiceKey,
	errorcode.KRB_AP_ERR_TKT_EXPIRED:   TicketExpired,
	errorcode.KRB_AP_ERR_TKT_NYV:       TicketExpired,
	errorcode.KRB_AP_ERR_REPEAT:        Replay,
	errorcode.KRB_AP_ERR_SKEW:          ClockSkew,
}

// refusal tells what a service's KRB-ERROR means.
func (i *initiator) refusal(body []byte) error {
	e, err := parseKRBError(body)
	if err != nil {
		return i.distrust(err)
	}
	spn := i.ticket.service
	f := &Error{Kind: PeerRefused, Code: e.ErrorCode, Text: fmt.Sprintf("%s refused the login of %s", spn, i.ticket.client), Err: peerText(e)}
	remedy := "the log of the service has the reason"
	if kind, known := serviceRefusals[e.ErrorCode]; known {
		f.Kind = kind
	}
	clocks := i.creds.clock.ahead(peerTime(e.STime, e.Susec)).Abs() > i.creds.conf.clockSkew
	if f.Kind == ClockSkew || f.Kind == TicketExpired && clocks {
		return i.creds.skewFailure(e, "the server of "+spn.String())
	}
	switch f.Kind {
	case ServiceKey:
		f.Text = fmt.Sprintf("the service %s cannot decrypt the ticket", spn)
		remedy = "the server's keytab is older than its account's key, or the name belongs to another account: export the server's keytab again, or see --impala-spn-host"
	case TicketExpired:
		f.Text = fmt.Sprintf("the service %s says that the ticket is not valid at its time", spn)
		remedy = "start time synchronisation on the server's host"
	case Replay:
		i.replayed = true
		f.Text = fmt.Sprintf("the service %s says that it saw this request before", spn)
		remedy = "a second attempt is made by itself; if it stays, see the clocks, and whether two hosts answer for one name"
	}
	return failure(f, remedy)
}
