package impala

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bounds of what is kept of a server's cookies.
const (
	maxCookies   = 32
	maxCookie    = 8 << 10 // bytes of a name and its value
	loginCookies = ".auth" // the end of the names of cookies that stand for a login: impala.auth, hive.server2.auth, hadoop.auth
)

// cookies are those of one server, kept by hand: balancers find the coordinator by theirs,
// Impala's value is no value by RFC 6265 (it holds = and & and must come back as it came),
// and Secure cookies are needed without TLS, too, where a cookie jar withholds them.
type cookies struct {
	kept []cookie
}

type cookie struct {
	name, value string
	until       time.Time // zero: as long as the connection
}

func (c cookie) ended(now time.Time) bool { return !c.until.IsZero() && !c.until.After(now) }
func (c cookie) logsIn() bool             { return strings.HasSuffix(c.name, loginCookies) }

// take reads the fields Set-Cookie of an answer.
func (c *cookies) take(fields http.Header, now time.Time) {
	for _, line := range fields.Values("Set-Cookie") {
		next, ok := parseCookie(line, now)
		if !ok {
			continue
		}
		c.kept = slices.DeleteFunc(c.kept, func(old cookie) bool { return old.name == next.name })
		if !next.ended(now) && len(c.kept) < maxCookies {
			c.kept = append(c.kept, next)
		}
	}
}

// parseCookie reads a field. Which host and path it is for does not matter: there is one.
func parseCookie(line string, now time.Time) (cookie, bool) {
	pair, attributes, _ := strings.Cut(line, ";")
	name, value, found := strings.Cut(pair, "=")
	c := cookie{name: strings.TrimSpace(name), value: strings.TrimSpace(value)}
	if !found || c.name == "" || len(pair) > maxCookie || strings.ContainsFunc(pair, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return c, false
	}
	aged := false // Max-Age goes before Expires
	for attribute := range strings.SplitSeq(attributes, ";") {
		key, text, _ := strings.Cut(strings.TrimSpace(attribute), "=")
		switch strings.ToLower(key) {
		case "max-age":
			if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
				c.until, aged = now.Add(time.Duration(seconds)*time.Second), true
			}
		case "expires":
			if at, err := http.ParseTime(text); err == nil && !aged {
				c.until = at
			}
		}
	}
	return c, true
}

// logsIn reports whether there is a cookie that stands for a login.
func (c *cookies) logsIn(now time.Time) bool {
	return slices.ContainsFunc(c.kept, func(k cookie) bool { return k.logsIn() && !k.ended(now) })
}

// dropLogins forgets the cookies that stand for a login.
func (c *cookies) dropLogins() { c.kept = slices.DeleteFunc(c.kept, cookie.logsIn) }

// header is the field Cookie, with logins first, because Impala looks at five cookies only.
func (c *cookies) header(now time.Time) string {
	var logins, others []string
	for _, k := range c.kept {
		pair := k.name + "=" + k.value
		switch {
		case k.ended(now):
		case k.logsIn():
			logins = append(logins, pair)
		default:
			others = append(others, pair)
		}
	}
	return strings.Join(append(logins, others...), "; ")
}
