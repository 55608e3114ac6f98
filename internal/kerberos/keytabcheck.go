package kerberos

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// KeyCheck is what the KDC said of one key of a keytab.
type KeyCheck struct {
	KVNO    uint32
	Enctype int32
	Until   time.Time // when the ticket ends that the key got; zero: it got none
	Untried string    // why the key was not shown to the KDC, or ""
	Err     error     // why it is no good, or nil
}

// VerifyKeys logs in with each key of who logs in, the newest version first. Because a
// refused key counts towards a lock-out, older versions and what follows after a refusal
// are not tried unless all is true. An error says that the KDC was not asked or gave no
// answer.
func (c *Creds) VerifyKeys(ctx context.Context, all bool) ([]KeyCheck, error) {
	keys, err := c.clientKeys(ctx)
	if err != nil {
		return nil, err
	}
	defer keys.clear()
	var checks []KeyCheck
	refused := false
	for _, e := range keys {
		check := KeyCheck{KVNO: e.KVNO, Enctype: e.Key.Enctype}
		switch {
		case e.KVNO < keys[0].KVNO && !all:
			check.Untried = fmt.Sprintf("older than version %d", keys[0].KVNO)
		case refused && !all:
			check.Untried = "the KDC counts refusals"
		default:
			if check.Until, check.Err = c.verifyKey(ctx, keySet{e}); errors.Is(check.Err, KDCUnreachable) || errors.Is(check.Err, NoKDC) || ctx.Err() != nil {
				return checks, check.Err
			}
			// That the account has no such key is told before any proof.
			refused = refused || check.Err != nil && !errors.Is(check.Err, EtypeUnsupported)
		}
		checks = append(checks, check)
	}
	return checks, nil
}

func (c *Creds) verifyKey(ctx context.Context, key keySet) (until time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	// Without the type at the KDC its answer to a login would be about something else.
	infos, err := c.askPasswordInfo(ctx, key[0].Key.Enctype)
	if err != nil {
		return time.Time{}, err
	}
	if len(infos) == 0 {
		return time.Time{}, fail(EtypeUnsupported, nil, "nothing is wrong if another key is good: the account has keys of other types", "the account has no key of this type")
	}
	t, err := c.loginWith(ctx, key)
	if err != nil {
		return time.Time{}, err
	}
	t.key.Clear()
	return t.end, nil
}
