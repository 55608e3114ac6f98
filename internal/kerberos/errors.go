package kerberos

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"qosreport/internal/fault"
	"qosreport/internal/kerberos/krb5"

	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/messages"
)

// Kind says what went wrong. It is an error itself, so that errors.Is finds it:
// errors.Is(err, kerberos.SPNUnknown).
type Kind int

// The kinds of failures.
const (
	Internal           Kind = iota // a bug of ours, or of the peer
	ConfigSyntax                   // krb5.conf cannot be read as one
	ConfigMissing                  // no krb5.conf where one is needed
	NoRealm                        // a principal without realm, and no default
	NoKDC                          // no address of a KDC is known
	KDCUnreachable                 // every address failed
	KeytabRead                     // the file cannot be read
	KeytabPerm                     // others can read the file, or it is another user's
	KeytabEmpty                    // no keys in it
	KeytabFormat                   // not a keytab
	KeytabNoEntry                  // no key for the principal
	KeytabStale                    // the KDC does not accept the key
	CCacheType                     // a credential cache that is no file
	CCacheRead                     // a credential cache that cannot be used
	ClientUnknown                  // the KDC does not know the principal
	ClientExpired                  // the account has expired
	ClientLocked                   // the account is locked or disabled
	PasswordExpired                // the password has to be changed
	Policy                         // the KDC's policy forbids it
	PreauthUnsupported             // the KDC wants a pre-authentication that is not ours
	EtypeUnsupported               // no encryption type in common
	ClockSkew                      // clocks differ too much
	SPNUnknown                     // the KDC does not know the service principal
	SPNAmbiguous                   // the service principal is registered twice
	TicketExpired                  // a ticket is no longer valid
	TrustPath                      // no way to the service's realm
	ServiceKey                     // the service cannot decrypt the ticket
	Replay                         // the service saw the same request before
	MutualFailed                   // the service did not prove its identity
	Token                          // malformed, damaged or reordered security token, or reply of a KDC
	Layer                          // no protection level in common
	KDCRefused                     // any other error of a KDC
	PeerRefused                    // any other error of a service
)

var kindNames = [...]string{
	"internal", "krb5.conf syntax", "krb5.conf missing", "no realm", "no KDC known", "no KDC answers",
	"keytab unreadable", "keytab permissions", "keytab empty", "not a keytab", "principal not in the keytab", "key not accepted",
	"type of credential cache", "credential cache unreadable",
	"principal unknown", "account expired", "account locked", "password expired", "forbidden by policy",
	"pre-authentication not supported", "no common encryption type", "clock skew", "service principal unknown",
	"service principal ambiguous", "ticket expired", "no trust path", "service key", "replay", "mutual authentication failed",
	"security token", "no common protection level", "refused by the KDC", "refused by the service",
}

// Error is the name of the kind.
func (k Kind) Error() string {
	if k < 0 || int(k) >= len(kindNames) {
		return kindNames[Internal]
	}
	return kindNames[k]
}

// Error is a failure of this package: one sentence for people, and in brackets what an
// expert asks for. It never holds a key, a ticket or a token.
type Error struct {
	Kind   Kind
	Code   int32         // of RFC 4120 section 7.5.9; 0 when no peer gave one
	Offset time.Duration // by how much the peer's clock is ahead, if that matters
	Text   string
	Err    error // the cause, or nil
}

func (e *Error) Error() string {
	var tail []string
	if e.Code != 0 {
		tail = append(tail, codeText(e.Code))
	}
	if e.Err != nil {
		tail = append(tail, e.Err.Error())
	}
	if len(tail) == 0 {
		return e.Text
	}
	return e.Text + " [" + strings.Join(tail, ": ") + "]"
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// codeText is "KDC_ERR_PREAUTH_FAILED, code 24".
func codeText(code int32) string {
	name := strings.Fields(errorcode.Lookup(code) + " ?")
	for _, word := range name {
		if strings.HasPrefix(word, "KDC_") || strings.HasPrefix(word, "KRB_") {
			return fmt.Sprintf("%s, code %d", word, code)
		}
	}
	return fmt.Sprintf("code %d", code)
}

// failure makes the error of a kind with its class and remedy.
func failure(e *Error, remedy string) error {
	class := fault.Authentication
	if e.Kind == KDCUnreachable {
		class = fault.KDC
	}
	err := fault.New(fault.Security, class, e)
	if remedy == "" {
		return err
	}
	return fault.Advise(err, "%s", remedy)
}

// fail is failure for a sentence and a cause that may be nil.
func fail(kind Kind, cause error, remedy, format string, args ...any) error {
	return failure(&Error{Kind: kind, Text: fmt.Sprintf(format, args...), Err: cause}, remedy)
}

// refusalText is what a code of a KDC means.
type refusalText struct {
	kind   Kind
	text   string // with %s for the principal
	remedy string
}

// clientRefusals are the KDC's answers about who logs in.
var clientRefusals = map[int32]refusalText{
	errorcode.KDC_ERR_C_PRINCIPAL_UNKNOWN: {ClientUnknown, "the KDC does not know %s",
		"check spelling and realm, which are case-sensitive, and whether the account still exists; in Active Directory the name is the sAMAccountName or the userPrincipalName"},
	errorcode.KDC_ERR_NAME_EXP: {ClientExpired, "the account %s has expired",
		"ask the directory team to extend the account"},
	errorcode.KDC_ERR_CLIENT_REVOKED: {ClientLocked, "the account %s is locked or disabled",
		"ask the directory team to unlock the account"},
	errorcode.KDC_ERR_KEY_EXPIRED: {PasswordExpired, "the password of %s has expired",
		"have the password changed, then export a new keytab"},
	errorcode.KDC_ERR_POLICY: {Policy, "the KDC's policy forbids a login of %s",
		"ask the directory team about limits of time and host for the account"},
	errorcode.KDC_ERR_ETYPE_NOSUPP: {EtypeUnsupported, "the KDC has no encryption type in common with the keytab of %s",
		"give the account AES keys and export a new keytab; klist -ekt shows the types of a keytab"},
}

// preauthFailure is that of a KDC which wants more than an encrypted timestamp.
func (c *Creds) preauthFailure(e *messages.KRBError) error {
	return failure(&Error{Kind: PreauthUnsupported, Code: e.ErrorCode, Err: peerText(e),
		Text: fmt.Sprintf("the KDC wants a pre-authentication of %s that this program does not have (FAST, SPAKE, a certificate or a one-time password)", c.client)},
		"have encrypted timestamps allowed for this principal")
}

// ticketRefusals are the KDC's answers about a service.
var ticketRefusals = map[int32]refusalText{
	errorcode.KDC_ERR_S_PRINCIPAL_UNKNOWN: {SPNUnknown, "the KDC knows no service principal %s",
		"use the host name of the server's own principal (--impala-spn-host, impala.spn_host); behind a load balancer it is often the balancer's"},
	errorcode.KDC_ERR_PRINCIPAL_NOT_UNIQUE: {SPNAmbiguous, "the service principal %s is registered twice",
		"ask the directory team to remove one: setspn -X lists them"},
	errorcode.KDC_ERR_ETYPE_NOSUPP: {EtypeUnsupported, "the KDC has no encryption type in common for %s",
		"give the service account AES keys, or see the enctype lists in krb5.conf"},
	errorcode.KDC_ERR_POLICY: {Policy, "the KDC's policy forbids a ticket for %s",
		"ask the directory team about limits of time, host and delegation for the service"},
	errorcode.KDC_ERR_MUST_USE_USER2USER: {Policy, "the KDC's policy forbids a ticket for %s",
		"the name belongs to no service account: ask the directory team"},
	errorcode.KRB_AP_ERR_TKT_EXPIRED: {TicketExpired, "the KDC says that the ticket-granting ticket has expired",
		"see whether the clocks of the KDCs agree with each other"},
	errorcode.KRB_AP_ERR_TKT_NYV: {TicketExpired, "the KDC says that the ticket-granting ticket is not valid yet",
		"see whether the clocks of the KDCs agree with each other"},
}

// asFailure tells what a KDC's refusal of a login means.
func (c *Creds) asFailure(e *messages.KRBError, k keySet) error {
	known, ok := clientRefusals[e.ErrorCode]
	if ok {
		return failure(&Error{Kind: known.kind, Code: e.ErrorCode, Text: fmt.Sprintf(known.text, c.client)}, known.remedy)
	}
	switch e.ErrorCode {
	case errorcode.KDC_ERR_PREAUTH_FAILED:
		return failure(&Error{Kind: KeytabStale, Code: e.ErrorCode,
			Text: fmt.Sprintf("the KDC does not accept the key of %s in keytab %s (%s)", c.client, c.opts.Keytab, k)},
			"the password or key was changed after the keytab was made: export a new keytab; the login is not repeated, because each attempt counts towards a lock-out")
	case errorcode.KRB_AP_ERR_SKEW:
		return c.skewFailure(e, "the KDC")
	case errorcode.KDC_ERR_PREAUTH_REQUIRED:
		return c.preauthFailure(e)
	case errorcode.KDC_ERR_WRONG_REALM:
		return failure(&Error{Kind: KDCRefused, Code: e.ErrorCode, Text: fmt.Sprintf("the KDC that was asked does not serve the realm %s", c.client.Realm), Err: peerText(e)},
			"the address belongs to a KDC of another realm: see the realm's kdc lines in krb5.conf, or --kerberos-kdc")
	}
	return failure(&Error{Kind: KDCRefused, Code: e.ErrorCode, Text: fmt.Sprintf("the KDC refused the login of %s", c.client), Err: peerText(e)},
		"the log of the KDC has the reason")
}

// tgsFailure tells what a KDC's refusal of a service ticket means.
func (c *Creds) tgsFailure(e *refusedTGS, service krb5.Principal) error {
	spn := krb5.Principal{Components: service.Components, Realm: e.realm()}.String()
	f := &Error{Kind: KDCRefused, Code: e.ErrorCode, Text: fmt.Sprintf("the KDC refused a ticket for %s", spn), Err: peerText(e.KRBError)}
	if e.isTrustFailure(service) {
		f.Kind, f.Text = TrustPath, trustText(e.passed, service)
		return failure(f, trustRemedy)
	}
	known, ok := ticketRefusals[e.ErrorCode]
	switch {
	case e.ErrorCode == errorcode.KRB_AP_ERR_SKEW:
		return c.skewFailure(e.KRBError, "the KDC")
	case !ok:
		return failure(f, "the log of the KDC has the reason")
	}
	f.Kind, f.Text = known.kind, strings.ReplaceAll(known.text, "%s", spn)
	return failure(f, known.remedy)
}

// skewFailure blames the clocks, and says whose.
func (c *Creds) skewFailure(e *messages.KRBError, whose string) error {
	ahead := peerTime(e.STime, e.Susec).Sub(c.clock.local())
	direction := "ahead of"
	if ahead < 0 {
		direction = "behind"
	}
	return failure(&Error{Kind: ClockSkew, Code: e.ErrorCode, Offset: ahead,
		Text: fmt.Sprintf("clocks differ: that of %s is %s %s this host's", whose, ahead.Abs().Round(time.Second), direction)},
		"start time synchronisation (chrony, ntpd) on both")
}

// peerText is the error text of a peer as a cause, or nil.
func peerText(e *messages.KRBError) error {
	if e.EText == "" {
		return nil
	}
	text := e.EText
	if len(text) > 200 {
		text = text[:200]
	}
	return fmt.Errorf("%q", text)
}

// printable is a text with names that a peer chose, fit for a terminal: of bounded length
// and without characters that control it.
func printable(text string) string {
	const most = 300
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

func peerTime(whole time.Time, micros int) time.Time {
	return whole.Add(time.Duration(micros) * time.Microsecond)
}
