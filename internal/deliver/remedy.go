package deliver

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"

	"qosreport/internal/fault"
)

const remedyTooLarge = "attach less, or ask the mail team for a higher limit; smtp.max_size is where the workbook is left out"

// remedy is what the operator can do, or "".
func (e *Error) remedy() string {
	switch {
	case e.unknown(), e.class == fault.Cancelled:
		return ""
	case e.tooLarge():
		return remedyTooLarge
	case e.class == fault.Deferred:
		return "the server asks to come again later (greylisting, load or a limit), which often passes by itself"
	case e.Code == codeLoginFirst:
		return "the server wants a login: set smtp.user and smtp.password_file"
	case e.Code >= 500:
		return e.refusalRemedy()
	}
	return e.connectionRemedy()
}

// refusalRemedy is for answers 5yz.
func (e *Error) refusalRemedy() string {
	switch e.Step {
	case stepAuth:
		return "check smtp.user and smtp.password_file; the login is not repeated, because failures can lock the account"
	case stepMail:
		return "ask the mail team whether this host or login may send as the address of smtp.from"
	case stepRcpt:
		if strings.HasPrefix(e.Answer, "5.7") || e.Code == 554 {
			return "the server will not pass mail on for us: log in (smtp.user), or ask the mail team to let this host send"
		}
		return "correct the address, or take it out of the recipients"
	case stepData, stepContent, stepEnd:
		return "a filter of the server may have found something: ask the mail team, with the server's words"
	}
	return "the server takes no mail from this host: ask the mail team which server and port to use"
}

// connectionRemedy is for steps without an answer.
func (e *Error) connectionRemedy() string {
	var unknownHost *net.DNSError
	switch {
	case errors.As(e.cause, &unknownHost):
		return "see whether the name in smtp.host is right, and whether this host can ask a name server for it"
	case errors.Is(e.cause, errNoStartTLS):
		return "use the server's port for mail with TLS: 587, or 465 with smtp.tls: implicit"
	case errors.Is(e.cause, errNoMechanism):
		return "use the port for submission (587), where logins are offered; without a login leave smtp.user out"
	case e.untrusted():
		return e.trustRemedy()
	case e.Step == stepConnect:
		return "see whether smtp.host names the right port and whether a firewall lets us through: 587 or 25, and 465 with smtp.tls: implicit"
	case e.Step == stepGreeting && isTimeout(e.cause):
		return "a port that waits for TLS says nothing by itself: for 465 set smtp.tls: implicit"
	case isNetwork(e.cause):
		return "see the mail server's log for this time; a later attempt may pass"
	}
	return "see whether smtp.host is a mail server, and what stands between it and us"
}

// untrusted reports whether TLS or the login failed for a reason that stays.
func (e *Error) untrusted() bool {
	var header tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	return errors.As(e.cause, &header) || errors.As(e.cause, &certificate) || errors.As(e.cause, &alert) ||
		errors.Is(e.cause, errNoStartTLS) || errors.Is(e.cause, errNoMechanism)
}

func (e *Error) trustRemedy() string {
	var header tls.RecordHeaderError
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(e.cause, &header):
		return "this port does not begin with TLS: set smtp.tls: starttls, or use port 465"
	case errors.As(e.cause, &name):
		return "write the name that the certificate holds into smtp.host"
	case errors.As(e.cause, &authority):
		return "set smtp.ca_file to the PEM file of the authority that signed the server's certificate"
	}
	return "have the server's certificate looked at; see also whether this host's clock is right"
}
