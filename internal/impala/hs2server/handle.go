package hs2server

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"

	"qosreport/internal/impala/wire"
)

const handleBytes = 16

// newHandle makes an id at random. An operation has the secret of its session.
func newHandle(secret []byte) wire.Handle {
	guid := make([]byte, handleBytes)
	rand.Read(guid)
	if secret == nil {
		secret = make([]byte, handleBytes)
		rand.Read(secret)
	}
	return wire.Handle{GUID: guid, Secret: secret}
}

func malformed(h wire.Handle) error {
	if len(h.GUID) == handleBytes && len(h.Secret) == handleBytes {
		return nil
	}
	return general("Malformed THandleIdentifier (guid size: %d, expected %d, secret size: %d, expected %d)",
		len(h.GUID), handleBytes, len(h.Secret), handleBytes)
}

func sameSecret(a, b wire.Handle) bool { return subtle.ConstantTimeCompare(a.Secret, b.Secret) == 1 }

func general(format string, args ...any) error {
	return &serverError{fmt.Sprintf(format, args...), generalState}
}

func invalidSession(h wire.Handle) error {
	return general("Invalid session id: %s", wire.ImpalaID(h.GUID))
}

func unknownQuery(h wire.Handle) error {
	return general("Invalid or unknown query handle: %s.", wire.ImpalaID(h.GUID))
}
