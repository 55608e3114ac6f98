package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"qosreport/internal/config"
	"qosreport/internal/fault"
	"qosreport/internal/kerberos"
	"qosreport/internal/kerberos/krb5"
)

// keytabCmd does what ktutil, klist -k and kinit -kt do, where there are none of them.
type keytabCmd struct {
	Create keytabCreateCmd `cmd:"" help:"Make a keytab of a password."`
	List   keytabListCmd   `cmd:"" help:"List the keys of a keytab; the keys themselves are never shown."`
	Verify keytabVerifyCmd `cmd:"" help:"Log in with the keys of a keytab, and say which are good."`
}

// realmFlags are what commands about Kerberos alone need.
type realmFlags struct {
	fileFlags
	kdcFlags
}

func (f *realmFlags) options(a *app, c *config.Config) kerberos.Options {
	f.kdcFlags.apply(c)
	return (&connector{config: c, log: newLogger(a.err, c.Log), dial: a.dial, now: a.now}).kerberosOptions()
}

// keytabCreateCmd makes a keytab of a password.
type keytabCreateCmd struct {
	File         string   `arg:"" help:"The keytab."`
	Principal    string   `required:"" placeholder:"NAME@REALM" help:"Whose key it is."`
	PasswordFile string   `placeholder:"FILE" help:"File that holds the password, - for standard input; default a terminal is asked."`
	Enctype      []string `placeholder:"TYPE" help:"Encryption type, like aes256-cts-hmac-sha1-96; may be repeated; default those of AES that the account has."`
	KVNO         *uint32  `name:"kvno" placeholder:"NUMBER" help:"Version of the key; default 1, or the next one with --append."`
	Salt         *string  `placeholder:"TEXT" help:"Salt of the key; default what the KDC says."`
	Append       bool     `xor:"there" help:"Add the key to a keytab that is there."`
	Overwrite    bool     `xor:"there" help:"Replace a file that is there."`
	realmFlags
}

// Run writes the keytab, or leaves what was there.
func (k *keytabCreateCmd) Run(ctx context.Context, a *app) error {
	c, err := k.load()
	if err != nil {
		return err
	}
	if err := k.refuse(); err != nil {
		return err
	}
	o := k.options(a, c)
	o.Principal = k.Principal
	principal, infos, err := k.passwordInfos(ctx, o)
	if err != nil {
		return err
	}
	password, err := readPassword(ctx, a, k.PasswordFile, principal.String())
	if err != nil {
		return err
	}
	added, err := k.entries(principal, infos, password, a.now())
	if err != nil {
		return err
	}
	defer clearKeys(added)
	path, err := k.write(ctx, added)
	if err != nil {
		return err
	}
	var p page
	for _, e := range added {
		p.line("wrote %s: %s, version %d, %s", path, e.Principal, e.KVNO, krb5.EnctypeName(e.Key.Enctype))
	}
	p.line("see whether the KDC takes it: qosreport keytab verify %s", path)
	return p.print(a)
}

func clearKeys(entries []krb5.KeytabEntry) {
	for _, e := range entries {
		e.Key.Clear()
	}
}

// passwordInfos are how the keys are made: as the KDC says, or with the salt that was
// given. Of a choice of its own it takes all AES types of the account, and RC4 only from
// an account that has nothing else.
func (k *keytabCreateCmd) passwordInfos(ctx context.Context, o kerberos.Options) (krb5.Principal, []kerberos.PasswordInfo, error) {
	wanted, err := k.enctypes()
	if err != nil {
		return krb5.Principal{}, nil, err
	}
	aes := krb5.EnctypeFamily("aes")
	if k.Salt != nil {
		if len(wanted) == 0 {
			wanted = aes[:2] // every KDC has those
		}
		principal, err := kerberos.PrincipalOf(ctx, o)
		var infos []kerberos.PasswordInfo
		for _, id := range wanted {
			infos = append(infos, kerberos.PasswordInfo{Enctype: id, Salt: *k.Salt})
		}
		return principal, infos, err
	}
	choices := [][]int32{wanted}
	if len(wanted) == 0 {
		choices = [][]int32{aes, krb5.EnctypeFamily("rc4")}
	}
	for _, choice := range choices {
		principal, infos, err := kerberos.AskPasswordInfo(ctx, o, choice)
		if err != nil || len(infos) == len(wanted) && len(infos) > 0 || len(wanted) == 0 && len(infos) > 0 {
			return principal, infos, err
		}
	}
	return krb5.Principal{}, nil, fault.Advise(fault.Errorf(fault.Security, fault.Authentication, "the account %s has no key of %s", k.Principal, cmp.Or(strings.Join(k.Enctype, " or "), "AES or RC4")),
		"leave out --enctype, or ask the directory team to give the account AES keys: that takes a change of the password")
}

func (k *keytabCreateCmd) enctypes() ([]int32, error) {
	var ids []int32
	for _, word := range k.Enctype {
		named, err := kerberos.EnctypesNamed(word)
		if err != nil {
			return nil, err
		}
		for _, id := range named {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

func (k *keytabCreateCmd) entries(p krb5.Principal, infos []kerberos.PasswordInfo, password string, now time.Time) ([]krb5.KeytabEntry, error) {
	var entries []krb5.KeytabEntry
	for _, info := range infos {
		key, err := info.Key(password)
		if err != nil {
			return nil, fault.New(fault.Security, fault.Authentication, fmt.Errorf("make a key for %s: %w", p, err))
		}
		entries = append(entries, krb5.KeytabEntry{Principal: p, NameType: p.Wire().NameType, Written: now, Key: key})
	}
	return entries, nil
}
