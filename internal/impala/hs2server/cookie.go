package hs2server

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	authCookieName = "impala.auth"
	cookieLife     = 24 * time.Hour // of --max_cookie_lifetime_s
	maxCookies     = 5              // of a request that Impala looks at
)

// cookies makes and checks the cookies of one start of a coordinator
// (authentication-util.cc): they hold who logged in and when, under a key of their own.
type cookies struct {
	key   []byte
	life  time.Duration
	began time.Time
}

func newCookies(life time.Duration) *cookies {
	if life == 0 {
		life = cookieLife
	}
	c := &cookies{key: make([]byte, sha256.Size), life: life, began: time.Now()}
	rand.Read(c.key)
	return c
}

func (c *cookies) sign(text string) string {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// set gives a cookie to who has just logged in.
func (c *cookies) set(header http.Header, user, mechanism string) {
	if c.life < 0 {
		return
	}
	random := make([]byte, 4)
	rand.Read(random)
	text := fmt.Sprintf("u=%s&t=%d&r=%d&a=%s", user, time.Since(c.began).Milliseconds(), binary.BigEndian.Uint32(random), mechanism)
	header.Add("Set-Cookie", fmt.Sprintf("%s=%s&%s;HttpOnly;Max-Age=%d;Secure", authCookieName, c.sign(text), text, int(c.life/time.Second)))
}

// check tells who a cookie is of.
func (c *cookies) check(value string) (user string, ok bool) {
	signature, text, found := strings.Cut(value, "&")
	if !found || c.life < 0 || !hmac.Equal([]byte(signature), []byte(c.sign(text))) {
		return "", false
	}
	rest, mechanism := cutLast(text, "&a=")
	rest, random := cutLast(rest, "&r=")
	rest, since := cutLast(rest, "&t=")
	milliseconds, err := strconv.ParseInt(since, 10, 64)
	user, named := strings.CutPrefix(rest, "u=")
	if err != nil || !named || mechanism == "" || random == "" {
		return "", false
	}
	return user, time.Since(c.began) < time.Duration(milliseconds)*time.Millisecond+c.life
}

// cutLast splits a text at the last separator; names may hold one, too.
func cutLast(text, separator string) (before, after string) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, ""
	}
	return text[:i], text[i+len(separator):]
}

// authCookie finds the cookie among the first of a request. Its value may stand in quotes.
func authCookie(header http.Header) (value string, found bool) {
	seen := 0
	for _, line := range header.Values("Cookie") {
		for cookie := range strings.SplitSeq(line, ";") {
			if seen++; seen > maxCookies {
				return "", false
			}
			name, value, _ := strings.Cut(strings.TrimSpace(cookie), "=")
			if name == authCookieName {
				return strings.Trim(value, `"`), true
			}
		}
	}
	return "", false
}
