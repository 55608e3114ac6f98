package kerberos

import (
	"context"
	"fmt"

	"qosreport/internal/fault"
	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// PasswordInfo is how the KDC makes a principal's key of one type from the password
// (RFC 4120 section 5.2.7.5).
type PasswordInfo struct {
	Enctype int32
	Salt    string
	Params  []byte // nil: the default of the type
}

// Key makes the key of a password.
func (p PasswordInfo) Key(password string) (krb5.Key, error) {
	return krb5.PasswordKey(p.Enctype, password, p.Salt, p.Params)
}

// EnctypesNamed are the encryption types of a name, an alias or a family as krb5.conf has
// them, like aes256-cts, rc4-hmac or aes.
func EnctypesNamed(word string) ([]int32, error) {
	ids, _ := enctypesNamed(word, supported())
	if len(ids) == 0 {
		return nil, fault.Advise(fault.Errorf(fault.Usage, 0, "there is no encryption type %q", clip(word)),
			"write aes256-cts-hmac-sha1-96, aes128-cts-hmac-sha1-96, aes256-cts-hmac-sha384-192, aes128-cts-hmac-sha256-128 or rc4-hmac")
	}
	return ids, nil
}

// AskPasswordInfo asks the KDC how it makes the keys of the principal of the options. Types
// that the account does not have are left out. A login is begun and not finished: without
// a proof nothing counts towards a lock-out.
func AskPasswordInfo(ctx context.Context, o Options, enctypes []int32) (krb5.Principal, []PasswordInfo, error) {
	c, err := newCreds(ctx, o.withDefaults())
	if err != nil {
		return krb5.Principal{}, nil, err
	}
	if err := c.setPrincipal(); err != nil {
		return krb5.Principal{}, nil, err
	}
	if err := c.settleRealm(); err != nil {
		return krb5.Principal{}, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	var infos []PasswordInfo
	for _, id := range enctypes { // one by one: some KDCs tell only of the type that they prefer
		info, err := c.askPasswordInfo(ctx, id)
		if err != nil {
			return c.client, nil, fmt.Errorf("ask for the salt of %s: %w", c.client, err)
		}
		infos = append(infos, info...)
	}
	return c.client, infos, nil
}

// PrincipalOf is the principal of the options, with the default realm if it has none.
func PrincipalOf(ctx context.Context, o Options) (krb5.Principal, error) {
	c := &Creds{opts: o, conf: defaultConf()}
	if err := c.setPrincipal(); err == nil { // it names its realm: no krb5.conf is needed
		return c.client, nil
	}
	c, err := newCreds(ctx, o.withDefaults())
	if err != nil {
		return krb5.Principal{}, err
	}
	err = c.setPrincipal()
	return c.client, err
}

func (c *Creds) askPasswordInfo(ctx context.Context, enctype int32) ([]PasswordInfo, error) {
	body, err := c.newBody(krb5.TGS(c.client.Realm), []int32{enctype})
	if err != nil {
		return nil, err
	}
	body.CName = c.client.Wire()
	reply, err := c.openLogin(ctx, &body)
	if err != nil {
		return nil, err
	}
	if reply[0] != tagKRBError { // a KDC that wants no proof tells in the reply itself
		var rep messages.ASRep
		if err := krb5.Guard("AS-REP", func() error { return rep.Unmarshal(reply) }); err != nil {
			return nil, wrongReply(err.Error())
		}
		return c.passwordInfo(rep.PAData, enctype)
	}
	e, err := parseKRBError(reply)
	switch {
	case err != nil:
		return nil, wrongReply(err.Error())
	case e.ErrorCode == errorcode.KDC_ERR_PREAUTH_REQUIRED:
		list := methods(e)
		if hidesKeys(list) {
			return nil, nil
		}
		return c.passwordInfo(list, enctype)
	case e.ErrorCode == errorcode.KDC_ERR_ETYPE_NOSUPP:
		return nil, nil
	}
	return nil, c.asFailure(e, nil)
}

// passwordInfo is what the KDC says of a type. If it says nothing of salts, there is the
// default one.
func (c *Creds) passwordInfo(list types.PADataSequence, enctype int32) ([]PasswordInfo, error) {
	entries, told, err := etypeInfo(list)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.EType != enctype {
			continue
		}
		info := PasswordInfo{Enctype: e.EType, Salt: e.Salt, Params: e.S2KParams}
		if info.Salt == "" {
			info.Salt = c.client.DefaultSalt()
		}
		return []PasswordInfo{info}, nil
	}
	if told {
		return nil, nil
	}
	return []PasswordInfo{{Enctype: enctype, Salt: c.client.DefaultSalt()}}, nil
}
