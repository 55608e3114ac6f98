package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Whatever a command reaches, it reaches by the dialler of the app.
func TestEveryConnectionIsDialledByTheApp(t *testing.T) {
	p := newPost(t)
	var mu sync.Mutex
	dialled := map[string]bool{}
	var stdout, stderr bytes.Buffer
	a := &app{now: time.Now, stdio: stdio{strings.NewReader(""), &stdout, &stderr}}
	a.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		dialled[address] = true
		mu.Unlock()
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	if err := a.run(t.Context(), append(slices.Clone(p.args), "--send")); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for _, want := range []string{p.lab.KDC, p.lab.Coordinator, p.box.Addr} {
		if !dialled[want] {
			t.Errorf("%s was reached in another way; dialled: %v", want, dialled)
		}
	}
	refused := errors.New("no way out")
	a.dial = func(context.Context, string, string) (net.Conn, error) { return nil, refused }
	for _, args := range [][]string{{"query", "SELECT 1"}, {"explain", "voice-daily", "--date", "2017-09-12", "--zone", "UTC"}} {
		if err := a.run(t.Context(), append(args, settings(p.lab)...)); err == nil || !strings.Contains(err.Error(), refused.Error()) {
			t.Errorf("%s: got %v", args[0], err)
		}
	}
}
