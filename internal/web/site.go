package web

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// site answers requests.
type site struct{ Options }

func newSite(o Options) *site {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Zone = cmp.Or(o.Zone, time.UTC)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &site{o}
}

// answer is the whole of what a request gets. It is complete before the first byte
// leaves, so that no page is cut short by an error in its middle.
type answer struct {
	code int
	kind string
	body []byte
}

func plain(code int, body string) answer {
	return answer{code, "text/plain; charset=utf-8", []byte(body)}
}

// ServeHTTP fulfils [http.Handler].
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.Now()
	a := s.guarded(r)
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	if a.code == http.StatusMethodNotAllowed {
		h.Set("Allow", "GET, HEAD")
	}
	w.WriteHeader(a.code)
	var err error
	if r.Method != http.MethodHead {
		_, err = w.Write(a.body)
	}
	s.Logger.DebugContext(r.Context(), "request answered", "method", r.Method, "path", r.URL.Path, "code", a.code,
		"bytes", len(a.body), "client", r.RemoteAddr, "took", s.Now().Sub(began), "error", err)
}

// guarded answers even when there is a bug: net/http would only hang up.
func (s *site) guarded(r *http.Request) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			s.Logger.ErrorContext(r.Context(), "request panicked", "path", r.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			a = plain(http.StatusInternalServerError, "internal error: the log tells more\n")
		}
	}()
	return s.answer(r)
}

func (s *site) answer(r *http.Request) answer {
	var tell func(ctx context.Context) answer
	switch r.URL.Path {
	case "/":
		tell = s.page
	case "/healthz":
		tell = s.health
	case "/readyz":
		tell = s.readiness
	default:
		return plain(http.StatusNotFound, "there is no such page\n")
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return plain(http.StatusMethodNotAllowed, "there is nothing to change here: only GET and HEAD are answered\n")
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	return tell(ctx)
}

func (s *site) health(context.Context) answer {
	if err := s.Healthy(); err != nil {
		return plain(http.StatusServiceUnavailable, reason(err)+"\n")
	}
	return plain(http.StatusOK, "ok\n")
}

// readiness has a line for each check, whatever the texts hold.
func (s *site) readiness(ctx context.Context) answer {
	code := http.StatusOK
	var lines strings.Builder
	for _, c := range s.Ready(ctx) {
		if c.Err == nil {
			fmt.Fprintf(&lines, "ok %s\n", text(c.Name))
			continue
		}
		code = http.StatusServiceUnavailable
		fmt.Fprintf(&lines, "fail %s: %s\n", text(c.Name), reason(c.Err))
	}
	return plain(code, lines.String())
}

func (s *site) page(ctx context.Context) answer {
	overview, err := s.Overview(ctx)
	v := s.view(state{overview, err, s.Healthy(), s.Ready(ctx)})
	var out bytes.Buffer
	if err := page.ExecuteTemplate(&out, "page", v); err != nil {
		s.Logger.ErrorContext(ctx, "page not drawn", "error", err)
		return plain(http.StatusInternalServerError, "internal error: the log tells more\n")
	}
	code := http.StatusOK
	if err != nil {
		code = http.StatusServiceUnavailable
	}
	return answer{code, "text/html; charset=utf-8", out.Bytes()}
}
