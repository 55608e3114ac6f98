package hs2server

import (
	"errors"
	"fmt"
	"io"

	"qosreport/internal/impala/wire"
)

// login runs the server's side of the negotiation. Only a missing START and an unknown
// mechanism are answered with a text; every other failure ends without one, because
// Impala's transport closes the socket then (TSaslServerTransport.cpp).
func (p *port) login(rw io.ReadWriter) (Login, error) {
	status, payload, err := wire.ReadNegotiation(rw)
	if err != nil {
		return nil, err
	}
	if status != wire.NegotiationStart {
		return nil, refuse(rw, wire.NegotiationError, fmt.Sprintf("Expecting START status, received %d", status))
	}
	mechanism := string(payload)
	newLogin := p.logins[mechanism]
	if newLogin == nil {
		// The first token comes unasked; what is left unread would turn the answer into a reset.
		if _, _, err := wire.ReadNegotiation(rw); err != nil {
			return nil, err
		}
		return nil, refuse(rw, wire.NegotiationBad, "Unsupported mechanism type "+mechanism)
	}
	login := newLogin()
	for {
		status, payload, err = wire.ReadNegotiation(rw)
		if err != nil {
			return nil, err
		}
		if status != wire.NegotiationOK && status != wire.NegotiationComplete {
			return nil, fmt.Errorf("client ended the login with status %d", status)
		}
		challenge, done, err := login.Step(payload)
		if err != nil && p.server.opts.HiveFlags {
			return nil, errors.Join(err, refuse(rw, wire.NegotiationBad, hiveRefusal(mechanism)))
		}
		if err != nil {
			return nil, err
		}
		answer := wire.NegotiationOK
		if done {
			answer = wire.NegotiationComplete
		}
		if err := sendNegotiation(rw, answer, challenge); err != nil {
			return nil, err
		}
		if done {
			return login, nil
		}
	}
}

// hiveRefusal is what HiveServer2 says of a login that failed.
func hiveRefusal(mechanism string) string {
	if mechanism == "GSSAPI" {
		return "GSS initiate failed"
	}
	return "Error validating the login"
}

func refuse(w io.Writer, status wire.Negotiation, text string) error {
	return errors.Join(errors.New(text), sendNegotiation(w, status, []byte(text)))
}

// sendNegotiation writes head and payload apart, as Impala does: a client that expects
// both from one read fails here as it would there.
func sendNegotiation(w io.Writer, status wire.Negotiation, payload []byte) error {
	msg := wire.AppendNegotiation(nil, status, payload)
	if _, err := w.Write(msg[:5]); err != nil || len(payload) == 0 {
		return err
	}
	_, err := w.Write(msg[5:])
	return err
}
