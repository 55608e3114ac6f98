package impala

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

func TestWhatASessionAsksFor(t *testing.T) {
	var asked map[string]string
	s := newStub(t, nil)
	open := s.answers["OpenSession"]
	s.answers["OpenSession"] = func(req wire.Message) any {
		asked = req.(*wire.OpenSessionReq).Configuration
		return open(req)
	}
	s.connect(t, func(o *Options) {
		o.Database, o.DoAs, o.Config, o.Client = "voice", "alice", map[string]string{"MEM_LIMIT": ""}, "qosreport/1 daily"
	})
	want := map[string]string{"use:database": "voice", "impala.doas.user": "alice", "MEM_LIMIT": ""}
	if !maps.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
}

func TestStatementsSayWhoSentThem(t *testing.T) {
	hive := &wire.OpenSessionResp{Protocol: wire.ProtocolV6, Session: wire.SessionHandle{Handle: handle}}
	old := &wire.OpenSessionResp{Protocol: wire.ProtocolV6, Session: wire.SessionHandle{Handle: handle}, Configuration: map[string]string{"http_addr": "h:25000"}}
	tests := []struct {
		name    string
		changes map[string]any
		config  map[string]string
		want    map[string]string
	}{
		{"the server knows the option", nil, nil, map[string]string{"CLIENT_IDENTIFIER": "qosreport/1 daily"}},
		{"the user has set it", nil, map[string]string{"client_identifier": "mine"}, nil},
		{"an old Impala", map[string]any{"OpenSession": old}, nil, nil},
		{"HiveServer2", map[string]any{"OpenSession": hive}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStub(t, tt.changes)
			var got map[string]string
			execute := s.answers["ExecuteStatement"]
			s.answers["ExecuteStatement"] = func(req wire.Message) any {
				got = req.(*wire.ExecuteStatementReq).ConfOverlay
				return execute(req)
			}
			client := s.connect(t, func(o *Options) { o.Client, o.Config = "qosreport/1 daily", tt.config })
			rows, err := client.Query(t.Context(), "SELECT")
			if err != nil {
				t.Fatal(err)
			}
			if err := rows.Close(t.Context()); err != nil || !maps.Equal(got, tt.want) {
				t.Errorf("sent %v, %v", got, err)
			}
		})
	}
}

func TestOptionsAreComparedWithWhatTheServerHas(t *testing.T) {
	s := newStub(t, map[string]any{"OpenSession": &wire.OpenSessionResp{Protocol: wire.ProtocolV6, Session: wire.SessionHandle{Handle: handle},
		Configuration: map[string]string{"http_addr": "h:25000", "MEM_LIMIT": "8589934592", "EXEC_TIME_LIMIT_S": "0", "REQUEST_POOL": "root.reports"}}})
	var log bytes.Buffer
	options := func(config map[string]string) Options {
		log.Reset()
		return Options{Hosts: []string{"coordinator:21050"}, Dial: s.dial, Config: config, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	}
	client, err := Connect(t.Context(), options(map[string]string{"mem_limit": "8g", "EXEC_TIME_LIMIT_S": "1500", "REQUEST_POOL": "reports"}))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if text := log.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, "option=EXEC_TIME_LIMIT_S asked=1500 has=0") {
		t.Errorf("logged %s", text)
	}
	_, err = Connect(t.Context(), options(map[string]string{"OF_TOMORROW": "1", "mem_limitt": "8g"}))
	if fault.ClassOf(err) != fault.SQL || !strings.Contains(err.Error(), "does not know the query option OF_TOMORROW, mem_limitt") {
		t.Errorf("got %v", err)
	}
	if calls := s.called(); !slices.Equal(lastOf(calls, 2), []string{"OpenSession", "CloseSession"}) {
		t.Errorf("calls %v: the session stays open", calls)
	}
}

func TestASessionThatIsGoneIsClosed(t *testing.T) {
	for text, works := range map[string]bool{"Invalid session id: 1:2": true, "something else": false} {
		s := newStub(t, map[string]any{"CloseSession": &wire.StatusResp{Status: wire.Status{Code: wire.StatusError, Message: text}}})
		client := s.connect(t, nil)
		if err := client.Close(t.Context()); (err == nil) != works {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Another session of the run may fail meanwhile, which ends the context of all.
func TestASessionIsClosedAlthoughTheContextEndsMeanwhile(t *testing.T) {
	for long, quiet := range map[time.Duration]bool{3 * time.Second: true, 20 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			s := newStub(t, map[string]any{"CloseSession": func(wire.Message) any {
				time.Sleep(long)
				return &wire.StatusResp{}
			}})
			client := s.connect(t, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			err := client.Close(ctx)
			if took := time.Since(began); err != nil || took != min(long, time.Second+cleanupTimeout) || (log.Len() == 0) != quiet {
				t.Errorf("%v after %s, logged %s", err, took, &log)
			}
		})
	}
}

func TestWebAddresses(t *testing.T) {
	for told, want := range map[string]string{
		"h:25000": "h:25000", "[::1]:25000": "[::1]:25000", "": "", "h": "", ":25000": "", "h/x?:25000": "", "h:25x": "", "a b:1": "", "h\x1b[2J:1\n": "", "h\x1b[2J:1": "", "ž:1": "",
	} {
		if got := webAddress(told); got != want {
			t.Errorf("%q gives %q, want %q", told, got, want)
		}
	}
}
