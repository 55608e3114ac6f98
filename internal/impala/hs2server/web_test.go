package hs2server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/impala/wire"
)

// pipes is a listener on pipes.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case nc := <-p.conns:
		return nc, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.ended:
	default:
		close(p.ended)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// startWeb serves HTTP until the test ends.
func startWeb(t *testing.T, s *Server, w Web) *pipes {
	t.Helper()
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.ServeWeb(ctx, p, w) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
	return p
}

// browser is a client of one connection.
type browser struct {
	t  *testing.T
	nc net.Conn
	r  *bufio.Reader
}

func (p *pipes) browse(t *testing.T) *browser {
	t.Helper()
	near, far := net.Pipe()
	p.conns <- far
	t.Cleanup(func() { near.Close() })
	return &browser{t, near, bufio.NewReader(near)}
}

func message(method string, req wire.Message) []byte {
	var b bytes.Buffer
	wire.NewCodec(struct {
		io.Reader
		io.Writer
	}{nil, &b}, 0).WriteCall(method, 1, req)
	return b.Bytes()
}

// post sends a message with these header lines; the reply stays nil after an error.
func (b *browser) post(path, method string, req, reply wire.Message, lines ...string) (*http.Response, error) {
	b.t.Helper()
	body := message(method, req)
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: impala\r\nContent-Type: application/x-thrift\r\nContent-Length: %d\r\n", path, len(body))
	for _, line := range lines {
		head += line + "\r\n"
	}
	go b.nc.Write(append([]byte(head+"\r\n"), body...))
	response, err := http.ReadResponse(b.r, nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return response, err
	}
	return response, wire.NewCodec(struct {
		io.Reader
		io.Writer
	}{bytes.NewReader(data), nil}, 0).ReadReply(method, 1, reply)
}

// open opens a session and gives the answer's status code.
func (b *browser) open(lines ...string) (*wire.OpenSessionResp, *http.Response) {
	b.t.Helper()
	reply := new(wire.OpenSessionResp)
	response, err := b.post("/cliservice", "OpenSession", &wire.OpenSessionReq{Protocol: wire.ProtocolV6, Username: "me"}, reply, lines...)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply, response
}

var everyScheme = Web{
	Negotiate: func(token []byte) ([]byte, string, error) {
		if string(token) != "ticket" {
			return []byte("no"), "", errors.New("a bad ticket")
		}
		return []byte("proof"), "alice", nil
	},
	Basic: func(user, password string) bool { return password == "secret" },
	Bearer: func(token string) (string, error) {
		if token != "a.b.c" {
			return "", errors.New("expired")
		}
		return "bearer", nil
	},
	BearerPlain: true,
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestSchemesOverHTTP(t *testing.T) {
	guarded := everyScheme
	guarded.BearerPlain = false
	tests := []struct {
		name, authorization string
		web                 Web
		code                int
		challenges          []string
	}{
		{"nobody asks", "", Web{}, 200, nil},
		{"nothing is sent", "", everyScheme, 401, []string{"Negotiate", "Basic"}},
		{"a password", "Basic " + encoded("bob:secret"), everyScheme, 200, nil},
		{"a wrong password", "Basic " + encoded("bob:wrong"), everyScheme, 401, []string{"Negotiate", "Basic"}},
		{"an empty password", "Basic " + encoded("bob:"), everyScheme, 401, []string{"Negotiate", "Basic"}},
		{"no base64", "Basic ?", everyScheme, 401, []string{"Negotiate", "Basic"}},
		{"a ticket is answered with a proof", "Negotiate " + encoded("ticket"), everyScheme, 200, []string{"Negotiate " + encoded("proof")}},
		{"a bad ticket", "Negotiate " + encoded("?"), everyScheme, 401, []string{"Negotiate " + encoded("no"), "Basic"}},
		{"a bearer token", "Bearer a.b.c", everyScheme, 200, nil},
		{"an expired one", "Bearer a.b.d", everyScheme, 401, []string{`Bearer error="invalid_token"`, "Basic"}},
		{"one without TLS", "Bearer a.b.c", guarded, 401, []string{"Negotiate", "Basic"}},
		{"one without a dot is none", "Bearer abc", everyScheme, 401, []string{"Negotiate", "Basic"}},
		{"a scheme that is not offered", "Negotiate " + encoded("ticket"), Web{Basic: everyScheme.Basic}, 401, []string{"Basic"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := startWeb(t, server(), tt.web).browse(t)
			var lines []string
			if tt.authorization != "" {
				lines = []string{"Authorization: " + tt.authorization}
			}
			_, response := b.open(lines...)
			if got := response.Header.Values("WWW-Authenticate"); response.StatusCode != tt.code || strings.Join(got, ",") != strings.Join(tt.challenges, ",") {
				t.Errorf("got %d, %q", response.StatusCode, got)
			}
			if tt.code == 401 && (!response.Close || response.ContentLength != -1 || response.Header.Get("Content-Length") != "") {
				t.Errorf("a refusal closes the connection and has no length: %+v", response)
			}
			if tt.code == 200 && (response.ContentLength <= 0 || response.Header.Get("Content-Type") != "application/x-thrift" || response.Close) {
				t.Errorf("a reply has a length and keeps the connection: %+v", response)
			}
		})
	}
}

// cookieOf logs in with a password and gives the cookie's pair.
func cookieOf(b *browser) string {
	b.t.Helper()
	_, response := b.open("Authorization: Basic " + encoded("bob:secret"))
	whole := response.Header.Get("Set-Cookie")
	pair, attributes, _ := strings.Cut(whole, ";")
	if !strings.HasPrefix(pair, "impala.auth=") || !strings.Contains(pair, "&u=bob&t=") || attributes != "HttpOnly;Max-Age=3600;Secure" {
		b.t.Fatalf("cookie %q", whole)
	}
	return pair
}

func TestCookies(t *testing.T) {
	web := everyScheme
	web.CookieLife = time.Hour
	synctest.Test(t, func(t *testing.T) {
		p := startWeb(t, server(), web)
		cookie := cookieOf(p.browse(t))
		_, value, _ := strings.Cut(cookie, "=")
		tests := []struct {
			name, cookie string
			code         int
			cleared      bool
		}{
			{"a cookie saves the login", cookie, 200, false},
			{"its value may stand in quotes", `impala.auth="` + value + `"`, 200, false},
			{"the fifth is looked at", "a=1; b=2; c=3; d=4; " + cookie, 200, false},
			{"the sixth is not", "a=1; b=2; c=3; d=4; e=5; " + cookie, 401, false},
			{"one with another user is cleared", strings.Replace(cookie, "u=bob", "u=eve", 1), 401, true},
			{"nonsense is cleared", "impala.auth=nonsense", 401, true},
		}
		for _, tt := range tests {
			_, response := p.browse(t).open("Cookie: " + tt.cookie)
			if cleared := response.Header.Get("Set-Cookie") == "impala.auth=;Max-Age=0"; response.StatusCode != tt.code || cleared != tt.cleared {
				t.Errorf("%s: got %d, cleared %t", tt.name, response.StatusCode, cleared)
			}
		}
		time.Sleep(time.Hour)
		_, response := p.browse(t).open("Cookie: "+cookie, "Authorization: Basic "+encoded("bob:secret"))
		if got := response.Header.Values("Set-Cookie"); response.StatusCode != 200 || len(got) != 2 || got[0] != "impala.auth=;Max-Age=0" {
			t.Errorf("a cookie that is too old beside a password: %d, %q", response.StatusCode, got)
		}
		if _, response := p.browse(t).open("Cookie: " + cookie); response.StatusCode != 401 {
			t.Errorf("a cookie that is too old: %d", response.StatusCode)
		}
	})
	t.Run("a server without cookies", func(t *testing.T) {
		web.CookieLife = -1
		_, response := startWeb(t, server(), web).browse(t).open("Authorization: Basic " + encoded("bob:secret"))
		if got := response.Header.Get("Set-Cookie"); got != "" {
			t.Errorf("got %q", got)
		}
	})
}

func TestSessionsOverHTTP(t *testing.T) {
	s := New(Options{Engine: &fixed{oneColumn}, Proxies: map[string][]string{"bob": {"alice"}}})
	p := startWeb(t, s, everyScheme)
	bob := "Authorization: Basic " + encoded("bob:secret")
	t.Run("the user is that of the request", func(t *testing.T) {
		b := p.browse(t)
		opened, _ := b.open(bob)
		var reply wire.StatusResp
		if _, err := b.post("/", "CloseSession", &wire.SessionReq{Session: opened.Session}, &reply, "Authorization: Negotiate "+encoded("ticket")); err != nil {
			t.Fatal(err)
		}
		refused(t, reply.Status, "The user authorized on the connection 'alice' does not match the session username 'bob'", "HY000")
	})
	t.Run("doAs in the query string delegates", func(t *testing.T) {
		b := p.browse(t)
		var opened wire.OpenSessionResp
		if _, err := b.post("/?doAs=alice", "OpenSession", &wire.OpenSessionReq{}, &opened, bob); err != nil || opened.Status.Code != wire.StatusSuccess {
			t.Fatal(opened.Status, err)
		}
		if got := s.sessions[string(opened.Session.GUID)].User(); got != "alice" {
			t.Errorf("user %q", got)
		}
		req := &wire.OpenSessionReq{Configuration: map[string]string{"impala.doas.user": "alice"}}
		if _, err := b.post("/?doAs=alice", "OpenSession", req, &opened, bob); err != nil {
			t.Fatal(err)
		}
		refused(t, opened.Status, "Cannot set 'impala.doas.user' configuration property when 'doAs' query parameter is set.", "HY000")
	})
	t.Run("statements outlive requests and connections", func(t *testing.T) {
		b := p.browse(t)
		opened, _ := b.open(bob)
		var started wire.OperationResp
		req := &wire.ExecuteStatementReq{Session: opened.Session, Statement: "wait", ConfOverlay: map[string]string{"fetch_rows_timeout_ms": "1"}}
		if _, err := b.post("/", "ExecuteStatement", req, &started, bob); err != nil {
			t.Fatal(err)
		}
		b.nc.Close()
		var rows wire.FetchResultsResp
		if _, err := p.browse(t).post("/", "FetchResults", &wire.FetchResultsReq{Operation: *started.Operation}, &rows, bob); err != nil || rows.Status.Code != wire.StatusStillExecuting {
			t.Errorf("%+v, %v", rows.Status, err)
		}
	})
}

func TestRequestsOverHTTP(t *testing.T) {
	body := message("OpenSession", &wire.OpenSessionReq{})
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	tests := []struct {
		name, head, tail string
		web              Web
		answer           string // how the answer begins; "" is a closed connection
	}{
		{"a body in chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body), Web{}, "HTTP/1.1 200 OK"},
		{"Expect is answered before the body", "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" + length + "\r\n", "", Web{}, "HTTP/1.1 100 Continue"},
		{"Expect without a login gets no body", "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n" + length + "\r\n", "", everyScheme, "HTTP/1.1 401 Unauthorized"},
		{"OPTIONS is answered", "OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n", "", everyScheme, "HTTP/1.1 200 OK"},
		{"another method ends the connection", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", Web{}, ""},
		{"a body that is no message ends the connection", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n", "what", Web{}, ""},
		{"an unknown method is told", "POST / HTTP/1.1\r\nHost: x\r\n" + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(message("X", &wire.SessionReq{}))), string(message("X", &wire.SessionReq{})), Web{}, "HTTP/1.1 200 OK"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := startWeb(t, server(), tt.web).browse(t)
			go io.WriteString(b.nc, tt.head+tt.tail)
			line, err := b.r.ReadString('\n')
			if tt.answer == "" && err != io.EOF || !strings.HasPrefix(line, tt.answer) {
				t.Errorf("got %q, %v", line, err)
			}
		})
	}
}

func TestConnectionsOverHTTPThatBreak(t *testing.T) {
	t.Run("a kept connection is dropped without a word", func(t *testing.T) {
		p := startWeb(t, server(), Web{DropAfter: 2})
		b := p.browse(t)
		b.open()
		if _, response := b.open(); response.Close {
			t.Error("the end was announced")
		}
		if _, err := b.post("/", "OpenSession", &wire.OpenSessionReq{}, &wire.OpenSessionResp{}); err == nil {
			t.Error("the connection lives on")
		}
		p.browse(t).open()
	})
	t.Run("half a reply", func(t *testing.T) {
		p := startWeb(t, New(Options{Engine: &fixed{oneColumn}, Deliver: func(string) Delivery { return Delivery{Stop: 9, Piece: 4, HangUp: true} }}), Web{})
		_, err := p.browse(t).post("/", "OpenSession", &wire.OpenSessionReq{}, &wire.OpenSessionResp{})
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("beyond the threads nobody answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := startWeb(t, New(Options{Engine: &fixed{oneColumn}, Limits: Limits{Connections: 1, ConnectionWait: time.Minute}}), Web{})
			p.browse(t).open()
			began := time.Now()
			_, err := p.browse(t).post("/", "OpenSession", &wire.OpenSessionReq{}, &wire.OpenSessionResp{})
			if !errors.Is(err, io.ErrUnexpectedEOF) || time.Since(began) != time.Minute {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
		})
	})
	t.Run("a session ends a while after its last connection", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{Engine: &fixed{oneColumn}, Limits: Limits{DisconnectedSession: 5 * time.Second}})
			b := startWeb(t, s, Web{}).browse(t)
			b.open()
			b.nc.Close()
			time.Sleep(5*time.Second + 1)
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.sessions) != 0 {
				t.Error("the session lives on")
			}
		})
	})
}
