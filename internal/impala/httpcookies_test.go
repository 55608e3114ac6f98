package impala

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestCookies(t *testing.T) {
	start := time.Unix(1e9, 0) // Sun, 09 Sep 2001 01:46:40 GMT
	tests := []struct {
		name   string
		lines  []string
		later  time.Duration
		header string
		logsIn bool
	}{
		{"none", nil, 0, "", false},
		{"Impala's", []string{"impala.auth=aGE=&u=report&t=1&r=2&a=ldap;HttpOnly;Max-Age=86400;Secure;SameSite=Strict"}, 0, "impala.auth=aGE=&u=report&t=1&r=2&a=ldap", true},
		{"the login's first", []string{"A=1", "B=2", "C=3", "D=4", "E=5", "hadoop.auth=\"x y\""}, 0, `hadoop.auth="x y"; A=1; B=2; C=3; D=4; E=5`, true},
		{"the newest of a name", []string{"A=1", "B=2", "A=3"}, 0, "B=2; A=3", false},
		{"taken back", []string{"impala.auth=x", "A=1", "impala.auth=;Max-Age=0"}, 0, "A=1", false},
		{"taken back with a date", []string{"A=1", "A=;Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, 0, "", false},
		{"expired since", []string{"impala.auth=x;max-age=60", "A=1; Expires=Sun, 09 Sep 2001 01:47:00 GMT"}, time.Minute, "", false},
		{"not yet expired", []string{"impala.auth=x;max-age=60"}, 59 * time.Second, "impala.auth=x", true},
		{"the age goes before the date", []string{"A=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=9", "B=1; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT"}, 0, "A=1; B=1", false},
		{"an age that is none", []string{"A=1;Max-Age=soon"}, 0, "A=1", false},
		{"for other hosts and paths", []string{"A=1; Domain=example.org; Path=/x; Secure"}, 0, "A=1", false},
		{"no cookies", []string{"", "A", "=1", ";", "A\x01=1", "A=\x7f"}, 0, "", false},
		{"too large", []string{"A=" + strings.Repeat("x", maxCookie)}, 0, "", false},
		{"without a value", []string{"A="}, 0, "A=", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c cookies
			c.take(http.Header{"Set-Cookie": tt.lines}, start)
			now := start.Add(tt.later)
			if got := c.header(now); got != tt.header || c.logsIn(now) != tt.logsIn {
				t.Errorf("got %q, logs in %t", got, c.logsIn(now))
			}
			c.dropLogins()
			if c.logsIn(now) {
				t.Error("a login is left")
			}
		})
	}
}

func TestCookiesAreBounded(t *testing.T) {
	var c cookies
	for i := range 1000 {
		c.take(http.Header{"Set-Cookie": {"c" + strconv.Itoa(i) + "=x"}}, time.Time{})
	}
	if len(c.kept) != maxCookies {
		t.Errorf("%d are kept", len(c.kept))
	}
}
