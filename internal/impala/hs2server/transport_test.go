package hs2server

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/impala/wire"
)

// impostor logs in as whoever it says.
type impostor struct{ user string }

func (i *impostor) Step(response []byte) ([]byte, bool, error) {
	if len(response) == 0 {
		return nil, false, errors.New("no name")
	}
	i.user = string(response)
	return nil, true, nil
}
func (i *impostor) User() string                   { return i.user }
func (*impostor) Chunk() int                       { return 0 }
func (*impostor) Wrap(_, _ []byte) ([]byte, error) { return nil, nil }
func (*impostor) Unwrap(_ []byte) ([]byte, error)  { return nil, nil }

// logIn connects a client through a login.
func logIn(t *testing.T, s *Server, user string) *client {
	t.Helper()
	nc := dial(t, s)
	nc.Write(wire.AppendNegotiation(nil, wire.NegotiationStart, []byte("X")))
	nc.Write(wire.AppendNegotiation(nil, wire.NegotiationOK, []byte(user)))
	if status, _, err := wire.ReadNegotiation(nc); status != wire.NegotiationComplete || err != nil {
		t.Fatalf("login: status %d, %v", status, err)
	}
	return &client{t: t, codec: wire.NewCodec(wire.NewFrames(nc, &impostor{}, 1<<30), 0), nc: nc, bye: nc.bye}
}

func TestLogins(t *testing.T) {
	start := func(mechanism string) []byte {
		return wire.AppendNegotiation(nil, wire.NegotiationStart, []byte(mechanism))
	}
	plain := PlainLogin(func(user, password string) bool { return user == "u" && password == "p" })
	logins := Logins{"X": func() Login { return &impostor{} }, "PLAIN": plain}
	tests := []struct {
		name   string
		hive   bool
		send   [][]byte
		answer []byte
	}{
		{"COMPLETE without a payload ends a good one", false, [][]byte{start("PLAIN"), wire.AppendNegotiation(nil, wire.NegotiationOK, []byte("\x00u\x00p"))}, []byte{5, 0, 0, 0, 0}},
		{"COMPLETE counts as OK", false, [][]byte{start("PLAIN"), wire.AppendNegotiation(nil, wire.NegotiationComplete, []byte("u\x00u\x00p"))}, []byte{5, 0, 0, 0, 0}},
		{"a port may have several mechanisms", false, [][]byte{start("X"), wire.AppendNegotiation(nil, wire.NegotiationOK, []byte("alice"))}, []byte{5, 0, 0, 0, 0}},
		{"a wrong password is answered with silence", false, [][]byte{start("PLAIN"), wire.AppendNegotiation(nil, wire.NegotiationOK, []byte("\x00u\x00q"))}, nil},
		{"an empty password is no password", false, [][]byte{start("PLAIN"), wire.AppendNegotiation(nil, wire.NegotiationOK, []byte("\x00u\x00"))}, nil},
		{"acting for another user is refused", false, [][]byte{start("PLAIN"), wire.AppendNegotiation(nil, wire.NegotiationOK, []byte("v\x00u\x00p"))}, nil},
		{"a client that gives up is let go", false, [][]byte{start("PLAIN"), wire.AppendNegotiation(nil, wire.NegotiationError, []byte("no"))}, nil},
		{"an unknown mechanism is told", false, [][]byte{start("Y"), wire.AppendNegotiation(nil, wire.NegotiationOK, nil)}, wire.AppendNegotiation(nil, wire.NegotiationBad, []byte("Unsupported mechanism type Y"))},
		{"a missing START is told", false, [][]byte{wire.AppendNegotiation(nil, wire.NegotiationOK, nil)}, wire.AppendNegotiation(nil, wire.NegotiationError, []byte("Expecting START status, received 2"))},
		{"HiveServer2 tells a wrong password", true, [][]byte{start("PLAIN"), wire.AppendNegotiation(nil, wire.NegotiationOK, []byte("\x00u\x00q"))}, wire.AppendNegotiation(nil, wire.NegotiationBad, []byte("Error validating the login"))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			nc := dial(t, New(Options{Engine: &fixed{oneColumn}, Logins: logins, HiveFlags: tt.hive}))
			for _, message := range tt.send {
				nc.Write(message)
			}
			got := make([]byte, len(tt.answer))
			if _, err := io.ReadFull(nc, got); err != nil || !bytes.Equal(got, tt.answer) {
				t.Errorf("got %q, %v", got, err)
			}
			if len(tt.answer) != 5 {
				if n, err := nc.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("and then %d bytes, %v", n, err)
				}
			}
		})
	}
}

// writes notes how large the writes of the server's end are.
type writes struct {
	net.Conn
	sizes []int
}

func (w *writes) Write(p []byte) (int, error) {
	w.sizes = append(w.sizes, len(p))
	return w.Conn.Write(p)
}

func TestFramesAreCutAndTheirHeadsGoAlone(t *testing.T) {
	near, far := net.Pipe()
	ended := make(chan struct{})
	seen := &writes{Conn: far}
	s := New(Options{Engine: wide{3000, 100}, Logins: Logins{"X": func() Login { return &impostor{} }}})
	go func() {
		defer close(ended)
		s.ServeConn(context.Background(), seen)
	}()
	near.Write(wire.AppendNegotiation(nil, wire.NegotiationStart, []byte("X")))
	near.Write(wire.AppendNegotiation(nil, wire.NegotiationOK, []byte("me")))
	wire.ReadNegotiation(near)
	c := &client{t: t, codec: wire.NewCodec(wire.NewFrames(near, &impostor{}, 1<<30), 0)}
	o := c.execute(c.open(nil), "SELECT", nil)
	if got := c.fetch(o, wire.FetchNext, 0); got.Rows != 3000 {
		t.Fatalf("%d rows", got.Rows)
	}
	near.Close()
	<-ended
	last := seen.sizes[len(seen.sizes)-6:] // 100 columns of 3000 bytes and their bitmaps: more than two frames
	if last[0] != 4 || last[1] != 128<<10 || last[2] != 4 || last[3] != 128<<10 || last[4] != 4 || last[5] >= 128<<10 {
		t.Errorf("writes of %v bytes", last)
	}
}

func TestNastyDeliveries(t *testing.T) {
	tests := []struct {
		name    string
		deliver Delivery
		framed  bool
		err     error // of the reply
	}{
		{"single bytes", Delivery{Piece: 1}, false, nil},
		{"single bytes in frames", Delivery{Piece: 1}, true, nil},
		{"empty frames between", Delivery{Piece: 7, Empty: true}, true, nil},
		{"half a message and the end", Delivery{Stop: 30, HangUp: true}, true, io.ErrUnexpectedEOF},
		{"half a message on a plain socket", Delivery{Stop: 30, HangUp: true}, false, io.ErrUnexpectedEOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Engine: &fixed{oneColumn}, Deliver: func(method string) Delivery {
				if method == "FetchResults" {
					return tt.deliver
				}
				return Delivery{}
			}}
			var c *client
			if tt.framed {
				o.Logins = Logins{"X": func() Login { return &impostor{} }}
				c = logIn(t, New(o), "me")
			} else {
				c = connect(t, New(o))
			}
			statement := c.execute(c.open(nil), "SELECT 200", nil)
			var got wire.FetchResultsResp
			err := c.call("FetchResults", &wire.FetchResultsReq{Operation: statement}, &got)
			if !errors.Is(err, tt.err) || tt.err == nil && got.Rows != 200 {
				t.Errorf("%d rows, %v", got.Rows, err)
			}
		})
	}
	t.Run("half a message and then silence", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := connect(t, New(Options{Engine: &fixed{oneColumn}, Deliver: func(string) Delivery { return Delivery{Stop: 20} }}))
			c.nc.SetReadDeadline(time.Now().Add(time.Minute))
			began := time.Now()
			err := c.call("OpenSession", &wire.OpenSessionReq{}, &wire.OpenSessionResp{})
			var timeout net.Error
			if !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(began) != time.Minute {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
		})
	})
}

func TestConnectionsBeyondTheThreadsWaitAfterTheirLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Engine: &fixed{oneColumn}, Logins: Logins{"X": func() Login { return &impostor{} }}, Limits: Limits{Connections: 1, ConnectionWait: time.Minute}})
		first := logIn(t, s, "me")
		first.open(nil)
		second := logIn(t, s, "me") // whose login is served
		began := time.Now()
		go second.codec.WriteCall("OpenSession", 1, &wire.OpenSessionReq{})
		if n, err := second.nc.Read(make([]byte, 1)); n != 0 || err != io.EOF || time.Since(began) != time.Minute {
			t.Errorf("after %s: %d bytes, %v", time.Since(began), n, err)
		}
		third := logIn(t, s, "me")
		first.bye()
		third.open(nil)
	})
}

func TestMessagesOfBothStylesAndUnknownMethods(t *testing.T) {
	c := connect(t, server())
	old := func(name string, seq uint32) []byte { // without a version before the name
		b := binary.BigEndian.AppendUint32(nil, uint32(len(name)))
		b = append(append(b, name...), 1)
		return append(binary.BigEndian.AppendUint32(b, seq), "\x0c\x00\x01\x08\x00\x01\x00\x00\x00\x05\x00\x00"...)
	}
	go c.nc.Write(old("OpenSession", 7))
	var opened wire.OpenSessionResp
	if err := c.codec.ReadReply("OpenSession", 7, &opened); err != nil || opened.Protocol != wire.ProtocolV6 {
		t.Errorf("old style: %+v, %v", opened, err)
	}
	for _, name := range []string{"GetNothing", ""} {
		var exception *wire.Exception
		if err := c.call(name, &wire.SessionReq{}, &wire.StatusResp{}); !errors.As(err, &exception) || exception.Kind != wire.ExceptionUnknownMethod || exception.Text != "Invalid method name: '"+name+"'" {
			t.Errorf("%q: %v", name, err)
		}
	}
	if got := c.status("PingImpalaHS2Service", &wire.SessionReq{Session: opened.Session}); got.Code != wire.StatusSuccess {
		t.Errorf("the connection is not in order any more: %+v", got)
	}
}

func TestWhatImpalaDoesNotHave(t *testing.T) {
	c := connect(t, server())
	session := c.open(nil)
	for _, method := range []string{"GetDelegationToken", "CancelDelegationToken", "RenewDelegationToken", "SetClientInfo", "UploadData", "DownloadData"} {
		refused(t, c.status(method, &wire.SessionReq{Session: session}), "Not implemented", "")
	}
	for _, method := range []string{"InitQueryContext", "ExecutePlannedStatement", "GetBackendConfig", "GetExecutorMembership"} {
		refused(t, c.status(method, &wire.SessionReq{Session: session}), "Unsupported operation", "HYC00")
	}
}

func TestCallsAreRecordedWithoutPasswords(t *testing.T) {
	var got []Call
	s := New(Options{Engine: &fixed{oneColumn}, Logins: Logins{"X": func() Login { return &impostor{} }}, Record: func(c Call) { got = append(got, c) }})
	c := logIn(t, s, "alice")
	session := c.tryOpen("ignored", map[string]string{"mem_limit": "1g", "ldap_Password": "geheim"}).Session
	c.tryExecute(session, "SELECT 1", map[string]string{"batch_size": "5"})
	c.call("GetNothing", &wire.SessionReq{}, &wire.StatusResp{})
	want := []Call{
		{"OpenSession", 1, "alice", "", map[string]string{"mem_limit": "1g", "ldap_Password": "(secret)"}},
		{"ExecuteStatement", 2, "alice", "SELECT 1", map[string]string{"batch_size": "5"}},
		{Method: "GetNothing", Seq: 3, User: "alice"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	s := server()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	var addresses []string
	for _, logins := range []Logins{nil, {"X": func() Login { return &impostor{} }}} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, l.Addr().String())
		go func() { ended <- s.ServeLogins(ctx, l, logins) }()
	}
	nc, err := net.Dial("tcp", addresses[0])
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, codec: wire.NewCodec(nc, 0)}
	session := c.open(nil)
	c.execute(session, "wait", nil)
	stop()
	for range addresses {
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	}
	if _, err := nc.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
	if len(s.sessions) != 0 || len(s.operations) != 0 {
		t.Errorf("%d sessions and %d statements are left", len(s.sessions), len(s.operations))
	}
}
