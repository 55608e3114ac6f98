package impala

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"qosreport/internal/fault"
)

// HTTPError is an answer that is no reply to a call: of the server, or of a gateway or web
// page in its place.
type HTTPError struct {
	Status  int
	Type    string   // media type
	Text    string   // the beginning of the body, without markup
	Schemes []string // logins that it takes, with status 401: Negotiate, Basic, Bearer
	Reason  string   // why it does not take a Bearer token, when it says so (RFC 6750 section 3)

	location   string
	retryAfter time.Duration
}

func (e *HTTPError) Error() string {
	text := fmt.Sprintf("the server answers %d %s", e.Status, http.StatusText(e.Status))
	if e.Status == http.StatusOK {
		text = fmt.Sprintf("the answer is %s and no message of Impala", e.Type)
	}
	if e.location != "" {
		text += " to " + e.location
	}
	if said := cmp.Or(e.Reason, e.Text); said != "" {
		text += fmt.Sprintf(": %q", said)
	}
	return text
}

// passing reports whether the same request may be answered later.
func (e *HTTPError) passing() bool { return e.Status == http.StatusTooManyRequests || e.Status >= 500 }

// Bounds of what is shown of an answer.
const (
	readOfBody  = 4 << 10
	shownOfBody = 300
)

// httpError reads an answer in part. What it repeats of the login is left out.
func httpError(response *http.Response, login Authorization) *HTTPError {
	body, _ := io.ReadAll(io.LimitReader(response.Body, readOfBody)) // whatever comes
	e := &HTTPError{
		Status:     response.StatusCode,
		Type:       brief(response.Header.Get("Content-Type")),
		Text:       brief(withoutMarkup(withoutSecret(string(body), login))),
		retryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now()),
	}
	if target, err := url.Parse(response.Header.Get("Location")); err == nil && target.String() != "" {
		e.location = brief((&url.URL{Scheme: target.Scheme, Host: target.Host, Path: target.Path}).String())
	}
	for _, s := range schemes(response.Header.Values("WWW-Authenticate")) {
		if !slices.Contains(e.Schemes, s.name) {
			e.Schemes = append(e.Schemes, s.name)
		}
		if s.name == "Bearer" {
			e.Reason = brief(withoutSecret(cmp.Or(s.parameter("error_description"), s.parameter("error")), login))
		}
	}
	return e
}

func withoutSecret(text string, login Authorization) string {
	if login == nil {
		return text
	}
	_, secret, _ := strings.Cut(login.Authorization(), " ")
	if secret == "" {
		return text
	}
	return strings.ReplaceAll(text, secret, "(secret)")
}

// withoutMarkup leaves out what stands between < and >, and the texts of style sheets and
// scripts with it.
func withoutMarkup(text string) string {
	var plain strings.Builder
	for text != "" {
		before, rest, _ := strings.Cut(text, "<")
		plain.WriteString(before + " ")
		tag, after, _ := strings.Cut(rest, ">")
		for _, hidden := range []string{"style", "script"} {
			if strings.HasPrefix(strings.ToLower(tag), hidden) {
				_, after, _ = strings.Cut(after, "</"+hidden)
				_, after, _ = strings.Cut(after, ">")
			}
		}
		text = after
	}
	return plain.String()
}

// brief makes one short line of what a server sent.
func brief(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	return shortened(strings.Join(strings.Fields(text), " "), shownOfBody)
}

// shortened is text, or its beginning when it has more than most bytes.
func shortened(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) { // in the middle of a letter
		most--
	}
	return text[:most] + "…"
}

// challenge is one of the fields WWW-Authenticate.
type challenge struct {
	name  string // of the scheme
	rest  string
	token bool // a token follows the name, and no parameters
}

// schemes reads fields WWW-Authenticate (RFC 9110 section 11.6.1) as far as it matters here: a
// part between commas begins a challenge unless it is a parameter of the one before.
func schemes(fields []string) []challenge {
	var all []challenge
	for _, field := range fields {
		begun := len(all)
		for part := range strings.SplitSeq(field, ",") {
			part = strings.TrimSpace(part)
			name, rest, spaced := strings.Cut(part, " ")
			if strings.Contains(name, "=") {
				if len(all) > begun {
					all[len(all)-1].rest += "," + part
				}
				continue
			}
			if name == "" {
				continue
			}
			rest = strings.TrimSpace(rest)
			all = append(all, challenge{name: canonical(name), rest: rest, token: spaced && rest != "" && !strings.Contains(strings.TrimRight(rest, "="), "=")})
		}
	}
	return all
}

// canonical is the name of a scheme as registered, which servers write as they like.
func canonical(name string) string {
	for _, known := range []string{"Negotiate", "Basic", "Bearer"} {
		if strings.EqualFold(name, known) {
			return known
		}
	}
	return brief(name)
}

// parameter is the value of a parameter, without its quotes.
func (c challenge) parameter(name string) string {
	for part := range strings.SplitSeq(c.rest, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if strings.EqualFold(key, name) {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// failure says what a call that failed means.
func (c *httpConn) failure(ctx context.Context, err error, method string, timeout time.Duration) error {
	if cause := ended(ctx); cause != nil {
		return fmt.Errorf("%s: %w", method, cause)
	}
	var answer *HTTPError
	switch {
	case errors.As(err, &answer):
		area, class, remedy := c.meaning(answer, method)
		if answer.Status == http.StatusUnauthorized && c.scheme == "Basic" {
			err = &passwordRefused{err}
		}
		return fault.Advise(fault.New(area, class, fmt.Errorf("%s: %w", method, err)), "%s", remedy)
	case fault.ClassOf(err) != fault.Unclassified || fault.AreaOf(err) != fault.Internal:
		return fmt.Errorf("%s: %w", method, err)
	case len(err.Error()) > shownOfBody: // net/http repeats the line that it cannot read
		err = errors.New(brief(err.Error()))
	}
	return callFailure(ctx, err, method, timeout)
}

// meaning says where an answer belongs and what can be done about it.
func (c *httpConn) meaning(e *HTTPError, method string) (fault.Area, fault.Class, string) {
	const wrongPort = "see port and path: the HTTP transport has port 28000 (25000 is the coordinator's web page) and, behind a gateway, a path (impala.http_path)"
	text := strings.ToLower(e.Text)
	switch {
	case e.Status == http.StatusUnauthorized:
		return fault.Security, fault.Authentication, c.adviseLogin(e)
	case e.Status == http.StatusForbidden:
		return fault.Security, fault.Authentication, "the server or gateway knows who asks and does not let in: ask its administrator for access"
	case e.Status >= 300 && e.Status < 400:
		return fault.Impala, fault.Unclassified, "redirects are not followed, since a login would go along: write the address that answers itself into impala.hosts, impala.http_path and impala.tls.enabled"
	case e.Status == http.StatusBadRequest && c.opts.TLS == nil && strings.Contains(text, "https"):
		return fault.Security, fault.Authentication, adviceTLSOn
	case e.Status == http.StatusRequestHeaderFieldsTooLarge:
		return fault.Security, fault.Authentication, "the login is too large for the server, as that of a user in very many groups is: ask for a larger limit of header fields there"
	case e.passing() && method == "OpenSession":
		return fault.Impala, fault.Network, "the server or the gateway before it is overloaded or starting; see its log if this lasts"
	case e.passing():
		return fault.Impala, fault.Lost, "the server or the gateway before it gave up; its log has the reason"
	case e.Status == http.StatusOK && c.opts.HTTP.Login == nil:
		return fault.Impala, fault.Unclassified, wrongPort + "; a gateway that shows a page for logins wants impala.auth kerberos, ldap or jwt"
	}
	return fault.Impala, fault.Unclassified, wrongPort
}

// adviseLogin compares the login that was sent with those that the server takes.
func (c *httpConn) adviseLogin(e *HTTPError) string {
	settings := map[string]string{"Negotiate": "kerberos", "Basic": "ldap", "Bearer": "jwt"}
	var takes []string
	for _, scheme := range e.Schemes {
		if setting := settings[scheme]; setting != "" {
			takes = append(takes, setting)
		}
	}
	sent := settings[c.scheme]
	if len(takes) > 0 && !slices.Contains(takes, sent) {
		return fmt.Sprintf("the server takes other logins: impala.auth %s", strings.Join(takes, " or "))
	}
	switch sent {
	case "kerberos":
		return "the log of the server has the reason: often a service principal of another name (impala.service: a gateway wants HTTP; impala.spn_host), a clock that is off, or a server keytab older than its key"
	case "ldap":
		return "see whether user and password are right and whether the server takes LDAP logins; its log has the reason"
	case "jwt":
		return "the server does not take the token of impala.jwt_file: see its issuer, audience and key, and that TLS is on; its log has the reason"
	}
	return "the server wants a login: impala.auth kerberos, ldap or jwt"
}
