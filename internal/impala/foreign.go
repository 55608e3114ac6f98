package impala

import (
	"errors"
	"fmt"
	"slices"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// foreigners are the answers of a peer that speaks another protocol than was begun with:
// the port is another one, or transport or TLS are set otherwise there.
var foreigners = []error{wire.ErrPeerSpeaksTLS, wire.ErrPeerSpeaksHTTP, wire.ErrPeerSpeaksSASL, wire.ErrPeerSpeaksThrift}

func foreign(err error) bool {
	return slices.ContainsFunc(foreigners, func(other error) bool { return errors.Is(err, other) })
}

const (
	adviceTLSOn = "switch TLS on (impala.tls.enabled: true, --impala-tls)"
	adviceHTTP  = "this is a port of the HTTP transport (28000: impala.transport http) or a web page (25000); the binary port is 21050"
)

// foreignFailure names what a peer speaks and which setting goes with it.
func foreignFailure(err error, method string) error {
	area, class, remedy := fault.Impala, fault.Unclassified, ""
	switch {
	case errors.Is(err, wire.ErrPeerSpeaksTLS):
		area, class, remedy = fault.Security, fault.Authentication, adviceTLSOn
	case errors.Is(err, wire.ErrPeerSpeaksHTTP):
		remedy = adviceHTTP
	case errors.Is(err, wire.ErrPeerSpeaksSASL):
		remedy = "the server wants a login on a port of the binary transport: take impala.transport sasl with impala.auth kerberos or ldap; the port of the HTTP transport is 28000"
	case errors.Is(err, wire.ErrPeerSpeaksThrift):
		remedy = "this is a port of the binary transport without a login: take impala.transport plain-socket with impala.auth none; the port of the HTTP transport is 28000"
	}
	return fault.Advise(fault.New(area, class, fmt.Errorf("%s: %w", method, err)), "%s", remedy)
}
