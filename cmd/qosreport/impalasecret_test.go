package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"qosreport/internal/fault"
)

// jwtConnector has a file with a token.
func jwtConnector(t *testing.T, file string) *connector {
	t.Helper()
	c, err := (&fileFlags{}).load()
	if err != nil {
		t.Fatal(err)
	}
	c.Impala.Auth, c.Impala.JWTFile = "jwt", file
	return &connector{config: c}
}

// The token is renewed by somebody else, who may be writing the file just now.
func TestATokenIsReadAgainWhenItIsNoGoodAnyMore(t *testing.T) {
	now := time.Now()
	short, long := jwtUntil(now.Add(time.Hour)), jwtUntil(now.Add(3*time.Hour))
	tests := []struct {
		name, file string
		after      time.Duration
		refused    bool // by the server
		stale      bool
		want       string // token of the next login, or a part of its error
	}{
		{"it is good", long, 0, false, false, short},
		{"it is good, and the file is being written", "", 0, false, false, short},
		{"it has expired", long, 2 * time.Hour, false, false, long},
		{"it has expired, as has the one in the file", short, 2 * time.Hour, false, false, "impala.jwt_file: the JWT expired at"},
		{"the server refuses it", long, 0, true, true, long},
		{"the server refuses it, and there is no other", short, 0, true, false, short},
		{"the server refuses it, and the file is being written", "", 0, true, false, short},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := write(t, filepath.Join(t.TempDir(), "jwt"), short)
			c := jwtConnector(t, file)
			c.now = func() time.Time { return now }
			o, err := c.overHTTP(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			login, err := o.Login(t.Context(), "h")
			if err != nil || login.Authorization() != "Bearer "+short {
				t.Fatalf("got %v, %v", login, err)
			}
			write(t, file, tt.file)
			now = now.Add(tt.after)
			defer func() { now = now.Add(-tt.after) }()
			if stale := tt.refused && login.(*bearerLogin).Stale(); stale != tt.stale {
				t.Errorf("stale %t", stale)
			}
			login, err = o.Login(t.Context(), "h")
			if err == nil && login.Authorization() != "Bearer "+tt.want || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v; want %s", login, err, tt.want)
			}
		})
	}
}

// The <(…) of a shell is a pipe.
func TestASecretThroughAPipeServesAllSessions(t *testing.T) {
	token := jwtUntil(time.Now().Add(time.Hour))
	for _, text := range []string{token + "\n", ""} {
		pipe := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		written := make(chan error, 1)
		go func() { written <- os.WriteFile(pipe, []byte(text), 0) }()
		c := jwtConnector(t, pipe)
		for range 2 {
			o, err := c.overHTTP(t.Context())
			if text == "" {
				if fault.AreaOf(err) != fault.Usage || !strings.Contains(fault.Remedy(err), "a pipe gives it once") {
					t.Errorf("an empty pipe: %v", err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			login, err := o.Login(t.Context(), "h")
			if err != nil || login.Authorization() != "Bearer "+token || login.(*bearerLogin).Stale() {
				t.Errorf("got %v, %v", login, err)
			}
		}
		if err := <-written; err != nil {
			t.Error(err)
		}
	}
}

func TestAPasswordThroughAPipeThatNobodyWritesTo(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	c := jwtConnector(t, "")
	c.config.Impala.Auth, c.config.Impala.User, c.config.Impala.PasswordFile = "ldap", "report", pipe
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped by a test")
	cancel(stopped)
	if _, err := c.overSASL(ctx); !errors.Is(err, stopped) {
		t.Errorf("a stop: %v", err)
	}
	if err := os.WriteFile(pipe, []byte("geheim\n"), 0); err != nil { // the one that waits in vain goes on
		t.Fatal(err)
	}
	auth, err := c.overSASL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m, err := auth(t.Context(), "h"); err != nil || !strings.Contains(fmt.Sprint(m), "report") {
		t.Errorf("got %v, %v", m, err)
	}
}
