package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/kerberos"
	"qosreport/internal/kerberos/krb5"
)

// keytabVerifyCmd logs in with the keys of a keytab.
type keytabVerifyCmd struct {
	File      string `arg:"" help:"The keytab."`
	Principal string `placeholder:"NAME@REALM" help:"Only the keys of this one; default all."`
	All       bool   `help:"Try older versions, too, and go on after a key that was refused: each refusal counts towards a lock-out."`
	realmFlags
}

// Run says of each key whether the KDC takes it, and fails unless each principal has one
// that is good and none of its newest is refused. What is wrong with one principal does not
// hide the others.
func (k *keytabVerifyCmd) Run(ctx context.Context, a *app) error {
	c, err := k.load()
	if err != nil {
		return err
	}
	o, zone := k.options(a, c), zoneNamed(c.Zone, time.UTC)
	o.Keytab, o.CCache = k.File, ""
	principals := []string{k.Principal}
	if k.Principal == "" {
		if principals, err = principalsOf(k.File); err != nil {
			return err
		}
	}
	var p page
	t := table{{"kvno", "enctype", "principal", "result"}}
	var bad error
	for _, name := range principals {
		o.Principal = name
		checks, creds, err := verify(ctx, o, k.All)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, c := range checks {
			t.row(fmt.Sprint(c.KVNO), krb5.EnctypeName(c.Enctype), creds, verdict(c, zone))
		}
		if err != nil {
			t.row("-", "-", creds, "not tried: "+err.Error())
		} else {
			err = badKeys(checks, creds)
		}
		if bad == nil {
			bad = err
		}
		if errors.Is(err, kerberos.KDCUnreachable) {
			break // for the others it would take as long
		}
	}
	p.table("", t)
	if err := p.print(a); err != nil {
		return err
	}
	return bad
}

func principalsOf(file string) ([]string, error) {
	entries, err := kerberos.ReadKeytab(file)
	if err != nil {
		return nil, err
	}
	defer clearKeys(entries)
	var names []string
	for _, e := range entries {
		if name := e.Principal.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

func verify(ctx context.Context, o kerberos.Options, all bool) (checks []kerberos.KeyCheck, principal string, err error) {
	creds, err := kerberos.New(ctx, o)
	if err != nil {
		return nil, o.Principal, err
	}
	defer creds.Close()
	checks, err = creds.VerifyKeys(ctx, all)
	if err != nil {
		err = fmt.Errorf("log in as %s: %w", creds.Principal(), err)
	}
	return checks, creds.Principal(), err
}

func verdict(c kerberos.KeyCheck, zone *time.Location) string {
	switch {
	case c.Untried != "":
		return "not tried: " + c.Untried
	case c.Err != nil:
		return "bad: " + c.Err.Error()
	}
	return "good, ticket until " + c.Until.In(zone).Format(secondLayout)
}

// badKeys is the failure of a principal without a good key, or with a refused one among
// the newest: a login would show it to the KDC. A type that the account does not have
// does no harm beside one that it has.
func badKeys(checks []kerberos.KeyCheck, principal string) error {
	good := false
	for _, c := range checks {
		switch {
		case c.KVNO < checks[0].KVNO || c.Untried != "" || errors.Is(c.Err, kerberos.EtypeUnsupported):
		case c.Err != nil:
			return c.Err
		default:
			good = true
		}
	}
	if good {
		return nil
	}
	return fault.Advise(fault.Errorf(fault.Security, fault.Authentication, "no key of %s is good", principal),
		"export a new keytab, with keys of the types that the account has: qosreport keytab create")
}
