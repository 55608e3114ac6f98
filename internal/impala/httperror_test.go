package impala

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/hs2server"
	"qosreport/internal/impala/wire"
)

func TestAnswersThatAreNoReplies(t *testing.T) {
	tests := []struct {
		name   string
		status int
		header map[string]string
		body   string
		login  func(context.Context, string) (Authorization, error)
		text   string
		remedy string
		area   fault.Area
		class  fault.Class
	}{
		{"a wrong password", 401, map[string]string{"WWW-Authenticate": `Basic realm="x"`}, "", basicLogin, "the server answers 401 Unauthorized", "user and password", fault.Security, fault.Authentication},
		{"a login that the server does not take", 401, map[string]string{"WWW-Authenticate": "negotiate"}, "", basicLogin, "401", "impala.auth kerberos", fault.Security, fault.Authentication},
		{"no login where one is wanted", 401, map[string]string{"WWW-Authenticate": `Negotiate, Basic realm="a, b"`}, "", nil, "401", "impala.auth kerberos or ldap", fault.Security, fault.Authentication},
		{"no login, and nobody says which", 401, nil, "", nil, "401", "the server wants a login", fault.Security, fault.Authentication},
		{"a ticket that is refused", 401, map[string]string{"WWW-Authenticate": "Negotiate"}, "", ticketLogin, "401", "impala.spn_host", fault.Security, fault.Authentication},
		{"a JWT that is refused", 401, map[string]string{"WWW-Authenticate": `Bearer realm="r", error="invalid_token", error_description="wrong key"`}, "", bearerLogin, `401 Unauthorized: "wrong key"`, "impala.jwt_file", fault.Security, fault.Authentication},
		{"a body that repeats the login", 401, nil, "you sent cmVwb3J0OmdlaGVpbQ==", basicLogin, `"you sent (secret)"`, "", fault.Security, fault.Authentication},
		{"a user whom the gateway does not let in", 403, nil, "<html><head><style>b {}</style></head><body>no <b>access</b></body></html>", basicLogin, `403 Forbidden: "no access"`, "ask its administrator", fault.Security, fault.Authentication},
		{"another path", 404, nil, "", nil, "404 Not Found", "impala.http_path", fault.Impala, 0},
		{"another method", 405, nil, "", nil, "405", "28000", fault.Impala, 0},
		{"a redirect", 302, map[string]string{"Location": "https://sso.example.com/login?secret=geheim"}, "", nil, "302 Found to https://sso.example.com/login", "not followed", fault.Impala, 0},
		{"TLS is expected", 400, nil, "Client sent an HTTP request to an HTTPS server.", nil, "400 Bad Request", "--impala-tls", fault.Security, fault.Authentication},
		{"a login too large", 431, nil, "", ticketLogin, "431", "very many groups", fault.Security, fault.Authentication},
		{"a status that nobody knows", 799, nil, "x", nil, `799 : "x"`, "", fault.Impala, fault.Network},
		{"a web page", 200, map[string]string{"Content-Type": "text/html; charset=utf-8"}, "<title>Impala</title>", nil, `the answer is text/html; charset=utf-8 and no message of Impala: "Impala"`, "25000", fault.Impala, 0},
		{"control characters and bad UTF-8", 404, nil, "a\x1b[31m\xff\x00b\r\nc", nil, `"a [31m b c"`, "", fault.Impala, 0},
		{"an empty answer", 200, nil, "", nil, "closed the connection", "", fault.Impala, fault.Lost},
		{"no message", 200, nil, "hello, world", nil, "malformed message", "", fault.Impala, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := startWeb(t, hs2server.Options{Engine: &script{}})
				w.answer = func(_ int, _ string, out http.ResponseWriter, _ *http.Request) bool {
					out.Header().Set("Content-Type", mediaType)
					for key, value := range tt.header {
						out.Header().Set(key, value)
					}
					out.WriteHeader(tt.status)
					io.WriteString(out, tt.body)
					return true
				}
				_, err := Connect(t.Context(), w.options(tt.login))
				if err == nil || !strings.Contains(err.Error(), "OpenSession: ") || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "geheim") {
					t.Errorf("got %v", err)
				}
				if !strings.Contains(fault.Remedy(err), tt.remedy) || fault.AreaOf(err) != tt.area || fault.ClassOf(err) != tt.class {
					t.Errorf("remedy %q, area %d, class %v", fault.Remedy(err), fault.AreaOf(err), fault.ClassOf(err))
				}
				var password *passwordRefused
				if basic := tt.status == 401 && strings.Contains(tt.name, "password"); basic && !errors.As(err, &password) {
					t.Error("the password would be shown to the next coordinator")
				}
			})
		})
	}
}

func ticketLogin(context.Context, string) (Authorization, error) { return &token{name: "dA=="}, nil }
func bearerLogin(context.Context, string) (Authorization, error) { return NewBearer("a.b.c"), nil }

func TestOnlyTheBeginningOfAnAnswerIsShown(t *testing.T) {
	response := &http.Response{StatusCode: 404, Header: http.Header{"Content-Type": {strings.Repeat("x", 1000)}}, Body: io.NopCloser(endlessText{})}
	e := httpError(response, nil)
	if len(e.Text) > shownOfBody+3 || len(e.Type) > shownOfBody+3 || !strings.HasSuffix(e.Text, "é…") {
		t.Errorf("%d bytes, type of %d: %q", len(e.Text), len(e.Type), e.Text)
	}
}

// endlessText is letters of two bytes.
type endlessText struct{}

func (endlessText) Read(p []byte) (int, error) { return copy(p, strings.Repeat("é", len(p)/2)), nil }

// answers is a peer that answers each request with the same bytes and hangs up, if it may.
func answers(t testing.TB, data string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			request, err := http.ReadRequest(bufio.NewReader(server))
			if err != nil {
				return
			}
			io.Copy(io.Discard, request.Body)
			io.WriteString(server, data)
		}()
		t.Cleanup(func() { server.Close() })
		return client, nil
	}
}

func TestPeersThatSpeakSomethingElse(t *testing.T) {
	tests := []struct {
		name, data, text, remedy string
		area                     fault.Area
	}{
		{"TLS", "\x15\x03\x01\x00\x02\x02\x46", "the peer answers in TLS", "--impala-tls", fault.Security},
		{"SASL, as the binary port", "\x04\x00\x00\x00\x03bad", "the peer answers in SASL", "impala.transport sasl", fault.Impala},
		{"Thrift, as the binary port without a login", "\x80\x01\x00\x03\x00\x00\x00\x00", "the peer answers in bare Thrift", "plain-socket", fault.Impala},
		{"nothing, as the binary port does", "", "the server closed the connection", "28000", fault.Impala},
		{"a greeting", strings.Repeat("SSH-2.0-", 10_000) + "\r\n", "the connection broke", "", fault.Impala},
		{"endless fields", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", maxHTTPHeaders) + "\r\n\r\n", "headers exceeded", "", fault.Impala},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := Connect(t.Context(), Options{Hosts: []string{"h:1"}, Dial: answers(t, tt.data), HTTP: &HTTP{}})
				if err == nil || !strings.Contains(err.Error(), tt.text) || len(err.Error()) > 600 {
					t.Errorf("got %.900v", err)
				}
				if !strings.Contains(fault.Remedy(err), tt.remedy) || fault.AreaOf(err) != tt.area {
					t.Errorf("remedy %q, area %d", fault.Remedy(err), fault.AreaOf(err))
				}
			})
		})
	}
}

// goodReply is the reply to the first call of a connection. The call is one that is never
// repeated, so that nothing waits.
func goodReply(t testing.TB) string {
	t.Helper()
	var out bytes.Buffer
	if err := wire.NewCodec(&out, 0).WriteReply("CloseOperation", 1, &wire.LogResp{Log: "text"}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func reply(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", mediaType, len(body), body)
}

func TestRepliesOfOneConnection(t *testing.T) {
	good := goodReply(t)
	exception := func() string {
		var out bytes.Buffer
		if err := wire.NewCodec(&out, 0).WriteException("CloseOperation", 1, &wire.Exception{Kind: 1, Text: "Invalid method name"}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}()
	tests := []struct {
		name, data string
		err        error  // nil: the text counts
		text       string // "" with err nil: the reply is good
	}{
		{"whole", reply(good), nil, ""},
		{"in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", 7, good[:7], len(good)-7, good[7:]), nil, ""},
		{"to the end of the connection", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + good, nil, ""},
		{"after 100 Continue", "HTTP/1.1 100 Continue\r\n\r\n" + reply(good), nil, ""},
		{"an exception", reply(exception), nil, "Invalid method name"},
		{"cut short", reply(good)[:len(reply(good))-3], io.ErrUnexpectedEOF, ""},
		{"cut short at the end of its body", reply(good[:len(good)-3]), io.ErrUnexpectedEOF, ""},
		{"with bytes after it", reply(good + "x"), wire.ErrMalformed, ""},
		{"announced too large", strings.Replace(reply(good), fmt.Sprint("Length: ", len(good)), "Length: 99999999999", 1), wire.ErrTooLarge, ""},
		{"too large", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + strings.Replace(good, "\x00\x00\x00\x04text", "\x00\x00\xff\xfftext", 1) + strings.Repeat("x", 1<<20), wire.ErrMalformed, "size exceeded"},
		{"compressed, unasked", strings.Replace(reply(good), "Content-Type", "Content-Encoding: gzip\r\nContent-Type", 1), wire.ErrMalformed, `encoded as "gzip"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newHTTPConn(Options{Dial: answers(t, tt.data), HTTP: &HTTP{}, MaxMessage: 32 << 10}.withDefaults(), "h:1")
				defer c.close()
				var got wire.LogResp
				err := c.call(t.Context(), 10*time.Second, "CloseOperation", &wire.OperationReq{}, &got)
				switch {
				case tt.err == nil && tt.text == "":
					if err != nil || got.Log != "text" {
						t.Errorf("got %q, %v", got.Log, err)
					}
				case tt.err != nil && !errors.Is(err, tt.err), err == nil, !strings.Contains(err.Error(), tt.text):
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// Whatever comes back: no panic, no more read than allowed, and an answer.
func FuzzHTTPReply(f *testing.F) {
	good := goodReply(f)
	for _, seed := range []string{reply(good), "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"x\", Negotiate abc=\r\nSet-Cookie: impala.auth=;Max-Age=0\r\n\r\n",
		"HTTP/1.1 503 x\r\nRetry-After: 99999\r\nLocation: http://[::1\r\n\r\n<style", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", "\x15\x03\x01", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o := Options{HTTP: &HTTP{Login: basicLogin}, MaxMessage: 16 << 10}.withDefaults()
		o.Dial = answers(t, string(data))
		c := newHTTPConn(o, "h:1")
		defer c.close()
		var got wire.LogResp
		err := c.call(t.Context(), 10*time.Second, "CloseOperation", &wire.OperationReq{}, &got)
		if err == nil && !bytes.Contains(data, []byte("CloseOperation")) {
			t.Errorf("%q is a reply", data)
		}
		if c.message.got > 16<<10+1 {
			t.Errorf("%d bytes were read", c.message.got)
		}
		if err != nil && len(err.Error()) > 2000 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
	})
}
