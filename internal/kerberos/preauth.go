package kerberos

import (
	"context"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

const paSPAKE = 151 // RFC 9588

// prove answers a KDC that wants pre-authentication with an encrypted timestamp
// (RFC 4120 section 5.2.7.2).
func (c *Creds) prove(e *messages.KRBError, keys keySet) (types.PADataSequence, error) {
	enctype, err := c.preauthEnctype(e, keys)
	if err != nil {
		return nil, err
	}
	whole, micros := c.clock.stamp()
	stamp, err := asn1.Marshal(types.PAEncTSEnc{PATimestamp: whole, PAUSec: micros})
	if err != nil {
		return nil, fmt.Errorf("encode a timestamp: %w", err)
	}
	entry := keys.of(enctype)[0]
	sealed, err := entry.Key.Encrypt(stamp, keyusage.AS_REQ_PA_ENC_TIMESTAMP, int(entry.KVNO))
	if err != nil {
		return nil, err
	}
	value, err := sealed.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode a timestamp: %w", err)
	}
	proof := types.PADataSequence{{PADataType: patype.PA_ENC_TIMESTAMP, PADataValue: value}}
	for _, pa := range methods(e) { // the KDC keeps its state in the cookie (RFC 6113 section 5.2)
		if pa.PADataType == patype.PA_FX_COOKIE {
			proof = append(proof, pa)
		}
	}
	return proof, nil
}

// otherProofs are the pre-authentications that this program does not have.
var otherProofs = [...]int32{
	patype.PA_PK_AS_REQ_OLD, patype.PA_PK_AS_REQ, patype.PA_FX_FAST, patype.PA_ENCRYPTED_CHALLENGE, patype.PA_OTP_CHALLENGE, paSPAKE,
}

func methods(e *messages.KRBError) types.PADataSequence {
	var list types.PADataSequence
	if krb5.Guard("pre-authentication data", func() error { return list.Unmarshal(e.EData) }) != nil {
		return nil
	}
	return list
}

// preauthEnctype is the first type of the KDC's list for which there is a key. A KDC
// that sends no list takes any.
func (c *Creds) preauthEnctype(e *messages.KRBError, keys keySet) (int32, error) {
	list := methods(e)
	other := func(pa types.PAData) bool { return slices.Contains(otherProofs[:], pa.PADataType) }
	if !list.Contains(patype.PA_ENC_TIMESTAMP) && slices.ContainsFunc(list, other) {
		return 0, c.preauthFailure(e)
	}
	ours := keys.enctypes(c.conf.loginEnctypes)
	infos, told, err := etypeInfo(list)
	switch {
	case err != nil:
		return 0, err
	case !told:
		return ours[0], nil
	}
	for _, info := range infos {
		if slices.Contains(ours, info.EType) {
			return info.EType, nil
		}
	}
	return 0, c.noCommonKey(e.ErrorCode, keys, infos)
}

// etypeInfo is what a KDC tells of an account's keys, of those types that it was asked for
// (RFC 4120 section 5.2.7.5), and whether it tells.
func etypeInfo(list types.PADataSequence) (infos types.ETypeInfo2, told bool, err error) {
	for _, pa := range list {
		if pa.PADataType != patype.PA_ETYPE_INFO2 {
			continue
		}
		if err := krb5.Guard("ETYPE-INFO2", func() (err error) { infos, err = pa.GetETypeInfo2(); return err }); err != nil {
			return nil, true, wrongReply(err.Error())
		}
		return infos, true, nil
	}
	return nil, false, nil
}

// hidesKeys reports whether a KDC says nothing of the account's keys and takes no
// timestamp. MIT's answers so when the account has no key of the types that were asked for.
func hidesKeys(list types.PADataSequence) bool {
	return !list.Contains(patype.PA_ENC_TIMESTAMP) && !list.Contains(patype.PA_ETYPE_INFO2)
}

// foreign are encryption types of KDCs that this program does not have. They are asked for
// only to learn that an account has no others: a reply of such a type is not opened.
var foreign = [...]int32{etypeID.CAMELLIA256_CTS_CMAC, etypeID.CAMELLIA128_CTS_CMAC, etypeID.DES3_CBC_SHA1_KD}

// findKeys asks a KDC that hides the account's keys once more, for all types that there
// are. If there are keys of others, that is the failure; if there are none, it is the proof
// that the KDC wants. This is no attempt with a key.
func (c *Creds) findKeys(ctx context.Context, wanted *messages.KRBError, body messages.KDCReqBody, keys keySet) error {
	list := methods(wanted)
	if !hidesKeys(list) || !list.Contains(patype.PA_FX_FAST) {
		return nil
	}
	asked := body.EType
	body.EType = slices.Concat(supported(), foreign[:])
	reply, err := c.askAS(ctx, body, nil)
	if err != nil || errorCode(reply) != errorcode.KDC_ERR_PREAUTH_REQUIRED {
		return err
	}
	e, err := parseKRBError(reply)
	if err != nil {
		return wrongReply(err.Error())
	}
	infos, _, err := etypeInfo(methods(e))
	known := func(info types.ETypeInfo2Entry) bool { return slices.Contains(asked, info.EType) }
	if err != nil || len(infos) == 0 || slices.ContainsFunc(infos, known) {
		return err
	}
	return c.noCommonKey(wanted.ErrorCode, keys, infos)
}

// noCommonKey is the failure of a keytab with keys of other types than the account's.
func (c *Creds) noCommonKey(code int32, keys keySet, infos types.ETypeInfo2) error {
	theirs := "others"
	var names, usable []string
	for _, info := range infos {
		names = append(names, krb5.EnctypeName(info.EType))
		if _, ok := krb5.LookupEnctype(info.EType); ok {
			usable = append(usable, names[len(names)-1])
		}
	}
	if len(names) > 0 {
		theirs = printable(strings.Join(names, ", "))
	}
	text := fmt.Sprintf("no encryption type in common: the account %s has no key of the keytab's types (the account has %s; the keytab has %s)", c.client, theirs, keys)
	remedy := "export a new keytab: the account's keys are of other types; klist -ekt shows those of a keytab"
	if len(names) > 0 && len(usable) == 0 {
		text = fmt.Sprintf("no encryption type in common: the account %s has only keys of types that this program does not have (the account has %s; the keytab has %s)", c.client, theirs, keys)
		remedy = "ask the administrator of the KDC to give the account AES keys (aes256-cts-hmac-sha1-96) and to export a new keytab; another keytab of the keys that are there will not do"
	}
	return failure(&Error{Kind: EtypeUnsupported, Code: code, Text: text}, remedy)
}
