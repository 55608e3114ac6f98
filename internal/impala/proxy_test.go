package impala

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qosreport/internal/fault"
	"qosreport/internal/impala/wire"
)

// damages are what can happen to a reply on its way. Each says whether the client has got
// all of it.
var damages = map[string]func(s *stub, nc net.Conn, reply []byte){
	"the server is gone": func(s *stub, nc net.Conn, _ []byte) {
		s.mu.Lock()
		s.down = true
		s.mu.Unlock()
		nc.Close()
	},
	"closed before": func(_ *stub, nc net.Conn, _ []byte) { nc.Close() },
	"closed within": func(_ *stub, nc net.Conn, reply []byte) {
		nc.Write(reply[:len(reply)/2])
		nc.Close()
	},
	"closed before the last byte": func(_ *stub, nc net.Conn, reply []byte) {
		nc.Write(reply[:len(reply)-1])
		nc.Close()
	},
	"stalled before": func(_ *stub, nc net.Conn, _ []byte) { nc.Read(make([]byte, 1)) },
	"stalled within": func(_ *stub, nc net.Conn, reply []byte) {
		nc.Write(reply[:len(reply)/2])
		nc.Read(make([]byte, 1))
	},
	"a byte each minute": func(_ *stub, nc net.Conn, reply []byte) {
		for i := range reply {
			time.Sleep(time.Minute)
			if _, err := nc.Write(reply[i : i+1]); err != nil {
				return
			}
		}
	},
	"a byte at a time": func(_ *stub, nc net.Conn, reply []byte) {
		for i := range reply {
			if _, err := nc.Write(reply[i : i+1]); err != nil {
				return
			}
		}
	},
	"garbage": func(_ *stub, nc net.Conn, reply []byte) {
		nc.Write(bytes.Repeat([]byte{0x7f, 0xff, 0xc3, 0x00}, len(reply)/4+1))
	},
	"a length beyond all bounds": func(s *stub, nc net.Conn, reply []byte) {
		switch s.kind {
		case "sasl": // of the frame
			copy(reply, "\x7f\xff\xff\xff")
		case "http":
			reply = bytes.Replace(reply, []byte("Content-Length: "), []byte("Content-Length: 9999999"), 1)
		default: // of the name
			copy(reply[4:], "\x7f\xff\xff\xff")
		}
		nc.Write(reply)
		nc.Read(make([]byte, 1))
	},
}

// verdict is what a client makes of a damaged reply.
type verdict string

const (
	works       verdict = "works"
	lost        verdict = "lost"
	unreached   verdict = "network"
	unread      verdict = "unclassified" // no message of this protocol: not to be repeated
	interrupted verdict = "cancelled"
)

// expected is the verdict on each damage, where it is the same for all calls.
var expected = map[string]verdict{
	"the server is gone": lost, "closed before": lost, "closed within": lost, "closed before the last byte": lost,
	"stalled before": lost, "stalled within": lost, "a byte each minute": lost,
	"a byte at a time": works, "garbage": unread, "a length beyond all bounds": unread,
}

// repeated is the verdict over HTTP on calls that are made once more, on a new connection.
var repeated = map[string]verdict{"closed before": works, "closed within": works, "closed before the last byte": works, "the server is gone": unreached}

// expect is the verdict on a damage to the reply of a method.
func expect(kind, method, damage string) verdict {
	again, ok := repeated[damage]
	switch {
	case method == "GetRuntimeProfile", method == "CloseImpalaOperation", method == "CloseSession": // which spoil no rows that have come
		return works
	case kind == "http" && repeatable[method] && ok:
		return again
	case kind == "http" && damage == "garbage": // the rest of a line is waited for
		return lost
	}
	return expected[damage]
}

// run calls every method once at least: a statement of six rows in two batches that is slow
// enough to be asked for its progress and its profile.
func damagedRun(ctx context.Context, o Options) (rows int64, whole bool, err error) {
	client, err := Connect(ctx, o)
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, client.Close(ctx)) }()
	result, err := client.QueryWatched(ctx, "SELECT", Watch{Progress: func(Progress) {}, Profile: func(Profile) {}, Slow: time.Second})
	if err != nil {
		return 0, false, err
	}
	for err == nil {
		var batch *Batch
		if batch, err = result.Next(ctx); err == nil {
			rows += int64(batch.Rows)
		}
	}
	whole = err == io.EOF
	if err == io.EOF {
		err = nil
	}
	return rows, whole, errors.Join(err, result.Close(ctx))
}

func TestEveryReplyMayBeDamaged(t *testing.T) {
	calls := []string{"OpenSession", "ExecuteStatement", "GetOperationStatus", "GetExecSummary", "GetResultSetMetadata", "FetchResults", "FetchResults 2",
		"GetLog", "GetRuntimeProfile", "CloseImpalaOperation", "CloseSession"}
	for _, kind := range []string{"plain", "sasl", "http"} {
		var table strings.Builder
		for _, call := range calls {
			method, nth := call, 1
			if name, _, second := strings.Cut(call, " "); second {
				method, nth = name, 2
			}
			for _, damage := range sortedNames(damages) {
				want := expect(kind, method, damage)
				t.Run(kind+"/"+call+"/"+damage, func(t *testing.T) {
					got, took := runDamaged(t, kind, method, nth, damages[damage])
					if got != want {
						t.Errorf("%s, want %s", got, want)
					}
					if most := 100 * time.Second; method != "ExecuteStatement" && took > most || took > 11*time.Minute {
						t.Errorf("took %s", took)
					}
					fmt.Fprintf(&table, "%-6s %-21s %-28s %-12s %s\n", kind, call, damage, got, took.Round(time.Millisecond))
				})
			}
		}
		t.Log("\n" + table.String())
	}
}

func sortedNames[V any](m map[string]V) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// runDamaged spoils one reply of a run. The bubble fails the test when a goroutine stays.
func runDamaged(t *testing.T, kind, method string, nth int, spoil func(*stub, net.Conn, []byte)) (got verdict, took time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		first := stubRows()
		first.HasMoreRows = true
		second := stubRows()
		second.StartRow = 3
		s := newStub(t, map[string]any{
			"FetchResults":       sequence(first, second),
			"GetOperationStatus": states(map[time.Duration]wire.State{3 * time.Second: wire.StateFinished}),
		})
		if kind != "plain" {
			s.kind = kind
		}
		s.damage = func(m string, n int, nc net.Conn, reply []byte) bool {
			if m != method || n != nth {
				return false
			}
			spoil(s, nc, reply)
			return true
		}
		began := time.Now()
		rows, whole, err := damagedRun(t.Context(), s.options())
		took = time.Since(began)
		if whole && rows != 6 {
			t.Errorf("%d rows were taken for the whole result", rows)
		}
		if err == nil && !whole {
			t.Error("a result that is not whole came without an error")
		}
		if errors.Is(err, io.EOF) {
			t.Errorf("the error looks like the end of the rows: %v", err)
		}
		got = works
		if err != nil {
			got = verdict(fault.ClassOf(err).String())
			if fault.AreaOf(err) != fault.Impala {
				t.Errorf("area %d of %v", fault.AreaOf(err), err)
			}
		}
	})
	return got, took
}

// A stop stays a stop whatever happens to the calls that tell the server of it.
func TestCancellingMayBeDamaged(t *testing.T) {
	for _, kind := range []string{"plain", "sasl", "http"} {
		for _, method := range []string{"CancelOperation", "CloseOperation", "CloseSession"} {
			for _, damage := range sortedNames(damages) {
				t.Run(kind+"/"+method+"/"+damage, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := newStub(t, map[string]any{"GetOperationStatus": hang{}})
						if kind != "plain" {
							s.kind = kind
						}
						s.damage = func(m string, _ int, nc net.Conn, reply []byte) bool {
							if m == method {
								damages[damage](s, nc, reply)
							}
							return m == method
						}
						ctx, cancel := context.WithCancelCause(t.Context())
						time.AfterFunc(10*time.Second, func() { cancel(fault.Errorf(fault.Stopped, fault.Cancelled, "stopped by a test")) })
						began := time.Now()
						_, whole, err := damagedRun(ctx, s.options())
						if got := verdict(fault.ClassOf(err).String()); got != interrupted || whole || fault.AreaOf(err) != fault.Stopped {
							t.Errorf("got %v (%s)", err, got)
						}
						if took := time.Since(began); took > 10*time.Second+2*cleanupTimeout {
							t.Errorf("took %s", took)
						}
					})
				})
			}
		}
	}
}

// What refuses connections was never asked for anything.
func TestARefusedConnectionIsOfTheNetwork(t *testing.T) {
	s := newStub(t, nil)
	s.down = true
	_, _, err := damagedRun(t.Context(), s.options())
	if got := verdict(fault.ClassOf(err).String()); got != unreached {
		t.Errorf("got %v (%s)", err, got)
	}
}
