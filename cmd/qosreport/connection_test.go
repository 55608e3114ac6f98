package main

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/lab"
	"qosreport/internal/lab/pipenet"
)

// newConnector is a connector of the bubble's configuration.
func (b *bubble) newConnector() *connector {
	b.t.Helper()
	c, err := (&fileFlags{ConfigDir: b.dir}).load()
	if err != nil {
		b.t.Fatal(err)
	}
	return &connector{config: c, log: slog.New(slog.DiscardHandler), dial: b.network.DialContext, now: b.now}
}

// A run that is stopped does not wait for the login that another one makes, and what fails
// while the KDC is away works when it is back.
func TestNobodyWaitsForTheLoginOfAnother(t *testing.T) {
	virtually(t, "", func(t *testing.T, b *bubble) {
		c := b.newConnector()
		defer c.close()
		if err := b.network.Cut(b.lab.KDC, pipenet.Silent); err != nil {
			t.Fatal(err)
		}
		first := make(chan error)
		go func() {
			_, err := c.connect(t.Context())
			first <- err
		}()
		synctest.Wait()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.connect(ctx); err == nil || time.Since(start) != time.Second || c.principal() != lab.Principal {
			t.Errorf("%v after %s as %s", err, time.Since(start), c.principal())
		}
		if err := <-first; fault.ClassOf(err) != fault.KDC || fault.AreaOf(err) != fault.Security {
			t.Errorf("who asked the KDC: %v", err)
		}
		if err := b.network.Restore(b.lab.KDC); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			client, err := c.connect(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if n := b.lab.Realm.Counts().Logins; n != 1 {
			t.Errorf("%d logins for two sessions", n)
		}
	})
}
