package impala

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
)

func TestWhatIsRepeatedAndHowSoon(t *testing.T) {
	status := func(code int, retryAfter string) error {
		return fmt.Errorf("wrapped: %w", &HTTPError{Status: code, retryAfter: retryAfterOf(retryAfter)})
	}
	broke, refused := errors.New("connection reset"), fault.New(fault.Impala, fault.Network, syscall.ECONNREFUSED)
	tests := []struct {
		name   string
		err    error
		method string
		try    int
		pause  time.Duration
		again  bool
	}{
		{"a status call on an overloaded gateway", status(503, ""), "GetOperationStatus", 1, time.Second, true},
		{"… as often as three times", status(503, ""), "GetOperationStatus", 3, 0, false},
		{"… that says when", status(429, "7"), "GetLog", 2, 7 * time.Second, true},
		{"a call that no later try makes right", status(404, ""), "GetOperationStatus", 1, 0, false},
		{"a session", status(502, ""), "OpenSession", 1, time.Second, true},
		{"a connection that broke", broke, "GetOperationStatus", 1, time.Second, true},
		{"a coordinator that does not listen", refused, "GetOperationStatus", 1, time.Second, true},
		{"… for a session, which others may open", refused, "OpenSession", 1, 0, false},
		{"a failed login", fault.New(fault.Security, fault.Authentication, broke), "OpenSession", 1, 0, false},
		{"a reply that is none", fmt.Errorf("%w: x", wire.ErrMalformed), "GetLog", 1, 0, false},
		{"a reply too large", wire.ErrTooLarge, "GetLog", 1, 0, false},
		{"another protocol", wire.ErrPeerSpeaksTLS, "OpenSession", 1, 0, false},
		{"a statement", broke, "ExecuteStatement", 1, 0, false},
		{"a statement on an overloaded gateway", status(503, "1"), "ExecuteStatement", 1, 0, false},
		{"a fetch", broke, "FetchResults", 1, 0, false},
		{"the end of a session", broke, "CloseSession", 1, 0, false},
		{"the end of a statement", broke, "CloseOperation", 1, 0, false},
		{"a statement that never arrived", fmt.Errorf("%w: x", errUnsent), "ExecuteStatement", 1, 0, true},
		{"… and again", fmt.Errorf("%w: x", errUnsent), "ExecuteStatement", 2, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if pause, again := pauseAfter(tt.err, tt.method, tt.try); again != tt.again || again && pause != tt.pause {
				t.Errorf("got %s, %t", pause, again)
			}
		})
	}
}

func retryAfterOf(text string) time.Duration { return retryAfter(text, time.Unix(1e9, 0)) }

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "120": 2 * time.Minute, "Sun, 09 Sep 2001 01:46:45 GMT": 5 * time.Second, "Sun, 09 Sep 2001 01:46:35 GMT": 0,
		"-1": 0, "1.5": 0, "soon": 0, "99999999999999999999": 0,
	} {
		if got := retryAfterOf(text); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// overloaded answers the first calls of a method with 503.
func overloaded(method string, times int, after string) func(int, string, http.ResponseWriter, *http.Request) bool {
	return func(_ int, m string, out http.ResponseWriter, _ *http.Request) bool {
		if m != method || times == 0 {
			return false
		}
		times--
		out.Header().Set("Retry-After", after)
		out.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
}

func TestPausesBetweenTries(t *testing.T) {
	tests := []struct {
		name, method, after string
		times, requests     int
		took                time.Duration
		class               fault.Class
	}{
		{"a session", "OpenSession", "", 2, 3, 2 * time.Second, 0},
		{"a session that the gateway wants later", "OpenSession", "9", 1, 2, 9 * time.Second, 0},
		{"a session that it wants too late", "OpenSession", "31", 1, 1, 0, fault.Network},
		{"a session that it never wants", "OpenSession", "", 9, 3, 2 * time.Second, fault.Network},
		{"a poll", "GetOperationStatus", "", 2, 3, 2 * time.Second, 0},
		{"a statement", "ExecuteStatement", "1", 1, 1, 0, fault.Lost},
		{"the end of a session, whose rows have come", "CloseSession", "", 1, 1, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := startWeb(t, hs2server.Options{Engine: &script{columns: twoColumns, polls: 1}})
				w.answer = overloaded(tt.method, tt.times, tt.after)
				began := time.Now()
				err := session(t.Context(), w.options(nil))
				if took := time.Since(began); took != tt.took || fault.ClassOf(err) != tt.class || len(w.requests(tt.method)) != tt.requests {
					t.Errorf("%d requests in %s, %v", len(w.requests(tt.method)), took, err)
				}
			})
		})
	}
}

// session opens a session, runs a statement and ends both.
func session(ctx context.Context, o Options) error {
	client, err := Connect(ctx, o)
	if err != nil {
		return err
	}
	rows, err := client.Query(ctx, "SELECT")
	if err != nil {
		client.Close(ctx)
		return err
	}
	return errors.Join(rows.Close(ctx), client.Close(ctx))
}

// A balancer that drops a connection in the middle of a poll does not cost the statement.
func TestAPollWhoseConnectionBreaksIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := startWeb(t, hs2server.Options{Engine: &script{columns: twoColumns, polls: 3}})
		dropped := false
		w.answer = func(_ int, method string, out http.ResponseWriter, _ *http.Request) bool {
			if method != "GetOperationStatus" || dropped {
				return false
			}
			dropped = true
			conn, _, err := out.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
			return true
		}
		if err := session(t.Context(), w.options(nil)); err != nil || !dropped {
			t.Errorf("got %v", err)
		}
	})
}

// silentPeer takes everything and says nothing.
func silentPeer(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		io.Copy(io.Discard, server)
		server.Close()
	}()
	return client, nil
}

func TestEveryStepOverHTTPHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := Connect(t.Context(), Options{Hosts: []string{"h:1"}, Dial: silentPeer, HTTP: &HTTP{}})
		if !strings.Contains(fmt.Sprint(err), "OpenSession: no answer within 30s") || fault.ClassOf(err) != fault.Lost || time.Since(began) != 30*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}
