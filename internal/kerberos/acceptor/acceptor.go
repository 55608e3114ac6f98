// Package acceptor is the accepting side of Kerberos GSSAPI and of the SASL mechanism
// built on it: what Impala has from MIT's and Cyrus' libraries.
//
// An [Acceptor] holds the keys of a service and remembers which requests it has seen. A
// [Server] is one login: tokens in, tokens out, and afterwards the security layer. It
// serves the demo's Impala and the tests of the client, for which [Quirks] make it behave
// like other makes, or badly.
package acceptor

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
)

// Options of an acceptor. Only Keys are required.
type Options struct {
	Keys   []krb5.KeytabEntry // of the service principals that are served
	Skew   time.Duration      // by how much a client's clock may differ; 0 means 5m
	Now    func() time.Time   // nil means time.Now
	Rand   io.Reader          // nil means crypto/rand
	RC4    bool               // take tickets and keys of rc4-hmac, too
	Quirks Quirks
}

// Quirks are deviations from what MIT's library does in the service of Impala.
type Quirks struct {
	NoSubkey      bool   // assert no key of the acceptor's own, like Java
	TellErrors    bool   // answer a bad request with a KRB-ERROR, like MIT's library alone; Impala hangs up
	NoAPRep       bool   // go on without the proof of identity
	WrongTime     bool   // prove knowledge of another request
	Rotation      int    // RRC of all tokens of AES, like Windows (28, but any will do); or LikeHeimdal
	SubkeyEnctype int32  // of the acceptor's own key; 0 means that of the session key (RFC 4537 lets it be another)
	Skip          uint64 // added to the number of the first token
	SealOffer     bool   // encrypt the offer of layers
	Offer         []byte // instead of the four bytes that are due
	Damage        func(token []byte)
	SignList      bool // sign the mechanisms of a negotiation, though the first was taken
}

// LikeHeimdal is a rotation that brings what follows the message before it: the MAC and, in
// a sealed token, the copy of the header.
const LikeHeimdal = -1

// Acceptor is a service. It is for any number of goroutines.
type Acceptor struct {
	opts    Options
	replays replayCache
}

// New makes an acceptor that owns copies of the keys.
func New(o Options) (*Acceptor, error) {
	if len(o.Keys) == 0 {
		return nil, errors.New("an acceptor needs keys")
	}
	o.Keys = slices.Clone(o.Keys)
	for i := range o.Keys {
		o.Keys[i].Key = o.Keys[i].Key.Clone()
	}
	o.Skew = cmp.Or(o.Skew, 5*time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	return &Acceptor{opts: o, replays: replayCache{keep: 2 * o.Skew}}, nil
}

// takes reports whether a client may use a key of the type.
func (a *Acceptor) takes(k krb5.Key) bool {
	e, ok := krb5.LookupEnctype(k.Enctype)
	return ok && (!e.Weak || a.opts.RC4)
}

// Refusal is why a login was not accepted, with the code of RFC 4120 section 7.5.9.
type Refusal struct {
	Code int32
	Text string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s (code %d)", r.Text, r.Code) }

func refuse(code int32, format string, args ...any) error {
	return &Refusal{code, fmt.Sprintf(format, args...)}
}

// errBadToken is a token that is none.
func errBadToken(err error) error {
	return refuse(errorcode.KRB_AP_ERR_MSG_TYPE, "%v", err)
}
