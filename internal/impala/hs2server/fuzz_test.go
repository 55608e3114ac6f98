package hs2server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"

	"qosreport/internal/impala/wire"
)

// requests are one of each kind of message that a client can send, as bytes.
func requests() [][]byte {
	session := wire.SessionHandle{Handle: wire.Handle{GUID: []byte(otherID), Secret: []byte(otherID)}}
	operation := wire.OperationHandle{Handle: session.Handle}
	name := "%"
	return [][]byte{
		message("OpenSession", &wire.OpenSessionReq{Protocol: wire.ProtocolV6, Configuration: map[string]string{"mem_limit": "2g", "impala.doas.user": "x"}}),
		message("CloseSession", &wire.SessionReq{Session: session}),
		message("GetInfo", &wire.GetInfoReq{Session: session, Kind: 17}),
		message("ExecuteStatement", &wire.ExecuteStatementReq{Session: session, Statement: "SET a=1", ConfOverlay: map[string]string{"batch_size": "1"}}),
		message("GetOperationStatus", &wire.OperationReq{Operation: operation}),
		message("FetchResults", &wire.FetchResultsReq{Operation: operation, Orientation: 4, MaxRows: -1}),
		message("GetExecSummary", &wire.ExecSummaryReq{Operation: operation, Session: session}),
		message("GetRuntimeProfile", &wire.ProfileReq{Operation: operation, Session: session}),
		message("GetTables", &wire.MetadataReq{Session: session, Names: [6]*string{nil, &name, &name}, TableTypes: []string{"VIEW"}}),
		message("GetCrossReference", &wire.MetadataReq{Session: session, Names: [6]*string{&name, &name, &name, &name, &name, &name}}),
		message("SetClientInfo", &wire.SessionReq{Session: session}),
		[]byte("\x00\x00\x00\x0bOpenSession\x01\x00\x00\x00\x01\x0c\x00\x01\x00\x00"), // old style
		[]byte("\x80\x01\x00\x01\x7f\xff\xff\xff"),
	}
}

// serveBytes lets a server read what it likes of the bytes.
func serveBytes(s *Server, data []byte) {
	near, far := net.Pipe()
	go func() {
		near.Write(data)
		near.Close()
	}()
	go io.Copy(io.Discard, near)
	s.ServeConn(context.Background(), far)
	s.Close()
}

func FuzzServeConn(f *testing.F) {
	for _, data := range requests() {
		f.Add(data)
	}
	f.Add([]byte("\x01\x00\x00\x00\x01X\x02\x00\x00\x00\x01u"))
	f.Fuzz(func(t *testing.T, data []byte) {
		serveBytes(server(), data)
		serveBytes(New(Options{Engine: &fixed{oneColumn}, Logins: Logins{"X": func() Login { return &impostor{} }}}), data)
	})
}

// FuzzRequest puts each message into the session of a client, so that its handles are good.
func FuzzRequest(f *testing.F) {
	f.Add("GetTables", "SELECT 1", "batch_size", "1", int32(0), int64(0))
	f.Add("ExecuteStatement", "set all", "mem_limit", "10%", int32(4), int64(-1))
	f.Add("GetSchemas", "USE qos", "timezone", "(", int32(1), int64(1<<40))
	f.Fuzz(func(t *testing.T, method, statement, option, value string, number int32, most int64) {
		s := server()
		defer s.Close()
		if len(statement) > 8 && statement[:7] == "SELECT " {
			statement = "SELECT 9" // or the engine makes rows without end
		}
		c := connect(t, s)
		defer c.bye()
		session := c.open(map[string]string{option: value})
		reply := c.tryExecute(session, statement, map[string]string{option: value})
		if reply.Operation != nil && statement != "wait" {
			c.fetch(*reply.Operation, number, most)
		}
		var exception *wire.Exception
		if err := c.call(method, &wire.MetadataReq{Session: session, Names: [6]*string{&value, &option, &statement, &method}}, &wire.StatusResp{}); err != nil && !errors.As(err, &exception) {
			t.Fatal(err)
		}
	})
}

func FuzzWebRequest(f *testing.F) {
	f.Add("/?doAs=%zz", "Basic "+encoded("bob:secret"), "impala.auth=x&u=a&t=1&r=2&a=B", message("OpenSession", &wire.OpenSessionReq{}))
	f.Add("/cliservice", "Negotiate "+encoded("ticket"), "a;b;;impala.auth=\"", []byte("x"))
	f.Add("*", "Bearer a.b.c\r\nExpect: 100-continue", "", []byte(nil))
	f.Fuzz(func(t *testing.T, path, authorization, cookie string, body []byte) {
		s := server()
		p := &pipes{make(chan net.Conn), make(chan struct{})}
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- s.ServeWeb(ctx, p, everyScheme) }()
		near, far := net.Pipe()
		p.conns <- far
		go func() {
			io.WriteString(near, "POST "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: "+authorization+"\r\nCookie: "+cookie+"\r\n")
			io.WriteString(near, "Transfer-Encoding: chunked\r\n\r\n")
			if len(body) > 0 {
				io.WriteString(near, "1\r\n"+string(body[:1])+"\r\n")
				io.WriteString(near, "ff\r\n"+string(body[1:])) // and perhaps not so many
			}
			near.Close()
		}()
		io.Copy(io.Discard, near)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func FuzzCookie(f *testing.F) {
	f.Add("bob", "impala.auth=a&u=bob&t=1&r=2&a=B")
	f.Add("a&t=9&r=1&a=x", "")
	f.Fuzz(func(t *testing.T, user, line string) {
		c := newCookies(0)
		header := make(map[string][]string)
		c.set(header, user, "BASIC")
		value := header["Set-Cookie"][0][len(authCookieName)+1:]
		if at := bytes.LastIndex([]byte(value), []byte(";HttpOnly")); at >= 0 {
			value = value[:at]
		}
		if got, ok := c.check(value); !ok || got != user {
			t.Errorf("%q came back as %q, %t", user, got, ok)
		}
		if value, found := authCookie(map[string][]string{"Cookie": {line}}); found {
			if user, ok := c.check(value); ok {
				t.Errorf("%q is a good cookie of %q", line, user)
			}
		}
	})
}

// A message that announces much and brings little must not take much.
func TestMemoryIsInProportionToTheInput(t *testing.T) {
	for _, data := range []string{
		"\x80\x01\x00\x01\x01\xf0\x00\x00", // a name of 31 MiB
		"\x80\x01\x00\x01\x00\x00\x00\x10ExecuteStatement\x00\x00\x00\x01\x0c\x00\x01\x0b\x00\x02\x01\xf0\x00\x00",    // a statement
		"\x80\x01\x00\x01\x00\x00\x00\x0bOpenSession\x00\x00\x00\x01\x0c\x00\x01\x0d\x00\x04\x0b\x0b\x00\x7f\xff\xff", // a map
		"\x80\x01\x00\x01\x00\x00\x00\x09GetTables\x00\x00\x00\x01\x0c\x00\x01\x0f\x00\x05\x0b\x00\x7f\xff\xff",       // a list
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		serveBytes(server(), []byte(data))
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
			t.Errorf("%q took %d bytes", data, took)
		}
	}
}
