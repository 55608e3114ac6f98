package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"qosreport/internal/fault"
)

func TestRoutes(t *testing.T) {
	tests := []struct {
		name, method, path string
		code               int
		body               string // begins so
	}{
		{"the page", "GET", "/", 200, "<!DOCTYPE html>"},
		{"a question about the page", "HEAD", "/", 200, ""},
		{"a query is no other page", "GET", "/?a=b", 200, "<!DOCTYPE html>"},
		{"health", "GET", "/healthz", 200, "ok\n"},
		{"a question about health", "HEAD", "/healthz", 200, ""},
		{"readiness", "GET", "/readyz", 200, "ok store\nok keytab\n"},
		{"a change of the page", "POST", "/", 405, "there is nothing to change here"},
		{"a change of health", "DELETE", "/healthz", 405, "there is nothing to change here"},
		{"a question about methods", "OPTIONS", "/readyz", 405, "there is nothing to change here"},
		{"another page", "GET", "/index.html", 404, "there is no such page\n"},
		{"a folder", "GET", "/healthz/", 404, "there is no such page\n"},
		{"a way around", "GET", "//", 404, "there is no such page\n"},
		{"a change of another page", "PUT", "/x", 404, "there is no such page\n"},
		{"a proxy's question", "OPTIONS", "*", 404, "there is no such page\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := ask(t, options(t, sample(t)), tt.method, tt.path)
			body := w.Body.String()
			if w.Code != tt.code || !strings.HasPrefix(body, tt.body) || tt.body == "" && body != "" {
				t.Errorf("%d %.80q, want %d %q", w.Code, body, tt.code, tt.body)
			}
			if allow := w.Header().Get("Allow"); (allow == "GET, HEAD") != (tt.code == 405) {
				t.Errorf("Allow: %q beside %d", allow, w.Code)
			}
		})
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	want := map[string]string{
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "no-referrer",
		"Cache-Control":          "no-store",
	}
	for _, path := range []string{"/", "/healthz", "/readyz", "/nowhere"} {
		h := ask(t, options(t, sample(t)), "GET", path).Header()
		for name, value := range want {
			if h.Get(name) != value {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		for _, rule := range []string{"default-src 'none'", "style-src 'sha256-", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"} {
			if !strings.Contains(h.Get("Content-Security-Policy"), rule) {
				t.Errorf("%s: the policy lacks %s: %s", path, rule, h.Get("Content-Security-Policy"))
			}
		}
	}
}

func TestAQuestionIsAnsweredWithTheLengthOfThePage(t *testing.T) {
	o := options(t, sample(t))
	got, asked := ask(t, o, "GET", "/").Header(), ask(t, o, "HEAD", "/").Header()
	if got.Get("Content-Length") == "" || got.Get("Content-Length") != asked.Get("Content-Length") || asked.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("GET has %v, HEAD %v", got, asked)
	}
}

func TestWhatFailsIsToldToMachines(t *testing.T) {
	o := options(t, Overview{})
	o.Healthy = func() error { return errors.Join(errors.New("no schedule was looked at"), errors.New("for 3 min")) }
	o.Ready = func(context.Context) []Check {
		return []Check{{Name: "store"}, {Name: "key\ntab", Err: errors.New("no file\nok keytab")}, {Name: "clock", Err: errors.New("\x1b[31m2001")}}
	}
	tests := []struct{ path, want string }{
		{"/healthz", "no schedule was looked at; for 3 min\n"},
		{"/readyz", "ok store\nfail key\\ntab: no file; ok keytab\nfail clock: \\x1b[31m2001\n"},
	}
	for _, tt := range tests {
		if w := ask(t, o, "GET", tt.path); w.Code != 503 || w.Body.String() != tt.want || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %d %q, want 503 %q", tt.path, w.Code, w.Body, tt.want)
		}
	}
}

func TestThePageIsThereWhenTheLedgerIsNot(t *testing.T) {
	o := options(t, Overview{})
	o.Overview = func(context.Context) (Overview, error) {
		return Overview{}, fault.Advise(errors.New("read status: disk I/O error"), "see whether the volume is there")
	}
	w := ask(t, o, "GET", "/")
	page := w.Body.String()
	if w.Code != 503 {
		t.Errorf("the page of an unreadable ledger has the code %d", w.Code)
	}
	for _, want := range []string{"<title>1 thing to look at · qosreport prod-1</title>", "read status: disk I/O error", "Try: see whether the volume is there", "Not known."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, not := range []string{"No schedule is configured", "No run is at work", "No slot"} {
		if strings.Contains(page, not) {
			t.Errorf("the page says %q, which it does not know", not)
		}
	}
}

func TestAPanicIsLoggedAndAnswered(t *testing.T) {
	var log bytes.Buffer
	o := options(t, Overview{})
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	o.Overview = func(context.Context) (Overview, error) { panic("a bug") }
	w := ask(t, o, "GET", "/")
	if w.Code != 500 || strings.Contains(w.Body.String(), "a bug") || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("the answer is %d %q with %v", w.Code, w.Body, w.Header())
	}
	for _, want := range []string{"level=ERROR", `panic="a bug"`, "site_test.go"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not tell %s: %s", want, &log)
		}
	}
}

func TestRequestsAreLoggedForDebugging(t *testing.T) {
	for _, tt := range []struct {
		name  string
		level slog.Level
		lines int
	}{{"nothing is said of health that is asked for every second", slog.LevelInfo, 0}, {"each request", slog.LevelDebug, 3}} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			o := options(t, Overview{})
			o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: tt.level}))
			for _, path := range []string{"/", "/healthz", "/nowhere"} {
				ask(t, o, http.MethodGet, path)
			}
			if n := strings.Count(log.String(), "\n"); n != tt.lines {
				t.Errorf("%d lines, want %d: %s", n, tt.lines, &log)
			}
			if tt.lines > 0 && !strings.Contains(log.String(), `msg="request answered" method=GET path=/nowhere code=404 bytes=22`) {
				t.Errorf("the request is not told: %s", &log)
			}
		})
	}
}

func TestAnswersHaveADeadline(t *testing.T) {
	o := options(t, Overview{})
	limited := 0
	o.Overview = func(ctx context.Context) (Overview, error) {
		if _, ok := ctx.Deadline(); ok {
			limited++
		}
		return Overview{}, nil
	}
	o.Ready = func(ctx context.Context) []Check {
		if _, ok := ctx.Deadline(); ok {
			limited++
		}
		return nil
	}
	ask(t, o, "GET", "/")
	ask(t, o, "GET", "/readyz")
	if limited != 3 {
		t.Errorf("%d of 3 questions have a deadline", limited)
	}
}
