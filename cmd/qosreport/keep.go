package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"qosreport/internal/config"
	"qosreport/internal/store"
)

// openStore opens the store that remembers states of days and what was sent. Without a
// path there is none. The closing function forgets what is too old.
func openStore(ctx context.Context, a *app, c *config.Config) (*store.Store, func() error, error) {
	if c.Store.Path == "" {
		return nil, func() error { return nil }, nil
	}
	s, err := store.Open(ctx, c.Store.Path, store.Options{Now: a.now})
	if err != nil {
		return nil, nil, fmt.Errorf("store.path: %w", err)
	}
	return s, func() error {
		_, err := s.Prune(context.WithoutCancel(ctx), retention(c))
		return errors.Join(err, s.Close())
	}, nil
}

// retention is how long the configuration lets the store remember.
func retention(c *config.Config) store.Keep {
	return store.Keep{Runs: c.Store.KeepRuns.Duration, Deliveries: c.Store.KeepDeliveries.Duration, States: c.Store.KeepStates.Duration}
}

// source names the cluster and its database in what is kept, whatever the order of hosts.
func source(c *config.Config) string {
	hosts := slices.Clone(c.Impala.Hosts)
	slices.Sort(hosts)
	return strings.Join(hosts, ",") + "/" + c.Impala.Database
}
