package web

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab/pipenet"
)

func TestListenSaysWhatToWrite(t *testing.T) {
	taken, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := []struct{ name, address, text, try string }{
		{"taken", taken.Addr().String(), "web.listen " + taken.Addr().String() + ": bind: address already in use", "another port in web.listen"},
		{"no port", "8080", "missing port", "host:port, like 127.0.0.1:8080"},
		{"no number", "127.0.0.1:much", "much", "host:port"},
		{"not ours", "192.0.2.1:8080", "assign requested address", "0.0.0.0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := Listen(t.Context(), tt.address)
			if err == nil {
				l.Close()
				t.Fatal("listens")
			}
			if !strings.Contains(err.Error(), tt.text) || strings.Count(err.Error(), tt.address) != 1 && tt.name == "taken" {
				t.Errorf("got %q, want %q", err, tt.text)
			}
			if fault.AreaOf(err) != fault.Usage || !strings.Contains(fault.Remedy(err), tt.try) {
				t.Errorf("area %d, try %q", fault.AreaOf(err), fault.Remedy(err))
			}
		})
	}
}

func TestServeOverTCP(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	l, err := Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, options(t, Overview{})) }()
	client := http.Client{Transport: &http.Transport{}}
	r, err := client.Get("http://" + l.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || string(body) != "ok\n" || r.StatusCode != 200 {
		t.Errorf("%d %q, %v", r.StatusCode, body, err)
	}
	r.Body.Close()
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	client.CloseIdleConnections()
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("somebody listens still")
	}
}

// inBubble runs a test with a server on a network in memory. The bubble ends only when no
// goroutine is left.
func inBubble(t *testing.T, o Options, test func(t *testing.T, n *pipenet.Network, stop func() error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := pipenet.New()
		l, err := network.Listen(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- Serve(ctx, l, o) }()
		stop := sync.OnceValue(func() error {
			cancel(errors.New("stopped by signal"))
			return <-ended
		})
		test(t, network, stop)
		if err := stop(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := network.Open(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
	})
}

const (
	address = "127.0.0.1:8080"
	health  = "GET /healthz HTTP/1.1\r\nHost: status.example.com\r\n\r\n"
	whole   = "GET / HTTP/1.1\r\nHost: status.example.com\r\n\r\n"
)

// say dials and sends the beginning of a connection.
func say(t *testing.T, n *pipenet.Network, text string) net.Conn {
	t.Helper()
	c, err := n.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

// hear reads one answer.
func hear(t *testing.T, c net.Conn) (code int, body string) {
	t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(all)
}

// large is an overview whose page is larger than what a connection holds.
func large() Overview {
	return Overview{Schedules: make([]Schedule, 500)}
}

func TestSlowClientsAreLeft(t *testing.T) {
	tests := []struct {
		name, said string
		code       int // of the answer that the client reads; 0 reads none
		after      time.Duration
	}{
		{"one that says nothing", "", 0, headerTimeout},
		{"one that stops in its header", "GET / HTTP/1.1\r\nHost:", 0, headerTimeout},
		{"one that stops in its body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc", 405, readTimeout},
		{"one that does not read", whole, 0, writeTimeout},
		{"one that has enough", health, 200, idleTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, options(t, large()), func(t *testing.T, n *pipenet.Network, _ func() error) {
				began := time.Now()
				c := say(t, n, tt.said)
				if tt.code != 0 {
					if code, _ := hear(t, c); code != tt.code {
						t.Errorf("the answer is %d, want %d", code, tt.code)
					}
				}
				if took := time.Since(began); took < tt.after {
					<-time.After(tt.after - took - time.Millisecond)
					if n.Open() != 1 {
						t.Errorf("left before %v", tt.after)
					}
				}
				<-time.After(time.Second) // net/http lingers for half of it after some answers
				if n.Open() != 0 {
					t.Errorf("not left after %v", tt.after)
				}
			})
		})
	}
}

func TestLargeHeadersAreRefused(t *testing.T) {
	inBubble(t, options(t, Overview{}), func(t *testing.T, n *pipenet.Network, _ func() error) {
		c := say(t, n, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 2*maxHeaderBytes))
		if code, _ := hear(t, c); code != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("the answer is %d", code)
		}
	})
}

func TestNothingAnswersBesideTheSite(t *testing.T) {
	inBubble(t, options(t, Overview{}), func(t *testing.T, n *pipenet.Network, _ func() error) {
		if code, body := hear(t, say(t, n, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")); code != 404 || body != "there is no such page\n" {
			t.Errorf("the answer is %d %q", code, body)
		}
	})
}

func TestStopEndsIdleConnectionsAtOnce(t *testing.T) {
	inBubble(t, options(t, Overview{}), func(t *testing.T, n *pipenet.Network, stop func() error) {
		hear(t, say(t, n, health))
		synctest.Wait()
		began := time.Now()
		if err := stop(); err != nil || time.Since(began) > time.Second {
			t.Errorf("stopped after %v: %v", time.Since(began), err)
		}
	})
}

func TestStopEndsQuestionsAndAnswersThem(t *testing.T) {
	o := options(t, Overview{})
	o.Overview = func(ctx context.Context) (Overview, error) {
		<-ctx.Done()
		return Overview{}, context.Cause(ctx)
	}
	inBubble(t, o, func(t *testing.T, n *pipenet.Network, stop func() error) {
		c := say(t, n, whole)
		synctest.Wait() // the question is asked
		began := time.Now()
		if err := stop(); err != nil || time.Since(began) > time.Second {
			t.Errorf("stopped after %v: %v", time.Since(began), err)
		}
		if code, body := hear(t, c); code != 503 || !strings.Contains(body, "stopped by signal") {
			t.Errorf("the answer is %d: %s", code, body)
		}
	})
}

func TestStopWaitsForNobodyLong(t *testing.T) {
	var log bytes.Buffer
	o := options(t, large())
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	inBubble(t, o, func(t *testing.T, n *pipenet.Network, stop func() error) {
		say(t, n, whole) // and never reads
		synctest.Wait()
		began := time.Now()
		if err := stop(); err != nil || time.Since(began) != stopTimeout {
			t.Errorf("stopped after %v: %v", time.Since(began), err)
		}
	})
	if !strings.Contains(log.String(), "requests cut off") {
		t.Errorf("the log says nothing: %s", &log)
	}
}

func TestALostListenerIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := pipenet.New().Listen(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- Serve(t.Context(), l, options(t, Overview{})) }()
		synctest.Wait()
		l.Close()
		err = <-ended
		if err == nil || !strings.HasPrefix(err.Error(), "status page on 127.0.0.1:8080: accept ") || fault.AreaOf(err) != fault.Output {
			t.Errorf("got %v in area %d", err, fault.AreaOf(err))
		}
	})
}
