package acceptor

import (
	"cmp"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/messages"
)

// channel is an established security context, from the acceptor's side.
type channel struct {
	out     *krb5.Wrapper
	in      *krb5.Unwrapper
	quirks  *Quirks
	enctype *krb5.Enctype
	stream  krb5.Stream // of the acceptor's tokens
}

// establish settles key and numbers, and makes the proof for the client, which is nil
// when the client did not ask for one.
func (a *Acceptor) establish(r *request) (*channel, []byte, error) {
	q := &a.opts.Quirks
	key := r.session
	if r.subkey.Value != nil {
		key = r.subkey
	}
	theirs := uint64(uint32(r.authenticator.SeqNumber))
	ours := krb5.Stream{Key: key, FromAcceptor: true, Sequence: theirs} // without a proof there is no place for another number
	var proof []byte
	if r.wishes&wishMutual != 0 {
		var err error
		if ours, proof, err = a.prove(r, key); err != nil {
			return nil, nil, err
		}
	}
	ours.Sequence += q.Skip
	out, err := krb5.NewWrapper(ours, a.opts.Rand)
	if err != nil {
		return nil, nil, err
	}
	enctype, _ := krb5.LookupEnctype(ours.Key.Enctype) // there is one, since there is a wrapper
	in, err := krb5.NewUnwrapper(krb5.Stream{Key: ours.Key, AcceptorSubkey: ours.AcceptorSubkey, Sequence: theirs})
	return &channel{out, in, q, enctype, ours}, proof, err
}

// prove makes the AP-REP, and in it the number and perhaps the key of the acceptor. With
// RC4 the client's subkey comes back, as MIT's library has it.
func (a *Acceptor) prove(r *request, key krb5.Key) (krb5.Stream, []byte, error) {
	q := &a.opts.Quirks
	var random [4]byte
	if _, err := io.ReadFull(a.opts.Rand, random[:]); err != nil {
		return krb5.Stream{}, nil, fmt.Errorf("read random bytes: %w", err)
	}
	s := krb5.Stream{Key: key, FromAcceptor: true, Sequence: uint64(binary.BigEndian.Uint32(random[:])&(1<<30-1) | 1)}
	part := messages.EncAPRepPart{CTime: r.authenticator.CTime.UTC(), Cusec: r.authenticator.Cusec, SequenceNumber: int64(s.Sequence)}
	switch {
	case q.NoSubkey:
	case q.SubkeyEnctype == 0 && key.Enctype == etypeID.RC4_HMAC && r.subkey.Value != nil:
		part.Subkey = key.Wire()
	default:
		own, err := krb5.NewKey(cmp.Or(q.SubkeyEnctype, key.Enctype), a.opts.Rand)
		if err != nil {
			return s, nil, err
		}
		s.Key, s.AcceptorSubkey = own, true
		part.Subkey = own.Wire()
	}
	if q.WrongTime {
		part.CTime = part.CTime.Add(time.Second)
	}
	proof, err := newAPRep(part, r.session)
	return s, proof, err
}

// newAPRep makes the token with the proof (RFC 4120 section 5.5.2).
func newAPRep(part messages.EncAPRepPart, session krb5.Key) ([]byte, error) {
	plain, err := asn1.MarshalWithParams(part, "application,explicit,tag:27")
	if err != nil {
		return nil, fmt.Errorf("encode AP-REP: %w", err)
	}
	sealed, err := session.Encrypt(plain, keyusage.AP_REP_ENCPART, 0)
	if err != nil {
		return nil, err
	}
	rep, err := asn1.MarshalWithParams(messages.APRep{PVNO: iana.PVNO, MsgType: msgtype.KRB_AP_REP, EncPart: sealed}, "application,explicit,tag:15")
	if err != nil {
		return nil, fmt.Errorf("encode AP-REP: %w", err)
	}
	return krb5.FrameToken(krb5.TokenAPRep, rep), nil
}

// newError makes the token of a refusal, with the time of this host.
func (a *Acceptor) newError(r *Refusal, service krb5.Principal) []byte {
	now := a.opts.Now().UTC()
	e := messages.KRBError{
		PVNO: iana.PVNO, MsgType: msgtype.KRB_ERROR,
		STime: now.Truncate(time.Second), Susec: now.Nanosecond() / 1000,
		ErrorCode: r.Code, Realm: service.Realm, SName: service.Wire(), EText: r.Text,
	}
	b, err := e.Marshal()
	if err != nil {
		return nil
	}
	return krb5.FrameToken(krb5.TokenError, b)
}

func (c *channel) wrap(dst, plain []byte, sealed bool) ([]byte, error) {
	start := len(dst)
	dst, err := c.out.Wrap(dst, plain, sealed)
	if err != nil {
		return dst, err
	}
	if n := c.rotation(sealed); n > 0 {
		rotate(dst[start:], n)
	}
	if c.quirks.Damage != nil {
		c.quirks.Damage(dst[start:])
	}
	return dst, nil
}

const tokenHeader = 16 // of a token of AES

// rotation is how far to turn a token; those of RC4 have no count for it.
func (c *channel) rotation(sealed bool) int {
	switch n := c.quirks.Rotation; {
	case c.enctype.ID == etypeID.RC4_HMAC:
		return 0
	case n != LikeHeimdal:
		return n
	case sealed:
		return tokenHeader + c.enctype.MACBytes
	}
	return c.enctype.MACBytes
}

// rotate turns the body of a token to the right by count, as RFC 4121 section 4.2.5 lets
// every sender do.
func rotate(token []byte, count int) {
	body := token[tokenHeader:]
	n := count % len(body)
	turned := make([]byte, 0, len(body))
	turned = append(turned, body[len(body)-n:]...)
	copy(body, append(turned, body[:len(body)-n]...))
	binary.BigEndian.PutUint16(token[6:], uint16(count))
}
