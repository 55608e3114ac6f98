package store

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
)

// held is a ledger in a bubble of virtual time whose right to write another handle has.
// release ends that.
func held(t *testing.T, path string) (waiting *Store, release func()) {
	t.Helper()
	holder := openAt(t, path, Options{})
	waiting = openAt(t, path, Options{})
	tx, err := holder.writer.Begin()
	noError(t, err)
	return waiting, func() { noError(t, tx.Rollback()) }
}

func sight(ctx context.Context, s *Store) error {
	_, _, err := s.Sight(ctx, Sighting{Schedule: "daily", ExpressionHash: "h"})
	return err
}

func TestWaitingForALockEndsWithItsContext(t *testing.T) {
	tests := []struct {
		name string
		ctx  func(context.Context) (context.Context, context.CancelFunc)
		want error
		area fault.Area
		took time.Duration
	}{
		{"a deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		},
			context.DeadlineExceeded, fault.Output, time.Second},
		{"a stop", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(3*time.Second, cancel)
			return ctx, cancel
		}, context.Canceled, fault.Stopped, 3 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := t.TempDir() + "/ledger.db"
			synctest.Test(t, func(t *testing.T) {
				s, release := held(t, path)
				ctx, cancel := tt.ctx(t.Context())
				defer cancel()
				began := time.Now()
				err := sight(ctx, s)
				if took := time.Since(began); !errors.Is(err, tt.want) || fault.AreaOf(err) != tt.area || took != tt.took {
					t.Errorf("got %v of area %d after %s; want %v of area %d after %s", err, fault.AreaOf(err), took, tt.want, tt.area, tt.took)
				}
				release()
				noError(t, sight(t.Context(), s)) // the connection still serves
			})
		})
	}
}

func TestWaitingForALockEndsWithTheBusyTimeout(t *testing.T) {
	path := t.TempDir() + "/ledger.db"
	synctest.Test(t, func(t *testing.T) {
		s, release := held(t, path)
		defer release()
		began := time.Now()
		err := sight(t.Context(), s)
		if took := time.Since(began); err == nil || !strings.Contains(err.Error(), "another process holds the store for too long") || took != 5*time.Second {
			t.Errorf("got %v after %s; want that the store is held after 5s", err, took)
		}
	})
}

func TestALockThatIsFreeAgainIsTakenSoon(t *testing.T) {
	path := t.TempDir() + "/ledger.db"
	synctest.Test(t, func(t *testing.T) {
		s, release := held(t, path)
		time.AfterFunc(time.Second, release)
		began := time.Now()
		noError(t, sight(t.Context(), s))
		if took := time.Since(began); took < time.Second || took > time.Second+longestPause {
			t.Errorf("the lock was had after %s; want it within %s of a second", took, longestPause)
		}
	})
}
