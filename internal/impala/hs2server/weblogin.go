package hs2server

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"time"
)

// authenticate finds out who asks (authentication.cc). A cookie that is good saves the
// rest; one that is not is cleared and the request goes on without it.
func (h *webPort) authenticate(w http.ResponseWriter, r *http.Request) (user string, ok bool) {
	if h.Negotiate == nil && h.Basic == nil && h.Bearer == nil {
		return "", true
	}
	if value, sent := authCookie(r.Header); sent {
		if user, ok := h.cookies.check(value); ok {
			return user, true
		}
		w.Header().Add("Set-Cookie", authCookieName+"=;Max-Age=0")
	}
	scheme, credentials, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	credentials = strings.TrimSpace(credentials)
	switch {
	case h.Bearer != nil && strings.EqualFold(scheme, "Bearer") && strings.Contains(credentials, "."):
		user, ok = h.bearer(w, r, credentials)
	case h.Basic != nil && strings.EqualFold(scheme, "Basic"):
		user, ok = h.basic(credentials)
	case h.Negotiate != nil && strings.EqualFold(scheme, "Negotiate"):
		user, ok = h.negotiate(w, credentials)
	}
	if !ok {
		h.challenge(w)
		return "", false
	}
	h.cookies.set(w.Header(), user, strings.ToUpper(scheme))
	return user, true
}

// challenge names the schemes of the port in a refusal.
func (h *webPort) challenge(w http.ResponseWriter) {
	if h.Negotiate != nil && w.Header().Get("WWW-Authenticate") == "" {
		w.Header().Add("WWW-Authenticate", "Negotiate")
	}
	if h.Basic != nil {
		w.Header().Add("WWW-Authenticate", "Basic")
	}
}

func (h *webPort) bearer(w http.ResponseWriter, r *http.Request, token string) (string, bool) {
	if r.TLS == nil && !h.BearerPlain {
		return "", false
	}
	user, err := h.Bearer(token)
	if err != nil {
		w.Header().Add("WWW-Authenticate", `Bearer error="invalid_token"`)
		return "", false
	}
	return user, true
}

func (h *webPort) basic(credentials string) (string, bool) {
	plain, err := base64.StdEncoding.DecodeString(credentials)
	if err != nil {
		return "", false
	}
	user, password, found := strings.Cut(string(plain), ":")
	return user, found && user != "" && password != "" && h.Basic(user, password)
}

// negotiate needs a token that is complete: the next request may come on another
// connection and finds no context.
func (h *webPort) negotiate(w http.ResponseWriter, credentials string) (string, bool) {
	token, err := base64.StdEncoding.DecodeString(credentials)
	if err != nil || len(token) == 0 {
		return "", false
	}
	reply, user, err := h.Negotiate(token)
	if len(reply) > 0 {
		w.Header().Set("WWW-Authenticate", "Negotiate "+base64.StdEncoding.EncodeToString(reply))
	}
	if err != nil {
		h.server.log.Info("login refused", "reason", err)
		return "", false
	}
	return user, true
}

// unauthorized refuses the way Impala does: without a length, and closing the connection.
func unauthorized(w http.ResponseWriter, r *http.Request) {
	const drained = 64 << 10
	if r.Header.Get("Expect") == "" {
		io.CopyN(io.Discard, r.Body, drained) // what is left unread would turn the answer into a reset
	}
	header := w.Header().Clone()
	nc, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(loginTimeout))
	var b strings.Builder
	b.WriteString("HTTP/1.1 401 Unauthorized\r\n")
	header.Set("Connection", "close")
	header.Write(&b)
	b.WriteString("\r\n")
	io.WriteString(nc, b.String())
}
