package hs2server

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/impala/wire"
)

// altered is a handle with another id or secret.
func altered(h wire.Handle, guid, secret string) wire.Handle {
	if guid != "" {
		h.GUID = []byte(guid)
	}
	if secret != "" {
		h.Secret = []byte(secret)
	}
	return h
}

const otherID = "0123456789abcdef" // 3736353433323130:6665646362613938

func TestHandlesAreCheckedWhole(t *testing.T) {
	c := connect(t, server())
	session := c.open(nil)
	o := c.execute(session, "SELECT", nil)
	if len(session.GUID) != 16 || len(session.Secret) != 16 || string(o.Secret) != string(session.Secret) || string(o.GUID) == string(session.GUID) {
		t.Errorf("session %d and %d bytes, operation's secret is the session's: %t", len(session.GUID), len(session.Secret), string(o.Secret) == string(session.Secret))
	}
	tests := []struct {
		name, guid, secret, session, operation string
	}{
		{"an unknown id", otherID, "", "Invalid session id: 3736353433323130:6665646362613938", "Invalid or unknown query handle: 3736353433323130:6665646362613938."},
		{"a wrong secret", "", otherID, "Invalid session id: " + wire.ImpalaID(session.GUID), "Invalid or unknown query handle: " + wire.ImpalaID(o.GUID) + "."},
		{"a short id", "short", "", "Malformed THandleIdentifier (guid size: 5, expected 16, secret size: 16, expected 16)", ""},
		{"a long secret", "", otherID + "0", "Malformed THandleIdentifier (guid size: 16, expected 16, secret size: 17, expected 16)", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := wire.SessionHandle{Handle: altered(session.Handle, tt.guid, tt.secret)}
			refused(t, c.tryExecute(h, "SELECT", nil).Status, tt.session, "HY000")
			refused(t, c.status("PingImpalaHS2Service", &wire.SessionReq{Session: h}), tt.session, "HY000")
			refused(t, c.status("GetInfo", &wire.GetInfoReq{Session: h}), tt.session, "HY000")
			refused(t, c.status("GetSchemas", &wire.MetadataReq{Session: h}), tt.session, "HY000")
			refused(t, c.status("CloseSession", &wire.SessionReq{Session: h}), tt.session, "HY000")
			if tt.operation == "" {
				tt.operation = tt.session
			}
			operation := wire.OperationHandle{Handle: altered(o.Handle, tt.guid, tt.secret)}
			for _, method := range []string{"GetOperationStatus", "GetResultSetMetadata", "FetchResults", "GetLog", "CancelOperation", "CloseOperation", "CloseImpalaOperation"} {
				refused(t, c.status(method, &wire.OperationReq{Operation: operation}), tt.operation, "HY000")
			}
		})
	}
	if got := c.state(wire.OperationHandle{Handle: altered(o.Handle, otherID, "")}); got.State != wire.StateError {
		t.Errorf("the state of an unknown statement is %d", got.State)
	}
	if got := c.state(wire.OperationHandle{}); got.Status.Code != wire.StatusSuccess || got.State != wire.StateFinished {
		t.Errorf("the state of an empty handle: %+v", got)
	}
}

func TestSessionsBelongToTheServerAndToTheirUser(t *testing.T) {
	s := New(Options{Engine: &fixed{oneColumn}, Logins: Logins{"X": func() Login { return &impostor{} }}})
	alice, bob := logIn(t, s, "alice"), logIn(t, s, "bob")
	opened := alice.tryOpen("ignored", nil)
	o := alice.execute(opened.Session, "wait", nil)
	t.Run("another user of the connection is refused", func(t *testing.T) {
		const text = "The user authorized on the connection 'bob' does not match the session username 'alice'"
		refused(t, bob.tryExecute(opened.Session, "SELECT", nil).Status, text, "HY000")
		refused(t, bob.status("CancelOperation", &wire.OperationReq{Operation: o}), text, "HY000")
		refused(t, bob.status("CloseSession", &wire.SessionReq{Session: opened.Session}), text, "HY000")
	})
	t.Run("another connection of the user may cancel and close", func(t *testing.T) {
		second := logIn(t, s, "alice")
		if got := second.status("CancelOperation", &wire.OperationReq{Operation: o}); got.Code != wire.StatusSuccess {
			t.Errorf("cancel: %+v", got)
		}
		if got := alice.state(o); got.Status.Code != wire.StatusSuccess || got.State != wire.StateError || got.Message != "Cancelled" || got.SQLState != "HY000" {
			t.Errorf("after cancel: %+v", got)
		}
		if got := second.status("CloseSession", &wire.SessionReq{Session: opened.Session}); got.Code != wire.StatusSuccess {
			t.Errorf("close: %+v", got)
		}
		refused(t, alice.status("CloseSession", &wire.SessionReq{Session: opened.Session}), "Invalid session id: "+wire.ImpalaID(opened.Session.GUID), "HY000")
		refused(t, alice.status("GetLog", &wire.OperationReq{Operation: o}), "Invalid or unknown query handle: "+wire.ImpalaID(o.GUID)+".", "HY000")
	})
	t.Run("statements outlive the connection that began them", func(t *testing.T) {
		first, second := logIn(t, s, "carol"), logIn(t, s, "carol")
		o := first.execute(first.tryOpen("", nil).Session, "wait", map[string]string{"fetch_rows_timeout_ms": "1"})
		first.bye()
		if got := second.fetch(o, wire.FetchNext, 0); got.Status.Code != wire.StatusStillExecuting {
			t.Errorf("got %+v", got)
		}
	})
}

func TestSessionsEndByThemselves(t *testing.T) {
	t.Run("one that lost its last connection, a while later", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{Engine: &fixed{oneColumn}, Limits: Limits{DisconnectedSession: 5 * time.Second}})
			first, second := connect(t, s), connect(t, s)
			session := first.open(nil)
			o := first.execute(session, "SELECT", nil)
			first.bye()
			time.Sleep(4 * time.Second)
			if got := second.fetch(o, wire.FetchNext, 1); got.Rows != 1 {
				t.Fatalf("the session did not live on: %+v", got.Status)
			}
			time.Sleep(time.Minute) // with a connection it stays
			if got := second.fetch(o, wire.FetchNext, 1); got.Rows != 1 {
				t.Fatalf("the session did not live on: %+v", got.Status)
			}
			second.bye()
			time.Sleep(5*time.Second + 1)
			refused(t, connect(t, s).tryExecute(session, "SELECT", nil).Status, "Invalid session id: "+wire.ImpalaID(session.GUID), "HY000")
		})
	})
	t.Run("one that is idle tells why until it is closed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := connect(t, server())
			session := c.open(map[string]string{"idle_session_timeout": "10"})
			o := c.execute(session, "wait", nil)
			for range 3 {
				time.Sleep(9 * time.Second)
				if got := c.state(o); got.State != wire.StateRunning {
					t.Fatalf("a session in use has ended: %+v", got)
				}
			}
			last := time.Now().Format("2006-01-02 15:04:05")
			time.Sleep(10*time.Second + 1)
			text := "Client session expired due to more than 10s of inactivity (last activity was at: " + last + ")."
			refused(t, c.tryExecute(session, "SELECT", nil).Status, text, "HY000")
			refused(t, c.state(o).Status, "Invalid or unknown query handle: "+wire.ImpalaID(o.GUID)+".", "HY000")
			var profile wire.ProfileResp
			c.must("GetRuntimeProfile", &wire.ProfileReq{Operation: o, Session: c.open(nil)}, &profile)
			if !strings.Contains(profile.Profile, "Query Status: Session expired due to inactivity\n") {
				t.Errorf("profile %q", profile.Profile)
			}
			if got := c.status("CloseSession", &wire.SessionReq{Session: session}); got.Code != wire.StatusSuccess {
				t.Errorf("close: %+v", got)
			}
		})
	})
	t.Run("a time beyond all measure is none", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := connect(t, server())
			session := c.open(map[string]string{"idle_session_timeout": "9223372036854775807"})
			time.Sleep(time.Hour)
			c.execute(session, "SELECT 1", nil)
		})
	})
	t.Run("SET changes how long one may be idle", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := connect(t, server())
			session := c.open(nil)
			c.execute(session, "SET idle_session_timeout=3", nil)
			time.Sleep(4 * time.Second)
			if got := c.tryExecute(session, "SELECT", nil).Status; !strings.HasPrefix(got.Message, "Client session expired due to more than 3s of inactivity") {
				t.Errorf("got %+v", got)
			}
		})
	})
}

func TestSessionsAreLimitedForEachUser(t *testing.T) {
	c := connect(t, New(Options{Engine: &fixed{oneColumn}, Limits: Limits{SessionsPerUser: 2}, Proxies: map[string][]string{"me": {"*"}}}))
	c.open(map[string]string{"impala.doas.user": "zoe"}) // who is not counted
	session := c.open(nil)
	refused(t, c.tryOpen("me", nil).Status, "Number of sessions for user me exceeds coordinator limit 2", "HY000")
	if got := c.tryOpen("you", nil).Status; got.Code != wire.StatusSuccess {
		t.Errorf("another user: %+v", got)
	}
	c.status("CloseSession", &wire.SessionReq{Session: session})
	c.open(nil)
}

func TestDelegation(t *testing.T) {
	proxies := map[string][]string{"hue": {"alice"}, "root": {"*"}}
	tests := []struct {
		name, user, doAs string
		proxies          map[string][]string
		text             string
	}{
		{"a proxy acts for its user", "hue/gateway@EXAMPLE.COM", "alice", proxies, ""},
		{"a proxy for everybody", "root", "zoe", proxies, ""},
		{"whom to act for is taken at its word", "hue", "alice/gateway", proxies, "User 'hue' is not authorized to delegate to 'alice/gateway'."},
		{"another user is refused", "hue", "bob", proxies, "User 'hue' is not authorized to delegate to 'bob'."},
		{"who is no proxy is refused", "bob", "alice", proxies, "User 'bob' is not authorized to delegate to 'alice'."},
		{"without a table nobody may", "hue", "alice", nil, "User 'hue' is not authorized to delegate to 'alice'. User/group delegation is disabled."},
		{"nobody is no user", "root", "", proxies, "Unable to delegate using empty doAs username."},
		{"who does not say is anonymous", "", "alice", proxies, "User 'anonymous' is not authorized to delegate to 'alice'."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := New(Options{Engine: &fixed{oneColumn}, Proxies: tt.proxies})
			c := connect(t, s)
			got := c.tryOpen(tt.user, map[string]string{"Impala.doAs.user": tt.doAs})
			if tt.text != "" {
				refused(t, got.Status, tt.text, "HY000")
				return
			}
			session := s.sessions[string(got.Session.GUID)]
			if session == nil || session.User() != tt.doAs || session.ConnectedUser() != tt.user {
				t.Errorf("got %+v, session %+v", got.Status, session)
			}
		})
	}
}
