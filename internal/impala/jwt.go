package impala

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"qosreport/internal/fault"
)

// maxJWT bounds a token; servers take a few KiB in a header field.
const maxJWT = 64 << 10

// CheckJWT finds what a server would refuse about a JSON Web Token (RFC 7519) without
// knowing its keys: text that is no token, which has area Usage, and one that is not valid
// now, which is a failed login. An encrypted token (RFC 7516) shows nothing of itself.
func CheckJWT(token string, now time.Time) error {
	claims, err := readClaims(token)
	if err != nil {
		return fault.Advise(fault.New(fault.Usage, 0, err), "write the token alone into the file, three parts with dots between, as the identity provider gave it")
	}
	const remedy = "have whatever writes impala.jwt_file fetch a new token; see also whether this host's clock is right"
	if until, ok := claims.Expires.time(); ok && !now.Before(until) {
		return fault.Advise(fault.Errorf(fault.Security, fault.Authentication, "the JWT expired at %s, %s ago", until.Format(time.RFC3339), now.Sub(until).Round(time.Second)), remedy)
	}
	if from, ok := claims.NotBefore.time(); ok && now.Before(from) {
		return fault.Advise(fault.Errorf(fault.Security, fault.Authentication, "the JWT is valid from %s on, in %s", from.Format(time.RFC3339), from.Sub(now).Round(time.Second)), remedy)
	}
	return nil
}

// claims are those of the registered ones that say when a token is good.
type claims struct {
	Expires   numericDate `json:"exp"`
	NotBefore numericDate `json:"nbf"`
}

// numericDate is seconds since 1970, maybe with a fraction; 0 is none.
type numericDate float64

// time is UTC. What no calendar holds is none.
func (n numericDate) time() (time.Time, bool) {
	const year9999 = 253402300799
	return time.Unix(int64(n), 0).UTC(), n > 0 && n <= year9999
}

// readClaims reads the token's form and its claims. No error repeats any of it.
func readClaims(token string) (claims, error) {
	var c claims
	switch {
	case token == "":
		return c, errors.New("no JWT: the text is empty")
	case len(token) > maxJWT:
		return c, fmt.Errorf("no JWT: %d bytes, and the most is %d", len(token), maxJWT)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 && len(parts) != 5 {
		return c, fmt.Errorf("no JWT: %d parts between dots, and not 3", len(parts))
	}
	for i, part := range parts {
		data, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || strings.ContainsAny(part, "\r\n") { // which the decoder skips
			return c, fmt.Errorf("no JWT: part %d is not in base64url", i+1)
		}
		if i == 0 && !json.Valid(data) {
			return c, errors.New("no JWT: its header is no JSON")
		}
		if i == 1 && len(parts) == 3 && json.Unmarshal(data, &c) != nil {
			return c, errors.New("no JWT: its claims are no JSON object with times")
		}
	}
	return c, nil
}
